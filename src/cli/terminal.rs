//! Where text goes: standard output for results, standard error for progress and messages.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::{ColorChoice, GlobalArguments};
use super::exit_code::Failure;
use super::live;
use crate::report::{LevelRow, RehearsalPart, ReportPage, SliRow, State, Verdict, text};

/// The narrowest table that still reads well.
const WIDTH_MIN: u16 = 60;
/// Width that the names of SLIs get before anything else.
const NAME_WIDTH: u16 = 26;
/// Width where there is no terminal.
const WIDTH_DEFAULT: u16 = 100;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Print one JSON document and nothing else on standard output.
    pub is_json: bool,
    /// Print errors only.
    pub is_quiet: bool,
    /// Print more.
    pub is_verbose: bool,
    /// Whether standard error is a terminal that can be drawn on.
    pub is_live: bool,
    out_color: bool,
    error_color: bool,
}

impl Terminal {
    /// As the arguments and the environment say.
    pub fn new(global: &GlobalArguments) -> Self {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = |is_terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !is_dumb && !is_refused,
        };
        let error_is_terminal = io::stderr().is_terminal();
        Self {
            is_json: global.json,
            is_quiet: global.quiet,
            is_verbose: global.verbose,
            is_live: error_is_terminal && !is_dumb && !global.quiet,
            out_color: color(io::stdout().is_terminal()),
            error_color: color(error_is_terminal),
        }
    }

    /// Prints an error, once.
    pub fn error(&self, message: &str) {
        let label = if self.error_color {
            "\u{1b}[1;31merror:\u{1b}[0m"
        } else {
            "error:"
        };
        eprintln!("{label} {}", text::harmless_lines(message));
    }

    /// Prints a line about something the user should know, unless quiet.
    pub fn note(&self, message: &str) {
        let line = text::harmless_lines(message);
        // A line printed into the live view would be drawn over.
        if !self.is_quiet && !live::hold(&line) {
            // A terminal that is gone is no reason to end a run, or to leave something undone.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// Whether standard error may be painted.
    #[must_use]
    pub fn paints_errors(&self) -> bool {
        self.error_color
    }

    /// Prints a line for those who asked for more.
    pub fn detail(&self, message: &str) {
        if self.is_verbose {
            eprintln!("{}", text::harmless_lines(message));
        }
    }

    /// Prints a result on standard output.
    ///
    /// # Errors
    /// When standard output is closed or full.
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")
            .and_then(|()| out.flush())
            .map_err(|error| Failure::io("write", "standard output", &error))
    }

    /// Prints `value` as the one JSON document.
    ///
    /// # Errors
    /// As [`Terminal::result`].
    pub fn json(&self, value: &impl serde::Serialize) -> Result<(), Failure> {
        self.result(&serde_json::to_string_pretty(value)?)
    }

    /// A progress bar over bytes; hidden where there is no terminal.
    pub fn progress_bytes(&self, total: u64) -> ProgressBar {
        let bar = if self.is_live && !self.is_json {
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        let template = if total > 0 {
            "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}"
        } else {
            "{spinner} {bytes}  {bytes_per_sec}  {msg}"
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// A progress bar over steps, of which there are none yet; hidden where there is no terminal.
    pub fn progress_steps(&self, what: &'static str) -> ProgressBar {
        let bar = if self.is_live && !self.is_json {
            ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        let template = "{msg} {bar:30} {percent}%  {per_sec}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// A line that is drawn anew while a search goes on: time taken, and what is said; hidden where there is
    /// no terminal.
    pub fn progress_search(&self) -> ProgressBar {
        let bar = if self.is_live && !self.is_json {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4))
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(
            ProgressStyle::with_template("{spinner} {elapsed}  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// A borderless table with the given headings.
    pub fn table(&self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width());
        if self.out_color {
            table.enforce_styling();
        }
        table.set_header(headings.iter().map(|heading| self.dim(heading)));
        table
    }

    fn dim(&self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.out_color {
            cell.fg(Color::DarkGrey)
        } else {
            cell
        }
    }

    fn painted(&self, text: &str, color: Color) -> Cell {
        let cell = Cell::new(text);
        if self.out_color { cell.fg(color) } else { cell }
    }

    /// The verdict and the SLI table of a page.
    pub fn summary(&self, page: &ReportPage) -> String {
        let (word, color) = match page.verdict {
            Verdict::Pass => ("PASS", "32"),
            Verdict::Fail => ("FAIL", "31"),
            Verdict::Invalid => ("INVALID", "35"),
            Verdict::Stopped => ("STOPPED", "33"),
            Verdict::NotEnoughData => ("NOT ENOUGH DATA", "33"),
        };
        let word = if self.out_color {
            format!("\u{1b}[1;{color}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        };
        let sentence = text::harmless_lines(&page.sentence);
        let thresholds = self.threshold_table(page);
        let conditions = page.rehearsal.as_ref().map_or_else(String::new, conditions);
        let slis = self.sli_table(page);
        format!("{word}  {sentence}\n{conditions}\n{slis}{thresholds}")
    }

    /// The thresholds of a page; empty where it has none.
    fn threshold_table(&self, page: &ReportPage) -> String {
        let Some(part) = page.watch.as_ref().filter(|it| !it.thresholds.is_empty()) else {
            return String::new();
        };
        let mut table = self.table(&[
            "threshold: bad is",
            "worst",
            "first broken",
            "for",
            "state",
            "n",
        ]);
        for row in &part.thresholds {
            let worst = row.worst.map(|worst| text::quantity(worst, row.unit));
            let broken = row.first_broken_us.map(|at_us| moment(at_us, page));
            let dash = || text::NO_VALUE.to_owned();
            table.add_row(vec![
                Cell::new(text::harmless(&row.demand)),
                right(&worst.unwrap_or_else(dash)),
                right(&broken.unwrap_or_else(dash)),
                right(&if row.broken_s > 0.0 {
                    text::duration(row.broken_s)
                } else {
                    dash()
                }),
                match row.state {
                    State::Met => self.painted("held", Color::Green),
                    State::Missed => self.painted("BROKEN", Color::Red),
                    State::NotEnoughData => self.painted("NO DATA", Color::Red),
                },
                right(&text::count(row.count)),
            ]);
        }
        format!("\n\n{}", table.trim_fmt())
    }

    /// The SLI table of a page.
    pub fn sli_table(&self, page: &ReportPage) -> String {
        let headings = [
            "SLI",
            "value",
            "worst window",
            "warn",
            "contact",
            "state",
            "n",
        ];
        let mut table = self.table(&headings);
        for sli in &page.slis {
            let state = match sli.state {
                State::Met => self.painted("met", Color::Green),
                State::Missed => self.painted("MISSED", Color::Red),
                State::NotEnoughData => self.painted("not enough data", Color::Yellow),
            };
            table.add_row(vec![
                Cell::new(text::harmless(&sli.title)),
                right(&value(sli)),
                right(&worst(sli, page)),
                right(&level(sli, "warn", page)),
                right(&level(sli, "contact", page)),
                state,
                right(&text::count(sli.count)),
            ]);
        }
        let is_crossed = |sli: &SliRow| {
            sli.levels
                .iter()
                .any(|level| level.first_crossed_us.is_some())
        };
        if let Some(names) = table.column_mut(0) {
            names.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NAME_WIDTH)));
        }
        let mut text = table.trim_fmt();
        if page.slis.iter().any(is_crossed) {
            text += "\n ✕ crossed for as long as it must last, first at the time behind it";
        }
        let shown = |level: &LevelRow| matches!(level.level.as_str(), "warn" | "contact");
        let is_only_whole = |sli: &SliRow| {
            let mut levels = sli.levels.iter().filter(|level| shown(level));
            levels.any(|level| level.is_value_beyond && level.first_crossed_us.is_none())
        };
        if page.slis.iter().any(is_only_whole) {
            text +=
                "\n ! beyond it over the whole range, but never on end for as long as it must last";
        }
        text + &own_windows(page)
    }
}

/// The hypothesis, and a line per condition; nothing where the scenario has neither.
fn conditions(part: &RehearsalPart) -> String {
    let hypothesis = part.hypothesis.iter();
    let mut lines: Vec<String> = hypothesis
        .map(|hypothesis| format!("hypothesis       {}", text::harmless(hypothesis.trim())))
        .collect();
    if part.has_own_criteria {
        lines.extend(part.criteria.iter().map(|row| {
            let state = match row.state {
                State::Met => "met",
                State::Missed => "MISSED",
                State::NotEnoughData => "not enough data",
            };
            let title = text::harmless(&row.title);
            format!("{state:<15}  {title}. {}", text::harmless(&row.explanation))
        }));
    }
    if lines.is_empty() {
        return String::new();
    }
    let lines = lines.iter().map(|line| format!("\n{}", line.trim_end()));
    lines.collect::<String>() + "\n"
}

/// A line per length of window that is not that of the page, shortest first.
fn own_windows(page: &ReportPage) -> String {
    let mut lengths: Vec<f64> = page
        .slis
        .iter()
        .filter_map(|sli| sli.own_window_s)
        .collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    let lines = lengths.into_iter().map(|window_s| {
        let slis = page.slis.iter();
        let titles = slis
            .filter(|sli| sli.own_window_s == Some(window_s))
            .map(|sli| text::harmless(&sli.title).into_owned());
        let titles: Vec<String> = titles.collect();
        let window = text::duration(window_s);
        format!("\n in windows of {window}: {}", titles.join("; "))
    });
    lines.collect()
}

fn width() -> u16 {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let (_, found) = console::Term::stdout()
        .size_checked()
        .unwrap_or((0, WIDTH_DEFAULT));
    columns.unwrap_or(found).clamp(WIDTH_MIN, 140)
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn limits(sli: &SliRow) -> Vec<f64> {
    sli.levels.iter().map(|level| level.value).collect()
}

fn value(sli: &SliRow) -> String {
    sli.value.map_or_else(
        || "–".to_owned(),
        |value| text::quantity_apart(value, sli.unit, &limits(sli)),
    )
}

fn worst(sli: &SliRow, page: &ReportPage) -> String {
    let Some(worst) = &sli.worst else {
        return "–".to_owned();
    };
    let value = text::quantity_apart(worst.value, sli.unit, &limits(sli));
    format!("{value} at {}", moment(worst.start_us, page))
}

fn level(sli: &SliRow, name: &str, page: &ReportPage) -> String {
    let Some(level) = sli.levels.iter().find(|level| level.level == name) else {
        return "–".to_owned();
    };
    let limit = text::quantity(level.value, sli.unit);
    match level.first_crossed_us {
        Some(at_us) => format!("{limit} ✕ {}", moment(at_us, page)),
        None if level.is_value_beyond => format!("{limit} !"),
        None => limit,
    }
}

fn moment(us: i64, page: &ReportPage) -> String {
    let start_us = page.timeline.starts_us.first().copied().unwrap_or(us);
    text::moment(us, start_us, page.timeline.relative)
}
