//! What customers called about, as the export's own column of reasons says.
//!
//! In: the tickets that were read. Out: contacts by reason, most first. Which of them an SLI is about nobody
//! knows but the shop: `--reason` learns from those that are named.

use serde::Serialize;

use crate::support::tickets::Tickets;

/// Contacts of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// As the export writes it; `None` of tickets without one.
    pub reason: Option<String>,
    /// Contacts, one per order or shopper within 24 h.
    pub net: u64,
    /// Tickets.
    pub gross: u64,
}

/// Contacts by reason, most net ones first, of as many by name, those without a reason last; empty where the
/// export has no reasons.
pub fn reasons(tickets: &Tickets) -> Vec<ReasonCount> {
    if tickets.reasons.is_empty() {
        return Vec::new();
    }
    let names = tickets.reasons.iter().cloned().map(Some).chain([None]);
    let mut counts: Vec<ReasonCount> = names
        .map(|reason| ReasonCount {
            reason,
            net: 0,
            gross: 0,
        })
        .collect();
    let without = tickets.reasons.len();
    for ticket in &tickets.tickets {
        let index = ticket
            .reason
            .and_then(|reason| usize::try_from(reason).ok());
        if let Some(count) = counts.get_mut(index.unwrap_or(without)) {
            count.net += u64::from(ticket.is_net);
            count.gross += 1;
        }
    }
    counts.retain(|count| count.gross > 0);
    counts.sort_by(|one, other| {
        let key = |count: &ReasonCount| (count.reason.is_none(), std::cmp::Reverse(count.net));
        key(one)
            .cmp(&key(other))
            .then_with(|| one.reason.cmp(&other.reason))
    });
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::tickets::{Account, Ticket};

    #[test]
    fn contacts_are_counted_by_reason_and_those_without_come_last() {
        let ticket = |reason: Option<u32>, is_net: bool| Ticket {
            reason,
            is_net,
            ..Ticket::default()
        };
        let mut tickets = Tickets {
            tickets: vec![
                ticket(Some(0), true),
                ticket(Some(1), true),
                ticket(Some(1), true),
                ticket(Some(1), false),
                ticket(None, true),
                ticket(None, true),
                ticket(None, true),
            ],
            reasons: vec![
                "return".to_owned(),
                "payment".to_owned(),
                "unused".to_owned(),
            ],
            channels: Vec::new(),
            covered_from_us: 0,
            covered_to_us: 1,
            account: Account::default(),
        };
        let found: Vec<_> = reasons(&tickets)
            .into_iter()
            .map(|count| (count.reason, count.net, count.gross))
            .collect();
        assert_eq!(
            found,
            [
                (Some("payment".to_owned()), 2, 3),
                (Some("return".to_owned()), 1, 1),
                (None, 3, 3)
            ]
        );
        tickets.reasons.clear();
        assert!(reasons(&tickets).is_empty());
    }
}
