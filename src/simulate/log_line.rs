//! A request as a line of an nginx access log: combined, then `$request_time`; with the keys that tickets
//! carry, `rt=$request_time sid=$cookie_sid`, and the order in the query of the checkout.
//!
//! In: a client and its request. Out: the bytes of the line, with its end. The time field is the
//! end of the request, in UTC, as nginx writes it.

use super::catalogue::search_words;
use super::endpoint::Endpoint;
use super::keys::{order_number, session_id};
use super::request::{Client, Landing, Referrer, Request, Target};
use super::visitor::Visitor;
use jiff::civil::Date;
use std::io::Write;
use std::net::IpAddr;

const SHOP: &str = "https://shop.example";
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What a line tells of its visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKeys {
    /// Nothing but the address.
    None,
    /// Session and order.
    SessionAndOrder,
}

/// Writes the lines of one day.
#[derive(Debug)]
pub struct LineFormat {
    keys: LineKeys,
    midnight_us: i64,
    /// Such as `27/Nov/2026:`.
    day_text: String,
    second: i64,
    /// The time of the last line, which most lines share.
    time_text: Vec<u8>,
}

impl LineFormat {
    /// The lines of requests that end on `date`, which begins at `midnight_us`.
    pub fn new(date: Date, midnight_us: i64, keys: LineKeys) -> Self {
        let month = usize::try_from(date.month() - 1).unwrap_or(0);
        let day_text = format!("{:02}/{}/{:04}:", date.day(), MONTHS[month], date.year());
        Self {
            keys,
            midnight_us,
            day_text,
            second: -1,
            time_text: Vec::new(),
        }
    }

    /// Appends one line.
    pub fn write(&mut self, line: &mut Vec<u8>, client: &Client, request: &Request) {
        self.remember_time(request.end_us());
        write_address(line, client.address);
        line.extend_from_slice(b" - - [");
        line.extend_from_slice(&self.time_text);
        line.extend_from_slice(b" +0000] \"");
        self.write_request_line(line, client, request.target);
        line.extend_from_slice(b"\" ");
        write_number(line, u64::from(request.answer.status));
        line.push(b' ');
        write_number(line, request.answer.body_bytes);
        line.extend_from_slice(b" \"");
        self.write_referrer(line, client, request.referrer);
        line.extend_from_slice(b"\" \"");
        line.extend_from_slice(client.user_agent.as_bytes());
        line.extend_from_slice(b"\" ");
        match self.keys {
            LineKeys::None => write_seconds(line, request.answer.latency_ms),
            LineKeys::SessionAndOrder => {
                line.extend_from_slice(b"rt=");
                write_seconds(line, request.answer.latency_ms);
                line.extend_from_slice(b" sid=");
                write_session(line, client);
            }
        }
        line.push(b'\n');
    }

    fn remember_time(&mut self, end_us: i64) {
        let second = (end_us - self.midnight_us).div_euclid(1_000_000);
        if second == self.second {
            return;
        }
        self.second = second;
        self.time_text.clear();
        self.time_text.extend_from_slice(self.day_text.as_bytes());
        for (number, end) in [
            (second / 3_600, ":"),
            (second / 60 % 60, ":"),
            (second % 60, ""),
        ] {
            let number = u8::try_from(number).unwrap_or(0);
            self.time_text
                .extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
            self.time_text.extend_from_slice(end.as_bytes());
        }
    }
}

fn write_address(line: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            for (octet, end) in [(a, "."), (b, "."), (c, "."), (d, "")] {
                line.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
                line.extend_from_slice(end.as_bytes());
            }
        }
        IpAddr::V6(address) => write_text(line, format_args!("{address}")),
    }
}

impl LineFormat {
    fn write_request_line(&self, line: &mut Vec<u8>, client: &Client, target: Target) {
        match target.endpoint {
            // The first bytes of a TLS handshake, as nginx escapes them.
            Endpoint::TlsHello => {
                let random_bytes = client.click_id.to_be_bytes();
                line.extend_from_slice(br"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03");
                for byte in random_bytes {
                    write_text(line, format_args!("\\x{:02X}", byte | 0x80));
                }
            }
            Endpoint::Silence => line.push(b'-'),
            endpoint => {
                line.extend_from_slice(endpoint.profile().method.as_bytes());
                line.push(b' ');
                self.write_target(line, client, target);
                line.extend_from_slice(b" HTTP/1.1");
            }
        }
    }

    fn write_target(&self, line: &mut Vec<u8>, client: &Client, target: Target) {
        write_target(line, client, target);
        let has_order = client.visitor == Visitor::Shopper && target.endpoint == Endpoint::Checkout;
        if has_order && self.keys == LineKeys::SessionAndOrder {
            write_text(
                line,
                format_args!("?order={}", order_number(client.click_id)),
            );
        }
    }

    fn write_referrer(&self, line: &mut Vec<u8>, client: &Client, referrer: Referrer) {
        let outside = match referrer {
            Referrer::None => "-",
            Referrer::Outside(landing) => match landing {
                Landing::Direct | Landing::Newsletter => "-",
                Landing::OrganicSearch | Landing::PaidSearch => "https://www.google.com/",
                Landing::Social => "https://l.instagram.com/",
                Landing::Partner => "https://www.pricewatch.example/compare?sort=price",
            },
            Referrer::Page(target) => {
                line.extend_from_slice(SHOP.as_bytes());
                return self.write_target(line, client, target);
            }
        };
        line.extend_from_slice(outside.as_bytes());
    }
}

/// Robots take no cookies.
fn write_session(line: &mut Vec<u8>, client: &Client) {
    match client.visitor {
        Visitor::Shopper => line.extend_from_slice(session_id(client.click_id).as_bytes()),
        Visitor::Robot(_) | Visitor::TlsStray | Visitor::SilentStray => line.push(b'-'),
    }
}

fn write_target(line: &mut Vec<u8>, client: &Client, target: Target) {
    match target.endpoint {
        Endpoint::Home => line.push(b'/'),
        Endpoint::Search => write_search(line, target.id),
        Endpoint::Product => write_path(line, "/product/", target.id, ""),
        Endpoint::Cart | Endpoint::CartAdd => line.extend_from_slice(b"/cart"),
        Endpoint::Checkout => line.extend_from_slice(b"/checkout"),
        Endpoint::Stock => write_path(line, "/api/stock/", target.id, ""),
        Endpoint::Stylesheet => line.extend_from_slice(b"/static/app.3f9a1c2b.css"),
        Endpoint::Script => line.extend_from_slice(b"/static/app.81d40e7c.js"),
        Endpoint::Font => line.extend_from_slice(b"/static/inter.5c0e9d1f.woff2"),
        Endpoint::Image => write_path(line, "/static/p", target.id, ".webp"),
        Endpoint::Robots
        | Endpoint::WpLogin
        | Endpoint::DotEnv
        | Endpoint::TlsHello
        | Endpoint::Silence => {
            line.extend_from_slice(target.endpoint.profile().template.as_bytes());
        }
    }
    write_landing_query(line, client, target.landing);
}

fn write_search(line: &mut Vec<u8>, text: u32) {
    line.extend_from_slice(b"/search?q=");
    let (quality, thing) = search_words(text);
    if let Some(quality) = quality {
        line.extend_from_slice(quality.as_bytes());
        line.push(b'+');
    }
    line.extend_from_slice(thing.as_bytes());
}

fn write_landing_query(line: &mut Vec<u8>, client: &Client, landing: Landing) {
    match landing {
        Landing::Direct | Landing::OrganicSearch => {}
        Landing::PaidSearch => {
            let id = client.click_id;
            write_text(
                line,
                format_args!("?utm_source=google&utm_medium=cpc&gclid=EAIaIQobChMI{id:016x}"),
            );
        }
        Landing::Newsletter => line.extend_from_slice(
            b"?utm_source=newsletter&utm_medium=email&utm_campaign=deals-of-the-week",
        ),
        Landing::Social => {
            line.extend_from_slice(b"?utm_source=instagram&utm_medium=social&utm_campaign=story");
        }
        Landing::Partner => {
            let id = client.click_id;
            write_text(line, format_args!("?partner=pricewatch&click_id={id:x}"));
        }
    }
}

fn write_path(line: &mut Vec<u8>, before: &str, id: u32, after: &str) {
    line.extend_from_slice(before.as_bytes());
    write_number(line, u64::from(id));
    line.extend_from_slice(after.as_bytes());
}

fn write_number(line: &mut Vec<u8>, number: u64) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Milliseconds as `0.123`.
fn write_seconds(line: &mut Vec<u8>, time_ms: u32) {
    write_number(line, u64::from(time_ms / 1_000));
    line.push(b'.');
    let rest = time_ms % 1_000;
    for digit in [rest / 100, rest / 10 % 10, rest % 10] {
        line.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

/// Text whose parts need formatting, in the rare places where speed does not count.
fn write_text(line: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _ = line.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::request::Answer;
    use jiff::civil::date;

    fn line(target: Target, referrer: Referrer, answer: Answer) -> String {
        line_with(LineKeys::None, target, referrer, answer)
    }

    fn line_with(keys: LineKeys, target: Target, referrer: Referrer, answer: Answer) -> String {
        let client = Client {
            visitor: Visitor::Shopper,
            address: IpAddr::from([10, 0, 255, 7]),
            user_agent: "Agent",
            click_id: 0xbeef,
        };
        let end_us = 86_400_000_000 + 68_591_250_000;
        let start_us = end_us - i64::from(answer.latency_ms) * 1_000;
        let mut line = Vec::new();
        LineFormat::new(date(1970, 1, 2), 86_400_000_000, keys).write(
            &mut line,
            &client,
            &Request {
                target,
                referrer,
                start_us,
                answer,
            },
        );
        String::from_utf8(line).unwrap()
    }

    fn target(endpoint: Endpoint, id: u32, landing: Landing) -> Target {
        Target {
            endpoint,
            id,
            landing,
        }
    }

    const OK: Answer = Answer {
        status: 200,
        latency_ms: 1_045,
        body_bytes: 512,
        incident: None,
    };

    #[test]
    fn a_line_is_combined_with_the_end_and_the_request_time() {
        let page = target(Endpoint::Search, 33, Landing::Direct);
        assert_eq!(
            line(
                target(Endpoint::Product, 17, Landing::Direct),
                Referrer::Page(page),
                OK
            ),
            "10.0.255.7 - - [02/Jan/1970:19:03:11 +0000] \"GET /product/17 HTTP/1.1\" 200 512 \
             \"https://shop.example/search?q=foldable+blanket\" \"Agent\" 1.045\n"
        );
    }

    #[test]
    fn with_keys_a_line_names_session_and_order() {
        let checkout = target(Endpoint::Checkout, 0, Landing::Direct);
        let text = line_with(
            LineKeys::SessionAndOrder,
            checkout,
            Referrer::Page(checkout),
            OK,
        );
        let order = order_number(0xbeef);
        let session = session_id(0xbeef);
        assert!(
            text.contains(&format!("\"POST /checkout?order={order} HTTP/1.1\"")),
            "{text}"
        );
        assert!(
            text.ends_with(&format!("\"Agent\" rt=1.045 sid={session}\n")),
            "{text}"
        );
    }

    #[test]
    fn the_landing_is_in_the_query_and_outside_pages_in_the_referrer() {
        let home = target(Endpoint::Home, 0, Landing::Partner);
        let text = line(home, Referrer::Outside(Landing::Partner), OK);
        assert!(
            text.contains("\"GET /?partner=pricewatch&click_id=beef HTTP/1.1\""),
            "{text}"
        );
        assert!(
            text.contains("\"https://www.pricewatch.example/compare?sort=price\""),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_request_is_escaped_or_a_dash() {
        let tls = line(
            target(Endpoint::TlsHello, 0, Landing::Direct),
            Referrer::None,
            OK,
        );
        assert!(
            tls.contains(r#"] "\x16\x03\x01\x02"#) && tls.contains(r#"\xEF" 200"#),
            "{tls}"
        );
        let silence = line(
            target(Endpoint::Silence, 0, Landing::Direct),
            Referrer::None,
            OK,
        );
        assert!(
            silence.contains("] \"-\" 200 512 \"-\" \"Agent\""),
            "{silence}"
        );
    }

    #[test]
    fn request_times_have_three_decimals() {
        for (latency_ms, text) in [(0, "0.000"), (7, "0.007"), (60_120, "60.120")] {
            let mut line = Vec::new();
            write_seconds(&mut line, latency_ms);
            assert_eq!(line, text.as_bytes());
        }
    }
}
