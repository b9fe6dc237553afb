//! A look, drawn on a terminal of any size from 80 × 24 on.
//!
//! In: a [`Look`] and the area. Out: cells. Colour only repeats what a word says already; without
//! colour nothing is lost. Texts of scenarios and SLI sets are made harmless before they are drawn.

mod numbers;
mod tables;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

use super::look::{Look, Stage};
use crate::report::text;

/// Rows of the generator's box.
const GENERATOR_ROWS: u16 = 4;
/// Rows of errors and events.
const EVENT_ROWS: u16 = 5;
/// Rows of load and latency, at least.
const LOAD_ROWS: u16 = 7;
/// Rows for what somebody says, at most.
const SAID_ROWS: u16 = 3;
/// Rows of SLIs and thresholds, at least.
const SLI_ROWS: u16 = 5;

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Whether the terminal may be painted.
    pub is_colored: bool,
}

impl Palette {
    pub(super) fn style(self, tone: Tone) -> Style {
        let color = match tone {
            Tone::Plain => return Style::new(),
            Tone::Faint => Color::DarkGray,
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Line => Color::Blue,
        };
        let style = match tone {
            Tone::Bad => Style::new().add_modifier(Modifier::BOLD),
            Tone::Plain | Tone::Faint | Tone::Good | Tone::Warn | Tone::Line => Style::new(),
        };
        if self.is_colored {
            style.fg(color)
        } else {
            style
        }
    }
}

/// What a text says by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Faint,
    Good,
    Warn,
    Bad,
    Line,
}

/// Draws everything; `note` is what was said in the last seconds.
pub fn draw(frame: &mut Frame<'_>, look: &Look, note: Option<&str>, palette: Palette) {
    let area = frame.area();
    let spare = area
        .height
        .saturating_sub(2 + LOAD_ROWS + SLI_ROWS + EVENT_ROWS + GENERATOR_ROWS);
    let said = said(look, note, palette);
    let said_rows = rows(&said, area.width).min(SAID_ROWS).min(1 + spare);
    let spare = spare - (said_rows - 1);
    let sli_rows = tables::rows_wanted(look).max(SLI_ROWS);
    let sli_rows = sli_rows.min(SLI_ROWS + spare);
    let [head, load, slis, events, generator, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(LOAD_ROWS),
        Constraint::Length(sli_rows),
        Constraint::Length(EVENT_ROWS + (spare / 6).min(5)),
        Constraint::Length(GENERATOR_ROWS),
        Constraint::Length(said_rows),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(headline(look, head.width, palette)), head);
    let [left, right] = halves(load);
    numbers::load(frame, left, look, palette);
    numbers::latency(frame, right, look, palette);
    tables::slis(frame, slis, look, palette);
    let [left, right] = halves(events);
    tables::errors(frame, left, look, palette);
    tables::events(frame, right, look, palette);
    numbers::generator(frame, generator, look, palette);
    let said = match said.as_slice() {
        // Where both have one row each, neither takes that of the other.
        [_, _] if said_rows > 1 => {
            let [first, last] =
                Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(keys);
            frame.render_widget(Paragraph::new(said[0].clone()), first);
            (&said[1], last)
        }
        _ => (&said[0], keys),
    };
    let words = Paragraph::new(said.0.clone()).wrap(Wrap { trim: true });
    frame.render_widget(words, said.1);
}

/// What the last rows say: the newest notes, and what waits to be confirmed; else which keys there are.
fn said(look: &Look, note: Option<&str>, palette: Palette) -> Vec<Line<'static>> {
    let line = |words: &str| {
        let words = text::harmless(&words.replace('\n', " ")).into_owned();
        Line::styled(words, palette.style(Tone::Warn))
    };
    let said: Vec<Line<'static>> = note
        .into_iter()
        .chain(look.prompt.as_deref())
        .map(line)
        .collect();
    if said.is_empty() {
        let words = "Ctrl-C stops, keeps everything recorded and still writes the report";
        return vec![Line::styled(words, palette.style(Tone::Faint))];
    }
    said
}

/// Rows that the lines take when they are wrapped; words that do not fit may take one more.
fn rows(lines: &[Line<'_>], width: u16) -> u16 {
    let rows = lines
        .iter()
        .map(|line| line.width().div_ceil(usize::from(width.max(1))).max(1));
    u16::try_from(rows.sum::<usize>()).unwrap_or(u16::MAX)
}

fn halves(area: Rect) -> [Rect; 2] {
    Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area)
}

/// A box with a title.
pub(super) fn titled<'a>(title: &'a str, palette: Palette) -> Block<'a> {
    Block::bordered()
        .border_style(palette.style(Tone::Faint))
        .title(Span::styled(
            title,
            Style::new().add_modifier(Modifier::BOLD),
        ))
}

/// Name, progress, and what comes next.
fn headline(look: &Look, width: u16, palette: Palette) -> Line<'static> {
    let next = look.events.iter().find(|event| !event.is_past);
    let stage = match (look.stage, next) {
        (Stage::Running, Some(next)) => format!(
            "next: {} in {}",
            text::harmless(&next.label),
            text::duration((next.at_s - look.elapsed_s).ceil())
        ),
        (Stage::Running, None) => "shoppers arrive".to_owned(),
        (Stage::Draining, _) => "nobody comes any more; those in the shop go on".to_owned(),
        (Stage::Judging | Stage::Over, _) => "all are gone; the run is judged".to_owned(),
    };
    let time = format!(
        " {} of {} ",
        text::duration(look.elapsed_s.floor()),
        text::duration(look.length_s)
    );
    let bar_width = usize::from(width / 8);
    let share = (look.elapsed_s / look.length_s.max(1.0)).clamp(0.0, 1.0);
    let filled = filled(share, bar_width);
    Line::from(vec![
        Span::styled(
            text::harmless(&look.run_id).into_owned(),
            Style::new().add_modifier(Modifier::BOLD),
        ),
        Span::raw(time),
        Span::styled("━".repeat(filled), palette.style(Tone::Line)),
        Span::styled("─".repeat(bar_width - filled), palette.style(Tone::Faint)),
        Span::raw(format!(" {stage}")),
    ])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of the columns of a terminal"
)]
fn filled(share: f64, columns: usize) -> usize {
    ((share * columns as f64).round() as usize).min(columns)
}

/// A bar per value, from 0 to the highest of them; a gap where there is none.
pub(super) fn bars(values: &[Option<f64>], columns: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &values[values.len().saturating_sub(columns)..];
    let highest = shown.iter().copied().flatten().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if highest > 0.0 => BARS[filled(value / highest, BARS.len() - 1)],
        Some(_) => BARS[0],
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::super::events::EventState;
    use super::super::look::sample::busy;
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(look: &Look, width: u16, height: u16) -> String {
        drawn_with(look, None, width, height)
    }

    fn drawn_with(look: &Look, note: Option<&str>, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let palette = Palette { is_colored: false };
        terminal
            .draw(|frame| draw(frame, look, note, palette))
            .unwrap();
        let buffer = terminal.backend().buffer();
        let colors = buffer.content().iter();
        assert!(
            colors
                .clone()
                .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "a colour where there must be none"
        );
        let rows = buffer.content().chunks(usize::from(width));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n")
            .collect()
    }

    #[test]
    fn everything_that_matters_fits_on_the_smallest_terminal() {
        let look = busy("sale");
        for (width, height) in [(80, 24), (160, 45), (100, 30)] {
            let screen = drawn(&look, width, height);
            for part in [
                "next: doors close in 14 s",
                "1\u{2009}180",
                "under way",
                "response",
                "service",
                "sale response, p95",
                "4.8 s",
                "CALL",
                "beyond 5 s of 10 s",
                "503",
                "doors open at sale",
                "CPU",
                "42 %",
                "Ctrl-C",
            ] {
                assert!(
                    screen.contains(part),
                    "no `{part}` at {width}×{height}:\n{screen}"
                );
            }
        }
    }

    #[test]
    fn no_size_is_too_small_to_draw_on() {
        let look = busy("sale");
        for (width, height) in [(1, 1), (10, 3), (40, 12), (80, 8), (20, 60), (300, 100)] {
            drawn(&look, width, height);
        }
        let mut empty = look;
        empty.seconds.clear();
        empty.arrivals.clear();
        empty.slis.clear();
        empty.thresholds.clear();
        empty.generator.seconds.clear();
        let screen = drawn(&empty, 80, 24);
        assert!(screen.contains("nothing to judge yet"), "{screen}");
    }

    #[test]
    fn hostile_names_cannot_reach_the_terminal() {
        let screen = drawn(&busy("a\u{1b}[2J\u{202e}\u{0}b"), 120, 40);
        for hostile in ['\u{1b}', '\u{202e}', '\u{0}'] {
            assert!(!screen.contains(hostile));
        }
    }

    #[test]
    fn what_somebody_says_takes_the_place_of_the_keys() {
        let look = busy("sale");
        let screen = drawn_with(&look, Some("page the on-call:\npress Enter"), 80, 24);
        assert!(screen.contains("page the on-call: press Enter"), "{screen}");
        assert!(!screen.contains("Ctrl-C"));
    }

    #[test]
    fn what_waits_to_be_confirmed_stands_in_the_last_row_below_what_was_said() {
        let mut look = busy("sale");
        look.prompt = Some("CONFIRM page (press Enter): Page them".to_owned());
        let long = "co FAILED: it answered 500 ".repeat(9);
        for (note, height) in [(None, 24), (Some(long.as_str()), 24), (Some("x"), 45)] {
            let screen = drawn_with(&look, note, 80, height);
            let rows: Vec<&str> = screen.lines().collect();
            let last = rows[rows.len() - 1];
            assert!(last.starts_with("CONFIRM page (press Enter)"), "{screen}");
            if let Some(note) = note {
                assert!(rows[rows.len() - 2].starts_with(&note[..1]), "{screen}");
            }
        }
    }

    #[test]
    fn a_long_message_takes_the_rows_that_are_free() {
        let long = format!("co FAILED: {}the end", "it answered 500 and ".repeat(4));
        let screen = drawn_with(&busy("sale"), Some(&long), 80, 24);
        assert!(screen.contains("the end"), "{screen}");
    }

    #[test]
    fn the_timeline_says_how_an_entry_stands() {
        let mut look = busy("sale");
        look.events[0].state = EventState::Failed;
        look.events[0].detail = Some("FAILED: it answered 500".to_owned());
        let screen = drawn(&look, 160, 45);
        assert!(
            screen.contains("✗ doors open at sale: FAILED: it answered 500"),
            "{screen}"
        );
        assert!(!screen.contains('✓'), "{screen}");
    }

    #[test]
    fn bars_go_from_nothing_to_the_highest() {
        assert_eq!(bars(&[Some(0.0), Some(7.0), None, Some(14.0)], 10), "▁▅ █");
        assert_eq!(bars(&[Some(1.0), Some(2.0), Some(2.0)], 2), "██");
        assert_eq!(bars(&[Some(0.0)], 5), "▁");
        assert_eq!(bars(&[], 5), "");
    }
}
