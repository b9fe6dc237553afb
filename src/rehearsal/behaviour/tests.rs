//! Hand-made runs of targets that shed, queue, fail, collapse, recover or not.

use super::*;

/// A target in one-second bins: what was offered, and what became of it.
struct Target {
    bins: Vec<Bin>,
    queue: u64,
    /// Good answers per second that it can give.
    capacity: u64,
}

impl Target {
    fn new(capacity: u64) -> Self {
        Self {
            bins: Vec::new(),
            queue: 0,
            capacity,
        }
    }

    /// Answers at its rate, and refuses what would have to wait for longer than the queue is.
    fn serve(mut self, seconds: usize, offered: u64, queue_max: u64) -> Self {
        for _ in 0..seconds {
            let waiting = self.queue + offered;
            let good = waiting.min(self.capacity);
            let left = waiting - good;
            let refused = left.saturating_sub(queue_max);
            self.queue = left - refused;
            self.bins.push(Bin {
                offered,
                wanted: offered,
                good,
                refused,
                failed: 0,
                median_us: (offered > 4).then(|| 20_000 + self.queue * 1_000_000 / self.capacity),
            });
        }
        self
    }

    /// Fails a share of what is offered, however little it is.
    fn broken(mut self, seconds: usize, offered: u64, failed: u64) -> Self {
        for _ in 0..seconds {
            self.bins.push(Bin {
                offered,
                wanted: offered,
                good: offered - failed,
                refused: 0,
                failed,
                median_us: Some(20_000),
            });
        }
        self
    }

    fn outcome(&self) -> BehaviourOutcome {
        behaviour(&self.bins, 1.0, Some(5_000))
    }

    #[track_caller]
    fn past(&self) -> PastLimit {
        match self.outcome() {
            BehaviourOutcome::Past(past) => past,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_target_that_keeps_up_has_not_reached_its_limit() {
    let target = Target::new(60)
        .serve(15, 20, 300)
        .serve(10, 55, 300)
        .serve(20, 20, 300);
    let BehaviourOutcome::NotReached { peak_per_s } = target.outcome() else {
        panic!("{:?}", target.outcome());
    };
    assert!((peak_per_s - 55.0).abs() < 1e-9);
}

#[test]
fn a_target_with_a_queue_is_slow_at_its_own_rate_and_recovers_when_the_queue_is_empty() {
    let target = Target::new(60)
        .serve(15, 20, 1_000)
        .serve(10, 90, 1_000)
        .serve(30, 20, 1_000);
    let past = target.past();
    assert_eq!(past.behaviours, [Behaviour::Slow]);
    assert_eq!((past.refused, past.failed), (0, 0));
    assert!((past.best_good_per_s - 60.0).abs() < 1e-9);
    assert!((past.peak_per_s - 90.0).abs() < 1e-9);
    assert!((15..=17).contains(&past.knee.bin), "{past:?}");
    assert_eq!(past.lowest_good_per_s, None);
    // 300 wait when the load falls, and 40 a second more than come are answered.
    let Recovered::After { recovery_s, .. } = past.recovered else {
        panic!("{past:?}");
    };
    assert!((5.0..=9.0).contains(&recovery_s), "{recovery_s}");
}

#[test]
fn a_target_that_refuses_at_once_sheds() {
    let target = Target::new(60)
        .serve(15, 20, 2)
        .serve(10, 120, 2)
        .serve(20, 20, 2);
    let past = target.past();
    assert_eq!(past.behaviours, [Behaviour::Shed]);
    assert!(past.refused > 400 && past.failed == 0, "{past:?}");
    assert!((past.best_good_per_s - 60.0).abs() < 1e-9);
    let Recovered::After { recovery_s, .. } = past.recovered else {
        panic!("{past:?}");
    };
    assert!(recovery_s <= 1.0, "{recovery_s}");
}

#[test]
fn a_refusal_that_takes_seconds_is_a_failure() {
    let target = Target::new(60)
        .serve(15, 20, 2)
        .serve(10, 120, 2)
        .serve(20, 20, 2);
    let BehaviourOutcome::Past(past) = behaviour(&target.bins, 1.0, Some(4_000_000)) else {
        panic!("nothing found");
    };
    assert_eq!(past.behaviours, [Behaviour::Failed]);
}

#[test]
fn a_target_that_answers_less_the_more_is_asked_collapses() {
    let mut target = Target::new(60).serve(15, 20, 300).serve(8, 58, 300);
    target.capacity = 15;
    let target = target.serve(12, 140, 200);
    let past = target.past();
    assert_eq!(past.behaviours[0], Behaviour::Collapse, "{past:?}");
    assert!((past.best_good_per_s - 58.0).abs() < 1e-9);
    assert!((past.lowest_good_per_s.unwrap() - 15.0).abs() < 1e-9);
    assert_eq!(past.recovered, Recovered::LoadStayed);
}

#[test]
fn a_target_that_stays_slow_never_recovered() {
    let mut target = Target::new(60).serve(15, 20, 5_000).serve(10, 120, 5_000);
    target.capacity = 20;
    let target = target.serve(20, 20, 5_000);
    let Recovered::Never { watched_s, .. } = target.past().recovered else {
        panic!("{:?}", target.past());
    };
    assert!((18.0..=21.0).contains(&watched_s), "{watched_s}");
}

#[test]
fn errors_at_a_load_that_was_carried_before_are_not_the_load() {
    let target = Target::new(60)
        .serve(30, 40, 300)
        .broken(8, 40, 20)
        .serve(20, 40, 300);
    let BehaviourOutcome::NotTheLoad { first_bin, .. } = target.outcome() else {
        panic!("{:?}", target.outcome());
    };
    assert_eq!(first_bin, 30);
}

#[test]
fn retries_of_what_fails_are_not_the_load() {
    let mut target = Target::new(60)
        .serve(30, 40, 300)
        .broken(8, 120, 60)
        .serve(20, 40, 300);
    for bin in &mut target.bins {
        bin.wanted = 40;
    }
    let BehaviourOutcome::NotTheLoad {
        first_bin,
        strained_per_s,
        carried_per_s,
    } = target.outcome()
    else {
        panic!("{:?}", target.outcome());
    };
    assert_eq!(first_bin, 30);
    assert!((strained_per_s - 40.0).abs() < 1e-9 && (carried_per_s - 40.0).abs() < 1e-9);
}

#[test]
fn errors_at_more_load_than_ever_are_failures() {
    let target = Target::new(60)
        .serve(30, 20, 300)
        .broken(8, 100, 30)
        .serve(20, 20, 300);
    assert_eq!(target.past().behaviours, [Behaviour::Failed]);
}

#[test]
fn one_bad_second_is_an_accident() {
    let target = Target::new(60)
        .serve(15, 20, 300)
        .broken(1, 50, 20)
        .serve(15, 20, 300);
    assert!(matches!(
        target.outcome(),
        BehaviourOutcome::NotReached { .. }
    ));
}

#[test]
fn few_bins_or_requests_tell_nothing() {
    for target in [
        Target::new(60).serve(5, 90, 2),
        Target::new(60).serve(30, 1, 2),
    ] {
        assert_eq!(target.outcome(), BehaviourOutcome::TooFew);
    }
}

#[test]
fn bins_are_long_enough_for_ten_requests_each() {
    for (length_s, requests, expected) in [
        (60.0, 10_000, 1),
        (60.0, 100, 10),
        (3.0, 30, 1),
        (600.0, 100_000, 10),
        (86_400.0, 1_000_000, 1_800),
    ] {
        assert_eq!(bin_s(length_s, requests), expected, "{length_s} {requests}");
    }
}
