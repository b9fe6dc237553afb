//! The live view of a rehearsal: on a terminal, as lines where there is none, and as a web page.
//!
//! In: counters of the drill and what the recorder shows. Out: one [`Look`] after the other, drawn on
//! standard error, and handed to the web page if there is one. It only looks; the load never waits.

mod draw;
mod events;
mod look;
mod screen;
mod seconds;
mod web;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::terminal::Terminal;
use super::thresholds::{LookState, ThresholdLook};
use crate::drill::Progress;
use crate::report::text;
use crate::rollup::Rollup;
use crate::scenario::TrafficCurve;
use crate::sli::{Level, SliSetPlan};

pub use events::{LiveEvents, Standing};
pub use look::{End, Generator};
pub use screen::{hold, restore};
pub use seconds::{LiveSecond, LiveSeconds};
pub use web::{Board, Ui, UiAddress};

use look::{Look, Memory, SliLook};
use screen::Screen;

/// Between two looks, where somebody sees each.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Between two lines, elsewhere.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// How long it may take to notice that the run is over.
const NOTICE_INTERVAL: Duration = Duration::from_millis(50);
/// SLIs in a line.
const SLIS_IN_LINE: usize = 3;

/// What the recorder shows.
#[derive(Debug, Clone, Default)]
pub struct LiveState {
    /// The last [`LiveState::SPAN_US`] of requests.
    pub recent: Option<Arc<Rollup>>,
    /// Records in the lake.
    pub committed: u64,
    /// Where the thresholds stand.
    pub thresholds: Vec<ThresholdLook>,
    /// The last two minutes.
    pub seconds: Vec<LiveSecond>,
    /// Errors of the last two minutes with their counts, most frequent first.
    pub errors: Vec<(String, u64)>,
}

impl LiveState {
    /// How far back the recorder looks, µs.
    pub const SPAN_US: i64 = 130_000_000;
}

/// What the live view needs.
pub struct LiveSettings {
    pub terminal: Terminal,
    /// The web page, if there is one.
    pub board: Option<Arc<Board>>,
    pub set: SliSetPlan,
    pub progress: Arc<Progress>,
    pub state: Arc<Mutex<LiveState>>,
    pub run_id: String,
    pub target: String,
    pub started_us: i64,
    pub origin: Instant,
    pub curve: TrafficCurve,
    /// The part of it that this process drives, 0 to 1.
    pub curve_share: f64,
    pub length_s: f64,
    /// The most requests that may be under way.
    pub in_flight_max: usize,
    /// What happens when.
    pub events: Arc<LiveEvents>,
    /// Limits of the load generator.
    pub generator: Generator,
}

impl LiveSettings {
    /// Whether anybody looks.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.board.is_some() || !self.terminal.is_quiet
    }
}

/// Shows the run until `is_over` says so; blocks its thread.
pub fn run(settings: &LiveSettings, is_over: &dyn Fn() -> bool) {
    if !settings.is_watched() {
        return;
    }
    let terminal = settings.terminal;
    let mut screen = terminal
        .is_live
        .then(|| Screen::open(terminal.paints_errors()))
        .flatten();
    let mut memory = Memory::default();
    let (mut last_look, mut last_line) = (Instant::now(), Instant::now());
    while !is_over() {
        std::thread::sleep(NOTICE_INTERVAL);
        // A panic somewhere has given the terminal back; the run may go on.
        screen = screen.filter(Screen::is_open);
        let prints_lines = screen.is_none() && !terminal.is_quiet;
        let is_line_due = prints_lines && last_line.elapsed() >= LINE_INTERVAL;
        let is_seen = screen.is_some() || settings.board.is_some();
        let has_news = screen.as_ref().is_some_and(Screen::has_news);
        let is_look_due = is_seen && (has_news || last_look.elapsed() >= LOOK_INTERVAL);
        if !is_line_due && !is_look_due {
            continue;
        }
        last_look = Instant::now();
        let look = memory.look(settings, false);
        if let Some(screen) = &mut screen {
            screen.show(&look);
        }
        if is_line_due {
            last_line = Instant::now();
            // Nobody reads it any more: no reason to end the run.
            let _ = writeln!(io::stderr(), "{}", line(&look));
        }
        if let Some(board) = &settings.board {
            board.put(look);
        }
    }
    if let Some(board) = &settings.board {
        board.put(memory.look(settings, true));
    }
}

/// A look in one line.
fn line(look: &Look) -> String {
    let second = look.seconds.last().cloned().unwrap_or_default();
    let p95 = second.response.map_or_else(
        || text::NO_VALUE.to_owned(),
        |response| text::quantity(whole(response.p95), crate::report::Unit::Microseconds),
    );
    let with_levels = look.slis.iter().filter(|sli| !sli.limits.is_empty());
    let slis: Vec<String> = with_levels.take(SLIS_IN_LINE).map(sli_word).collect();
    let broken = look.thresholds.iter();
    let broken: Vec<String> = broken
        .filter(|threshold| threshold.state == LookState::Broken)
        .map(|threshold| format!("BROKEN {}", text::harmless(&threshold.demand)))
        .collect();
    format!(
        "{:>4.0} s  {} req/s  p95 {p95}  {} in the shop  {} journeys done  {}",
        look.elapsed_s,
        second.requests,
        look.load.present,
        look.load.completed,
        [slis, broken].concat().join("  ")
    )
}

fn sli_word(sli: &SliLook) -> String {
    let Some(value) = sli.value else {
        return format!("{} {}", text::harmless(&sli.name), text::NO_VALUE);
    };
    let mark = match sli.level {
        None => "",
        Some(Level::Warn) => " WARN",
        Some(Level::Contact) => " CONTACT",
    };
    format!(
        "{} {}{mark}",
        text::harmless(&sli.name),
        text::quantity(value, sli.unit)
    )
}

#[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 µs")]
fn whole(us: u64) -> f64 {
    us as f64
}
