//! Samples become a summary of bounded size.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Samples that are kept, an even number; past it two become one, with the worse of both.
const SAMPLES_MAX: usize = 1_200;
/// From this share of its cores on the generator has none left.
const CPU_SHARE_FULL: f64 = 0.95;
/// One late request in so many makes a second late: that is its 99th percentile.
const LATE_ONE_IN: u64 = 100;

/// One second of the generator; `None` where the system does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HealthSample {
    /// Its end, µs since the start of the run.
    pub at_us: i64,
    /// Share of the cores that this process took, 0 to 1.
    pub cpu_share: Option<f64>,
    /// Share of the machine's cores that was busy, 0 to 1.
    pub machine_cpu_share: Option<f64>,
    /// The latest that a timer of a worker fired, µs.
    pub loop_lag_us: u64,
    /// The latest that a request left after it was due, µs.
    pub schedule_lag_us: u64,
    /// Requests that were made.
    pub requests: u64,
    /// Requests that left later than a run may be.
    pub late: u64,
    /// Files that were open.
    pub descriptors: Option<u64>,
    /// Ports in use towards the target.
    pub ports: Option<u64>,
    /// Memory in RAM, bytes.
    pub resident_bytes: Option<u64>,
}

impl HealthSample {
    /// Whether the generator had no core left, and it showed.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.cpu_share.is_some_and(|share| share >= CPU_SHARE_FULL)
            && self.late * LATE_ONE_IN > self.requests
    }

    fn join(&mut self, later: &Self) {
        *self = Self {
            at_us: later.at_us,
            cpu_share: highest(self.cpu_share, later.cpu_share),
            machine_cpu_share: highest(self.machine_cpu_share, later.machine_cpu_share),
            loop_lag_us: self.loop_lag_us.max(later.loop_lag_us),
            schedule_lag_us: self.schedule_lag_us.max(later.schedule_lag_us),
            requests: self.requests + later.requests,
            late: self.late + later.late,
            descriptors: self.descriptors.max(later.descriptors),
            ports: self.ports.max(later.ports),
            resident_bytes: self.resident_bytes.max(later.resident_bytes),
        };
    }
}

fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

/// Lowest, middle and highest of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Lowest.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Highest.
    pub max: f64,
}

/// The generator over a whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorHealth {
    /// Cores that it may use.
    pub cores: usize,
    /// Files that it may have open.
    pub descriptors_limit: u64,
    /// Ports that outgoing connections share.
    pub ports_limit: Option<u64>,
    /// Share of its cores.
    pub cpu_share: Option<Spread>,
    /// Share of the machine's cores that was busy.
    pub machine_cpu_share: Option<Spread>,
    /// The latest timer of each second, µs.
    pub loop_lag_us: Option<Spread>,
    /// The latest request of each second, µs after it was due.
    pub schedule_lag_us: Option<Spread>,
    /// Files that were open.
    pub descriptors: Option<Spread>,
    /// Ports in use towards the target.
    pub ports: Option<Spread>,
    /// Memory in RAM, bytes.
    pub resident_bytes: Option<Spread>,
    /// The longest time without a core left, in which requests were late: from, µs since the start,
    /// and seconds.
    pub saturated: Option<(i64, u64)>,
    /// How many seconds one sample of the timeline stands for.
    pub step_s: u64,
    /// Samples, oldest first; each is the worst of its seconds.
    pub timeline: Vec<HealthSample>,
}

impl GeneratorHealth {
    /// Of several generators that drove one run: in each stretch of time the worst of them, all requests,
    /// all cores, the lowest limits.
    #[must_use]
    pub fn of_several(all: &[&Self]) -> Self {
        let step_s = all.iter().map(|health| health.step_s).max().unwrap_or(1);
        let step_us = i64::try_from(step_s.max(1)).unwrap_or(i64::MAX) * 1_000_000;
        let mut worst: BTreeMap<i64, HealthSample> = BTreeMap::new();
        for sample in all.iter().flat_map(|health| &health.timeline) {
            let at_us = (sample.at_us + step_us / 2).div_euclid(step_us) * step_us;
            let sample = HealthSample { at_us, ..*sample };
            worst
                .entry(at_us)
                .and_modify(|known| known.join(&sample))
                .or_insert(sample);
        }
        let saturated = all.iter().filter_map(|health| health.saturated);
        let collector = Collector {
            samples: worst.into_values().collect(),
            step_s,
            filled_s: 0,
            run: None,
            longest: saturated.max_by_key(|(_, lasted_s)| *lasted_s),
        };
        let limits = all.iter().map(|health| health.descriptors_limit);
        Self {
            cores: all.iter().map(|health| health.cores).sum(),
            descriptors_limit: limits.min().unwrap_or(0),
            ports_limit: all.iter().filter_map(|health| health.ports_limit).min(),
            ..collector.finish()
        }
    }
}

/// Collects samples.
#[derive(Debug)]
pub struct Collector {
    samples: Vec<HealthSample>,
    step_s: u64,
    /// Seconds that the last sample holds already.
    filled_s: u64,
    run: Option<(i64, u64)>,
    longest: Option<(i64, u64)>,
}

impl Collector {
    pub fn new() -> Self {
        Self {
            samples: Vec::new(),
            step_s: 1,
            filled_s: 0,
            run: None,
            longest: None,
        }
    }

    /// Adds the sample of one more second.
    pub fn add(&mut self, sample: HealthSample) {
        self.run = sample.is_saturated().then(|| {
            let (from_us, lasted_s) = self.run.unwrap_or((sample.at_us - 1_000_000, 0));
            (from_us, lasted_s + 1)
        });
        if self.run.map(|run| run.1) > self.longest.map(|run| run.1) {
            self.longest = self.run;
        }
        match self.samples.last_mut() {
            Some(last) if self.filled_s < self.step_s => last.join(&sample),
            Some(_) | None => {
                self.samples.push(sample);
                self.filled_s = 0;
            }
        }
        self.filled_s += 1;
        if self.samples.len() > SAMPLES_MAX {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let pairs = self.samples.chunks(2);
        let halved = pairs.map(|pair| {
            let mut joined = pair[0];
            pair.iter().skip(1).for_each(|later| joined.join(later));
            joined
        });
        self.samples = halved.collect();
        // One more than an even number: the last has no neighbour, and stays as full as it is.
        self.step_s *= 2;
    }

    /// The summary of all of them.
    pub fn finish(self) -> GeneratorHealth {
        let spread = |value: &dyn Fn(&HealthSample) -> Option<f64>| {
            let mut values: Vec<f64> = self.samples.iter().filter_map(value).collect();
            values.sort_by(f64::total_cmp);
            Some(Spread {
                min: *values.first()?,
                median: values[(values.len() - 1) / 2],
                max: *values.last()?,
            })
        };
        GeneratorHealth {
            cpu_share: spread(&|sample| sample.cpu_share),
            machine_cpu_share: spread(&|sample| sample.machine_cpu_share),
            loop_lag_us: spread(&|sample| Some(number(sample.loop_lag_us))),
            schedule_lag_us: spread(&|sample| Some(number(sample.schedule_lag_us))),
            descriptors: spread(&|sample| sample.descriptors.map(number)),
            ports: spread(&|sample| sample.ports.map(number)),
            resident_bytes: spread(&|sample| sample.resident_bytes.map(number)),
            saturated: self.longest,
            step_s: self.step_s,
            timeline: self.samples,
            ..GeneratorHealth::default()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "these stay below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at_s: i64, cpu_share: f64, late: u64) -> HealthSample {
        HealthSample {
            at_us: at_s * 1_000_000,
            cpu_share: Some(cpu_share),
            requests: 100,
            late,
            ..HealthSample::default()
        }
    }

    #[test]
    fn only_full_cores_together_with_late_requests_are_saturation() {
        for (cpu_share, late, expected) in [
            (0.95, 2, true),
            (0.95, 1, false),
            (0.94, 100, false),
            (1.0, 0, false),
        ] {
            assert_eq!(second(1, cpu_share, late).is_saturated(), expected);
        }
        assert!(!HealthSample::default().is_saturated());
    }

    #[test]
    fn the_longest_saturation_is_told_with_its_beginning() {
        let mut collector = Collector::new();
        for (at_s, cpu_share) in [1.0, 0.5, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0].iter().enumerate() {
            collector.add(second(i64::try_from(at_s).unwrap() + 1, *cpu_share, 50));
        }
        assert_eq!(collector.finish().saturated, Some((2_000_000, 3)));
    }

    #[test]
    fn samples_past_the_limit_are_joined_and_none_is_lost() {
        let mut collector = Collector::new();
        let seconds = SAMPLES_MAX * 5 + 3;
        for at_s in 0..seconds {
            collector.add(second(i64::try_from(at_s).unwrap(), 0.5, 1));
        }
        let health = collector.finish();
        assert!(health.timeline.len() <= SAMPLES_MAX);
        let late: u64 = health.timeline.iter().map(|sample| sample.late).sum();
        assert_eq!(late, seconds as u64);
        assert_eq!(health.step_s, 8);
        let full = &health.timeline[..health.timeline.len() - 1];
        assert!(full.iter().all(|sample| sample.late == health.step_s));
    }

    #[test]
    fn a_spread_has_the_nearest_rank_in_its_middle() {
        let mut collector = Collector::new();
        for (at_s, share) in [(0, 0.4), (1, 0.1), (2, 0.3), (3, 0.2)] {
            collector.add(second(at_s, share, 0));
        }
        let spread = collector.finish().cpu_share;
        let expected = Spread {
            min: 0.1,
            median: 0.2,
            max: 0.4,
        };
        assert_eq!(spread, Some(expected));
    }
}
