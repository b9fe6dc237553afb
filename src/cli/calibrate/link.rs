//! Tickets and the sessions that they name.
//!
//! In: sessions, and tickets with keyed hashes. Out: for each session how long after its start its customer
//! made contact. A ticket belongs to the last session before it of the order, customer or session it names, if
//! that is not longer ago than the horizon.

use super::visits::{VisitOutcome, Visits};
use crate::support::tickets::{Ticket, Tickets};
use crate::support::{LinkedSession, LinkedSessions};

/// The time within which a contact belongs to a session, µs.
pub const HORIZON_US: i64 = 24 * 3_600_000_000;

/// How many tickets name something that the lake knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct LinkCounts {
    /// Net contacts.
    pub contacts: u64,
    /// Those that name an order, a customer or a session.
    pub keyed: u64,
    /// Those of them that the lake knows.
    pub found: u64,
    /// Those of them with a session in the 24 h before.
    pub of_a_session: u64,
}

/// The sessions with their contacts; `None` where they were not kept one by one, or no ticket is known.
pub fn linked(
    visits: Visits,
    tickets: &Tickets,
    measures: &[String],
) -> (LinkCounts, Option<LinkedSessions>) {
    let mut counts = LinkCounts::default();
    let Visits {
        each,
        by_shopper,
        by_order,
        ..
    } = visits;
    let net = || tickets.tickets.iter().filter(|ticket| ticket.is_net);
    counts.contacts = net().count() as u64;
    counts.keyed = net().filter(|ticket| keys(ticket).is_some()).count() as u64;
    let Some(each) = each else {
        return (counts, None);
    };
    let mut delays: Vec<Option<i64>> = vec![None; each.len()];
    for ticket in net() {
        let named = [
            ticket.order.and_then(|hash| by_order.get(&hash)),
            ticket.session.and_then(|hash| by_shopper.get(&hash)),
            ticket.user.and_then(|hash| by_shopper.get(&hash)),
        ];
        counts.found += u64::from(named.iter().any(Option::is_some));
        let candidates = named.into_iter().flatten().flatten().copied();
        if let Some(index) = last_before(candidates, &each, ticket.created_us) {
            counts.of_a_session += 1;
            let delay_us = ticket.created_us - each[index].start_us;
            let known_us = delays[index].get_or_insert(delay_us);
            *known_us = delay_us.min(*known_us);
        }
    }
    if counts.of_a_session == 0 {
        return (counts, None);
    }
    let sessions = each
        .into_iter()
        .zip(delays)
        .map(|(outcome, contact_delay_us)| LinkedSession {
            start_us: outcome.start_us,
            worst: outcome.worst,
            contact_delay_us,
        });
    let linked = LinkedSessions {
        horizon_us: HORIZON_US,
        export_end_us: tickets.covered_to_us,
        measures: measures.to_vec(),
        sessions: sessions.collect(),
        linked_share: share(counts.found, counts.contacts),
    };
    (counts, Some(linked))
}

fn keys(ticket: &Ticket) -> Option<i64> {
    ticket.order.or(ticket.session).or(ticket.user)
}

fn last_before(
    candidates: impl Iterator<Item = usize>,
    each: &[VisitOutcome],
    created_us: i64,
) -> Option<usize> {
    let within = candidates.filter(|index| {
        let age_us = created_us - each[*index].start_us;
        (0..=HORIZON_US).contains(&age_us)
    });
    within.max_by_key(|index| each[*index].start_us)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 tickets")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::tickets::Account;

    const HOUR_US: i64 = 3_600_000_000;

    fn visits(starts_h: &[i64]) -> Visits {
        let each = starts_h.iter().map(|hour| VisitOutcome {
            start_us: hour * HOUR_US,
            worst: vec![Some(0.5)],
        });
        Visits {
            each: Some(each.collect()),
            by_shopper: [(7, vec![0, 1]), (8, vec![2])].into(),
            by_order: [(70, vec![2])].into(),
            ..Visits::default()
        }
    }

    fn tickets(rows: &[(i64, Option<i64>, Option<i64>)]) -> Tickets {
        let ticket = |(hour, session, order): &(i64, Option<i64>, Option<i64>)| Ticket {
            created_us: hour * HOUR_US,
            session: *session,
            order: *order,
            is_net: true,
            ..Ticket::default()
        };
        Tickets {
            tickets: rows.iter().map(ticket).collect(),
            reasons: Vec::new(),
            channels: Vec::new(),
            covered_from_us: 0,
            covered_to_us: 100 * HOUR_US,
            account: Account::default(),
        }
    }

    #[test]
    fn a_ticket_belongs_to_the_last_session_before_it_that_it_names() {
        let rows = [
            (1, Some(7), None),
            (6, Some(7), None),
            (7, Some(7), None),
            (8, Some(9), None),
            (9, None, None),
            (40, None, Some(70)),
        ];
        let (counts, linked) = linked(
            visits(&[0, 5, 10]),
            &tickets(&rows),
            &["checkout".to_owned()],
        );
        let found = LinkCounts {
            contacts: 6,
            keyed: 5,
            found: 4,
            of_a_session: 3,
        };
        assert_eq!(counts, found);
        let linked = linked.expect("some are known");
        let delays: Vec<_> = linked
            .sessions
            .iter()
            .map(|session| session.contact_delay_us.map(|us| us / HOUR_US))
            .collect();
        assert_eq!(
            delays,
            [Some(1), Some(1), None],
            "30 hours are too long ago"
        );
        assert!((linked.linked_share - 4.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn without_a_known_session_there_is_no_linked_tier() {
        let (counts, linked) = linked(visits(&[0, 5, 10]), &tickets(&[(1, Some(3), None)]), &[]);
        assert_eq!((counts.keyed, counts.found, linked), (1, 0, None));
    }
}
