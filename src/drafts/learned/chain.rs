//! A Markov chain over pages: where sessions begin, where they go, after which pause, where they end.

use std::collections::BTreeMap;

use crate::latency_buckets::LatencyHistogram;

/// A page of a session.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Index of its method and route.
    pub place: usize,
    /// Pause between everything before and this, µs; `None` where a browser was faster than a person.
    pub pause_us: Option<i64>,
    /// Whether a browser was.
    pub is_at_once: bool,
    /// When it was answered, UTC µs.
    pub end_us: i64,
    /// Whether the answer was none, or not what was asked for.
    pub is_failed: bool,
    /// What the browser asked for after it, by index of method and route.
    pub calls: BTreeMap<usize, u64>,
}

/// The way from one page to another.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// How often it was taken.
    pub count: u64,
    /// How often by a browser rather than a person: a redirect, a double click.
    pub at_once: u64,
    /// Pauses of persons.
    pub pauses: LatencyHistogram,
}

/// A chain, as counts that add up.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Sessions.
    pub sessions: u64,
    /// By page, sessions that begin with it.
    pub starts: Vec<u64>,
    /// By page, how often somebody was there.
    pub visits: Vec<u64>,
    /// By page, sessions that end with it; those that failed there or may have gone on are not counted.
    pub exits: Vec<u64>,
    /// By page and next page.
    pub ways: BTreeMap<(usize, usize), Way>,
    /// By page and what the browser asked for after it.
    pub calls: BTreeMap<(usize, usize), u64>,
}

impl Chain {
    /// Of so many pages.
    pub fn new(pages: usize) -> Self {
        Self {
            starts: vec![0; pages],
            visits: vec![0; pages],
            exits: vec![0; pages],
            ..Self::default()
        }
    }

    /// Adds a session; `is_whole` says that nothing came after it.
    pub fn add(&mut self, visits: &[Visit], is_whole: bool) {
        let (Some(first), Some(last)) = (visits.first(), visits.last()) else {
            return;
        };
        self.sessions += 1;
        self.starts[first.place] += 1;
        for visit in visits {
            self.visits[visit.place] += 1;
            for (call, count) in &visit.calls {
                *self.calls.entry((visit.place, *call)).or_default() += count;
            }
        }
        for pair in visits.windows(2).filter(|pair| !pair[0].is_failed) {
            let way = self.ways.entry((pair[0].place, pair[1].place)).or_default();
            way.count += 1;
            way.at_once += u64::from(pair[1].is_at_once);
            if let Some(pause_us) = pair[1].pause_us {
                way.pauses.record(pause_us.unsigned_abs());
            }
        }
        if is_whole && !last.is_failed {
            self.exits[last.place] += 1;
        }
    }

    /// Adds another chain over the same pages.
    pub fn merge(&mut self, other: &Self) {
        self.sessions += other.sessions;
        let add = |own: &mut Vec<u64>, other: &[u64]| {
            own.iter_mut()
                .zip(other)
                .for_each(|(own, other)| *own += other);
        };
        add(&mut self.starts, &other.starts);
        add(&mut self.visits, &other.visits);
        add(&mut self.exits, &other.exits);
        for (key, way) in &other.ways {
            let own = self.ways.entry(*key).or_default();
            own.count += way.count;
            own.at_once += way.at_once;
            own.pauses.add(&way.pauses);
        }
        for (key, count) in &other.calls {
            *self.calls.entry(*key).or_default() += count;
        }
    }

    /// Pages that somebody was at, most visits first.
    pub fn pages(&self) -> Vec<usize> {
        let mut pages: Vec<usize> = (0..self.visits.len())
            .filter(|page| self.visits[*page] > 0)
            .collect();
        pages.sort_by_key(|page| std::cmp::Reverse(self.visits[*page]));
        pages
    }

    /// Pauses of persons before any page.
    pub fn all_pauses(&self) -> LatencyHistogram {
        let mut all = LatencyHistogram::new();
        self.ways.values().for_each(|way| all.add(&way.pauses));
        all
    }
}
