//! Numbers of logs and their units, exact: no number goes through a float. Those of up to eight bytes, as
//! nearly all are, are read as one word.

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
    #[inline]
    pub fn as_us(self, text: &[u8]) -> Option<u64> {
        short_as_us(text, self.decimals()).or_else(|| self.long_as_us(text))
    }

    /// Decimals that make a µs.
    #[inline]
    fn decimals(self) -> usize {
        match self {
            Unit::Seconds => 6,
            Unit::Milliseconds => 3,
            Unit::Microseconds | Unit::Nanoseconds => 0,
        }
    }

    fn long_as_us(self, text: &[u8]) -> Option<u64> {
        let decimals = self.decimals();
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

/// A number below ten with a point and at most as many decimals as count, as most are.
#[inline]
fn short_as_us(text: &[u8], decimals: usize) -> Option<u64> {
    let [whole @ b'0'..=b'9', b'.', fraction @ ..] = text else {
        return None;
    };
    let zeros = decimals.checked_sub(fraction.len())?;
    let fraction = short_number(short_word(fraction)?, fraction.len())?;
    let power = |zeros: usize| POWERS_OF_TEN[zeros].cast_unsigned();
    Some(u64::from(whole - b'0') * power(decimals) + fraction * power(zeros))
}

/// A one in each of eight bytes.
const EACH: u64 = 0x0101_0101_0101_0101;

/// One to eight bytes as one word, the first byte lowest.
#[inline]
fn short_word(text: &[u8]) -> Option<u64> {
    let length = text.len();
    // Where two of these have a byte it is the same one.
    match text {
        [first @ .., last] if length < 4 => {
            let (first, middle) = (*first.first().unwrap_or(last), text[length / 2]);
            let word = u32::from(first) | u32::from(middle) << (length / 2 * 8);
            Some(u64::from(word | u32::from(*last) << ((length - 1) * 8)))
        }
        _ if length <= 8 => {
            let first = u32::from_le_bytes(*text.first_chunk()?);
            let last = u32::from_le_bytes(*text.last_chunk()?);
            Some(u64::from(first) | u64::from(last) << ((length - 4) * 8))
        }
        _ => None,
    }
}

/// The number whose digits are the lowest `length` bytes of `word`, 1 to 8, the first digit lowest.
#[inline]
pub fn short_number(word: u64, length: usize) -> Option<u64> {
    // The bytes behind the digits are shifted out, and zeros come in before the first.
    let digits = (word ^ (EACH * b'0' as u64)) << (64 - length * 8);
    let too_large = digits.wrapping_add(EACH * (0x7f - 9)) | digits;
    if too_large & (EACH << 7) != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// 10⁰ to 10⁶.
const POWERS_OF_TEN: [i64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// A decimal number of digits only; `None` for anything else, and past the largest `i64`.
#[must_use]
#[inline]
pub fn number(digits: &[u8]) -> Option<i64> {
    if let [digit @ b'0'..=b'9'] = digits {
        return Some(i64::from(digit - b'0'));
    }
    match short_word(digits) {
        Some(word) => Some(short_number(word, digits.len())?.cast_signed()),
        None => long_number(digits),
    }
}

/// A number of any length.
fn long_number(digits: &[u8]) -> Option<i64> {
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

/// `03:56:14` as seconds, in one word; a leap second `:60` is the second after it, as POSIX counts.
#[inline]
pub fn second_of_day(text: &[u8]) -> Option<i64> {
    const SHAPE: u64 = u64::from_le_bytes(*b"00:00:00");
    /// Added to what differs from the shape it reaches the top bit of every byte that is not a digit, or no colon.
    const TO_TOP_BIT: u64 = 0x7676_7f76_767f_7676;
    let digits = u64::from_le_bytes(*text.as_array()?) ^ SHAPE;
    let is_wrong = digits.wrapping_add(TO_TOP_BIT) | digits;
    if is_wrong & (EACH << 7) != 0 {
        return None;
    }
    let [hour, _, _, minute, _, _, second, _] = (digits * 10 + (digits >> 8)).to_le_bytes();
    let second_of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    (hour < 24 && minute < 60 && second <= 60).then_some(second_of_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_second_of_a_day_is_two_digits_three_times(text in "[0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9:;/\u{c0}]{7,9}") {
            let parts: Vec<&str> = text.split(':').collect();
            let expected = match parts[..] {
                [hour, minute, second] if parts.iter().all(|part| part.len() == 2) => {
                    let number = |part: &str| number(part.as_bytes());
                    number(hour).zip(number(minute)).zip(number(second))
                }
                _ => None,
            };
            let expected = expected
                .filter(|((hour, minute), second)| *hour < 24 && *minute < 60 && *second <= 60)
                .map(|((hour, minute), second)| hour * 3_600 + minute * 60 + second);
            prop_assert_eq!(second_of_day(text.as_bytes()), expected);
        }

        #[test]
        fn a_short_number_is_what_one_of_any_length_is(text in "[0-9]{0,10}|[-0-9./:;+\\x00\u{80}-\u{ff}]{0,9}") {
            prop_assert_eq!(number(text.as_bytes()), long_number(text.as_bytes()));
        }

        #[test]
        fn a_short_duration_is_what_one_of_any_length_is(
            text in "[0-9]{0,3}[.][0-9]{0,7}|[-0-9./:;+\\x00\u{80}-\u{ff}]{0,9}",
        ) {
            for unit in [Unit::Seconds, Unit::Milliseconds, Unit::Microseconds, Unit::Nanoseconds] {
                let text = text.as_bytes();
                prop_assert_eq!(unit.as_us(text), unit.long_as_us(text));
            }
        }
    }
}
