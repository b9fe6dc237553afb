//! Lakes of the library's own making: sources of known rows, committed without a log file.

use std::sync::Arc;

use firedrill::lake::{
    Commit, CommitOutcome, Head, Lake, PartName, RejectedLine, SourceKind, SourceState,
};
use firedrill::request_record::{Origin, RequestRecord};

/// What a source gets in one commit.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    /// Its name; two of one name are one source.
    pub source: &'static str,
    /// Positions of the rows, one line each.
    pub from: u64,
    pub to: u64,
    /// Time of the row at position 0, UTC µs; each next one is a second later.
    pub start_us: i64,
}

/// A record of every column, made of its position.
pub fn record(rows: &Rows, position: u64) -> RequestRecord<'static> {
    const ROUTES: [&str; 3] = ["/", "/product/{id}", "/search"];
    let index = usize::try_from(position).expect("positions are small");
    RequestRecord {
        ts_us: rows.start_us + i64::try_from(position).expect("positions are small") * 1_000_001,
        origin: Origin::Customer,
        run_id: None,
        service: "shop".into(),
        method: "GET".into(),
        route: ROUTES[index % ROUTES.len()].into(),
        status: 200,
        latency_us: Some(position * 1_000),
        service_us: None,
        first_byte_us: (position.is_multiple_of(3)).then_some(position * 500),
        bytes_in: None,
        bytes_out: Some(position),
        shopper: i64::try_from(position % 7).ok(),
        error: None,
        position,
        client_class: Some("human".into()),
        client_name: None,
        channel: (position.is_multiple_of(2)).then_some("newsletter".into()),
        query: None,
        upstream_tries: Some(1),
        weight: 1,
        row_key: i64::try_from(position * 11).ok(),
    }
}

/// The commit of one source's rows, and of `rejected` lines that were not understood.
pub fn commit(lake: &Lake, rows: &Rows, rejected: u64) -> Commit {
    let reader = lake.reader().expect("the lake can be read");
    let before = reader.ledger().get(rows.source);
    let name = PartName {
        source_id: Arc::from(rows.source),
        from: rows.from,
        to: rows.to,
    };
    let mut writer = lake.part_writer(name.clone());
    for position in rows.from..rows.to {
        writer
            .push(&record(rows, position))
            .expect("the part can be written");
    }
    let mut rejects = lake.reject_writer(name);
    for index in 0..rejected {
        rejects.push(RejectedLine {
            reason: "no request line".to_owned(),
            offset: rows.from + index,
            line_number: index + 1,
            text: "nonsense".to_owned(),
        });
    }
    let mut commit = Commit::new();
    if let Some(part) = writer.finish().expect("the part can be written") {
        commit.add_part(part);
    }
    let rejects = rejects.finish().expect("the rejects can be written");
    let mut reject_files = before.map_or_else(Vec::new, |state| state.reject_files.clone());
    if let Some(rejects) = rejects {
        reject_files.push(rejects.file_name.clone());
        commit.add_rejects(rejects);
    }
    let records = before.map_or(0, |state| state.records) + rows.to - rows.from;
    let rejected = before.map_or(0, |state| state.rejected) + rejected;
    let head = Head::new(format!("{} begins\n", rows.source).into_bytes());
    let state = SourceState {
        kind: SourceKind::Log,
        last_path: format!("{}.log", rows.source),
        format: "combined".to_owned(),
        head: head.print(u64::MAX),
        tail_bytes: 0,
        tail_hash: String::new(),
        ends_with_line: true,
        header: String::new(),
        offset: rows.to,
        lines: records + rejected,
        records,
        rejected,
        blank: 0,
        duplicates: 0,
        reject_files,
    };
    match before {
        Some(_) => commit.advance(rows.source.to_owned(), rows.from, state),
        None => commit.add_source(rows.source.to_owned(), head, state),
    }
    commit
}

/// Commits rows, which nobody else does meanwhile.
#[track_caller]
pub fn fill(lake: &Lake, rows: &Rows) {
    let outcome = lake.commit(commit(lake, rows, 0));
    assert_eq!(
        outcome.expect("the lake can be written"),
        CommitOutcome::Committed
    );
}
