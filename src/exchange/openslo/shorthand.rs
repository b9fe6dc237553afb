//! Lengths of time as OpenSLO writes them: `5m`, `1h`, `28d`, `1w`, and in v1 `1M`, `1Q`, `1Y`.

use crate::exchange::burn::DAY_US;

const MINUTE_US: u64 = 60_000_000;
/// Units that are written, longest first; months, quarters and years have no fixed length.
const WRITTEN: [(&str, u64); 3] = [("d", DAY_US), ("h", DAY_US / 24), ("m", MINUTE_US)];
/// Units that are read. A month has 30 days, a quarter 90, a year 365, as in the Go SDK.
const READ: [(&str, u64); 7] = [
    ("m", MINUTE_US),
    ("h", DAY_US / 24),
    ("d", DAY_US),
    ("w", 7 * DAY_US),
    ("M", 30 * DAY_US),
    ("Q", 90 * DAY_US),
    ("Y", 365 * DAY_US),
];

/// `us` in the longest unit that divides it, rounded up to whole minutes; at least one.
pub(super) fn written(us: u64) -> String {
    let us = us.max(1).div_ceil(MINUTE_US) * MINUTE_US;
    let whole = WRITTEN
        .iter()
        .find(|(_, unit_us)| us.is_multiple_of(*unit_us));
    let (unit, unit_us) = whole.unwrap_or(&("m", MINUTE_US));
    format!("{}{unit}", us / unit_us)
}

/// Whether `written` says exactly `us`.
pub(super) fn is_exact(us: u64) -> bool {
    us > 0 && us.is_multiple_of(MINUTE_US)
}

/// In µs; `None` for what is no length of time.
pub(super) fn read(text: &str) -> Option<u64> {
    let (unit, unit_us) = READ.iter().find(|(unit, _)| text.ends_with(unit))?;
    let amount = text.strip_suffix(unit)?;
    if amount.is_empty() || !amount.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    amount.parse::<u64>().ok()?.checked_mul(*unit_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_minutes_hours_and_days_are_written() {
        let table = [
            (1, "1m"),
            (MINUTE_US, "1m"),
            (MINUTE_US + 1, "2m"),
            (90 * MINUTE_US, "90m"),
            (3 * DAY_US, "3d"),
            (28 * DAY_US, "28d"),
        ];
        for (us, text) in table {
            assert_eq!(written(us), text);
        }
        assert!(is_exact(MINUTE_US) && !is_exact(MINUTE_US - 1) && !is_exact(0));
    }

    #[test]
    fn months_and_minutes_are_told_apart() {
        let table = [
            ("1m", Some(MINUTE_US)),
            ("1M", Some(30 * DAY_US)),
            ("1Q", Some(90 * DAY_US)),
            ("1Y", Some(365 * DAY_US)),
            ("4w", Some(28 * DAY_US)),
            ("30s", None),
            ("1.5h", None),
            ("m", None),
            ("5", None),
            ("", None),
            ("99999999999999999999d", None),
            ("1é", None),
        ];
        for (text, us) in table {
            assert_eq!(read(text), us, "{text}");
        }
    }
}
