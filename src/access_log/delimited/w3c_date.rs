//! The date of lines that have a time only, as IIS writes them where its field `date` was not chosen.
//!
//! In: the directive `#Date: 2026-11-27 08:00:00`, then the times of lines, all in UTC. Out: the date of
//! each. A time that went back is one of the next day, so a day without any request is not noticed.

use jiff::civil::Date;

/// How the directive begins.
pub const DIRECTIVE: &[u8] = b"#Date:";
/// Lines are written when requests end, not quite in order: a time that went back no further is of the
/// same day, s.
const BACK_S_MAX: i32 = 60;
const DAY_S: i32 = 86_400;

/// Date and time of the latest line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineDate {
    date: Date,
    second: i32,
}

impl LineDate {
    /// What the directive says.
    pub fn from_directive(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line.strip_prefix(DIRECTIVE)?).ok()?;
        let (date, time) = text.trim().split_once(' ')?;
        (date.len() == 10).then_some(())?;
        Some(Self {
            date: date.parse().ok()?,
            second: second_of_day(time.trim_start().as_bytes())?,
        })
    }

    /// The directive that says it.
    pub fn directive(&self) -> String {
        let (minute, second) = (self.second / 60, self.second % 60);
        let (hour, minute) = (minute / 60, minute % 60);
        format!("#Date: {} {hour:02}:{minute:02}:{second:02}", self.date)
    }

    /// The date of a line with this time, as `2026-11-27`; `None` for what is no time.
    pub fn date_at(&mut self, time: &[u8]) -> Option<String> {
        let second = second_of_day(time)?;
        let step_s = second - self.second;
        let date = if step_s < -BACK_S_MAX {
            self.date = self.date.tomorrow().ok()?;
            self.second = second;
            self.date
        } else if step_s > DAY_S - BACK_S_MAX {
            // From before the midnight that another line has passed.
            self.date.yesterday().ok()?
        } else {
            self.second = self.second.max(second);
            self.date
        };
        Some(date.to_string())
    }
}

/// `08:00:00` as seconds since midnight; a leap second is the one before it.
fn second_of_day(time: &[u8]) -> Option<i32> {
    let [h, hh, b':', m, mm, b':', s, ss] = time else {
        return None;
    };
    let number = |tens: &u8, ones: &u8| {
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        is_number.then(|| i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
    };
    let (hour, minute, second) = (number(h, hh)?, number(m, mm)?, number(s, ss)?);
    let is_time = hour < 24 && minute < 60 && second <= 60;
    is_time.then_some((hour * 3_600 + minute * 60 + second).min(DAY_S - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dates(directive: &str, times: &[&str]) -> Vec<Option<String>> {
        let mut date = LineDate::from_directive(directive.as_bytes()).unwrap();
        let times = times.iter();
        times.map(|time| date.date_at(time.as_bytes())).collect()
    }

    #[test]
    fn a_time_that_went_back_is_of_the_next_day() {
        for (times, expected) in [
            (vec!["08:00:00", "23:59:59"], vec!["31", "31"]),
            (vec!["23:59:58", "00:00:02"], vec!["31", "01"]),
            (
                vec!["09:00:00", "08:58:59", "08:58:58"],
                vec!["31", "01", "01"],
            ),
            // Not quite in order, also around midnight.
            (vec!["09:00:00", "08:59:00"], vec!["31", "31"]),
            (
                vec!["23:59:59", "00:00:01", "23:59:58", "00:00:00"],
                vec!["31", "01", "31", "01"],
            ),
            (vec!["23:59:60", "00:00:00"], vec!["31", "01"]),
            (
                vec!["12:00:00", "11:00:00", "10:00:00"],
                vec!["31", "01", "02"],
            ),
        ] {
            let found = dates("#Date: 2026-12-31 08:00:00", &times);
            let days = found.into_iter().map(|date| date.unwrap()[8..].to_owned());
            assert_eq!(days.collect::<Vec<_>>(), expected, "{times:?}");
        }
    }

    #[test]
    fn what_is_no_time_changes_nothing() {
        let times = ["08:00", "24:00:00", "08:60:00", "08:00:0x", "", "08:00:01"];
        let found = dates("#Date: 2026-11-27 08:00:00", &times);
        assert!(found[..5].iter().all(Option::is_none), "{found:?}");
        assert_eq!(found[5].as_deref(), Some("2026-11-27"));
        for directive in [
            "#Date:",
            "#Date: 2026-11-27",
            "#Date: 27.11.2026 08:00:00",
            "#Date: 2026-02-30 08:00:00",
            "#Date: 20261127 08:00:00",
            "#Fields: 2026-11-27 08:00:00",
        ] {
            let found = LineDate::from_directive(directive.as_bytes());
            assert_eq!(found, None, "{directive}");
        }
    }

    proptest! {
        #[test]
        fn a_directive_is_read_back(directive in "#Date: [0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]) ([01][0-9]|2[0-3])(:[0-5][0-9]){2}") {
            let date = LineDate::from_directive(directive.as_bytes()).unwrap();
            prop_assert_eq!(date.directive(), directive);
        }
    }
}
