//! Who visits: shoppers, robots, and connections on which nothing sensible is asked.
//!
//! In: random draws and the number of a shopper. Out: the kind of visitor, its address and its user
//! agent. Shoppers have addresses of 10.0.0.0/8 or `2001:db8::/32`, robots of the documentation
//! ranges, so no line names a real client.

use super::random::{RandomStream, mix};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Sessions of robots and strays per shopper, which makes robots 15 % of all requests.
pub const ROBOTS_PER_SHOPPER: f64 = 0.25;

/// The share of shoppers with an IPv6 address (assumed).
const IPV6_SHARE: f64 = 0.35;

/// A kind of visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// A human with a browser.
    Shopper,
    /// A program that says so, or does not.
    Robot(Robot),
    /// A TLS handshake sent to the port for plain text.
    TlsStray,
    /// A connection that is opened and left.
    SilentStray,
}

/// A kind of robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robot {
    /// The crawler of Google.
    Googlebot,
    /// The crawler of Bing.
    Bingbot,
    /// The crawler of Ahrefs.
    AhrefsBot,
    /// A monitor that asks for the home page.
    UptimeMonitor,
    /// Somebody's price comparison.
    PriceScraper,
    /// A search for weak spots.
    Scanner,
}

/// How a robot behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobotHabits {
    /// Mean requests of a session, at least 1.
    pub requests_mean: f64,
    /// Median pause between two requests, in s.
    pub pause_median_s: f64,
}

impl Robot {
    /// How it behaves (assumed).
    pub fn habits(self) -> RobotHabits {
        let (requests_mean, pause_median_s) = match self {
            Self::Googlebot => (25.0, 2.0),
            Self::Bingbot => (20.0, 2.5),
            Self::AhrefsBot => (40.0, 1.0),
            Self::UptimeMonitor => (1.0, 60.0),
            Self::PriceScraper => (80.0, 0.5),
            Self::Scanner => (3.0, 0.3),
        };
        RobotHabits {
            requests_mean,
            pause_median_s,
        }
    }
}

/// A visitor that is no shopper. Weights give a mean of 10 requests a session; strays are about one
/// line in two thousand.
pub fn other_visitor(random: &mut RandomStream) -> Visitor {
    match random.below(184) {
        0..20 => Visitor::Robot(Robot::Googlebot),
        20..30 => Visitor::Robot(Robot::Bingbot),
        30..45 => Visitor::Robot(Robot::AhrefsBot),
        45..165 => Visitor::Robot(Robot::UptimeMonitor),
        165..170 => Visitor::Robot(Robot::PriceScraper),
        170..178 => Visitor::Robot(Robot::Scanner),
        178..182 => Visitor::TlsStray,
        _ => Visitor::SilentStray,
    }
}

/// The address of shopper `number`, unlike that of any other of the first 2²⁴ (IPv4) or 2³² (IPv6)
/// shoppers of the simulation.
pub fn shopper_address(number: u64, random: &mut RandomStream) -> IpAddr {
    if random.chance(IPV6_SHARE) {
        // An odd factor permutes the numbers below a power of two.
        let network = number.wrapping_mul(0x9e37_79b1) & 0xffff_ffff;
        let high = 0x2001_0db8 << 32 | network;
        let address = u128::from(high) << 64 | u128::from(random.bits());
        return IpAddr::V6(Ipv6Addr::from_bits(address));
    }
    let [_, _, _, _, _, a, b, c] = number.wrapping_mul(0x9e37_79b1).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, a, b, c))
}

/// One of the few addresses of a visitor that is no shopper.
pub fn other_address(visitor: Visitor, random: &mut RandomStream) -> IpAddr {
    let host = |random: &mut RandomStream, count| random.below(count).to_le_bytes()[0];
    let [a, b, c, d] = match visitor {
        Visitor::Shopper | Visitor::TlsStray | Visitor::SilentStray => {
            [203, 0, 113, 64 + host(random, 190)]
        }
        Visitor::Robot(robot) => match robot {
            Robot::Googlebot => [192, 0, 2, 1 + host(random, 60)],
            Robot::Bingbot => [192, 0, 2, 101 + host(random, 30)],
            Robot::AhrefsBot => [198, 51, 100, 1 + host(random, 40)],
            Robot::UptimeMonitor => [203, 0, 113, 1 + host(random, 12)],
            Robot::PriceScraper => [198, 51, 100, 101 + host(random, 4)],
            Robot::Scanner => [198, 51, 100, 151 + host(random, 100)],
        },
    };
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// The user agent of a visitor; `-` where none is sent.
pub fn user_agent(visitor: Visitor, random: &mut RandomStream) -> &'static str {
    match visitor {
        Visitor::Shopper => browser(random),
        Visitor::TlsStray | Visitor::SilentStray => "-",
        Visitor::Robot(robot) => match robot {
            Robot::Googlebot => {
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
            }
            Robot::Bingbot => {
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
            }
            Robot::AhrefsBot => {
                "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
            }
            Robot::UptimeMonitor => {
                "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"
            }
            Robot::PriceScraper => "python-requests/2.32.5",
            Robot::Scanner => {
                "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)"
            }
        },
    }
}

/// Browsers with their share in percent (assumed; about 70 % are phones).
const BROWSERS: [(u64, &str); 13] = [
    (
        22,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    ),
    (
        8,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    ),
    (
        24,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    ),
    (
        6,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    ),
    (
        3,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; en_GB; en; scale=3.00; 1179x2556; 756421111)",
    ),
    (
        4,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    ),
    (
        15,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        5,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    ),
    (
        4,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        4,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    ),
    (
        3,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    ),
    (
        1,
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    ),
    (
        1,
        "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    ),
];

fn browser(random: &mut RandomStream) -> &'static str {
    let mut point = random.below(100);
    for (percent, user_agent) in BROWSERS {
        if point < percent {
            return user_agent;
        }
        point -= percent;
    }
    BROWSERS[0].1
}

/// What makes the click ids of a visit its own.
pub fn click_id(number: u64, random: &mut RandomStream) -> u64 {
    mix(number) ^ random.bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::random::Purpose;
    use std::collections::HashSet;

    #[test]
    fn shares_of_browsers_are_percent() {
        assert_eq!(
            BROWSERS.iter().map(|(percent, _)| percent).sum::<u64>(),
            100
        );
    }

    #[test]
    fn shoppers_have_addresses_of_their_own() {
        let mut random = RandomStream::new(1, Purpose::Behaviour);
        let addresses: HashSet<_> = (0..100_000)
            .map(|number| shopper_address(number, &mut random))
            .collect();
        assert_eq!(addresses.len(), 100_000);
        let v6 = addresses.iter().filter(|address| address.is_ipv6()).count();
        assert!((34_000..36_000).contains(&v6), "{v6}");
    }
}
