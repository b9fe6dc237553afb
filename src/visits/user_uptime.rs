//! Windowed user-uptime: the share of the time shoppers used the shop in which it worked for them.
//!
//! T. Hauer, P. Hoffmann, J. Lunney, D. Ardelean, A. Diwan, "Meaningful Availability", NSDI 2020.
//! A shopper's request labels the time after it, until the next request but at most for the
//! cutoff, as up when it went well and as down when it did not; beyond the cutoff the shopper was
//! not there. User-uptime = Σ up ÷ Σ (up + down) over all shoppers. The last request of a shopper
//! labels the whole cutoff, which the end of the range cuts off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::local_days::LocalDays;
use super::pass::Question;
use super::plan::Predicate;
use super::series_labels::Label;
use super::sorted_visits::Visit;
use crate::time_window::TimeWindow;

/// What is asked.
#[derive(Debug, Clone)]
pub struct UptimePlan {
    /// Its name, for whoever reads the result.
    pub name: String,
    /// Which requests tell whether the shop worked.
    pub valid: Predicate,
    /// Which of these say that it did not.
    pub bad: Predicate,
    /// A shopper who made no such request for longer was not there, µs.
    pub cutoff_us: i64,
    /// Length of the smallest window, µs, at least 1; windows begin at multiples of it.
    pub base_us: i64,
}

/// Uptime and downtime of all shoppers, additive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserUptime {
    /// Name of the plan.
    pub name: String,
    /// Length of a window, µs.
    pub base_us: i64,
    /// Oldest first; windows in which nobody was there are left out.
    pub windows: Vec<UptimeWindow>,
    /// Shoppers, each once per local day.
    pub shopper_days: u64,
    /// Σ up² over shopper-days, µs².
    pub up_squares_us2: u128,
    /// Σ up × (up + down) over shopper-days, µs².
    pub up_products_us2: u128,
    /// Σ (up + down)² over shopper-days, µs².
    pub all_squares_us2: u128,
}

/// One window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UptimeWindow {
    /// Its first µs, UTC.
    pub start_us: i64,
    /// Time in which it worked, over all shoppers, µs.
    pub up_us: u64,
    /// Time in which it did not, over all shoppers, µs.
    pub down_us: u64,
}

impl UptimeWindow {
    /// User-uptime of this window, 0 to 1; `None` when nobody was there.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        share(self.up_us, self.down_us)
    }
}

impl UserUptime {
    /// Uptime over all shoppers, µs.
    #[must_use]
    pub fn up_us(&self) -> u64 {
        self.windows.iter().map(|window| window.up_us).sum()
    }

    /// Downtime over all shoppers, µs.
    #[must_use]
    pub fn down_us(&self) -> u64 {
        self.windows.iter().map(|window| window.down_us).sum()
    }

    /// User-uptime, 0 to 1; `None` when nobody was there.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        share(self.up_us(), self.down_us())
    }

    /// As many independent draws as [`Self::value`] is worth, at most one per shopper-day; `None`
    /// below 2 shopper-days.
    ///
    /// The time of one shopper on one day is taken as one draw: the variance is that of a ratio
    /// of sums over shopper-days (delta method; W. G. Cochran, "Sampling Techniques", 3rd edition,
    /// section 6.3). It gives the number of independent draws with the same variance (E. L. Korn and
    /// B. I. Graubard, 1998), for which an interval can be named that has a width where nothing was
    /// ever down. A shopper on several days counts as several shoppers.
    #[must_use]
    pub fn draws(&self) -> Option<f64> {
        let value = self.value().filter(|_| self.shopper_days >= 2)?;
        let total = number(u128::from(self.up_us()) + u128::from(self.down_us()));
        let all = number(self.all_squares_us2);
        let (up, product) = (number(self.up_squares_us2), number(self.up_products_us2));
        let residues = (up - 2.0 * value * product + value * value * all).max(0.0);
        let draws = number(u128::from(self.shopper_days));
        let variance = residues / (total * total) * draws / (draws - 1.0);
        let even_draws = total * total / all;
        let effective = value * (1.0 - value) / variance;
        let is_usable = effective.is_finite() && effective > 0.0;
        Some(if is_usable {
            effective.min(draws)
        } else {
            even_draws
        })
    }

    /// Adds another range.
    pub fn merge(&mut self, other: &Self) {
        let mut windows: BTreeMap<i64, UptimeWindow> = BTreeMap::new();
        for window in self.windows.iter().chain(&other.windows) {
            let sum = windows.entry(window.start_us).or_insert(UptimeWindow {
                start_us: window.start_us,
                up_us: 0,
                down_us: 0,
            });
            sum.up_us += window.up_us;
            sum.down_us += window.down_us;
        }
        self.windows = windows.into_values().collect();
        self.shopper_days += other.shopper_days;
        self.up_squares_us2 += other.up_squares_us2;
        self.up_products_us2 += other.up_products_us2;
        self.all_squares_us2 += other.all_squares_us2;
    }
}

/// Up ÷ (up + down); `None` when both are 0.
pub fn share(up_us: u64, down_us: u64) -> Option<f64> {
    let all_us = u128::from(up_us) + u128::from(down_us);
    (all_us > 0).then(|| number(u128::from(up_us)) / number(all_us))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ratios of sums need no more than 53 bits"
)]
fn number(count: u128) -> f64 {
    count as f64
}

/// Whether a request labels time, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Ignored,
    Up,
    Down,
}

/// Sums of one window, for up and for down.
#[derive(Debug, Clone, Copy, Default)]
struct WindowSums {
    /// Time of those who were so for a part of the window, µs.
    part_us: [u64; 2],
    /// How many more are so for the whole window than were for the whole window before.
    whole_change: [i64; 2],
}

/// Adds up shopper by shopper.
pub struct UptimeWalk {
    plan: UptimePlan,
    range: TimeWindow,
    days: LocalDays,
    /// By label.
    judgements: Vec<Judgement>,
    /// First µs of the first window.
    first_us: i64,
    /// Every window of the range, and one after it.
    windows: Vec<WindowSums>,
    /// Day, and up and down of the shopper at hand on it, µs.
    shopper_day: (usize, [u64; 2]),
    shopper_days: u64,
    squares_us2: [u128; 3],
}

impl UptimeWalk {
    /// Nothing yet.
    pub fn new(plan: &UptimePlan, range: TimeWindow, days: &LocalDays) -> Self {
        assert!(plan.base_us > 0, "a window is at least 1 µs long");
        let first_us = range.start_us.div_euclid(plan.base_us) * plan.base_us;
        let windows = (range.end_us - first_us) / plan.base_us + 2;
        let windows = usize::try_from(windows).unwrap_or(0);
        Self {
            plan: plan.clone(),
            range,
            days: days.clone(),
            judgements: Vec::new(),
            first_us,
            windows: vec![WindowSums::default(); windows],
            shopper_day: (0, [0; 2]),
            shopper_days: 0,
            squares_us2: [0; 3],
        }
    }

    /// Labels the time from `start_us` to `end_us`, cut at the range and at midnight.
    fn add(&mut self, start_us: i64, end_us: i64, side: usize) {
        let mut from_us = start_us.max(self.range.start_us);
        let to_us = end_us.min(self.range.end_us);
        while from_us < to_us {
            let mut day = self.days.day(self.shopper_day.0).window;
            if !day.contains(from_us) {
                self.close_shopper_day();
                self.shopper_day.0 = self.days.index_of(from_us);
                day = self.days.day(self.shopper_day.0).window;
            }
            let piece_end_us = to_us.min(day.end_us);
            self.shopper_day.1[side] += (piece_end_us - from_us).unsigned_abs();
            self.add_to_windows(from_us, piece_end_us, side);
            from_us = piece_end_us;
        }
    }

    /// Adds the parts of the first and the last window, and marks where whole ones begin and end.
    fn add_to_windows(&mut self, from_us: i64, to_us: i64, side: usize) {
        let base_us = self.plan.base_us.unsigned_abs();
        let from_us = (from_us - self.first_us).unsigned_abs();
        let to_us = (to_us - self.first_us).unsigned_abs();
        let (first, last) = (from_us / base_us, to_us / base_us);
        let [from, to] = [first, last].map(|window| usize::try_from(window).unwrap_or(usize::MAX));
        if first == last {
            self.windows[from].part_us[side] += to_us - from_us;
            return;
        }
        self.windows[from].part_us[side] += (first + 1) * base_us - from_us;
        self.windows[to].part_us[side] += to_us - last * base_us;
        self.windows[from + 1].whole_change[side] += 1;
        self.windows[to].whole_change[side] -= 1;
    }

    fn close_shopper_day(&mut self) {
        let [up, down] = self.shopper_day.1.map(u128::from);
        if up + down > 0 {
            self.shopper_days += 1;
            self.squares_us2[0] += up * up;
            self.squares_us2[1] += up * (up + down);
            self.squares_us2[2] += (up + down) * (up + down);
            self.shopper_day.1 = [0; 2];
        }
    }

    /// What came out.
    pub fn finish(self) -> UserUptime {
        let base_us = self.plan.base_us;
        let mut whole = [0_i64; 2];
        let mut windows = Vec::new();
        for (index, sums) in (0_i64..).zip(&self.windows) {
            let [up_us, down_us] = [0, 1].map(|side| {
                whole[side] += sums.whole_change[side];
                sums.part_us[side] + (whole[side] * base_us).unsigned_abs()
            });
            if up_us + down_us > 0 {
                let start_us = self.first_us + index * base_us;
                windows.push(UptimeWindow {
                    start_us,
                    up_us,
                    down_us,
                });
            }
        }
        UserUptime {
            windows,
            name: self.plan.name,
            base_us,
            shopper_days: self.shopper_days,
            up_squares_us2: self.squares_us2[0],
            up_products_us2: self.squares_us2[1],
            all_squares_us2: self.squares_us2[2],
        }
    }
}

impl Question for UptimeWalk {
    fn needs(&self, label: &Label) -> bool {
        self.plan.valid.covers(&label.key)
    }

    fn learn(&mut self, labels: &[Label]) {
        let judge = |label: &Label| match self.plan.valid.covers(&label.key) {
            true if self.plan.bad.covers(&label.key) => Judgement::Down,
            true => Judgement::Up,
            false => Judgement::Ignored,
        };
        self.judgements = labels.iter().map(judge).collect();
    }

    fn walk(&mut self, _shopper: i64, visits: &[Visit]) {
        let mut last: Option<(i64, usize)> = None;
        for visit in visits {
            let side = match self.judgements[visit.label as usize] {
                Judgement::Ignored => continue,
                Judgement::Up => 0,
                Judgement::Down => 1,
            };
            if let Some((last_us, last_side)) = last {
                let cutoff_us = last_us.saturating_add(self.plan.cutoff_us);
                self.add(last_us, visit.ts_us.min(cutoff_us), last_side);
            }
            last = Some((visit.ts_us, side));
        }
        if let Some((last_us, last_side)) = last {
            self.add(
                last_us,
                last_us.saturating_add(self.plan.cutoff_us),
                last_side,
            );
        }
        self.close_shopper_day();
    }
}

#[cfg(test)]
mod tests;
