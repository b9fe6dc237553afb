//! Everybody who is in the shop at a moment, in the order in which their requests are logged.
//!
//! In: arrivals, and the end of each request. Out: one session after the other whose request is to
//! be logged next. It holds only the visits under way, so its size does not grow with the days: at
//! the largest plan about half a million visits of 200 bytes.

use super::arrivals::{Arrivals, Rhythm};
use super::random::{Purpose, RandomStream};
use super::request::Client;
use super::session::Session;
use super::visitor::{
    ROBOTS_PER_SHOPPER, Visitor, click_id, other_address, other_visitor, shopper_address,
    user_agent,
};
use super::world::World;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A line is at most this much out of order; nginx workers that buffer their log do the same.
pub const DISORDER_US_MAX: u64 = 2_000_000;
const DISORDER_SHARE: f64 = 0.03;

/// The visits under way and those that are about to begin.
#[derive(Debug)]
pub struct Crowd {
    world: World,
    shoppers: Arrivals,
    robots: Arrivals,
    shoppers_seen: u64,
    sessions: Vec<Session>,
    /// Places in `sessions` whose visit is over.
    free: Vec<u32>,
    /// When the request of each session is logged, and its place.
    due: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Crowd {
    /// An empty shop at the start of the traffic.
    pub fn new(world: World, seed: u64) -> Self {
        let arrivals = |purpose, rhythm, per_shopper| {
            Arrivals::new(
                RandomStream::new(seed, purpose),
                rhythm,
                per_shopper,
                &world.traffic,
            )
        };
        let shoppers = arrivals(Purpose::ShopperArrivals, Rhythm::Hourly, 1.0);
        let robots = arrivals(Purpose::RobotArrivals, Rhythm::Steady, ROBOTS_PER_SHOPPER);
        Self {
            world,
            shoppers,
            robots,
            shoppers_seen: 0,
            sessions: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
        }
    }

    /// Calls `log` for every request that ends before `midnight_us`, in the order of the log.
    ///
    /// # Errors
    /// The first error of `log`, after which the crowd is of no more use.
    pub fn log_until<E>(
        &mut self,
        midnight_us: i64,
        mut log: impl FnMut(&mut Session) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let due_us = self
                .due
                .peek()
                .map_or(i64::MAX, |Reverse((due_us, _))| *due_us);
            let arrival_us = self.shoppers.next_us().min(self.robots.next_us());
            if due_us.min(arrival_us) >= midnight_us {
                return Ok(());
            }
            if arrival_us <= due_us {
                self.admit();
            } else if let Some(Reverse((_, place))) = self.due.pop() {
                let session = &mut self.sessions[place as usize];
                log(session)?;
                if session.advance(&mut self.world) {
                    self.schedule(place);
                } else {
                    self.free.push(place);
                }
            }
        }
    }

    /// Lets in whoever arrives next.
    fn admit(&mut self) {
        let (visitor, start_us) = if self.shoppers.next_us() <= self.robots.next_us() {
            let start_us = self.shoppers.next_us();
            self.shoppers.advance(&self.world.traffic);
            (Visitor::Shopper, start_us)
        } else {
            let start_us = self.robots.next_us();
            self.robots.advance(&self.world.traffic);
            (other_visitor(&mut self.world.random), start_us)
        };
        let client = self.client(visitor);
        let session = Session::begin(client, start_us, &mut self.world);
        let place = self.place(session);
        self.schedule(place);
    }

    fn client(&mut self, visitor: Visitor) -> Client {
        let random = &mut self.world.random;
        let number = self.shoppers_seen;
        let address = if visitor == Visitor::Shopper {
            self.shoppers_seen += 1;
            shopper_address(number, random)
        } else {
            other_address(visitor, random)
        };
        let user_agent = user_agent(visitor, random);
        Client {
            visitor,
            address,
            user_agent,
            click_id: click_id(number, random),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "far fewer than 2^32 visits at a time"
    )]
    fn place(&mut self, session: Session) -> u32 {
        if let Some(place) = self.free.pop() {
            self.sessions[place as usize] = session;
            return place;
        }
        self.sessions.push(session);
        (self.sessions.len() - 1) as u32
    }

    /// A line is logged when its request ends, or a little later, but never after the midnight that
    /// follows its end: every file holds exactly the requests that end on its day.
    fn schedule(&mut self, place: u32) {
        let end_us = self.sessions[place as usize].request.end_us();
        let random = &mut self.world.random;
        let delay_us = if random.chance(DISORDER_SHARE) {
            random.below(DISORDER_US_MAX)
        } else {
            0
        };
        let late_us = end_us + i64::try_from(delay_us).unwrap_or(0);
        let traffic = &self.world.traffic;
        let midnight_us = traffic.midnight_us(traffic.day_index(end_us) + 1);
        self.due
            .push(Reverse((late_us.min(midnight_us - 1), place)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::catalogue::Catalogue;
    use crate::simulate::traffic::Traffic;
    use jiff::civil::date;

    #[test]
    fn the_crowd_holds_the_visits_under_way_and_does_not_grow_with_the_days() {
        let dates = [2, 3, 4, 5].map(|day| date(2026, 11, day));
        let world = World {
            traffic: Traffic::new(0, &dates, 5_000),
            incidents: Vec::new(),
            catalogue: Catalogue::new(),
            random: RandomStream::new(1, Purpose::Behaviour),
        };
        let midnights_us = (1..=dates.len()).map(|day| world.traffic.midnight_us(day));
        let midnights_us: Vec<_> = midnights_us.collect();
        let mut crowd = Crowd::new(world, 1);
        for midnight_us in midnights_us {
            crowd
                .log_until(midnight_us, |_| Ok::<_, ()>(()))
                .expect("nothing fails");
            assert!(crowd.sessions.len() < 60, "{}", crowd.sessions.len());
        }
        assert!(crowd.shoppers_seen > 19_000);
        assert!(size_of::<Session>() <= 200);
    }
}
