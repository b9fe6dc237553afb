//! How many of those whose order is turned away will call, by levels that were learned from contacts.
//!
//! In: a threshold file, the SLI set, sessions per order. Out: contacts with their interval for each of
//! least, middle and most. An order that is turned away is a checkout that fails, so that the share that is
//! shed is the share of the SLI of these requests.

use std::path::Path;

use crate::capacity::forecast::{Passing, Shedding};
use crate::cli::contacts::{Knowledge, KnownFile, knowledge};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::report::{Unit, text};
use crate::sli::{Measure, SliSetPlan};
use crate::support::{
    ContactModel, ContactPrediction, Direction, ExposureUnit, PredictionWindow, Season, predict,
};
use crate::time_window::now_us;

/// What predicts the contacts of orders that are turned away.
#[derive(Debug)]
pub struct LearnedContacts {
    /// What it was learned from.
    pub file: KnownFile,
    model: ContactModel,
    /// Which SLI of the model is that of the orders.
    index: usize,
    sessions_per_order: f64,
}

impl LearnedContacts {
    /// Of a threshold file.
    ///
    /// # Errors
    /// When the file cannot be used or was not learned from contacts, none of its SLIs is the share of
    /// failed orders, or sessions per order are not known.
    pub fn read(
        path: &Path,
        defs: Option<&Path>,
        set: &SliSetPlan,
        sessions_per_order: Option<f64>,
    ) -> Result<Self, Failure> {
        let (file, model) = match knowledge(defs, Some(path), set, now_us())? {
            Knowledge::Known(known) => *known,
            Knowledge::Unknown { because, .. } => {
                return Err(Failure::usage(format!("--thresholds: {because}")));
            }
        };
        let refuse = |because: String| {
            Failure::new(
                ExitCode::DeclaredFile,
                format!(
                    "`{}`: {because} (hint: --contacts-per-order 0.05..0.15 instead)",
                    path.display()
                ),
            )
        };
        if model.exposure == ExposureUnit::Requests {
            return Err(refuse(
                "its levels were learned per request of the first step, not per session".to_owned(),
            ));
        }
        let order = set.funnel.last();
        let is_of_orders = |name: &str| {
            let sli = set.slis.iter().find(|sli| sli.name == name);
            sli.zip(order).is_some_and(|(sli, order)| {
                matches!(sli.measure, Measure::Ratio { .. })
                    && sli.event.is_same_request(&order.event)
            })
        };
        let index = model.slis.iter().position(|sli| {
            is_of_orders(&sli.name) || sli.stands_for.iter().any(|name| is_of_orders(name))
        });
        let Some(index) = index else {
            return Err(refuse(
                "no level of the share of failed orders was learned, which is what is turned away"
                    .to_owned(),
            ));
        };
        let Some(sessions_per_order) = sessions_per_order else {
            return Err(refuse(
                "it predicts contacts per session, and how many sessions an order takes is not in the lake".to_owned(),
            ));
        };
        Ok(Self {
            file,
            model,
            index,
            sessions_per_order,
        })
    }

    /// Puts the contacts of what is shed; says what is not known of them.
    pub fn price(&self, shedding: &mut Shedding, passing: Option<Passing>) -> Option<String> {
        let Some(passing) = passing.filter(|_| shedding.orders_shed > 0.0) else {
            shedding.contacts = Some([0.0; 2]);
            shedding.contacts_expected = Some(0.0);
            return None;
        };
        let found = self.contacts(passing, shedding.share);
        shedding.contacts = Some(found.excess.ci90);
        shedding.contacts_expected = Some(found.excess.value);
        let beyond = found.beyond_observed.first()?;
        let shown = |value: f64| text::quantity(value, Unit::Share);
        Some(format!(
            "How customers call when {} of the orders are turned away: `{}` was never worse than {} in the weeks \
             learned from, so at least so many as then are predicted.",
            shown(shedding.share),
            beyond.sli,
            shown(match self.model.slis[self.index].direction {
                Direction::HigherIsWorse => beyond.worst_observed,
                Direction::LowerIsWorse => 1.0 - beyond.worst_observed,
            })
        ))
    }

    fn contacts(&self, passing: Passing, share: f64) -> ContactPrediction {
        let mut model = self.model.clone();
        if passing.first_us.is_none() {
            // At which hour is not known: the mean over the week.
            model.season = Season::flat();
        }
        let values = model.slis.iter().enumerate().map(|(index, sli)| {
            Some(match (index == self.index, sli.direction) {
                (true, Direction::HigherIsWorse) => share,
                (true, Direction::LowerIsWorse) => 1.0 - share,
                (false, Direction::HigherIsWorse) => f64::MIN,
                (false, Direction::LowerIsWorse) => f64::MAX,
            })
        });
        #[expect(clippy::cast_possible_truncation, reason = "days at most")]
        let length_us = (passing.above_s * 1e6) as i64;
        let window = PredictionWindow {
            start_us: passing.first_us.unwrap_or(0),
            length_us,
            sessions: Some(passing.offered * self.sessions_per_order),
            values: values.collect(),
        };
        predict(&model, &[window])
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::support::{DoseResponse, Interval, SliModel};

    fn learned() -> LearnedContacts {
        let exactly = |value: f64| Interval {
            value,
            ci90: [value; 2],
        };
        let sli = |name: &str, direction, curve| SliModel {
            name: name.to_owned(),
            stands_for: Vec::new(),
            definition_sha256: String::new(),
            unit: "share".to_owned(),
            direction,
            curve,
            worst_observed: match direction {
                Direction::HigherIsWorse => 0.5,
                Direction::LowerIsWorse => 0.6,
            },
            draws: Vec::new(),
        };
        LearnedContacts {
            file: KnownFile {
                path: PathBuf::from("shop.yaml"),
                learned: String::new(),
                remark: None,
            },
            model: ContactModel {
                window_us: 900_000_000,
                time_zone: "UTC".to_owned(),
                exposure: ExposureUnit::Sessions,
                quiet_rate: exactly(0.02),
                quiet_draws: Vec::new(),
                season: Season::flat(),
                lag_weights: vec![1.0],
                dispersion: None,
                slis: vec![
                    sli(
                        "search",
                        Direction::HigherIsWorse,
                        DoseResponse::Hinge {
                            onset: 0.01,
                            slope: 9.0,
                        },
                    ),
                    sli(
                        "checkout",
                        Direction::LowerIsWorse,
                        DoseResponse::Hinge {
                            onset: 0.98,
                            slope: 50.0,
                        },
                    ),
                ],
            },
            index: 1,
            sessions_per_order: 10.0,
        }
    }

    fn shed(beyond: f64, offered: f64) -> (Shedding, Option<Passing>) {
        let shedding = Shedding {
            orders_shed: beyond,
            share: beyond / offered,
            orders_lost: beyond,
            contacts: None,
            contacts_expected: None,
            value_lost: None,
            orders_lost_unshed: None,
        };
        let passing = Passing {
            first_us: None,
            last_us: None,
            above_s: 3_600.0,
            beyond,
            offered,
        };
        (shedding, (beyond > 0.0).then_some(passing))
    }

    #[test]
    fn contacts_follow_the_curve_of_the_orders() {
        // 1,000 orders are 10,000 sessions; a tenth is shed: 0.02 × 50 × (0.10 − 0.02) more per session.
        let (mut shedding, passing) = shed(100.0, 1_000.0);
        assert_eq!(learned().price(&mut shedding, passing), None);
        let expected = shedding.contacts_expected.unwrap_or_default();
        assert!((expected - 800.0).abs() < 1e-6, "{expected}");
        let [low, high] = shedding.contacts.unwrap_or_default();
        assert!(low < 800.0 && 800.0 < high);
    }

    #[test]
    fn what_was_never_so_bad_is_capped_and_said() {
        let (mut shedding, passing) = shed(700.0, 1_000.0);
        let note = learned().price(&mut shedding, passing).unwrap_or_default();
        assert!(note.contains("never worse than 40"), "{note}");
        let expected = shedding.contacts_expected.unwrap_or_default();
        assert!((expected - 0.02 * 50.0 * 0.38 * 10_000.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_shed_is_no_contact() {
        let (mut shedding, passing) = shed(0.0, 1_000.0);
        assert_eq!(learned().price(&mut shedding, passing), None);
        assert_eq!(shedding.contacts, Some([0.0; 2]));
    }
}
