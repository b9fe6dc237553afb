//! All shards together are the run of one machine.

use std::path::Path;

use proptest::prelude::*;

use super::super::arrivals::{Arrival, Arrivals};
use super::super::join::join;
use super::super::plan::{DataTable, Pick};
use super::super::replay::{ReplayedRequest, replay};
use super::super::resolve::resolve;
use super::*;
use crate::declared_files::parse;

/// A scenario with everything that is drawn: spacing, kinds, products, channels of which one is turned
/// off, rows of data, branching journeys.
fn text(name: &str, spacing: &str, rate: u32) -> String {
    format!(
        "name: {name}\n\
         target: {{base_url: 'http://127.0.0.1:9'}}\n\
         traffic: {{arrivals: {spacing}, curve: [{{at: 0s, shoppers_per_s: {rate}}}, {{at: 5s, shoppers_per_s: 40}}, {{at: 9s, shoppers_per_s: 3}}]}}\n\
         channels: [{{name: mail, share: 1}}, {{name: direct, share: 3}}]\n\
         drills: [{{id: no-mail, at: 2s, for: 3s, channel_off: mail}}]\n\
         shoppers: [{{name: one, share: 1, journey: look}}, {{name: other, share: 2, journey: look}}]\n\
         journeys: {{look: [{{get: '/a/{{order}}/{{product}}'}}, {{get: /b, chance: 0.5, repeat: {{from: 1, to: 3}}}}]}}\n\
         data: {{order: {{sequence: {{from: 1000}}}}}}\n\
         products: 500\nproduct_skew: 1.1\n"
    )
}

fn plan(text: &str, seed: u64) -> DrillPlan {
    let declared = parse(Path::new("scenario.yaml"), text.as_bytes(), &|_| None);
    let declared = declared.unwrap_or_else(|error| panic!("{error}"));
    let mut plan = resolve(&declared).unwrap_or_else(|error| panic!("{error}"));
    plan.seed = seed;
    let rows: Vec<Vec<Box<str>>> = (0..977)
        .map(|row| vec![format!("row {row}").into()])
        .collect();
    for pick in [Pick::Random, Pick::Unique] {
        let columns = vec!["id".to_owned()];
        plan.data.push(DataTable::rows(pick, columns, rows.clone()));
    }
    plan
}

/// Every arrival, and how many did not come.
fn all(plan: &DrillPlan) -> (Vec<Arrival>, u64) {
    let mut arrivals = Arrivals::new(plan);
    let came: Vec<Arrival> = arrivals.by_ref().collect();
    (came, arrivals.withheld())
}

/// What the data say for a shopper.
fn data(plan: &DrillPlan, number: u64) -> Vec<String> {
    let tables = plan.data.iter();
    let values = tables.map(|table| table.value(0, number, plan.seed).into_owned());
    values.collect()
}

/// Fails unless the shards of `plan` are it: arrivals, data, who did not come.
fn assert_cut_exactly(plan: &DrillPlan, count: u32) -> Result<(), TestCaseError> {
    let (whole, withheld) = all(plan);
    let mut united = Vec::new();
    let mut withheld_in_shards = 0;
    for shard in Shard::all_of(count) {
        let own = plan.clone().for_shard(shard).unwrap();
        let (arrivals, withheld) = all(&own);
        prop_assert!(
            arrivals
                .windows(2)
                .all(|two| two[0].due_us <= two[1].due_us)
        );
        for arrival in &arrivals {
            prop_assert_eq!(data(&own, arrival.number), data(plan, arrival.number));
        }
        united.extend(arrivals);
        withheld_in_shards += withheld;
    }
    prop_assert_eq!(withheld_in_shards, withheld);
    let by_time = |arrival: &Arrival| (arrival.due_us, arrival.number);
    united.sort_by_key(by_time);
    let mut expected = whole;
    expected.sort_by_key(by_time);
    prop_assert_eq!(united, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn shards_together_are_the_run_of_one_machine(
        seed in any::<u64>(),
        count in prop_oneof![1..9_u32, Just(64), Just(SHARDS_MAX)],
        rate in 1..60_u32,
        is_even in any::<bool>(),
    ) {
        let spacing = if is_even { "even" } else { "poisson" };
        let mut plan = plan(&text("one", spacing, rate), seed);
        plan.limits.in_flight = 5_000;
        prop_assert!(all(&plan).1 > 0, "nobody was withheld");
        assert_cut_exactly(&plan, count)?;
    }

    #[test]
    fn shards_of_several_scenarios_at_once_are_their_run(
        seed in any::<u64>(),
        count in 1..12_u32,
        rate in 1..60_u32,
    ) {
        let other = text("other", "even", 7).replace("drills:", "# drills:");
        let several = vec![plan(&text("one", "poisson", rate), seed), plan(&other, seed ^ 7)];
        assert_cut_exactly(&join(several, false).unwrap(), count)?;
    }

    #[test]
    fn shards_of_a_replay_are_the_replay(
        dues in prop::collection::vec(0..5_000_000_i64, 1..80),
        count in 1..12_u32,
    ) {
        let requests = dues.iter().enumerate().map(|(index, due_us)| ReplayedRequest {
            due_us: *due_us,
            method: "GET",
            target: format!("/{index}").into(),
            route: format!("/{}", index % 3).into(),
        });
        let plan = replay(plan(&text("one", "even", 1), 1), requests.collect()).unwrap();
        assert_cut_exactly(&plan, count)?;
    }

    #[test]
    fn users_of_a_closed_model_and_their_numbers_are_shared_out(
        shoppers in 1..500_usize,
        count in 1..40_u32,
    ) {
        let count = count.min(u32::try_from(shoppers).unwrap());
        let closed = text("closed", "even", 1);
        let curve = closed.find("traffic:").unwrap()..closed.find("channels:").unwrap();
        let mut closed = closed.replace("drills:", "# drills:");
        closed.replace_range(curve, &format!("traffic: {{closed: {{shoppers: {shoppers}, for: 5s}}}}\n"));
        let plan = plan(&closed, 3);
        let mut first = Vec::new();
        for shard in Shard::all_of(count) {
            let own = plan.clone().for_shard(shard).unwrap();
            let users = own.traffic.closed.unwrap().shoppers as u64;
            // As `drill` numbers them: from the index of the shard on, in steps of their count.
            first.extend((0..users).map(|user| u64::from(shard.index()) + user * u64::from(count)));
            for number in first.iter().copied().filter(|number| shard.takes(*number)) {
                prop_assert_eq!(
                    Arrivals::whoever_comes(&own, number, 5),
                    Arrivals::whoever_comes(&plan, number, 5)
                );
            }
        }
        first.sort_unstable();
        prop_assert_eq!(first, (0..shoppers as u64).collect::<Vec<_>>());
    }

    #[test]
    fn shares_of_a_limit_add_up_to_it(total in 0..100_000_usize, count in 1..=SHARDS_MAX) {
        let shares: Vec<usize> = Shard::all_of(count).map(|shard| shard.share_of(total)).collect();
        prop_assert_eq!(shares.iter().sum::<usize>(), total);
        prop_assert!(shares[0] - shares[shares.len() - 1] <= 1);
    }
}

#[test]
fn what_is_no_shard_is_refused_with_the_cure() {
    for (text, expected) in [
        (
            "0/4",
            "shard 0 of 4: shards are counted from 1 (hint: the first of 4 is `1/4`)",
        ),
        (
            "5/4",
            "shard 5 of 4: there are only 4 (hint: the last is `4/4`)",
        ),
        ("1/0", "0 shards: a run has 1 to 1000"),
        ("0/0", "0 shards: a run has 1 to 1000"),
        ("1/1001", "1001 shards: a run has 1 to 1000"),
        ("3", "`3` is no shard"),
        ("-1/4", "`-1/4` is no shard"),
        ("+1/4", "`+1/4` is no shard"),
        ("1/4/5", "`1/4/5` is no shard"),
        ("1/99999999999", "99999999999 shards"),
    ] {
        let error = text.parse::<Shard>().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert_eq!("4/4".parse(), Shard::new(3, 4));
    assert_eq!("1000/1000".parse(), Shard::new(999, 1_000));
    assert_eq!(Shard::new(1, 4).unwrap().to_string(), "shard 2 of 4");
}

#[test]
fn a_limit_that_is_too_small_to_be_shared_is_named() {
    let mut plan = plan(&text("one", "even", 1), 1);
    plan.limits.in_flight = 3;
    for shard in Shard::all_of(4) {
        let refused = plan.clone().for_shard(shard).unwrap_err().to_string();
        assert_eq!(
            refused,
            "`limits.in_flight` is 3, which 4 shards cannot share (hint: at most 3 shards)"
        );
    }
    plan.limits.in_flight = 4;
    for shard in Shard::all_of(4) {
        assert_eq!(plan.clone().for_shard(shard).unwrap().limits.in_flight, 1);
    }
}
