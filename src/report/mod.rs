//! Reports: the plain-data page and its writers.
//!
//! In: a [`ReportPage`], filled in by the caller. Out: text: a self-contained HTML file, and the
//! numbers and times formatted for any other writer. It never computes an SLI, reads a log or
//! opens a file.

mod page;
pub mod text;

mod html;

#[cfg(test)]
mod sample;

pub use html::write_html;
pub use page::{
    BadSide, Chart, Fact, FunnelStep, LevelRow, Limit, Mark, MethodNote, ReportPage, RouteRow,
    Scale, Series, SeriesStyle, SliRow, State, Timeline, Unit, Verdict, WorstWindow,
};
