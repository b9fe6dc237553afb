//! Boxes of numbers with a sparkline: load, latency, the load generator.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};

use super::super::look::Look;
use super::super::seconds::{LiveSecond, Quantiles};
use super::{Palette, Tone, titled};
use crate::drill::HealthSample;
use crate::report::{Unit, text};

/// From this share of a limit on it is near.
const NEAR: f64 = 0.8;

pub fn load(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let load = &look.load;
    let offered = look.arrivals.last().map_or(0, |second| second.offered);
    let requests = look.seconds.last().map_or(0, |second| second.requests);
    let dropped = match load.dropped {
        0 => Span::raw("none dropped"),
        dropped => Span::styled(
            format!("{} dropped", text::count(dropped)),
            palette.style(Tone::Bad),
        ),
    };
    let lines = vec![
        Line::raw(format!(
            "arriving  {}/s, planned {}/s",
            text::count(offered),
            text::quantity(load.planned_per_s.max(0.0), Unit::Count)
        )),
        Line::raw(format!(
            "in shop   {}, {}/{} under way",
            text::count(load.present),
            text::count(load.in_flight),
            text::count(load.in_flight_max)
        )),
        Line::from(vec![
            Span::raw(format!("finished  {}, ", text::count(load.completed))),
            dropped,
        ]),
        Line::raw(format!(
            "requests  {}/s, {} in all",
            text::count(requests),
            text::count(load.requests)
        )),
    ];
    let bars = look.seconds.iter().map(|second| second.requests);
    boxed(
        frame,
        area,
        "Load: requests per second",
        lines,
        &bars.collect::<Vec<_>>(),
        palette,
    );
}

pub fn latency(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let newest = look.seconds.iter().rev();
    let newest = newest.clone().find(|second| second.response.is_some());
    let of = |latency: fn(&LiveSecond) -> Option<Quantiles>| newest.and_then(latency);
    let lines = vec![
        Line::styled(
            format!("{:<10}{:>9}{:>9}{:>9}", "", "p50", "p95", "p99"),
            palette.style(Tone::Faint),
        ),
        Line::raw(quantiles("response", of(|second| second.response))),
        Line::raw(quantiles("service", of(|second| second.service))),
        Line::raw(quantiles("1st byte", of(|second| second.first_byte))),
    ];
    let bars = look.seconds.iter();
    let bars = bars.map(|second| second.response.map_or(0, |response| response.p95));
    boxed(
        frame,
        area,
        "Latency: response p95",
        lines,
        &bars.collect::<Vec<_>>(),
        palette,
    );
}

fn quantiles(name: &str, found: Option<Quantiles>) -> String {
    let time = |us: Option<u64>| match us {
        Some(us) => text::quantity(number(us), Unit::Microseconds),
        None => text::NO_VALUE.to_owned(),
    };
    format!(
        "{name:<10}{:>9}{:>9}{:>9}",
        time(found.map(|it| it.p50)),
        time(found.map(|it| it.p95)),
        time(found.map(|it| it.p99))
    )
}

pub fn generator(frame: &mut Frame<'_>, area: Rect, look: &Look, palette: Palette) {
    let generator = &look.generator;
    let health = generator.newest();
    let mut first = vec![Span::raw(format!("CPU of {} cores ", generator.cores))];
    let cpu_share = health.and_then(|sample| sample.cpu_share);
    first.push(near(
        cpu_share.map(|share| (share, 1.0)),
        Unit::Share,
        palette,
    ));
    first.push(Span::raw(", machine "));
    let machine = health.and_then(|sample| sample.machine_cpu_share);
    first.push(near(
        machine.map(|share| (share, 1.0)),
        Unit::Share,
        palette,
    ));
    first.push(Span::raw("   late by "));
    let lag = |lag: fn(&HealthSample) -> u64| {
        health.map(|sample| (number(lag(sample)), number(generator.lag_limit_us)))
    };
    let schedule = lag(|sample| sample.schedule_lag_us);
    first.push(near(schedule, Unit::Microseconds, palette));
    first.push(Span::raw(", timers by "));
    first.push(near(
        lag(|sample| sample.loop_lag_us),
        Unit::Microseconds,
        palette,
    ));
    let of = |used: Option<u64>, limit: Option<u64>| {
        used.map(|used| (number(used), limit.map_or(f64::MAX, number)))
    };
    let mut second = vec![Span::raw("ports ")];
    let ports = health.and_then(|sample| sample.ports);
    second.push(near(of(ports, generator.ports_limit), Unit::Count, palette));
    second.push(Span::raw(limit_words(generator.ports_limit)));
    second.push(Span::raw("   files "));
    let files = health.and_then(|sample| sample.descriptors);
    second.push(near(
        of(files, Some(generator.descriptors_limit)),
        Unit::Count,
        palette,
    ));
    second.push(Span::raw(limit_words(Some(generator.descriptors_limit))));
    let memory = health.and_then(|sample| sample.resident_bytes);
    let memory = memory.map_or_else(String::new, |bytes| {
        format!("   memory {} MB", text::count(bytes / 1_000_000))
    });
    second.push(Span::raw(memory));
    second.push(Span::raw(format!(
        "   lake {}",
        text::count(look.load.committed)
    )));
    let block = titled("Load generator", palette);
    let lines = vec![Line::from(first), Line::from(second)];
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn limit_words(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!(" of {}", text::count(limit)))
}

/// A value, in the colour of how near it is to its limit.
fn near(value: Option<(f64, f64)>, unit: Unit, palette: Palette) -> Span<'static> {
    let Some((value, limit)) = value else {
        return Span::raw(text::NO_VALUE);
    };
    let tone = match value / limit {
        share if share >= 1.0 => Tone::Bad,
        share if share >= NEAR => Tone::Warn,
        _ => Tone::Plain,
    };
    Span::styled(text::quantity(value, unit), palette.style(tone))
}

/// Lines, and below them what room there is for a sparkline.
fn boxed(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    lines: Vec<Line<'static>>,
    bars: &[u64],
    palette: Palette,
) {
    let block = titled(title, palette);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [above, below] =
        Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(inner);
    frame.render_widget(Paragraph::new(lines), above);
    let shown = &bars[bars.len().saturating_sub(usize::from(below.width))..];
    let sparkline = Sparkline::default()
        .data(shown)
        .style(palette.style(Tone::Line));
    frame.render_widget(sparkline, below);
}

#[expect(clippy::cast_precision_loss, reason = "these stay below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
