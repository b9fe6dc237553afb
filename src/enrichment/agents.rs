//! What a user agent says, once per distinct one: its class, and its part of the shopper's hash.

use super::client_class::{Client, client_of};
use super::shopper::ShopperKeys;
use crate::memo::Memo;

/// What is known of a user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Who it is.
    pub client: Client,
    /// [`ShopperKeys::agent_hash`] of it.
    pub hash: u64,
}

/// Knows user agents. Each thread has its own.
#[derive(Debug, Clone, Default)]
pub struct Agents {
    memo: Memo<Agent>,
}

impl Agents {
    /// What `user_agent` says, with hashes under `keys`, which must be the same for every call.
    pub fn agent(&mut self, user_agent: &[u8], keys: &ShopperKeys) -> &Agent {
        self.memo.answer(user_agent, || Agent {
            client: client_of(user_agent),
            hash: keys.agent_hash(user_agent),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_agent_is_the_same_with_and_without_memory(agent in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let keys = ShopperKeys::new(&[7; 32], Vec::new());
            let mut agents = Agents::default();
            let first = agents.agent(&agent, &keys).clone();
            prop_assert_eq!(agents.agent(&agent, &keys), &first);
            prop_assert_eq!(first.client, client_of(&agent));
        }
    }
}
