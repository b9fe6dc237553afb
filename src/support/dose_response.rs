//! The dose–response curve: contacts as a multiple of the quiet rate, by the value of an SLI.
//!
//! In: a value. Out: the multiple, at least 1 and never falling as the SLI gets worse; and back, from a
//! multiple to the mildest value that has it.

use serde::{Deserialize, Serialize};

use super::input::Direction;

/// How many more contacts a value of an SLI means, as a multiple of the quiet rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DoseResponse {
    /// Flat up to the onset, then straight.
    Hinge {
        /// The value from which on contacts rise.
        onset: f64,
        /// What one unit beyond it adds, in quiet rates.
        slope: f64,
    },
    /// Straight from the best value seen.
    Linear {
        /// That value.
        onset: f64,
        /// What one unit beyond it adds, in quiet rates.
        slope: f64,
    },
    /// Steps, mildest first.
    Steps {
        /// From which value on, mildest first.
        from: Vec<f64>,
        /// Contacts as a multiple of the quiet rate, at least 1, never falling.
        ratio: Vec<f64>,
    },
}

impl DoseResponse {
    /// Contacts at `value` as a multiple of the quiet rate; at least 1.
    #[must_use]
    pub fn ratio(&self, value: f64, direction: Direction) -> f64 {
        match self {
            Self::Hinge { onset, slope } | Self::Linear { onset, slope } => {
                1.0 + slope * direction.harm_beyond(value, *onset)
            }
            Self::Steps { from, ratio } => {
                let reached = from
                    .iter()
                    .take_while(|from| direction.is_at_least(value, **from));
                let count = reached.count();
                if count == 0 { 1.0 } else { ratio[count - 1] }
            }
        }
    }

    /// The mildest value at which contacts are `ratio` times the quiet rate; `None` where the curve
    /// never gets there.
    #[must_use]
    pub fn value_at(&self, ratio: f64, direction: Direction) -> Option<f64> {
        match self {
            Self::Hinge { onset, slope } | Self::Linear { onset, slope } => {
                if *slope <= 0.0 {
                    return None;
                }
                let beyond = (ratio - 1.0).max(0.0) / slope;
                Some(direction.worse_by(*onset, beyond))
            }
            Self::Steps { from, ratio: steps } => {
                let step = steps.iter().position(|step| *step >= ratio)?;
                Some(from[step])
            }
        }
    }

    /// The same curve with the parameters of a draw.
    #[must_use]
    pub fn with(&self, draw: &[f64]) -> Self {
        let pair = |onset: f64, slope: f64| match draw {
            [onset, slope] => (*onset, *slope),
            _ => (onset, slope),
        };
        match self {
            Self::Hinge { onset, slope } => {
                let (onset, slope) = pair(*onset, *slope);
                Self::Hinge { onset, slope }
            }
            Self::Linear { onset, slope } => {
                let (onset, slope) = pair(*onset, *slope);
                Self::Linear { onset, slope }
            }
            Self::Steps { from, ratio } => {
                let is_whole = draw.len() == ratio.len();
                let ratio = if is_whole {
                    draw.to_vec()
                } else {
                    ratio.clone()
                };
                Self::Steps {
                    from: from.clone(),
                    ratio,
                }
            }
        }
    }

    /// Its parameters, in the order of `draws` of a model.
    #[must_use]
    pub fn parameters(&self) -> Vec<f64> {
        match self {
            Self::Hinge { onset, slope } | Self::Linear { onset, slope } => vec![*onset, *slope],
            Self::Steps { ratio, .. } => ratio.clone(),
        }
    }
}

impl Direction {
    /// 1 where higher is worse, else −1.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::HigherIsWorse => 1.0,
            Self::LowerIsWorse => -1.0,
        }
    }

    /// How far `value` is on the bad side of `limit`; 0 on the good side.
    #[must_use]
    pub fn harm_beyond(self, value: f64, limit: f64) -> f64 {
        (self.sign() * (value - limit)).max(0.0)
    }

    /// `value`, made worse by `step`.
    #[must_use]
    pub fn worse_by(self, value: f64, step: f64) -> f64 {
        value + self.sign() * step
    }

    /// Whether `value` is as bad as `other`, or worse.
    #[must_use]
    pub fn is_at_least(self, value: f64, other: f64) -> bool {
        self.sign() * (value - other) >= 0.0
    }
}
