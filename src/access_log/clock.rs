//! Timestamps of access logs, as UTC µs, without a general date parser on the hot path.
//!
//! Lines of one second share their timestamp text, so the last one is remembered. Own code instead
//! of `jiff`: it is called once per line of a log; a property test compares the two.

const US_PER_S: i64 = 1_000_000;

/// Reads timestamps and remembers the last one.
#[derive(Debug, Default)]
pub struct Clock {
    last_text: Vec<u8>,
    last_us: i64,
}

impl Clock {
    /// `22/Jan/2019:03:56:14 +0330` (Apache `%t`, nginx `$time_local`), as UTC µs.
    pub fn clf_us(&mut self, text: &[u8]) -> Option<i64> {
        self.remembered(text, parse_clf)
    }

    /// `2015-07-22T09:00:28.019143Z` with one to six decimals or none, as UTC µs.
    pub fn iso_utc_us(&mut self, text: &[u8]) -> Option<i64> {
        let (whole, rest) = text.split_at_checked(19)?;
        let whole_us = self.remembered(whole, parse_iso)?;
        let fraction_us = match rest {
            b"Z" => 0,
            [b'.', digits @ .., b'Z'] if (1..=6).contains(&digits.len()) => {
                let scale = 10_i64.pow(6 - u32::try_from(digits.len()).ok()?);
                number(digits)? * scale
            }
            _ => return None,
        };
        Some(whole_us + fraction_us)
    }

    fn remembered(&mut self, text: &[u8], parse: fn(&[u8]) -> Option<i64>) -> Option<i64> {
        if !text.is_empty() && self.last_text == text {
            return Some(self.last_us);
        }
        let us = parse(text)?;
        self.last_text.clear();
        self.last_text.extend_from_slice(text);
        self.last_us = us;
        Some(us)
    }
}

fn parse_clf(text: &[u8]) -> Option<i64> {
    let [
        d1,
        d2,
        b'/',
        m1,
        m2,
        m3,
        b'/',
        y1,
        y2,
        y3,
        y4,
        b':',
        time @ ..,
        b' ',
        sign,
        h1,
        h2,
        o1,
        o2,
    ] = text
    else {
        return None;
    };
    let month = month_of([*m1, *m2, *m3])?;
    let days = days_from_civil(number(&[*y1, *y2, *y3, *y4])?, month, number(&[*d1, *d2])?)?;
    let offset_s = number(&[*h1, *h2])? * 3_600 + number(&[*o1, *o2])? * 60;
    let offset_s = match sign {
        b'+' => offset_s,
        b'-' => -offset_s,
        _ => return None,
    };
    Some((days * 86_400 + second_of_day(time)? - offset_s) * US_PER_S)
}

fn parse_iso(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', time @ ..] = text else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let days = days_from_civil(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    Some((days * 86_400 + second_of_day(time)?) * US_PER_S)
}

/// `03:56:14` as seconds; a leap second `:60` is the second after it, as POSIX counts.
fn second_of_day(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else {
        return None;
    };
    let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
    let second = number(&[*s1, *s2])?;
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3_600 + minute * 60 + second)
}

fn month_of(name: [u8; 3]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let index = NAMES.iter().position(|month| **month == name)?;
    i64::try_from(index + 1).ok()
}

/// Days since 1970-01-01 of a date from 1970 to 9998, after Howard Hinnant's `days_from_civil`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_index = usize::try_from(month.checked_sub(1)?).ok()?;
    let day_max = *DAYS.get(month_index)? + i64::from(is_leap && month == 2);
    if !(1970..9999).contains(&year) || !(1..=day_max).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// A decimal number of digits only; `None` for anything else, and past 18 digits.
pub fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })
}

/// `12.345678` seconds as µs, more decimals cut off; `None` for anything but digits and one point.
pub fn seconds_as_us(text: &[u8]) -> Option<u64> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b""[..]),
    };
    if !fraction.iter().all(u8::is_ascii_digit) || (point.is_some() && fraction.is_empty()) {
        return None;
    }
    let fraction_us = (0..6).fold(0, |value, index| {
        value * 10
            + fraction
                .get(index)
                .map_or(0, |digit| i64::from(digit - b'0'))
    });
    let us = number(whole)?
        .checked_mul(US_PER_S)?
        .checked_add(fraction_us)?;
    u64::try_from(us).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clf(text: &str) -> Option<i64> {
        Clock::default().clf_us(text.as_bytes())
    }

    fn iso(text: &str) -> Option<i64> {
        Clock::default().iso_utc_us(text.as_bytes())
    }

    #[test]
    fn the_offset_is_subtracted() {
        assert_eq!(clf("01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(
            clf("22/Jan/2019:03:56:14 +0330"),
            Some(1_548_116_774 * US_PER_S)
        );
        assert_eq!(
            clf("21/Jan/2019:19:26:14 -0500"),
            Some(1_548_116_774 * US_PER_S)
        );
    }

    #[test]
    fn fractions_are_microseconds() {
        assert_eq!(
            iso("2015-07-22T09:00:28.019143Z"),
            Some(1_437_555_628_019_143)
        );
        assert_eq!(iso("2015-07-22T09:00:28.5Z"), Some(1_437_555_628_500_000));
        assert_eq!(iso("2015-07-22T09:00:28Z"), Some(1_437_555_628_000_000));
    }

    #[test]
    fn a_leap_second_is_the_second_after_it() {
        assert_eq!(
            clf("31/Dec/2016:23:59:60 +0000"),
            clf("01/Jan/2017:00:00:00 +0000")
        );
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "30/Feb/2019:00:00:00 +0000",
            "29/Feb/2019:00:00:00 +0000",
            "01/Foo/2019:00:00:00 +0000",
            "01/Jan/0000:00:00:00 +0000",
            "01/Jan/9999:00:00:00 +0000",
            "01/Jan/2019:24:00:00 +0000",
            "01/Jan/2019:00:00:61 +0000",
            "01/Jan/2019:00:00:00 0000",
            "",
        ] {
            assert_eq!(clf(text), None, "{text}");
        }
        assert_eq!(iso("2015-07-22T09:00:28.Z"), None);
        assert_eq!(iso("2015-07-22T09:00:28.0191431Z"), None);
        assert_eq!(iso("2015-07-22T09:00:28"), None);
    }

    #[test]
    fn the_memory_of_one_timestamp_never_answers_for_another() {
        let mut clock = Clock::default();
        assert_eq!(clock.clf_us(b"01/Jan/1970:00:00:01 +0000"), Some(US_PER_S));
        assert_eq!(
            clock.clf_us(b"01/Jan/1970:00:00:02 +0000"),
            Some(2 * US_PER_S)
        );
        assert_eq!(clock.clf_us(b"nonsense"), None);
        assert_eq!(
            clock.clf_us(b"01/Jan/1970:00:00:02 +0000"),
            Some(2 * US_PER_S)
        );
    }

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
            assert_eq!(seconds_as_us(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn timestamps_are_those_of_a_general_date_parser(second in 0..253_370_764_800_i64, offset_min in -840..=840_i32) {
            let zone = jiff::tz::Offset::from_seconds(offset_min * 60).unwrap();
            let zoned = jiff::Timestamp::from_second(second).unwrap().to_zoned(zone.to_time_zone());
            prop_assume!((1970..9999).contains(&zoned.year()));
            let text = zoned.strftime("%d/%b/%Y:%H:%M:%S %z").to_string();
            prop_assert_eq!(clf(&text), Some(second * US_PER_S));
        }
    }
}
