//! What a query says of the channel: the tags of campaigns, and click ids.
//!
//! In: a query. Out: its few texts of interest, as they are, and the channels that they name.

use super::channel::CHANNEL_BYTES_MAX;
use super::short_text::find_any;

/// Bytes of one value, still percent-encoded, that are looked at.
pub const VALUE_BYTES_MAX: usize = 256;

/// What of a query tells the channel; empty texts are absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    pub source: &'a [u8],
    pub medium: &'a [u8],
    pub campaign: &'a [u8],
    /// The channel of the first click id.
    pub click: &'static str,
}

impl<'a> Tags<'a> {
    pub fn of(query: &'a [u8]) -> Self {
        let mut tags = Self::default();
        let mut rest = query.strip_prefix(b"?").unwrap_or(query);
        while let Some(mark) = find_any(rest, *b"=&") {
            let (name, after) = (&rest[..mark], &rest[mark + 1..]);
            if rest[mark] == b'&' {
                rest = after;
                continue;
            }
            let end = find_any(after, *b"&").unwrap_or(after.len());
            tags.read(name, &after[..end]);
            rest = after.get(end + 1..).unwrap_or_default();
        }
        tags
    }

    pub fn is_empty(&self) -> bool {
        let texts = [self.source, self.medium, self.campaign];
        self.click.is_empty() && texts.into_iter().all(<[u8]>::is_empty)
    }

    #[inline]
    fn read(&mut self, name: &[u8], value: &'a [u8]) {
        // Links in mails and feeds are often escaped once too often.
        let name = name.strip_prefix(b"amp;").unwrap_or(name);
        if value.is_empty() {
            return;
        }
        if let Some(tag) = name.strip_prefix(b"utm_") {
            let value = beginning(value);
            match tag {
                b"source" => self.source = value,
                b"medium" => self.medium = value,
                b"campaign" => self.campaign = value,
                _ => {}
            }
        } else if self.click.is_empty() {
            self.click = click_channel(name);
        }
    }

    pub fn campaign_channel(&self) -> Option<String> {
        let mut channel = String::from("utm:");
        if !push_clean(&mut channel, self.source) {
            return None;
        }
        channel.push('/');
        if !push_clean(&mut channel, self.medium) {
            channel.pop();
        }
        Some(channel)
    }

    pub fn unnamed_channel(&self) -> Option<String> {
        let mut channel = String::from("utm:unnamed/");
        let is_told =
            push_clean(&mut channel, self.medium) || push_clean(&mut channel, self.campaign);
        is_told.then_some(channel)
    }
}

/// As much of a value as is looked at, in whole characters.
#[inline]
fn beginning(value: &[u8]) -> &[u8] {
    if value.len() <= VALUE_BYTES_MAX {
        return value;
    }
    let is_within = |end: &usize| value[*end] & 0xc0 == 0x80;
    let end = (0..=VALUE_BYTES_MAX).rev().find(|end| !is_within(end));
    &value[..end.unwrap_or(0)]
}

/// The channel that adds a parameter called `name` to its links; empty if there is none.
fn click_channel(name: &[u8]) -> &'static str {
    match name {
        b"gclid" | b"gbraid" | b"wbraid" | b"dclid" | b"gad_source" | b"gad_campaignid" => {
            "ads:google"
        }
        b"fbclid" => "ads:facebook",
        b"msclkid" => "ads:microsoft",
        b"ttclid" => "ads:tiktok",
        b"twclid" => "ads:x",
        b"li_fat_id" => "ads:linkedin",
        b"yclid" | b"ysclid" => "ads:yandex",
        b"epik" => "ads:pinterest",
        b"rdt_cid" => "ads:reddit",
        b"ScCid" | b"sccid" => "ads:snapchat",
        b"vmcid" => "ads:yahoo",
        b"dicbo" | b"obclid" => "ads:outbrain",
        b"tblci" => "ads:taboola",
        b"cto_pld" => "ads:criteo",
        b"irclickid" => "ads:impact",
        b"awc" | b"zanpid" => "ads:awin",
        b"cjevent" | b"CJEVENT" => "ads:cj",
        b"ranSiteID" | b"ranMID" => "ads:rakuten",
        b"tduid" => "ads:tradedoubler",
        b"sscid" => "ads:shareasale",
        b"clickref" => "ads:partnerize",
        b"srsltid" => "search:google",
        b"mc_cid" | b"mc_eid" => "mail:mailchimp",
        b"_kx" => "mail:klaviyo",
        b"_hsenc" | b"_hsmi" => "mail:hubspot",
        _ => "",
    }
}

/// Adds a percent-encoded text as one word in lower case, as far as it fits; false if nothing is
/// left of it.
pub fn push_clean(channel: &mut String, encoded: &[u8]) -> bool {
    let length_before = channel.len();
    let decoded = decoded(encoded);
    for char in String::from_utf8_lossy(&decoded).trim().chars() {
        let is_separator = char.is_whitespace() || char == '/';
        for lower in char.to_lowercase() {
            let lower = if is_separator { '-' } else { lower };
            if channel.len() + lower.len_utf8() > CHANNEL_BYTES_MAX {
                return channel.len() > length_before;
            }
            if is_separator || !is_invisible(lower) {
                channel.push(lower);
            }
        }
    }
    channel.len() > length_before
}

/// Control characters, and those that turn or hide the text around them.
pub fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(char, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn decoded(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let pair = after.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = pair.and_then(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?));
        if byte.is_some() {
            rest = &after[2..];
        }
        let plain = if *first == b'+' { b' ' } else { *first };
        decoded.push(byte.unwrap_or(plain));
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tags_are_found_as_parameter_by_parameter(
            query in "\\??((amp;)?(utm_source|utm_medium|utm_campaign|utm_id|gclid|fbclid|q|a)?=?[a-c=é]{0,9}&?){0,6}",
        ) {
            let mut expected = Tags::default();
            for parameter in query.strip_prefix('?').unwrap_or(&query).split('&') {
                if let Some((name, value)) = parameter.split_once('=') {
                    expected.read(name.as_bytes(), value.as_bytes());
                }
            }
            prop_assert_eq!(Tags::of(query.as_bytes()), expected);
        }

        #[test]
        fn the_beginning_of_a_value_ends_at_a_character(value in "[aé€😀]{0,300}") {
            let end = value.floor_char_boundary(VALUE_BYTES_MAX);
            prop_assert_eq!(beginning(value.as_bytes()), &value.as_bytes()[..end]);
        }
    }
}
