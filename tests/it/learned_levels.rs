//! A threshold file as a calibration leaves it, small enough to predict by hand.
//!
//! Of each session 0.1 contacts come anyway. From 90 % of good checkouts down each share of bad ones more
//! brings 10 times that: at 50 % there are 1 + 0.4 × 10 = 5 times as many contacts.

use std::path::Path;

use firedrill::declared_files::{Declared, parse};
use firedrill::sli::{SliSetDefinition, resolve};

/// The set that the levels are about; windows are minutes.
pub const SET: &str = "\
name: calls
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
  checkout: {title: Checkout, method: POST, route: /checkout}
slis:
  - {kind: ratio, name: checkout_success, title: Checkouts answered well, event: checkout, bad_status: [4xx, 5xx, none], min_count: 1, thresholds: [{level: warn, below: 0.9, for: 1s}]}
  - {kind: ratio, name: availability, title: Requests answered, event: page, min_count: 1}
";

/// What differs between the files of the tests.
pub struct Learned {
    /// The worst share of good checkouts that was seen.
    pub worst_observed: f64,
    /// When it is stale.
    pub expires: &'static str,
    /// `firm`, `provisional` or `refused`.
    pub status: &'static str,
    /// What its sessions are; `None` as in files before that was written down.
    pub exposure: Option<&'static str>,
    /// The hash of what the SLI means; `None` takes that of [`SET`].
    pub definition_sha256: Option<&'static str>,
}

impl Default for Learned {
    fn default() -> Self {
        Self {
            worst_observed: 0.2,
            expires: "2199-01-01T00:00:00Z",
            status: "firm",
            exposure: None,
            definition_sha256: None,
        }
    }
}

impl Learned {
    /// The file.
    pub fn yaml(&self) -> String {
        let meaning = meaning("checkout_success");
        let hash = self.definition_sha256.unwrap_or(&meaning);
        let exposure = self
            .exposure
            .map_or_else(String::new, |unit| format!("  exposure: {unit}\n"));
        let Self {
            worst_observed,
            expires,
            status,
            ..
        } = self;
        format!(
            "\
firedrill: thresholds/v1
status: {status}
calibrated:
  at: 2026-11-20T00:00:00Z
  from: 2026-09-01T00:00:00Z
  to: 2026-10-27T00:00:00Z
  expires: {expires}
  seed: 1
  resamples: 1000
  sli_set_sha256: '00'
  window: 15m
  time_zone: UTC
{exposure}  days: 56
  sessions: 1000000
  net_contacts: 4211
  gross_contacts: 5000
thresholds:
  - {{sli: checkout_success, level: warn, below: 0.85, for: 15m}}
  - {{sli: checkout_success, level: contact, below: 0.8, for: 15m}}
fits:
  - sli: checkout_success
    definition_sha256: '{hash}'
    direction: lower_is_worse
    unit: share
    status: {status}
    tier: aggregate
    shape: hinge
    onset: {{value: 0.9, ci90: [0.88, 0.92]}}
    lag_minutes: {{value: 42, ci90: [35, 51]}}
    episodes: 17
    net_contacts: 4211
    levels:
      - {{rule: {{multiple: 2.0}}, warn: 0.85, contact: 0.8, ci90: [0.75, 0.85]}}
    evidence: {{negative_controls: pass}}
prediction:
  quiet_rate: {{value: 0.1, ci90: [0.09, 0.11]}}
  quiet_draws: [0.09, 0.1, 0.11]
  season: {{constant: 0.0, harmonics: []}}
  lag_weights: [0.5, 0.3, 0.2]
  slis:
    - sli: checkout_success
      curve: {{hinge: {{onset: 0.9, slope: 10.0}}}}
      worst_observed: {worst_observed}
      draws: [[0.9, 8.0], [0.9, 10.0], [0.9, 12.0]]
"
        )
    }
}

/// The hash of what an SLI of [`SET`] means.
fn meaning(name: &str) -> String {
    let declared: Declared<SliSetDefinition> =
        parse(Path::new("set.yaml"), SET.as_bytes(), &|_| None).expect("the set is valid");
    let plan = resolve(&declared).expect("the set has a meaning");
    let sli = plan.slis.iter().find(|sli| sli.name == name);
    sli.expect("the set has it").meaning_sha256.clone()
}
