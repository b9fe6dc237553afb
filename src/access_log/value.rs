//! Single values as text logs write them: `-` for nothing, addresses with ports, lists of
//! upstream servers.
//!
//! In: the bytes of one field. Out: the value, pointing into the line.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{fields, scan};

/// The value, or nothing where the log has `-`.
#[inline]
pub fn or_empty(text: &[u8]) -> &[u8] {
    if text == b"-" { b"" } else { text }
}

/// The value as text; what is not UTF-8 is replaced.
#[inline]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    if bytes.is_empty() {
        return Cow::Borrowed("");
    }
    some_text(bytes)
}

#[inline(never)]
fn some_text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// A status as servers write it; 0 for `-`, `-1`, `0` and `000`, which stand for no answer.
#[inline]
pub fn status_or_none(text: &[u8]) -> Option<u16> {
    let digit = |byte: &u8| u16::from(byte - b'0');
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        b"-" | b"-1" | b"0" | b"000" => Some(0),
        text => fields::status(text),
    }
}

/// `203.0.113.9` of `203.0.113.9:54635`, for a field that always has a port.
#[inline]
pub fn without_port(endpoint: &[u8]) -> &[u8] {
    let colon = scan::find_last(endpoint, b':');
    let address = colon.map_or(endpoint, |colon| &endpoint[..colon]);
    without_brackets(address)
}

/// The first address of an `X-Forwarded-For` header: the one nearest to the shopper. Some proxies
/// write a port, too.
pub fn first_forwarded(header: &[u8]) -> &[u8] {
    let end = memchr(b',', header).unwrap_or(header.len());
    let address = or_empty(header[..end].trim_ascii());
    let colon_count = memchr::memchr_iter(b':', address).take(2).count();
    if address.starts_with(b"[") {
        let end = memchr(b']', address).map_or(address.len(), |bracket| bracket + 1);
        return without_brackets(&address[..end]);
    }
    // More than one colon without brackets is an IPv6 address without a port.
    if colon_count == 1 {
        without_port(address)
    } else {
        address
    }
}

#[inline]
fn without_brackets(address: &[u8]) -> &[u8] {
    let inside = address
        .strip_prefix(b"[")
        .and_then(|inside| inside.strip_suffix(b"]"));
    inside.unwrap_or(address)
}

/// How many servers an nginx list such as `0.004, 0.012 : 0.1` names; `None` for `-` and nothing.
pub fn upstream_tries(list: &[u8]) -> Option<u32> {
    let list = or_empty(list.trim_ascii());
    if list.is_empty() {
        return None;
    }
    let mut separator_count = memchr::memchr_iter(b',', list).count();
    if memchr(b':', list).is_some() {
        separator_count += memmem::find_iter(list, b" : ").count();
    }
    u32::try_from(separator_count + 1).ok()
}

/// Where an nginx list without quotes ends: at the first space that does not belong to one of its
/// separators, `, ` and ` : `.
pub fn list_end(text: &[u8]) -> usize {
    let mut from = 0;
    loop {
        let Some(found) = memchr(b' ', &text[from..]) else {
            return text.len();
        };
        let end = from + found;
        if text[end..].starts_with(b" : ") {
            from = end + 3;
        } else if text[..end].ends_with(b",") {
            from = end + 1;
        } else {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ports_are_taken_off_and_brackets_with_them() {
        for (endpoint, address) in [
            ("203.0.113.9:54635", "203.0.113.9"),
            ("[2001:db8::9]:54635", "2001:db8::9"),
            ("2001:db8::9:54635", "2001:db8::9"),
            ("-", "-"),
        ] {
            assert_eq!(without_port(endpoint.as_bytes()), address.as_bytes());
        }
    }

    #[test]
    fn the_first_forwarded_address_is_the_one_nearest_to_the_shopper() {
        for (header, address) in [
            ("203.0.113.9, 198.51.100.1", "203.0.113.9"),
            ("203.0.113.9:54635", "203.0.113.9"),
            ("2001:db8::9, [2001:db8::1]:5", "2001:db8::9"),
            ("[2001:db8::9]:54635", "2001:db8::9"),
            ("-", ""),
            ("", ""),
        ] {
            assert_eq!(first_forwarded(header.as_bytes()), address.as_bytes());
        }
    }

    #[test]
    fn every_server_of_a_list_is_a_try() {
        for (list, tries) in [
            ("-", None),
            ("", None),
            ("0.004", Some(1)),
            ("0.004, 0.012", Some(2)),
            ("0.004, 0.012 : 0.100", Some(3)),
            ("-, 0.012", Some(2)),
            ("[2001:db8::1]:80", Some(1)),
        ] {
            assert_eq!(upstream_tries(list.as_bytes()), tries, "{list}");
        }
    }

    #[test]
    fn a_list_ends_at_the_first_space_outside_of_a_separator() {
        for (text, list) in [
            ("0.004, 0.012 : 0.1 502, 200", "0.004, 0.012 : 0.1"),
            ("0.004 rest", "0.004"),
            ("-", "-"),
            ("0.004,", "0.004,"),
            ("", ""),
        ] {
            assert_eq!(&text[..list_end(text.as_bytes())], list);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), chars in "[-0-9,: \\[\\].]{0,30}") {
            for field in [&bytes[..], chars.as_bytes()] {
                without_port(field);
                first_forwarded(field);
                upstream_tries(field);
                prop_assert!(list_end(field) <= field.len());
            }
        }
    }
}
