//! The smallest HTTP client that keeps a cookie, for the tests of the shop.
//!
//! In: a method, a path, a form. Out: status, head and body. Every request has a connection of
//! its own.

use super::Shop;
use std::io::{Read, Write};
use std::net::TcpStream;

/// One shopper, who keeps the cookie.
pub struct Shopper<'a> {
    shop: &'a Shop,
    /// The name and value of the session cookie.
    pub cookie: Option<String>,
}

/// What a shopper gets.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The page or the text.
    pub body: String,
}

impl<'a> Shopper<'a> {
    /// Someone who has not been there yet.
    pub const fn of(shop: &'a Shop) -> Self {
        Self { shop, cookie: None }
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Sends a form.
    pub fn post(&mut self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, form)
    }

    /// Sends a request and reads the whole answer.
    pub fn ask(&mut self, method: &str, path: &str, form: &str) -> Answer {
        let mut stream = send(self.shop, method, path, &self.cookie_line(), form);
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the shop answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let set = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        if let Some(cookie) = set {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.expect("an answer has a status");
        Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The header line with the cookie; empty before the first answer.
    pub fn cookie_line(&self) -> String {
        self.cookie
            .as_ref()
            .map(|cookie| format!("cookie: a=b; {cookie}\r\n"))
            .unwrap_or_default()
    }
}

/// Sends one request on a connection of its own.
pub fn send(shop: &Shop, method: &str, path: &str, headers: &str, form: &str) -> TcpStream {
    let mut stream = TcpStream::connect(shop.address()).expect("the shop listens");
    let length = form.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{headers}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    )
    .expect("the request can be sent");
    stream
}
