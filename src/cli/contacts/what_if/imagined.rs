//! Levels of SLIs that somebody imagines.
//!
//! In: texts such as `checkout_success=97%`, the SLI set and the fits. Out: the fit of each with a value in
//! its unit, or what is wrong and what could be meant.

use crate::cli::contacts::file::KnownFile;
use crate::cli::exit_code::Failure;
use crate::cli::thresholds::{example, limit_in};
use crate::declared_files::choices_hint;
use crate::scenario::LimitText;
use crate::sli::{self, SliSetPlan};
use crate::support::{ContactModel, SliModel};

/// An SLI at a level that somebody imagines.
pub struct Imagined<'a> {
    /// Its fit.
    pub sli: &'a SliModel,
    /// In the business's words.
    pub title: String,
    /// Unit of `value`.
    pub unit: sli::Unit,
    /// The level.
    pub value: f64,
}

/// Understands what was typed.
///
/// # Errors
/// For an SLI that is unknown or has no fit of its own, a wrong unit, and one that stands there twice.
pub fn imagined<'a>(
    texts: &[String],
    model: &'a ContactModel,
    set: &SliSetPlan,
    file: &KnownFile,
) -> Result<Vec<Imagined<'a>>, Failure> {
    let mut imagined: Vec<Imagined<'a>> = Vec::new();
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!(
                "--if: `{text}` is not an SLI and its level (hint: write `checkout_success=97%`)"
            )));
        };
        let sli = fitted(name.trim(), model, set, file)?;
        if imagined.iter().any(|other| other.sli.name == sli.name) {
            return Err(Failure::usage(format!(
                "--if: `{}` stands there twice",
                sli.name
            )));
        }
        let plan = set.slis.iter().find(|plan| plan.name == sli.name);
        let plan =
            plan.ok_or_else(|| Failure::usage(format!("--if: the SLI set has no `{name}`")))?;
        let unit = plan.unit();
        let value = value_in(value.trim(), unit).ok_or_else(|| {
            Failure::usage(format!(
                "--if: `{value}` is no level of `{name}` (hint: write {})",
                example(unit)
            ))
        })?;
        imagined.push(Imagined {
            sli,
            title: plan.title.clone(),
            unit,
            value,
        });
    }
    Ok(imagined)
}

/// The fit of an SLI; those that another stands for have none of their own.
fn fitted<'a>(
    name: &str,
    model: &'a ContactModel,
    set: &SliSetPlan,
    file: &KnownFile,
) -> Result<&'a SliModel, Failure> {
    if let Some(sli) = model.slis.iter().find(|sli| sli.name == name) {
        return Ok(sli);
    }
    let path = file.path.display();
    if let Some(proxy) = model.find(name) {
        return Err(Failure::usage(format!(
            "--if: `{name}` moves together with `{0}`, which stands for it in `{path}` (hint: write `{0}=…`)",
            proxy.name
        )));
    }
    let names: Vec<&str> = model.slis.iter().map(|sli| sli.name.as_str()).collect();
    let hint = choices_hint(name, &names, "SLIs with a learned level");
    let is_known = set.slis.iter().any(|sli| sli.name == name);
    Err(Failure::usage(match is_known {
        true => format!("--if: no level of `{name}` was learned in `{path}` (hint: {hint})"),
        false => format!("--if: unknown SLI `{name}` (hint: {hint})"),
    }))
}

/// A level as somebody writes it, in the unit of the SLI; `None` for another unit.
fn value_in(text: &str, unit: sli::Unit) -> Option<f64> {
    let limit = match text.parse::<f64>() {
        Ok(number) if number.is_finite() => LimitText::Number(number),
        _ => LimitText::parse(text)?,
    };
    let value = limit_in(limit, unit)?;
    let is_possible = value >= 0.0 && (unit != sli::Unit::Share || value <= 1.0);
    is_possible.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_the_unit_of_the_sli() {
        for (text, unit, expected) in [
            ("97%", sli::Unit::Share, Some(0.97)),
            ("0.97", sli::Unit::Share, Some(0.97)),
            ("103%", sli::Unit::Share, None),
            ("-1%", sli::Unit::Share, None),
            ("3s", sli::Unit::Share, None),
            ("2.4s", sli::Unit::Microseconds, Some(2.4e6)),
            ("800ms", sli::Unit::Microseconds, Some(8e5)),
            ("2", sli::Unit::Microseconds, None),
            ("20/min", sli::Unit::PerMinute, Some(20.0)),
            ("NaN", sli::Unit::Share, None),
            ("", sli::Unit::Share, None),
        ] {
            assert_eq!(value_in(text, unit), expected, "{text}");
        }
    }
}
