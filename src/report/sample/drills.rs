//! The drills of the example page, and a pre-mortem matrix of a few ways to break.

use super::super::page::{
    ContactFigure, DrillPart, DrillRow, ExpectationRow, PremortemDrillRow, PremortemPart,
    PremortemRow, State,
};
use super::{SECOND_US, START_US};

/// A fault that was seen, one that was not and could not be undone, and an announcement.
pub fn drills() -> DrillPart {
    let at = |second: i64| START_US + second * SECOND_US;
    let seen = DrillRow {
        id: "payment-outage".into(),
        title: "The payment provider fails".into(),
        action: "fault".into(),
        what: "payment-outage".into(),
        at_us: at(30),
        until_us: Some(at(45)),
        outcome: "done".into(),
        problems: Vec::new(),
        output: None,
        seen_first_by: vec!["Checkouts answered well".into()],
        not_seen_by: vec!["Checkout response, p95".into()],
        is_scored: true,
        warn_after_s: Some(5.0),
        contact_after_s: Some(10.0),
        recovery: "after 5 s".into(),
        shoppers: Some(412),
        are_shoppers_exact: true,
        requests_failed: Some(398),
        relief: None,
        predicted_contacts: Some(ContactFigure {
            value: 92.4,
            interval: Some([61.0, 130.0]),
        }),
        overlaps: vec!["page".into()],
        expectations: vec![ExpectationRow {
            what: "seen by checkout_success within 30 s".into(),
            state: State::Met,
            found: "after 5 s".into(),
        }],
    };
    let stuck = DrillRow {
        id: "slow-db".into(),
        title: "The database is slow".into(),
        action: "exec".into(),
        what: "tc qdisc add dev lo root netem delay 50ms".into(),
        at_us: at(50),
        until_us: None,
        outcome: "failed".into(),
        problems: vec!["it ended with exit status: 2".into()],
        output: Some("RTNETLINK answers: Operation not permitted".into()),
        is_scored: false,
        seen_first_by: Vec::new(),
        not_seen_by: Vec::new(),
        warn_after_s: None,
        contact_after_s: None,
        recovery: "–".into(),
        shoppers: None,
        requests_failed: None,
        relief: None,
        predicted_contacts: None,
        overlaps: Vec::new(),
        expectations: vec![ExpectationRow {
            what: "seen by any SLI within 10 s".into(),
            state: State::NotEnoughData,
            found: "it could not be done".into(),
        }],
        ..seen.clone()
    };
    let page = DrillRow {
        id: "page".into(),
        title: "Page the on-call".into(),
        action: "announce".into(),
        what: "Page the on-call".into(),
        at_us: at(31),
        until_us: Some(at(43)),
        outcome: "confirmed after 12 s".into(),
        problems: Vec::new(),
        output: None,
        expectations: Vec::new(),
        ..stuck.clone()
    };
    DrillPart {
        rows: vec![seen, page, stuck],
    }
}

/// One way that was drilled, and one that nobody thought through.
pub fn premortem() -> PremortemPart {
    let drilled = PremortemRow {
        id: "payment-down".into(),
        title: "The payment provider fails".into(),
        kind: "partner down".into(),
        owner: Some("payments team".into()),
        react: Some("Switch to the second provider".into()),
        seen_by: vec!["checkout_success".into()],
        drilled: Some(PremortemDrillRow {
            date: "2026-11-27".into(),
            run_id: "black-friday".into(),
            drill: "payment-outage-drill, payment-outage".into(),
            verdict: "pass".into(),
            sights: vec!["checkout_success after 5 s".into()],
            seen_first_by: vec!["checkout_success".into()],
            recovery: "after 5 s".into(),
        }),
        findings: Vec::new(),
    };
    let forgotten = PremortemRow {
        id: "bad-prices".into(),
        title: "A feed sets all prices to zero".into(),
        kind: "bad data".into(),
        owner: None,
        react: None,
        seen_by: Vec::new(),
        drilled: None,
        findings: vec!["not covered by any SLI".into(), "never drilled".into()],
    };
    PremortemPart {
        name: "shop".into(),
        stale_after_s: 7_776_000.0,
        rows: vec![drilled, forgotten],
        kinds_without_row: vec!["bad binary".into()],
    }
}
