//! What can be done on the day: turn a channel off, or shed what is too much, and what either costs.
//!
//! In: shares of channels, how long the limit is passed, contacts per lost order. Out: rates that are left,
//! orders and contacts.

use serde::Serialize;

use super::demand::Passing;

/// A share of the orders.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelShare {
    /// The channel; empty where none is known.
    pub name: String,
    /// Its orders.
    pub orders: u64,
    /// Its share of all orders, 0 to 1.
    pub share: f64,
    /// Whether it can be turned off: whoever comes by himself cannot.
    pub can_be_turned_off: bool,
}

/// One channel, turned off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelOff {
    /// The channel; empty where none is known.
    pub name: String,
    /// Its orders in what was looked at.
    pub orders: u64,
    /// Its share of all orders, 0 to 1.
    pub share: f64,
    /// Whether it can be turned off.
    pub can_be_turned_off: bool,
    /// What is left of the least and of the most that is expected, per minute.
    pub left_per_min: [f64; 2],
    /// Whether what is left of the most is at most the limit.
    pub is_enough: bool,
}

/// What is known of shedding.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SheddingPlan {
    /// Contacts per order that is lost, least and most; `None` where nobody knows.
    pub contacts_per_order: Option<[f64; 2]>,
    /// Share of those who were turned away that order later; 0 to 1.
    pub come_back_share: f64,
    /// What an order is worth; `None` where nobody said.
    pub order_value: Option<f64>,
    /// Share of what is carried at the limit that is still carried beyond it when nothing is shed; `None`
    /// where nobody measured it.
    pub goodput_share_unshed: Option<f64>,
}

/// The price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shedding {
    /// Orders that are turned away.
    pub orders_shed: f64,
    /// Their share of what comes while the limit is passed.
    pub share: f64,
    /// Orders that do not come back.
    pub orders_lost: f64,
    /// Predicted contacts, least and most; of learned levels their 90 % interval.
    pub contacts: Option<[f64; 2]>,
    /// The estimate between, where levels were learned.
    pub contacts_expected: Option<f64>,
    /// What the lost orders are worth.
    pub value_lost: Option<f64>,
    /// Orders that would be lost in the same time if nothing were shed.
    pub orders_lost_unshed: Option<f64>,
}

impl SheddingPlan {
    /// What it costs to carry the limit and turn away what is beyond it.
    #[must_use]
    pub fn price(&self, passing: Option<Passing>) -> Shedding {
        let (beyond, offered) =
            passing.map_or((0.0, 0.0), |passing| (passing.beyond, passing.offered));
        let lost = beyond * (1.0 - self.come_back_share);
        let carried = offered - beyond;
        let unshed = self
            .goodput_share_unshed
            .map(|share| offered - carried * share);
        Shedding {
            orders_shed: beyond,
            share: if offered > 0.0 { beyond / offered } else { 0.0 },
            orders_lost: lost,
            contacts: self
                .contacts_per_order
                .map(|range| range.map(|each| each * beyond)),
            contacts_expected: None,
            value_lost: self.order_value.map(|value| value * lost),
            orders_lost_unshed: unshed,
        }
    }
}

/// What is left with each channel off, in the order of the channels.
pub fn channels_off(channels: &[ChannelShare], peaks: [f64; 2], limit: f64) -> Vec<ChannelOff> {
    let rows = channels.iter().map(|channel| {
        let left = peaks.map(|peak| peak * (1.0 - channel.share));
        ChannelOff {
            name: channel.name.clone(),
            orders: channel.orders,
            share: channel.share,
            can_be_turned_off: channel.can_be_turned_off,
            left_per_min: left,
            is_enough: left[1] <= limit,
        }
    });
    rows.collect()
}

/// The fewest channels that together are enough, and of as many the ones with the fewest orders; empty
/// where none must go, or all together would not do.
pub fn smallest_set(channels: &[ChannelShare], peak: f64, limit: f64) -> Vec<String> {
    if peak <= limit {
        return Vec::new();
    }
    let too_much = 1.0 - limit / peak;
    let can = channels.iter().filter(|channel| channel.can_be_turned_off);
    let mut largest: Vec<&ChannelShare> = can.collect();
    largest.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| a.name.cmp(&b.name))
    });
    let mut sum = 0.0;
    let count = largest.iter().position(|channel| {
        sum += channel.share;
        sum >= too_much
    });
    let Some(count) = count else {
        return Vec::new();
    };
    // All but the last are the largest; the last is the smallest that is still enough.
    let mut set: Vec<&ChannelShare> = largest[..count].to_vec();
    let so_far: f64 = set.iter().map(|channel| channel.share).sum();
    let enough = largest[count..].iter().rev();
    set.extend(
        enough
            .copied()
            .find(|channel| so_far + channel.share >= too_much),
    );
    set.into_iter()
        .map(|channel| channel.name.clone())
        .collect()
}
