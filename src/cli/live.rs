//! The live view of a rehearsal: four rows on a terminal, or one line every five seconds.
//!
//! In: counters of the drill and the last minute's rollup. Out: text on standard error. It only
//! looks; the load never waits for it.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::Terminal;
use crate::drill::Progress;
use crate::report::text;
use crate::rollup::Rollup;
use crate::sli::{Alignment, Level, Outside, Scope, SliSeries, SliSetPlan, Unit, evaluate};
use crate::time_window::TimeWindow;

/// Between two looks, on a terminal.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Between two lines, elsewhere.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// SLIs that fit into a row of 100 columns.
const SLIS_SHOWN: usize = 3;
/// Bars of a sparkline, one per second.
const SPARK_SECONDS: usize = 60;

/// What the recorder shows.
#[derive(Debug, Default)]
pub struct LiveState {
    /// The last [`LiveState::SPAN_US`] of requests.
    pub recent: Option<Rollup>,
    /// Records in the lake.
    pub committed: u64,
}

impl LiveState {
    /// How far back the recorder looks, µs.
    pub const SPAN_US: i64 = 70_000_000;
}

/// What the live view needs.
pub struct LiveSettings {
    pub terminal: Terminal,
    pub set: SliSetPlan,
    pub progress: Arc<Progress>,
    pub state: Arc<Mutex<LiveState>>,
    pub started_us: i64,
    pub origin: Instant,
    pub length_s: f64,
    /// The most requests that may be under way.
    pub in_flight_max: usize,
    /// `(seconds since the start, label)` of what will happen, ascending.
    pub labels: Vec<(f64, String)>,
}

/// Shows the run until `is_over` says so; blocks its thread.
pub fn run(settings: &LiveSettings, is_over: &dyn Fn() -> bool) {
    if settings.terminal.is_quiet {
        return;
    }
    let screen = settings.terminal.is_live.then(Screen::new);
    let interval = if screen.is_some() {
        LOOK_INTERVAL
    } else {
        LINE_INTERVAL
    };
    let mut last = Instant::now();
    while !is_over() {
        std::thread::sleep(Duration::from_millis(50));
        if last.elapsed() < interval {
            continue;
        }
        last = Instant::now();
        let look = Look::new(settings);
        match &screen {
            Some(screen) => screen.show(&look),
            None => eprintln!("{}", look.line()),
        }
    }
    if let Some(screen) = screen {
        screen.clear();
    }
}

struct Screen {
    bars: MultiProgress,
    rows: Vec<ProgressBar>,
}

impl Screen {
    fn new() -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(4));
        let style =
            ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let rows = (0..6)
            .map(|_| {
                let row = bars.add(ProgressBar::new_spinner());
                row.set_style(style.clone());
                row
            })
            .collect();
        Self { bars, rows }
    }

    fn show(&self, look: &Look) {
        for (row, line) in self.rows.iter().zip(look.rows()) {
            row.set_message(line);
        }
    }

    fn clear(self) {
        for row in &self.rows {
            row.finish_and_clear();
        }
        // Nothing is lost when a cleared screen cannot be cleared again.
        let _ = self.bars.clear();
    }
}

/// One look at the run.
struct Look {
    elapsed_s: f64,
    length_s: f64,
    present: u64,
    in_flight: u64,
    in_flight_max: usize,
    requests: u64,
    dropped: u64,
    completed: u64,
    committed: u64,
    requests_per_s: Vec<u64>,
    latency_ms: Vec<u64>,
    series: Vec<SliSeries>,
    next: Option<(f64, String)>,
}

impl Look {
    fn new(settings: &LiveSettings) -> Self {
        let progress = &settings.progress;
        let elapsed_s = settings.origin.elapsed().as_secs_f64();
        let state = settings
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let recent = state.recent.clone();
        let committed = state.committed;
        drop(state);
        let now_us = settings.started_us + whole_us(elapsed_s);
        let recent = recent.as_ref();
        let next = settings.labels.iter().find(|(at_s, _)| *at_s > elapsed_s);
        Self {
            elapsed_s,
            length_s: settings.length_s,
            present: progress.present.load(Relaxed),
            in_flight: progress.in_flight.load(Relaxed),
            in_flight_max: settings.in_flight_max,
            requests: progress.requests.load(Relaxed),
            dropped: progress.dropped.load(Relaxed),
            completed: progress.completed.load(Relaxed),
            committed,
            requests_per_s: recent
                .map(|rollup| per_second(rollup, now_us))
                .unwrap_or_default(),
            latency_ms: recent
                .map(|rollup| latency_ms(rollup, now_us))
                .unwrap_or_default(),
            series: recent
                .map(|rollup| judged(settings, rollup, now_us))
                .unwrap_or_default(),
            next: next.map(|(at_s, label)| (at_s - elapsed_s, label.clone())),
        }
    }

    fn rows(&self) -> Vec<String> {
        let rate = self.requests_per_s.last().copied().unwrap_or(0);
        let latency = self.latency_ms.last().copied().unwrap_or(0);
        let next = self
            .next
            .as_ref()
            .map_or_else(String::new, |(left_s, label)| {
                format!(
                    "   next: {} in {}",
                    text::harmless(label),
                    text::duration(left_s.ceil())
                )
            });
        let with_levels = self
            .series
            .iter()
            .filter(|series| !series.levels.is_empty());
        let hidden = with_levels.count().saturating_sub(SLIS_SHOWN);
        let more = if hidden > 0 {
            format!("   +{hidden} more")
        } else {
            String::new()
        };
        vec![
            format!(
                "{} of {}{next}",
                text::duration(self.elapsed_s.floor()),
                text::duration(self.length_s)
            ),
            format!(
                "load      {} req/s  {}  {} shoppers in the shop",
                padded(&text::count(rate)),
                spark(&self.requests_per_s),
                text::count(self.present)
            ),
            format!(
                "p95       {} ms     {}",
                padded(&text::count(latency)),
                spark(&self.latency_ms)
            ),
            format!("SLIs      {}{more}", self.slis().join("   ")),
            format!(
                "generator {} requests, {} dropped, {}/{} under way, {} in the lake",
                text::count(self.requests),
                text::count(self.dropped),
                self.in_flight,
                self.in_flight_max,
                text::count(self.committed)
            ),
            "Ctrl-C stops, keeps everything recorded and still writes the report".to_owned(),
        ]
    }

    fn line(&self) -> String {
        format!(
            "{:>4.0} s  {} req/s  p95 {} ms  {} in the shop  {} journeys done  {}",
            self.elapsed_s,
            self.requests_per_s.last().copied().unwrap_or(0),
            self.latency_ms.last().copied().unwrap_or(0),
            self.present,
            self.completed,
            self.slis().join("  ")
        )
    }

    /// The latest judged window of the SLIs that have levels, with the level it is past.
    fn slis(&self) -> Vec<String> {
        let with_levels = self
            .series
            .iter()
            .filter(|series| !series.levels.is_empty());
        with_levels.take(SLIS_SHOWN).map(sli_word).collect()
    }
}

fn sli_word(series: &SliSeries) -> String {
    let latest = series.windows.iter().rev().find_map(|window| window.value);
    let Some(value) = latest else {
        return format!("{} –", series.name);
    };
    let unit = match series.unit {
        Unit::PerMinute => crate::report::Unit::PerMinute,
        Unit::PerSecond => crate::report::Unit::PerSecond,
        Unit::Share => crate::report::Unit::Share,
        Unit::Microseconds => crate::report::Unit::Microseconds,
    };
    let past = series
        .levels
        .iter()
        .filter(|level| level.bad.is_bad(value, level.value))
        .map(|level| level.level)
        .max();
    let mark = match past {
        None => "",
        Some(Level::Warn) => " WARN",
        Some(Level::Contact) => " CONTACT",
    };
    format!("{} {}{mark}", series.name, text::quantity(value, unit))
}

fn judged(settings: &LiveSettings, rollup: &Rollup, now_us: i64) -> Vec<SliSeries> {
    let window_us = settings.set.rehearsal_window_us;
    let whole = (now_us - settings.started_us) / window_us;
    let first = (whole - 6).max(0);
    let range = TimeWindow {
        start_us: settings.started_us + first * window_us,
        end_us: settings.started_us + whole * window_us,
    };
    if range.end_us <= range.start_us {
        return Vec::new();
    }
    let scope = Scope {
        range,
        covered: range,
        window_us,
        alignment: Alignment::Start,
    };
    // A live view that cannot be computed shows nothing; the verdict reports the error.
    evaluate(&settings.set, rollup, scope, &Outside::default()).unwrap_or_default()
}

fn per_second(rollup: &Rollup, now_us: i64) -> Vec<u64> {
    let mut seconds = vec![0; SPARK_SECONDS];
    for count in rollup.select(|_| true).counts() {
        if let Some(second) = slot(count.start_us, now_us) {
            seconds[second] = count.count;
        }
    }
    seconds
}

fn latency_ms(rollup: &Rollup, now_us: i64) -> Vec<u64> {
    let mut seconds = vec![0; SPARK_SECONDS];
    let found = rollup.select(|_| true).fold_windows(
        |start_us| slot(start_us, now_us),
        |found: &mut Vec<_>, second, latencies| {
            found.push((second, latencies.quantile_us(0.95).unwrap_or(0) / 1_000));
        },
    );
    for (second, p95_ms) in found.into_iter().flatten() {
        seconds[second] = p95_ms;
    }
    seconds
}

/// Which bar a second is; the last bar is the last whole second.
fn slot(start_us: i64, now_us: i64) -> Option<usize> {
    let age_s = usize::try_from((now_us - start_us) / 1_000_000 - 1).ok()?;
    (SPARK_SECONDS - 1).checked_sub(age_s)
}

/// A bar per value, from the lowest to the highest of them.
fn spark(values: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = values.iter().copied().max().unwrap_or(0).max(1);
    let recent = &values[values.len().saturating_sub(40)..];
    recent
        .iter()
        .map(|value| BARS[usize::try_from(value * 7 / highest).unwrap_or(0)])
        .collect()
}

fn padded(text: &str) -> String {
    format!("{text:>6}")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a run is hours long, not centuries"
)]
fn whole_us(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
