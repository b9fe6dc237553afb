//! What may be chosen about a calibration.
//!
//! In: options of the command line. Out: plain data with the defaults of the field.

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// Choices of a calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationSettings {
    /// Seed of every draw.
    pub seed: u64,
    /// Bootstrap resamples; from 100 to 10,000.
    pub resamples: u32,
    /// Draws of a shop without effect for each p-value; from 19 to 9,999.
    pub no_effect_draws: u32,
    /// The level is where contacts are this many times those of a quiet shop; above 1.
    pub multiple: f64,
    /// The level where so many more contacts per 1,000 sessions come, if asked for.
    pub excess_per_1000: Option<f64>,
    /// The level at which the support desk is full, if asked for.
    pub capacity: Option<DeskCapacity>,
    /// The longest delay between a bad experience and a contact, µs.
    pub lag_max_us: i64,
    /// False-discovery rate over the SLIs (Benjamini–Hochberg).
    pub false_discovery_rate: f64,
    /// How long the thresholds hold after the last day learned from, µs.
    pub expires_after_us: i64,
    /// How long a level must last to count, in the files of the SLI set, µs.
    pub lasting_us: i64,
    /// When it was calibrated, UTC µs since 1970; written down, never used.
    pub calibrated_at_us: i64,
}

impl Default for CalibrationSettings {
    /// Twice the quiet rate, 1,000 resamples, 6 h of delay, a false-discovery rate of 10 %, 13 weeks.
    fn default() -> Self {
        Self {
            seed: 1,
            resamples: 1_000,
            no_effect_draws: 499,
            multiple: 2.0,
            excess_per_1000: None,
            capacity: None,
            lag_max_us: 6 * HOUR_US,
            false_discovery_rate: 0.10,
            expires_after_us: 91 * DAY_US,
            lasting_us: HOUR_US / 4,
            calibrated_at_us: 0,
        }
    }
}

/// What the support desk can take at a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeskCapacity {
    /// Sessions per hour at the forecast peak.
    pub sessions_per_hour: f64,
    /// Who answers.
    pub desk: Desk,
}

/// Who answers contacts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Desk {
    /// Contacts per hour that may come on top of the usual ones.
    Spare {
        /// How many.
        contacts_per_hour: f64,
    },
    /// People; what a quiet shop costs at the forecast is subtracted.
    Agents {
        /// How many at the same time.
        agents: f64,
        /// Contacts that one settles in an hour of work.
        contacts_per_agent_hour: f64,
        /// Share of the time that they may be busy, from 0 to 1.
        target_occupancy: f64,
    },
}

impl DeskCapacity {
    /// Contacts per hour that fit on top of those of a quiet shop with `quiet_per_session` contacts
    /// per session; negative when the desk is full without any trouble.
    #[must_use]
    pub fn spare_per_hour(self, quiet_per_session: f64) -> f64 {
        match self.desk {
            Desk::Spare { contacts_per_hour } => contacts_per_hour,
            Desk::Agents {
                agents,
                contacts_per_agent_hour,
                target_occupancy,
            } => {
                agents * contacts_per_agent_hour * target_occupancy
                    - quiet_per_session * self.sessions_per_hour
            }
        }
    }
}

/// Told how far a calibration is; called from any thread.
pub trait Progress: Sync {
    /// So much more is to be done.
    fn expect(&self, steps: u64);
    /// So much is done.
    fn done(&self, steps: u64);
}

/// Nobody looks on.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn expect(&self, _steps: u64) {}
    fn done(&self, _steps: u64) {}
}
