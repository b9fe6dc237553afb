//! Maintenance over changes of the clock, and rules that are refused.

use super::*;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn plan(from: &str, to: &str, repeat: Option<&str>) -> ExclusionPlan {
    ExclusionPlan {
        reason: "patches".to_owned(),
        first: TimeWindow::new(at(from), at(to)).unwrap(),
        repeat: repeat.map(str::to_owned),
        slis: Vec::new(),
        time_zone: None,
    }
}

fn year(year: i16) -> TimeWindow {
    TimeWindow::new(
        at(&format!("{year}-01-01T00:00:00Z")),
        at(&format!("{}-01-01T00:00:00Z", year + 1)),
    )
    .unwrap()
}

fn starts(plans: &[ExclusionPlan], range: TimeWindow) -> Vec<String> {
    let windows = excluded_windows(plans, "any", &berlin(), range).unwrap();
    let starts = windows.iter().map(|found| {
        let start = Timestamp::from_microsecond(found.window.start_us).unwrap();
        let minutes = (found.window.end_us - found.window.start_us) / 60_000_000;
        format!("{start} {minutes}")
    });
    starts.collect()
}

#[test]
fn maintenance_keeps_its_local_time_over_both_changes_of_the_clock() {
    // 01:00 to 05:00 in Berlin on Sundays: 3 hours when the clock goes forward, 5 when back.
    let rule = Some("FREQ=WEEKLY;BYDAY=SU;COUNT=3");
    assert_eq!(
        starts(
            &[plan("2026-03-22T00:00:00Z", "2026-03-22T04:00:00Z", rule)],
            year(2026)
        ),
        [
            "2026-03-22T00:00:00Z 240",
            "2026-03-29T00:00:00Z 180",
            "2026-04-04T23:00:00Z 240"
        ]
    );
    assert_eq!(
        starts(
            &[plan("2026-10-17T23:00:00Z", "2026-10-18T03:00:00Z", rule)],
            year(2026)
        ),
        [
            "2026-10-17T23:00:00Z 240",
            "2026-10-24T23:00:00Z 300",
            "2026-11-01T00:00:00Z 240"
        ]
    );
}

#[test]
fn a_local_time_that_does_not_exist_is_behind_the_change() {
    // 02:30 to 04:00 daily: on 29 March 02:30 is 03:30 summer time.
    let rule = Some("FREQ=DAILY;COUNT=2");
    let daily = plan("2026-03-28T01:30:00Z", "2026-03-28T03:00:00Z", rule);
    assert_eq!(
        starts(&[daily], year(2026)),
        ["2026-03-28T01:30:00Z 90", "2026-03-29T01:30:00Z 30"]
    );
    // 02:00 to 02:30 does not exist at all there, and is one half hour later.
    let short = plan("2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z", rule);
    assert_eq!(
        starts(&[short], year(2026)),
        ["2026-03-28T01:00:00Z 30", "2026-03-29T01:00:00Z 30"]
    );
}

#[test]
fn until_is_included_in_each_of_its_forms() {
    // 02:00 in Berlin from Monday, 5 January 2026; in winter that is 01:00 UTC.
    let table = [
        ("FREQ=DAILY;UNTIL=20260108", 4),
        ("FREQ=DAILY;UNTIL=20260108T020000", 4),
        ("FREQ=DAILY;UNTIL=20260108T010000Z", 4),
        ("FREQ=DAILY;UNTIL=20260108T005959Z", 3),
        ("RRULE:FREQ=DAILY;COUNT=4", 4),
        ("FREQ=DAILY;INTERVAL=2;COUNT=4", 4),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20260118", 10),
        ("FREQ=MONTHLY;BYDAY=1MO", 12),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4FR", 2),
        ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=2,14;COUNT=6", 6),
    ];
    for (rule, count) in table {
        assert_eq!(check_repeat(rule), Ok(()), "{rule}");
        let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", Some(rule));
        assert_eq!(starts(&[first], year(2026)).len(), count, "{rule}");
    }
}

#[test]
fn a_rule_that_began_long_ago_is_cut_to_the_range() {
    let weekly = plan(
        "2010-01-02T22:00:00Z",
        "2010-01-03T06:00:00Z",
        Some("FREQ=WEEKLY"),
    );
    let day = TimeWindow::new(at("2026-11-22T00:00:00Z"), at("2026-11-23T00:00:00Z")).unwrap();
    assert_eq!(starts(&[weekly], day), ["2026-11-22T00:00:00Z 360"]);
    let once = plan("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", None);
    assert_eq!(starts(&[once], day), ["2026-11-22T10:00:00Z 60"]);
}

#[test]
fn overlapping_and_touching_maintenance_is_one() {
    let mut other = plan("2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z", None);
    other.reason = "move".to_owned();
    let inside = plan("2026-01-05T02:10:00Z", "2026-01-05T02:20:00Z", None);
    let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", None);
    let windows = excluded_windows(&[other, inside, first], "any", &berlin(), year(2026)).unwrap();
    assert_eq!(windows.len(), 1);
    assert_eq!(windows[0].reason, "patches; move");
    assert_eq!(windows[0].window.length_s(), 7_200.0);
}

#[test]
fn maintenance_holds_for_the_slis_that_it_names() {
    let mut some = plan("2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z", None);
    some.slis = vec!["orders".to_owned()];
    let plans = [some];
    let found = |sli| {
        excluded_windows(&plans, sli, &berlin(), year(2026))
            .unwrap()
            .len()
    };
    assert_eq!((found("orders"), found("carts")), (1, 0));
}

#[test]
fn a_rule_that_cannot_be_read_says_what_is_wrong_and_the_cure() {
    let table = [
        ("", "FREQ"),
        ("WEEKLY", "not an RFC 5545 rule"),
        ("FREQ=WEEKLY;BYDAY=SX", "SX"),
        ("FREQ=WEEKLY;BYDAY=SU;BYDAY=MO", "uplicate"),
        ("FREQ=WEEKLY;FOO=1", "FOO"),
        ("FREQ=HOURLY", "more than once a day"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "both"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=tomorrow"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=DAILY\nRDATE:20260101T000000Z", "not an RFC 5545 rule"),
    ];
    for (rule, part) in table {
        let message = check_repeat(rule).unwrap_err();
        assert!(message.contains(part), "{rule}: {message}");
        let first = plan("2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", Some(rule));
        let found = excluded_windows(&[first], "any", &berlin(), year(2026));
        assert!(found.is_err() || part == "never", "{rule}");
    }
}

#[test]
fn maintenance_that_recurs_too_often_is_refused() {
    let every_second = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,\
         21,22,23;BYMINUTE=0,10,20,30,40,50;BYSECOND=0,15,30,45";
    let often = plan(
        "2024-01-05T01:00:00Z",
        "2024-01-05T01:00:01Z",
        Some(every_second),
    );
    let found = excluded_windows(&[often], "any", &berlin(), year(2026));
    assert!(matches!(found, Err(ExclusionError::TooMany { .. })));
}
