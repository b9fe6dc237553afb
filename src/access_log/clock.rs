//! Timestamps of access logs, as UTC µs, without a general date parser on the hot path.
//!
//! Lines of one second share their timestamp text, so the last one is remembered. Own code instead
//! of `jiff`: it is called once per line of a log; a property test compares the two.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::unit::{Unit, number, second_of_day, short_number};

const US_PER_S: i64 = 1_000_000;
/// Bytes of `2015-07-22T`.
const DATE_BYTES: usize = 11;

/// Reads timestamps and remembers the last one.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Where times without an offset were written.
    zone: TimeZone,
    last_text: Vec<u8>,
    last_us: i64,
    /// The last date as ISO 8601 has it, with what is before the time, and its begin.
    last_date: Option<([u8; DATE_BYTES], i64)>,
    /// The last quarter of an hour of local time, counted from 1970, and its offset from UTC, s.
    last_offset: Option<(i64, i64)>,
    /// Whether nobody has said which zone that is.
    is_assumed: bool,
    /// Whether a time without an offset was read while nobody has said its zone.
    pub read_local: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            is_assumed: true,
            ..Self::new(TimeZone::UTC)
        }
    }
}

impl Clock {
    /// A clock for logs whose times without an offset were written in `zone`.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            last_text: Vec::new(),
            last_us: 0,
            last_date: None,
            last_offset: None,
            is_assumed: false,
            read_local: false,
        }
    }

    /// The last text that was remembered, and its UTC µs.
    #[inline]
    pub fn last(&self) -> Option<(&[u8], i64)> {
        (!self.last_text.is_empty()).then_some((&self.last_text, self.last_us))
    }

    /// `22/Jan/2019:03:56:14 +0330` (Apache `%t`, nginx `$time_local`), as UTC µs.
    pub fn clf_us(&mut self, text: &[u8]) -> Option<i64> {
        if !text.is_empty() && self.last_text == text {
            return Some(self.last_us);
        }
        self.remember(text, parse_clf(text)?)
    }

    /// `12/Mar/2021:06:56:28.088` in the zone of the log (HAProxy), as UTC µs; the fraction is
    /// optional.
    pub fn clf_local_us(&mut self, text: &[u8]) -> Option<i64> {
        let (whole, fraction) = text.split_at_checked(20)?;
        let whole_us = self.local_us(whole, parse_clf_date_time)?;
        Some(whole_us + fraction_us(fraction)?)
    }

    /// `2015-07-22T09:00:28.019143Z`, as UTC µs: date and time with `T` or a space between them,
    /// any number of decimals (after `.` or `,`), then `Z`, `+03:30`, `+0330`, `+03`, or nothing for a
    /// time in the zone of the log.
    #[inline]
    pub fn iso_us(&mut self, text: &[u8]) -> Option<i64> {
        self.last_date_us(text).or_else(|| self.any_iso_us(text))
    }

    /// `2015-07-22T09:00:28.019143Z`, a time of the last date as load balancers write it.
    #[inline]
    fn last_date_us(&self, text: &[u8]) -> Option<i64> {
        let (last, begin_us) = self.last_date.as_ref()?;
        let (date, time) = text.split_first_chunk::<DATE_BYTES>()?;
        let (time, fraction) = time.split_first_chunk::<8>()?;
        let fraction: &[u8; 8] = fraction.as_array()?;
        if date != last || fraction[0] != b'.' || fraction[7] != b'Z' {
            return None;
        }
        let fraction_us = short_number(u64::from_le_bytes(*fraction) >> 8, 6)?.cast_signed();
        Some(begin_us + second_of_day(time)? * US_PER_S + fraction_us)
    }

    fn any_iso_us(&mut self, text: &[u8]) -> Option<i64> {
        let (whole, rest) = text.split_at_checked(19)?;
        let fraction_end = match rest.first() {
            Some(b'.' | b',') => {
                1 + rest[1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count()
            }
            _ => 0,
        };
        let (fraction, offset) = rest.split_at(fraction_end);
        let fraction_us = fraction_us(fraction)?;
        if offset.is_empty() {
            return Some(self.local_us(whole, parse_iso)? + fraction_us);
        }
        let offset_s = parse_offset(offset)?;
        let whole_us = if self.last_text == whole {
            self.last_us
        } else {
            let us = self.iso_whole_us(whole)?;
            self.remember(whole, us)?
        };
        Some(whole_us - offset_s * US_PER_S + fraction_us)
    }

    /// A time without fraction and offset; only the time of day is read where the date is the last one.
    fn iso_whole_us(&mut self, whole: &[u8]) -> Option<i64> {
        let (date, time) = whole.split_first_chunk::<DATE_BYTES>()?;
        if let Some((last, us)) = &self.last_date
            && date == last
        {
            return Some(us + second_of_day(time)? * US_PER_S);
        }
        let us = parse_iso(whole)?;
        self.last_date = Some((*date, us - second_of_day(time)? * US_PER_S));
        Some(us)
    }

    /// `1693840791.7565`, a number of `unit` since 1970, as UTC µs; years 1970 to 9998.
    pub fn epoch_us(&mut self, text: &[u8], unit: Unit) -> Option<i64> {
        let us = i64::try_from(unit.as_us(text)?).ok()?;
        (us < END_OF_TIME_US).then_some(us)
    }

    fn remember(&mut self, text: &[u8], us: i64) -> Option<i64> {
        self.last_text.clear();
        self.last_text.extend_from_slice(text);
        self.last_us = us;
        Some(us)
    }

    /// The UTC µs of a time in the zone of the log. Twice the same hour at the end of summer time
    /// is the first of the two; an hour that was skipped is an hour later, as most software reads it.
    fn local_us(&mut self, text: &[u8], parse: fn(&[u8]) -> Option<i64>) -> Option<i64> {
        let local_us = parse(text)?;
        self.read_local |= self.is_assumed;
        if self.zone == TimeZone::UTC {
            return Some(local_us);
        }
        // Offsets change at full quarters of an hour.
        let quarter = local_us.div_euclid(900 * US_PER_S);
        let offset_s = match self.last_offset {
            Some((same, offset_s)) if same == quarter => offset_s,
            _ => {
                let found = self.offset_s(local_us)?;
                self.last_offset = Some((quarter, found));
                found
            }
        };
        Some(local_us - offset_s * US_PER_S)
    }

    fn offset_s(&self, local_us: i64) -> Option<i64> {
        let as_if_utc = jiff::Timestamp::from_microsecond(local_us).ok()?;
        let civil: DateTime = TimeZone::UTC.to_datetime(as_if_utc);
        let instant = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some((local_us - instant.as_microsecond()).div_euclid(US_PER_S))
    }
}

/// 9999-01-01T00:00:00Z, UTC µs; what is not before it is no time.
pub const END_OF_TIME_US: i64 = 253_370_764_800 * US_PER_S;

/// `.019143` as µs; nothing is 0, digits past the sixth are cut off.
fn fraction_us(text: &[u8]) -> Option<i64> {
    let [b'.' | b',', digits @ ..] = text else {
        return text.is_empty().then_some(0);
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((0..6).fold(0, |us, index| {
        us * 10 + digits.get(index).map_or(0, |digit| i64::from(digit - b'0'))
    }))
}

/// `Z`, `+03:30`, `+0330` or `+03` as seconds.
fn parse_offset(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        b"Z" | b"z" => return Some(0),
        [sign, h1, h2] => (sign, [*h1, *h2], *b"00"),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, [*h1, *h2], [*m1, *m2]),
        _ => return None,
    };
    let offset_s = number(&hours)? * 3_600 + number(&minutes)? * 60;
    match sign {
        b'+' => Some(offset_s),
        b'-' => Some(-offset_s),
        _ => None,
    }
}

fn parse_clf(text: &[u8]) -> Option<i64> {
    let (whole, rest) = text.split_at_checked(20)?;
    let [b' ', offset @ ..] = rest else {
        return None;
    };
    Some(parse_clf_date_time(whole)? - parse_offset(offset)? * US_PER_S)
}

/// `22/Jan/2019:03:56:14`.
fn parse_clf_date_time(text: &[u8]) -> Option<i64> {
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
    ] = text
    else {
        return None;
    };
    let month = month_of([*m1, *m2, *m3])?;
    let days = days_from_civil(number(&[*y1, *y2, *y3, *y4])?, month, number(&[*d1, *d2])?)?;
    Some((days * 86_400 + second_of_day(time)?) * US_PER_S)
}

fn parse_iso(text: &[u8]) -> Option<i64> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T' | b't' | b' ',
        time @ ..,
    ] = text
    else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let days = days_from_civil(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    Some((days * 86_400 + second_of_day(time)?) * US_PER_S)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clf(text: &str) -> Option<i64> {
        Clock::default().clf_us(text.as_bytes())
    }

    fn iso(text: &str) -> Option<i64> {
        Clock::default().iso_us(text.as_bytes())
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
    fn offsets_and_separators_of_many_writers_are_read() {
        let us = 1_437_555_628_019_143;
        for text in [
            "2015-07-22T09:00:28.019143999Z",
            "2015-07-22 12:30:28.019143+03:30",
            "2015-07-22T12:30:28,019143+0330",
            "2015-07-22T04:00:28.019143-05",
            "2015-07-22T09:00:28.019143",
        ] {
            assert_eq!(iso(text), Some(us), "{text}");
        }
        // Two offsets in one file, one second apart and at the same second.
        let mut clock = Clock::default();
        assert_eq!(
            clock.iso_us(b"2015-07-22T09:00:28Z"),
            Some(1_437_555_628 * US_PER_S)
        );
        assert_eq!(
            clock.iso_us(b"2015-07-22T09:00:28+01:00"),
            Some(1_437_552_028 * US_PER_S)
        );
    }

    #[test]
    fn times_without_an_offset_are_of_the_zone_of_the_log() {
        let mut clock = Clock::new(TimeZone::get("Europe/Berlin").unwrap());
        for (text, expected_s) in [
            ("2026-11-27 08:00:00", 1_795_762_800),
            ("2026-07-01 08:00:00", 1_782_885_600),
            // The clocks go back at 03:00: 02:30 is the first of two, still summer time.
            ("2026-10-25 01:59:59", 1_792_886_399),
            ("2026-10-25 02:30:00", 1_792_888_200),
            ("2026-10-25 03:00:00", 1_792_893_600),
            // The clocks go forward at 02:00: 02:30 is read as 03:30.
            ("2026-03-29 02:30:00", 1_774_747_800),
        ] {
            assert_eq!(
                clock.iso_us(text.as_bytes()),
                Some(expected_s * US_PER_S),
                "{text}"
            );
        }
        let haproxy = clock.clf_local_us(b"27/Nov/2026:08:00:00.125");
        assert_eq!(haproxy, Some(1_795_762_800 * US_PER_S + 125_000));
    }

    #[test]
    fn numbers_since_1970_are_read_in_their_unit() {
        let mut clock = Clock::default();
        for (text, unit, expected) in [
            (
                "1693840791.7564995",
                Unit::Seconds,
                Some(1_693_840_791_756_499),
            ),
            (
                "1693840791756",
                Unit::Milliseconds,
                Some(1_693_840_791_756_000),
            ),
            (
                "1693840791756499",
                Unit::Microseconds,
                Some(1_693_840_791_756_499),
            ),
            (
                "1693840791756499123",
                Unit::Nanoseconds,
                Some(1_693_840_791_756_499),
            ),
            ("-1", Unit::Seconds, None),
            ("999999999999", Unit::Seconds, None),
        ] {
            assert_eq!(clock.epoch_us(text.as_bytes(), unit), expected, "{text}");
        }
    }

    #[test]
    fn times_of_one_date_and_of_the_next_are_told_apart() {
        let mut clock = Clock::default();
        for (text, expected_s) in [
            ("2015-07-22T09:00:28Z", Some(1_437_555_628)),
            ("2015-07-22T00:00:00Z", Some(1_437_523_200)),
            ("2015-07-22T24:00:00Z", None),
            ("2015-07-22T23:59:60Z", Some(1_437_609_600)),
            ("2015-07-23T00:00:01Z", Some(1_437_609_601)),
            ("2015-07-32T00:00:01Z", None),
            ("2015-07-23T00:00:02+01:00", Some(1_437_606_002)),
        ] {
            let expected = expected_s.map(|seconds: i64| seconds * US_PER_S);
            assert_eq!(clock.iso_us(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_time_of_the_last_date_is_read_as_any_other_time() {
        let mut clock = Clock::default();
        clock.iso_us(b"2015-07-22T00:00:00Z").unwrap();
        for text in [
            "2015-07-22T09:00:28.019143Z",
            "2015-07-22T23:59:60.999999Z",
            "2015-07-22T24:00:00.000000Z",
            "2015-07-22T09:0a:28.019143Z",
            "2015-07-22T09:00:28.01914xZ",
            "2015-07-22T09:00:28.019143+",
            "2015-07-22T09:00:28,019143Z",
            "2015-07-22 09:00:28.019143Z",
            "2015-07-23T09:00:28.019143Z",
        ] {
            assert_eq!(clock.clone().iso_us(text.as_bytes()), iso(text), "{text}");
        }
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
        assert_eq!(iso("2015-07-22T09:00:28+3"), None);
        assert_eq!(iso("2015-07-22"), None);
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
