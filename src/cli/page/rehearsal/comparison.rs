//! This rehearsal beside an earlier one: whether both rehearsed the same, and what differs beyond noise.

use super::super::directors::{change_word, change_words};
use super::super::{is_counted, sli_unit, state_of};
use super::{RunView, conditions};
use crate::cli::changes::{Independent, SliChange, changes, latency_bins, run_percentiles};
use crate::cli::exit_code::Failure;
use crate::cli::facts::{LatencyFacts, RunFacts};
use crate::cli::page::sentence;
use crate::cli::range::{Judged, Previous};
use crate::latency_buckets::LatencyHistogram;
use crate::report::{
    ComparedLatency, ComparedLoad, ComparedSli, MixComparison, RunComparison, Unit, text,
};
use crate::sli::difference::{Change, Difference, keep_discoveries};

/// Of the percentiles that are called changed, at most this share is noise (Benjamini and Hochberg).
const FALSE_SHARE: f64 = 0.1;
/// Percentiles of the table; the last is the maximum, which has no test.
const QUANTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

/// `None` where nothing was compared with a rehearsal.
pub fn comparison(judged: &Judged, run: &RunFacts) -> Result<Option<RunComparison>, Failure> {
    let Some((previous, earlier)) = judged
        .previous
        .as_ref()
        .and_then(|previous| Some((previous, previous.run.as_ref()?)))
    else {
        return Ok(None);
    };
    let (mix, differing) = mix(earlier, run);
    let is_comparable = matches!(mix, MixComparison::Same | MixComparison::OtherSeed);
    let view = view_of(previous, judged);
    let criteria = conditions::rows(&view, earlier)?;
    let is_missed = super::are_missed(&criteria, earlier.has_own_criteria);
    let verdict_before = sentence::verdict_of(Some(earlier), &previous.series, is_missed);
    let after = crate::cli::changes::Side::of(judged, judged.scope.range);
    let found = changes(&judged.set, previous.side(), after, Independent::Stretches);
    let mut latencies = latencies(previous, judged, earlier, run);
    if !is_comparable {
        latencies
            .iter_mut()
            .for_each(|row| row.is_outside_noise = None);
    }
    Ok(Some(RunComparison {
        against: earlier.run_id.clone(),
        started_us: earlier.started_us,
        mix,
        sentence: sentence_of(mix, &differing, (earlier, run)),
        validity: validity(earlier, run),
        differing,
        verdict_before,
        changes: match is_comparable {
            true => change_sentences(&found, &latencies),
            false => Vec::new(),
        },
        slis: slis(judged, previous, &found, is_comparable),
        latencies,
        loads: loads(earlier, run),
    }))
}

fn view_of<'a>(previous: &'a Previous, judged: &'a Judged) -> RunView<'a> {
    RunView {
        set: &judged.set,
        series: &previous.series,
        rollup: &previous.rollup,
        scope: previous.scope,
        zone: &judged.zone,
        visits: None,
    }
}

/// What differs in what was rehearsed: parts of the mix, then seed, then target.
fn mix(earlier: &RunFacts, run: &RunFacts) -> (MixComparison, Vec<String>) {
    let Some((before, after)) = earlier.print.as_ref().zip(run.print.as_ref()) else {
        return (MixComparison::NotKnown, Vec::new());
    };
    let mut differing: Vec<String> = before
        .differing(after)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let is_same_mix = differing.is_empty();
    let is_same_seed = earlier.seed == run.seed;
    if !is_same_seed {
        differing.push("seed".to_owned());
    }
    if before.target != after.target {
        differing.push("target".to_owned());
    }
    let mix = match (is_same_mix, is_same_seed) {
        (true, true) => MixComparison::Same,
        (true, false) => MixComparison::OtherSeed,
        (false, _) => MixComparison::Different,
    };
    (mix, differing)
}

fn sentence_of(
    mix: MixComparison,
    differing: &[String],
    (earlier, run): (&RunFacts, &RunFacts),
) -> String {
    let against = &earlier.run_id;
    let target = match differing.iter().any(|part| part == "target") {
        true => " The target is another one, or has other limits.",
        false => "",
    };
    let mut both = [earlier, run].into_iter();
    let is_closed = both.any(|run| run.closed_shoppers > 0 || run.planned_per_s.is_empty());
    match mix {
        // How many come, and so which ones, depends on how soon the target lets the last ones go.
        MixComparison::Same if is_closed => format!(
            "The same mix and seed as {against}, with shoppers of a closed model: which of them come next depends on how fast the target answers, so they are not the same shoppers.{target}"
        ),
        MixComparison::Same => {
            format!("The same mix and seed as {against}: the very same shoppers.{target}")
        }
        MixComparison::OtherSeed => format!(
            "The same mix as {against} with another seed: other shoppers of the same kind.{target}"
        ),
        MixComparison::Different => format!(
            "NOT THE SAME REHEARSAL as {against}: it differs in {}. What differs below is no change of the target.",
            differing.join(", ")
        ),
        MixComparison::NotKnown => format!(
            "Whether {against} rehearsed the same is not known: one of both runs was made by an older version. What differs below may be no change of the target."
        ),
    }
}

fn validity(earlier: &RunFacts, run: &RunFacts) -> String {
    let state = |run: &RunFacts| match (run.is_stopped, run.invalid_because.is_empty()) {
        (true, _) => "was stopped early",
        (false, true) => "is valid",
        (false, false) => "is invalid",
    };
    match (state(run), state(earlier)) {
        ("is valid", "is valid") => "Both runs are valid.".to_owned(),
        (now, before) => format!("This run {now}, the earlier one {before}."),
    }
}

fn slis(
    judged: &Judged,
    previous: &Previous,
    found: &[SliChange],
    is_comparable: bool,
) -> Vec<ComparedSli> {
    let pairs = previous.series.iter().zip(&judged.series).enumerate();
    let rows = pairs.map(|(index, (before, after))| {
        let mut changes = found.iter();
        let change = changes.find(|change| change.index == index);
        ComparedSli {
            title: after.title.clone(),
            unit: sli_unit(after.unit),
            before: before.value,
            after: after.value,
            state_before: state_of(before.state),
            state_after: state_of(after.state),
            is_outside_noise: change
                .and_then(SliChange::is_outside_noise)
                .filter(|_| is_comparable),
        }
    });
    rows.collect()
}

fn latencies(
    previous: &Previous,
    judged: &Judged,
    earlier: &RunFacts,
    run: &RunFacts,
) -> Vec<ComparedLatency> {
    let before = previous.rollup.select(is_counted);
    let after = judged.rollup.select(is_counted);
    let bins = (
        latency_bins(&before, previous.scope.range, |_| true),
        latency_bins(&after, judged.scope.range, |_| true),
    );
    let (before, after) = (before.latencies(), after.latencies());
    let tested = QUANTILES.iter().filter(|(_, quantile)| *quantile < 1.0);
    let mut differences: Vec<Difference> = tested
        .map(|(_, quantile)| run_percentiles(&bins.0, &bins.1, *quantile))
        .collect();
    keep_discoveries(&mut differences, FALSE_SHARE);
    let rows = QUANTILES.iter().enumerate();
    rows.map(|(index, (name, quantile))| {
        let response = |latencies: &LatencyHistogram| match *quantile < 1.0 {
            true => latencies.quantile_us(*quantile),
            false => (latencies.count() > 0).then(|| latencies.max_us()),
        };
        ComparedLatency {
            name: (*name).to_owned(),
            response_before_us: response(&before),
            response_after_us: response(&after),
            is_outside_noise: differences.get(index).and_then(is_outside_noise),
            service_before_us: kept(&earlier.service_us, name),
            service_after_us: kept(&run.service_us, name),
        }
    })
    .collect()
}

fn is_outside_noise(difference: &Difference) -> Option<bool> {
    match difference.change {
        Change::Up | Change::Down => Some(true),
        Change::Noise => Some(false),
        Change::NotEnoughData => None,
    }
}

/// The percentiles that are kept with a run.
fn kept(latency: &LatencyFacts, name: &str) -> Option<u64> {
    match name {
        "p50" => Some(latency.p50),
        "p90" => latency.p90,
        "p95" => Some(latency.p95),
        "p99" => Some(latency.p99),
        "p99.9" => latency.p99_9,
        "max" => Some(latency.max),
        _ => None,
    }
}

fn change_sentences(found: &[SliChange], latencies: &[ComparedLatency]) -> Vec<String> {
    let told = found
        .iter()
        .filter(|change| change.is_outside_noise() == Some(true));
    let mut sentences: Vec<String> = told.filter_map(change_words).collect();
    let changed = latencies
        .iter()
        .filter(|row| row.is_outside_noise == Some(true));
    sentences.extend(changed.filter_map(|row| {
        let (before, after) = row.response_before_us.zip(row.response_after_us)?;
        let [before, after] = [before, after].map(super::super::number);
        let word = change_word(before, after)?;
        let [from, to] = text::both_apart(before, after, Unit::Microseconds);
        Some(format!(
            "{} of all responses {word} from {from} to {to}.",
            row.name
        ))
    }));
    sentences
}

fn loads(earlier: &RunFacts, run: &RunFacts) -> Vec<ComparedLoad> {
    let row = |name: &str, count: fn(&RunFacts) -> u64| ComparedLoad {
        name: name.to_owned(),
        before: count(earlier),
        after: count(run),
    };
    vec![
        row("shoppers offered", |run| run.offered_arrivals),
        row("shoppers who completed", |run| run.completed),
        row("shoppers who gave up after an error", |run| run.gave_up),
        row("shoppers who lost patience", |run| run.lost_patience),
        row("requests made", |run| run.requests),
        row("retries and reloads", |run| run.seconds.repeated_count()),
    ]
}
