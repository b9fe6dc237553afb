//! Whatever is ingested of one text, in whatever order and at once: each line ends in the lake once.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::super::commit::Advance;
use super::super::ledger::tests::state;
use super::*;

/// A reader as the ledger sees one: it takes whole lines, and a last line whose text is complete.
struct Simulation<'a> {
    text: &'a [u8],
    ledger: Ledger,
    /// Position of every line that was added.
    added: Vec<usize>,
}

impl<'a> Simulation<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            ledger: Ledger::default(),
            added: Vec::new(),
        }
    }

    /// What an ingest of the first `length` bytes would commit on the ledger `seen`.
    fn read(&self, seen: &Ledger, length: usize) -> Option<Advance> {
        let text = &self.text[..length];
        let head = Head::new(text[..length.min(HEAD_BYTES)].to_vec());
        let (source_id, before) = match seen.recognise(&head) {
            Recognised::Unknown => (head.source_id(), None),
            Recognised::Known(source_id, state) => (source_id.to_owned(), Some(state.clone())),
            Recognised::Shorter(..) => return None,
        };
        let from = before.as_ref().map_or(0, |state| state.offset);
        let end = self.end_of_lines(length) as u64;
        if end <= from {
            return None;
        }
        let mut state = before.clone().unwrap_or_else(|| state(0));
        state.offset = end;
        state.head = head.print(end);
        Some(Advance {
            source_id,
            from,
            state,
            head: before.is_none().then_some(head),
        })
    }

    /// The end of what is taken of the first `length` bytes.
    fn end_of_lines(&self, length: usize) -> usize {
        let rest = &self.text[length..];
        let is_complete = rest.is_empty() || rest[0] == b'\n';
        let whole = memchr::memrchr(b'\n', &self.text[..length]).map_or(0, |end| end + 1);
        if is_complete { length } else { whole }
    }

    /// Commits, unless the ledger has gone on; says whether it did.
    fn commit(&mut self, advance: Advance) -> bool {
        if advance.moved_source(&self.ledger).is_some() {
            return false;
        }
        let from = usize::try_from(advance.from).unwrap();
        let to = usize::try_from(advance.state.offset).unwrap();
        // A line without its end was taken before: its rest is no line.
        let rest_ends = from > 0 && self.text[from - 1] != b'\n';
        let mut at = match rest_ends {
            true => memchr::memchr(b'\n', &self.text[from..to]).map_or(to, |end| from + end + 1),
            false => from,
        };
        while at < to {
            self.added.push(at);
            at = memchr::memchr(b'\n', &self.text[at..to]).map_or(to, |end| at + end + 1);
        }
        self.ledger.put(advance.source_id, advance.state);
        true
    }

    /// Processes that all looked at the same ledger, one after the other, each again when it was
    /// overtaken.
    fn ingest_at_once(&mut self, lengths: &[usize]) {
        let seen = self.ledger.clone();
        for length in lengths {
            let mut advance = self.read(&seen, *length);
            let mut attempts = 0;
            while let Some(wanted) = advance {
                if self.commit(wanted) {
                    break;
                }
                attempts += 1;
                assert!(attempts < 5, "a commit that is never in time");
                advance = self.read(&self.ledger, *length);
            }
        }
    }

    #[track_caller]
    fn assert_each_line_once(&mut self) {
        self.ingest_at_once(&[self.text.len()]);
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', self.text).map(|end| end + 1));
        starts.retain(|start| *start < self.text.len());
        self.added.sort_unstable();
        assert_eq!(self.added, starts);
        assert_eq!(self.ledger.len(), 1);
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        rng_seed: RngSeed::Fixed(20_261_127),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Lines of all lengths, also none and more than a head; some texts lack the last end.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![1 => 0..3_usize, 5 => 20..120_usize, 1 => 3_000..5_000_usize];
    let line = (length, any::<u32>(), prop_oneof!["\n", "\r\n"]);
    (prop::collection::vec(line, 1..60), any::<bool>()).prop_map(|(lines, has_end)| {
        let lines = lines.iter().map(|(length, number, end)| {
            let content = format!("{number:010}").repeat(length / 10 + 1);
            format!("{}{end}", &content[..*length])
        });
        // A first line that is empty is no log.
        let mut text = format!("begin {}", lines.collect::<String>()).into_bytes();
        if !has_end && text.len() > 8 {
            let end = text.len() - text.iter().rev().take_while(|byte| **byte < b' ').count();
            text.truncate(end);
        }
        text
    })
}

#[test]
fn each_line_is_added_once_in_whatever_order_beginnings_are_read() {
    let cuts = prop::collection::vec(prop::collection::vec(0.0..=1.0_f64, 1..4), 0..8);
    proptest!(config(), |(text in text(), cuts in cuts)| {
        let mut simulation = Simulation::new(&text);
        for at_once in cuts {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
            let lengths = at_once.iter().map(|share| (share * text.len() as f64) as usize);
            let lengths: Vec<usize> = lengths.filter(|length| *length > 0).collect();
            simulation.ingest_at_once(&lengths);
        }
        simulation.assert_each_line_once();
    });
}

#[test]
fn every_pair_of_beginnings_of_a_short_text_ends_as_one_source() {
    let text = b"10.0.0.1 a\n10.0.0.2 bb\r\n\n10.0.0.3 c";
    for first in 1..=text.len() {
        for second in 1..=text.len() {
            let mut one_by_one = Simulation::new(text);
            one_by_one.ingest_at_once(&[first]);
            one_by_one.ingest_at_once(&[second]);
            one_by_one.assert_each_line_once();
            let mut at_once = Simulation::new(text);
            at_once.ingest_at_once(&[first, second]);
            at_once.assert_each_line_once();
        }
    }
}

/// A ledger of the given texts, each read to its end.
fn ledger_of(texts: &[&str]) -> Ledger {
    let mut ledger = Ledger::default();
    for text in texts {
        let head = Head::new(text.as_bytes().to_vec());
        let mut state = state(1);
        state.offset = text.len() as u64;
        state.head = head.print(state.offset);
        ledger.put(head.source_id(), state);
    }
    ledger
}

fn id_of(text: &str) -> String {
    Head::new(text.as_bytes().to_vec()).source_id()
}

#[test]
fn the_longest_beginning_is_the_source() {
    let header = "#Fields: date time\n";
    let first = format!("{header}2026-11-27 08:00\n");
    let ledger = ledger_of(&[header, &first]);
    let recognised = |text: &str| {
        let head = Head::new(text.as_bytes().to_vec());
        ledger.recognise(&head).source_id().map(ToOwned::to_owned)
    };
    assert_eq!(recognised(header), Some(id_of(header)));
    assert_eq!(recognised(&first), Some(id_of(&first)));
    let grown = format!("{first}2026-11-27 08:01\n");
    assert_eq!(recognised(&grown), Some(id_of(&first)));
    let another = format!("{header}2026-11-28 09:00\n");
    assert_eq!(recognised(&another), Some(id_of(header)));
    assert_eq!(recognised("#Version: 1.0\n"), None);
}

#[test]
fn a_source_that_has_grown_is_no_longer_what_it_was_when_short() {
    let header = "#Fields: date time\n";
    let mut ledger = ledger_of(&[header]);
    let grown = Head::new(format!("{header}2026-11-27 08:00\n").into_bytes());
    let Recognised::Known(source_id, before) = ledger.recognise(&grown) else {
        panic!("it begins like the header");
    };
    let (source_id, mut state) = (source_id.to_owned(), before.clone());
    state.offset = grown.bytes().len() as u64;
    state.head = grown.print(state.offset);
    ledger.put(source_id.clone(), state);
    let another = Head::new(format!("{header}2026-11-28 09:00\n").into_bytes());
    assert_eq!(ledger.recognise(&another), Recognised::Unknown);
    let short = Head::new(header.as_bytes().to_vec());
    assert!(matches!(ledger.recognise(&short), Recognised::Shorter(id, _) if id == source_id));
}

#[test]
fn an_unfinished_line_identifies_nothing() {
    let head = Head::new(b"one\ntw".to_vec());
    assert_eq!(head.print(4), Head::new(b"one\n".to_vec()).print(4));
    assert_eq!(head.print(4).bytes, 4);
    assert_eq!(head.print(u64::MAX).bytes, 6);
    assert_eq!(head.print(4).marks.len(), 2 * MARK_DIGITS);
}

#[test]
fn a_head_is_at_most_4_kib() {
    let head = Head::new(vec![b'x'; HEAD_BYTES + 1]);
    assert_eq!(head.bytes().len(), HEAD_BYTES);
    assert_eq!(head.print(u64::MAX).bytes, HEAD_BYTES as u64);
}

#[test]
fn a_rehearsal_is_not_recognised_as_a_log() {
    let mut ledger = Ledger::default();
    let mut run = state(0);
    run.kind = SourceKind::Run;
    ledger.put("run-a".to_owned(), run);
    let head = Head::new(b"one\n".to_vec());
    assert_eq!(ledger.recognise(&head), Recognised::Unknown);
}
