//! What container runtimes and syslog put in front of a line.
//!
//! In: a line. Out: the same without the header of a container log (`2026-11-27T08:00:01.5Z stdout F
//! `), of RFC 3164 (`<134>Nov 27 08:00:01 host program[1]: `), of its form with an ISO date, or of RFC
//! 5424 (`<134>1 2026-11-27T08:00:01Z host program 1 - - `); a line without one is not changed, nor
//! is a line of any known format.

use memchr::memchr;

/// Headers that may stand in front of each other: a container's, then a syslog message's.
const HEADERS_MAX: usize = 2;

/// The line behind its headers.
#[must_use]
pub fn without_prefix(line: &[u8]) -> &[u8] {
    let mut rest = line;
    for _ in 0..HEADERS_MAX {
        match behind_header(rest) {
            Some(behind) => rest = behind,
            None => return rest,
        }
    }
    rest
}

fn behind_header(line: &[u8]) -> Option<&[u8]> {
    match line.first()? {
        b'<' => behind_priority(line),
        b'0'..=b'9' => behind_iso_date(line),
        b'A'..=b'S' => behind_host_and_tag(behind_short_date(line)?),
        _ => None,
    }
}

/// `<134>` and what follows.
fn behind_priority(line: &[u8]) -> Option<&[u8]> {
    let end = memchr(b'>', &line[..line.len().min(5)])?;
    if end == 1 || !line[1..end].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = &line[end + 1..];
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        return behind_rfc_5424(rest);
    }
    match rest.first()? {
        b'0'..=b'9' => behind_host_and_tag(behind_word(rest).filter(|_| is_iso_date(rest))?),
        _ => behind_host_and_tag(behind_short_date(rest)?),
    }
}

fn behind_iso_date(line: &[u8]) -> Option<&[u8]> {
    if !is_iso_date(line) {
        return None;
    }
    let rest = behind_word(line)?;
    if let Some(rest) = rest
        .strip_prefix(b"stdout ")
        .or(rest.strip_prefix(b"stderr "))
    {
        // `F` is a full line, `P` a part of one that was too long.
        return rest.strip_prefix(b"F ").or(rest.strip_prefix(b"P "));
    }
    behind_host_and_tag(rest)
}

fn is_iso_date(line: &[u8]) -> bool {
    line.len() > 19 && line[4] == b'-' && line[7] == b'-' && line[10] == b'T' && line[13] == b':'
}

/// `Nov 27 08:00:01 `; a day below 10 has a space in front.
fn behind_short_date(line: &[u8]) -> Option<&[u8]> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (date, rest) = line.split_at_checked(16)?;
    let shape_fits = date
        .iter()
        .zip(b"Mon dd hh:mm:ss ")
        .all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit() || *byte == b' ',
            b'h' | b'm' | b's' => byte.is_ascii_digit(),
            b' ' | b':' => byte == shape,
            _ => true,
        });
    (shape_fits && MONTHS.contains(&&date[..3])).then_some(rest)
}

/// `host program[1]: `, or `program: ` where the host was left out.
fn behind_host_and_tag(rest: &[u8]) -> Option<&[u8]> {
    let (first, behind_first) = word(rest)?;
    if is_tag(first) {
        return Some(behind_first);
    }
    let (second, behind_second) = word(behind_first)?;
    is_tag(second).then_some(behind_second)
}

/// `program:` or `program[1]:`; not an address with a colon.
fn is_tag(word: &[u8]) -> bool {
    word.len() > 1 && word.ends_with(b":") && word[0].is_ascii_alphabetic()
}

/// `2026-11-27T08:00:01Z host program process message structured-data message`.
fn behind_rfc_5424(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest;
    for _ in 0..5 {
        rest = behind_word(rest)?;
    }
    let rest = match rest.strip_prefix(b"- ") {
        Some(rest) => rest,
        None => behind_structured_data(rest)?,
    };
    Some(rest.strip_prefix("\u{feff}".as_bytes()).unwrap_or(rest))
}

/// `[id key="value"][id …] `; in a value, `"`, `\` and `]` stand behind a backslash.
fn behind_structured_data(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest;
    while rest.first() == Some(&b'[') {
        let mut is_escaped = false;
        let end = rest.iter().position(|byte| {
            let is_end = *byte == b']' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        })?;
        rest = &rest[end + 1..];
    }
    rest.strip_prefix(b" ")
}

fn behind_word(rest: &[u8]) -> Option<&[u8]> {
    Some(word(rest)?.1)
}

fn word(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b' ', rest)?;
    Some((&rest[..end], &rest[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGES: [&str; 9] = [
        r#"203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET / HTTP/1.1" 200 512"#,
        r#"shop.example:443 203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"[2026-11-27T08:00:00.310Z] "POST /cart HTTP/2" 204 - 160 7 230 90 "-" "-" "-" "-" "-""#,
        r#"2026-11-27T08:00:00.019143Z shop-elb 203.0.113.9:54635 198.51.100.158:80 0.1 0.2 0.3 200"#,
        r#"https 2026-11-27T08:00:01.186641Z app/shop/0a1b2c3d4e5f6071 203.0.113.9:2817 198.51.100.7"#,
        "2026-11-27 08:00:01 198.51.100.7 GET /cart - 443 - 203.0.113.9 Mozilla/5.0 - 200 0 0 12",
        r#"{"time":"2026-11-27T08:00:01Z","status":200}"#,
        "http_reqs,1795766401,1.000000,,,,true,,GET,home,HTTP/1.1,default,default,200,,,,,",
        "time:27/Nov/2026:08:00:01 +0000\thost:203.0.113.9\treq:GET / HTTP/1.1\tstatus:200",
    ];

    #[test]
    fn every_header_is_taken_off_every_message() {
        for header in [
            "2026-11-27T17:37:40.493035218+01:00 stdout F ",
            "2026-11-27T17:37:40.493035218Z stderr P ",
            "Nov 27 08:00:01 web1 nginx[123]: ",
            "Nov  7 08:00:01 web1 nginx: ",
            "Nov 27 08:00:01 nginx: ",
            "<134>Nov 27 08:00:01 web1 haproxy[123]: ",
            "<134>2026-11-27T08:00:01.123456+00:00 web1 haproxy[123]: ",
            "2026-11-27T08:00:01.123456+00:00 web1 haproxy[123]: ",
            "<134>1 2026-11-27T08:00:01.003Z web1 nginx 123 ID47 - ",
            "<134>1 2026-11-27T08:00:01.003Z web1 nginx - - [a b=\"\\]\"][c] ",
            "2026-11-27T17:37:40.493035218Z stdout F <134>Nov 27 08:00:01 web1 haproxy[1]: ",
        ] {
            for message in MESSAGES {
                let line = format!("{header}{message}");
                assert_eq!(
                    without_prefix(line.as_bytes()),
                    message.as_bytes(),
                    "{header}"
                );
            }
        }
    }

    #[test]
    fn a_line_without_a_header_is_not_changed() {
        for message in MESSAGES
            .iter()
            .chain(&["", "<", "<13>", "Nov", "2026-11-27T08:00:01Z x"])
        {
            assert_eq!(without_prefix(message.as_bytes()), message.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_remains_is_the_end_of_the_line(bytes in any::<Vec<u8>>(), cut in 0..60_usize, byte in any::<u8>()) {
            let mut line = b"<134>1 2026-11-27T08:00:01.003Z web1 nginx - - [a b=\"\\]\"][c] text".to_vec();
            line[cut] = byte;
            for line in [&bytes[..], &line, &line[..cut], &line[cut..]] {
                prop_assert!(line.ends_with(without_prefix(line)));
            }
        }
    }
}
