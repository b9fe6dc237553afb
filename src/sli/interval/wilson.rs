//! Wilson's interval of a share: for what is no whole number of requests, and for differences.
//!
//! In: a share, and of how many draws it is. Out: its interval. For counts of requests there is
//! [`share`](super::share), which is exact.

use super::Z;

/// 95 % interval of a share of so many draws, which need not be whole and are more than 0; the share
/// is inside, and both ends are between 0 and 1.
///
/// The score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
/// Inference", 1927. It is narrower than the exact one: over all shares it holds the true one in 95
/// of 100 cases, of some in fewer.
#[must_use]
pub fn wilson(share: f64, draws: f64) -> [f64; 2] {
    let middle = share + Z * Z / (2.0 * draws);
    let half = Z * (share * (1.0 - share) / draws + Z * Z / (4.0 * draws * draws)).sqrt();
    let scale = 1.0 + Z * Z / draws;
    [
        ((middle - half) / scale).clamp(0.0, share),
        ((middle + half) / scale).clamp(share, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_are_the_published_ones() {
        // R. G. Newcombe, "Two-Sided Confidence Intervals for the Single Proportion", 1998, table I,
        // method 3.
        let table = [
            (81.0, 263.0, 0.2553, 0.3662),
            (15.0, 148.0, 0.0624, 0.1605),
            (0.0, 20.0, 0.0, 0.1611),
            (1.0, 29.0, 0.0061, 0.1718),
        ];
        for (good, draws, low, high) in table {
            let found = wilson(good / draws, draws);
            assert!(
                (found[0] - low).abs() < 5.1e-5 && (found[1] - high).abs() < 5.1e-5,
                "{good} of {draws}: {found:?}"
            );
        }
    }

    #[test]
    fn where_all_is_good_the_interval_ends_there_and_still_has_a_width() {
        let [low, high] = wilson(1.0, 20.0);
        assert!((low - (1.0 - 0.1611)).abs() < 1e-4, "{low}");
        assert_eq!(high.to_bits(), 1.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn the_share_is_inside_and_more_draws_say_more(share in 0.0..=1.0_f64, draws in 0.5..1e9_f64) {
            let [low, high] = wilson(share, draws);
            prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
            let [nearer_low, nearer_high] = wilson(share, 2.0 * draws);
            prop_assert!(nearer_high - nearer_low <= high - low);
        }
    }
}
