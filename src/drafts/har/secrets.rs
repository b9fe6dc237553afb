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
    let name = name.to_ascii_lowercase();
    // Who wrote a book is no secret.
    let is_author = name.contains("author") && !name.contains("authori");
    SECRET_NAMES.contains(&name.as_str())
        || SECRET_PARTS
            .iter()
            .any(|part| name.contains(part) && !(*part == "auth" && is_author))
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
        ] {
            assert!(!is_secret(name), "{name}");
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
