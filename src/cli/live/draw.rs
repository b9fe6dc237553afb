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
use ratatui::widgets::{Block, Paragraph};

use super::look::{Look, Stage};
use crate::report::text;

/// Rows of the generator's box.
const GENERATOR_ROWS: u16 = 4;
/// Rows of errors and events.
const EVENT_ROWS: u16 = 5;
/// Rows of load and latency, at least.
const LOAD_ROWS: u16 = 7;
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

/// Draws everything; `note` is what somebody had to say last.
pub fn draw(frame: &mut Frame<'_>, look: &Look, note: Option<&str>, palette: Palette) {
    let area = frame.area();
    let spare = area
        .height
        .saturating_sub(2 + LOAD_ROWS + SLI_ROWS + EVENT_ROWS + GENERATOR_ROWS);
    let sli_rows = tables::rows_wanted(look).max(SLI_ROWS);
    let sli_rows = sli_rows.min(SLI_ROWS + spare);
    let [head, load, slis, events, generator, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(LOAD_ROWS),
        Constraint::Length(sli_rows),
        Constraint::Length(EVENT_ROWS + (spare / 6).min(5)),
        Constraint::Length(GENERATOR_ROWS),
        Constraint::Length(1),
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
    let words = "Ctrl-C stops, keeps everything recorded and still writes the report";
    let words = match note {
        Some(note) => Line::styled(note.replace('\n', " "), palette.style(Tone::Warn)),
        None => Line::styled(words, palette.style(Tone::Faint)),
    };
    frame.render_widget(Paragraph::new(words), keys);
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
    fn bars_go_from_nothing_to_the_highest() {
        assert_eq!(bars(&[Some(0.0), Some(7.0), None, Some(14.0)], 10), "▁▅ █");
        assert_eq!(bars(&[Some(1.0), Some(2.0), Some(2.0)], 2), "██");
        assert_eq!(bars(&[Some(0.0)], 5), "▁");
        assert_eq!(bars(&[], 5), "");
    }
}
