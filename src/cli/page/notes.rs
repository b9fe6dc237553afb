//! What a page says beside its numbers: facts, what is not known, and how it was computed.

use super::{is_counted, number, shards, total};
use crate::cli::contacts::ContactOutlook;
use crate::cli::facts::{LatencyFacts, RunFacts};
use crate::cli::range::Judged;
use crate::report::{Fact, MethodNote, Unit, text};
use crate::sli::SliState;
use crate::time_window::{rfc3339, seconds};

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

pub fn facts(judged: &Judged) -> Vec<Fact> {
    let set = fact(
        "SLI set",
        format!("{} ({})", judged.set.name, &judged.set.sha256[..12]),
    );
    let Some(run) = &judged.run else {
        let range = judged.scope.range;
        return vec![
            fact("Origin", judged.origin.as_str()),
            fact("From", rfc3339(range.start_us)),
            fact("To", rfc3339(range.end_us)),
            fact("Requests", text::count(total(&judged.rollup))),
            fact("Window", text::duration(seconds(judged.scope.window_us))),
            set,
        ];
    };
    let mut facts = vec![
        fact(
            "Scenario",
            format!("{} ({})", run.scenario, &run.scenario_sha256[..12]),
        ),
        fact("Run", run.run_id.clone()),
        fact("Target", run.target.clone()),
        fact("Start", rfc3339(run.started_us)),
        fact("Length", text::duration(seconds(run.judged_us))),
        fact(
            "Shoppers",
            format!(
                "{} offered, {} started, {} completed, {} gave up, {} lost patience, {} dropped, {} cut off",
                text::count(run.offered_arrivals),
                text::count(run.started),
                text::count(run.completed),
                text::count(run.gave_up),
                text::count(run.lost_patience),
                text::count(run.dropped),
                text::count(run.cut)
            ),
        ),
        fact("Peak", peak_words(run)),
        fact("Requests", text::count(run.requests)),
        fact(
            "Schedule lag",
            format!(
                "p50 {}, p99 {}, max {}",
                microseconds(run.schedule_lag_us.p50),
                microseconds(run.schedule_lag_us.p99),
                microseconds(run.schedule_lag_us.max)
            ),
        ),
        fact("Response time", latency_words(run.response_us)),
        fact("Service time", latency_words(run.service_us)),
        fact(
            "Time to first byte",
            run.first_byte_us
                .map_or_else(|| text::NO_VALUE.to_owned(), latency_words),
        ),
        fact("Seed", run.seed.to_string()),
        set,
    ];
    facts.extend(shards::facts(run));
    let partners = judged.partners.iter();
    facts.extend(partners.map(|state| fact(&format!("Partner {}", state.partner), state.words())));
    facts
}

fn peak_words(run: &RunFacts) -> String {
    let arriving = format!("{} shoppers per second", run.peak_shoppers_per_s);
    let at_once = format!(
        "{} shoppers at once in a closed model",
        text::count(run.closed_shoppers)
    );
    match (run.closed_shoppers > 0, run.is_closed_alone()) {
        (false, _) => arriving,
        (true, true) => at_once,
        (true, false) => format!("{arriving}, and {at_once}"),
    }
}

fn latency_words(latency: LatencyFacts) -> String {
    format!(
        "p50 {}, p95 {}, p99 {}, max {}",
        microseconds(latency.p50),
        microseconds(latency.p95),
        microseconds(latency.p99),
        microseconds(latency.max)
    )
}

fn microseconds(us: u64) -> String {
    text::quantity(number(us), Unit::Microseconds)
}

pub fn unknowns(judged: &Judged) -> Vec<String> {
    let mut unknowns = Vec::new();
    for series in &judged.series {
        if series.state == SliState::NotEnoughData {
            unknowns.push(format!(
                "{}: {} requests are too few to judge it.",
                series.title,
                text::count(series.count)
            ));
        }
    }
    for series in judged
        .series
        .iter()
        .filter(|series| !series.levels.is_empty())
    {
        let with_data = series.windows.iter().filter(|window| window.valid > 0);
        let unknown = with_data.clone().filter(|window| window.value.is_none());
        let (unknown, all) = (unknown.count() as u64, with_data.count() as u64);
        if unknown * 2 > all {
            unknowns.push(format!(
                "{}: {} of {} windows had too few requests to be judged by its levels (a longer --window, or a `window` of the SLI, has more).",
                series.title,
                text::count(unknown),
                text::count(all)
            ));
        }
    }
    if let Some(ContactOutlook::NotKnown {
        because,
        has_file: true,
    }) = &judged.contacts
    {
        unknowns.push(format!("How often customers call: {because}."));
    }
    unknowns.extend(burn_unknowns(judged));
    let cut = judged.rollup.select(|series| series.error == "cancelled");
    if cut.count() > 0 {
        let waited = cut.latencies().quantile_us(1.0).map_or(0.0, number);
        unknowns.push(format!(
            "{} requests had no answer yet when the run ended, after up to {}; no SLI counts them.",
            text::count(cut.count()),
            text::quantity(waited, Unit::Microseconds)
        ));
    }
    let all = judged.rollup.select(is_counted);
    let with_latency: u64 = all
        .counts_with_latency()
        .iter()
        .map(|window| window.count)
        .sum();
    let without = all.count() - with_latency;
    if without > 0 {
        unknowns.push(format!(
            "{} requests carry no duration.",
            text::count(without)
        ));
    }
    if judged.run.is_none() && judged.followed.parameters.counts.is_empty() {
        unknowns.push(
            "Whether a query parameter makes requests slow: none is kept (`ingest --keep-query NAME` keeps some), so suspects are whole routes."
                .to_owned(),
        );
    }
    let left_out = judged.followed.parameters.left_out_requests;
    if left_out > 0 {
        unknowns.push(format!(
            "{} requests have query parameters beyond those that are counted apart; keep fewer with `ingest --keep-query`.",
            text::count(left_out)
        ));
    }
    if judged.rejected > 0 {
        unknowns.push(format!(
            "{} lines of the logs in this lake were not understood; they are kept in `rejects/`.",
            text::count(judged.rejected)
        ));
    }
    unknowns.extend(judged.uncompared.clone());
    if let Some(run) = &judged.run {
        unknowns.extend(run_unknowns(run));
    }
    unknowns
}

/// SLIs whose windows are too long for one of their burn rules.
fn burn_unknowns(judged: &Judged) -> Vec<String> {
    let slis = judged.series.iter().filter(|series| {
        let outcomes = judged.objectives.get(&series.name).into_iter().flatten();
        let mut rules = outcomes.flat_map(|outcome| &outcome.burn);
        rules.any(|rule| rule.threshold.is_some() && !rule.can_fire)
    });
    slis.map(|series| {
        format!(
            "{}: whether its budget burnt too fast is not known, because a window is longer than the short one of a burn rule (a shorter --window is not).",
            series.title
        )
    })
    .collect()
}

fn run_unknowns(run: &RunFacts) -> Vec<String> {
    let mut unknowns = Vec::new();
    if run.closed_shoppers > 0 {
        unknowns.push(format!(
            "{} shoppers were in a closed model: they ask a slow target less, so what others would have met who would have come meanwhile is not measured{}.",
            text::count(run.closed_shoppers),
            match run.is_closed_alone() {
                true => ", nor whether there is a limit",
                false => "",
            }
        ));
    }
    if run.cut > 0 {
        unknowns.push(format!(
            "{} shoppers were still in the shop at the end and were cut off; how their journeys would have ended is not known.",
            text::count(run.cut)
        ));
    }
    if run.records_lost > 0 {
        unknowns.push(format!(
            "{} requests were made but not recorded.",
            text::count(run.records_lost)
        ));
    }
    if !run.not_judged.is_empty() {
        unknowns.push(format!(
            "Not judged, because nothing that they count was replayed: {}.",
            run.not_judged.join(", ")
        ));
    }
    unknowns.extend(shards::unknowns(run));
    unknowns
}

pub fn method(judged: &Judged) -> Vec<MethodNote> {
    let note = |title: &str, text: &str| MethodNote {
        title: title.to_owned(),
        text: text.to_owned(),
        verbatim: false,
    };
    let verbatim = |title: String, text: &str| MethodNote {
        title,
        text: text.to_owned(),
        verbatim: true,
    };
    let mut notes = vec![
        note(
            "Percentiles",
            "Nearest rank, from HdrHistogram buckets of three significant digits: at most 0.1 % above the exact value. Counts are added, percentiles never averaged. Shares within a latency limit are counted exactly.",
        ),
        note(
            "Intervals",
            "95 %: Clopper and Pearson's exact interval for shares, exact order statistics for percentiles, Garwood's exact interval for rates; for user-uptime the variance between shoppers' days.",
        ),
        note(
            "States",
            "Missed: a contact level was crossed for as long as it must last, on evidence (the whole interval of a window lies beyond the level), or an objective was missed, of the whole range or of the newest of its days, weeks, months or rolling windows. Too few requests are never green.",
        ),
    ];
    if judged.run.is_none() {
        notes.push(note(
            "What is expected",
            "Of a local hour the mean of the same hour of the week in the weeks before, each week pulled to within what chance does to a count around their median, times the growth; hours that maintenance touches and holidays are left out. The band holds 95 of 100 such hours: the scatter between weeks, and chance, added as variances. It is no objective: a week outside of it is unusual, not bad.",
        ));
        notes.push(note(
            "Channels",
            "A log names the channel on the page on which a shopper lands. In the breakdown by channel and in the table of channels a request belongs to the channel that its shopper named last, at most two hours before; requests of bots, and where the shopper is not known, to their own. Which shopper asked is told by session cookie, or by address and user agent, so people behind one address are one.",
        ));
        notes.push(note(
            "Customers",
            "Customers of a failure are different shoppers over the whole range, bots left out: exact up to 1,024, beyond that an estimate from the smallest of their keyed hashes, with a standard error of 3 %.",
        ));
    }
    if let Some(run) = &judged.run {
        notes.push(note(
            "Response time",
            "From when a request was due by the schedule to the last byte of its body, so a slow target cannot hide the waiting of those behind it (coordinated omission). Service time begins when the request was really sent.",
        ));
        notes.push(verbatim("To repeat it".to_owned(), &run.command));
        notes.push(verbatim(
            format!("Scenario, sha256 {}", run.scenario_sha256),
            &run.scenario_text,
        ));
    }
    notes.push(verbatim(
        format!("SLI set, sha256 {}", judged.set.sha256),
        &judged.set.text,
    ));
    notes.push(note(
        "Version",
        concat!("firedrill ", env!("CARGO_PKG_VERSION")),
    ));
    notes
}
