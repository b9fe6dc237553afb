//! What a law is fitted to: points of concurrency and throughput.
//!
//! In: pairs of numbers in any order. Out: the same, checked and sorted, or why no law can go through them.

use serde::{Deserialize, Serialize};

/// Most points of one fit; more are to be put together by whoever measured them.
pub const POINTS_MAX: usize = 20_000;
/// Fewest different concurrencies: the law has three coefficients.
pub const DISTINCT_MIN: usize = 3;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LoadPoint {
    /// Requests (users, workers, servers) at the same time, on average; above 0.
    pub concurrency: f64,
    /// What was done per unit of time meanwhile; at least 0.
    pub throughput: f64,
}

/// Points that a law can be fitted to: finite, by ascending concurrency.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPoints {
    points: Vec<LoadPoint>,
    idle: usize,
}

/// Why no law can be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LawError {
    /// There is no point.
    #[error(
        "there is no point (hint: at least {DISTINCT_MIN} different concurrencies are needed, better 6)"
    )]
    Empty,
    /// More points than a fit takes.
    #[error(
        "{0} points are more than {POINTS_MAX} (hint: put points of like concurrency together)"
    )]
    TooMany(usize),
    /// A number that is no measurement; the index counts from 0.
    #[error("point {} has a concurrency of {} and a throughput of {}: both must be finite and not negative", .index + 1, .point.concurrency, .point.throughput)]
    NoMeasurement {
        /// Which point.
        index: usize,
        /// What it says.
        point: LoadPoint,
    },
    /// Too few different concurrencies for three coefficients.
    #[error("{0} different {word} cannot tell three coefficients apart (hint: measure at {DISTINCT_MIN} or more, better 6, two of them past the knee)", word = if *.0 == 1 { "concurrency" } else { "concurrencies" })]
    TooFewDistinct(usize),
    /// Every throughput is 0.
    #[error("every throughput is 0: nothing was done at any concurrency")]
    NothingDone,
    /// Relative errors of a throughput of 0.
    #[error(
        "a point has a throughput of 0, which has no relative error (hint: leave it out, or weight by absolute errors)"
    )]
    NoRelativeError,
    /// The solver found no minimum.
    #[error("the points have no fit: {0}")]
    NoMinimum(String),
}

impl LoadPoints {
    /// Checks and sorts points. Points of concurrency 0 and throughput 0 are on every such law; they are
    /// counted, and left out.
    ///
    /// # Errors
    /// When there is none, too many, one that is no measurement, or fewer than [`DISTINCT_MIN`] different
    /// concurrencies.
    pub fn new(points: &[LoadPoint]) -> Result<Self, LawError> {
        if points.is_empty() {
            return Err(LawError::Empty);
        }
        if points.len() > POINTS_MAX {
            return Err(LawError::TooMany(points.len()));
        }
        let is_bad = |point: &LoadPoint| {
            let all = [point.concurrency, point.throughput];
            all.iter()
                .any(|number| !number.is_finite() || *number < 0.0)
                || (point.concurrency == 0.0 && point.throughput > 0.0)
        };
        if let Some(index) = points.iter().position(is_bad) {
            let point = points[index];
            return Err(LawError::NoMeasurement { index, point });
        }
        let mut busy: Vec<LoadPoint> = points.to_vec();
        busy.retain(|point| point.concurrency > 0.0);
        busy.sort_by(|a, b| {
            let by_concurrency = a.concurrency.total_cmp(&b.concurrency);
            by_concurrency.then(a.throughput.total_cmp(&b.throughput))
        });
        let found = Self {
            idle: points.len() - busy.len(),
            points: busy,
        };
        match found.distinct() {
            distinct if distinct < DISTINCT_MIN => Err(LawError::TooFewDistinct(distinct)),
            _ if found.points.iter().all(|point| point.throughput == 0.0) => {
                Err(LawError::NothingDone)
            }
            _ => Ok(found),
        }
    }

    /// The points, by ascending concurrency.
    #[must_use]
    pub fn as_slice(&self) -> &[LoadPoint] {
        &self.points
    }

    /// Points of concurrency 0, which were left out.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle
    }

    /// How many different concurrencies there are.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.distinct_beyond(0.0)
    }

    /// How many different concurrencies there are above `n`.
    #[must_use]
    pub fn distinct_beyond(&self, n: f64) -> usize {
        let concurrencies = self.points.iter().map(|point| point.concurrency);
        let mut beyond: Vec<f64> = concurrencies.filter(|own| *own > n).collect();
        beyond.dedup();
        beyond.len()
    }

    /// The largest concurrency.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.concurrency)
    }

    /// The highest throughput.
    #[must_use]
    pub fn highest(&self) -> f64 {
        let throughputs = self.points.iter().map(|point| point.throughput);
        throughputs.fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(pairs: &[(f64, f64)]) -> Vec<LoadPoint> {
        let points = pairs.iter().map(|(concurrency, throughput)| LoadPoint {
            concurrency: *concurrency,
            throughput: *throughput,
        });
        points.collect()
    }

    #[test]
    fn points_are_sorted_and_idle_ones_left_out() {
        let found = LoadPoints::new(&points(&[
            (4.0, 3.0),
            (0.0, 0.0),
            (1.0, 1.0),
            (2.0, 2.0),
            (2.0, 1.9),
        ]));
        let found = found.expect("they are three concurrencies");
        let order: Vec<f64> = found
            .as_slice()
            .iter()
            .map(|point| point.throughput)
            .collect();
        assert_eq!(order, [1.0, 1.9, 2.0, 3.0]);
        assert_eq!(
            (found.idle(), found.distinct(), found.distinct_beyond(1.0)),
            (1, 3, 2)
        );
        assert_eq!((found.largest(), found.highest()), (4.0, 3.0));
    }

    #[test]
    fn what_no_law_can_go_through_is_refused_with_the_reason() {
        let refused = |pairs: &[(f64, f64)]| {
            let error = LoadPoints::new(&points(pairs)).expect_err("it is refused");
            error.to_string()
        };
        assert!(refused(&[]).starts_with("there is no point"));
        let two = refused(&[(1.0, 1.0), (1.0, 2.0), (2.0, 2.0)]);
        assert!(two.starts_with("2 different concurrencies cannot"), "{two}");
        let one = refused(&[(1.0, 1.0)]);
        assert!(one.starts_with("1 different concurrency cannot"), "{one}");
        let nothing = refused(&[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]);
        assert!(nothing.starts_with("every throughput is 0"), "{nothing}");
        for bad in [
            (-1.0, 1.0),
            (1.0, -1.0),
            (f64::NAN, 1.0),
            (1.0, f64::INFINITY),
            (0.0, 1.0),
        ] {
            let message = refused(&[(1.0, 1.0), bad]);
            assert!(
                message.starts_with("point 2 has a concurrency of"),
                "{message}"
            );
        }
        let many = vec![(1.0, 1.0); POINTS_MAX + 1];
        assert!(refused(&many).starts_with("20001 points are more than 20000"));
        let limit: Vec<(f64, f64)> = (1..=20_000_u32).map(|n| (f64::from(n), 1.0)).collect();
        assert_eq!(limit.len(), POINTS_MAX);
        assert!(LoadPoints::new(&points(&limit)).is_ok());
    }
}
