//! What the whole column of created times says that one cell does not: which number is the day, and
//! whether there is a zone.
//!
//! In: every cell as it is written. Out: a way to make moments of them, or why there is none.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::{PLACES_MAX, TicketError};
use super::moment::{DayOrder, Written, WrittenDate};

/// A created time, its line, and its text for messages where one is kept.
pub struct Cell<'a> {
    /// What is written.
    pub written: Written,
    /// Line of the row.
    pub line: u64,
    /// As it is written.
    pub text: &'a str,
}

/// Looks at every cell of the column; keeps a few examples only.
#[derive(Debug, Default)]
pub struct CreatedColumn {
    with: Examples,
    without: Examples,
    only_day_first: Examples,
    only_month_first: Examples,
    either: Examples,
}

#[derive(Debug, Default)]
struct Examples {
    count: usize,
    texts: Vec<String>,
}

impl Examples {
    fn push(&mut self, cell: &Cell<'_>) {
        self.count += 1;
        if self.texts.len() < PLACES_MAX {
            self.texts
                .push(format!("{} in line {}", cell.text, cell.line));
        }
    }
}

/// How to read the column.
#[derive(Debug, Clone)]
pub struct CreatedRule {
    order: DayOrder,
    zone: Option<TimeZone>,
}

impl CreatedColumn {
    /// Looks at a cell.
    pub fn push(&mut self, cell: &Cell<'_>) {
        let Written::Clock { date, offset_s, .. } = cell.written else {
            // Numbers since 1970 are moments: they have a zone.
            self.with.push(cell);
            return;
        };
        match offset_s {
            Some(_) => self.with.push(cell),
            None => self.without.push(cell),
        }
        if let WrittenDate::Either { .. } = date {
            let is_day = |order| date.date(order).is_some();
            match (is_day(DayOrder::DayFirst), is_day(DayOrder::MonthFirst)) {
                (true, false) => self.only_day_first.push(cell),
                (false, true) => self.only_month_first.push(cell),
                (true, true) | (false, false) => self.either.push(cell),
            }
        }
    }

    /// The rule that fits all cells.
    ///
    /// # Errors
    /// When some cells have a zone and others none, when none has one and none is named, or when day and
    /// month cannot be told apart.
    pub fn rule(
        self,
        zone: Option<&TimeZone>,
        order: Option<DayOrder>,
    ) -> Result<CreatedRule, TicketError> {
        if self.with.count > 0 && self.without.count > 0 {
            return Err(TicketError::MixedZones {
                with: self.with.count,
                without: self.without.count,
                with_examples: self.with.texts,
                without_examples: self.without.texts,
            });
        }
        if self.without.count > 0 && zone.is_none() {
            return Err(TicketError::NoZone {
                examples: self.without.texts,
            });
        }
        Ok(CreatedRule {
            order: self.order(order)?,
            zone: zone.cloned(),
        })
    }

    fn order(&self, asked: Option<DayOrder>) -> Result<DayOrder, TicketError> {
        if let Some(asked) = asked {
            return Ok(asked);
        }
        let refused = |examples: &[&Examples], is_contradicted| {
            let texts = examples
                .iter()
                .flat_map(|examples| examples.texts.iter().take(2));
            Err(TicketError::DayOrder {
                examples: texts.cloned().collect(),
                is_contradicted,
            })
        };
        match (
            self.only_day_first.count,
            self.only_month_first.count,
            self.either.count,
        ) {
            (1.., 1.., _) => refused(&[&self.only_day_first, &self.only_month_first], true),
            (0, 0, 1..) => refused(&[&self.either], false),
            (0, 1.., _) => Ok(DayOrder::MonthFirst),
            (_, 0, _) => Ok(DayOrder::DayFirst),
        }
    }
}

impl CreatedRule {
    /// UTC µs of a created time.
    ///
    /// # Errors
    /// What is wrong with it: a day that does not exist, or a local time that the clocks skip or show
    /// twice.
    pub fn moment_us(&self, written: Written) -> Result<i64, &'static str> {
        let (date, time, offset_s) = match written {
            Written::Epoch(us) => return Ok(us),
            Written::Clock {
                date,
                time,
                offset_s,
            } => (date, time, offset_s),
        };
        let date = date
            .date(self.order)
            .ok_or("names a day that does not exist")?;
        let local: DateTime = date.to_datetime(time);
        if let Some(offset_s) = offset_s {
            let utc = TimeZone::UTC
                .to_timestamp(local)
                .map_err(|_| "is outside of the calendar")?;
            return Ok(utc.as_microsecond() - i64::from(offset_s) * 1_000_000);
        }
        let zone = self.zone.as_ref().ok_or("has no time zone")?;
        let zoned = zone.to_ambiguous_zoned(local).unambiguous();
        zoned
            .map(|zoned| zoned.timestamp().as_microsecond())
            .map_err(|_| "is a local time that the clocks skip or show twice")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::tickets::moment::read;
    use crate::time_window::{rfc3339, zone};

    fn rule(
        cells: &[&str],
        zone_name: Option<&str>,
        order: Option<DayOrder>,
    ) -> Result<CreatedRule, TicketError> {
        let mut column = CreatedColumn::default();
        for (line, text) in (2..).zip(cells) {
            let written = read(text).unwrap();
            column.push(&Cell {
                written,
                line,
                text,
            });
        }
        let zone = zone_name.map(|name| zone(name).unwrap());
        column.rule(zone.as_ref(), order)
    }

    fn moments(cells: &[&str], zone_name: Option<&str>) -> Vec<String> {
        let rule = rule(cells, zone_name, None).unwrap();
        let moments = cells
            .iter()
            .map(|text| match rule.moment_us(read(text).unwrap()) {
                Ok(us) => rfc3339(us),
                Err(why) => why.to_owned(),
            });
        moments.collect()
    }

    #[test]
    fn offsets_may_differ_from_row_to_row() {
        assert_eq!(
            moments(
                &[
                    "2026-11-27T08:00:00Z",
                    "2026-11-27 10:00:00 +0100",
                    "1795766401"
                ],
                None
            ),
            [
                "2026-11-27T08:00:00Z",
                "2026-11-27T09:00:00Z",
                "2026-11-27T08:00:01Z"
            ]
        );
    }

    #[test]
    fn one_day_above_twelve_tells_the_order_of_all() {
        assert_eq!(
            moments(&["3/4/2026 08:00", "3/27/2026 08:00"], Some("UTC")),
            ["2026-03-04T08:00:00Z", "2026-03-27T08:00:00Z"]
        );
        assert_eq!(
            moments(&["3/4/2026 08:00", "27/3/2026 08:00"], Some("UTC")),
            ["2026-04-03T08:00:00Z", "2026-03-27T08:00:00Z"]
        );
    }

    #[test]
    fn the_hour_that_the_clocks_change_is_no_exact_time() {
        assert_eq!(
            moments(
                &["2026-10-25 02:30", "2026-03-29 02:30", "2026-10-25 03:30"],
                Some("Europe/Berlin")
            ),
            [
                "is a local time that the clocks skip or show twice",
                "is a local time that the clocks skip or show twice",
                "2026-10-25T02:30:00Z"
            ]
        );
    }

    #[test]
    fn what_is_not_told_is_refused_with_its_rows() {
        for (cells, zone_name, message) in [
            (
                &["2026-11-27 08:00"][..],
                None,
                "created times have no time zone, such as `2026-11-27 08:00 in line 2`",
            ),
            (
                &["2026-11-27 08:00Z", "2026-11-27 09:00"],
                Some("UTC"),
                "created times mix zones: 1 have an offset (`2026-11-27 08:00Z in line 2`), 1 have none (`2026-11-27 09:00 in line 3`)",
            ),
            (
                &["3/4/2026 08:00"],
                Some("UTC"),
                "created times such as `3/4/2026 08:00 in line 2` do not say which number is the day (hint",
            ),
            (
                &["13/4/2026 08:00", "4/13/2026 08:00"],
                Some("UTC"),
                "do not say which number is the day: some can only be one, some only the other (hint",
            ),
        ] {
            let error = rule(cells, zone_name, None).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert!(rule(&["3/4/2026 08:00"], Some("UTC"), Some(DayOrder::DayFirst)).is_ok());
    }
}
