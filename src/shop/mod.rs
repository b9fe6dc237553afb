//! The demo shop: a real HTTP server on loopback that saturates as a real shop does.
//!
//! In: a [`ShopPlan`]. Out: a [`Shop`] that answers over HTTP until it is stopped, and its
//! [`ShopCounts`]. Rehearsals practise on it, and so do the tests of the load tester.
//!
//! Service times and limits are declared and waited for, never burnt on the processor, so a
//! rehearsal comes out the same on every machine:
//!
//! ```text
//! request ─ freeze? ─ web queue ─ web worker (service time) ─┬─ page
//!                                                            └─ checkout ─ hold stock ─
//!           payment queue ─ payment worker (payment time) ─ order, or stock and cart given back
//! ```
//!
//! It listens on 127.0.0.1 only, keeps everything in memory and knows nothing of the rest of
//! firedrill.

mod admin;
mod catalogue;
mod fault;
mod fault_board;
mod html;
mod limits;
mod page;
mod pages;
mod plan;
mod server;
mod service;
mod sessions;
mod stock;
#[cfg(test)]
mod test_shopper;
#[cfg(test)]
mod tests;

pub use fault::{
    ErrorShare, FAULT_DELAY_MAX, FAULT_FORMS, FAULT_SPEC_CHARS_MAX, Fault, FaultError, FaultRoute,
};
pub use fault_board::{BoardFull, FaultBoard};
pub use page::Page;
pub use plan::{FAULTS_COUNT_MAX, PlanError, ServiceTimes, ShopPlan};
pub use service::ShopCounts;

use server::Server;
use service::Service;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A shop that is open; dropping it closes it.
#[derive(Debug)]
pub struct Shop {
    server: Server,
    service: Arc<Service>,
}

impl Shop {
    /// Opens a shop on its own thread; it is reachable when this returns.
    ///
    /// # Errors
    /// The plan is out of range, or its port cannot be had.
    pub fn start(plan: &ShopPlan) -> Result<Self, ShopError> {
        plan.check()?;
        let service = Arc::new(Service::new(plan)?);
        let server = Server::start(plan.port, pages::router(Arc::clone(&service)))?;
        Ok(Self { server, service })
    }

    /// Where it listens: 127.0.0.1 and the port, which is never 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Such as `http://127.0.0.1:8080`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What it has counted since it opened; the same as `GET /status`.
    #[must_use]
    pub fn counts(&self) -> ShopCounts {
        self.service.counts()
    }

    /// Its fault switches; the same as `/admin/faults`.
    #[must_use]
    pub fn faults(&self) -> &FaultBoard {
        &self.service.faults
    }

    /// Closes it and returns the last counts. Requests under way may finish for 250 ms; then they
    /// are dropped and the units they hold are given back. Blocks until it is closed, for less
    /// than 500 ms.
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers only want it closed"
    )]
    pub fn stop(mut self) -> ShopCounts {
        self.server.stop();
        self.counts()
    }
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The plan is out of range.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan has too many faults.
    #[error(transparent)]
    Faults(#[from] BoardFull),
    /// Another program listens there.
    #[error("port {port} on 127.0.0.1 is in use (hint: choose another port, or 0 for a free one)")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be had for another reason.
    #[error(
        "cannot listen on 127.0.0.1:{port} (hint: ports below 1024 need rights; 0 is a free one)"
    )]
    Bind {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The system gives no thread or no timer.
    #[error("cannot start the shop's thread")]
    Runtime(#[source] io::Error),
}
