//! What a log line says about its sender, once per distinct value.
//!
//! In: the user agent, query, referrer, cookies and address of a request, as logged. Out: whether a
//! person sent it, which advertiser or partner sent that person, a keyed hash of who it was, and
//! the few query parameters that may be kept. Nothing else of these texts survives. Bytes of any
//! kind are taken, and none of it ever fails. Each thread has its own values of these types; what a
//! value remembers is bounded and changes no answer.
//!
//! Reading order: [`Agents`], [`Channels`], [`ShopperKeys`], [`KeptQuery`].

mod agent_list;
mod agents;
mod client_class;

mod channel;
mod referrer;
mod short_text;
mod tags;

mod shopper;
mod sip_hash;

mod kept_query;

pub use agents::{Agent, Agents};
pub use channel::{CHANNEL_BYTES_MAX, CHANNELS_MAX, Channels, OTHER_CHANNEL};
pub use client_class::{Client, ClientClass, client_of};
pub use kept_query::{KEPT_BYTES_MAX, KeptQuery};
pub use referrer::own_site;
pub use shopper::ShopperKeys;
