//! The verdict for a CI pipeline: a small JSON whose shape does not change.
//!
//! In: judged SLIs. Out: `{"verdict", "definition_sha256", "from", "to", "slis": [{"name",
//! "state", "value", "interval", "n", "limit"}]}`. It judges nothing: the verdict is the worst
//! state. Keys may be added, but never renamed or removed.

use serde::Serialize;

use crate::sli::SliState;
use crate::time_window::{TimeWindow, rfc3339};

/// What a pipeline decides by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// The worst state of all SLIs.
    pub verdict: GateVerdict,
    /// SHA-256 of the SLI set file, hex.
    pub definition_sha256: String,
    /// First moment of the range, RFC 3339 in UTC.
    pub from: String,
    /// First moment after it, RFC 3339 in UTC.
    pub to: String,
    /// Every SLI that has something to meet or not enough data, in the order of the set.
    pub slis: Vec<GateSli>,
    /// Conditions of a rehearsal that decide, in the order of its scenario; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<GateCondition>,
}

/// One condition of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateCondition {
    /// In words.
    pub title: String,
    /// `met`, `missed` or `not_enough_data`.
    pub state: SliState,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// Every SLI was judged and met.
    Met,
    /// At least one SLI was missed.
    Missed,
    /// None was missed, but at least one could not be judged, or there are none; never green.
    NotEnoughData,
}

/// One judged SLI.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateSli {
    /// Identifier.
    pub name: String,
    /// `met`, `missed` or `not_enough_data`.
    pub state: SliState,
    /// Value over the range in the SLI's unit: shares from 0 to 1, latencies in µs, rates per
    /// minute or second; `None` where there is not enough data.
    pub value: Option<f64>,
    /// 95 % interval of `value`, lower end first.
    pub interval: Option<[f64; 2]>,
    /// Requests behind `value`.
    pub n: u64,
    /// The objective of the range in the same unit; `None` where only levels are judged.
    pub limit: Option<f64>,
}

impl Gate {
    /// The gate over judged SLIs.
    #[must_use]
    pub fn new(definition_sha256: String, range: TimeWindow, slis: Vec<GateSli>) -> Self {
        Self {
            verdict: verdict(slis.iter().map(|sli| sli.state)),
            definition_sha256,
            from: rfc3339(range.start_us),
            to: rfc3339(range.end_us),
            slis,
            conditions: Vec::new(),
        }
    }

    /// The same with what decides of a rehearsal besides its SLIs.
    #[must_use]
    pub fn with_conditions(mut self, conditions: Vec<GateCondition>) -> Self {
        let slis = self.slis.iter().map(|sli| sli.state);
        if !self.slis.is_empty() {
            self.verdict = verdict(slis.chain(conditions.iter().map(|it| it.state)));
        }
        self.conditions = conditions;
        self
    }

    /// As indented JSON, ending in a line feed; the same bytes for the same gate.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self)
            .expect("a gate has text keys only, and serde_json writes any number");
        json + "\n"
    }
}

fn verdict(states: impl Iterator<Item = SliState>) -> GateVerdict {
    let states: Vec<SliState> = states.collect();
    let has = |state: SliState| states.contains(&state);
    if has(SliState::Missed) {
        GateVerdict::Missed
    } else if states.is_empty() || has(SliState::NotEnoughData) {
        GateVerdict::NotEnoughData
    } else {
        GateVerdict::Met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(states: &[SliState]) -> Gate {
        let sli = |state: &SliState| GateSli {
            name: "checkout_success".to_owned(),
            state: *state,
            value: Some(0.5),
            interval: None,
            n: 12,
            limit: Some(0.99),
        };
        let range = TimeWindow::new(0, 3_600_000_000).unwrap();
        Gate::new("ab".to_owned(), range, states.iter().map(sli).collect())
    }

    #[test]
    fn the_verdict_is_the_worst_state_and_no_data_is_never_green() {
        use SliState::{Met, Missed, NotEnoughData};
        let table: [(&[SliState], GateVerdict); 5] = [
            (&[Met, Met], GateVerdict::Met),
            (&[Met, Missed, NotEnoughData], GateVerdict::Missed),
            (&[Met, NotEnoughData], GateVerdict::NotEnoughData),
            (&[NotEnoughData], GateVerdict::NotEnoughData),
            (&[], GateVerdict::NotEnoughData),
        ];
        for (states, expected) in table {
            assert_eq!(gate(states).verdict, expected, "{states:?}");
        }
    }

    #[test]
    fn a_condition_of_a_rehearsal_shuts_the_gate_and_opens_none() {
        use SliState::{Met, Missed};
        for (slis, condition, expected) in [
            (&[Met][..], Met, GateVerdict::Met),
            (&[Met], Missed, GateVerdict::Missed),
            (&[Missed], Met, GateVerdict::Missed),
            (&[], Met, GateVerdict::NotEnoughData),
        ] {
            let condition = GateCondition {
                title: "it holds".to_owned(),
                state: condition,
            };
            let shut = gate(slis).with_conditions(vec![condition]);
            assert_eq!(shut.verdict, expected, "{slis:?}");
            assert!(shut.to_json().contains("\"title\": \"it holds\""));
        }
    }

    #[test]
    fn the_shape_of_the_json_does_not_change() {
        let expected = r#"{
  "verdict": "missed",
  "definition_sha256": "ab",
  "from": "1970-01-01T00:00:00Z",
  "to": "1970-01-01T01:00:00Z",
  "slis": [
    {
      "name": "checkout_success",
      "state": "missed",
      "value": 0.5,
      "interval": null,
      "n": 12,
      "limit": 0.99
    }
  ]
}
"#;
        assert_eq!(gate(&[SliState::Missed]).to_json(), expected);
    }
}
