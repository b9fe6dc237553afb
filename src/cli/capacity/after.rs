//! After the bounds: the goodput curve beyond the maximum, up to 120 % and back, the soak.
//!
//! In: bounds, and what makes trials. Out: trials in the lake, and what they say of failure and recovery.
//! What does not fit into the budget is left out and named; the soak is asked for, and always made.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::bench::{Bench, whole_seconds};
use super::trial::TrialDone;
use crate::capacity::finding::{BeyondFacts, SoakFacts, TrialKind};
use crate::capacity::search::{SearchOutcome, Settled, four_digits};
use crate::cli::exit_code::Failure;
use crate::cli::page;
use crate::report::{LimitOutcome, LimitPart};

/// Rates of the goodput curve beyond the maximum, as shares of it.
const BEYOND: [f64; 2] = [1.2, 1.5];
/// The recovery goes up to this share of the maximum.
const PAST: f64 = 1.2;
/// Before and after that it stays at this share.
const BASE: f64 = 0.7;

/// What was found after the bounds.
#[derive(Debug, Default)]
pub struct After {
    /// Past the limit, and back.
    pub beyond: Option<BeyondFacts>,
    /// The soak.
    pub soak: Option<SoakFacts>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    /// Whether somebody stopped it.
    pub is_stopped: bool,
}

/// How long the steps are.
#[derive(Debug, Clone, Copy)]
pub struct AfterPlan {
    /// A step of the curve, and the time past the limit, seconds.
    pub step_s: f64,
    /// Until when it may go on, by the clock of the bench, seconds.
    pub until_s: f64,
    /// The highest rate that may be tried, per second.
    pub max_per_s: f64,
    /// Length of the soak.
    pub soak: Option<Duration>,
    /// Whether the curve and the recovery are wanted.
    pub is_beyond_wanted: bool,
}

/// Makes what is wanted after the bounds.
pub fn after(
    bench: &mut Bench<'_>,
    outcome: &SearchOutcome,
    plan: AfterPlan,
) -> Result<After, Failure> {
    let mut after = After::default();
    let uppers = outcome.goals.iter().filter_map(|goal| goal.upper);
    let maximum = uppers.reduce(f64::max);
    match maximum {
        Some(maximum) if plan.is_beyond_wanted => {
            curve(bench, maximum, plan, &mut after)?;
            recovery(bench, maximum, plan, &mut after)?;
        }
        None if plan.is_beyond_wanted => {
            let reason = "the curve beyond the maximum: no goal has an upper bound";
            after.left_out.push(reason.to_owned());
        }
        Some(_) | None => {}
    }
    let lower = outcome.strictest().and_then(|goal| goal.lower);
    match (plan.soak, lower) {
        (Some(length), Some(lower)) => soak(bench, outcome, lower, length, &mut after)?,
        (Some(_), None) => after
            .left_out
            .push("the soak: there is no lower bound".to_owned()),
        (None, _) => {}
    }
    Ok(after)
}

fn curve(
    bench: &mut Bench<'_>,
    maximum: f64,
    plan: AfterPlan,
    after: &mut After,
) -> Result<(), Failure> {
    for share in BEYOND {
        let rate = four_digits(maximum * share);
        if bench.kept.made(TrialKind::Beyond, rate).is_some() {
            continue;
        }
        let name = format!("{:.0} % of the maximum", share * 100.0);
        let length_s = whole_seconds(plan.step_s);
        if !may(bench, after, plan, &name, rate, f64::from(length_s))? {
            continue;
        }
        let from_s = bench.lead_in_s;
        let to_s = from_s + length_s;
        let points = vec![(0.0, rate), (f64::from(to_s), rate)];
        let wanted = (rate, f64::from(length_s));
        let made = bench.make(TrialKind::Beyond, points, (from_s, to_s), wanted)?;
        after.is_stopped |= made.is_none();
    }
    Ok(())
}

fn recovery(
    bench: &mut Bench<'_>,
    maximum: f64,
    plan: AfterPlan,
    after: &mut After,
) -> Result<(), Failure> {
    let (base, past) = (four_digits(maximum * BASE), four_digits(maximum * PAST));
    let known = bench
        .kept
        .finding
        .as_ref()
        .and_then(|found| found.beyond.clone());
    if let Some(known) = known.filter(|known| (known.past_per_s - past).abs() <= past * 1e-9) {
        after.beyond = Some(known);
        return Ok(());
    }
    let step_s = whole_seconds(plan.step_s);
    // Long enough to see it come back.
    let back_s = step_s * 2;
    let before_s = bench.lead_in_s + step_s;
    let length_s = f64::from(step_s + step_s + back_s);
    if !may(
        bench,
        after,
        plan,
        "the recovery from 120 %",
        past,
        length_s,
    )? {
        return Ok(());
    }
    let (begins, ends) = (f64::from(before_s), f64::from(before_s + step_s));
    let to_s = before_s + step_s + back_s;
    let points = vec![
        (0.0, base),
        (begins, base),
        (begins, past),
        (ends, past),
        (ends, base),
        (f64::from(to_s), base),
    ];
    let judged_s = (bench.lead_in_s, to_s);
    let Some(done) = bench.make(TrialKind::Recovery, points, judged_s, (past, length_s))? else {
        after.is_stopped = true;
        return Ok(());
    };
    after.beyond = Some(beyond_facts(
        bench,
        &done,
        [base, past],
        [f64::from(step_s), f64::from(back_s)],
    )?);
    Ok(())
}

/// Whether a trial may still be made; waits until the target is settled.
fn may(
    bench: &mut Bench<'_>,
    after: &mut After,
    plan: AfterPlan,
    name: &str,
    rate: f64,
    length_s: f64,
) -> Result<bool, Failure> {
    if after.is_stopped {
        after
            .left_out
            .push(format!("{name}: the search was stopped"));
        return Ok(false);
    }
    if rate > plan.max_per_s {
        let max = four_digits(plan.max_per_s);
        after.left_out.push(format!(
            "{name}: {rate}/s is above the highest rate, {max}/s"
        ));
        return Ok(false);
    }
    let now_s = bench.origin.elapsed().as_secs_f64();
    if now_s + length_s + f64::from(bench.lead_in_s) > plan.until_s {
        after.left_out.push(format!("{name}: the budget was over"));
        return Ok(false);
    }
    match bench.wait()? {
        Settled::Ready => Ok(true),
        Settled::Stopped => {
            after.is_stopped = true;
            after
                .left_out
                .push(format!("{name}: the search was stopped"));
            Ok(false)
        }
        Settled::NotRecovered { waited_s } => {
            after.left_out.push(format!(
                "{name}: the target was not back to its baseline after {waited_s:.0} s"
            ));
            Ok(false)
        }
    }
}

fn beyond_facts(
    bench: &Bench<'_>,
    done: &TrialDone,
    [base_per_s, past_per_s]: [f64; 2],
    [past_s, back_s]: [f64; 2],
) -> Result<BeyondFacts, Failure> {
    let run = bench.run_facts(done)?;
    let limit = page::past_limit(
        bench.context.set,
        &done.recorded.rollup,
        &run,
        &TimeZone::UTC,
    )?;
    let fell_s = done.facts.effective_s - back_s;
    let recovery_s = seconds_until_good(&done.tally.seconds, fell_s, back_s);
    let good = good_while_past(
        &run.seconds.good,
        f64::from(bench.lead_in_s) + fell_s - past_s,
        past_s,
    );
    let of_all = |part: u64| number(part) / number(done.tally.requests.max(1));
    Ok(BeyondFacts {
        behaviours: behaviours(limit.as_ref()),
        sentence: limit.map(|limit| limit.sentence).unwrap_or_default(),
        base_per_s,
        past_per_s,
        past_s,
        recovery_s,
        watched_s: back_s,
        good_per_s: good,
        retry_amplification: done.outcome.retry_amplification(),
        refused_share: of_all(done.tally.refused),
        failed_share: of_all(done.tally.failed),
        trial: done.facts.number,
    })
}

fn behaviours(limit: Option<&LimitPart>) -> Vec<String> {
    let rows = limit.into_iter().flat_map(|limit| &limit.rows);
    let mut past = rows.filter(|row| row.outcome == LimitOutcome::Past);
    past.next()
        .map(|row| row.behaviours.clone())
        .unwrap_or_default()
}

/// From the fall of the load to the end of the last second with more than 5 % of bad requests; `None`
/// when that is one of the last two seconds: it has not recovered.
fn seconds_until_good(seconds: &[(u64, u64)], fell_s: f64, back_s: f64) -> Option<f64> {
    const BAD_SHARE: f64 = 0.05;
    let is_bad = |(due, bad): &(u64, u64)| number(*bad) > number(*due) * BAD_SHARE;
    let fell = usize::try_from(whole_seconds(fell_s.max(1.0))).unwrap_or(0);
    let after = seconds.get(fell..).unwrap_or_default();
    let last_bad = after.iter().rposition(is_bad);
    let recovered_s = last_bad.map_or(0.0, |second| number(second as u64 + 1));
    (recovered_s <= back_s - 2.0).then_some(recovered_s)
}

/// The best and the lowest second of good answers while past the limit, per second, of means over five.
fn good_while_past(
    routes: &[crate::cli::recorder::RouteSeconds],
    from_s: f64,
    length_s: f64,
) -> Option<[f64; 2]> {
    let from = usize::try_from(whole_seconds(from_s.max(1.0))).ok()?;
    let to = from + usize::try_from(whole_seconds(length_s)).ok()?;
    let at = |second: usize| -> u64 {
        routes
            .iter()
            .filter_map(|route| route.per_s.get(second))
            .sum()
    };
    let width = 5_usize.min(to - from);
    let means = (from..=to - width).map(|begin| {
        let sum: u64 = (begin..begin + width).map(at).sum();
        number(sum) / number(width as u64)
    });
    means.fold(None, |ends: Option<[f64; 2]>, mean| {
        let [best, lowest] = ends.unwrap_or([mean, mean]);
        Some([best.max(mean), lowest.min(mean)])
    })
}

fn soak(
    bench: &mut Bench<'_>,
    outcome: &SearchOutcome,
    rate: f64,
    length: Duration,
    after: &mut After,
) -> Result<(), Failure> {
    let known = bench
        .kept
        .finding
        .as_ref()
        .and_then(|found| found.soak.clone());
    if let Some(known) = known.filter(|known| is_same(known, rate, length)) {
        after.soak = Some(known);
        return Ok(());
    }
    if after.is_stopped || !matches!(bench.wait()?, Settled::Ready) {
        after
            .left_out
            .push("the soak: the target was not ready, or the search was stopped".to_owned());
        return Ok(());
    }
    let from_s = bench.lead_in_s;
    let to_s = from_s + whole_seconds(length.as_secs_f64());
    let points = vec![(0.0, rate), (f64::from(to_s), rate)];
    let wanted = (rate, length.as_secs_f64());
    let Some(done) = bench.make(TrialKind::Soak, points, (from_s, to_s), wanted)? else {
        after.is_stopped = true;
        return Ok(());
    };
    let goals = outcome.goals.iter().zip(&bench.context.goals.list);
    let failed = goals
        .zip(&done.facts.goals)
        .filter(|((found, goal), trial)| {
            let is_meant = found.lower.is_some_and(|lower| lower >= rate);
            is_meant && trial.loss_ratio > goal.search.loss_ratio
        });
    let failed_goals: Vec<String> = failed.map(|((found, _), _)| found.name.clone()).collect();
    after.soak = Some(SoakFacts {
        rate_per_s: rate,
        length_s: done.facts.effective_s,
        held: failed_goals.is_empty(),
        failed_goals,
        trial: done.facts.number,
    });
    Ok(())
}

fn is_same(known: &SoakFacts, rate: f64, length: Duration) -> bool {
    let is_as_long = (known.length_s - length.as_secs_f64()).abs() < 1.0;
    is_as_long && (known.rate_per_s - rate).abs() <= rate * 1e-9
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::recorder::RouteSeconds;

    #[test]
    fn recovery_lasts_until_the_last_bad_second_and_the_very_end_is_none() {
        let seconds = |bad: &[u64]| bad.iter().map(|bad| (100, *bad)).collect::<Vec<_>>();
        let past = [0, 0, 50, 50];
        let table: [(&[u64], Option<f64>); 5] = [
            (&[0, 0, 0, 0, 0, 0], Some(0.0)),
            (&[5, 5, 5, 5, 5, 5], Some(0.0)),
            (&[90, 6, 0, 0, 0, 0], Some(2.0)),
            (&[0, 0, 0, 6, 0, 0], Some(4.0)),
            (&[90, 90, 90, 90, 90, 0], None),
        ];
        for (back, expected) in table {
            let all = seconds(&[&past[..], back].concat());
            assert_eq!(seconds_until_good(&all, 4.0, 6.0), expected, "{back:?}");
        }
    }

    #[test]
    fn goodput_past_the_limit_has_a_best_and_a_lowest_mean_over_five_seconds() {
        let route = RouteSeconds {
            per_s: vec![9, 9, 10, 10, 10, 10, 10, 0, 0, 0, 0, 0, 9],
            ..RouteSeconds::default()
        };
        let found = good_while_past(&[route], 2.0, 10.0).unwrap();
        assert_eq!(found.map(f64::to_bits), [10.0_f64, 0.0].map(f64::to_bits));
    }
}
