//! Levels of a threshold file in the place of those that an SLI set declares, for tools that know no
//! threshold file.

use std::path::Path;

use crate::cli::exit_code::Failure;
use crate::declared_files::{self, Declared, DurationText};
use crate::sli::definition::{
    LatencyThreshold, RateThreshold, ShareThreshold, SliDefinition, SliSetDefinition,
};
use crate::sli::{self, ThresholdDefinition};
use crate::support::{self, ThresholdFileDefinition};
use crate::time_window::now_us;

/// Puts the levels of the file at `path` into the set.
///
/// # Errors
/// When the file is stale, refused, or of SLIs that the set does not have or that mean something else.
pub fn put_learned(declared: &mut Declared<SliSetDefinition>, path: &Path) -> Result<(), Failure> {
    let mut plan = sli::resolve(declared)?;
    let file: Declared<ThresholdFileDefinition> = declared_files::load(path)?;
    let thresholds = support::applied(&file, &plan, now_us())?.thresholds;
    let levels = sli::ThresholdFileDefinition {
        thresholds: thresholds.clone(),
    };
    sli::apply_thresholds(&mut plan, &file.seen_as(levels, Vec::new()))?;
    for threshold in &thresholds {
        let slis = declared.value.slis.iter_mut();
        let mut named = slis.filter(|sli| sli.name() == threshold.sli);
        if let Some(sli) = named.next() {
            put(sli, threshold);
        }
    }
    Ok(())
}

fn put(sli: &mut SliDefinition, learned: &ThresholdDefinition) {
    let shares = match sli {
        SliDefinition::Ratio(sli) => &mut sli.thresholds,
        SliDefinition::LatencyCut(sli) => &mut sli.thresholds,
        SliDefinition::Apdex(sli) => &mut sli.thresholds,
        SliDefinition::Latency(sli) => return put_latency(&mut sli.thresholds, learned),
        SliDefinition::Rate(sli) => return put_rate(&mut sli.thresholds, learned),
        SliDefinition::WindowsGood(_)
        | SliDefinition::UserUptime(_)
        | SliDefinition::Funnel(_)
        | SliDefinition::Composite(_) => return,
    };
    let Some(below) = learned.below else { return };
    let (tell, react) = shares
        .iter()
        .find(|old| old.level == learned.level)
        .map_or((Vec::new(), None), |old| {
            (old.tell.clone(), old.react.clone())
        });
    shares.retain(|old| old.level != learned.level);
    shares.push(ShareThreshold {
        level: learned.level,
        below,
        lasting: learned.lasting,
        tell,
        react,
    });
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a latency is positive and far below 2^53 µs"
)]
fn put_latency(levels: &mut Vec<LatencyThreshold>, learned: &ThresholdDefinition) {
    let above = learned.above.map(|us| us.round() as u64);
    let Some(above) = above.and_then(DurationText::from_us) else {
        return;
    };
    let (tell, react) = levels
        .iter()
        .find(|old| old.level == learned.level)
        .map_or((Vec::new(), None), |old| {
            (old.tell.clone(), old.react.clone())
        });
    levels.retain(|old| old.level != learned.level);
    levels.push(LatencyThreshold {
        level: learned.level,
        above,
        lasting: learned.lasting,
        tell,
        react,
    });
}

/// Levels that are relative to what is expected stay.
fn put_rate(levels: &mut Vec<RateThreshold>, learned: &ThresholdDefinition) {
    let is_same = |old: &RateThreshold| {
        let side = (old.below.is_some(), old.above.is_some());
        old.level == learned.level && side == (learned.below.is_some(), learned.above.is_some())
    };
    let (tell, react) = levels
        .iter()
        .find(|old| is_same(old))
        .map_or((Vec::new(), None), |old| {
            (old.tell.clone(), old.react.clone())
        });
    levels.retain(|old| !is_same(old));
    levels.push(RateThreshold {
        level: learned.level,
        below: learned.below,
        above: learned.above,
        below_expected: None,
        above_expected: None,
        lasting: learned.lasting,
        tell,
        react,
    });
}
