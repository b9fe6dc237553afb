//! The values of an SLI at which a hinge may start.
//!
//! In: values as harm (higher is worse) with their sessions. Out: an ascending grid from the 5 % to
//! the 99.5 % point, dense where episodes are: most windows are quiet, so quantiles alone would put
//! nearly every node into the noise of quiet hours.

/// Nodes at even steps between the median and the last one.
const EVEN_STEPS: usize = 32;
/// Shares of the sessions at which there is a node.
const SHARES: [f64; 24] = [
    0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.75, 0.80, 0.84, 0.87, 0.90, 0.92, 0.94, 0.95,
    0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.9925, 0.995,
];

/// The grid, ascending without repetition; empty when the values are all the same.
pub(super) fn nodes(values: &[(f64, f64)]) -> Vec<f64> {
    let mut sorted: Vec<(f64, f64)> = values.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let total: f64 = sorted.iter().map(|(_, sessions)| sessions).sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let mut quantiles = Vec::with_capacity(SHARES.len());
    let (mut at, mut below) = (0, 0.0);
    for share in SHARES {
        while at + 1 < sorted.len() && below + sorted[at].1 < share * total {
            below += sorted[at].1;
            at += 1;
        }
        quantiles.push(sorted[at].0);
    }
    let (middle, last) = (quantiles[5], quantiles[SHARES.len() - 1]);
    let step = (last - middle) / EVEN_STEPS as f64;
    let even = (1..EVEN_STEPS).map(|n| middle + step * n as f64);
    let mut nodes: Vec<f64> = quantiles.iter().copied().chain(even).collect();
    nodes.sort_by(f64::total_cmp);
    // Nodes closer than a hundredth of a step tell nothing apart.
    let width = (last - nodes[0]) * 1e-3;
    nodes.dedup_by(|next, previous| *next - *previous <= width);
    if nodes.len() < 3 { Vec::new() } else { nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_reaches_from_the_quiet_into_the_episodes() {
        let values: Vec<(f64, f64)> = (0..1_000)
            .map(|n| {
                if n < 950 {
                    (0.002 + f64::from(n % 7) * 1e-4, 10.0)
                } else {
                    (f64::from(n - 949) / 500.0, 10.0)
                }
            })
            .collect();
        let grid = nodes(&values);
        assert!(grid.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(grid[0] < 0.003 && *grid.last().unwrap() > 0.08);
        assert!(grid.iter().filter(|node| **node > 0.01).count() > 20);
    }

    #[test]
    fn a_value_that_never_changes_has_no_grid() {
        assert!(nodes(&[(0.5, 1.0); 100]).is_empty());
        assert!(nodes(&[]).is_empty());
    }
}
