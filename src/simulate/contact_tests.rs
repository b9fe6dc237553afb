//! The written tickets against the log beside them and against the law, read by nothing of ours.

use super::incident::IncidentKind;
use super::tests_folder::Folder;
use super::{
    ContactPlan, Effect, IncidentTruth, Incidents, JourneyKind, SimulationPlan, TICKETS_FILE,
    TRUTH_FILE, Truth, simulate,
};
use jiff::civil::date;
use std::collections::HashSet;
use std::fs;

fn plan() -> SimulationPlan {
    SimulationPlan {
        start_day: date(2026, 3, 2),
        days: 4,
        shoppers_per_day: 800,
        seed: 11,
        incidents: Incidents::Planted,
        contacts: Some(ContactPlan {
            episodes: 6,
            per_1000_sessions: 200.0,
            ..ContactPlan::default()
        }),
    }
}

fn run(plan: &SimulationPlan, folder: &Folder) -> (Truth, Vec<Vec<String>>) {
    let truth = simulate(plan, &folder.0, &mut |_| {}).unwrap();
    let text = fs::read_to_string(folder.0.join(TICKETS_FILE)).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("ticket_id,created_at,reason,channel,order_id,session_id")
    );
    let rows = lines.map(|line| line.split(',').map(str::to_owned).collect());
    (truth, rows.collect())
}

fn log(truth: &Truth, folder: &Folder) -> String {
    let days = truth
        .days
        .iter()
        .map(|day| fs::read_to_string(folder.0.join(&day.file)).unwrap());
    days.collect()
}

#[test]
fn keys_of_tickets_are_in_the_log_and_times_after_their_session_began() {
    let folder = Folder::new();
    let (truth, rows) = run(&plan(), &folder);
    let log = log(&truth, &folder);
    let sessions: HashSet<&str> = log
        .lines()
        .map(|line| line.rsplit_once("sid=").unwrap().1)
        .collect();
    let orders: HashSet<&str> = log
        .lines()
        .filter_map(|line| {
            Some(
                line.split_once("?order=")?
                    .1
                    .split([' ', '"'])
                    .next()
                    .unwrap(),
            )
        })
        .collect();
    let contacts = truth.contacts.unwrap();
    let mut keyed = 0;
    for row in &rows {
        let [_, created, _, _, order, session] = &row[..] else {
            panic!("{row:?}")
        };
        assert!(
            order.is_empty() || orders.contains(order.as_str()),
            "{order}"
        );
        assert!(
            session.is_empty() || sessions.contains(session.as_str()),
            "{session}"
        );
        assert!(created.starts_with("2026-03-0") && created.ends_with('Z'));
        keyed += u64::from(!order.is_empty() || !session.is_empty());
    }
    assert!(rows.is_sorted_by(|one, other| one[1] <= other[1]));
    assert_eq!((rows.len() as u64, keyed), (contacts.gross, contacts.keyed));
    assert!(keyed * 2 > contacts.gross && contacts.net < contacts.gross);
    // Shoppers have one session each.
    assert_eq!(contacts.sessions, truth.total.shoppers);
    let robots = sessions.contains("-");
    assert!(robots && sessions.len() as u64 == truth.total.shoppers + 1);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn contacts_come_as_the_law_says() {
    let folder = Folder::new();
    let strong = SimulationPlan {
        shoppers_per_day: 2_500,
        ..plan()
    };
    let (truth, rows) = run(&strong, &folder);
    let contacts = truth.contacts.unwrap();
    let quiet = contacts.gross - contacts.excess;
    let expected = contacts.sessions as f64 * contacts.quiet_per_session * 1.08;
    assert!(
        (quiet as f64 / expected - 1.0).abs() < 0.12,
        "{quiet} for {expected}"
    );
    assert!(
        contacts.excess > 40 && contacts.windows_beyond > 8,
        "{contacts:?}"
    );
    let because = rows.iter().filter(|row| row[2] == "website").count() as u64;
    assert!(because >= contacts.excess, "{because}");
}

#[test]
fn without_effect_there_are_episodes_and_nobody_calls_because_of_them() {
    let folder = Folder::new();
    let mut calm = plan();
    calm.contacts.as_mut().unwrap().effect = Effect::None;
    let (truth, _) = run(&calm, &folder);
    assert_eq!(truth.incidents.len(), 6);
    let contacts = truth.contacts.unwrap();
    assert_eq!((contacts.excess, contacts.doubles_at), (0, None));
    assert!(contacts.windows_beyond > 0);
}

#[test]
fn a_seed_decides_the_tickets_and_the_requests_do_not_depend_on_them() {
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let mut other = plan();
    other.contacts.as_mut().unwrap().effect = Effect::None;
    for (folder, plan) in folders.iter().zip([plan(), plan(), other]) {
        run(&plan, folder);
    }
    let bytes = |folder: &Folder, name: &str| fs::read(folder.0.join(name)).unwrap();
    for name in [TICKETS_FILE, TRUTH_FILE, "access-2026-03-05.log"] {
        assert!(
            bytes(&folders[0], name) == bytes(&folders[1], name),
            "{name}"
        );
    }
    let log = "access-2026-03-04.log";
    assert!(bytes(&folders[0], log) == bytes(&folders[2], log));
    assert!(bytes(&folders[0], TICKETS_FILE) != bytes(&folders[2], TICKETS_FILE));
}

#[test]
fn journeys_fail_in_turn() {
    let folder = Folder::new();
    let mut several = plan();
    several.contacts.as_mut().unwrap().journeys = vec![JourneyKind::Checkout, JourneyKind::Search];
    let (truth, _) = run(&several, &folder);
    let kinds: Vec<String> = truth
        .incidents
        .iter()
        .map(|incident| format!("{:?}", incident.kind))
        .collect();
    assert_eq!(kinds[..3], ["PaymentOutage", "SlowSearch", "PaymentOutage"]);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn slow_episodes_are_slow_and_do_not_fail() {
    let folder = Folder::new();
    let mut slow = plan();
    let contacts = slow.contacts.as_mut().unwrap();
    contacts.journeys = vec![JourneyKind::Slow];
    contacts.threshold = 0.05;
    let (truth, rows) = run(&slow, &folder);
    assert!(
        truth
            .incidents
            .iter()
            .all(|incident| incident.kind == IncidentKind::SlowPages)
    );
    let sum = |of: &dyn Fn(&IncidentTruth) -> f64| truth.incidents.iter().map(of).sum::<f64>();
    let requests = |incident: &IncidentTruth| incident.requests as f64;
    let expected = sum(&|incident| incident.error_share * requests(incident));
    let slow = sum(&|incident| incident.slower_than_1_s as f64);
    assert!(
        expected > 50.0 && slow > expected * 0.7,
        "{slow} for {expected}"
    );
    let failed = sum(&|incident| incident.errors_5xx as f64);
    assert!(failed < sum(&requests) * 0.01, "{failed}");
    let log = log(&truth, &folder);
    let is_slow = |line: &&str| {
        let after = line.split_once("rt=").map_or("0", |(_, after)| after);
        let seconds = after
            .split(' ')
            .next()
            .and_then(|text| text.parse::<f64>().ok());
        seconds.is_some_and(|seconds| seconds > 5.0)
    };
    assert!(log.lines().filter(is_slow).count() as f64 > expected * 0.7);
    let because = rows.iter().filter(|row| row[2] == "slow").count() as u64;
    let excess = truth.contacts.unwrap().excess;
    // Some call again, some after the last day.
    assert!(
        excess > 20 && because > excess / 2 && because < excess * 2,
        "{because} for {excess}"
    );
}

#[test]
fn existing_tickets_are_kept() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join(TICKETS_FILE), "mine").unwrap();
    let error = simulate(&plan(), &folder.0, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains(TICKETS_FILE), "{error}");
    assert_eq!(folder.names(), [TICKETS_FILE]);
}
