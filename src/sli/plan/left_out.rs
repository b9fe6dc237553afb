//! SLIs that a run cannot have requests of: which they are, and a set without them.

use std::collections::BTreeMap;

use super::super::definition::FunnelUnit;
use super::{EventPlan, Measure, SliPlan, SliSetPlan};

impl SliSetPlan {
    /// Names of the SLIs that have no data, however a run ends that makes only requests with these methods
    /// and routes, each of which comes from another shopper; and of those that are made of them.
    #[must_use]
    pub fn without_data(&self, requests: &[(&str, &str)]) -> Vec<String> {
        let can = self.with_all_parts(|sli| can_have(sli, requests));
        let slis = self.slis.iter().zip(can);
        slis.filter(|(_, can)| !can)
            .map(|(sli, _)| sli.name.clone())
            .collect()
    }

    /// Leaves out the SLIs of these names, and those that are made of them.
    pub fn leave_out(&mut self, names: &[String]) {
        let stays = self.with_all_parts(|sli| !names.contains(&sli.name));
        let kept = (0..stays.len()).filter(|index| stays[*index]);
        let kept: BTreeMap<usize, usize> = kept.zip(0..).collect();
        let mut index = 0..;
        self.slis
            .retain(|_| index.next().is_some_and(|index| stays[index]));
        for sli in &mut self.slis {
            match &mut sli.measure {
                Measure::WindowsGood { of, .. } => *of = kept[of],
                Measure::Composite { parts, .. } => {
                    parts.iter_mut().for_each(|(part, _)| *part = kept[part]);
                }
                Measure::Rate { .. }
                | Measure::Ratio { .. }
                | Measure::Latency { .. }
                | Measure::LatencyCut { .. }
                | Measure::Apdex { .. }
                | Measure::UserUptime { .. }
                | Measure::Funnel { .. } => {}
            }
        }
    }

    /// By SLI, whether `is_so` of it and of all that it is made of.
    fn with_all_parts(&self, is_so: impl Fn(&SliPlan) -> bool) -> Vec<bool> {
        let mut so: Vec<bool> = self.slis.iter().map(is_so).collect();
        // One may be made of others that are made of others.
        for _ in &self.slis {
            for (index, sli) in self.slis.iter().enumerate() {
                so[index] &= sli.measure.made_of().iter().all(|part| so[*part]);
            }
        }
        so
    }
}

fn can_have(sli: &SliPlan, requests: &[(&str, &str)]) -> bool {
    let may_be = |event: &EventPlan| {
        let mut requests = requests.iter();
        requests.any(|(method, route)| event.may_be(method, route))
    };
    may_be(&sli.event)
        && match &sli.measure {
            // Nobody comes to the next step.
            Measure::Funnel { steps, unit } => {
                *unit == FunnelUnit::Requests && steps.iter().all(|step| may_be(&step.event))
            }
            Measure::Rate { .. }
            | Measure::Ratio { .. }
            | Measure::Latency { .. }
            | Measure::LatencyCut { .. }
            | Measure::WindowsGood { .. }
            | Measure::Apdex { .. }
            | Measure::UserUptime { .. }
            | Measure::Composite { .. } => true,
        }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::declared_files::parse;
    use crate::sli::resolve;

    const SET: &str = "
name: shop
window: 1m
routes: [/, /cart]
events: {page: {}, cart: {route: /cart}, order: {method: POST, route: /cart}}
slis:
  - {kind: rate, name: orders, title: Orders, event: order, per: minute}
  - {kind: ratio, name: ok, title: Good, event: page, bad_status: [5xx], thresholds: [{level: warn, below: 0.9, for: 2s}]}
  - {kind: ratio, name: paid, title: Paid, event: order, bad_status: [5xx], thresholds: [{level: warn, below: 0.9, for: 2s}]}
  - {kind: windows_good, name: ok-time, title: Good time, of: ok, level: warn}
  - {kind: windows_good, name: paid-time, title: Paid time, of: paid, level: warn}
  - {kind: funnel, name: way, title: Way, steps: [page, cart]}
";

    fn set() -> SliSetPlan {
        let declared = parse(Path::new("set.yaml"), SET.as_bytes(), &|_| None);
        resolve(&declared.unwrap_or_else(|error| panic!("{error}")))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_counts_nothing_that_is_sent_has_no_data_nor_what_is_made_of_it() {
        for (requests, expected) in [
            (
                &[("GET", "/"), ("GET", "/cart")][..],
                "orders paid paid-time way",
            ),
            (&[("POST", "/cart")], "way"),
            (&[], "orders ok paid ok-time paid-time way"),
        ] {
            assert_eq!(
                set().without_data(requests).join(" "),
                expected,
                "{requests:?}"
            );
        }
    }

    #[test]
    fn a_set_without_some_slis_is_made_of_the_same_others() {
        let mut left = set();
        left.leave_out(&["orders".to_owned(), "paid".to_owned(), "unknown".to_owned()]);
        let names: Vec<&str> = left.slis.iter().map(|sli| sli.name.as_str()).collect();
        assert_eq!(names, ["ok", "ok-time", "way"]);
        assert_eq!(left.slis[1].measure.made_of(), [0]);
        left.leave_out(&[]);
        assert_eq!(left.slis.len(), 3);
    }
}
