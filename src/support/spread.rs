//! What a share of few requests may have been in truth.
//!
//! In: shares with the requests behind them. Out: per window a distribution over true shares. A window
//! in which 2 of 100 checkouts failed by chance did not make people call as one that was at 2 %; taken
//! as seen, chance would pull every onset towards 0. The distribution of true shares over all windows is
//! the non-parametric maximum-likelihood one (Kiefer and Wolfowitz 1956, by EM on a grid), that of a
//! window follows by Bayes; excess contacts are linear in the expected harm, so that this *regression
//! calibration* is exact.

/// Points of the grid besides 0.
const POINTS: usize = 90;
/// Lowest of them.
const LOWEST: f64 = 1e-4;
/// Rounds of EM.
const ROUNDS: usize = 120;
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
    let likelihoods: Vec<Vec<f64>> = windows
        .iter()
        .map(|window| likelihood(*window, &grid))
        .collect();
    let mut prior = vec![1.0 / grid.len() as f64; grid.len()];
    for _ in 0..ROUNDS {
        let mut next = vec![0.0; grid.len()];
        for of in likelihoods.iter().filter(|of| !of.is_empty()) {
            let total: f64 = of.iter().zip(&prior).map(|(of, prior)| of * prior).sum();
            if total > 0.0 {
                for ((sum, of), prior) in next.iter_mut().zip(of).zip(&prior) {
                    *sum += of * prior / total;
                }
            }
        }
        let sum: f64 = next.iter().sum();
        if sum <= 0.0 {
            break;
        }
        prior = next.into_iter().map(|point| point / sum).collect();
    }
    likelihoods
        .iter()
        .map(|of| posterior(of, &prior, &grid))
        .collect()
}

fn grid(largest: f64) -> Vec<f64> {
    let top = (largest * 1.05).clamp(2.0 * LOWEST, 0.9999);
    let step = (top / LOWEST).ln() / (POINTS - 1) as f64;
    let rest = (0..POINTS).map(|point| LOWEST * (step * point as f64).exp());
    std::iter::once(LOWEST / 10.0).chain(rest).collect()
}

/// Likelihood of each point, the largest 1.
fn likelihood((bad, count): (f64, f64), grid: &[f64]) -> Vec<f64> {
    if count <= 0.0 {
        return Vec::new();
    }
    let logs: Vec<f64> = grid
        .iter()
        .map(|share| bad * share.ln() + (count - bad) * (-share).ln_1p())
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter().map(|log| (log - largest).exp()).collect()
}

fn posterior(likelihood: &[f64], prior: &[f64], grid: &[f64]) -> Spread {
    let weights: Vec<f64> = likelihood
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
        .zip(grid)
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
}
