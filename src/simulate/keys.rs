//! What the shop and its log call a visit: session and order number. Tickets carry the same.

use super::random::mix;

/// The value of the session cookie of a visit.
pub fn session_id(click_id: u64) -> String {
    format!("{:016x}", mix(click_id ^ 0x5e55))
}

/// The number of the visit's order, given when the checkout is asked for.
pub fn order_number(click_id: u64) -> String {
    format!("SO-{:011}", mix(click_id ^ 0x0d3) % 100_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_have_keys_of_their_own() {
        let mut keys: Vec<String> = (0..10_000)
            .flat_map(|id| [session_id(id), order_number(id)])
            .collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 20_000);
    }
}
