//! The top of the example rehearsal.

use super::super::page::{
    BadSide, ComparedLatency, ComparedLoad, ComparedSli, CriterionRow, LatencyRow, LimitOutcome,
    LimitPart, LimitRow, LoadRow, MixComparison, Postmortem, PostmortemMoment, RehearsalPart,
    RunComparison, State, Unit, Verdict,
};
use super::{START_US, second};

pub fn part() -> RehearsalPart {
    RehearsalPart {
        hypothesis: Some(
            "When the doors open at 200 shoppers per second, Checkout queues for less than 30 s and \
             nobody calls support."
                .into(),
        ),
        has_own_criteria: true,
        criteria: criteria(),
        shoppers: vec![
            load("planned by the curve", 21_560.5, None, Some("expected; arrivals scatter around it")),
            load("offered", 21_604.0, Some(1.0), None),
            load("dropped", 0.0, Some(0.0), None),
            load("started", 21_604.0, Some(1.0), None),
            load("completed", 20_891.0, Some(0.967), None),
            load("gave up after an error", 713.0, Some(0.033), None),
        ],
        requests: vec![
            load("planned", 98_300.0, None, Some("if everybody comes through")),
            load("made", 97_411.0, Some(1.0), Some("1 204 of them retries or reloads")),
            load("answered well", 96_698.0, Some(0.992_68), None),
            load("refused (429, 503)", 640.0, Some(0.006_57), None),
            load("no answer", 73.0, Some(0.000_749), None),
        ],
        latencies: [
            ("p50", 48_211, 47_870, 46_911),
            ("p95", 402_431, 398_335, 397_055),
            ("p99", 4_812_799, 4_804_607, 4_800_511),
            ("max", 9_633_791, 9_625_599, 9_621_503),
        ]
        .map(|(name, response_us, service_us, first_byte_us)| LatencyRow {
            name: name.into(),
            response_us,
            service_us,
            first_byte_us: Some(first_byte_us),
        })
        .into(),
        limit: Some(limit()),
        comparison: Some(comparison()),
        postmortem: Some(postmortem()),
    }
}

fn postmortem() -> Postmortem {
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    let moment = |at_s, what: &str| PostmortemMoment {
        at_us: second(at_s),
        what: what.into(),
    };
    Postmortem {
        impact: list(&[
            "713 of 21 604 shoppers (3.3 %) did not come to the end of their journey: 713 gave up after \
             an error, 0 lost patience.",
            "62 of 1 966 attempts at “Ordered” did not succeed.",
        ]),
        timeline: vec![
            moment(0, "the rehearsal begins"),
            moment(27, "doors open"),
            moment(33, "POST /checkout is under strain at 66 /s"),
            moment(41, "Time to check out crosses its contact level"),
        ],
        detection: list(&[
            "Time to check out saw it first: it crossed its warn level at 00:33, 0 s after the strain began.",
            "Orders has no level, and did not see it.",
        ]),
        went_well: list(&["POST /checkout refused 22.6 % at once instead of letting them wait."]),
        went_wrong: list(&["Time to check out was beyond its contact level for 19 s."]),
        lucky: list(&[
            "Answers without an error came to 95.4 % at 00:52, close to its contact level of 95 %.",
        ]),
        actions: list(&[
            "Find what keeps POST /checkout at 60.4 /s, and decide what it is to do with more",
            "Give “Orders” a level, or say why it needs none",
        ]),
    }
}

fn comparison() -> RunComparison {
    RunComparison {
        against: "20261120T080000Z-11c2".into(),
        started_us: START_US - 604_800_000_000,
        mix: MixComparison::Same,
        differing: Vec::new(),
        sentence: "The same mix and seed as 20261120T080000Z-11c2: the very same shoppers.".into(),
        validity: "Both runs are valid.".into(),
        verdict_before: Verdict::Pass,
        changes: vec!["Time to check out rose from 2.1 s to 4.81 s.".into()],
        slis: vec![
            ComparedSli {
                title: "Time to check out".into(),
                unit: Unit::Microseconds,
                before: Some(2_099_199.0),
                after: Some(4_812_799.0),
                state_before: State::Met,
                state_after: State::Missed,
                is_outside_noise: Some(true),
            },
            ComparedSli {
                title: "Orders".into(),
                unit: Unit::PerMinute,
                before: Some(1_201.0),
                after: Some(1_163.0),
                state_before: State::Met,
                state_after: State::Met,
                is_outside_noise: Some(false),
            },
        ],
        latencies: vec![ComparedLatency {
            name: "p95".into(),
            response_before_us: Some(398_335),
            response_after_us: Some(402_431),
            is_outside_noise: Some(false),
            service_before_us: Some(396_287),
            service_after_us: None,
        }],
        loads: vec![ComparedLoad {
            name: "shoppers offered".into(),
            before: 21_604,
            after: 21_604,
        }],
    }
}

fn limit() -> LimitPart {
    let all = LimitRow {
        method: String::new(),
        route: String::new(),
        outcome: LimitOutcome::NotReached,
        behaviours: Vec::new(),
        peak_per_s: Some(612.0),
        best_good_per_s: None,
        offered_at_best_per_s: None,
        knee_us: None,
        knee_per_s: None,
        calm_median_us: None,
        worst_median_us: None,
        refused_share: None,
        failed_share: None,
        recovery_s: None,
        slis_back_s: None,
        recovery: String::new(),
    };
    let checkout = LimitRow {
        method: "POST".into(),
        route: "/checkout".into(),
        outcome: LimitOutcome::Past,
        behaviours: vec!["shed".into(), "slow".into()],
        peak_per_s: Some(79.3),
        best_good_per_s: Some(60.4),
        offered_at_best_per_s: Some(71.0),
        knee_us: Some(second(33)),
        knee_per_s: Some(66.0),
        calm_median_us: Some(210_000),
        worst_median_us: Some(4_812_799),
        refused_share: Some(0.226),
        failed_share: Some(0.0),
        recovery_s: None,
        slis_back_s: None,
        recovery: "not seen: the load stayed above the limit until the end".into(),
    };
    LimitPart {
        sentence:
            "POST /checkout was past its limit from 00:33, at 66 /s: 22.6 % were refused at once \
                   (shed); it got slower, at the median from 210 ms to 4.81 s."
                .into(),
        shoppers:
            "Of 21 604 shoppers 20 891 came to the end of their journey, 713 gave up after an \
                   error, 0 lost patience. None tried again."
                .into(),
        rows: vec![checkout, all],
    }
}

fn criteria() -> Vec<CriterionRow> {
    let row = |title: &str, state, explanation: &str| CriterionRow {
        title: title.into(),
        state,
        value: None,
        limit: None,
        bad: None,
        unit: None,
        count: 12,
        counted: "windows".into(),
        first_missed_us: None,
        explanation: explanation.into(),
    };
    vec![
        CriterionRow {
            value: Some(4_812_799.0),
            limit: Some(4_000_000.0),
            bad: Some(BadSide::Above),
            unit: Some(Unit::Microseconds),
            first_missed_us: Some(second(41)),
            ..row(
                "No SLI crosses its contact level",
                State::Missed,
                "Time to check out was above 4 s for 19 s; one more SLI crossed its own.",
            )
        },
        CriterionRow {
            value: Some(0.981),
            limit: Some(0.98),
            bad: Some(BadSide::Below),
            unit: Some(Unit::Share),
            count: 1_966,
            counted: "requests".into(),
            ..row(
                "Checkouts answered well: at least 98 %",
                State::Met,
                "Within it.",
            )
        },
        row(
            "Every SLI is within its contact level again 20 s after “first rush over”",
            State::NotEnoughData,
            "The run ended before the time was up.",
        ),
        CriterionRow {
            count: 0,
            ..row(
                "The load generator keeps its schedule",
                State::Met,
                "Every limit of the generator was kept.",
            )
        },
    ]
}

fn load(name: &str, count: f64, share: Option<f64>, note: Option<&str>) -> LoadRow {
    LoadRow {
        name: name.into(),
        count,
        share,
        note: note.map(Into::into),
    }
}
