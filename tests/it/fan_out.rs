//! A rehearsal that several processes drive together: one schedule, one lake, one verdict.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ingest::assert_sound;
use super::program::{count, list, run, text, wait, wait_for_line};
use super::shard_runs::{
    TRAFFIC, arrivals, begin, drive, facts, judge, prepared, reasons, surge, words,
};
use super::target_server::TargetServer;

#[test]
fn shards_together_are_the_run_of_one_process_and_are_judged_alike() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let ends = drive(&folder, &["1/3", "2/3", "3/3"], "--start-at +3s");
    for (shard, end) in (1..).zip(ends) {
        let end = end.exits(0).json();
        assert_eq!(text(&end, "/state"), "valid");
        assert_eq!((count(&end, "/shard"), count(&end, "/shards")), (shard, 3));
    }
    let early = run(&folder, "sli --lake lake --run cut").refuses(2);
    assert!(
        early
            .err
            .contains("was driven in shards and is not judged yet"),
        "{}",
        early.err
    );
    let judged = judge(&folder, "--report cut.html").exits(0).json();
    let one = "rehearse cut.yaml --sli-defs any.yaml --lake lake --json --run-id one";
    let whole = run(&folder, one).exits(0).json();

    assert_eq!(arrivals(&folder, "cut"), arrivals(&folder, "one"));
    for counted in [
        "offered_arrivals",
        "started",
        "completed",
        "dropped",
        "withheld",
        "requests",
    ] {
        assert_eq!(judged[counted], whole[counted], "{counted}");
    }
    assert_eq!(text(&judged, "/verdict"), "pass");
    for kept in [
        "arrivals_per_s",
        "planned_per_s",
        "planned_requests",
        "peak_shoppers_per_s",
        "judged_us",
        "seed",
        "print",
    ] {
        assert_eq!(
            facts(&folder, "cut")[kept],
            facts(&folder, "one")[kept],
            "{kept}"
        );
    }
    for (cut, one) in list(&judged, "/thresholds")
        .iter()
        .zip(list(&whole, "/thresholds"))
    {
        for same in ["demand", "state", "limit", "count", "values"] {
            assert_eq!(cut[same], one[same], "{same}");
        }
    }
    for (cut, one) in list(&judged, "/slis").iter().zip(list(&whole, "/slis")) {
        assert_eq!(
            (&cut["name"], &cut["valid"], &cut["state"]),
            (&one["name"], &one["valid"], &one["state"])
        );
    }
    let ends: Vec<&str> = list(&judged, "/shards")
        .iter()
        .map(|shard| text(shard, "/end"))
        .collect();
    assert_eq!(ends, ["valid"; 3]);
    assert!(folder.read("cut.html").contains("3 of 3 valid"));

    // From now on the run is known like any other, and to judge it again changes nothing.
    let again = run(&folder, "sli --lake lake --json --run cut --defs any.yaml").json();
    assert_eq!(again["slis"], judged["slis"]);
    let repeated = judge(&folder, "--report cut.html cut.yaml").exits(0).json();
    assert_eq!(repeated, judged);
    assert_eq!(
        list(
            &run(&folder, "lake info --lake lake --json").json(),
            "/runs"
        ),
        ["cut", "one"]
    );
    assert_sound(&folder);
}

#[test]
fn a_missing_shard_and_one_that_was_killed_make_the_run_invalid_and_are_named() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let first = begin(&folder, "1/3", "--start-at +2s");
    let mut killed = begin(&folder, "3/3", "--start-at +2s");
    let (_, stderr) = wait_for_line(&mut killed, "shard 3 of 3 of run cut begins at");
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    drop(stderr);
    wait(first).exits(0);
    let judged = judge(&folder, "").exits(5).json();
    assert_eq!(text(&judged, "/verdict"), "invalid");
    let reasons = reasons(&judged);
    assert!(
        reasons.contains("shard 2 of 3 is missing: it was never started"),
        "{reasons}"
    );
    assert!(
        reasons.contains("shard 3 of 3 is not over: it was started at"),
        "{reasons}"
    );
    assert!(!reasons.contains("shard 1 of 3"), "{reasons}");
    assert_sound(&folder);
}

#[test]
fn a_late_shard_does_not_begin_and_the_run_lacks_it() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    drive(&folder, &["1/2"], "--start-at +1s")
        .remove(0)
        .exits(0);
    let late = run(&folder, &words("2/2", "--start-at +1h")).refuses(5);
    assert!(
        late.err
            .contains("shard 2 of 2 of run `cut` does not begin: the run began at"),
        "{}",
        late.err
    );
    let judged = judge(&folder, "").exits(5).json();
    let reasons = reasons(&judged);
    assert!(reasons.contains("shard 2 of 2 is missing"), "{reasons}");
    assert!(
        reasons.contains("did not begin: late: the run began at"),
        "{reasons}"
    );
    let past = run(
        &folder,
        &words("1/1", "--start-at 2020-01-01T00:00:00Z").replace("--run-id cut", "--run-id past"),
    );
    assert!(
        past.refuses(5)
            .err
            .contains("the run began at 2020-01-01T00:00:00Z")
    );
    assert_sound(&folder);
}

#[test]
fn a_shard_that_is_taken_is_refused_and_named() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let mut first = begin(&folder, "1/1", "--start-at +4s");
    let (_, stderr) = wait_for_line(&mut first, "shard 1 of 1 of run cut begins at");
    let again = run(&folder, &words("1/1", "--start-at +4s")).refuses(2);
    assert!(
        again
            .err
            .contains("shard 1 of 1 of run `cut` does not begin: somebody else took it"),
        "{}",
        again.err
    );
    let whole = run(
        &folder,
        "rehearse cut.yaml --sli-defs any.yaml --lake lake --run-id cut",
    )
    .refuses(2);
    assert!(
        whole
            .err
            .contains("run `cut` is already in the lake, in shards"),
        "{}",
        whole.err
    );
    drop(stderr);
    wait(first).exits(0);
    let judged = judge(&folder, "").exits(5).json();
    assert!(
        reasons(&judged).contains("shard 1 of 1 was started twice"),
        "{judged}"
    );
    // When it is over nothing can go wrong any more, and nothing is noted.
    let over = run(&folder, &words("1/1", "--start-at +4s")).refuses(2);
    assert!(
        over.err.contains("has run already; nothing was sent"),
        "{}",
        over.err
    );
    assert_eq!(judge(&folder, "").exits(5).json(), judged);
    assert_sound(&folder);
}

#[test]
fn a_shard_that_would_do_something_else_is_refused_with_what_differs() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let mut first = begin(&folder, "1/2", "--start-at +4s");
    let (_, stderr) = wait_for_line(&mut first, "begins at");
    let other = surge(&target.base_url(), TRAFFIC).replace("get: /}", "get: /other}");
    folder.write("other.yaml", other);
    let second = words("2/2", "--start-at +4s");
    for (words, expected) in [
        (
            format!("{second} --seed 6"),
            "differs from shard 1 of 2 in: seed (hint",
        ),
        (
            second.replace("cut.yaml", "other.yaml"),
            "differs from shard 1 of 2 in: journeys, scenario file (hint",
        ),
        (
            second.replace("--sli-defs any.yaml", ""),
            "differs from shard 1 of 2 in: SLI set (hint",
        ),
        (
            second.replace("2/2", "3/4"),
            "the run is split into 2 shards, not 4",
        ),
        (second.replace("+4s", &in_an_hour()), "the run starts at "),
    ] {
        let refused = run(&folder, &words).refuses(2);
        assert!(refused.err.contains(expected), "{words}: {}", refused.err);
    }
    drop(stderr);
    wait(first).exits(0);
    let named = reasons(&judge(&folder, "").exits(5).json());
    assert!(
        named.contains("shard 2 of 2 is missing: it was started at"),
        "{named}"
    );
    assert!(
        named.contains("and did not begin: the run starts at"),
        "{named}"
    );
    let other_set = run(&folder, "rehearse --judge cut --lake lake").refuses(3);
    assert!(
        other_set.err.contains("the shards had another SLI set"),
        "{}",
        other_set.err
    );
    let other_file = judge(&folder, "other.yaml").refuses(3);
    assert!(
        other_file
            .err
            .contains("is not the scenario that the shards of run `cut` drove"),
        "{}",
        other_file.err
    );
    assert_sound(&folder);
}

fn in_an_hour() -> String {
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    Timestamp::from_second(later.as_second())
        .expect("a time")
        .to_string()
}

#[test]
fn users_of_a_closed_model_are_shared_out() {
    let target = TargetServer::start();
    let folder = prepared(&target, "{closed: {shoppers: 5, for: 2s}}");
    let thinking = folder
        .read("cut.yaml")
        .replace("{get: ", "{think: {fixed: 300ms}, get: ");
    folder.write("cut.yaml", thinking);
    let ends = drive(&folder, &["1/2", "2/2"], "--start-at +2s");
    let offered = ends
        .into_iter()
        .map(|end| count(&end.exits(0).json(), "/offered_arrivals"));
    let offered: Vec<u64> = offered.collect();
    let judged = judge(&folder, "").json();
    assert_eq!(
        count(&judged, "/offered_arrivals"),
        offered.iter().sum::<u64>()
    );
    let numbers = arrivals(&folder, "cut").into_iter();
    let numbers: BTreeSet<u64> = numbers
        .map(|(shopper, ..)| shopper.parse().expect("a number"))
        .collect();
    assert!((0..5).all(|first| numbers.contains(&first)), "{numbers:?}");
    // Each shopper has one request: nobody has the number of another.
    assert_eq!(numbers.len() as u64, count(&judged, "/requests"));
}

#[test]
fn what_is_done_to_the_target_is_done_by_the_first_shard_only() {
    let target = TargetServer::start();
    let folder = prepared(&target, TRAFFIC);
    let drills = "drills: [{id: new-version, at: 1s, deploy: v2}]\nproducts:";
    folder.write(
        "cut.yaml",
        folder.read("cut.yaml").replace("products:", drills),
    );
    for end in drive(&folder, &["1/2", "2/2"], "--start-at +2s") {
        end.exits(0);
    }
    let judged = judge(&folder, "").json();
    let drilled: Vec<&str> = list(&judged, "/drills")
        .iter()
        .map(|drill| text(drill, "/id"))
        .collect();
    assert_eq!(drilled, ["new-version"]);
    assert_eq!(reasons(&judged), "");
}
