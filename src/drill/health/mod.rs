//! The generator's own health: what it takes of its machine, second by second.
//!
//! In: what the system says of this process, and what the workers feel of their own lateness. Out: a
//! [`HealthSample`] per second for whoever looks, and a [`GeneratorHealth`] at the end. It runs on a
//! thread of its own and never touches a shopper; whether a run is valid is said in `outcome.rs`.

mod sampler;
mod summary;
mod system;

pub use sampler::Sampler;
pub use summary::{GeneratorHealth, HealthSample, Spread};
pub use system::{Machine, PortReuse};
