//! Numbers of logs and their units, exact: no number goes through a float.

/// The unit of a number in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, maybe with decimals.
    Seconds,
    /// Milliseconds, maybe with decimals.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Unit {
    /// `text`, a decimal number of this unit, as µs; what is less than one µs is cut off. `None`
    /// for anything but digits with at most one point between them, and past the largest `i64`.
    #[must_use]
    pub fn as_us(self, text: &[u8]) -> Option<u64> {
        let point = memchr::memchr(b'.', text);
        let (whole, fraction) = match point {
            Some(point) => (&text[..point], &text[point + 1..]),
            None => (text, &b""[..]),
        };
        if !fraction.iter().all(u8::is_ascii_digit) || (point.is_some() && fraction.is_empty()) {
            return None;
        }
        let decimals = match self {
            Unit::Seconds => 6,
            Unit::Milliseconds => 3,
            Unit::Microseconds => 0,
            Unit::Nanoseconds => return Some(number(whole)?.unsigned_abs() / 1_000),
        };
        let mut us = number(whole)?;
        for index in 0..decimals {
            let digit = fraction.get(index).map_or(0, |digit| digit - b'0');
            us = us.checked_mul(10)?.checked_add(i64::from(digit))?;
        }
        u64::try_from(us).ok()
    }
}

/// A decimal number of digits only; `None` for anything else, and past the largest `i64`.
#[must_use]
pub fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_seconds_become_microseconds() {
        for (text, expected) in [
            ("0.123", Some(123_000)),
            ("12", Some(12_000_000)),
            ("0.0000019", Some(1)),
            ("1.", None),
            (".5", None),
            ("-1", None),
            ("-", None),
            ("", None),
            ("1e3", None),
            ("999999999999999999", None),
        ] {
            assert_eq!(Unit::Seconds.as_us(text.as_bytes()), expected, "{text}");
        }
    }
}
