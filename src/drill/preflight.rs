//! Before the first shopper: may this host be driven, does it answer, can this machine do it?

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::scenario::{DrillPlan, is_loopback};

/// How long the target may take to accept a connection before the run.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// File descriptors that are needed besides one per request under way.
const DESCRIPTORS_BESIDES: u64 = 256;

/// Why a run must not begin.
#[derive(Debug, Error)]
pub enum PreflightError {
    /// Nobody said that this host may be load-tested.
    #[error(
        "host `{0}` is not in `hosts_allowed` (hint: if you may load-test it, add it to `target.hosts_allowed` of the scenario)"
    )]
    HostNotAllowed(String),
    /// The name has no address.
    #[error("host `{host}` has no address: {source} (hint: check the spelling, and the network)")]
    Unresolvable {
        /// The host.
        host: String,
        /// What the resolver said.
        source: std::io::Error,
    },
    /// Nothing accepts connections there.
    #[error("`{url}` does not answer: {source} (hint: is it started, and is the port right?)")]
    Unreachable {
        /// The target.
        url: Url,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Too few file descriptors.
    #[error(
        "{wanted} requests under way at once need as many file descriptors, this process may have {limit} (hint: `ulimit -n {needed}`, or lower `limits.in_flight`)"
    )]
    Descriptors {
        /// Requests that may be under way.
        wanted: usize,
        /// The limit of the process.
        limit: u64,
        /// What would be enough.
        needed: u64,
    },
}

/// Refuses what cannot or must not work.
///
/// # Errors
/// The first reason found; nothing but one TCP connection was made.
pub fn preflight(plan: &DrillPlan, base_url: &Url) -> Result<(), PreflightError> {
    let host = base_url.host_str().unwrap_or_default();
    if !is_loopback(host) && !plan.hosts_allowed.iter().any(|allowed| allowed == host) {
        return Err(PreflightError::HostNotAllowed(host.to_owned()));
    }
    check_descriptors(plan.limits.in_flight)?;
    let port = base_url.port_or_known_default().unwrap_or(80);
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let (bare_host, port) = match &plan.transport.proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (bare_host, port),
    };
    let mut told = plan.transport.resolve.iter();
    let told = told.find(|told| told.host == bare_host && told.port == port);
    let addresses = match told {
        Some(told) => vec![told.address],
        None => (bare_host, port)
            .to_socket_addrs()
            .map_err(|source| PreflightError::Unresolvable {
                host: bare_host.to_owned(),
                source,
            })?
            .collect(),
    };
    let mut refusal = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => refusal = error,
        }
    }
    Err(PreflightError::Unreachable {
        url: base_url.clone(),
        source: refusal,
    })
}

/// Raises the soft limit as far as it goes, and refuses if that is too little.
fn check_descriptors(in_flight: usize) -> Result<(), PreflightError> {
    let needed = in_flight as u64 + DESCRIPTORS_BESIDES;
    // Where the limit cannot be read there is none to fear.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    if limit < needed {
        return Err(PreflightError::Descriptors {
            wanted: in_flight,
            limit,
            needed,
        });
    }
    Ok(())
}
