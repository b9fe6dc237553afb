//! Relevant bounds: the smallest upper bound, and the largest lower bound below it.
//!
//! In: rates and what they are for a goal. Out: [`Bounds`]. Conservative where results are inverted: a
//! lower bound above an upper bound is taken for luck (RFC 9971, section 5.3).

use super::classification::LoadClass;

/// What is known of a goal, rates per second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bounds {
    /// The relevant lower bound; without an upper bound the largest lower bound (an "effective" one).
    pub lower: Option<f64>,
    /// The relevant upper bound.
    pub upper: Option<f64>,
    /// The largest lower bound above the relevant upper bound.
    pub inverted: Option<f64>,
}

impl Bounds {
    /// Of loads and their classes, in any order.
    #[must_use]
    pub fn of(loads: &[(f64, LoadClass)]) -> Self {
        let of = |class: LoadClass| {
            let wanted = loads.iter().filter(move |(_, found)| *found == class);
            wanted.map(|(rate, _)| *rate)
        };
        let upper = of(LoadClass::Upper).reduce(f64::min);
        let is_below = |rate: &f64| upper.is_none_or(|upper| *rate < upper);
        Self {
            lower: of(LoadClass::Lower).filter(is_below).reduce(f64::max),
            upper,
            inverted: of(LoadClass::Lower)
                .filter(|rate| !is_below(rate))
                .reduce(f64::max),
        }
    }

    /// `(upper − lower) / upper`, where both are known.
    #[must_use]
    pub fn width(&self) -> Option<f64> {
        let (lower, upper) = self.lower.zip(self.upper)?;
        Some((upper - lower) / upper)
    }

    /// Whether both are known and near enough.
    #[must_use]
    pub fn are_within(&self, width: f64) -> bool {
        // Rates have four digits: the last must not decide.
        self.width().is_some_and(|found| found <= width * 1.001)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LoadClass::{Lower, Undecided, Upper};

    #[test]
    fn relevant_bounds_are_conservative() {
        let bounds = |lower, upper, inverted| Bounds {
            lower,
            upper,
            inverted,
        };
        let table: [(&[(f64, LoadClass)], Bounds); 6] = [
            (&[], bounds(None, None, None)),
            (&[(5.0, Undecided)], bounds(None, None, None)),
            (&[(5.0, Lower), (3.0, Lower)], bounds(Some(5.0), None, None)),
            (&[(5.0, Upper), (8.0, Upper)], bounds(None, Some(5.0), None)),
            (
                &[(5.0, Upper), (4.0, Lower), (4.5, Undecided)],
                bounds(Some(4.0), Some(5.0), None),
            ),
            (
                &[(5.0, Upper), (4.0, Lower), (7.0, Lower), (9.0, Upper)],
                bounds(Some(4.0), Some(5.0), Some(7.0)),
            ),
        ];
        for (loads, expected) in table {
            assert_eq!(Bounds::of(loads), expected, "{loads:?}");
        }
    }

    #[test]
    fn width_is_relative_to_the_upper_bound() {
        let bounds = Bounds::of(&[(95.0, Lower), (100.0, Upper)]);
        assert!((bounds.width().unwrap() - 0.05).abs() < 1e-12);
        assert!(bounds.are_within(0.05));
        assert!(!bounds.are_within(0.049));
    }
}
