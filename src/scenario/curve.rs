//! The arrival rate over time: points, linear between them, and its integral in closed form.

/// A piecewise linear arrival rate.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficCurve {
    points: Vec<CurvePoint>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct CurvePoint {
    at_s: f64,
    shoppers_per_s: f64,
    /// Expected arrivals before this point.
    arrivals: f64,
}

/// Which side of a moment.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

impl TrafficCurve {
    /// The curve through `(seconds, shoppers per second)` points, times ascending; equal times are
    /// a step. `None` when there are fewer than two points or times go backwards.
    #[must_use]
    pub fn new(points: &[(f64, f64)]) -> Option<Self> {
        let mut curve: Vec<CurvePoint> = Vec::with_capacity(points.len());
        for (at_s, shoppers_per_s) in points.iter().copied() {
            let arrivals = match curve.last() {
                None => 0.0,
                Some(last) if at_s < last.at_s => return None,
                Some(last) => {
                    let mean = f64::midpoint(last.shoppers_per_s, shoppers_per_s);
                    last.arrivals + mean * (at_s - last.at_s)
                }
            };
            curve.push(CurvePoint {
                at_s,
                shoppers_per_s,
                arrivals,
            });
        }
        (curve.len() >= 2).then_some(Self { points: curve })
    }

    /// Both at once, as long as the longer one; nobody comes on a curve that is over.
    #[must_use]
    pub fn sum(one: &Self, other: &Self) -> Self {
        let both = [one, other];
        let mut times: Vec<f64> = both
            .iter()
            .flat_map(|curve| curve.points.iter().map(|point| point.at_s))
            .collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let mut points = Vec::new();
        for at_s in times {
            // A step has a rate before and one after.
            let before: f64 = both
                .iter()
                .map(|curve| curve.rate_at(at_s, Side::Before))
                .sum();
            let after: f64 = both
                .iter()
                .map(|curve| curve.rate_at(at_s, Side::After))
                .sum();
            points.push((at_s, before));
            if before.total_cmp(&after).is_ne() {
                points.push((at_s, after));
            }
        }
        Self::new(&points).unwrap_or_else(|| one.clone())
    }

    /// The rate just before or after a moment; 0 outside of the curve.
    fn rate_at(&self, at_s: f64, side: Side) -> f64 {
        let index = match side {
            Side::Before => self.points.partition_point(|point| point.at_s < at_s),
            Side::After => self.points.partition_point(|point| point.at_s <= at_s),
        };
        let from = index
            .checked_sub(1)
            .and_then(|index| self.points.get(index));
        let (Some(from), Some(to)) = (from, self.points.get(index)) else {
            return 0.0;
        };
        let share = (at_s - from.at_s) / (to.at_s - from.at_s);
        from.shoppers_per_s + (to.shoppers_per_s - from.shoppers_per_s) * share
    }

    /// Length of the curve, seconds.
    #[must_use]
    pub fn length_s(&self) -> f64 {
        self.points[self.points.len() - 1].at_s
    }

    /// Arrivals expected over the whole curve: the area under it.
    #[must_use]
    pub fn arrivals(&self) -> f64 {
        self.points[self.points.len() - 1].arrivals
    }

    /// The highest rate, shoppers per second.
    #[must_use]
    pub fn peak_per_s(&self) -> f64 {
        let rates = self.points.iter().map(|point| point.shoppers_per_s);
        rates.fold(0.0, f64::max)
    }

    /// From the first to the last moment, in seconds, at which at least `share` (0 to 1) of the highest
    /// rate arrives; `None` where nobody ever does.
    #[must_use]
    pub fn stretch_above(&self, share: f64) -> Option<(f64, f64)> {
        let wanted = self.peak_per_s() * share;
        let mut found: Option<(f64, f64)> = None;
        for pair in self.points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let rise = to.shoppers_per_s - from.shoppers_per_s;
            let meets_s =
                || from.at_s + (wanted - from.shoppers_per_s) / rise * (to.at_s - from.at_s);
            let above = match (from.shoppers_per_s >= wanted, to.shoppers_per_s >= wanted) {
                (true, true) => (from.at_s, to.at_s),
                (false, true) => (meets_s(), to.at_s),
                (true, false) => (from.at_s, meets_s()),
                (false, false) => continue,
            };
            found = Some((found.map_or(above.0, |found| found.0), above.1));
        }
        found.filter(|_| wanted > 0.0)
    }

    /// Arrivals expected before `at_s` seconds: the area up to there.
    #[must_use]
    pub fn arrivals_before(&self, at_s: f64) -> f64 {
        let after = self.points.partition_point(|point| point.at_s <= at_s);
        let Some(from) = after.checked_sub(1).map(|index| self.points[index]) else {
            return 0.0;
        };
        let Some(to) = self.points.get(after) else {
            return self.arrivals();
        };
        let elapsed_s = at_s - from.at_s;
        let slope = (to.shoppers_per_s - from.shoppers_per_s) / (to.at_s - from.at_s);
        from.arrivals + from.shoppers_per_s * elapsed_s + slope * elapsed_s * elapsed_s / 2.0
    }

    /// The time in seconds by which `arrivals` are expected: the inverse of
    /// [`TrafficCurve::arrivals_before`]. `None` past the end of the curve.
    ///
    /// Between two points it is the root of `a/2·t² + r·t = n`, in the form that stays exact when
    /// the slope is small: `t = 2n / (r + √(r² + 2an))`.
    #[must_use]
    pub fn time_of(&self, arrivals: f64) -> Option<f64> {
        if arrivals >= self.arrivals() {
            return None;
        }
        let after = self
            .points
            .partition_point(|point| point.arrivals <= arrivals);
        let to = self.points.get(after)?;
        let from = self.points[after.checked_sub(1)?];
        let slope = (to.shoppers_per_s - from.shoppers_per_s) / (to.at_s - from.at_s);
        let wanted = arrivals - from.arrivals;
        let root = (from.shoppers_per_s.powi(2) + 2.0 * slope * wanted)
            .max(0.0)
            .sqrt();
        let divisor = from.shoppers_per_s + root;
        let elapsed_s = if divisor > 0.0 {
            2.0 * wanted / divisor
        } else {
            0.0
        };
        Some((from.at_s + elapsed_s).min(to.at_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp() -> TrafficCurve {
        TrafficCurve::new(&[(0.0, 0.0), (10.0, 20.0), (10.0, 5.0), (20.0, 5.0)]).unwrap()
    }

    #[test]
    fn the_area_counts_ramps_steps_and_plateaus() {
        let curve = ramp();
        assert!((curve.arrivals() - 150.0).abs() < 1e-9);
        assert!((curve.arrivals_before(5.0) - 25.0).abs() < 1e-9);
        assert!((curve.arrivals_before(10.0) - 100.0).abs() < 1e-9);
        assert!((curve.arrivals_before(12.0) - 110.0).abs() < 1e-9);
        assert!((curve.peak_per_s() - 20.0).abs() < 1e-9);
    }

    #[test]
    fn the_peak_is_from_the_first_to_the_last_moment_above_a_share() {
        assert_eq!(ramp().stretch_above(0.5), Some((5.0, 10.0)));
        assert_eq!(ramp().stretch_above(0.25), Some((2.5, 20.0)));
        let nobody = TrafficCurve::new(&[(0.0, 0.0), (5.0, 0.0)]).unwrap();
        assert_eq!(nobody.stretch_above(0.9), None);
    }

    #[test]
    fn two_curves_at_once_have_the_area_of_both() {
        let short = TrafficCurve::new(&[(0.0, 4.0), (5.0, 4.0)]).unwrap();
        let both = TrafficCurve::sum(&ramp(), &short);
        assert!((both.arrivals() - 170.0).abs() < 1e-9);
        assert!((both.arrivals_before(5.0) - 45.0).abs() < 1e-9);
        assert!((both.arrivals_before(12.0) - 130.0).abs() < 1e-9);
        assert!((both.length_s() - 20.0).abs() < 1e-9);
        assert!((both.peak_per_s() - 20.0).abs() < 1e-9);
    }

    #[test]
    fn past_the_end_nobody_arrives() {
        assert_eq!(ramp().time_of(150.0), None);
        assert!((ramp().arrivals_before(99.0) - 150.0).abs() < 1e-9);
    }

    #[test]
    fn a_curve_needs_two_points_in_order() {
        assert_eq!(TrafficCurve::new(&[(0.0, 1.0)]), None);
        assert_eq!(TrafficCurve::new(&[(1.0, 1.0), (0.0, 1.0)]), None);
    }

    proptest! {
        #[test]
        fn time_of_is_the_inverse_of_the_area(
            steps in prop::collection::vec((0.1..10.0_f64, 0.0..50.0_f64), 2..8),
            share in 0.0..0.999_f64,
        ) {
            let mut at_s = 0.0;
            let points: Vec<_> = steps
                .into_iter()
                .map(|(step_s, rate)| {
                    at_s += step_s;
                    (at_s, rate)
                })
                .collect();
            let curve = TrafficCurve::new(&points).unwrap();
            prop_assume!(curve.arrivals() > 1e-6);
            let wanted = curve.arrivals() * share;
            let time_s = curve.time_of(wanted).unwrap();
            prop_assert!((curve.arrivals_before(time_s) - wanted).abs() < 1e-6 * curve.arrivals().max(1.0));
        }
    }
}
