//! The SLIs of a report as CSV, for a spreadsheet or a script.
//!
//! In: a [`ReportPage`]. Out: a head and one line per SLI and objective (RFC 4180, lines end in `\n`). Numbers
//! are plain and in the SLI's unit, with up to 12 digits. No text can be taken for a formula.

use super::clean;
use super::page::{LevelRow, ObjectiveRow, ReportPage, SliRow, Unit};
use super::words;

const HEAD: [&str; 24] = [
    "name",
    "title",
    "kind",
    "unit",
    "value",
    "interval_low",
    "interval_high",
    "n",
    "good",
    "state",
    "objective",
    "over",
    "objective_state",
    "objective_value",
    "budget_used",
    "budget_left",
    "budget_projected",
    "burn_alerts",
    "excluded",
    "provisional_windows",
    "missing_windows",
    "windows",
    "value_with_excluded",
    "definition_sha256",
];

/// Writes one line per SLI and objective, in the order of the page: what is of the SLI stands on each
/// of its lines, and an SLI without objectives has one.
///
/// Shares go from 0 to 1, times are in µs. What is not known is empty.
pub fn write_csv(page: &ReportPage) -> String {
    let page = clean::cleaned(page);
    let mut text = HEAD.join(",");
    text.push('\n');
    for sli in &page.slis {
        let detail = sli.detail.iter();
        let mut objectives: Vec<_> = detail.flat_map(|it| &it.objectives).map(Some).collect();
        if objectives.is_empty() {
            objectives.push(None);
        }
        for objective in objectives {
            text.push_str(&line(sli, objective).join(","));
            text.push('\n');
        }
    }
    text
}

fn line(sli: &SliRow, objective: Option<&ObjectiveRow>) -> [String; 24] {
    let detail = sli.detail.as_ref();
    let data = detail.map(|detail| detail.data);
    let level = sli.levels.iter().find(|level| level.level == "objective");
    let counted = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
    [
        cell(&sli.name),
        cell(&sli.title),
        cell(&sli.kind),
        unit(sli.unit).to_owned(),
        number(sli.value),
        number(sli.interval.map(|[low, _]| low)),
        number(sli.interval.map(|[_, high]| high)),
        sli.count.to_string(),
        counted(detail.and_then(|detail| detail.good)),
        words::state(sli.state).to_owned(),
        number(target(objective, level)),
        objective.map_or_else(String::new, |objective| cell(&objective.over)),
        objective.map_or_else(String::new, |it| words::state(it.state).to_owned()),
        number(objective.and_then(|objective| objective.value)),
        number(objective.and_then(|objective| objective.budget_used)),
        number(objective.and_then(|objective| Some(1.0 - objective.budget_used?))),
        number(objective.and_then(|objective| objective.budget_projected)),
        objective.map_or_else(String::new, |it| it.burn_alerts.len().to_string()),
        counted(data.map(|data| data.excluded)),
        counted(data.map(|data| data.provisional_windows)),
        counted(data.map(|data| data.missing_windows)),
        counted(data.map(|data| data.windows)),
        number(detail.and_then(|detail| detail.value_with_excluded)),
        detail.map_or_else(String::new, |detail| cell(&detail.definition_sha256)),
    ]
}

/// The objective's target, or that of a rehearsal, which has a level of that name.
fn target(objective: Option<&ObjectiveRow>, level: Option<&LevelRow>) -> Option<f64> {
    objective
        .map(|objective| objective.target)
        .or_else(|| level.map(|level| level.value))
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::PerMinute => "per_minute",
        Unit::PerSecond => "per_second",
        Unit::Share => "share",
        Unit::Microseconds => "us",
        Unit::Count => "count",
        Unit::Times => "times",
    }
}

/// At most 12 significant digits; what is not a finite number is empty.
fn number(value: Option<f64>) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(String::new, |value| {
            let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
            rounded.to_string()
        })
}

/// A text in quotes where it needs them. A text that a spreadsheet would take for a formula gets
/// an apostrophe before it (OWASP, "CSV Injection").
fn cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with([
        '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '|', '%',
    ]);
    let guard = if is_formula { "'" } else { "" };
    if is_formula || text.contains([',', '"', '\n', '\r', ';', '\t']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_example_week_reads_so() {
        let expected = "\
name,title,kind,unit,value,interval_low,interval_high,n,good,state,objective,over,objective_state,objective_value,budget_used,budget_left,budget_projected,burn_alerts,excluded,provisional_windows,missing_windows,windows,value_with_excluded,definition_sha256
checkout-answered,Checkouts answered without an error,ratio,share,0.99314,0.99291,0.99338,466101,462908,missed,0.995,week 2026-W47,missed,0.99314,1.37,-0.37,1.37,2,4112,0,32,10080,0.9928,9f2c41d07e5508bb6c1a9be02d8b3f0f3b1d0b1f6a4f1c1c2fa0f0c9d1f7a3e2
refund-p95,Time to refund,latency,us,,,,12,,not enough data,,,,,,,,,0,0,32,10080,,9f2c41d07e5508bb6c1a9be02d8b3f0f3b1d0b1f6a4f1c1c2fa0f0c9d1f7a3e2
browse-fast,Product pages within 500 ms,latency_cut,share,0.999702,0.999694,0.99971,17420118,17414927,met,0.99,week 2026-W47,met,0.9997,0.0298,0.9702,0.0298,0,0,0,32,10080,,9f2c41d07e5508bb6c1a9be02d8b3f0f3b1d0b1f6a4f1c1c2fa0f0c9d1f7a3e2
";
        assert_eq!(write_csv(&sample::week::week()), expected);
    }

    #[test]
    fn a_rehearsal_has_its_objective_and_no_budget() {
        let csv = write_csv(&sample::black_friday());
        let line = csv.lines().find(|line| line.starts_with("browse-fast"));
        assert!(
            line.is_some_and(|line| line.contains(",met,0.99,,,,,,,")),
            "{csv}"
        );
        assert_eq!(csv.lines().count(), 6);
        assert_eq!(write_csv(&sample::empty()).lines().count(), 1);
    }

    #[test]
    fn no_text_is_a_formula_or_ends_its_cell() {
        let table = [
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("plain", "plain"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(cell(text), expected);
        }
        let mut page = sample::black_friday();
        page.slis.truncate(1);
        page.slis[0].name = "=cmd|' /C calc'!A0\r\n=2".into();
        let csv = write_csv(&page);
        assert_eq!(
            csv.lines().count(),
            2,
            "a line end in a text does not end the line"
        );
        assert!(csv.contains("\n\"'=cmd|' /C calc'!A0␍␊=2\","), "{csv}");
    }

    #[test]
    fn every_objective_has_a_line() {
        let mut page = sample::week::week();
        page.slis.truncate(1);
        let detail = page.slis[0].detail.as_mut();
        let objectives = &mut detail.expect("the example has details").objectives;
        let mut other = objectives[0].clone();
        (other.over, other.budget_used) = ("30 days".into(), Some(0.2));
        objectives.insert(0, other);
        let csv = write_csv(&page);
        let overs = csv.lines().skip(1).map(|line| line.split(',').nth(11));
        assert_eq!(
            overs.collect::<Vec<_>>(),
            [Some("30 days"), Some("week 2026-W47")]
        );
    }
}
