//! What every format makes of one line.

use std::borrow::Cow;

use super::clock::Clock;
use super::delimited::w3c_date::LineDate;

/// One request as the log has it. Texts point into the line where they can.
///
/// Empty texts stand for what a log does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Start of the request, UTC µs since 1970. Logs that write the end have the duration taken off.
    pub ts_us: i64,
    /// Address (or name) of the client, without its port.
    pub client: Cow<'a, [u8]>,
    /// User agent.
    pub user_agent: Cow<'a, [u8]>,
    /// Referrer, a URL.
    pub referrer: Cow<'a, [u8]>,
    /// The Cookie header as it was sent: `name=value; name=value`.
    pub cookie: Cow<'a, [u8]>,
    /// Session identifier, where a log has one by itself.
    pub session: Cow<'a, [u8]>,
    /// Method, or `-` when the request line was none.
    pub method: Cow<'a, str>,
    /// Request target: path, maybe with query, or URL.
    pub target: Cow<'a, str>,
    /// Query without `?`, where the log has it apart from the target.
    pub query: Cow<'a, str>,
    /// Host the request was for.
    pub host: Cow<'a, str>,
    /// The service that answered.
    pub service: Cow<'a, str>,
    /// HTTP status; 0 when there was no answer.
    pub status: u16,
    /// Duration of the whole request, µs.
    pub latency_us: Option<u64>,
    /// Bytes of the request.
    pub bytes_in: Option<u64>,
    /// Bytes of the response.
    pub bytes_out: Option<u64>,
    /// How many upstream servers were tried.
    pub upstream_tries: Option<u32>,
    /// How many requests this line stands for; more than 1 where the log is a sample.
    pub weight: u32,
    /// Identifier of the line that an at-least-once exporter repeats.
    pub row_key: Cow<'a, [u8]>,
}

impl Default for LogLine<'_> {
    fn default() -> Self {
        const NONE: Cow<'static, [u8]> = Cow::Borrowed(b"");
        const NO_TEXT: Cow<'static, str> = Cow::Borrowed("");
        Self {
            ts_us: 0,
            client: NONE,
            user_agent: NONE,
            referrer: NONE,
            cookie: NONE,
            session: NONE,
            method: Cow::Borrowed("-"),
            target: NO_TEXT,
            query: NO_TEXT,
            host: NO_TEXT,
            service: NO_TEXT,
            status: 0,
            latency_us: None,
            bytes_in: None,
            bytes_out: None,
            upstream_tries: None,
            weight: 1,
            row_key: NONE,
        }
    }
}

impl LogLine<'_> {
    /// The same with `ts_us` taken as the end of the request: the duration is taken off, if known.
    #[must_use]
    #[inline]
    pub fn ended(mut self) -> Self {
        self.ts_us = started_us(self.ts_us, self.latency_us);
        self
    }

    /// The same with texts of its own, so that it outlives the line.
    #[must_use]
    pub fn into_owned(self) -> LogLine<'static> {
        fn own<T: ToOwned + ?Sized>(text: Cow<'_, T>) -> Cow<'static, T> {
            Cow::Owned(text.into_owned())
        }
        LogLine {
            client: own(self.client),
            user_agent: own(self.user_agent),
            referrer: own(self.referrer),
            cookie: own(self.cookie),
            session: own(self.session),
            method: own(self.method),
            target: own(self.target),
            query: own(self.query),
            host: own(self.host),
            service: own(self.service),
            row_key: own(self.row_key),
            ts_us: self.ts_us,
            status: self.status,
            latency_us: self.latency_us,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            upstream_tries: self.upstream_tries,
            weight: self.weight,
        }
    }
}

/// When a request began that ended at `end_us`.
pub fn started_us(end_us: i64, latency_us: Option<u64>) -> i64 {
    let latency_us = latency_us.and_then(|us| i64::try_from(us).ok());
    end_us.saturating_sub(latency_us.unwrap_or(0))
}

/// What a line is: a request, nothing (a header, a comment, another metric), or why it is neither.
pub type LineResult<'a> = Result<Option<LogLine<'a>>, &'static str>;

/// What earlier lines say about later ones.
#[derive(Debug, Clone, Default)]
pub struct LineContext {
    /// Reads timestamps.
    pub clock: Clock,
    /// The header line in force, without its end; empty before the first one.
    pub header: Vec<u8>,
    /// Of every column of the log, which wanted value it holds, as the format's own code counts them; derived from
    /// `header` when that changes.
    pub columns: Vec<Option<usize>>,
    /// Of which day lines are that have a time only.
    pub date: Option<LineDate>,
}

/// How a log says what its columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderRule {
    /// It does not: every line is a request on its own.
    None,
    /// By lines that begin so; each is in force until the next one.
    LinesBeginning(&'static [u8]),
    /// As before, and where they name no column for the date, by lines that begin with the other text and
    /// the times after it.
    LinesAndDate(&'static [u8], &'static [u8]),
    /// By the first line of the source that is not blank.
    FirstLine,
}
