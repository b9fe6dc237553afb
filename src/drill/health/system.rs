//! What Linux says of this process and this machine; nothing where there is no `/proc`.
//!
//! In: the text of files below `/proc` and `/sys`. Out: plain numbers. The parsers are functions of
//! text, so that they are tested without the machine. They are our own because the crates for this
//! read every process, or every socket, for what is a line of a file here.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Units of CPU time in `/proc`: USER_HZ, which is 100 on every Linux that is not built otherwise.
pub const TICKS_PER_S: f64 = 100.0;
/// The files that have a line for every TCP socket.
const SOCKET_FILES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// What a run may use of its machine; `None` where the system does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Files that the process may have open.
    pub descriptors: u64,
    /// How many ports outgoing connections share.
    pub ports: Option<u64>,
    /// Whether a port is free again as soon as its connection is closed.
    pub port_reuse: PortReuse,
    /// Memory that can still be had, bytes.
    pub memory_bytes: Option<u64>,
    /// Cores that the process may use.
    pub cores: usize,
}

/// When the port of a closed connection can be used again: `net.ipv4.tcp_tw_reuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortReuse {
    /// After 60 s.
    Never,
    /// After 1 s, towards any address.
    Always,
    /// After 1 s towards this machine itself, as Linux does where nobody said otherwise.
    Loopback,
}

impl Machine {
    /// This machine, with the limit of open files raised as far as it goes.
    pub fn this() -> Self {
        Self {
            // Where the limit cannot be read there is none to fear.
            descriptors: rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX),
            ports: read("/proc/sys/net/ipv4/ip_local_port_range").and_then(|text| ports(&text)),
            port_reuse: match read("/proc/sys/net/ipv4/tcp_tw_reuse")
                .as_deref()
                .map(str::trim)
            {
                Some("1") => PortReuse::Always,
                Some("2") => PortReuse::Loopback,
                Some(_) | None => PortReuse::Never,
            },
            memory_bytes: memory_bytes(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// What can still be had: of the machine, or of the container if that is less.
fn memory_bytes() -> Option<u64> {
    let of_machine = read("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"))?;
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let of_container = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(limit, used)| limit.saturating_sub(used));
    Some(of_container.map_or(of_machine, |bytes| bytes.min(of_machine)))
}

/// CPU time that this process took, in ticks.
pub fn own_ticks() -> Option<u64> {
    process_ticks(&read("/proc/self/stat")?)
}

/// CPU time of the machine, in ticks: busy, and all.
pub fn machine_ticks() -> Option<(u64, u64)> {
    all_ticks(&read("/proc/stat")?)
}

/// Memory of this process that is in RAM.
pub fn resident_bytes() -> Option<u64> {
    kilobytes(&read("/proc/self/status")?, "VmRSS:")
}

/// Files that this process has open.
pub fn descriptors() -> Option<u64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    // The folder that was just read is one of them.
    u64::try_from(open.saturating_sub(1)).ok()
}

/// TCP sockets of this machine, closed ones that still hold their port among them: more than those
/// towards one target, and cheap to ask for.
pub fn sockets() -> Option<u64> {
    let four = read("/proc/net/sockstat").and_then(|text| socket_count(&text))?;
    let six = read("/proc/net/sockstat6").and_then(|text| socket_count(&text));
    Some(four + six.unwrap_or(0))
}

/// Sockets towards any of `addresses`. A line per socket is read: ask for it now and then only.
pub fn sockets_to(addresses: &[SocketAddr]) -> Option<u64> {
    let files = SOCKET_FILES.iter().filter_map(|path| read(path));
    let counts = files.map(|text| connections_to(&text, addresses));
    counts.reduce(|sum, count| sum + count)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// `utime` and `stime` of proc(5): the 14th and 15th field. The second is a name in brackets that may
/// hold anything, so fields are counted from its end.
fn process_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn all_ticks(stat: &str) -> Option<(u64, u64)> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Option<Vec<u64>> = fields
        .split_ascii_whitespace()
        .take(8)
        .map(|field| field.parse().ok())
        .collect();
    let ticks = ticks.filter(|ticks| ticks.len() >= 5)?;
    let all: u64 = ticks.iter().sum();
    Some((all - ticks[3] - ticks[4], all))
}

/// The value of a line such as `VmRSS:   1234 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1_024)
}

/// How many ports there are from the first number to the last.
fn ports(range: &str) -> Option<u64> {
    let mut ends = range.split_ascii_whitespace();
    let first: u64 = ends.next()?.parse().ok()?;
    let last: u64 = ends.next()?.parse().ok()?;
    (last + 1).checked_sub(first)
}

/// `TCP: inuse 5 orphan 0 tw 2 alloc 10 mem 1`; of IPv6 only what is in use is told.
fn socket_count(sockstat: &str) -> Option<u64> {
    let fields = sockstat
        .lines()
        .find_map(|line| line.strip_prefix("TCP:").or(line.strip_prefix("TCP6:")))?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let pairs = fields.chunks_exact(2);
    let counted = pairs.filter(|pair| matches!(pair[0], "inuse" | "tw"));
    counted.map(|pair| pair[1].parse::<u64>().ok()).sum()
}

/// Lines whose remote address is one of `addresses`.
fn connections_to(table: &str, addresses: &[SocketAddr]) -> u64 {
    let remotes = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_ascii_whitespace().nth(2));
    let found = remotes
        .filter_map(socket_address)
        .filter(|remote| addresses.contains(remote));
    found.count() as u64
}

/// `0100007F:1F90`: words of the address as this machine's integers, and the port.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok();
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (index, quarter) in bytes.chunks_exact_mut(4).enumerate() {
                quarter.copy_from_slice(&word(index * 8)?.to_ne_bytes());
            }
            let six = Ipv6Addr::from(bytes);
            six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_linux_are_read() {
        let stat = "42 (a) b) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 5 0 99 1 2";
        assert_eq!(process_ticks(stat), Some(300));
        assert_eq!(
            all_ticks("cpu  10 1 5 80 4 0 1 0 0 0\ncpu0 1 2 3"),
            Some((17, 101))
        );
        let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t3\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(2_097_152));
        assert_eq!(ports("32768\t60999\n"), Some(28_232));
        let sockstat =
            "sockets: used 9\nTCP: inuse 5 orphan 0 tw 12 alloc 10 mem 1\nUDP: inuse 1\n";
        assert_eq!(socket_count(sockstat), Some(17));
        assert_eq!(socket_count("TCP6: inuse 3\n"), Some(3));
    }

    #[test]
    fn what_is_no_such_file_says_nothing() {
        for text in ["", "x", "cpu", "42 (a", "TCP: inuse x"] {
            assert_eq!(process_ticks(text), None, "{text}");
            assert_eq!(all_ticks(text), None, "{text}");
            assert_eq!(kilobytes(text, "VmRSS:"), None, "{text}");
            assert_eq!(ports(text), None, "{text}");
            assert_eq!(socket_count(text), None, "{text}");
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn only_sockets_towards_the_target_are_counted() {
        let table = "  sl  local_address rem_address   st\n\
             0: 0100007F:1F90 00000000:0000 0A\n\
             1: 0100007F:C350 0100007F:1F90 01\n\
             2: 0100007F:1F90 0100007F:C350 01\n\
             3: 0100007F:C351 0100007F:1F90 06\n\
             4: 00000000000000000000000001000000:C352 00000000000000000000000001000000:1F90 01\n";
        let four = "127.0.0.1:8080".parse().unwrap();
        let six = "[::1]:8080".parse().unwrap();
        assert_eq!(connections_to(table, &[four]), 2);
        assert_eq!(connections_to(table, &[six]), 1);
        assert_eq!(connections_to(table, &[]), 0);
    }
}
