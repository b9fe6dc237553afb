//! `lake keys`: the keyed hashes by which the lake knows the sessions of a list.
//!
//! In: session ids, as the logs have them, which only the shop has. Out: CSV of id and hash, with which a
//! list for outreach is joined. The lake cannot go the other way: a hash does not tell its session.

use std::io::{BufRead, BufReader, Read};

use serde::Serialize;

use super::outreach::key;
use crate::cli::arguments::KeysArguments;
use crate::cli::csv;
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::enrichment::ShopperKeys;
use crate::lake::Lake;

/// The longest session id that is taken.
const ID_BYTES_MAX: u64 = 4_096;
/// The most ids of one list.
const IDS_MAX: usize = 10_000_000;

#[derive(Serialize)]
struct KeyJson {
    session: String,
    shopper: String,
}

/// Runs the verb.
pub fn run(
    lake: &Lake,
    arguments: &KeysArguments,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let name = arguments.file.display().to_string();
    let input: Box<dyn Read> = match name.as_str() {
        "-" => Box::new(std::io::stdin().lock()),
        _ => {
            let file = std::fs::File::open(&arguments.file);
            Box::new(file.map_err(|error| Failure::io("read", &name, &error))?)
        }
    };
    let keys = keys(input, &ShopperKeys::new(&lake.key()?, Vec::new()), &name)?;
    if terminal.is_json {
        terminal.json(&keys)?;
        return Ok(ExitCode::Ok);
    }
    let mut lines = vec!["session,shopper".to_owned()];
    lines.extend(
        keys.iter()
            .map(|row| format!("{},{}", csv::field(&row.session), row.shopper)),
    );
    terminal.result(&lines.join("\n"))?;
    Ok(ExitCode::Ok)
}

/// One row per line that has an id.
fn keys(input: impl Read, hashes: &ShopperKeys, name: &str) -> Result<Vec<KeyJson>, Failure> {
    let mut lines = BufReader::new(input);
    let mut found = Vec::new();
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = (&mut lines)
            .take(ID_BYTES_MAX + 2)
            .read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::io("read", name, &error))? == 0 {
            break;
        }
        let id = line.trim_ascii();
        let wrong =
            |what: String| Failure::new(ExitCode::Input, format!("{name}:{number}: {what}"));
        if id.len() as u64 > ID_BYTES_MAX
            || (line.len() as u64 == ID_BYTES_MAX + 2 && !line.ends_with(b"\n"))
        {
            return Err(wrong(format!(
                "a session id of more than {ID_BYTES_MAX} bytes (hint: one per line)"
            )));
        }
        let session = std::str::from_utf8(id)
            .map_err(|_| wrong("it is no UTF-8 text (hint: one session id per line)".to_owned()))?;
        // As in a log, `-` stands for none.
        let Some(hash) = hashes.shopper(b"", 0, b"", id) else {
            continue;
        };
        if found.len() == IDS_MAX {
            return Err(wrong(format!(
                "more than {IDS_MAX} session ids (hint: split the list)"
            )));
        }
        found.push(KeyJson {
            session: session.to_owned(),
            shopper: key(hash),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Result<Vec<(String, String)>, String> {
        let hashes = ShopperKeys::new(&[7; 32], Vec::new());
        let found = keys(text, &hashes, "ids.txt").map_err(|failure| failure.message)?;
        Ok(found
            .into_iter()
            .map(|row| (row.session, row.shopper))
            .collect())
    }

    #[test]
    fn every_line_has_its_key_and_blank_ones_have_none() {
        let found = rows(b"s-1\r\n\n-\n  s-2 \ns-1").expect("it is a list");
        let names: Vec<&str> = found.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(names, ["s-1", "s-2", "s-1"]);
        assert_eq!(found[0].1, found[2].1);
        assert_ne!(found[0].1, found[1].1);
        assert!(found.iter().all(|row| row.1.len() == 16));
        assert_eq!(rows(b"").expect("an empty list is one"), []);
    }

    #[test]
    fn an_id_at_the_limit_is_taken_and_one_past_it_is_not() {
        let limit = usize::try_from(ID_BYTES_MAX).expect("it is small");
        let mut text = vec![b'a'; limit];
        text.extend(b"\nb\n");
        assert_eq!(rows(&text).expect("it fits").len(), 2);
        let error = rows(&vec![b'a'; limit + 1]).expect_err("it is too long");
        assert!(
            error.starts_with("ids.txt:1: a session id of more than 4096 bytes"),
            "{error}"
        );
        let error = rows(b"ok\n\xff\n").expect_err("it is no text");
        assert!(
            error.starts_with("ids.txt:2: it is no UTF-8 text"),
            "{error}"
        );
    }
}
