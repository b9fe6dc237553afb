//! Workers with a bounded first-come-first-served queue before them, on a clock that is passed in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A number of seconds that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seconds(pub f64);

impl Eq for Seconds {}

impl PartialOrd for Seconds {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Seconds {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Workers and their queue.
#[derive(Debug, Clone)]
pub struct Pool {
    workers: usize,
    queue: usize,
    /// When each worker is free, the earliest first.
    free_at: BinaryHeap<Reverse<Seconds>>,
    /// When those who still wait will begin, the earliest first.
    begins: VecDeque<f64>,
}

impl Pool {
    /// So many workers, at least one, and so many places to wait.
    #[must_use]
    pub fn new(workers: usize, queue: usize) -> Self {
        let workers = workers.max(1);
        Self {
            workers,
            queue,
            free_at: std::iter::repeat_n(Reverse(Seconds(0.0)), workers).collect(),
            begins: VecDeque::new(),
        }
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// When work that comes now and takes so long is done; `None` when it may not even wait. Calls must
    /// come in the order of time.
    pub fn serve(&mut self, now_s: f64, service_s: f64) -> Option<f64> {
        while self.begins.front().is_some_and(|begin_s| *begin_s <= now_s) {
            self.begins.pop_front();
        }
        let free_s = self.free_at.peek().map_or(now_s, |Reverse(free)| free.0);
        let begin_s = free_s.max(now_s);
        if begin_s > now_s {
            if self.begins.len() >= self.queue {
                return None;
            }
            self.begins.push_back(begin_s);
        }
        self.free_at.pop();
        self.free_at.push(Reverse(Seconds(begin_s + service_s)));
        Some(begin_s + service_s)
    }

    /// How long work that comes now would wait, seconds.
    #[must_use]
    pub fn wait_s(&self, now_s: f64) -> f64 {
        let free_s = self.free_at.peek().map_or(now_s, |Reverse(free)| free.0);
        (free_s - now_s).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_workers_take_two_at_once_and_the_third_waits() {
        let mut pool = Pool::new(2, 1);
        assert_eq!(pool.serve(0.0, 1.0), Some(1.0));
        assert_eq!(pool.serve(0.1, 1.0), Some(1.1));
        assert_eq!(pool.serve(0.2, 1.0), Some(2.0));
        assert_eq!(pool.serve(0.3, 1.0), None);
        assert!((pool.wait_s(0.4) - 0.7).abs() < 1e-12);
        assert_eq!(pool.serve(1.0, 1.0), Some(2.1));
    }
}
