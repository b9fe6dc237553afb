//! What each SLI adds to the others: excess contacts of several SLIs add up.
//!
//! In: units, one SLI or some that move together each. Out: fits, each given the excess of the other
//! units. Units come in by their gain, largest first; one that adds nothing more is left out, since
//! what it shows is shown already.

use rayon::prelude::*;

use super::calibration::{Control, ControlKind};
use super::existence::existence;
use super::fit::{Fitted, of_design};
use super::frame::{Candidate, Frame};
use super::quiet::FitError;

/// A further unit adds at least so much, which chance gives in about 1 of 300 cases.
const GAIN_MIN: f64 = 12.0;
/// And so much of what it gains alone.
const GAIN_SHARE: f64 = 0.05;
/// Rounds in which each is fitted again, given the others.
const ROUNDS: usize = 2;
/// An unrelated journey is allowed a p-value above this.
const UNRELATED_P: f64 = 0.01;

/// SLIs that move together, or one alone.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub members: Vec<Candidate>,
}

/// One unit in the joint model.
struct Included {
    unit: Unit,
    /// Index of the proxy among the members.
    proxy: usize,
    fitted: Fitted,
    /// Gain of the proxy alone.
    gain: f64,
}

/// All units that add something.
pub(super) struct Joint {
    included: Vec<Included>,
    /// SLIs that add nothing to another one.
    pub shown_by_another: Vec<(usize, usize)>,
    /// SLIs without a fit.
    pub failed: Vec<(usize, FitError)>,
}

impl Joint {
    pub fn new(frame: &Frame<'_>, units: Vec<Unit>) -> Self {
        let mut joint = Self {
            included: Vec::new(),
            shown_by_another: Vec::new(),
            failed: Vec::new(),
        };
        let mut waiting = Vec::new();
        for unit in units {
            let fits: Vec<_> = unit
                .members
                .par_iter()
                .map(|member| frame.source(member, &[], &|_| true).fit())
                .collect();
            let mut best: Option<(usize, Fitted)> = None;
            for (index, fit) in fits.into_iter().enumerate() {
                match fit {
                    Err(error) => joint.failed.push((unit.members[index].sli, error)),
                    Ok(fit) => {
                        let ratio = fit.likelihood_ratio;
                        if best
                            .as_ref()
                            .is_none_or(|(_, best)| ratio > best.likelihood_ratio)
                        {
                            best = Some((index, fit));
                        }
                    }
                }
            }
            if let Some((proxy, fitted)) = best {
                let gain = fitted.likelihood_ratio;
                waiting.push(Included {
                    unit,
                    proxy,
                    fitted,
                    gain,
                });
            }
        }
        waiting.sort_by(|one, other| other.gain.total_cmp(&one.gain));
        for next in waiting {
            joint.include(frame, next);
        }
        if joint.included.len() > 1 {
            for _ in 0..ROUNDS {
                joint.refit(frame);
            }
        }
        joint
    }

    fn include(&mut self, frame: &Frame<'_>, mut next: Included) {
        let Some(first) = self.included.first() else {
            self.included.push(next);
            return;
        };
        let strongest = first.unit.members[first.proxy].sli;
        let background = self.background(frame, usize::MAX);
        let candidate = &next.unit.members[next.proxy];
        let source = frame.source(candidate, &background, &|_| true);
        match of_design(source.design(&next.fitted.kernel), None) {
            Err(error) => self.failed.push((candidate.sli, error)),
            Ok(given) if given.likelihood_ratio < GAIN_MIN.max(GAIN_SHARE * next.gain) => {
                let members = next.unit.members.iter();
                self.shown_by_another
                    .extend(members.map(|member| (member.sli, strongest)));
            }
            Ok(given) => {
                let kernel = next.fitted.kernel;
                next.fitted = Fitted {
                    kernel,
                    shares: next.fitted.shares,
                    ..given
                };
                self.included.push(next);
            }
        }
    }

    /// Fits each given the others.
    fn refit(&mut self, frame: &Frame<'_>) {
        for index in 0..self.included.len() {
            let background = self.background(frame, index);
            let included = &self.included[index];
            let candidate = &included.unit.members[included.proxy];
            let refitted = frame.source(candidate, &background, &|_| true).fit();
            // A fit that does not settle in company keeps what it was before.
            if let Ok(fitted) = refitted {
                self.included[index].fitted = fitted;
            }
        }
    }

    /// Excess by all units but one, per window, in quiet rates.
    fn background(&self, frame: &Frame<'_>, without: usize) -> Vec<f64> {
        let mut background = vec![0.0; frame.input.windows.len()];
        for (index, included) in self.included.iter().enumerate() {
            if index == without {
                continue;
            }
            let design = &included.fitted.design;
            let beyond = design.column_at(included.fitted.hinge.onset);
            for (window, beyond) in design.window.iter().zip(beyond) {
                background[*window] += included.fitted.hinge.slope * beyond;
            }
        }
        background
    }

    /// SLIs of all units, in the order of the input.
    pub fn members(&self) -> Vec<usize> {
        let members = self
            .included
            .iter()
            .flat_map(|included| &included.unit.members);
        let mut members: Vec<usize> = members.map(|member| member.sli).collect();
        members.sort_unstable();
        members
    }

    /// An SLI with the excess by the other units.
    pub fn given(&self, frame: &Frame<'_>, sli: usize) -> Option<(&Candidate, Vec<f64>)> {
        self.included
            .iter()
            .enumerate()
            .find_map(|(index, included)| {
                let member = included
                    .unit
                    .members
                    .iter()
                    .find(|member| member.sli == sli)?;
                Some((member, self.background(frame, index)))
            })
    }

    /// Units as SLIs, the strongest first, the proxy first of each.
    pub fn units(&self) -> Vec<Vec<usize>> {
        let units = self.included.iter().map(|included| {
            let proxy = included.unit.members[included.proxy].sli;
            let others = included.unit.members.iter().map(|member| member.sli);
            std::iter::once(proxy)
                .chain(others.filter(|sli| *sli != proxy))
                .collect()
        });
        units.collect()
    }

    /// Name of the proxy of a group of these names.
    pub fn proxy_of(&self, frame: &Frame<'_>, names: &[String]) -> Option<String> {
        let name = |sli: usize| &frame.input.slis[sli].name;
        let units = self.units();
        let unit = units
            .iter()
            .find(|unit| unit.iter().any(|sli| names.contains(name(*sli))))?;
        Some(name(unit[0]).clone())
    }

    /// Journeys that have nothing to do with contacts, given all that has.
    pub fn unrelated(&self, frame: &Frame<'_>, controls: &[Candidate]) -> Vec<Control> {
        let background = self.background(frame, usize::MAX);
        // Few draws cannot tell more than that none of them was as extreme.
        let least = 1.0 / (f64::from(frame.settings.no_effect_draws) + 1.0);
        let found = controls.iter().filter_map(|control| {
            let source = frame.source(control, &background, &|_| true);
            let found = existence(&source, frame.no_effect_draws(control.sli)).ok()?;
            Some(Control {
                kind: ControlKind::UnrelatedJourney,
                finding: format!(
                    "`{}` has a likelihood ratio of {:.1} (p {:.3})",
                    frame.input.slis[control.sli].name, found.likelihood_ratio, found.p_value
                ),
                likelihood_ratio: found.likelihood_ratio,
                limit: GAIN_MIN,
                passed: found.p_value > UNRELATED_P.max(least)
                    || found.likelihood_ratio <= GAIN_MIN,
            })
        });
        found.collect()
    }
}
