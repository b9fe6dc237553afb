//! Visits on a wire without a network, whose clock goes on by a millisecond with every answer.

use std::cell::{Cell, RefCell};
use std::path::Path;

use hyper::header::HeaderValue;

use super::*;
use crate::declared_files::parse;
use crate::scenario::{Arrivals, resolve};

/// What the target says to the request with this number.
type Script = fn(usize) -> (u16, &'static [(&'static str, &'static str)]);

struct Loopback {
    plan: Arc<DrillPlan>,
    base_url: Url,
    origin: Instant,
    now_us: Cell<i64>,
    script: Script,
    sent: RefCell<Vec<String>>,
    under_way: Cell<usize>,
    most_under_way: Cell<usize>,
    records: RefCell<Vec<DrillRecord>>,
}

impl Loopback {
    /// The only step is `step`, of a shopper with these habits.
    fn new(step: &str, habits: &str, script: Script) -> Self {
        let text = format!(
            "name: visits\ntarget: {{base_url: 'http://127.0.0.1:9'}}\ntraffic: {{closed: {{shoppers: 1, for: 1m}}}}\nshoppers: [{{name: one, share: 1, journey: only{habits}}}]\njourneys: {{only: [{step}]}}\n"
        );
        let declared = parse(Path::new("scenario.yaml"), text.as_bytes(), &|_| None);
        let declared = declared.unwrap_or_else(|error| panic!("{error}"));
        let plan = resolve(&declared).unwrap_or_else(|error| panic!("{error}"));
        Self {
            plan: Arc::new(plan),
            base_url: Url::parse("http://127.0.0.1:9").unwrap(),
            origin: Instant::now(),
            now_us: Cell::new(0),
            script,
            sent: RefCell::default(),
            under_way: Cell::new(0),
            most_under_way: Cell::new(0),
            records: RefCell::default(),
        }
    }

    fn shopper(&self, number: u64) -> Box<Shopper> {
        let arrival = Arrivals::whoever_comes(&self.plan, number, self.now_us.get());
        Box::new(Shopper::new(&self.plan, arrival).unwrap())
    }

    /// The whole visit of a shopper who thinks in no time.
    async fn visit(&self) -> Leave {
        let mut shopper = self.shopper(0);
        loop {
            self.now_us.set(shopper.due_us.max(self.now_us.get()));
            match step(self, shopper).await {
                After::Thinks(thinking) => shopper = thinking,
                After::Left(leave) => return leave,
            }
        }
    }
}

impl Wire for Loopback {
    fn plan(&self) -> &Arc<DrillPlan> {
        &self.plan
    }

    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn now_us(&self) -> i64 {
        self.now_us.get()
    }

    fn moment(&self, _: i64) -> Instant {
        self.origin
    }

    async fn send(&self, outgoing: &mut Outgoing, _: u64, _: bool) -> Answer {
        let number = self.sent.borrow().len();
        self.sent.borrow_mut().push(outgoing.path.clone());
        self.under_way.set(self.under_way.get() + 1);
        let most = self.most_under_way.get().max(self.under_way.get());
        self.most_under_way.set(most);
        tokio::task::yield_now().await;
        self.under_way.set(self.under_way.get() - 1);
        self.now_us.set(self.now_us.get() + 1_000);
        let (status, said) = (self.script)(number);
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            headers.append(*name, HeaderValue::from_static(value));
        }
        Answer {
            status,
            error: None,
            headers,
            body: Vec::new(),
            bytes_out: 0,
            first_byte_us: Some(self.now_us.get()),
            is_new_connection: false,
        }
    }

    fn record(&self, record: DrillRecord) {
        self.records.borrow_mut().push(record);
    }

    fn route_of(&self, path: &str) -> Arc<str> {
        path.into()
    }
}

#[tokio::test]
async fn an_asset_is_due_when_one_of_six_slots_is_free_for_it() {
    let paths: Vec<String> = (0..20).map(|number| format!("/{number}.css")).collect();
    let step = format!("{{get: /, assets: [{}]}}", paths.join(", "));
    let wire = Loopback::new(&step, "", |_| (200, &[]));
    assert_eq!(wire.visit().await, Leave::Completed);
    assert_eq!(wire.most_under_way.get(), ASSETS_AT_ONCE);
    assert_eq!(wire.sent.borrow()[1..], paths);
    let records = wire.records.borrow();
    assert_eq!(records.len(), 21);
    let page_done_us = records[0].done_us;
    let mut due: Vec<i64> = records[1..].iter().map(|record| record.due_us).collect();
    due.sort_unstable();
    let mut free = vec![page_done_us; ASSETS_AT_ONCE];
    free.extend(records[1..15].iter().map(|record| record.done_us));
    assert_eq!(due, free);
    let late = records
        .iter()
        .filter(|record| record.sent_us != record.due_us);
    assert_eq!(late.count(), 0, "{records:?}");
}

#[tokio::test]
async fn a_redirect_that_retries_name_is_asked_again_and_not_followed() {
    const AWAY: &[(&str, &str)] = &[("location", "/away")];
    for (on, redirects, paths) in [
        ("302", "follow", "/ / /"),
        ("3xx", "stop", "/ / /"),
        ("307", "follow", "/ /away /away"),
        ("307", "stop", "/"),
    ] {
        // The redirect has nothing to take: nobody looks.
        let take = if on == "307" {
            ""
        } else {
            ", take: {done: {header: x-done}}"
        };
        let step = format!("{{get: /, redirects: {redirects}{take}}}");
        let habits = format!(", retries: {{on: ['{on}'], times: 3}}");
        let wire = Loopback::new(&step, &habits, |number| match number {
            0 | 1 => (302, AWAY),
            _ => (200, &[("x-done", "1")]),
        });
        assert_eq!(wire.visit().await, Leave::Completed);
        assert_eq!(wire.sent.borrow().join(" "), paths, "{on} {redirects}");
        let records = wire.records.borrow();
        assert!(
            records.iter().all(|record| record.error.is_none()),
            "{records:?}"
        );
        let attempts: Vec<u16> = records.iter().map(|record| record.attempt).collect();
        assert!(on == "307" || attempts == [0, 1, 2], "{attempts:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_once_no_attempt_is_left() {
    const AWAY: &[(&str, &str)] = &[("location", "/away")];
    let habits = ", retries: {on: ['302'], times: 1}";
    let wire = Loopback::new(
        "{get: /, redirects: follow}",
        habits,
        |number| match number {
            0 | 1 => (302, AWAY),
            _ => (200, &[]),
        },
    );
    assert_eq!(wire.visit().await, Leave::Completed);
    assert_eq!(*wire.sent.borrow(), ["/", "/", "/away"]);
}

#[tokio::test]
async fn what_redirects_say_is_taken_as_what_the_last_answer_says() {
    let steps = "{post: /login, redirects: follow, take: {x: {cookie: xsrf}, co: {header: location, regex: '/co/([^?]+)'}}},
        {get: '/next/{x}/{co}'}";
    let wire = Loopback::new(steps, "", |number| match number {
        0 => (
            302,
            &[("location", "/co/0d9f?step=1"), ("set-cookie", "xsrf=old")],
        ),
        1 => (
            303,
            &[("location", "/home"), ("set-cookie", "xsrf=fresh; Path=/")],
        ),
        _ => (200, &[]),
    });
    assert_eq!(wire.visit().await, Leave::Completed);
    assert_eq!(
        *wire.sent.borrow(),
        ["/login", "/co/0d9f?step=1", "/home", "/next/fresh/0d9f"]
    );
}

#[test]
fn what_retry_after_says_is_cut_to_an_hour() {
    let hour = Some(RETRY_AFTER_US_MAX);
    for (text, expected) in [
        ("0", Some(0)),
        (" 5 ", Some(5_000_000)),
        ("3600", hour),
        ("3601", hour),
        ("99999999999", hour),
        ("999999999999999999999999", hour),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Fri, 01 Jan 2990 00:00:00 GMT", hour),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(told_us(text), expected, "{text}");
    }
}

#[tokio::test]
async fn whoever_is_told_when_to_come_back_comes_then_or_a_little_later() {
    for (wait, honour, from_us, to_us) in [
        ("{fixed: 1s}", "honour", 5_000_000, 5_000_000),
        ("{fixed: 7s}", "honour", 7_000_000, 7_000_000),
        ("{from: 1s, to: 3s}", "honour", 5_000_000, 7_000_000),
        ("{from: 1s, to: 3s}", "ignore", 1_000_000, 3_000_000),
        ("{mean: 1s, max: 9s}", "honour", 5_000_000, 14_000_000),
    ] {
        let habits =
            format!(", retries: {{on: ['503'], times: 1, wait: {wait}, retry_after: {honour}}}");
        let wire = Loopback::new("{get: /}", &habits, |_| (503, &[("retry-after", "5")]));
        let mut waits = Vec::new();
        for number in 0..50 {
            let After::Thinks(shopper) = step(&wire, wire.shopper(number)).await else {
                panic!("{number} does not try again");
            };
            waits.push(shopper.due_us - wire.now_us());
        }
        let is_told = |wait_us: &i64| (from_us..=to_us).contains(wait_us);
        assert!(waits.iter().all(is_told), "{wait} {honour}: {waits:?}");
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(waits.len() > 40, from_us < to_us, "{wait}: {waits:?}");
    }
}
