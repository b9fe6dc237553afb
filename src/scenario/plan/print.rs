//! What a plan means, as hashes by which two runs are known to be of the same mix.

use serde::{Deserialize, Serialize};

use super::super::curve::TrafficCurve;
use crate::declared_files::sha256_of;

/// SHA-256 of each part of a plan, hex. Not of the file: order of keys, comments, names of labels and
/// how a time is written make no difference, nor do values from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPrint {
    /// How shoppers arrive: curve or closed model, spacing.
    pub traffic: String,
    /// What sends them, with which shares, and when it is turned off.
    pub channels: String,
    /// Kinds of shoppers, shares, patience, retries, reloads.
    pub shoppers: String,
    /// Steps, think times, data, products.
    pub journeys: String,
    /// How requests travel.
    pub transport: String,
    /// Limits of the generator: timeouts, drain, requests under way.
    pub limits: String,
    /// The drill timeline: what is broken when.
    pub drills: String,
    /// What is driven: the shop inside the binary with its limits, or a base URL.
    pub target: String,
}

impl PlanPrint {
    /// Takes in what no file says: when shoppers arrive, where that is learned or recorded, and by the
    /// names of their journeys what they do then. Only names: headers may hold values of the environment.
    pub fn take_in(&mut self, curve: &TrafficCurve, journeys: &[&str]) {
        self.traffic = sha256_of(format!("{} {curve:?}", self.traffic).as_bytes());
        self.journeys = sha256_of(format!("{} {journeys:?}", self.journeys).as_bytes());
    }

    /// What two plans mean that are carried out at the same time. What is driven is that of the first.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let both = |one: &str, other: &str| sha256_of(format!("{one}{other}").as_bytes());
        Self {
            traffic: both(&self.traffic, &other.traffic),
            channels: both(&self.channels, &other.channels),
            shoppers: both(&self.shoppers, &other.shoppers),
            journeys: both(&self.journeys, &other.journeys),
            transport: both(&self.transport, &other.transport),
            limits: both(&self.limits, &other.limits),
            drills: both(&self.drills, &other.drills),
            target: self.target.clone(),
        }
    }

    /// Every part that decides who comes and what they do, with its name.
    #[must_use]
    pub fn mix(&self) -> [(&'static str, &str); 7] {
        [
            ("traffic", &self.traffic),
            ("channels", &self.channels),
            ("shoppers", &self.shoppers),
            ("journeys", &self.journeys),
            ("transport", &self.transport),
            ("limits", &self.limits),
            ("drills", &self.drills),
        ]
    }

    /// Names of the parts of the mix in which two plans differ.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.mix().into_iter().zip(other.mix());
        let differing = pairs.filter(|(one, other)| one.1 != other.1);
        differing.map(|(one, _)| one.0).collect()
    }
}
