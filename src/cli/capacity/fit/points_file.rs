//! Points of concurrency and throughput from a CSV file.
//!
//! In: text with a header. Out: points, or every bad cell with its line. Other columns are ignored.

use std::io::Read;
use std::path::Path;

use crate::capacity::law::LoadPoint;
use crate::cli::exit_code::{ExitCode, Failure};

/// Most bad cells that are named.
const NAMED_MAX: usize = 10;
/// Largest file, bytes.
const BYTES_MAX: u64 = 64 << 20;

/// Reads the points of a file, or of standard input for `-`.
///
/// # Errors
/// When it cannot be read, has no such columns, or a cell is no number.
pub fn read(path: &Path) -> Result<Vec<LoadPoint>, Failure> {
    let is_input = path == Path::new("-");
    let name = match is_input {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    };
    let unreadable = |error: std::io::Error| Failure::io("read", &name, &error);
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = match is_input {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(path).map_err(unreadable)?),
    };
    source
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let refuse = |message: String| Failure::new(ExitCode::Input, message);
    if bytes.len() as u64 > BYTES_MAX {
        return Err(refuse(format!(
            "`{name}` is larger than 64 MiB (hint: one line per measurement)"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        refuse(format!(
            "`{name}` is no UTF-8 text (hint: a CSV file is text)"
        ))
    })?;
    parse(&name, text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(refuse)
}

fn parse(name: &str, text: &str) -> Result<Vec<LoadPoint>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|error| format!("{name}:1: {error}"))?
        .clone();
    let columns = [
        column(name, &header, "concurrency")?,
        column(name, &header, "throughput")?,
    ];
    let mut points = Vec::new();
    let mut bad = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("{name}: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = [("concurrency", columns[0]), ("throughput", columns[1])];
        let numbers = cells.map(|(column, index)| {
            let cell = record.get(index).unwrap_or("");
            let number = cell
                .parse::<f64>()
                .ok()
                .filter(|it| it.is_finite() && *it >= 0.0);
            if number.is_none() {
                bad.push(format!(
                    "{name}:{line}: `{cell}` is no {column} (hint: {})",
                    hint(cell)
                ));
            }
            number
        });
        if let [Some(concurrency), Some(throughput)] = numbers {
            if concurrency == 0.0 && throughput > 0.0 {
                bad.push(format!(
                    "{name}:{line}: a throughput of {throughput} at a concurrency of 0 (hint: concurrency is what was in flight on average, e.g. throughput × mean response time)"
                ));
            }
            points.push(LoadPoint {
                concurrency,
                throughput,
            });
        }
    }
    match bad.len() {
        0 => Ok(points),
        count => {
            let more = count.saturating_sub(NAMED_MAX);
            bad.truncate(NAMED_MAX);
            if more > 0 {
                bad.push(format!("and {more} more"));
            }
            Err(bad.join("\n"))
        }
    }
}

fn column(name: &str, header: &csv::StringRecord, wanted: &str) -> Result<usize, String> {
    let is_it = |cell: &str| cell.eq_ignore_ascii_case(wanted);
    let mut found = header
        .iter()
        .enumerate()
        .filter(|(_, cell)| is_it(cell))
        .map(|(index, _)| index);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err(format!("{name}:1: the column `{wanted}` is there twice")),
        (None, _) => {
            let is_semicolons = header.len() == 1 && header[0].contains(';');
            let hint = match is_semicolons {
                true => "columns are separated by `,` and decimals by `.`",
                false => "the first line is `concurrency,throughput`",
            };
            Err(format!("{name}:1: no column `{wanted}` (hint: {hint})"))
        }
    }
}

fn hint(cell: &str) -> &'static str {
    match cell {
        "" => "leave the whole line out where something was not measured",
        _ if cell.starts_with('-') => "at least 0",
        _ if cell.contains(',') => "decimals are separated by `.`, thousands by nothing",
        _ => "a number, e.g. 12.5",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(f64, f64)>, String> {
        let points = parse("p.csv", text)?;
        Ok(points
            .iter()
            .map(|point| (point.concurrency, point.throughput))
            .collect())
    }

    #[test]
    fn columns_may_be_in_any_order_among_others() {
        let expected = Ok(vec![(1.0, 64.9), (18.0, 995.9)]);
        assert_eq!(
            parsed("concurrency,throughput\n1,64.9\n18,995.9\n"),
            expected
        );
        assert_eq!(
            parsed("Throughput, CONCURRENCY \r\n64.9,1\r\n\r\n995.9, 18\r\n"),
            expected
        );
        assert_eq!(
            parsed("note,throughput,x,concurrency\n\"a, b\",64.9,,1\n,995.9,,1.8e1"),
            expected
        );
        assert_eq!(parsed("concurrency,throughput\n"), Ok(vec![]));
    }

    #[test]
    fn every_bad_cell_is_named_with_its_line() {
        let error =
            parsed("concurrency,throughput\n1,2\nx,3\n2\n3,-1\n\"1,5\",2\n0,3\n").unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(
            lines,
            [
                "p.csv:3: `x` is no concurrency (hint: a number, e.g. 12.5)",
                "p.csv:4: `` is no throughput (hint: leave the whole line out where something was not measured)",
                "p.csv:5: `-1` is no throughput (hint: at least 0)",
                "p.csv:6: `1,5` is no concurrency (hint: decimals are separated by `.`, thousands by nothing)",
                "p.csv:7: a throughput of 3 at a concurrency of 0 (hint: concurrency is what was in flight on average, e.g. throughput × mean response time)",
            ]
        );
        let many = format!("concurrency,throughput\n{}", "x,1\n".repeat(12));
        assert!(parsed(&many).unwrap_err().ends_with("and 2 more"));
    }

    #[test]
    fn a_missing_column_says_what_the_first_line_must_be() {
        let table = [
            (
                "",
                "p.csv:1: no column `concurrency` (hint: the first line is `concurrency,throughput`)",
            ),
            (
                "1,2\n2,3\n",
                "p.csv:1: no column `concurrency` (hint: the first line is `concurrency,throughput`)",
            ),
            (
                "concurrency;throughput\n1;2\n",
                "p.csv:1: no column `concurrency` (hint: columns are separated by `,` and decimals by `.`)",
            ),
            (
                "concurrency,users\n1,2\n",
                "p.csv:1: no column `throughput` (hint: the first line is `concurrency,throughput`)",
            ),
            (
                "throughput,concurrency,throughput\n",
                "p.csv:1: the column `throughput` is there twice",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(parsed(text).unwrap_err(), expected, "{text}");
        }
    }
}
