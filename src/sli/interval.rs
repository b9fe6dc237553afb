//! 95 % intervals of shares, percentiles and rates, and how many requests they need.

/// Two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's score interval of a share, both ends between 0 and 1; `None` when `valid` is 0.
///
/// E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
#[must_use]
pub fn share(good: u64, valid: u64) -> Option<[f64; 2]> {
    if valid == 0 {
        return None;
    }
    let n = number(valid);
    let p = number(good) / n;
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some([
        ((middle - half) / scale).max(0.0),
        ((middle + half) / scale).min(1.0),
    ])
}

/// The ranks, counted from 1, of the order statistics that enclose a quantile of `count` values
/// with 95 % confidence; normal approximation of the binomial distribution of the rank.
///
/// H. A. David and H. N. Nagaraja, "Order Statistics", 3rd edition, section 7.1.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1..=count before"
)]
pub fn quantile_ranks(count: u64, quantile: f64) -> [u64; 2] {
    let n = number(count);
    let half = Z * (n * quantile * (1.0 - quantile)).sqrt();
    let low = (n * quantile - half).floor().clamp(1.0, n.max(1.0));
    let high = (n * quantile + half).ceil() + 1.0;
    [low as u64, high.clamp(1.0, n.max(1.0)) as u64]
}

/// The fewest values with which a quantile has a one-sided 95 % upper bound among them: the
/// smallest n with qⁿ ≤ 0.05, so 59 for p95, 299 for p99 and 2,995 for p99.9.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and at most 300,000 for the largest quantile that a file may name"
)]
pub fn quantile_count_min(quantile: f64) -> u64 {
    (0.05_f64.ln() / quantile.ln()).ceil().max(1.0) as u64
}

/// Interval of the mean of a Poisson count: `(√n ∓ z/2)²` around `√n`, never below 0.
///
/// F. J. Anscombe, "The Transformation of Poisson, Binomial and Negative-Binomial Data", 1948.
#[must_use]
pub fn poisson(count: u64) -> [f64; 2] {
    let low = (number(count).sqrt() - Z / 2.0).max(0.0);
    let high = number(count + 1).sqrt() + Z / 2.0;
    [low * low, high * high]
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
        let [low, high] = share(81, 263).unwrap();
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4);
        let [low, high] = share(0, 20).unwrap();
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 1e-4);
    }

    #[test]
    fn a_share_of_nothing_has_no_interval() {
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn percentiles_need_the_published_number_of_values() {
        assert_eq!(quantile_count_min(0.95), 59);
        assert_eq!(quantile_count_min(0.99), 299);
        assert_eq!(quantile_count_min(0.999), 2_995);
    }

    #[test]
    fn ranks_enclose_the_quantile_and_stay_inside() {
        let [low, high] = quantile_ranks(1_000, 0.95);
        assert!(low < 950 && high > 950 && high <= 1_000);
        assert_eq!(quantile_ranks(1, 0.5), [1, 1]);
    }

    #[test]
    fn a_poisson_interval_holds_the_count() {
        let [low, high] = poisson(100);
        assert!((80.0..84.0).contains(&low) && (119.0..124.0).contains(&high));
        assert!(poisson(0)[0].abs() < 1e-12);
    }
}
