//! Before the first shopper: may this host be driven, does it answer, can this machine do it?

mod capacity;

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use thiserror::Error;
use url::Url;

use super::health::Machine;
use crate::scenario::{DrillPlan, is_loopback};

/// How long the target may take to accept a connection before the run.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
        "{wanted} connections at once need as many file descriptors, this process may have {limit} (hint: `ulimit -n {needed}`, or lower `limits.in_flight`)"
    )]
    Descriptors {
        /// Connections that may be open.
        wanted: u64,
        /// The limit of the process.
        limit: u64,
        /// What would be enough.
        needed: u64,
    },
    /// Too few ports for the connections that the scenario asks for.
    #[error(
        "about {wanted} connections hold a port at the peak, {held_s} s longer than they are open, and this machine has {limit} (hint: widen `net.ipv4.ip_local_port_range`, name more `source_addresses`, or let shoppers share connections: `connections: pooled`)"
    )]
    Ports {
        /// Connections that hold a port at the peak.
        wanted: u64,
        /// For how long a closed one holds it, seconds.
        held_s: u64,
        /// Ports of this machine, for all source addresses.
        limit: u64,
    },
    /// Too little memory for the shoppers that the scenario asks for.
    #[error(
        "about {shoppers} shoppers at once need {needed_mb} MB of memory, this machine has {available_mb} MB left (hint: a larger machine, fewer shoppers per second, or shorter think times)"
    )]
    Memory {
        /// Shoppers in the shop at the peak.
        shoppers: u64,
        /// What they take.
        needed_mb: u64,
        /// What is left.
        available_mb: u64,
    },
    /// Connections cannot come from there.
    #[error(
        "source address `{address}` is not one of this machine: {source} (hint: `ip addr` lists them)"
    )]
    SourceAddress {
        /// The address.
        address: IpAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Refuses what cannot or must not work; says what may not.
///
/// # Errors
/// The first reason found; nothing but one TCP connection was made.
pub fn preflight(plan: &DrillPlan, base_url: &Url) -> Result<Vec<String>, PreflightError> {
    let host = base_url.host_str().unwrap_or_default();
    if !is_loopback(host) && !plan.hosts_allowed.iter().any(|allowed| allowed == host) {
        return Err(PreflightError::HostNotAllowed(host.to_owned()));
    }
    check_source_addresses(plan)?;
    let addresses = addresses(plan, base_url)?;
    let warnings = capacity::check(plan, &addresses, &Machine::this())?;
    let mut refusal = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(warnings),
            Err(error) => refusal = error,
        }
    }
    Err(PreflightError::Unreachable {
        url: base_url.clone(),
        source: refusal,
    })
}

/// Where connections go: to the target, to where the scenario says it is, or to the proxy.
pub(super) fn addresses(
    plan: &DrillPlan,
    base_url: &Url,
) -> Result<Vec<SocketAddr>, PreflightError> {
    let host = base_url.host_str().unwrap_or_default();
    let port = base_url.port_or_known_default().unwrap_or(80);
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let (bare_host, port) = match &plan.transport.proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (bare_host, port),
    };
    let mut told = plan.transport.resolve.iter();
    let told = told.find(|told| told.host == bare_host && told.port == port);
    if let Some(told) = told {
        return Ok(vec![told.address]);
    }
    let found = (bare_host, port).to_socket_addrs();
    let found = found.map_err(|source| PreflightError::Unresolvable {
        host: bare_host.to_owned(),
        source,
    })?;
    Ok(found.collect())
}

/// Whether sockets can be bound to them; nothing is sent.
fn check_source_addresses(plan: &DrillPlan) -> Result<(), PreflightError> {
    for address in &plan.transport.source_addresses {
        UdpSocket::bind(SocketAddr::new(*address, 0)).map_err(|source| {
            PreflightError::SourceAddress {
                address: *address,
                source,
            }
        })?;
    }
    Ok(())
}
