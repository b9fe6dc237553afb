//! A fit on the terminal: a sentence, the coefficients, a small picture, what was asked, what is doubtful.

use super::asked::{Predicted, digits};
use super::coefficients::coefficients;
use super::{Fitted, Source};
use crate::capacity::law::{Interval, LawFit};
use crate::cli::terminal::Terminal;

/// Columns and rows of the picture.
const WIDTH: usize = 56;
const HEIGHT: usize = 11;

/// Everything, as text.
pub fn text(fitted: &Fitted, terminal: &Terminal) -> String {
    let mut parts = vec![
        sentence(fitted),
        source(fitted),
        coefficient_table(&fitted.fit, terminal),
    ];
    parts.push(picture(&fitted.fit));
    if !fitted.predicted.is_empty() {
        parts.push(predictions(&fitted.predicted, terminal));
    }
    parts.extend(doubts(&fitted.fit));
    parts.join("\n\n")
}

/// What the fit says, in one or two sentences; what it does not know is not in it.
pub fn sentence(fitted: &Fitted) -> String {
    let fit = &fitted.fit;
    let law = &fit.law;
    let peak = law.peak_concurrency().zip(law.peak_throughput());
    match (peak, law.limit()) {
        (Some((n, x)), _) if fit.kappa_identified => format!(
            "Throughput peaks at {}{} with a concurrency of {}{}; more concurrency means less throughput.",
            digits(x),
            within(fit.intervals.x_max),
            digits(n),
            within(fit.intervals.n_max)
        ),
        (Some((n, x)), _) if !fit.is_extrapolated(n) || fitted.may_extrapolate => format!(
            "κ is not identified: the points do not show a knee. If the fit holds, throughput peaks at {} with a concurrency of {}{}.",
            digits(x),
            digits(n),
            within(fit.intervals.n_max)
        ),
        (Some(_), _) => format!(
            "κ is not identified: the points do not show a knee, and the fitted peak is too far from them to be told. Up to a concurrency of {} throughput rises to {}.",
            digits(fit.largest()),
            digits(law.throughput(fit.largest()).unwrap_or(f64::NAN))
        ),
        (None, Some(limit)) => format!(
            "κ is not identified: the points show no knee. Contention alone limits throughput to {}{}; {} % of it is reached at a concurrency of {}.",
            digits(limit),
            within(fit.intervals.x_max),
            digits(100.0 * law.throughput(fit.largest()).unwrap_or(f64::NAN) / limit),
            digits(fit.largest())
        ),
        (None, None) => format!(
            "κ is not identified, and nothing is waited for: up to a concurrency of {} throughput grows in proportion, {} each.",
            digits(fit.largest()),
            digits(law.lambda)
        ),
    }
}

fn within(interval: Option<Interval>) -> String {
    match interval {
        Some(Interval {
            low: Some(low),
            high: Some(high),
        }) => {
            format!(" (95 %: {} to {})", digits(low), digits(high))
        }
        Some(Interval {
            low: Some(low),
            high: None,
        }) => format!(" (95 %: {} or more)", digits(low)),
        Some(Interval {
            low: None,
            high: Some(high),
        }) => format!(" (95 %: {} or less)", digits(high)),
        Some(Interval {
            low: None,
            high: None,
        })
        | None => String::new(),
    }
}

/// Where the points are from, and what they leave out.
pub fn source(fitted: &Fitted) -> String {
    let fit = &fitted.fit;
    let points = format!(
        "{} points, {} concurrencies",
        fit.fitted.len(),
        fit.distinct
    );
    match &fitted.source {
        Source::File(path) if path == "-" => format!("{points}, from standard input"),
        Source::File(path) => format!("{points}, from {path}"),
        Source::Search(name) => format!("{points}, the trials of search {name}"),
        Source::Lake(lake) => {
            let how = match lake.concurrency {
                "little" => "concurrency = requests/s × mean response time (Little's law)",
                _ => "concurrency = requests in flight, mean of each window",
            };
            let mix: Vec<String> = lake
                .mix
                .iter()
                .map(|route| format!("{} {:.0} %", route.route, route.share * 100.0))
                .collect();
            let whose = lake
                .run
                .as_ref()
                .map_or_else(String::new, |run| format!(" of {run}"));
            let mut lines = format!(
                "{points}, from {} of {} windows of {} s{whose} in a steady state\n{} to {}, {} requests; throughput is requests/s; {how}\nmix: {}",
                lake.steady_windows,
                lake.windows,
                lake.window_s.unwrap_or(0.0),
                lake.from,
                lake.to,
                lake.requests,
                mix.join(", ")
            );
            if lake.mix_change > 0.1 {
                lines.push_str(&format!(
                    "\nnote: {:.0} % of the mix is different in the busiest third of the windows: fit journeys apart with --route or --service",
                    lake.mix_change * 100.0
                ));
            }
            if lake.without_duration > 0 {
                lines.push_str(&format!(
                    "\nnote: {} requests without a duration are not counted",
                    lake.without_duration
                ));
            }
            lines
        }
    }
}

fn coefficient_table(fit: &LawFit, terminal: &Terminal) -> String {
    let mut table = terminal.table(&["", "value", "standard error", "95 % interval", "meaning"]);
    for row in coefficients(fit) {
        let interval = match row.interval {
            Some(Interval {
                low: Some(low),
                high: Some(high),
            }) => format!("{} to {}", digits(low), digits(high)),
            Some(_) | None => "–".to_owned(),
        };
        table.add_row([
            row.name.to_owned(),
            digits(row.value),
            row.error,
            interval,
            row.meaning.to_owned(),
        ]);
    }
    let unit = match fit.weighting {
        crate::capacity::law::Weighting::Absolute => "",
        crate::capacity::law::Weighting::Relative => " (as a share of the throughput)",
    };
    let error = fit
        .residual_standard_error
        .map_or_else(|| "–".to_owned(), digits);
    let mut text = format!(
        "{}\nresidual standard error {error}{unit} on {} degrees of freedom",
        trimmed(&table.to_string()),
        fit.degrees_of_freedom
    );
    if let Some(left) = &fit.leave_one_out {
        text.push_str(&format!(
            "; left out and predicted, a point is off by {} % (median), {} % at most",
            digits(left.median_share * 100.0),
            digits(left.largest_share * 100.0)
        ));
    }
    text
}

fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Points and curve in characters: `o` a point, `·` the curve.
fn picture(fit: &LawFit) -> String {
    let right = fit.largest();
    let fitted = |n: f64| fit.law.throughput(n).unwrap_or(0.0);
    let points = fit.fitted.iter();
    let top = points.fold(0.0_f64, |top, point| {
        top.max(point.throughput).max(point.predicted)
    });
    let mut cells = vec![vec![' '; WIDTH]; HEIGHT];
    let row = |x: f64| place(1.0 - (x / top).clamp(0.0, 1.0), HEIGHT);
    let drawn = (0..WIDTH).map(|column| (row(fitted(right * part(column, WIDTH))), column));
    for (line, column) in drawn {
        cells[line][column] = '·';
    }
    for point in &fit.fitted {
        cells[row(point.throughput)][place(point.concurrency / right, WIDTH)] = 'o';
    }
    let label = digits(top);
    let margin = label.chars().count();
    let mut lines: Vec<String> = cells
        .into_iter()
        .enumerate()
        .map(|(index, cells)| {
            let name = if index == 0 { label.as_str() } else { "" };
            let line: String = cells.into_iter().collect();
            format!("{name:>margin$} │{}", line.trim_end())
        })
        .collect();
    lines.push(format!("{:>margin$} └{}", 0, "─".repeat(WIDTH)));
    let end = digits(right);
    lines.push(format!("{:margin$}  0{end:>width$}", "", width = WIDTH - 1));
    lines.push(format!(
        "{:margin$}  throughput by concurrency: o measured, · fitted",
        ""
    ));
    lines.join("\n")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a few characters"
)]
fn place(share: f64, count: usize) -> usize {
    (share * (count - 1) as f64).round() as usize
}

#[expect(clippy::cast_precision_loss, reason = "a few characters")]
fn part(index: usize, count: usize) -> f64 {
    index as f64 / (count - 1) as f64
}

fn predictions(predicted: &[Predicted], terminal: &Terminal) -> String {
    let mut table = terminal.table(&[
        "given",
        "concurrency",
        "throughput",
        "95 % interval",
        "time",
        "",
    ]);
    for one in predicted {
        let interval = match one.throughput_interval {
            Some([Some(low), Some(high)]) => format!("{} to {}", digits(low), digits(high)),
            Some(_) | None => "–".to_owned(),
        };
        let notes = [
            (one.is_extrapolated, "extrapolated"),
            (one.is_past_peak, "past the peak"),
        ];
        let notes: Vec<&str> = notes
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, note)| *note)
            .collect();
        table.add_row([
            one.given.to_owned(),
            digits(one.concurrency),
            digits(one.throughput),
            interval,
            digits(one.response),
            notes.join(", "),
        ]);
    }
    trimmed(&table.to_string())
}

fn doubts(fit: &LawFit) -> Option<String> {
    let lines: Vec<String> = fit
        .doubts
        .iter()
        .map(|doubt| format!("- {doubt}"))
        .collect();
    (!lines.is_empty()).then(|| format!("What is doubtful:\n{}", lines.join("\n")))
}
