//! The page of a scalability law.

use super::{badge, fact, note, version};
use crate::capacity::law::{LawFit, Weighting};
use crate::cli::capacity::fit::{Fitted, Source, coefficients, digits, sentence, source};
use crate::report::{
    BadgeKind, CapacityPage, MethodNote, Picture, PictureMark, PictureSeries, PictureStyle,
    PlainTable,
};

/// Points of the drawn curve.
const CURVE_POINTS: u32 = 120;

/// The page of a fit alone.
pub fn of_fit(fitted: &Fitted) -> CapacityPage {
    let fit = &fitted.fit;
    let (word, kind) = match fit.kappa_identified {
        true => ("identified", BadgeKind::Good),
        false => ("κ not identified", BadgeKind::Open),
    };
    let error = fit
        .residual_standard_error
        .map_or_else(|| "–".to_owned(), digits);
    let mut tables = vec![coefficient_table(fit)];
    tables.extend(prediction_table(fitted));
    CapacityPage {
        title: "Scalability law".to_owned(),
        badge: badge(word, kind),
        sentence: sentence(fitted),
        quote: String::new(),
        facts: vec![
            fact("points", source(fitted).replace('\n', "; ")),
            fact(
                "residual standard error",
                format!("{error} on {} degrees of freedom", fit.degrees_of_freedom),
            ),
        ],
        bars: Vec::new(),
        pictures: vec![law_picture(fit, unit(&fitted.source), sentence(fitted))],
        tables,
        unknowns: fit.doubts.iter().map(ToString::to_string).collect(),
        method: vec![law_note(fit), version()],
    }
}

fn unit(source: &Source) -> [&'static str; 2] {
    match source {
        Source::File(_) => ["concurrency", "throughput"],
        Source::Lake(_) | Source::Search(_) => ["requests in flight", "requests/s"],
    }
}

/// Points, curve and band.
pub fn law_picture(fit: &LawFit, [x, y]: [&str; 2], message: String) -> Picture {
    let largest = fit.largest();
    let grid =
        || (1..=CURVE_POINTS).map(|step| largest * f64::from(step) / f64::from(CURVE_POINTS));
    let curve = grid().filter_map(|n| Some(vec![n, fit.law.throughput(n)?]));
    let band = grid().filter_map(|n| {
        let (_, interval) = fit.predict(n)?;
        let interval = interval?;
        Some(vec![n, interval.low?, interval.high?])
    });
    let measured = fit
        .fitted
        .iter()
        .map(|point| vec![point.concurrency, point.throughput]);
    let series = |name: &str, style, points: Vec<Vec<f64>>| PictureSeries {
        name: name.to_owned(),
        style,
        points,
    };
    let peak = fit.law.peak_concurrency().filter(|peak| *peak <= largest);
    Picture {
        title: "Throughput by concurrency".to_owned(),
        message,
        x: x.to_owned(),
        y: y.to_owned(),
        x_labels: Vec::new(),
        series: vec![
            series("measured", PictureStyle::Points, measured.collect()),
            series("fitted", PictureStyle::Line, curve.collect()),
            series("95 % band of the curve", PictureStyle::Band, band.collect()),
        ],
        marks: peak
            .map(|value| PictureMark {
                label: format!("peak {}", digits(value)),
                value,
                is_vertical: true,
            })
            .into_iter()
            .collect(),
    }
}

/// λ, σ, κ.
pub fn coefficient_table(fit: &LawFit) -> PlainTable {
    let mut table = PlainTable::new(
        "Coefficients of the law",
        "",
        &[
            "Coefficient",
            "#Value",
            "#Standard error",
            "#95 % interval",
            "Meaning",
        ],
    );
    for row in coefficients(fit) {
        let interval = row.interval.map_or_else(
            || "–".to_owned(),
            |interval| {
                let end = |end: Option<f64>| end.map_or_else(|| "∞".to_owned(), digits);
                format!("{} to {}", end(interval.low), end(interval.high))
            },
        );
        table.rows.push(vec![
            row.name.to_owned(),
            digits(row.value),
            row.error,
            interval,
            row.meaning.to_owned(),
        ]);
    }
    table
}

fn prediction_table(fitted: &Fitted) -> Option<PlainTable> {
    let mut table = PlainTable::new(
        "What was asked of it",
        "Concurrency is throughput times time (Little's law).",
        &["Given", "#Concurrency", "#Throughput", "#Time", "Note"],
    );
    for one in &fitted.predicted {
        let notes = [
            (one.is_extrapolated, "extrapolated"),
            (one.is_past_peak, "past the peak"),
        ];
        let notes: Vec<&str> = notes
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, note)| *note)
            .collect();
        table.rows.push(vec![
            one.given.to_owned(),
            digits(one.concurrency),
            digits(one.throughput),
            digits(one.response),
            notes.join(", "),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// How a law is fitted.
pub fn law_note(fit: &LawFit) -> MethodNote {
    let weights = match fit.weighting {
        Weighting::Absolute => "errors of the throughput",
        Weighting::Relative => "errors as a share of the throughput",
    };
    note(
        "Scalability law",
        format!(
            "Gunther's Universal Scalability Law, X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), by least squares of {weights} with 0 ≤ σ ≤ 1 and κ ≥ 0. Standard errors with n − 3 degrees of freedom; intervals of κ, of the peak and of the highest throughput by profile likelihood. κ counts as identified from six different concurrencies on, two of them past the knee, if its interval does not reach 0. Nothing is said of concurrencies beyond 1.5 times the largest measured unless asked."
        ),
    )
}
