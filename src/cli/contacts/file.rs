//! Which threshold file predicts contacts, and whether it may.
//!
//! In: the files that were named, the SLI set, the time. Out: [`Knowledge`]. A file that was named and
//! cannot be used is an error. Without a name, `thresholds/` beside the folder of the SLI set is looked
//! at for a file with the name of the set: it predicts, and never changes a level, so that what is met
//! or missed does not depend on what lies about. One that is stale or foreign predicts nothing and says so.

use std::path::{Path, PathBuf};

use crate::cli::definitions::SLI_SET_PATH;
use crate::cli::exit_code::Failure;
use crate::declared_files::{self, Declared, DeclaredFileError};
use crate::sli::SliSetPlan;
use crate::support::{self, ContactModel, Status, ThresholdFileDefinition};

/// Folder of learned files, beside that of the SLI set.
const FOLDER: &str = "thresholds";

/// What is known of contacts.
pub enum Knowledge {
    /// A file that is current, about these SLIs, and has fits.
    Known(Box<(KnownFile, ContactModel)>),
    /// Nothing.
    Unknown {
        /// Why, with what would help.
        because: String,
        /// Whether there is a file.
        has_file: bool,
    },
}

/// What a number is learned from.
#[derive(Debug, Clone)]
pub struct KnownFile {
    /// The file.
    pub path: PathBuf,
    /// The weeks, e.g. `2026-09-01 to 2026-10-27`.
    pub learned: String,
    /// What must be known to use it, e.g. that its levels are provisional.
    pub remark: Option<String>,
}

/// What is known of contacts under `set`, which is that of the file `defs`.
///
/// # Errors
/// When a file was named and is damaged, stale, refused or about other SLIs.
pub fn knowledge(
    defs: Option<&Path>,
    thresholds: Option<&Path>,
    set: &SliSetPlan,
    now_us: i64,
) -> Result<Knowledge, Failure> {
    if let Some(path) = thresholds {
        return Ok(match known(path, set, now_us)? {
            Some(known) => Knowledge::Known(Box::new(known)),
            None => Knowledge::Unknown {
                because: format!(
                    "the levels of `{}` were not learned from support contacts (hint: `firedrill calibrate`)",
                    path.display()
                ),
                // A file written by hand is complete as it is.
                has_file: false,
            },
        });
    }
    let path = beside(defs.unwrap_or(Path::new(SLI_SET_PATH)), &set.name);
    if !path.is_file() {
        return Ok(Knowledge::Unknown {
            because: "no levels were learned from support contacts (hint: `firedrill calibrate`)"
                .to_owned(),
            has_file: false,
        });
    }
    Ok(match known(&path, set, now_us) {
        Ok(Some(known)) => Knowledge::Known(Box::new(known)),
        Ok(None) => Knowledge::Unknown {
            because: format!("`{}` was not learned from support contacts", path.display()),
            has_file: false,
        },
        Err(error) => Knowledge::Unknown {
            because: error.to_string(),
            has_file: true,
        },
    })
}

/// `thresholds/shop.yaml` beside `sli-defs/` for a set of the name `shop` there: where `calibrate` puts it.
fn beside(defs: &Path, set_name: &str) -> PathBuf {
    let folder = defs.parent().unwrap_or(Path::new(""));
    // `..` where the set lies in the folder at hand, which has no name here.
    let above = match folder.as_os_str().is_empty() {
        true => Path::new(".."),
        false => folder.parent().unwrap_or(Path::new("")),
    };
    above.join(FOLDER).join(format!("{set_name}.yaml"))
}

fn known(
    path: &Path,
    set: &SliSetPlan,
    now_us: i64,
) -> Result<Option<(KnownFile, ContactModel)>, DeclaredFileError> {
    let declared: Declared<ThresholdFileDefinition> = declared_files::load(path)?;
    let Some(model) = support::applied(&declared, set, now_us)?.model else {
        return Ok(None);
    };
    let file = &declared.value;
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let learned = file.calibrated.as_ref().map_or_else(
        || "at an unknown time".to_owned(),
        |calibrated| format!("{} to {}", day(&calibrated.from), day(&calibrated.to)),
    );
    let remark = match file.status {
        Some(Status::Provisional) => Some(
            "The levels are provisional: too few episodes are behind them to rely on the number."
                .to_owned(),
        ),
        Some(Status::Firm | Status::Refused) | None => None,
    };
    let known = KnownFile {
        path: path.to_owned(),
        learned,
        remark,
    };
    Ok(Some((known, model)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lies_beside_the_folder_of_the_set() {
        for (defs, expected) in [
            ("sli-defs/shop.yaml", "thresholds/shop.yaml"),
            (
                "/etc/firedrill/sli-defs/all.yaml",
                "/etc/firedrill/thresholds/shop.yaml",
            ),
            ("shop.yaml", "../thresholds/shop.yaml"),
            ("../sli-defs/b.yml", "../thresholds/shop.yaml"),
        ] {
            assert_eq!(
                beside(Path::new(defs), "shop"),
                Path::new(expected),
                "{defs}"
            );
        }
    }
}
