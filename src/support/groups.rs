//! SLIs that move together, which no data can tell apart.
//!
//! In: SLIs as harm. Out: groups, by Spearman's correlation above 0.9 or a variance inflation factor
//! above 10. A group is one thing seen from several sides; none of its SLIs is ranked above another.

use super::design::Harm;
use super::regression::variance_inflation;

/// Above this two SLIs are one.
const SPEARMAN_MAX: f64 = 0.9;
/// Above this an SLI is a sum of others.
const VIF_MAX: f64 = 10.0;
/// A partner of an SLI with a high factor correlates at least so much.
const PARTNER_MIN: f64 = 0.7;
/// Fewer windows say nothing.
const WINDOWS_MIN: usize = 50;

/// Some SLIs by index, ascending, at least two.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub members: Vec<usize>,
    pub spearman_max: f64,
    pub vif_max: f64,
}

/// Groups of SLIs; those that move alone are in none.
pub(super) fn groups(slis: &[&Harm]) -> Vec<Group> {
    let count = slis.len();
    let factors = factors(slis);
    let mut of: Vec<usize> = (0..count).collect();
    let mut spearman = vec![vec![0.0; count]; count];
    for one in 0..count {
        let mut partner = (one, 0.0);
        for other in (0..count).filter(|other| *other != one) {
            let (x, y) = both_known(slis[one], slis[other]);
            if x.len() < WINDOWS_MIN {
                continue;
            }
            spearman[one][other] = spearman_of(&x, &y).abs();
            let linear = pearson(&x, &y).abs();
            if linear > partner.1 {
                partner = (other, linear);
            }
            if spearman[one][other] > SPEARMAN_MAX {
                join(&mut of, one, other);
            }
        }
        if factors[one] > VIF_MAX && partner.1 > PARTNER_MIN {
            join(&mut of, one, partner.0);
        }
    }
    let mut groups = Vec::new();
    for first in 0..count {
        let members: Vec<usize> = (0..count).filter(|sli| of[*sli] == of[first]).collect();
        if members.len() < 2 || members[0] != first {
            continue;
        }
        let pairs = members
            .iter()
            .flat_map(|one| members.iter().map(|other| spearman[*one][*other]));
        groups.push(Group {
            spearman_max: pairs.fold(0.0, f64::max),
            vif_max: members.iter().map(|sli| factors[*sli]).fold(1.0, f64::max),
            members,
        });
    }
    groups
}

fn join(of: &mut [usize], one: usize, other: usize) {
    let (kept, gone) = (of[one].min(of[other]), of[one].max(of[other]));
    for group in of.iter_mut().filter(|group| **group == gone) {
        *group = kept;
    }
}

/// Variance inflation factors over the windows in which all are known.
fn factors(slis: &[&Harm]) -> Vec<f64> {
    let windows = slis.first().map_or(0, |sli| sli.values.len());
    let known: Vec<usize> = (0..windows)
        .filter(|window| slis.iter().all(|sli| sli.is_known[*window]))
        .collect();
    if slis.len() < 2 || known.len() < WINDOWS_MIN {
        return vec![1.0; slis.len()];
    }
    let column = |sli: &&Harm| known.iter().map(|window| sli.values[*window]).collect();
    let columns: Vec<Vec<f64>> = slis.iter().map(column).collect();
    variance_inflation(
        &columns
            .iter()
            .map(|column| standardised(column))
            .collect::<Vec<_>>(),
    )
}

fn both_known(one: &Harm, other: &Harm) -> (Vec<f64>, Vec<f64>) {
    (0..one.values.len())
        .filter(|window| one.is_known[*window] && other.is_known[*window])
        .map(|window| (one.values[window], other.values[window]))
        .unzip()
}

/// Spearman's rank correlation; 0 where one of both never changes.
pub(super) fn spearman_of(x: &[f64], y: &[f64]) -> f64 {
    pearson(&ranks(x), &ranks(y))
}

/// Ranks from 1, those of equal values their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for tied in order.chunk_by(|one, other| values[*one] == values[*other]) {
        let mean = from as f64 + (tied.len() as f64 + 1.0) / 2.0;
        for index in tied {
            ranks[*index] = mean;
        }
        from += tied.len();
    }
    ranks
}

fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (standardised(x), standardised(y));
    let sum: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
    if x.is_empty() {
        0.0
    } else {
        sum / x.len() as f64
    }
}

/// With mean 0 and variance 1; all 0 where nothing changes.
fn standardised(values: &[f64]) -> Vec<f64> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    let scale = if variance > 0.0 {
        variance.sqrt().recip()
    } else {
        0.0
    };
    values.iter().map(|value| (value - mean) * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harm(of: impl Fn(usize) -> f64) -> Harm {
        Harm {
            values: (0..200).map(of).collect(),
            is_known: vec![true; 200],
            spreads: Vec::new(),
        }
    }

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!((spearman_of(&[1.0, 2.0, 3.0], &[1.0, 8.0, 27.0]) - 1.0).abs() < 1e-12);
        // Example of Spearman's correlation between IQ and hours of television, −29/165.
        let iq = [
            106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0,
        ];
        let hours = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0];
        assert!((spearman_of(&iq, &hours) + 29.0 / 165.0).abs() < 1e-12);
        assert_eq!(spearman_of(&[1.0; 3], &[1.0, 2.0, 3.0]), 0.0);
    }

    #[test]
    fn what_moves_together_is_one_group() {
        let wave = |n: usize| (n as f64 * 0.7).sin();
        let one = harm(wave);
        let twin = harm(|n| 2.0 * wave(n) + 0.01 * (n as f64 * 3.1).cos());
        let other = harm(|n| (n as f64 * 1.9).cos());
        let found = groups(&[&one, &other, &twin]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].members, [0, 2]);
        assert!(found[0].spearman_max > 0.99 && found[0].vif_max > 10.0);
    }
}
