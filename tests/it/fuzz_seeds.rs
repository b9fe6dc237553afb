//! The seeds of the fuzz targets, and the inputs that once broke a property: each is read as its target
//! reads it, but without the fuzzer, which needs a compiler of its own.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;

use firedrill::access_log::{
    BlockCounts, Envelope, LineBlock, LineContext, LineSink, LogFormat, LogLine, Mapping,
    MappingDefinition, Taken, detect, parse_block, replay_header,
};
use firedrill::declared_files::parse;

use super::temp_folder::files_below;
use super::tidy::{in_repository, read};

/// Formats whose logs have no wall clock: no line of them is a request by itself.
const WITHOUT_CLOCK: [&str; 2] = ["goose-csv", "goose-json"];
/// Targets that read no log.
const OTHERS: [&str; 5] = ["enrichment", "har", "route", "tickets", "timestamps"];

struct Records(Vec<String>);

impl LineSink for Records {
    type Error = Infallible;

    fn line(&mut self, line: &LogLine<'_>, offset: u64) -> Result<Taken, Self::Error> {
        self.0.push(format!("{offset} {line:?}"));
        Ok(Taken::Record)
    }

    fn reject(&mut self, _reason: &str, _offset: u64, _line_index: u64, _text: &[u8]) {}
}

/// What is read of `bytes` in parts of so many lines, each after the header that was in force.
fn parsed(bytes: &[u8], format: &LogFormat, part_lines: usize) -> (BlockCounts, Vec<String>) {
    let (mut counts, mut records) = (BlockCounts::default(), Records(Vec::new()));
    let (mut offset, mut header) = (0, Vec::new());
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for part in lines.chunks(part_lines) {
        let block = LineBlock {
            offset,
            bytes: part.concat(),
            oversized_bytes: None,
        };
        let mut context = LineContext::default();
        replay_header(&header, format, &mut context);
        let Ok(added) = parse_block(&block, format, &mut context, &mut records);
        counts.add(added);
        offset = block.end();
        header = format.header_after(&block, &header).into_owned();
    }
    assert!(counts.is_conserved());
    assert_eq!(counts.lines, lines.len() as u64);
    (counts, records.0)
}

/// The log that a seed of `target` holds, and its format; `None` for what no format is told from.
fn log_of<'a>(target: &str, path: &str, bytes: &'a [u8]) -> Option<(LogFormat, &'a [u8])> {
    let text = || std::str::from_utf8(bytes).expect("a seed is a text");
    let enveloped = |envelope| {
        let known = LogFormat::known().nth(usize::from(bytes[0] - b'A'));
        let known = known.expect("a letter stands for a format");
        (LogFormat::new(envelope, known), &bytes[1..])
    };
    Some(match target {
        "detector" => {
            let block = LineBlock {
                offset: 0,
                bytes: bytes.to_vec(),
                oversized_bytes: None,
            };
            (detect(&block, &LineContext::default()).ok()?, bytes)
        }
        "docker-envelope" => enveloped(Envelope::Docker),
        "prefix-envelope" => enveloped(Envelope::Prefixed),
        "pasted-format" => {
            let (first, log) = text().split_once('\n').expect("a format, then a log");
            let format = LogFormat::from_text(first).unwrap_or_else(|error| panic!("{error}"));
            (format, log.as_bytes())
        }
        "mapping-file" => {
            let (yaml, log) = text().split_once("\n%%\n").expect("a mapping, then a log");
            let declared = parse::<MappingDefinition>(Path::new(path), yaml.as_bytes(), &|_| None);
            let mapping = declared.and_then(|declared| Mapping::new(&declared));
            let mapping = mapping.unwrap_or_else(|error| panic!("{error}"));
            (LogFormat::mapped(mapping, path), log.as_bytes())
        }
        name => {
            let format = LogFormat::from_text(name).unwrap_or_else(|error| panic!("{error}"));
            (format, bytes)
        }
    })
}

#[test]
fn every_seed_of_a_fuzz_target_is_read_the_same_whole_and_in_parts() {
    let manifest = read("fuzz/Cargo.toml");
    let mut wanted: BTreeSet<_> = LogFormat::known().map(|known| known.name.into()).collect();
    for path in files_below(&in_repository("fuzz/seeds")) {
        let folder = path.parent().and_then(Path::file_name);
        let target = folder.expect("it is in a folder").to_string_lossy();
        let is_target = manifest.contains(&format!("name = \"{target}\"\n"));
        assert!(is_target, "{target} is no fuzz target");
        wanted.remove(&*target);
        let bytes = std::fs::read(&path).expect("a seed is a file");
        let path = path.display().to_string();
        if OTHERS.contains(&&*target) {
            continue;
        }
        let found = log_of(&target, &path, &bytes);
        let Some((format, log)) = found else { continue };
        let whole = parsed(log, &format, usize::MAX);
        let has_records = whole.0.records > 0;
        assert_eq!(has_records, !WITHOUT_CLOCK.contains(&&*target), "{path}");
        for part_lines in [1, 3] {
            assert_eq!(parsed(log, &format, part_lines), whole, "{path}");
        }
    }
    assert_eq!(wanted, BTreeSet::<String>::new(), "formats without seeds");
}
