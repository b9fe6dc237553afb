//! The thread that looks at the generator once a second.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::preflight;
use super::super::run::{DrillSettings, Progress};
use super::summary::{Collector, GeneratorHealth, HealthSample};
use super::system::{self, Machine};
use crate::scenario::DrillPlan;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// With more sockets than this on the machine, those towards the target are counted less often: the
/// system writes a line for each.
const SOCKETS_EVERY_SECOND_MAX: u64 = 2_000;
/// Seconds between two counts then.
const COUNT_INTERVAL_S: u64 = 10;

/// Looks until it is finished.
#[derive(Debug)]
pub struct Sampler {
    /// Dropped to end the thread.
    stop: Sender<()>,
    thread: JoinHandle<GeneratorHealth>,
}

impl Sampler {
    /// Starts to look.
    ///
    /// # Errors
    /// When no thread could be started.
    pub fn start(
        plan: &Arc<DrillPlan>,
        settings: &DrillSettings,
        progress: &Arc<Progress>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let plan = Arc::clone(plan);
        let base_url = settings.base_url.clone();
        let (origin, progress) = (settings.origin, Arc::clone(progress));
        let thread = thread::Builder::new()
            .name("health".to_owned())
            .spawn(move || {
                // Without addresses there are no sockets to count; the run itself says what is wrong.
                let target = preflight::addresses(&plan, &base_url).unwrap_or_default();
                let mut looker = Looker::new(target, origin, progress);
                let mut collector = Collector::new();
                let mut due = Instant::now();
                loop {
                    due += INTERVAL;
                    let left = due.saturating_duration_since(Instant::now());
                    match stopped.recv_timeout(left) {
                        Err(RecvTimeoutError::Timeout) => collector.add(looker.look()),
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    }
                }
                looker.finish(collector)
            })?;
        Ok(Self { stop, thread })
    }

    /// The summary of all that it saw.
    pub fn finish(self) -> GeneratorHealth {
        drop(self.stop);
        // A panic there is no reason to lose the run.
        self.thread.join().unwrap_or_default()
    }
}

struct Looker {
    target: Vec<SocketAddr>,
    origin: Instant,
    progress: Arc<Progress>,
    machine: Machine,
    looked_at: Instant,
    own_ticks: Option<u64>,
    machine_ticks: Option<(u64, u64)>,
    requests: u64,
    late: u64,
    ports: Option<u64>,
    ports_age_s: u64,
}

impl Looker {
    fn new(target: Vec<SocketAddr>, origin: Instant, progress: Arc<Progress>) -> Self {
        Self {
            target,
            origin,
            progress,
            machine: Machine::this(),
            looked_at: Instant::now(),
            own_ticks: system::own_ticks(),
            machine_ticks: system::machine_ticks(),
            requests: 0,
            late: 0,
            ports: None,
            ports_age_s: COUNT_INTERVAL_S,
        }
    }

    fn look(&mut self) -> HealthSample {
        let elapsed_s = self.looked_at.elapsed().as_secs_f64();
        self.looked_at = Instant::now();
        let requests = self.progress.requests.load(Relaxed);
        let late = self.progress.late.load(Relaxed);
        let at_us = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let sample = HealthSample {
            at_us,
            cpu_share: self.cpu_share(elapsed_s),
            machine_cpu_share: self.machine_cpu_share(),
            loop_lag_us: self.progress.loop_lag_us.swap(0, Relaxed),
            schedule_lag_us: self.progress.schedule_lag_us.swap(0, Relaxed),
            requests: requests - self.requests,
            late: late - self.late,
            descriptors: system::descriptors(),
            ports: self.count_ports(),
            resident_bytes: system::resident_bytes(),
        };
        (self.requests, self.late) = (requests, late);
        let shown = self.progress.health.lock();
        *shown.unwrap_or_else(PoisonError::into_inner) = Some(sample);
        sample
    }

    fn cpu_share(&mut self, elapsed_s: f64) -> Option<f64> {
        let before = self.own_ticks;
        self.own_ticks = system::own_ticks();
        let ticks = self.own_ticks?.checked_sub(before?)?;
        let cores = small(self.machine.cores as u64);
        (elapsed_s > 0.0).then(|| (small(ticks) / system::TICKS_PER_S / elapsed_s / cores).min(1.0))
    }

    fn machine_cpu_share(&mut self) -> Option<f64> {
        let before = self.machine_ticks;
        self.machine_ticks = system::machine_ticks();
        let (busy, all) = self.machine_ticks?;
        let (busy_before, all_before) = before?;
        let (busy, all) = (busy.checked_sub(busy_before)?, all.checked_sub(all_before)?);
        (all > 0).then(|| small(busy) / small(all))
    }

    fn count_ports(&mut self) -> Option<u64> {
        self.ports_age_s += 1;
        let sockets = system::sockets()?;
        if sockets <= SOCKETS_EVERY_SECOND_MAX || self.ports_age_s > COUNT_INTERVAL_S {
            self.ports = system::sockets_to(&self.target);
            self.ports_age_s = 0;
        }
        self.ports
    }

    fn finish(self, collector: Collector) -> GeneratorHealth {
        GeneratorHealth {
            cores: self.machine.cores,
            descriptors_limit: self.machine.descriptors,
            ports_limit: self.machine.ports,
            ..collector.finish()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "ticks stay below 2^53")]
fn small(count: u64) -> f64 {
    count as f64
}
