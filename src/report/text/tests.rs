//! Facts about numbers, times and foreign text as a reader sees them.

use super::*;

#[test]
fn quantities_have_three_digits_and_a_fitting_unit() {
    let table = [
        (1_234_567.0, Unit::Microseconds, "1.23 s"),
        (999_999.0, Unit::Microseconds, "1 s"),
        (999.6, Unit::Microseconds, "1 ms"),
        (4_000_000.0, Unit::Microseconds, "4 s"),
        (12_345.0, Unit::Microseconds, "12.3 ms"),
        (0.0, Unit::Microseconds, "0 s"),
        (0.98765, Unit::Share, "98.8 %"),
        (0.07, Unit::Share, "7 %"),
        (0.0012, Unit::Share, "0.12 %"),
        (0.5, Unit::Share, "50 %"),
        (1_234.5, Unit::PerMinute, "1\u{2009}230 /min"),
        (200.0, Unit::PerSecond, "200 /s"),
        (12_345.0, Unit::Count, "12\u{2009}345"),
        (-2.5, Unit::PerSecond, "−2.5 /s"),
        (f64::NAN, Unit::Share, "–"),
        (f64::INFINITY, Unit::PerSecond, "–"),
    ];
    for (value, unit, text) in table {
        assert_eq!(quantity(value, unit), text, "{value} {unit:?}");
    }
}

#[test]
fn a_share_just_below_one_is_not_rounded_to_100_percent() {
    let table = [
        (1.0, "100 %"),
        (0.9996, "99.96 %"),
        (0.99997, "99.997 %"),
        (0.999_999_9, "99.99999 %"),
        (1.0 - 1e-12, "99.9999999999 %"),
        (1.000_01, "100.001 %"),
    ];
    for (share, text) in table {
        assert_eq!(quantity(share, Unit::Share), text, "{share}");
    }
    for exponent in 1..=53 {
        let below = 1.0 - 0.5_f64.powi(exponent);
        assert_ne!(quantity(below, Unit::Share), "100 %", "{below}");
        assert_ne!(quantity_in_full(below, Unit::Share), "100 %", "{below}");
    }
}

#[test]
fn a_tiny_share_is_not_rounded_to_0_percent() {
    assert_eq!(quantity(0.000_000_12, Unit::Share), "0.000012 %");
    assert_eq!(quantity(0.0, Unit::Share), "0 %");
}

#[test]
fn a_value_does_not_look_like_the_limit_it_missed() {
    assert_eq!(quantity_apart(0.998_96, Unit::Share, &[0.999]), "99.896 %");
    assert_eq!(quantity_apart(0.999, Unit::Share, &[0.999]), "99.9 %");
    assert_eq!(
        quantity_apart(1_000_400.0, Unit::Microseconds, &[1e6, 4e6]),
        "1.0004 s"
    );
}

#[test]
fn a_value_has_the_digits_that_its_interval_carries() {
    let table = [
        (0.987_6, Unit::Share, [0.983_6, 0.991_6], "98.8 %"),
        (0.987_654, Unit::Share, [0.987_63, 0.987_68], "98.765 %"),
        (0.999_6, Unit::Share, [0.989, 1.0], "99.96 %"),
        (4_812_000.0, Unit::Microseconds, [4.53e6, 5.12e6], "4.8 s"),
        (
            1_163.0,
            Unit::PerMinute,
            [1_097.0, 1_231.0],
            "1\u{2009}160 /min",
        ),
        (1_240.0, Unit::Count, [900.0, 1_700.0], "1\u{2009}200"),
        (3.0, Unit::Count, [0.0, 90.0], "3"),
        (0.5, Unit::Share, [0.5, 0.5], "50 %"),
        (f64::NAN, Unit::Share, [0.1, 0.2], "–"),
    ];
    for (value, unit, bounds, text) in table {
        assert_eq!(quantity_within(value, unit, Some(bounds), &[]), text);
    }
    let missed = quantity_within(0.998_6, Unit::Share, Some([0.99, 0.999_9]), &[0.999]);
    assert_eq!(missed, "99.86 %", "it must not look like its limit");
    let table = [
        ([0.983_6, 0.991_6], Unit::Share, "98.4 to 99.2 %"),
        ([0.983_6, 0.999_99], Unit::Share, "98.4 to 99.999 %"),
        ([1.505, 1.511], Unit::PerSecond, "1.505 to 1.511 /s"),
        ([900.0, 1_700.0], Unit::Count, "900 to 1\u{2009}700"),
        ([0.9e6, 1.2e6], Unit::Microseconds, "900 ms to 1.2 s"),
        ([0.5, 0.5], Unit::Share, "50 to 50 %"),
    ];
    for (bounds, unit, text) in table {
        assert_eq!(interval(bounds, unit), text);
    }
}

#[test]
fn changes_have_a_sign() {
    let table = [
        (0.0321, "+3.2 %"),
        (-0.123, "−12 %"),
        (0.0, "±0 %"),
        (2.5, "+250 %"),
        (f64::INFINITY, "–"),
    ];
    for (share, text) in table {
        assert_eq!(change(share), text);
    }
}

#[test]
fn quantities_in_full_keep_their_digits() {
    assert_eq!(
        quantity_in_full(1_234_567.0, Unit::Microseconds),
        "1.234567 s"
    );
    assert_eq!(quantity_in_full(0.98765, Unit::Share), "98.765 %");
    assert_eq!(
        quantity_in_full(1_234_567.0, Unit::Count),
        "1\u{2009}234\u{2009}567"
    );
}

#[test]
fn counts_have_thin_spaces_between_thousands() {
    let table = [(0, "0"), (999, "999"), (1_000, "1\u{2009}000")];
    for (value, text) in table {
        assert_eq!(count(value), text);
    }
    assert_eq!(
        count(u64::MAX).chars().filter(|&c| c == THIN_SPACE).count(),
        6
    );
}

#[test]
fn durations_grow_from_seconds_to_hours() {
    let table = [
        (0.0, "0 s"),
        (0.25, "0.25 s"),
        (14.0, "14 s"),
        (119.0, "119 s"),
        (125.0, "2 min 5 s"),
        (180.0, "3 min"),
        (7_200.0, "2 h"),
        (12_000.0, "3 h 20 min"),
        (-1.0, "–"),
        (f64::NAN, "–"),
    ];
    for (seconds, text) in table {
        assert_eq!(duration(seconds), text, "{seconds}");
    }
}

#[test]
fn moments_are_offsets_or_dates() {
    let start_us = 1_795_766_400_000_000;
    let after = |seconds: i64| start_us + seconds * 1_000_000;
    assert_eq!(moment(after(41), start_us, true), "00:41");
    assert_eq!(moment(after(3_723), start_us, true), "1:02:03");
    assert_eq!(moment(after(-5), start_us, true), "−00:05");
    assert_eq!(moment(start_us, start_us, false), "2026-11-27 08:00");
    assert_eq!(moment(after(7), start_us, false), "2026-11-27 08:00:07");
    assert_eq!(moment(i64::MAX, 0, false), NO_VALUE);
    assert_eq!(moment(i64::MIN, i64::MAX, true).chars().next(), Some('−'));
}

#[test]
fn control_and_direction_characters_become_visible() {
    assert_eq!(harmless("plain /cart"), "plain /cart");
    assert_eq!(harmless("a\u{1b}[31m\nb\0"), "a␛[31m␊b␀");
    assert_eq!(harmless("\u{202e}gpj\u{7f}\u{9b}"), "⟨U+202E⟩gpj␡⟨U+009B⟩");
    assert_eq!(harmless_lines("a:\n\tb\r"), "a:\n\tb␍");
}

#[test]
fn a_value_before_and_after_look_different_where_they_differ() {
    use Unit::{Microseconds, Share};
    for (before, after, unit, expected) in [
        (100_000.0, 143_000.0, Microseconds, ["100 ms", "143 ms"]),
        (143_100.0, 143_300.0, Microseconds, ["143.1 ms", "143.3 ms"]),
        (143_000.0, 143_000.0, Microseconds, ["143 ms", "143 ms"]),
        (0.999_96, 0.999_97, Share, ["99.996 %", "99.997 %"]),
        (1.0, 0.999_99, Share, ["100 %", "99.999 %"]),
        (1.0, 1.0, Share, ["100 %", "100 %"]),
    ] {
        assert_eq!(both_apart(before, after, unit), expected);
    }
}
