//! A linear axis with round ticks.
//!
//! In: the numbers that must fit on it. Out: pixels and ticks. It never draws.

/// About how many ticks an axis has.
const TICKS: f64 = 5.0;

/// From values to pixels.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    low: f64,
    high: f64,
    step: f64,
    low_px: f64,
    high_px: f64,
}

impl Axis {
    /// An axis on which all finite `values` fit, from `low_px` to `high_px`, with round ends.
    pub fn over(values: impl Iterator<Item = f64>, [low_px, high_px]: [f64; 2]) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match low.is_finite() {
            true if high > low => (low, high),
            // A single value stands in the middle.
            true => (
                low - low.abs().max(1e-9) * 0.5,
                low + low.abs().max(1e-9) * 0.5,
            ),
            false => (0.0, 1.0),
        };
        let step = round_step((high - low) / TICKS);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
            low_px,
            high_px,
        }
    }

    /// Where a value stands; one beyond an end stands at the end.
    pub fn px(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        let px = self.low_px + share.clamp(0.0, 1.0) * (self.high_px - self.low_px);
        (px * 10.0).round() / 10.0
    }

    /// Round values from one end to the other.
    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step)
            .round()
            .clamp(1.0, 20.0);
        let indices = (0..=20).map(f64::from).take_while(|index| *index <= count);
        // Taken from an index, so that errors do not add up.
        let ticks = indices.map(|index| self.low + index * self.step);
        ticks
            .map(|tick| {
                if tick.abs() < self.step * 1e-6 {
                    0.0
                } else {
                    tick
                }
            })
            .collect()
    }
}

/// The next of 1, 2, 2.5 and 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    let found = [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .find(|times| times * power >= step * 0.999);
    found.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_ticks_are_round() {
        let table: [(&[f64], &[f64]); 4] = [
            (&[0.0, 9.7], &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
            (&[0.0, 0.031], &[0.0, 0.01, 0.02, 0.03, 0.04]),
            (&[0.9, 1.0], &[0.9, 0.92, 0.94, 0.96, 0.98, 1.0]),
            (&[], &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ];
        for (values, expected) in table {
            let axis = Axis::over(values.iter().copied(), [0.0, 100.0]);
            let ticks = axis.ticks();
            assert_eq!(ticks.len(), expected.len(), "{ticks:?}");
            let mut both = ticks.iter().zip(expected);
            assert!(
                both.all(|(tick, wanted)| (tick - wanted).abs() < 1e-9),
                "{ticks:?}"
            );
        }
    }

    #[test]
    fn values_beyond_an_end_and_no_values_at_all_stay_on_the_axis() {
        let axis = Axis::over([2.0, 2.0].into_iter(), [10.0, 110.0]);
        for value in [-1e9, 2.0, 1e9, f64::MAX] {
            assert!((10.0..=110.0).contains(&axis.px(value)));
        }
        let none = Axis::over(std::iter::once(f64::NAN), [0.0, 1.0]);
        assert!((none.px(0.5) - 0.5).abs() < 1e-9);
    }
}
