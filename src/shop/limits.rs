//! A fixed number of workers with a bounded first-come-first-served queue before them.
//!
//! In: work that says how long it takes. Out: its answer when that time is over, or
//! [`QueueFull`]. The time is waited for, not computed away, so the limit is the same on every
//! machine.
//!
//! Timers fire up to a millisecond late. A worker that is busy therefore starts its next piece of
//! work at the *deadline* of the last one, not when the timer fired, so lateness never adds up
//! and a saturated limiter completes exactly `workers / service time`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Workers and their queue.
#[derive(Debug)]
pub struct Limiter {
    workers: usize,
    permits: Semaphore,
    /// The instants from which the idle workers are free, earliest first.
    idle: Mutex<BinaryHeap<Reverse<Instant>>>,
    queue: usize,
    waiting: AtomicUsize,
}

/// Every worker is busy and the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct QueueFull;

/// How many workers there are, and how many requests may wait for one.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pieces of work that run at once.
    pub workers: usize,
    /// Pieces of work that may wait.
    pub queue: usize,
}

impl Limiter {
    /// A limiter with every worker idle. Must be given at least one worker.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let free_at = Reverse(Instant::now());
        Self {
            workers: limits.workers,
            permits: Semaphore::new(limits.workers),
            idle: Mutex::new(std::iter::repeat_n(free_at, limits.workers).collect()),
            queue: limits.queue,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for a worker, asks `work` how long it takes and what it answers, and returns the
    /// answer when that time is over.
    ///
    /// `work` is asked when a worker takes it up, so a fault that is switched off also ends for
    /// those who are still in the queue. A caller who goes away frees the place or the worker.
    ///
    /// # Errors
    /// [`QueueFull`], at once, when the work may neither start nor wait.
    pub async fn serve<T>(&self, work: impl FnOnce() -> (Duration, T)) -> Result<T, QueueFull> {
        let arrived_at = Instant::now();
        let mut worker = self.worker().await?;
        let (service_time, answer) = work();
        worker.free_at = arrived_at.max(worker.free_at) + service_time;
        sleep_until(worker.free_at).await;
        Ok(answer)
    }

    /// How many pieces of work are running.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.workers
            .saturating_sub(self.permits.available_permits())
    }

    /// How many pieces of work are in the queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Tokio's semaphore is fair: while anyone waits, `try_acquire` finds no permit.
    async fn worker(&self) -> Result<Worker<'_>, QueueFull> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.queued_permit().await?,
        };
        let popped = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let Reverse(free_at) = popped.unwrap_or_else(|| Reverse(Instant::now()));
        Ok(Worker {
            limiter: self,
            free_at,
            _permit: permit,
        })
    }

    async fn queued_permit(&self) -> Result<SemaphorePermit<'_>, QueueFull> {
        let _place = QueuePlace::take(self)?;
        self.permits.acquire().await.map_err(|_| QueueFull)
    }
}

/// A worker that is busy until `free_at`; dropping it makes it idle.
struct Worker<'a> {
    limiter: &'a Limiter,
    free_at: Instant,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Worker<'_> {
    /// Runs before the permit is given back, so there is always an idle worker per permit. Work
    /// that was abandoned before its deadline makes the worker free now.
    fn drop(&mut self) {
        let free_at = self.free_at.min(Instant::now());
        let mut idle = self
            .limiter
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.push(Reverse(free_at));
    }
}

/// A place in the queue; dropping it leaves the queue.
struct QueuePlace<'a>(&'a AtomicUsize);

impl<'a> QueuePlace<'a> {
    fn take(limiter: &'a Limiter) -> Result<Self, QueueFull> {
        let one_more = |waiting| (waiting < limiter.queue).then_some(waiting + 1);
        let waiting = &limiter.waiting;
        match waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Self(waiting)),
            Err(_) => Err(QueueFull),
        }
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::time::sleep;

    const SERVICE_TIME: Duration = Duration::from_millis(100);

    fn limiter(workers: usize, queue: usize) -> Arc<Limiter> {
        Arc::new(Limiter::new(Limits { workers, queue }))
    }

    /// Sends `count` arrivals, one per `gap`; returns the response times in ms, refusals as `None`.
    async fn response_times_ms(
        limiter: &Arc<Limiter>,
        gap: Duration,
        count: u32,
    ) -> Vec<Option<u128>> {
        let start = Instant::now();
        let arrivals = (0..count).map(|index| {
            let limiter = Arc::clone(limiter);
            tokio::spawn(async move {
                let due = start + gap * index;
                sleep_until(due).await;
                let answer = limiter.serve(|| (SERVICE_TIME, ())).await;
                answer.ok().map(|()| due.elapsed().as_millis())
            })
        });
        let mut times = Vec::new();
        for arrival in arrivals.collect::<Vec<_>>() {
            times.push(arrival.await.expect("the arrival does not panic"));
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn below_capacity_every_response_takes_the_service_time() {
        let limiter = limiter(2, 10);
        let times = response_times_ms(&limiter, Duration::from_millis(50), 40).await;
        assert!(times.iter().all(|time| *time == Some(100)), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn above_capacity_the_wait_grows_by_the_same_step_for_every_arrival() {
        // One arrival per 50 ms against one completion per 100 ms: arrival n waits n × 50 ms.
        let limiter = limiter(1, 1_000);
        let times = response_times_ms(&limiter, Duration::from_millis(50), 100).await;
        let expected: Vec<_> = (0..100).map(|index| Some(100 + index * 50)).collect();
        assert_eq!(times, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_at_once_and_only_what_exceeds_it() {
        let limiter = limiter(2, 3);
        let times = response_times_ms(&limiter, Duration::ZERO, 7).await;
        let served = [100, 100, 200, 200, 300].map(Some);
        assert_eq!(times, [&served[..], &[None, None]].concat());
        assert_eq!((limiter.busy(), limiter.waiting()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_of_zero_serves_as_many_as_there_are_workers() {
        let times = response_times_ms(&limiter(1, 0), Duration::ZERO, 2).await;
        assert_eq!(times, [Some(100), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn late_timers_do_not_slow_a_saturated_limiter() {
        // 1.5 ms of work fires on a 2 ms tick; 1,000 of them must still take 1.5 s, not 2 s.
        let limiter = limiter(1, 1_000);
        let start = Instant::now();
        let work = (0..1_000).map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.serve(|| (Duration::from_micros(1_500), ())).await })
        });
        for done in work.collect::<Vec<_>>() {
            assert_eq!(done.await.expect("the work does not panic"), Ok(()));
        }
        assert!(
            (1_500..=1_502).contains(&start.elapsed().as_millis()),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_goes_away_frees_the_place_and_the_worker() {
        let limiter = limiter(1, 1);
        let serve =
            |limiter: Arc<Limiter>| async move { limiter.serve(|| (SERVICE_TIME, ())).await };
        let running = tokio::spawn(serve(Arc::clone(&limiter)));
        sleep(Duration::from_millis(10)).await;
        let queued = tokio::spawn(serve(Arc::clone(&limiter)));
        sleep(Duration::from_millis(10)).await;
        assert_eq!((limiter.busy(), limiter.waiting()), (1, 1));
        queued.abort();
        running.abort();
        sleep(Duration::from_millis(10)).await;
        assert_eq!((limiter.busy(), limiter.waiting()), (0, 0));
        let start = Instant::now();
        assert_eq!(serve(limiter).await, Ok(()));
        assert_eq!(start.elapsed(), SERVICE_TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_asked_for_its_time_only_when_a_worker_takes_it_up() {
        let limiter = limiter(1, 1);
        let first = tokio::spawn({
            let limiter = Arc::clone(&limiter);
            async move { limiter.serve(|| (SERVICE_TIME, Instant::now())).await }
        });
        tokio::task::yield_now().await;
        let second = limiter.serve(|| (Duration::ZERO, Instant::now())).await;
        let first = first.await.expect("the work does not panic");
        assert_eq!(second, first.map(|asked_at| asked_at + SERVICE_TIME));
    }
}
