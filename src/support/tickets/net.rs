//! Net contacts: one per order or shopper within a day. Who calls, writes and calls again is one
//! unhappy customer.

use std::collections::HashMap;

use super::Ticket;

/// A contact within this long after another of the same order or shopper belongs to it, µs.
pub const NET_WITHIN_US: i64 = 24 * 3_600_000_000;

/// Marks which tickets are net contacts; they must be in order of time. A ticket that shares its order,
/// user or session with an earlier one belongs to that one's contact for a day from its beginning;
/// tickets with none of these are contacts of their own.
pub fn mark_net(tickets: &mut [Ticket]) {
    // When the contact that a key belongs to began.
    let mut begun_us: HashMap<(u8, i64), i64> = HashMap::new();
    for ticket in tickets {
        let keys = keys(ticket);
        let begun = keys
            .iter()
            .flatten()
            .filter_map(|key| begun_us.get(key))
            .copied();
        let of_contact = begun
            .filter(|begun_us| ticket.created_us - begun_us < NET_WITHIN_US)
            .max();
        ticket.is_net = of_contact.is_none();
        let start_us = of_contact.unwrap_or(ticket.created_us);
        for key in keys.into_iter().flatten() {
            begun_us.insert(key, start_us);
        }
    }
}

fn keys(ticket: &Ticket) -> [Option<(u8, i64)>; 3] {
    [
        ticket.order.map(|hash| (0, hash)),
        ticket.user.map(|hash| (1, hash)),
        ticket.session.map(|hash| (2, hash)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn ticket(hour: i64, order: Option<i64>, user: Option<i64>) -> Ticket {
        Ticket {
            created_us: hour * HOUR_US,
            order,
            user,
            ..Ticket::default()
        }
    }

    fn net(tickets: &[Ticket]) -> Vec<bool> {
        let mut tickets = tickets.to_vec();
        mark_net(&mut tickets);
        tickets.iter().map(|ticket| ticket.is_net).collect()
    }

    #[test]
    fn a_contact_lasts_a_day_from_its_first_ticket() {
        let of = |hour| ticket(hour, Some(1), None);
        assert_eq!(
            net(&[of(0), of(23), of(24), of(47), of(48)]),
            [true, false, true, false, true]
        );
    }

    #[test]
    fn order_and_user_of_one_ticket_are_one_shopper() {
        let tickets = [
            ticket(0, Some(1), None),
            ticket(1, Some(1), Some(7)),
            ticket(2, None, Some(7)),
            ticket(3, None, None),
            ticket(4, None, None),
            ticket(5, Some(2), None),
        ];
        assert_eq!(net(&tickets), [true, false, false, true, true, true]);
    }

    proptest! {
        #[test]
        fn it_is_what_looking_back_one_by_one_finds(
            rows in prop::collection::vec((0_i64..90, prop::option::of(0_i64..4), prop::option::of(0_i64..4)), 0..40)
        ) {
            let mut tickets: Vec<Ticket> = rows.iter().map(|(hour, order, user)| ticket(*hour, *order, *user)).collect();
            tickets.sort_by_key(|ticket| ticket.created_us);
            let found = net(&tickets);
            // Slow: the start of each ticket's contact, looking back over all before for the latest with
            // a key in common.
            let mut starts: Vec<i64> = Vec::new();
            for (index, one) in tickets.iter().enumerate() {
                let latest = |is_same: &dyn Fn(&Ticket) -> bool| (0..index).rev()
                    .find(|before| is_same(&tickets[*before])).map(|before| starts[before]);
                let by_order = latest(&|other| one.order.is_some() && other.order == one.order);
                let by_user = latest(&|other| one.user.is_some() && other.user == one.user);
                let start = [by_order, by_user].into_iter().flatten()
                    .filter(|start| one.created_us - start < NET_WITHIN_US).max();
                prop_assert_eq!(found[index], start.is_none());
                starts.push(start.unwrap_or(one.created_us));
            }
        }
    }
}
