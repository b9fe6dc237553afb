//! `sli`: SLI values of what is in the lake.

use serde::Serialize;

use super::arguments::{GlobalArguments, SliArguments, SliFormat};
use super::exit_code::{ExitCode, Failure};
use super::page;
use super::range::{self, Judged};
use super::terminal::Terminal;
use crate::lake::Lake;
use crate::sli::{SliSeries, SliState};
use crate::time_window::rfc3339;

/// Runs the verb.
pub fn run(
    arguments: &SliArguments,
    global: &GlobalArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let lake = Lake::open(&global.lake)?;
    let judged = range::judge(&arguments.range, &lake)?;
    let is_json = terminal.is_json || arguments.format == SliFormat::Json;
    match (is_json, arguments.format) {
        (true, _) => terminal.json(&json(&judged))?,
        (false, SliFormat::Csv) => terminal.result(csv(&judged).trim_end())?,
        (false, SliFormat::Table | SliFormat::Json) => {
            terminal.result(&terminal.sli_table(&page::page(&judged)?))?;
        }
    }
    Ok(exit_code(&judged.series))
}

/// Missed SLIs are an exit code of 1; missing data is said, and is no failure of a question.
pub fn exit_code(series: &[SliSeries]) -> ExitCode {
    let is_missed = series.iter().any(|series| series.state == SliState::Missed);
    if is_missed {
        ExitCode::Missed
    } else {
        ExitCode::Ok
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct SliJson<'a> {
    from: String,
    to: String,
    window_s: i64,
    origin: &'a str,
    definition_sha256: &'a str,
    slis: &'a [SliSeries],
}

fn json(judged: &Judged) -> SliJson<'_> {
    SliJson {
        from: rfc3339(judged.scope.range.start_us),
        to: rfc3339(judged.scope.range.end_us),
        window_s: judged.scope.window_us / 1_000_000,
        origin: judged.origin.as_str(),
        definition_sha256: &judged.set.sha256,
        slis: &judged.series,
    }
}

/// One line per SLI and window; names are identifiers of the SLI set.
fn csv(judged: &Judged) -> String {
    use std::fmt::Write;
    let mut text = "sli,kind,unit,window_start,value,good,valid,count,state\n".to_owned();
    for series in &judged.series {
        for window in &series.windows {
            let value = window
                .value
                .map_or_else(String::new, |value| value.to_string());
            // Writing to a `String` never fails.
            let _ = writeln!(
                text,
                "{},{},{},{},{value},{},{},{},{}",
                field(&series.name),
                series.kind,
                word(&series.unit),
                rfc3339(window.start_us),
                window.good,
                window.valid,
                window.count,
                word(&window.state)
            );
        }
    }
    text
}

/// The name that serde gives a unit variant.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A CSV field: quoted where it must be, and never a formula in a spreadsheet.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("checkout_p95", "checkout_p95"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=cmd()", "'=cmd()"),
            ("-1", "'-1"),
        ] {
            assert_eq!(field(text), expected);
        }
    }
}
