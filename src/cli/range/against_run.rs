//! The rehearsal that another one is compared with.

use jiff::tz::TimeZone;

use super::earlier::{Previous, earlier_run};
use super::run_facts;
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::lake::{Lake, LakeReader};
use crate::sli::SliSetPlan;

/// The word for the last valid rehearsal of the same mix.
const PREVIOUS: &str = "previous";

/// What `--compare` names, before anything is read for it; an unknown run is an error.
pub fn check_compared(lake: &Lake, what: &str) -> Result<(), Failure> {
    match what {
        PREVIOUS => Ok(()),
        "last-year" => Err(Failure::usage(
            "--compare: rehearsals have no last year (hint: `--compare previous`, or the name of a rehearsal)",
        )),
        run_id => run_facts(lake, run_id).map(|_| ()),
    }
}

/// The rehearsal that `what` means beside `run`, judged by the same set; or why there is none.
pub fn compared_run(
    set: &SliSetPlan,
    lake: &Lake,
    reader: &LakeReader,
    run: &RunFacts,
    what: &str,
    zone: &TimeZone,
) -> Result<Result<Previous, String>, Failure> {
    check_compared(lake, what)?;
    let run_id = match what {
        PREVIOUS => match last_of_same_mix(lake, run)? {
            Some(run_id) => run_id,
            None => {
                return Ok(Err(
                    "There is nothing to compare with: the lake has no earlier, valid rehearsal of the same mix."
                        .to_owned(),
                ));
            }
        },
        run_id => run_id.to_owned(),
    };
    earlier_run(set, lake, reader, &run_id, zone).map(Ok)
}

/// The last valid rehearsal of the same mix that began before this one.
fn last_of_same_mix(lake: &Lake, run: &RunFacts) -> Result<Option<String>, Failure> {
    let Some(print) = &run.print else {
        return Ok(None);
    };
    let mut last: Option<(i64, String)> = None;
    for run_id in lake.run_ids()? {
        let Some(json) = lake.read_run(&run_id)? else {
            continue;
        };
        // A run of another version may say other things; it is none to compare with unasked.
        let Ok(other) = serde_json::from_str::<RunFacts>(&json) else {
            continue;
        };
        let is_same = other
            .print
            .as_ref()
            .is_some_and(|other| other.differing(print).is_empty());
        let is_valid = other.invalid_because.is_empty() && !other.is_stopped;
        let is_last = last.as_ref().is_none_or(|(us, _)| *us < other.started_us);
        if is_same && is_valid && is_last && other.started_us < run.started_us {
            last = Some((other.started_us, other.run_id));
        }
    }
    Ok(last.map(|(_, run_id)| run_id))
}
