//! What all steps of a calibration share: calendar, delays, and each SLI ready to be fitted.
//!
//! In: input and settings. Out: a [`Frame`] and its candidates.

use super::calibrate::blank;
use super::calibration::{Calibration, Counts, Refusal, RefusalRule, Status};
use super::design::{Calendar, Harm};
use super::existence::NoEffectDraws;
use super::fit::Source;
use super::input::{CalibrationInput, Direction, Exposure};
use super::kernel;
use super::nodes::nodes;
use super::refusal::refusal;
use super::settings::CalibrationSettings;

/// An SLI has values in at least so many of the windows.
const KNOWN_MIN: f64 = 0.2;
/// Delays are taken as seen from so many linked contacts on.
const DELAYS_MIN: usize = 100;
/// And where so many of the tickets are linked.
const LINKED_MIN: f64 = 0.5;
const HOUR_US: i64 = 3_600_000_000;

/// What all steps share.
pub(super) struct Frame<'a> {
    pub input: &'a CalibrationInput,
    pub settings: &'a CalibrationSettings,
    pub calendar: Calendar,
    /// Weights per lag of each exponential delay.
    pub bases: Vec<Vec<f64>>,
    /// The delay, where it was seen.
    pub seen_kernel: Option<Vec<f64>>,
}

/// An SLI that can be fitted.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Index in the input.
    pub sli: usize,
    pub harm: Harm,
    pub nodes: Vec<f64>,
    pub contacts: Vec<f64>,
}

impl<'a> Frame<'a> {
    pub fn new(input: &'a CalibrationInput, settings: &'a CalibrationSettings) -> Self {
        Self {
            input,
            settings,
            calendar: Calendar::new(input),
            bases: kernel::bases(input.window_us, settings.lag_max_us),
            seen_kernel: seen_kernel(input, settings),
        }
    }

    /// The longest delay in windows.
    pub fn lags(&self) -> usize {
        self.bases[0].len() - 1
    }

    /// Days of the input.
    pub fn days(&self) -> usize {
        self.calendar.days
    }

    /// How far apart windows of two episodes are: an hour, or twice the mean delay.
    pub fn episode_gap(&self, mean_delay_windows: f64) -> usize {
        let hour = (HOUR_US / self.input.window_us).max(1) as usize;
        hour.max((2.0 * mean_delay_windows).round() as usize)
    }

    /// Draws of a shop without effect, numbered by `sli`.
    pub fn no_effect_draws(&self, sli: usize) -> NoEffectDraws {
        NoEffectDraws {
            seed: self.settings.seed,
            count: self.settings.no_effect_draws,
            sli,
        }
    }

    /// A fit's source; `background` has excess by others per window.
    pub fn source<'s>(
        &'s self,
        candidate: &'s Candidate,
        background: &'s [f64],
        keep: &'s (dyn Fn(usize) -> bool + Sync),
    ) -> Source<'s> {
        Source {
            input: self.input,
            calendar: &self.calendar,
            harm: &candidate.harm,
            sign: self.input.slis[candidate.sli].direction.sign(),
            contacts: &candidate.contacts,
            nodes: &candidate.nodes,
            background,
            bases: &self.bases,
            seen_kernel: self.seen_kernel.as_deref(),
            keep,
        }
    }

    /// The SLI, if it can be fitted.
    pub fn candidate(&self, sli: usize) -> Result<Candidate, Refusal> {
        let input = &self.input.slis[sli];
        let windows = self.input.windows.len();
        let contacts: Vec<f64> = match &input.own_contacts {
            Some(own) => own.iter().map(|count| *count as f64).collect(),
            None => self
                .input
                .windows
                .iter()
                .map(|window| window.net_contacts as f64)
                .collect(),
        };
        let none = |reason: String, cure: &str| Err(refusal(RefusalRule::NoValues, reason, cure));
        if input.values.len() != windows || contacts.len() != windows {
            return none(
                format!("it has {} values for {windows} windows", input.values.len()),
                "calibrate again; this is a fault of the program that asked",
            );
        }
        let harm = Harm::of(input);
        let known = harm.is_known.iter().filter(|known| **known).count();
        if (known as f64) < KNOWN_MIN * windows as f64 {
            return none(
                format!("it has a value in {known} of {windows} windows only"),
                "take longer windows, or an SLI of a busier journey",
            );
        }
        let weighed: Vec<(f64, f64)> = (0..windows)
            .filter(|window| harm.is_known[*window] && self.calendar.is_known[*window])
            .map(|window| (harm.mean(window), self.calendar.sessions[window]))
            .collect();
        let nodes = nodes(&weighed);
        if nodes.is_empty() {
            return none(
                "it never changes".to_owned(),
                "take weeks in which the SLI was bad at times",
            );
        }
        Ok(Candidate {
            sli,
            harm,
            nodes,
            contacts,
        })
    }

    /// The best value of an SLI that there is: none failed, no time taken, all well; of a rate where
    /// lower is worse the usual one.
    pub fn harmless(&self, candidate: &Candidate) -> f64 {
        let input = &self.input.slis[candidate.sli];
        match (input.unit.as_str(), input.direction) {
            ("share", Direction::LowerIsWorse) => 1.0,
            (_, Direction::HigherIsWorse) => 0.0,
            (_, Direction::LowerIsWorse) => {
                let mut values: Vec<f64> = input.values.iter().flatten().copied().collect();
                values.sort_by(f64::total_cmp);
                super::bootstrap::quantile(&values, 0.5)
            }
        }
    }

    /// A calibration with what is known before anything is fitted.
    pub fn blank(&self) -> Calibration {
        let input = self.input;
        let to_us = input.window_start_us(input.windows.len());
        Calibration {
            status: Status::Refused,
            refused_because: Vec::new(),
            notes: self.notes(),
            from_us: input.start_us,
            to_us,
            calibrated_at_us: self.settings.calibrated_at_us,
            expires_us: to_us + self.settings.expires_after_us,
            window_us: input.window_us,
            time_zone: input.time_zone.iana_name().unwrap_or("UTC").to_owned(),
            exposure: input.exposure,
            seed: self.settings.seed,
            resamples: self.settings.resamples,
            lasting_us: self.settings.lasting_us,
            sli_set_sha256: input.sli_set_sha256.clone(),
            counts: self.counts(),
            slis: (0..input.slis.len()).map(|sli| blank(self, sli)).collect(),
            groups: Vec::new(),
            model: None,
            timeline: Vec::new(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self
            .input
            .export_faults
            .iter()
            .filter(|fault| !fault.refuses)
            .map(|fault| format!("{}; {}", fault.reason, fault.cure))
            .collect();
        let never = self
            .input
            .drivers
            .iter()
            .filter(|driver| !self.input.has_both(driver));
        notes.extend(never.map(|driver| {
            format!(
                "the known driver `{}` is on in all windows or in none, so it says nothing",
                driver.name
            )
        }));
        let without = self.input.windows.iter().filter(|window| {
            window.net_contacts > 0
                && window
                    .sessions
                    .sessions()
                    .is_some_and(|sessions| sessions <= 0.0)
        });
        let contacts: u64 = without.map(|window| window.net_contacts).sum();
        if contacts > 0 {
            notes.push(format!("{contacts} contacts came in windows without any session; they count for the sessions before"));
        }
        notes
    }

    fn counts(&self) -> Counts {
        let lags = self.lags();
        let windows = &self.input.windows;
        let is_usable = |window: usize| {
            let reach = window.saturating_sub(lags)..=window;
            window >= lags
                && windows[window].is_covered
                && reach.clone().all(|from| self.calendar.is_known[from])
        };
        let mut counts = Counts {
            windows: windows.len() as u64,
            ..Counts::default()
        };
        let mut last_day = None;
        for (index, window) in windows.iter().enumerate() {
            let is_expected = matches!(window.sessions, Exposure::Expected(_));
            counts.expected_exposure_windows += u64::from(is_expected);
            if !is_usable(index) {
                continue;
            }
            counts.usable_windows += 1;
            counts.sessions += self.calendar.sessions[index];
            counts.net_contacts += window.net_contacts;
            counts.gross_contacts += window.gross_contacts;
            let day = self.calendar.day[index];
            counts.days += u64::from(last_day != Some(day));
            last_day = Some(day);
        }
        counts
    }
}

/// The delay from linked contacts whose whole horizon was seen.
fn seen_kernel(input: &CalibrationInput, settings: &CalibrationSettings) -> Option<Vec<f64>> {
    let linked = input
        .linked
        .as_ref()
        .filter(|linked| linked.linked_share >= LINKED_MIN)?;
    let last_us = linked.export_end_us - linked.horizon_us;
    let delays: Vec<i64> = linked
        .sessions
        .iter()
        .filter(|session| session.start_us <= last_us)
        .filter_map(|session| session.contact_delay_us)
        .collect();
    if delays.len() < DELAYS_MIN {
        return None;
    }
    kernel::empirical(&delays, input.window_us, settings.lag_max_us)
}
