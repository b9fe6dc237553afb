//! What must not get from a recording into a file: by its name, or by what it looks like.

/// Parts of names whose values say who somebody is or what they pay with.
const SECRET_PARTS: [&str; 22] = [
    "password",
    "passwd",
    "passwort",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "auth",
    "session",
    "signature",
    "credential",
    "jwt",
    "csrf",
    "xsrf",
    "iban",
    "card",
    "cvv",
    "cvc",
    "otp",
];
/// Names that are secret as a whole.
const SECRET_NAMES: [&str; 10] = [
    "sid",
    "sig",
    "pin",
    "pass",
    "key",
    "code_verifier",
    "ssn",
    "pan",
    "nonce",
    "bearer",
];
/// Names that are secret as a word of a longer one, too: `x-shop-key`, `userSess`.
const SECRET_WORDS: [&str; 6] = ["key", "tok", "sess", "sid", "sig", "hmac"];
/// Parts of names whose values look made up and are of a file or a program, and nobody's.
const CHECKSUM_PARTS: [&str; 8] = [
    "hash",
    "sha256",
    "md5",
    "checksum",
    "digest",
    "integrity",
    "version",
    "build",
];
/// The fewest characters, in pieces that look drawn by lot, of what nobody would write.
const MADE_UP_CHARS_MIN: usize = 16;
/// The fewest characters of such a piece.
const MADE_UP_PIECE_CHARS_MIN: usize = 6;
/// Headers that a request of another shopper must not have, or that the load generator writes itself.
const HEADERS_DROPPED: [&str; 24] = [
    "host",
    "connection",
    "proxy-connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "te",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "accept-encoding",
    "accept-language",
    "cookie",
    "cookie2",
    "referer",
    "origin",
    "cache-control",
    "pragma",
    "if-none-match",
    "if-modified-since",
    "if-range",
    "range",
    "dnt",
    "priority",
];

/// Whether the value of something with this name is nobody else's business.
pub fn is_secret(name: &str) -> bool {
    if words(name).any(|word| SECRET_WORDS.contains(&word.as_str())) {
        return true;
    }
    let name = name.to_ascii_lowercase();
    // Who wrote a book is no secret.
    let is_author = name.contains("author") && !name.contains("authori");
    SECRET_NAMES.contains(&name.as_str())
        || SECRET_PARTS
            .iter()
            .any(|part| name.contains(part) && !(*part == "auth" && is_author))
}

/// The words of a name such as `x-shop-key` or `shopKey`, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    let is_end = |char: char| !char.is_ascii_alphanumeric();
    name.split(is_end).flat_map(|part| {
        let mut words: Vec<String> = Vec::new();
        let mut was_lower = false;
        for char in part.chars() {
            if words.is_empty() || (was_lower && char.is_ascii_uppercase()) {
                words.push(String::new());
            }
            was_lower = !char.is_ascii_uppercase();
            if let Some(word) = words.last_mut() {
                word.push(char.to_ascii_lowercase());
            }
        }
        words
    })
}

/// Whether it looks drawn by lot, as tokens and sessions are, and not like a word, a number or a date:
/// hexadecimal digits, or letters and digits that take turns.
pub fn looks_made_up(value: &str) -> bool {
    let has = |text: &str, is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let is_mixed = |text: &str| has(text, u8::is_ascii_digit) && has(text, u8::is_ascii_alphabetic);
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if value.len() >= MADE_UP_CHARS_MIN && is_mixed(value) && value.bytes().all(is_hex) {
        return true;
    }
    let pieces = value.split(|char: char| !char.is_ascii_alphanumeric());
    let drawn = pieces.filter(|piece| {
        let turns = |kind: fn(u8) -> (bool, bool)| {
            let pairs = piece.as_bytes().windows(2);
            pairs.filter(|pair| kind(pair[0]) != kind(pair[1])).count()
        };
        // `byClassName2` has many capitals, and one digit at its end.
        piece.len() >= MADE_UP_PIECE_CHARS_MIN
            && turns(|byte| (byte.is_ascii_digit(), false)) >= 2
            && turns(|byte| (byte.is_ascii_digit(), byte.is_ascii_uppercase())) * 4
                >= piece.len() - 1
    });
    !value.contains(char::is_whitespace) && drawn.map(str::len).sum::<usize>() >= MADE_UP_CHARS_MIN
}

/// Whether what looks made up under this name is the checksum of a file or a query.
pub fn is_checksum(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CHECKSUM_PARTS.iter().any(|part| name.contains(part))
}

/// Whether a text that nothing names has a secret in it: what looks like one, or a telling name before
/// `=`, `:` or `>`.
pub fn has_secret(text: &str) -> bool {
    let is_end = |char: char| char.is_whitespace() || "\"'<>,;()[]{}".contains(char);
    let mut parts = text.split(is_end);
    if parts.any(|part| {
        let value = part.rsplit('=').next().unwrap_or(part);
        looks_made_up(part) || is_email(value) || is_card_number(value)
    }) {
        return true;
    }
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':', '>']) {
        let before = rest[..at].trim_end_matches(|char: char| "\"' ".contains(char));
        let name =
            before.rsplit(|char: char| !char.is_ascii_alphanumeric() && !"_-".contains(char));
        if name.into_iter().next().is_some_and(is_secret) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Whether a header is left out without a word.
pub fn is_dropped_header(name: &str) -> bool {
    HEADERS_DROPPED.contains(&name)
        || name.starts_with("sec-")
        || name.starts_with("x-forwarded-")
        || name.starts_with("proxy-")
        || name == "x-client-data"
        || name == "forwarded"
}

/// Whether it is an e-mail address.
pub fn is_email(value: &str) -> bool {
    let Some((user, host)) = value.trim().split_once('@') else {
        return false;
    };
    !user.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !value.contains(char::is_whitespace)
        && !host.contains('@')
}

/// Whether it is the number of a payment card: 13 to 19 digits whose check digit is right (Luhn).
pub fn is_card_number(value: &str) -> bool {
    let digits: Vec<u32> = value
        .chars()
        .filter(|char| !matches!(char, ' ' | '-'))
        .map_while(|char| char.to_digit(10))
        .collect();
    let is_all = value
        .chars()
        .all(|char| char.is_ascii_digit() || matches!(char, ' ' | '-'));
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) => twice / 10 + twice % 10,
        })
        .sum();
    is_all && (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "password",
            "user[password]",
            "csrf_token",
            "X-Api-Key",
            "sid",
            "cardNumber",
            "Authorization",
            "x-shop-key",
            "licenceKey",
            "tok",
            "user[sess]",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "product",
            "quantity",
            "q",
            "email",
            "side",
            "x-requested-with",
            "author_name",
            "keyword",
            "assess",
            "design",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_is_drawn_by_lot_looks_made_up_and_words_do_not() {
        for value in [
            "0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b",
            "d-0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b",
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "12345678-7425-4000-944b-abcdefabcdef",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop",
            "Q29sbGVjdGlvbi8x",
        ] {
            assert!(looks_made_up(value), "{value}");
        }
        for value in [
            "",
            "checkout",
            "getElementByIdOrByClassName2",
            "red-shoes-2024-in-42",
            "iphone-15-pro-256gb-blue",
            "2026-11-27T08:00:00.000Z",
            "application/vnd.shop.v2+json",
            "99887766554433221100",
            "query Q7a8b9c0d1e2f3a4b5 { name }",
        ] {
            assert!(!looks_made_up(value), "{value}");
        }
    }

    #[test]
    fn secrets_are_found_in_texts_that_nothing_names() {
        for text in [
            "<login><password>x</password></login>",
            "user=ann; pwd = x",
            "\"token\": 1,",
            "call ann@shop.example",
            "a=4111111111111111",
            "id 0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b",
        ] {
            assert!(has_secret(text), "{text}");
        }
        for text in ["<a b=\"1\">x</a>", "query { shop { name } }", "a: b", ""] {
            assert!(!has_secret(text), "{text}");
        }
    }

    #[test]
    fn addresses_and_card_numbers_are_told_by_their_looks() {
        assert!(
            is_email("ann@shop.example")
                && !is_email("@shop")
                && !is_email("a b@c.d")
                && !is_email("a@b")
        );
        assert!(is_card_number("4111 1111 1111 1111") && is_card_number("4111111111111111"));
        assert!(
            !is_card_number("4111111111111112")
                && !is_card_number("17")
                && !is_card_number("2026-11-27T08:00")
        );
    }
}
