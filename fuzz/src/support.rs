//! Of support contacts the reader of tickets: the rest reads nothing.

#[path = "../../src/support/tickets/mod.rs"]
pub mod tickets;
