//! Stretches of time that a set knows: periods, maintenance, and what traffic is expected.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::time_window::TimeWindow;

/// A stretch of time with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPeriod {
    /// Its name.
    pub name: String,
    /// When it is.
    pub window: TimeWindow,
}

/// Maintenance, once or again and again.
#[derive(Debug, Clone)]
pub struct ExclusionPlan {
    /// Why.
    pub reason: String,
    /// When it is for the first time.
    pub first: TimeWindow,
    /// How it recurs, as an RFC 5545 rule that was read once; `None` for once.
    pub repeat: Option<String>,
    /// Names of the SLIs for which it holds; empty for all.
    pub slis: Vec<String>,
    /// The zone whose wall time it keeps when it recurs; `None` leaves it to whoever asks.
    pub time_zone: Option<TimeZone>,
}

/// How much traffic is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedPlan {
    /// How many weeks before are looked at.
    pub weeks: u32,
    /// Growth per year: 0.2 is a fifth more.
    pub growth_per_year: f64,
    /// Days that are not like others of their kind.
    pub holidays: Vec<HolidayPlan>,
}

/// A day, or several, unlike others of their kind.
#[derive(Debug, Clone, PartialEq)]
pub struct HolidayPlan {
    /// Its name.
    pub name: String,
    /// Its first day.
    pub first: Date,
    /// Its last day, itself included.
    pub last: Date,
    /// What is expected of it.
    pub traffic: HolidayTraffic,
}

/// What is expected of a holiday.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HolidayTraffic {
    /// That of another day; of the days after it for a holiday of several days.
    Like(Date),
    /// So many times that of an ordinary day.
    Times(f64),
    /// Nothing is known.
    Unknown,
}
