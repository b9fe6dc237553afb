//! The inner fit: where contacts begin to rise and how steeply, for given quiet contacts.
//!
//! In: rows, the quiet contacts of each, how often each day counts. Out: onset, slope and gain of the
//! best hinge. An inner loop of our own, because a calibration makes some ten million of these fits;
//! a library call takes milliseconds, this takes some tens of microseconds. It is compared with the
//! library in `tests/reference.rs`. The model of a row is NB2 with mean
//! `scale · quiet · (1 + background + slope · beyond)`, so that excess contacts of sessions add up.

use super::design::Design;
use super::draws::THETA_OF_POISSON;

/// Steps of Fisher scoring for one onset.
const STEPS_MAX: usize = 12;
/// The fit has settled when scale and slope move by less, relatively.
const SETTLED: f64 = 1e-5;
/// The first look is at every so many nodes.
const STRIDE: usize = 5;
/// Halvings of the bracket around the best node.
const REFINEMENTS: usize = 3;

/// A fitted hinge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hinge {
    /// Onset, as harm.
    pub onset: f64,
    /// What one unit of harm beyond it adds, in quiet rates; at least 0.
    pub slope: f64,
    /// Log of what quiet contacts are multiplied by.
    pub log_scale: f64,
    /// Log-likelihood, without what does not depend on the hinge.
    pub log_likelihood: f64,
}

/// A stretch of rows that count `times` times.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: usize,
    to: usize,
    times: f64,
}

/// Rows with quiet contacts, ready to be fitted.
pub(super) struct Profile<'a> {
    design: &'a Design,
    y: &'a [f64],
    quiet: &'a [f64],
    theta: f64,
    stretches: Vec<Stretch>,
}

impl<'a> Profile<'a> {
    /// Of all rows, each once.
    pub fn new(design: &'a Design, quiet: &'a [f64], theta: Option<f64>) -> Self {
        Self {
            design,
            y: &design.y,
            quiet,
            theta: theta.unwrap_or(THETA_OF_POISSON),
            stretches: vec![Stretch {
                from: 0,
                to: design.rows(),
                times: 1.0,
            }],
        }
    }

    /// Of rows that count as often as their day.
    pub fn of_days(
        design: &'a Design,
        quiet: &'a [f64],
        theta: Option<f64>,
        times: &[f64],
    ) -> Self {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (row, day) in design.day.iter().enumerate() {
            match stretches.last_mut() {
                Some(last) if last.to == row && design.day[last.from] == *day => last.to = row + 1,
                _ if times[*day] > 0.0 => stretches.push(Stretch {
                    from: row,
                    to: row + 1,
                    times: times[*day],
                }),
                _ => {}
            }
        }
        Self {
            stretches,
            ..Self::new(design, quiet, theta)
        }
    }

    /// The same rows with other contacts.
    pub fn with_contacts(self, y: &'a [f64]) -> Self {
        Self { y, ..self }
    }

    /// The best hinge of the whole grid.
    pub fn best(&self) -> Hinge {
        self.search(STRIDE)
    }

    /// The best hinge, every node of the grid looked at.
    pub fn best_of_all_nodes(&self) -> Hinge {
        self.search(1)
    }

    fn search(&self, stride: usize) -> Hinge {
        let nodes = &self.design.nodes;
        let mut looked: Vec<Option<Hinge>> = vec![None; nodes.len()];
        let mut start = None;
        let mut look = |node: usize, start: &mut Option<f64>| {
            let hinge = *looked[node].get_or_insert_with(|| self.at(nodes[node], *start));
            *start = Some(hinge.slope).filter(|slope| *slope > 0.0);
            hinge
        };
        let mut best = (0, look(0, &mut start));
        for node in (stride..nodes.len())
            .step_by(stride)
            .chain([nodes.len() - 1])
        {
            let hinge = look(node, &mut start);
            if hinge.log_likelihood > best.1.log_likelihood {
                best = (node, hinge);
            }
        }
        // Downhill on both sides of the best, or the best of the neighbours on.
        let mut reach = stride / 2;
        while reach > 0 {
            for node in [
                best.0.saturating_sub(reach),
                (best.0 + reach).min(nodes.len() - 1),
            ] {
                let mut start = Some(best.1.slope).filter(|slope| *slope > 0.0);
                let hinge = look(node, &mut start);
                if hinge.log_likelihood > best.1.log_likelihood {
                    best = (node, hinge);
                }
            }
            reach /= 2;
        }
        for neighbour in [best.0.saturating_sub(1), (best.0 + 1).min(nodes.len() - 1)] {
            let hinge = look(
                neighbour,
                &mut Some(best.1.slope).filter(|slope| *slope > 0.0),
            );
            if hinge.log_likelihood > best.1.log_likelihood {
                best = (neighbour, hinge);
            }
        }
        self.between(best.0, best.1)
    }

    /// Looks between a node and its neighbours.
    fn between(&self, node: usize, mut best: Hinge) -> Hinge {
        let nodes = &self.design.nodes;
        let (mut low, mut high) = (
            nodes[node.saturating_sub(1)],
            nodes[(node + 1).min(nodes.len() - 1)],
        );
        for _ in 0..REFINEMENTS {
            let middle = best.onset;
            for onset in [f64::midpoint(low, middle), f64::midpoint(middle, high)] {
                let hinge = self.at(onset, Some(best.slope).filter(|slope| *slope > 0.0));
                if hinge.log_likelihood > best.log_likelihood {
                    best = hinge;
                }
            }
            let half = (high - low) / 4.0;
            low = (best.onset - half).max(nodes[0]);
            high = (best.onset + half).min(nodes[nodes.len() - 1]);
        }
        best
    }

    /// The best scale and slope for an onset.
    pub fn at(&self, onset: f64, start: Option<f64>) -> Hinge {
        let (low, high, part) = self.columns(onset);
        let mean = mean_of(low).max(mean_of(high));
        let mut hinge = Hinge {
            onset,
            slope: start.unwrap_or(0.0),
            log_scale: 0.0,
            log_likelihood: f64::NEG_INFINITY,
        };
        if mean <= 0.0 {
            return self.without_effect(onset);
        }
        for _ in 0..STEPS_MAX {
            let sums = self.score(low, high, part, hinge);
            let (scale, slope) = sums.step(hinge.slope);
            let scale = scale.clamp(-1.0, 1.0);
            // A step that would more than triple the slope is cut: far from the best the information
            // says too little of the way.
            let ceiling = (hinge.slope * 3.0).max(0.5 / mean);
            let next = (hinge.slope + slope).clamp(0.0, ceiling);
            let moved = (next - hinge.slope).abs() <= SETTLED * (next + 1e-3 / mean);
            hinge.slope = next;
            hinge.log_scale += scale;
            if moved && scale.abs() < SETTLED {
                break;
            }
        }
        hinge.log_likelihood = self.log_likelihood(low, high, part, hinge);
        hinge
    }

    /// Twice the gain of a hinge over no effect; at least 0.
    pub fn likelihood_ratio(&self, hinge: &Hinge) -> f64 {
        let nothing = self.without_effect(hinge.onset);
        2.0 * (hinge.log_likelihood - nothing.log_likelihood).max(0.0)
    }

    /// The best scale without any effect.
    pub fn without_effect(&self, onset: f64) -> Hinge {
        let (low, high, part) = self.columns(onset);
        let mut hinge = Hinge {
            onset,
            slope: 0.0,
            log_scale: 0.0,
            log_likelihood: 0.0,
        };
        for _ in 0..STEPS_MAX {
            let sums = self.score(low, high, part, hinge);
            let step = (sums.scale / sums.scale_scale.max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0);
            hinge.log_scale += step;
            if step.abs() < SETTLED {
                break;
            }
        }
        hinge.log_likelihood = self.log_likelihood(low, high, part, hinge);
        hinge
    }

    fn columns(&self, onset: f64) -> (&[f64], &[f64], f64) {
        let nodes = &self.design.nodes;
        let above = nodes.partition_point(|node| *node <= onset);
        let lower = above.max(1) - 1;
        let upper = (lower + 1).min(nodes.len() - 1);
        let width = nodes[upper] - nodes[lower];
        let part = if width > 0.0 {
            ((onset - nodes[lower]) / width).clamp(0.0, 1.0)
        } else {
            0.0
        };
        (&self.design.beyond[lower], &self.design.beyond[upper], part)
    }

    fn score(&self, low: &[f64], high: &[f64], part: f64, hinge: Hinge) -> Sums {
        let scale = hinge.log_scale.exp();
        let mut sums = Sums::default();
        for stretch in &self.stretches {
            let rows = stretch.from..stretch.to;
            let rows = Rows {
                y: &self.y[rows.clone()],
                quiet: &self.quiet[rows.clone()],
                background: &self.design.background[rows.clone()],
                low: &low[rows.clone()],
                high: &high[rows],
            };
            sums.add(
                stretch.times,
                &rows.sums(scale, hinge.slope, part, self.theta),
            );
        }
        sums
    }

    fn log_likelihood(&self, low: &[f64], high: &[f64], part: f64, hinge: Hinge) -> f64 {
        let scale = hinge.log_scale.exp();
        let mut total = 0.0;
        for stretch in &self.stretches {
            let mut sum = 0.0;
            for row in stretch.from..stretch.to {
                let beyond = low[row] + part * (high[row] - low[row]);
                let lift = 1.0 + self.design.background[row] + hinge.slope * beyond;
                let mean = scale * self.quiet[row] * lift;
                let y = self.y[row];
                let log_lift = if lift == 1.0 { 0.0 } else { lift.ln() };
                sum += y * (hinge.log_scale + log_lift);
                sum -= if self.theta >= THETA_OF_POISSON {
                    mean
                } else {
                    (y + self.theta) * (1.0 + mean / self.theta).ln()
                };
            }
            total += stretch.times * sum;
        }
        total
    }
}

/// Columns of some rows that follow each other.
struct Rows<'a> {
    y: &'a [f64],
    quiet: &'a [f64],
    background: &'a [f64],
    low: &'a [f64],
    high: &'a [f64],
}

/// Lanes that are summed side by side.
const LANES: usize = 4;

impl Rows<'_> {
    fn sums(&self, scale: f64, slope: f64, part: f64, theta: f64) -> Sums {
        let mut lanes = [[0.0; LANES]; 5];
        let whole = self.y.len() / LANES * LANES;
        let mut at = 0;
        while at < whole {
            let end = at + LANES;
            let (y, quiet, background) = (
                &self.y[at..end],
                &self.quiet[at..end],
                &self.background[at..end],
            );
            let (low, high) = (&self.low[at..end], &self.high[at..end]);
            for lane in 0..LANES {
                let beyond = low[lane] + part * (high[lane] - low[lane]);
                let row = Self::row(
                    y[lane],
                    quiet[lane],
                    background[lane],
                    beyond,
                    (scale, slope, theta),
                );
                for (sum, term) in lanes.iter_mut().zip(row) {
                    sum[lane] += term;
                }
            }
            at = end;
        }
        for row in whole..self.y.len() {
            let beyond = self.low[row] + part * (self.high[row] - self.low[row]);
            let terms = Self::row(
                self.y[row],
                self.quiet[row],
                self.background[row],
                beyond,
                (scale, slope, theta),
            );
            for (sum, term) in lanes.iter_mut().zip(terms) {
                sum[0] += term;
            }
        }
        let [scale, slope, scale_scale, scale_slope, slope_slope] =
            lanes.map(|lane| lane.iter().sum());
        Sums {
            scale,
            slope,
            scale_scale,
            scale_slope,
            slope_slope,
        }
    }

    #[inline(always)]
    fn row(y: f64, quiet: f64, background: f64, beyond: f64, at: (f64, f64, f64)) -> [f64; 5] {
        let (scale, slope, theta) = at;
        let lift = 1.0 + background + slope * beyond;
        let mean = scale * quiet * lift;
        let weight = theta / (theta + mean);
        let residual = (y - mean) * weight;
        let toward = beyond / lift;
        let information = mean * weight;
        [
            residual,
            residual * toward,
            information,
            information * toward,
            information * toward * toward,
        ]
    }
}

/// Score and information of scale and slope.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    scale: f64,
    slope: f64,
    scale_scale: f64,
    scale_slope: f64,
    slope_slope: f64,
}

impl Sums {
    fn add(&mut self, times: f64, other: &Self) {
        self.scale += times * other.scale;
        self.slope += times * other.slope;
        self.scale_scale += times * other.scale_scale;
        self.scale_slope += times * other.scale_slope;
        self.slope_slope += times * other.slope_slope;
    }

    /// The Fisher step of both; of the scale alone where the slope would leave 0 downwards.
    fn step(&self, slope: f64) -> (f64, f64) {
        let determinant = self.scale_scale * self.slope_slope - self.scale_slope * self.scale_slope;
        let alone = self.scale / self.scale_scale.max(f64::MIN_POSITIVE);
        if determinant <= 1e-12 * self.scale_scale * self.slope_slope {
            return (alone, 0.0);
        }
        let by_slope =
            (self.scale_scale * self.slope - self.scale_slope * self.scale) / determinant;
        let by_scale =
            (self.slope_slope * self.scale - self.scale_slope * self.slope) / determinant;
        if slope + by_slope < 0.0 {
            // With the slope at 0 the scale is what the rows say without an effect.
            let left = -slope;
            return (
                (self.scale - self.scale_slope * left) / self.scale_scale,
                left,
            );
        }
        (by_scale, by_slope)
    }
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
