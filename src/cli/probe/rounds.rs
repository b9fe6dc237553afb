//! Probing, round after round: one task per partner and reference on one thread.
//!
//! In: a plan, and when to end. Out: every probe when it is done, on a bounded channel. A probe that is
//! under way when the end comes is dropped, with nothing said: half a probe is no measurement.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};

use crate::drill::{Attempt, ConnectorError, DrillRecord, Prober};
use crate::probe::{FailureKind, ProbePlan, ProbedPlan, due_us, next_number};
use crate::time_window::now_us;

/// A reference is not asked again sooner, however many partners cannot be reached.
const REFERENCE_REST: Duration = Duration::from_secs(1);

/// When it ends, and where probes go.
pub struct RoundsSettings {
    pub plan: Arc<ProbePlan>,
    /// Probes of each partner; `None` for no limit.
    pub times: Option<u64>,
    /// How long; `None` for no limit.
    pub length: Option<Duration>,
    /// Somebody wants it to end.
    pub stop: watch::Receiver<bool>,
    pub found: SyncSender<Found>,
    /// Probes that found no place in `found`.
    pub lost: Arc<AtomicU64>,
}

/// A probe that was made.
pub struct Found {
    /// Index of the partner, or of the reference after all partners.
    pub probed: usize,
    pub attempt: Attempt,
    /// What must be added to its times to have UTC µs; read after the probe, because a clock that is set,
    /// or a machine that slept, must not move probes that came before.
    pub offset_us: i64,
}

impl Found {
    /// When it began, UTC µs.
    pub fn start_us(&self) -> i64 {
        let due_us = self.attempt.records.first().map_or(0, |first| first.due_us);
        self.offset_us + due_us
    }

    /// When its last answer was there, or was given up, UTC µs.
    pub fn end_us(&self) -> i64 {
        let ended = self.attempt.records.last();
        let ended_us = ended.map(|last| last.due_us + us(last.response_us()));
        ended_us.map_or_else(|| self.start_us(), |us| self.offset_us + us)
    }

    /// From sending to the last byte, over all requests, µs.
    pub fn took_us(&self) -> u64 {
        self.attempt
            .records
            .iter()
            .map(DrillRecord::service_us)
            .sum()
    }

    /// Why it failed.
    pub fn failure(&self) -> Option<FailureKind> {
        failure(&self.attempt)
    }
}

/// Probes until the end; blocks its thread.
pub fn run(settings: RoundsSettings) -> Result<(), ConnectorErrorOrIo> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(rounds(settings))?;
    Ok(())
}

/// Why no probe could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorErrorOrIo {
    /// Certificates that cannot be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The system refused.
    #[error("cannot begin to probe: {0}")]
    Io(#[from] std::io::Error),
}

async fn rounds(settings: RoundsSettings) -> Result<(), ConnectorError> {
    let origin = Instant::now();
    let plan = Arc::clone(&settings.plan);
    let probers = plan
        .probed()
        .map(|probed| Prober::new(&probed.drill, &probed.base_url, origin));
    let rounds = Rounds {
        probers: probers.collect::<Result<_, _>>()?,
        asked: plan.probed().map(|_| Cell::new(None)).collect(),
        under_way: Cell::new(0),
        all_answered: Notify::new(),
        origin,
        settings: &settings,
    };
    let partners = 0..plan.partners.len();
    let references = plan.partners.len()..rounds.probers.len();
    let length = settings.length.unwrap_or(Duration::MAX);
    let end = origin.checked_add(length);
    let mut stop = settings.stop.clone();
    tokio::select! {
        () = rounds.partners(partners) => {}
        () = rounds.references(references) => {}
        // An error means that whoever could say so is gone.
        _ = stop.wait_for(|stop| *stop) => {}
        () = until(end) => {}
    }
    Ok(())
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end.into()).await,
        None => std::future::pending().await,
    }
}

struct Rounds<'a> {
    /// Partners, then references.
    probers: Vec<Prober>,
    /// When each was last asked.
    asked: Vec<Cell<Option<Instant>>>,
    /// References that are being asked.
    under_way: Cell<usize>,
    all_answered: Notify,
    origin: Instant,
    settings: &'a RoundsSettings,
}

impl Rounds<'_> {
    /// All partners to the last probe of the last one.
    async fn partners(&self, indices: std::ops::Range<usize>) {
        join_all(indices.map(|index| self.partner(index))).await;
        // What a reference says of a failure belongs to it.
        while self.under_way.get() > 0 {
            self.all_answered.notified().await;
        }
    }

    async fn partner(&self, index: usize) {
        let mut number = 0;
        let mut made = 0;
        while self.settings.times.is_none_or(|times| made < times) {
            self.due(index, number).await;
            let attempt = self.probers[index].attempt(number).await;
            let is_unreached = failure(&attempt).is_some_and(FailureKind::is_unreached);
            self.hand_on(index, attempt);
            made += 1;
            if is_unreached {
                let first = self.settings.plan.partners.len();
                join_all((first..self.probers.len()).map(|index| self.ask(index, number))).await;
            }
            number = self.next(index, number);
        }
    }

    async fn references(&self, indices: std::ops::Range<usize>) {
        if indices.is_empty() {
            std::future::pending::<()>().await;
        }
        join_all(indices.map(|index| self.reference(index))).await;
    }

    async fn reference(&self, index: usize) {
        let mut number = 0;
        loop {
            self.due(index, number).await;
            self.ask(index, number).await;
            number = self.next(index, number);
        }
    }

    /// Asks a reference, unless somebody just did.
    async fn ask(&self, index: usize, number: u64) {
        let last = self.asked[index].get();
        if last.is_some_and(|last| last.elapsed() < REFERENCE_REST) {
            return;
        }
        self.asked[index].set(Some(Instant::now()));
        self.under_way.set(self.under_way.get() + 1);
        let attempt = self.probers[index].attempt(number).await;
        self.hand_on(index, attempt);
        self.under_way.set(self.under_way.get() - 1);
        if self.under_way.get() == 0 {
            self.all_answered.notify_one();
        }
    }

    async fn due(&self, index: usize, number: u64) {
        let due_us = due_us(self.probed(index), self.settings.plan.seed, index, number);
        let since = Duration::from_micros(due_us.unsigned_abs());
        if let Some(due) = self.origin.checked_add(since) {
            tokio::time::sleep_until(due.into()).await;
        }
    }

    fn next(&self, index: usize, number: u64) -> u64 {
        let now_us = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let seed = self.settings.plan.seed;
        next_number(self.probed(index), seed, index, number, now_us)
    }

    fn probed(&self, index: usize) -> &ProbedPlan {
        let plan = &self.settings.plan;
        match plan.partners.get(index) {
            Some(partner) => &partner.probed,
            None => &plan.references[index - plan.partners.len()],
        }
    }

    /// Never waits: a recorder that is stuck must not keep a partner from being probed.
    fn hand_on(&self, probed: usize, attempt: Attempt) {
        let since_us = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let requests = attempt.records.len() as u64;
        let found = Found {
            probed,
            attempt,
            offset_us: now_us() - since_us,
        };
        if self.settings.found.try_send(found).is_err() {
            self.settings.lost.fetch_add(requests, Relaxed);
        }
    }
}

fn us(us: u64) -> i64 {
    i64::try_from(us).unwrap_or(i64::MAX)
}

fn failure(attempt: &Attempt) -> Option<FailureKind> {
    if attempt.is_good {
        return None;
    }
    let last = attempt.records.last();
    Some(last.map_or(FailureKind::Other, |last| {
        FailureKind::of_row(last.error.unwrap_or_default(), last.status)
    }))
}
