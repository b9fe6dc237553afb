//! What a report says, as plain data: every number is already computed.
//!
//! In: whatever the `cli` filled in from SLIs and rollups. Out: the one value that the HTML,
//! terminal and JSON writers print. It never computes, reads a clock or touches a file.

mod analysts;
mod comparison;
mod contacts;
mod directors;
mod drills;
mod engineers;
mod limit;
mod postmortem;
mod rehearsal;
mod watch;

use serde::{Deserialize, Serialize};

pub use analysts::{
    AnalystPart, Breakdown, BreakdownCell, BreakdownColumn, BreakdownRow, BurnAlertRow, DataCounts,
    ObjectiveRow, SliDetail, UptimeCurve, UptimePoint,
};
pub use comparison::{ComparedLatency, ComparedLoad, ComparedSli, MixComparison, RunComparison};
pub use contacts::{
    CalibratedLevel, CalibratedSli, CalibrationGroup, CalibrationOutcome, CalibrationPage,
    ContactFigure, ContactPart, ContactSliRow, ControlRow, DeskPart, DeskRow, DoseBin, DosePoint,
    DoseResponse, LagKernel, LagPoint, RefusalRow,
};
pub use directors::{
    Comparison, ContactEstimate, DirectorPart, JourneyRow, KeyFigure, LevelSource, ReactionRow,
    WorstHour,
};
pub use drills::{
    DrillPart, DrillRow, ExpectationRow, PremortemDrillRow, PremortemPart, PremortemRow,
};
pub use engineers::{
    AfterAnswerRow, AnnotationChange, AnnotationRow, ClusterRow, EngineerPart, FailureRow,
    FaucetRow, RetryPart, SuspectRow,
};
pub use limit::{LimitOutcome, LimitPart, LimitRow};
pub use postmortem::{Postmortem, PostmortemMoment};
pub use rehearsal::{CriterionRow, LatencyRow, LoadRow, RehearsalPart};

pub use watch::{GeneratorRow, ThresholdRow, WatchPart};

/// A whole report, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportPage {
    /// What was judged, e.g. `black-friday` or `2026-W47`.
    pub title: String,
    /// The judgement.
    pub verdict: Verdict,
    /// The verdict in one or two sentences, in words with numbers.
    pub sentence: String,
    /// What directors read; only a weekly page has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directors: Option<DirectorPart>,
    /// What was expected of a rehearsal, and what became of that; only a rehearsal has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<RehearsalPart>,
    /// Scenario, run id, start with zone, duration, offered / started / completed, and so on.
    pub facts: Vec<Fact>,
    /// One row per SLI, worst first.
    pub slis: Vec<SliRow>,
    /// What a rehearsal was watched by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchPart>,
    /// What analysts read beside the SLIs; only a weekly page has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysts: Option<AnalystPart>,
    /// The charts, all on one time axis.
    pub timeline: Timeline,
    /// The drill timeline, where something was drilled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drills: Option<DrillPart>,
    /// The ways to break, where a pre-mortem file was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premortem: Option<PremortemPart>,
    /// Support contacts that are predicted, where levels were learned from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<ContactPart>,
    /// Problems for the support desk, where tickets were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<DeskPart>,
    /// What engineers read beside the timeline; only a weekly page has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engineers: Option<EngineerPart>,
    /// Journey steps from the first page to the order; empty when there is none to show.
    pub funnel: Vec<FunnelStep>,
    /// One row per method and route, busiest first.
    pub routes: Vec<RouteRow>,
    /// What this report cannot know; never padded: empty means nothing is known to be missing.
    pub unknowns: Vec<String>,
    /// How it was computed: definitions verbatim, methods, versions, the command to repeat it.
    pub method: Vec<MethodNote>,
}

/// The judgement of a whole run or week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every SLI is met.
    Pass,
    /// At least one SLI is missed or lacks the data to be judged.
    Fail,
    /// The load generator did not keep its schedule: the numbers judge it, not the target.
    Invalid,
    /// Stopped early by the user or a guard; what was recorded is kept.
    Stopped,
    /// There was too little data to judge anything.
    NotEnoughData,
}

/// A name and its value for the facts strip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value, with the unit.
    pub value: String,
}

/// One SLI with its thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliRow {
    /// The identifier in the SLI set.
    pub name: String,
    /// The name in the business's words.
    pub title: String,
    /// `rate`, `ratio`, `latency` or `latency_cut`.
    pub kind: String,
    /// Length of its windows, seconds, where it is not that of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_window_s: Option<f64>,
    /// Zone of its days, weeks and months, where it is not that of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_time_zone: Option<String>,
    /// Unit of `value`, the levels and the interval.
    pub unit: Unit,
    /// The value over the whole range; `None` when there is not enough data.
    pub value: Option<f64>,
    /// The worst value of any single window that had enough data, with its start.
    pub worst: Option<WorstWindow>,
    /// Met, missed or not enough data.
    pub state: State,
    /// Thresholds, mildest first.
    pub levels: Vec<LevelRow>,
    /// 95 % interval of `value`, in the same unit.
    pub interval: Option<[f64; 2]>,
    /// Number of requests behind `value`.
    pub count: u64,
    /// Objectives, budgets and what was not counted; a rehearsal has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<SliDetail>,
}

/// The window in which an SLI was at its worst.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WorstWindow {
    /// Start of the window, UTC µs since 1970.
    pub start_us: i64,
    /// The SLI's value in that window.
    pub value: f64,
}

/// State of an SLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Judged, and missed.
    Missed,
    /// Not judged: too little data.
    NotEnoughData,
    /// Judged, and met.
    Met,
}

/// Unit of an SLI's numbers; the writers choose digits and scale by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Events per minute.
    PerMinute,
    /// Events per second.
    PerSecond,
    /// A share from 0 to 1, shown in percent.
    Share,
    /// Microseconds, shown as µs, ms or s.
    Microseconds,
    /// A plain count.
    Count,
    /// So many times another value, e.g. a burn rate.
    Times,
}

/// The name of the level that is an objective of the whole range.
pub const OBJECTIVE: &str = "objective";

/// One threshold of an SLI, and whether it was crossed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelRow {
    /// `warn` or `contact`, or the SLI's `objective`.
    pub level: String,
    /// On which side of `value` it is bad.
    pub bad: BadSide,
    /// The limit, in the SLI's unit.
    pub value: f64,
    /// How long it must last to count, seconds.
    pub for_s: f64,
    /// Start of the first window of the first crossing that lasted; `None` if never crossed, and of an
    /// `objective`, which is of the whole range.
    pub first_crossed_us: Option<i64>,
    /// Total time spent crossed, seconds; of a missed `objective` all of the time that was judged.
    pub crossed_s: f64,
    /// Whether the value over the whole range is beyond the limit, which crosses no level by itself.
    #[serde(default)]
    pub is_value_beyond: bool,
}

/// The bad side of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadSide {
    /// Values above the limit are bad.
    Above,
    /// Values below the limit are bad.
    Below,
}

/// Charts that share one time axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Start of each window, UTC µs since 1970, ascending and evenly spaced.
    pub starts_us: Vec<i64>,
    /// Name of the zone in which times are shown, e.g. `UTC`.
    pub zone: String,
    /// Whether times are better read as offsets from the start (a run) than as dates (a week).
    pub relative: bool,
    /// Small multiples, top to bottom.
    pub charts: Vec<Chart>,
    /// Vertical marks on every chart.
    pub marks: Vec<Mark>,
}

/// One chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Its title, e.g. `Response time of checkout`.
    pub title: String,
    /// Unit of every value in it.
    pub unit: Unit,
    /// Scale of the value axis.
    pub scale: Scale,
    /// Lines and areas; each has one value per window, `None` where there is no data.
    pub series: Vec<Series>,
    /// Threshold lines.
    pub limits: Vec<Limit>,
    /// Text alternative: the message of the chart in one sentence.
    pub message: String,
}

impl Chart {
    /// What a legend calls a series. The two edges of a band are one thing: the first has the name
    /// before its last comma, the second has none.
    pub(super) fn legend_name(&self, index: usize) -> Option<&str> {
        let series = self.series.get(index)?;
        if series.style != SeriesStyle::Band {
            return Some(&series.name);
        }
        let edges = self.series[..index].iter();
        let edges = edges.filter(|before| before.style == SeriesStyle::Band);
        (edges.count() % 2 == 0).then(|| {
            let name = series.name.rsplit_once(", ");
            name.map_or(series.name.as_str(), |(name, _)| name)
        })
    }
}

/// Scale of a value axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// From zero.
    Linear,
    /// Logarithmic; the page says so.
    Log,
}

/// A line or an area in a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub style: SeriesStyle,
    /// One value per window.
    pub values: Vec<Option<f64>>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesStyle {
    /// A line.
    Line,
    /// A line with the area under it filled.
    Area,
    /// An area on top of the `Stacked` series before it.
    Stacked,
    /// One edge of a band, e.g. of what was expected: the next `Band` series of the chart is the
    /// other edge, and what is between them is filled.
    Band,
}

/// A horizontal threshold line with its label and the stretches in which it was crossed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// e.g. `warn 1 s`.
    pub label: String,
    /// `warn`, `contact` or `objective`.
    pub level: String,
    /// Where it is drawn, in the chart's unit.
    pub value: f64,
    /// Stretches `[from, to)` in UTC µs in which it was crossed; they are shaded.
    pub crossed_us: Vec<[i64; 2]>,
}

/// A moment worth a vertical line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, UTC µs since 1970.
    pub at_us: i64,
    /// Its end, where it is a stretch of time and not a moment; the stretch is shaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_us: Option<i64>,
    /// What happened, e.g. `doors open`.
    pub label: String,
}

/// One step of the funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelStep {
    /// The step in the business's words.
    pub name: String,
    /// How many requests (or shoppers) reached it with success.
    pub count: u64,
    /// What `count` counts, e.g. `shoppers`.
    pub unit: String,
    /// Share of the first step that was expected to come this far, 0 to 1.
    pub expected_share: Option<f64>,
}

/// One method and route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteRow {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub route: String,
    /// Requests over the whole range.
    pub requests: u64,
    /// Requests per second over the whole range.
    pub rate_per_s: f64,
    /// Percentiles of the response time, µs; `None` where no latency was logged.
    pub p50_us: Option<u64>,
    /// 95th percentile, µs.
    pub p95_us: Option<u64>,
    /// 99th percentile, µs.
    pub p99_us: Option<u64>,
    /// Answers 5xx, 429 or none at all.
    pub errors: u64,
    /// `errors` by status, most frequent first, e.g. `503 × 12, no answer × 3`.
    pub errors_by_status: String,
}

/// A titled text in "how it was computed".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodNote {
    /// Its heading.
    pub title: String,
    /// The text.
    pub text: String,
    /// Whether it is shown letter by letter (a definition file, a command).
    pub verbatim: bool,
}
