//! Reports: the plain-data page and its writers.
//!
//! In: a [`ReportPage`], filled in by the caller. Out: text: a self-contained HTML file, Markdown,
//! CSV, and the numbers and times formatted for any other writer. The page as JSON is the evidence:
//! read back, it gives the same text. It never computes an SLI, reads a log or opens a file.

mod capacity;
mod page;
mod partners;
pub mod text;

mod clean;
mod clock;
mod words;

mod csv;
mod html;
mod markdown;
mod postmortem;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use capacity::{
    BadgeKind, CapacityBadge, CapacityPage, Picture, PictureMark, PictureSeries, PictureStyle,
    PlainColumn, PlainTable, RangeBars, RangeRow,
};
pub use csv::write_csv;
pub use html::{
    CHART_LIBRARY, CHART_LICENCE, CHART_STYLE, script_source, write_calibration_html,
    write_capacity_html, write_html, write_partners_html, write_premortem_html,
};
pub use markdown::{
    write_calibration_markdown, write_capacity_markdown, write_markdown, write_partners_markdown,
    write_premortem_markdown,
};
pub use page::{
    AfterAnswerRow, AnalystPart, AnnotationChange, AnnotationRow, BadSide, Breakdown,
    BreakdownCell, BreakdownColumn, BreakdownRow, BurnAlertRow, CalibratedLevel, CalibratedSli,
    CalibrationGroup, CalibrationOutcome, CalibrationPage, Chart, ClusterRow, ComparedLatency,
    ComparedLoad, ComparedSli, Comparison, ContactEstimate, ContactFigure, ContactPart,
    ContactSliRow, ControlRow, CriterionRow, DataCounts, DeskPart, DeskRow, DirectorPart, DoseBin,
    DosePoint, DoseResponse, DrillPart, DrillRow, EngineerPart, ExpectationRow, Fact, FailureRow,
    FaucetRow, FunnelStep, GeneratorRow, JourneyRow, KeyFigure, LagKernel, LagPoint, LatencyRow,
    LevelRow, LevelSource, Limit, LimitOutcome, LimitPart, LimitRow, LoadRow, Mark, MethodNote,
    MixComparison, OBJECTIVE, ObjectiveRow, Postmortem, PostmortemMoment, PremortemDrillRow,
    PremortemPart, PremortemRow, ReactionRow, RefusalRow, RehearsalPart, ReportPage, RetryPart,
    RouteRow, RunComparison, Scale, Series, SeriesStyle, SliDetail, SliRow, State, SuspectRow,
    ThresholdRow, Timeline, Unit, UptimeCurve, UptimePoint, Verdict, WatchPart, WorstHour,
    WorstWindow,
};
pub use partners::{
    ExcludedRow, IncidentRow, PartnerContacts, PartnerPart, PartnerTotals, PartnersPage,
    PromiseRow, StripKind, StripSpan,
};
pub use postmortem::write_postmortem;
pub use words::verdict as verdict_word;
