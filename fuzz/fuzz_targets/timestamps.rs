//! Texts as timestamps: what both our clock and `jiff` read is the same instant, and a clock that
//! remembers says what a new one says. The first byte says how the lines after it are read.
#![no_main]

use firedrill_fuzz::clock::Clock;
use firedrill_fuzz::unit::Unit;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, texts)) = bytes.split_first() else {
        return;
    };
    let choice = usize::from(*choice);
    let zone = TimeZone::get(ZONES[choice / 8 % ZONES.len()]).expect("the zone is well known");
    let mut clock = Clock::new(zone.clone());
    for text in texts.split(|byte| *byte == b'\n') {
        let mut new = Clock::new(zone.clone());
        match choice % 4 {
            0 => {
                let ours = clock.clf_us(text);
                assert_eq!(ours, new.clf_us(text));
                compare(text, ours, zoned_clf(text));
            }
            1 => {
                let ours = clock.clf_local_us(text);
                assert_eq!(ours, new.clf_local_us(text));
                compare(text, ours, local(strtime_civil(text), &zone));
            }
            2 => {
                let ours = clock.iso_us(text);
                assert_eq!(ours, new.iso_us(text));
                let theirs = if is_local(text) {
                    local(utf8(text).and_then(|text| text.parse().ok()), &zone)
                } else {
                    utf8(text).and_then(|text| text.parse().ok()).map(whole_us)
                };
                compare(text, ours, theirs);
            }
            _ => check_numbers(&mut clock, text),
        }
    }
});

/// Whether it is a time without an offset.
fn is_local(text: &[u8]) -> bool {
    let mut clock = Clock::default();
    clock.iso_us(text);
    clock.read_local
}

fn utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// What is less than one µs is cut off, also before 1970.
fn whole_us(instant: Timestamp) -> i64 {
    let us = instant.as_nanosecond().div_euclid(1_000);
    i64::try_from(us).expect("the years that `jiff` knows fit")
}

fn zoned_clf(text: &[u8]) -> Option<i64> {
    let parsed = strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(whole_us(parsed.to_timestamp().ok()?))
}

fn strtime_civil(text: &[u8]) -> Option<DateTime> {
    let parsed = strtime::parse("%d/%b/%Y:%H:%M:%S%.f", text).ok()?;
    parsed.to_datetime().ok()
}

fn local(civil: Option<DateTime>, zone: &TimeZone) -> Option<i64> {
    let instant = zone.to_ambiguous_timestamp(civil?).compatible().ok()?;
    Some(whole_us(instant))
}

fn compare(text: &[u8], ours: Option<i64>, theirs: Option<i64>) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return;
    };
    // Of a leap second `jiff` makes the second before, we the one after it.
    if !text.windows(3).any(|part| part == b":60") {
        assert_eq!(ours, theirs, "{}", text.escape_ascii());
    }
}

/// Numbers against long arithmetic.
fn check_numbers(clock: &mut Clock, text: &[u8]) {
    for (unit, unit_ns) in [
        (Unit::Seconds, 1_000_000_000_u128),
        (Unit::Milliseconds, 1_000_000),
        (Unit::Microseconds, 1_000),
        (Unit::Nanoseconds, 1),
    ] {
        let Some(us) = unit.as_us(text) else {
            assert_eq!(clock.epoch_us(text, unit), None);
            continue;
        };
        let text = utf8(text).expect("it has digits and a point");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let nines: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        let whole: u128 = whole.parse().expect("digits");
        let fraction: u128 = nines.parse().expect("digits");
        let expected_us = (whole * unit_ns + fraction * unit_ns / 1_000_000_000) / 1_000;
        assert_eq!(u128::from(us), expected_us, "{text} {unit:?}");
        if let Some(instant_us) = clock.epoch_us(text.as_bytes(), unit) {
            assert!(Timestamp::UNIX_EPOCH + Span::new().microseconds(instant_us) < Timestamp::MAX);
        }
    }
}
