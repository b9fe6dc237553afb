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
        let decimals = match self {
            Unit::Seconds => 6,
            Unit::Milliseconds => 3,
            Unit::Microseconds | Unit::Nanoseconds => 0,
        };
        if let Some(us) = short_as_us(text, decimals) {
            return Some(us);
        }
        let whole_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut us = number(&text[..whole_digits])?;
        let fraction = match &text[whole_digits..] {
            [] => &[],
            [b'.', fraction @ ..] if !fraction.is_empty() => fraction,
            _ => return None,
        };
        for (index, digit) in fraction
            .iter()
            .map(|byte| byte.wrapping_sub(b'0'))
            .enumerate()
        {
            if digit > 9 {
                return None;
            }
            if index < decimals {
                us = us.checked_mul(10)?.checked_add(i64::from(digit))?;
            }
        }
        if self == Unit::Nanoseconds {
            return Some(us.unsigned_abs() / 1_000);
        }
        let zeros = decimals.saturating_sub(fraction.len());
        us = us.checked_mul(POWERS_OF_TEN[zeros])?;
        u64::try_from(us).ok()
    }
}

/// A number with a point that fits as it is, as most are: at most as many decimals as count.
#[inline]
fn short_as_us(text: &[u8], decimals: usize) -> Option<u64> {
    let point = text.iter().position(|byte| *byte == b'.')?;
    let fraction_digits = text.len() - point - 1;
    // 12 digits and 6 zeros are no overflow.
    if point == 0 || text.len() > 13 || !(1..=decimals).contains(&fraction_digits) {
        return None;
    }
    let mut us = 0;
    for (index, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            us = us * 10 + u64::from(digit);
        } else if index != point {
            return None;
        }
    }
    Some(us * POWERS_OF_TEN[decimals - fraction_digits].unsigned_abs())
}

/// 10⁰ to 10⁶.
const POWERS_OF_TEN: [i64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// A decimal number of digits only; `None` for anything else, and past the largest `i64`.
#[must_use]
pub fn number(digits: &[u8]) -> Option<i64> {
    // 18 digits are always below the largest number.
    if (1..=18).contains(&digits.len()) {
        let mut value = 0_i64;
        for digit in digits {
            let digit = digit.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(value);
    }
    if digits.len() != 19 {
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
            ("9223372036854.775807", Some(9_223_372_036_854_775_807)),
            ("9223372036854.775808", None),
            ("1.2.3", None),
            ("1,5", None),
        ] {
            assert_eq!(Unit::Seconds.as_us(text.as_bytes()), expected, "{text}");
        }
    }
}
