//! Boxes of rows: SLIs and thresholds, errors, what happens when.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table};

use super::super::events::{EventState, chosen};
use super::super::look::{Look, SliLook};
use super::{Palette, Tone, bars, titled};
use crate::cli::thresholds::{LookState, ThresholdLook};
use crate::report::text;
use crate::sli::{BadSide, Level};

/// Columns of values, of limits and of states.
const VALUE_COLUMNS: u16 = 10;
const LIMIT_COLUMNS: u16 = 17;
const STATE_COLUMNS: u16 = 19;
/// From so many columns on there is room for sparklines beside the names.
const WIDE: u16 = 100;
/// Bars of a sparkline.
const BAR_COLUMNS: u16 = 10;

/// Rows of the box that shows all SLIs and thresholds.
pub fn rows_wanted(look: &Look) -> u16 {
    u16::try_from(look.slis.len() + look.thresholds.len() + 2).unwrap_or(u16::MAX)
}

pub fn slis(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let block = titled("SLIs and thresholds", palette);
    if look.slis.is_empty() && look.thresholds.is_empty() {
        let words = Paragraph::new("nothing to judge yet").block(block);
        frame.render_widget(words, area);
        return;
    }
    let room = usize::from(area.height.saturating_sub(2));
    let mut thresholds: Vec<&ThresholdLook> = look.thresholds.iter().collect();
    // The worst first: what does not fit is what holds.
    thresholds.sort_by_key(|threshold| std::cmp::Reverse(severity(threshold.state)));
    let mut slis: Vec<&SliLook> = look.slis.iter().collect();
    slis.sort_by_key(|sli| std::cmp::Reverse(sli.level));
    let of_thresholds = thresholds
        .len()
        .min(room.div_ceil(2).max(room.saturating_sub(slis.len())));
    let rows = thresholds
        .iter()
        .take(of_thresholds)
        .map(|threshold| threshold_row(threshold, palette));
    let of_slis = slis.iter().take(room - of_thresholds.min(room));
    let rows = of_slis.map(|sli| sli_row(sli, palette)).chain(rows);
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(VALUE_COLUMNS),
        Constraint::Length(LIMIT_COLUMNS),
        Constraint::Length(STATE_COLUMNS),
        Constraint::Length(if area.width < WIDE { 0 } else { BAR_COLUMNS }),
    ];
    frame.render_widget(Table::new(rows, widths).block(block), area);
}

fn sli_row(sli: &SliLook, palette: Palette) -> Row<'static> {
    let limits: Vec<f64> = sli.limits.iter().map(|limit| limit.value).collect();
    let value = sli.value.map_or_else(
        || text::NO_VALUE.to_owned(),
        |value| text::quantity_apart(value, sli.unit, &limits),
    );
    let (state, tone) = match (sli.level, sli.limits.is_empty(), sli.value) {
        (_, _, None) => ("no data yet", Tone::Faint),
        (Some(Level::Contact), _, _) => ("CUSTOMERS CALL", Tone::Bad),
        (Some(Level::Warn), _, _) => ("WARN", Tone::Warn),
        (None, true, _) => ("", Tone::Plain),
        (None, false, _) => ("good", Tone::Good),
    };
    let limit = sli.limits.iter().max_by_key(|limit| limit.level);
    let limit = limit.map_or_else(String::new, |limit| {
        let side = side(limit.bad);
        let name = match limit.level {
            Level::Contact => "call",
            Level::Warn => "warn",
        };
        format!("{name} {side} {}", text::quantity(limit.value, sli.unit))
    });
    row(
        text::harmless(&sli.title).into_owned(),
        value,
        limit,
        (state.to_owned(), palette.style(tone)),
        &sli.recent,
        palette,
    )
}

fn threshold_row(threshold: &ThresholdLook, palette: Palette) -> Row<'static> {
    let newest = threshold.recent.iter().rev().copied().flatten().next();
    let value = newest.map_or_else(
        || text::NO_VALUE.to_owned(),
        |value| text::quantity_apart(value, threshold.unit, &[threshold.limit]),
    );
    let limit = format!(
        "{} {} {}",
        if threshold.aborts { "stop" } else { "demand" },
        side(threshold.bad),
        text::quantity(threshold.limit, threshold.unit)
    );
    let duration = |us: i64| text::duration(crate::time_window::seconds(us));
    let (state, tone) = match threshold.state {
        LookState::Waiting => ("no data yet".to_owned(), Tone::Faint),
        LookState::Holds => ("holds".to_owned(), Tone::Good),
        LookState::Beyond => (
            format!(
                "beyond {} of {}",
                duration(threshold.beyond_us),
                duration(threshold.for_us)
            ),
            Tone::Warn,
        ),
        LookState::Broken => (
            format!(
                "BROKEN from {}",
                text::offset(threshold.first_broken_us.unwrap_or(0), 0)
            ),
            Tone::Bad,
        ),
    };
    row(
        text::harmless(&threshold.demand).into_owned(),
        value,
        limit,
        (state, palette.style(tone)),
        &threshold.recent,
        palette,
    )
}

fn row(
    name: String,
    value: String,
    limit: String,
    (state, style): (String, Style),
    recent: &[Option<f64>],
    palette: Palette,
) -> Row<'static> {
    let bars = bars(recent, usize::from(BAR_COLUMNS));
    Row::new([
        Cell::from(name),
        Cell::from(Span::styled(format!("{value:>9}"), style)),
        Cell::from(limit).style(palette.style(Tone::Faint)),
        Cell::from(state).style(style),
        Cell::from(bars).style(palette.style(Tone::Line)),
    ])
}

fn severity(state: LookState) -> u8 {
    match state {
        LookState::Broken => 3,
        LookState::Beyond => 2,
        LookState::Holds => 1,
        LookState::Waiting => 0,
    }
}

fn side(bad: BadSide) -> &'static str {
    match bad {
        BadSide::Above => ">",
        BadSide::Below => "<",
    }
}

pub fn errors(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let block = titled("Errors of the last two minutes", palette);
    let lines: Vec<Line<'static>> = match look.errors.is_empty() {
        true => vec![Line::styled("none", palette.style(Tone::Good))],
        false => {
            let counts = look.errors.iter();
            counts
                .map(|(name, count)| {
                    Line::styled(
                        format!("{name:<12}{:>10}", text::count(*count)),
                        palette.style(Tone::Bad),
                    )
                })
                .collect()
        }
    };
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

pub fn events(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let block = titled("Timeline", palette);
    let room = usize::from(area.height.saturating_sub(2));
    let shown = chosen(&look.events, room).into_iter();
    let lines: Vec<Line<'static>> = shown
        .map(|event| {
            let (mark, tone) = mark(event.state);
            let detail = event.detail.as_deref().map(|detail| format!(": {detail}"));
            let detail = detail.unwrap_or_default().replace('\n', " ");
            let words = format!(
                "{:>6} {mark} {}{}",
                text::offset(micros(event.at_s), 0),
                text::harmless(&event.label),
                text::harmless(&detail)
            );
            Line::styled(words, palette.style(tone))
        })
        .collect();
    let lines = match lines.is_empty() {
        true => vec![Line::raw("nothing is planned")],
        false => lines,
    };
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A sign for the state, and how urgent it is.
fn mark(state: EventState) -> (char, Tone) {
    match state {
        EventState::Planned => ('·', Tone::Plain),
        EventState::Past | EventState::Confirmed | EventState::Done | EventState::Undone => {
            ('✓', Tone::Faint)
        }
        EventState::Waiting => ('?', Tone::Warn),
        EventState::Running => ('▶', Tone::Warn),
        EventState::Late
        | EventState::NotConfirmed
        | EventState::Failed
        | EventState::NotUndone => ('✗', Tone::Bad),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a run is hours long, not centuries"
)]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6) as i64
}
