//! What a share of few requests may have been in truth.
//!
//! In: shares with the requests behind them. Out: per window a distribution over true shares. A window
//! in which 2 of 100 checkouts failed by chance did not make people call as one that was at 2 %; taken
//! as seen, chance would pull every onset towards 0. A window is in one of a few regimes (quiet to bad)
//! that last; the shares of each regime are the non-parametric maximum-likelihood ones (Kiefer and
//! Wolfowitz 1956) on a grid, found together with how regimes follow each other (Baum et al. 1970).
//! Taken without its neighbours, a window of an outage that looks quiet by chance would count as quiet,
//! and slope and delay would be found too large. Excess contacts are linear in the expected harm, so
//! that this *regression calibration* (Carroll et al. 2006, chapter 4) needs no more than these
//! distributions. There must be regimes enough for outages of several strengths: with one or two of them
//! each window of an outage is drawn to the mean of all outages, its own being lost, and slope and onset
//! are found too high by a fifth.

/// Points of the grid besides 0.
const POINTS: usize = 90;
/// Lowest of them.
const LOWEST: f64 = 1e-4;
/// Rounds of EM.
const ROUNDS: usize = 60;
/// A point has no part in a window that it makes less likely than this, relative to the likeliest.
const LIKELIHOOD_MIN: f64 = 1e-10;
/// Regimes that last.
const REGIMES: usize = 6;
/// How likely a regime lasts for another window, before anything is known.
const LASTS: f64 = 0.9;
/// How likely each change is at least, so that none is ruled out.
const CHANGE_MIN: f64 = 1e-5;
/// Points of a window with less than this share are left out.
const SHARE_MIN: f64 = 1e-3;

/// True values that a window may have had, with their probabilities, which add up to 1.
pub(super) type Spread = Vec<(f64, f64)>;

/// Distributions of true bad shares of windows with so many bad of so many requests; empty where there
/// are no requests.
pub(super) fn spreads(windows: &[(f64, f64)]) -> Vec<Spread> {
    let largest = windows
        .iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(bad, count)| (bad / count).min(1.0))
        .fold(0.0, f64::max);
    let grid = grid(largest);
    let likelihoods: Vec<Likelihood> = windows
        .iter()
        .map(|window| Likelihood::of(*window, &grid))
        .collect();
    let mut regimes = Regimes::first(&likelihoods, grid.len());
    for _ in 0..ROUNDS {
        let states = regimes.states(&likelihoods);
        regimes = regimes.better(&likelihoods, &states);
    }
    let states = regimes.states(&likelihoods);
    let windows = likelihoods.iter().zip(&states.of);
    windows
        .map(|(of, state)| posterior(of, &regimes.seen_from(of, state), &grid))
        .collect()
}

/// How likely each true share makes what a window showed, the largest 1; points that it rules out are left
/// out at both ends.
struct Likelihood {
    /// The first point of the grid.
    from: usize,
    /// From there on; empty where nothing was seen.
    of: Vec<f64>,
}

impl Likelihood {
    fn of((bad, count): (f64, f64), grid: &[f64]) -> Self {
        if count <= 0.0 {
            return Self {
                from: 0,
                of: Vec::new(),
            };
        }
        let logs: Vec<f64> = grid
            .iter()
            .map(|share| bad * share.ln() + (count - bad) * (-share).ln_1p())
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_in = |log: &f64| log - largest >= LIKELIHOOD_MIN.ln();
        let from = logs.iter().position(is_in).unwrap_or(0);
        let to = logs.iter().rposition(is_in).map_or(0, |last| last + 1);
        let inside = logs[from..to].iter();
        Self {
            from,
            of: inside.map(|log| (log - largest).exp()).collect(),
        }
    }

    /// Those of the points that have a part in it.
    fn points<'a>(&self, of_points: &'a [f64]) -> &'a [f64] {
        &of_points[self.from..self.from + self.of.len()]
    }

    fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// Shares of each regime, and how regimes follow each other.
struct Regimes {
    shares: [Vec<f64>; REGIMES],
    change: [[f64; REGIMES]; REGIMES],
}

/// How likely each window is in each regime, and how often one follows another.
struct States {
    of: Vec<[f64; REGIMES]>,
    changes: [[f64; REGIMES]; REGIMES],
}

impl Regimes {
    /// Regimes that differ a little: the grid cut into equal parts of what windows look like, blurred.
    fn first(likelihoods: &[Likelihood], points: usize) -> Self {
        let mut looks = vec![0.0; points];
        for of in likelihoods.iter().filter(|of| !of.is_empty()) {
            let total: f64 = of.of.iter().sum();
            for (sum, of) in looks[of.from..].iter_mut().zip(&of.of) {
                *sum += of / total;
            }
        }
        let floor = looks.iter().sum::<f64>() / (points as f64 * 20.0);
        let half = looks.iter().sum::<f64>() / 2.0;
        let mut below = 0.0;
        let middle = looks.iter().take_while(|of| {
            below += **of;
            below < half
        });
        let middle = middle.count().min(points - 1);
        let shares = std::array::from_fn(|regime| {
            // The quiet half is one regime, the others lie evenly between there and the worst.
            let centre =
                middle as f64 + (points - 1 - middle) as f64 * regime as f64 / (REGIMES - 1) as f64;
            let width = points as f64 / REGIMES as f64;
            let near = |point: usize| (-((point as f64 - centre) / width).powi(2)).exp();
            let raw = looks.iter().enumerate();
            scaled(raw.map(|(point, of)| (of + floor) * near(point)).collect())
        });
        let other = (1.0 - LASTS) / (REGIMES - 1) as f64;
        let change = std::array::from_fn(|from| {
            std::array::from_fn(|to| if from == to { LASTS } else { other })
        });
        Self { shares, change }
    }

    /// How well each regime fits a window; the same for all where nothing was seen.
    fn fits(&self, of: &Likelihood) -> [f64; REGIMES] {
        std::array::from_fn(|regime| {
            if of.is_empty() {
                return 1.0;
            }
            dot(&of.of, of.points(&self.shares[regime])).max(f64::MIN_POSITIVE)
        })
    }

    /// Forwards and backwards over the windows.
    fn states(&self, likelihoods: &[Likelihood]) -> States {
        let fits: Vec<[f64; REGIMES]> = likelihoods.iter().map(|of| self.fits(of)).collect();
        let mut of = Vec::with_capacity(fits.len());
        let mut before = [1.0 / REGIMES as f64; REGIMES];
        for fit in &fits {
            let now: [f64; REGIMES] = std::array::from_fn(|to| {
                let reached: f64 = (0..REGIMES)
                    .map(|from| before[from] * self.change[from][to])
                    .sum();
                reached * fit[to]
            });
            before = whole(now);
            of.push(before);
        }
        let mut changes = [[0.0; REGIMES]; REGIMES];
        let mut after = [1.0; REGIMES];
        for window in (0..fits.len().saturating_sub(1)).rev() {
            let next: [f64; REGIMES] = std::array::from_fn(|to| fits[window + 1][to] * after[to]);
            let both: [[f64; REGIMES]; REGIMES] = std::array::from_fn(|from| {
                std::array::from_fn(|to| of[window][from] * self.change[from][to] * next[to])
            });
            let total: f64 = both.iter().flatten().sum();
            for (sums, both) in changes.iter_mut().zip(both) {
                for (sum, both) in sums.iter_mut().zip(both) {
                    *sum += both / total.max(f64::MIN_POSITIVE);
                }
            }
            after = whole(std::array::from_fn(|from| {
                (0..REGIMES)
                    .map(|to| self.change[from][to] * next[to])
                    .sum()
            }));
            of[window] = whole(std::array::from_fn(|from| of[window][from] * after[from]));
        }
        States { of, changes }
    }

    /// The same after a round of EM.
    fn better(&self, likelihoods: &[Likelihood], states: &States) -> Self {
        let mut shares: [Vec<f64>; REGIMES] =
            std::array::from_fn(|regime| vec![1e-12; self.shares[regime].len()]);
        let seen = likelihoods
            .iter()
            .zip(&states.of)
            .filter(|(of, _)| !of.is_empty());
        for (of, state) in seen {
            let fits = self.fits(of);
            let weights = state.iter().zip(fits);
            for ((sums, own), (state, fit)) in shares.iter_mut().zip(&self.shares).zip(weights) {
                if *state < 1e-6 {
                    continue;
                }
                let weight = state / fit;
                let sums = sums[of.from..].iter_mut();
                for (sum, (of, share)) in sums.zip(of.of.iter().zip(of.points(own))) {
                    *sum += weight * of * share;
                }
            }
        }
        let change = states.changes.map(whole);
        Self {
            shares: shares.map(scaled),
            change: change.map(|of| whole(of.map(|share| share.max(CHANGE_MIN)))),
        }
    }

    /// Shares that a window may have before its own requests are looked at.
    fn seen_from(&self, of: &Likelihood, state: &[f64; REGIMES]) -> Vec<f64> {
        let fits = self.fits(of);
        let weights: [f64; REGIMES] = std::array::from_fn(|regime| state[regime] / fits[regime]);
        (of.from..of.from + of.of.len())
            .map(|point| {
                (0..REGIMES)
                    .map(|regime| weights[regime] * self.shares[regime][point])
                    .sum()
            })
            .collect()
    }
}

/// Adding up to 1.
fn whole(of: [f64; REGIMES]) -> [f64; REGIMES] {
    let sum: f64 = of.iter().sum();
    of.map(|share| share / sum.max(f64::MIN_POSITIVE))
}

fn scaled(of: Vec<f64>) -> Vec<f64> {
    let sum: f64 = of.iter().sum();
    of.into_iter()
        .map(|share| share / sum.max(f64::MIN_POSITIVE))
        .collect()
}

fn grid(largest: f64) -> Vec<f64> {
    let top = (largest * 1.05).clamp(2.0 * LOWEST, 0.9999);
    let step = (top / LOWEST).ln() / (POINTS - 1) as f64;
    let rest = (0..POINTS).map(|point| LOWEST * (step * point as f64).exp());
    std::iter::once(LOWEST / 10.0).chain(rest).collect()
}

/// The sum of the products, four side by side.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (ones, others) = (one.chunks_exact(4), other.chunks_exact(4));
    let rest = ones.remainder().iter().zip(others.remainder());
    let rest: f64 = rest.map(|(one, other)| one * other).sum();
    for (one, other) in ones.zip(others) {
        for lane in 0..4 {
            lanes[lane] += one[lane] * other[lane];
        }
    }
    rest + lanes.iter().sum::<f64>()
}

fn posterior(likelihood: &Likelihood, prior: &[f64], grid: &[f64]) -> Spread {
    let weights: Vec<f64> = likelihood
        .of
        .iter()
        .zip(prior)
        .map(|(of, prior)| of * prior)
        .collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let kept = weights
        .iter()
        .zip(likelihood.points(grid))
        .filter(|(weight, _)| **weight >= SHARE_MIN * total);
    let kept: Vec<(f64, f64)> = kept.map(|(weight, share)| (*share, *weight)).collect();
    let sum: f64 = kept.iter().map(|(_, weight)| weight).sum();
    kept.into_iter()
        .map(|(share, weight)| (share, weight / sum))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(spread: &Spread) -> f64 {
        spread.iter().map(|(share, weight)| share * weight).sum()
    }

    #[test]
    fn a_quiet_looking_window_of_an_outage_is_none() {
        // Stretches of 12 windows at 5 %, in which one by chance has a single bad request of 100.
        let bad = |n: usize| match n % 100 {
            5 => 1.0,
            0..12 => 5.0,
            50 => 1.0,
            _ => 0.0,
        };
        let windows: Vec<(f64, f64)> = (0..2_000).map(|n| (bad(n), 100.0)).collect();
        let found = spreads(&windows);
        let (inside, outside) = (mean(&found[1_005]), mean(&found[1_050]));
        assert!(inside > 0.03 && outside < 0.004, "{inside} {outside}");
    }

    #[test]
    fn chance_is_told_from_an_episode() {
        // 300 quiet windows at half a percent with chance of their own, 20 at 6 %.
        let mut windows: Vec<(f64, f64)> = (0..300)
            .map(|n| (f64::from([0, 0, 1, 0, 1, 2][n as usize % 6]), 130.0))
            .collect();
        windows.extend((0..20).map(|n| (f64::from(6 + n % 5), 130.0)));
        let found = spreads(&windows);
        // 2 of 130 are 1.5 %, but the windows of that kind are quiet ones.
        assert!(mean(&found[5]) < 0.009, "{}", mean(&found[5]));
        assert!(mean(&found[300]) > 0.05 && mean(&found[304]) < 0.07);
        for spread in &found {
            assert!((spread.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn many_requests_say_what_they_say() {
        let windows = [(1_000.0, 100_000.0), (5_000.0, 100_000.0), (0.0, 0.0)];
        let found = spreads(&windows);
        assert!((mean(&found[0]) / 0.01 - 1.0).abs() < 0.05);
        assert!((mean(&found[1]) / 0.05 - 1.0).abs() < 0.05);
        assert!(found[2].is_empty());
    }

    #[test]
    fn outages_keep_their_own_strength() {
        // Stretches of ten windows at 1.5, 3 and 6 %, seen with the noise of 130 requests.
        let of = |n: usize| [0.015_f64, 0.03, 0.06][n / 100 % 3];
        let noise = |n: usize| [0.6, 1.4, 1.0, 0.8, 1.2][n * 7 % 5];
        let windows: Vec<(f64, f64)> = (0..3_000)
            .map(|n| match n % 100 < 10 {
                true => ((of(n) * noise(n) * 130.0).round(), 130.0),
                false => (f64::from(u8::from(n % 3 == 0)), 130.0),
            })
            .collect();
        let found = spreads(&windows);
        for (first, share) in [(300, 0.015), (400, 0.03), (500, 0.06)] {
            let means = (first..first + 10).map(|window| mean(&found[window]));
            let mean = means.sum::<f64>() / 10.0;
            assert!((mean / share - 1.0).abs() < 0.15, "{mean} for {share}");
        }
    }
}
