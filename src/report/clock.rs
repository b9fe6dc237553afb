//! Shows every moment of a page the same way: as an offset from the start, or as a date.
//!
//! In: the timeline's start, zone and preference. Out: plain text and `<time>` elements. Where the zone's rules
//! are not known on this machine, times are in UTC and the page says `UTC`. It never reads a clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::page::Timeline;
use super::text;

/// How the moments of one page are shown.
pub struct Clock {
    start_us: Option<i64>,
    relative: bool,
    zone: TimeZone,
    zone_name: String,
}

impl Clock {
    /// Takes the preferences of `timeline`; without a window there is no start to count from, so
    /// moments are dates then.
    pub fn of(timeline: &Timeline) -> Self {
        let start_us = timeline.starts_us.first().copied();
        let (zone, zone_name) = match timeline.zone.as_str() {
            "" | "UTC" => (TimeZone::UTC, "UTC".to_owned()),
            name => match TimeZone::get(name) {
                Ok(zone) => (zone, name.to_owned()),
                Err(_) => (TimeZone::UTC, "UTC".to_owned()),
            },
        };
        Self {
            start_us,
            relative: timeline.relative && start_us.is_some(),
            zone,
            zone_name,
        }
    }

    /// Whether moments are offsets from the start.
    pub fn is_relative(&self) -> bool {
        self.relative
    }

    /// The zone in which dates are shown, e.g. `UTC`.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The moment as plain text.
    pub fn plain(&self, us: i64) -> String {
        match self.start_us {
            Some(start_us) if self.relative => text::offset(us, start_us),
            _ => text::date(us, &self.zone),
        }
    }

    /// A stretch of time as plain text; the date is written once where it is the same, e.g.
    /// `2026-11-20 20:00 to 20:41`.
    pub fn stretch(&self, from_us: i64, until_us: i64) -> String {
        let (from, until) = (self.plain(from_us), self.plain(until_us));
        match (from.split_once(' '), until.split_once(' ')) {
            (Some((date, _)), Some((same, time))) if date == same => format!("{from} to {time}"),
            _ => format!("{from} to {until}"),
        }
    }

    /// A stretch of time, or a moment where it has no end, as an element.
    pub fn show_stretch(&self, from_us: i64, until_us: Option<i64>) -> Markup {
        let words = until_us.map_or_else(
            || self.plain(from_us),
            |until_us| self.stretch(from_us, until_us),
        );
        html! { time title=(self.in_full(from_us)) { (words) } }
    }

    /// The moment with its date and zone, e.g. `2026-11-27 08:00:41 UTC`.
    pub fn in_full(&self, us: i64) -> String {
        format!("{} {}", text::date(us, &self.zone), self.zone_name)
    }

    /// The moment as an element that begins with the day of the week, e.g. `Fri 2026-11-20 20:00`;
    /// an offset from the start stays as it is.
    pub fn show_weekday(&self, us: i64) -> Markup {
        html! { time title=(self.in_full(us)) { (self.weekday(us)) } }
    }

    /// Like [`Clock::plain`], with the day of the week before a date.
    pub fn weekday(&self, us: i64) -> String {
        let plain = self.plain(us);
        match Timestamp::from_microsecond(us) {
            Ok(timestamp) if !self.relative => {
                format!(
                    "{} {plain}",
                    timestamp.to_zoned(self.zone.clone()).strftime("%a")
                )
            }
            _ => plain,
        }
    }

    /// The moment as an element whose tooltip has the date and the zone.
    pub fn show(&self, us: i64) -> Markup {
        html! { time title=(self.in_full(us)) { (self.plain(us)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn an_unknown_zone_is_shown_as_utc() {
        let mut timeline = sample::black_friday().timeline;
        timeline.zone = "Middle/Earth".into();
        timeline.relative = false;
        let clock = Clock::of(&timeline);
        assert_eq!(clock.zone_name(), "UTC");
        assert_eq!(clock.plain(sample::START_US), "2026-11-27 08:00");
    }

    #[test]
    fn a_stretch_names_its_date_once() {
        let mut timeline = sample::black_friday().timeline;
        let (start_us, minute_us) = (sample::START_US, 60_000_000);
        let of_run = Clock::of(&timeline);
        assert_eq!(
            of_run.stretch(start_us, start_us + minute_us),
            "00:00 to 01:00"
        );
        timeline.relative = false;
        let clock = Clock::of(&timeline);
        let stretch = |minutes| clock.stretch(start_us, start_us + minutes * minute_us);
        assert_eq!(stretch(41), "2026-11-27 08:00 to 08:41");
        assert_eq!(stretch(960), "2026-11-27 08:00 to 2026-11-28 00:00");
        assert_eq!(clock.weekday(start_us), "Fri 2026-11-27 08:00");
    }

    #[test]
    fn a_run_shows_offsets_and_keeps_the_date_in_the_tooltip() {
        let clock = Clock::of(&sample::black_friday().timeline);
        let shown = clock.show(sample::START_US + 41_000_000).into_string();
        assert_eq!(
            shown,
            r#"<time title="2026-11-27 08:00:41 UTC">00:41</time>"#
        );
    }
}
