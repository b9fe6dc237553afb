//! One visit, request by request: pages with their files and calls, think times, retries.
//!
//! In: a client and its arrival, then the end of each request. Out: the next request, already
//! answered, or the end of the visit. There is never more than one request of a session under way.

use super::answer::answer;
use super::catalogue::{dead_product, search_text};
use super::endpoint::Endpoint;
use super::journey::{first_page, next_page};
use super::request::{Client, Landing, Referrer, Request, Target};
use super::traffic::us;
use super::visitor::{Robot, Visitor};
use super::world::World;

/// Think times are log-normal with a mean of 30 s (assumed), and end after half an hour, when most
/// shops end a session.
const THINK_MEDIAN_S: f64 = 18.0;
const THINK_SPREAD: f64 = 1.0;
const THINK_MAX_S: f64 = 1_800.0;
/// Filling in the address takes longer than looking.
const CHECKOUT_THINK_MEDIAN_S: f64 = 40.0;
const RETRY_MEDIAN_S: f64 = 3.0;
const RETRIES_COUNT_MAX: u8 = 2;
const RETRY_PROBABILITY: f64 = 0.5;
const SEARCH_AFTER_NOT_FOUND_PROBABILITY: f64 = 0.6;
/// From one file of a page to the next, and from a redirect to where it leads.
const FOLLOW_MEDIAN_S: f64 = 0.02;
const FOLLOW_SPREAD: f64 = 0.6;
const PAUSE_SPREAD: f64 = 0.5;

const DEAD_LINK_SHARE_SHOPPER: f64 = 0.004;
const DEAD_LINK_SHARE_ROBOT: f64 = 0.03;
/// Stylesheet, script and font come with the first page only; then the browser has them.
const SHARED_FILES: [Endpoint; 3] = [Endpoint::Stylesheet, Endpoint::Script, Endpoint::Font];

/// A visit.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who visits.
    pub client: Client,
    /// The request under way.
    pub request: Request,
    /// The last day whose truth has counted this visitor.
    pub counted_day: Option<u16>,
    /// The last incident whose truth has counted this visitor.
    pub counted_incident: Option<u16>,
    /// Whether the checkout was asked for, which gives the visit an order number.
    pub has_order: bool,
    intent: f64,
    /// What the browser shows: the page whose files are loaded.
    page: Target,
    files_seen: u8,
    files_left: u8,
    retries_left: u8,
}

impl Session {
    /// A visit that begins at `start_us`.
    pub fn begin(client: Client, start_us: i64, world: &mut World) -> Self {
        let (target, referrer) = entry(client.visitor, world);
        let answer = answer(world, client.visitor, target, start_us);
        Self {
            client,
            request: Request {
                target,
                referrer,
                start_us,
                answer,
            },
            counted_day: None,
            counted_incident: None,
            has_order: false,
            intent: world.traffic.intent(start_us),
            page: target,
            files_seen: 0,
            files_left: 0,
            retries_left: RETRIES_COUNT_MAX,
        }
    }

    /// Replaces the request, which has ended, by the next; false at the end of the visit.
    #[must_use]
    pub fn advance(&mut self, world: &mut World) -> bool {
        let next = match self.client.visitor {
            Visitor::Shopper => self.next_of_shopper(world),
            Visitor::Robot(robot) => next_of_robot(robot, world),
            Visitor::TlsStray | Visitor::SilentStray => None,
        };
        let Some(Next {
            target,
            referrer,
            after_s,
        }) = next
        else {
            return false;
        };
        let start_us = self.request.end_us() + us(after_s);
        let answer = answer(world, self.client.visitor, target, start_us);
        self.request = Request {
            target,
            referrer,
            start_us,
            answer,
        };
        true
    }

    fn next_of_shopper(&mut self, world: &mut World) -> Option<Next> {
        let ended = self.request;
        let endpoint = ended.target.endpoint;
        if endpoint.is_file() || endpoint == Endpoint::Stock {
            return self.next_file(world).or_else(|| self.next_page(world));
        }
        if ended.answer.status == 302 {
            let target = some_target(Endpoint::Product, Visitor::Shopper, world);
            return Some(Next {
                target,
                referrer: ended.referrer,
                after_s: follow_s(world),
            });
        }
        if !ended.answer.is_success() {
            return self.after_failure(world);
        }
        self.page = ended.target;
        self.retries_left = RETRIES_COUNT_MAX;
        self.files_left = self.files_of_page(world);
        if endpoint == Endpoint::Product {
            let target = plain(Endpoint::Stock, ended.target.id);
            return Some(self.link(target, follow_s(world)));
        }
        self.next_file(world).or_else(|| self.next_page(world))
    }

    /// Five to nine files with the first page, none to three pictures with the others.
    fn files_of_page(&self, world: &mut World) -> u8 {
        let drawn = if self.files_seen == 0 {
            5 + world.random.below(5)
        } else {
            world.random.below(4)
        };
        u8::try_from(drawn).unwrap_or(0)
    }

    fn next_file(&mut self, world: &mut World) -> Option<Next> {
        self.files_left = self.files_left.checked_sub(1)?;
        let endpoint = SHARED_FILES.get(usize::from(self.files_seen)).copied();
        self.files_seen = self.files_seen.saturating_add(1);
        let target = match endpoint {
            Some(endpoint) => plain(endpoint, 0),
            None => plain(Endpoint::Image, world.catalogue.product(&mut world.random)),
        };
        Some(self.link(target, follow_s(world)))
    }

    fn next_page(&mut self, world: &mut World) -> Option<Next> {
        let endpoint = next_page(self.page.endpoint, self.intent, &mut world.random)?;
        let median_s = match endpoint {
            Endpoint::Checkout => CHECKOUT_THINK_MEDIAN_S,
            _ => THINK_MEDIAN_S,
        };
        let think_s = world
            .random
            .log_normal(median_s, THINK_SPREAD)
            .min(THINK_MAX_S);
        Some(self.link(some_target(endpoint, Visitor::Shopper, world), think_s))
    }

    /// What is not there is searched for; whatever else failed is tried again, at most twice.
    fn after_failure(&mut self, world: &mut World) -> Option<Next> {
        let ended = self.request;
        let after_s = world.random.log_normal(RETRY_MEDIAN_S, THINK_SPREAD);
        if ended.answer.status == 404 {
            let searches = world.random.chance(SEARCH_AFTER_NOT_FOUND_PROBABILITY);
            let target = some_target(Endpoint::Search, Visitor::Shopper, world);
            return searches.then(|| self.link(target, after_s));
        }
        self.retries_left = self.retries_left.checked_sub(1)?;
        let retries = world.random.chance(RETRY_PROBABILITY);
        retries.then_some(Next {
            target: ended.target,
            referrer: ended.referrer,
            after_s,
        })
    }

    fn link(&self, target: Target, after_s: f64) -> Next {
        Next {
            target,
            referrer: Referrer::Page(self.page),
            after_s,
        }
    }
}

struct Next {
    target: Target,
    referrer: Referrer,
    after_s: f64,
}

fn next_of_robot(robot: Robot, world: &mut World) -> Option<Next> {
    let habits = robot.habits();
    let goes_on = world.random.chance(1.0 - 1.0 / habits.requests_mean);
    goes_on.then(|| Next {
        target: target_of_robot(robot, world),
        referrer: Referrer::None,
        after_s: world.random.log_normal(habits.pause_median_s, PAUSE_SPREAD),
    })
}

fn target_of_robot(robot: Robot, world: &mut World) -> Target {
    let endpoint = match (robot, world.random.below(20)) {
        (Robot::UptimeMonitor, _) => Endpoint::Home,
        (Robot::Scanner, 0..12) => Endpoint::WpLogin,
        (Robot::Scanner, _) => Endpoint::DotEnv,
        (Robot::PriceScraper, 0..10) => Endpoint::Stock,
        (Robot::PriceScraper, _) => Endpoint::Product,
        (Robot::Googlebot | Robot::Bingbot | Robot::AhrefsBot, draw) => match draw {
            0 => Endpoint::Robots,
            1 => Endpoint::Home,
            2..=4 => Endpoint::Search,
            5..=6 => Endpoint::Image,
            _ => Endpoint::Product,
        },
    };
    some_target(endpoint, Visitor::Robot(robot), world)
}

/// The first request of a visit. Shares of landings are assumed.
fn entry(visitor: Visitor, world: &mut World) -> (Target, Referrer) {
    match visitor {
        Visitor::TlsStray => (plain(Endpoint::TlsHello, 0), Referrer::None),
        Visitor::SilentStray => (plain(Endpoint::Silence, 0), Referrer::None),
        Visitor::Robot(robot) => (target_of_robot(robot, world), Referrer::None),
        Visitor::Shopper => {
            let endpoint = first_page(&mut world.random);
            let landing = match world.random.below(100) {
                _ if endpoint == Endpoint::Search => Landing::Direct,
                0..35 => Landing::Direct,
                35..60 => Landing::OrganicSearch,
                60..77 => Landing::PaidSearch,
                77..87 => Landing::Newsletter,
                87..94 => Landing::Social,
                _ => Landing::Partner,
            };
            let target = Target {
                landing,
                ..some_target(endpoint, visitor, world)
            };
            (target, Referrer::Outside(landing))
        }
    }
}

/// A target of the kind, with a product or a search text where it needs one.
fn some_target(endpoint: Endpoint, visitor: Visitor, world: &mut World) -> Target {
    let dead_link_share = match visitor {
        Visitor::Robot(_) => DEAD_LINK_SHARE_ROBOT,
        Visitor::Shopper | Visitor::TlsStray | Visitor::SilentStray => DEAD_LINK_SHARE_SHOPPER,
    };
    let id = match endpoint {
        Endpoint::Product if world.random.chance(dead_link_share) => {
            dead_product(&mut world.random)
        }
        Endpoint::Product | Endpoint::Stock | Endpoint::Image => {
            world.catalogue.product(&mut world.random)
        }
        Endpoint::Search => search_text(&mut world.random),
        Endpoint::Home
        | Endpoint::Cart
        | Endpoint::CartAdd
        | Endpoint::Checkout
        | Endpoint::Stylesheet
        | Endpoint::Script
        | Endpoint::Font
        | Endpoint::Robots
        | Endpoint::WpLogin
        | Endpoint::DotEnv
        | Endpoint::TlsHello
        | Endpoint::Silence => 0,
    };
    plain(endpoint, id)
}

fn plain(endpoint: Endpoint, id: u32) -> Target {
    Target {
        endpoint,
        id,
        landing: Landing::Direct,
    }
}

fn follow_s(world: &mut World) -> f64 {
    world.random.log_normal(FOLLOW_MEDIAN_S, FOLLOW_SPREAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::catalogue::Catalogue;
    use crate::simulate::incident::{Incident, IncidentKind};
    use crate::simulate::random::{Purpose, RandomStream};
    use crate::simulate::request::Request;
    use crate::simulate::traffic::Traffic;
    use crate::time_window::TimeWindow;
    use jiff::civil::date;

    /// An ordinary day on which no checkout succeeds.
    fn world() -> World {
        World {
            traffic: Traffic::new(0, &[date(2026, 11, 25)], 1_000),
            incidents: vec![Incident {
                kind: IncidentKind::PaymentOutage,
                window: TimeWindow {
                    start_us: 0,
                    end_us: 86_400_000_000,
                },
                error_share: 1.0,
                latency_factor: 1.0,
            }],
            catalogue: Catalogue::new(),
            random: RandomStream::new(17, Purpose::Behaviour),
        }
    }

    fn visits(visitor: Visitor, count: usize) -> Vec<Vec<Request>> {
        let mut world = world();
        let client = Client {
            visitor,
            address: [10, 0, 0, 1].into(),
            user_agent: "-",
            click_id: 0,
        };
        let mut visit = || {
            let mut session = Session::begin(client, 0, &mut world);
            let mut requests = vec![session.request];
            while session.advance(&mut world) {
                requests.push(session.request);
            }
            requests
        };
        (0..count).map(|_| visit()).collect()
    }

    #[test]
    fn a_request_begins_only_after_the_one_before_it_has_ended() {
        for visit in visits(Visitor::Shopper, 500) {
            assert!(visit.is_sorted_by(|before, after| before.end_us() <= after.start_us));
        }
    }

    #[test]
    fn the_first_page_brings_the_shared_files_and_a_product_asks_for_its_stock() {
        for visit in visits(Visitor::Shopper, 500) {
            let asked = |index: usize| visit.get(index).map(|request| request.target.endpoint);
            if asked(0) == Some(Endpoint::Home) && visit[0].answer.status == 200 {
                assert_eq!([asked(1), asked(2), asked(3)], SHARED_FILES.map(Some));
            }
            for pair in visit.windows(2) {
                let is_shown = pair[0].answer.status == 200;
                if pair[0].target.endpoint == Endpoint::Product && is_shown {
                    assert_eq!(pair[1].target, plain(Endpoint::Stock, pair[0].target.id));
                }
            }
        }
    }

    #[test]
    fn a_failed_checkout_is_tried_three_times_at_most() {
        let is_checkout = |request: &&Request| request.target.endpoint == Endpoint::Checkout;
        let visits = visits(Visitor::Shopper, 5_000);
        let tries = visits
            .iter()
            .map(|visit| visit.iter().filter(is_checkout).count());
        assert_eq!(tries.max(), Some(3));
    }

    #[test]
    fn a_stray_is_one_line_and_robots_load_no_files_of_a_page() {
        assert!(
            visits(Visitor::TlsStray, 20)
                .iter()
                .all(|visit| visit.len() == 1)
        );
        for visit in visits(Visitor::Robot(Robot::PriceScraper), 20) {
            let targets = visit.iter().map(|request| request.target.endpoint);
            assert!(targets.into_iter().all(Endpoint::is_dynamic));
        }
    }
}
