//! A column of texts of which there are few different ones, as their numbers.
//!
//! Own code instead of Arrow's dictionary builder, which hashes every value: methods, routes and
//! classes come from the same few addresses again and again, so the key of such a text is known by its
//! address. Measured in `benches/README.md`.

use std::collections::HashMap;
use std::sync::Arc;

use super::text_chunk::{ABSENT, Texts};
use crate::request_record::Text;

/// Addresses that are remembered, as a power of two.
const KNOWN_BITS: u32 = 7;

/// Collects texts, or their absence.
#[derive(Debug)]
pub struct TextColumn {
    rows: Texts,
    index: HashMap<Arc<str>, i32, foldhash::fast::RandomState>,
    known: Box<[Known; 1 << KNOWN_BITS]>,
    /// The last text that was known by its address, which `known` holds: address, bytes and key.
    last: (usize, usize, i32),
}

/// A text that is known by its address.
#[derive(Debug)]
struct Known {
    address: usize,
    bytes: usize,
    key: i32,
    /// Keeps the address of a shared text its own.
    _held: Option<Arc<str>>,
}

impl Known {
    /// No text is at address 0.
    const NONE: Self = Self {
        address: 0,
        bytes: 0,
        key: ABSENT,
        _held: None,
    };
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            rows: Texts::default(),
            index: HashMap::default(),
            known: Box::new([const { Known::NONE }; 1 << KNOWN_BITS]),
            last: (0, 0, ABSENT),
        }
    }
}

impl TextColumn {
    // Small where the kind of the text is known, and too large for a hint where it is not.

    /// Adds a text.
    #[inline(always)]
    pub fn append(&mut self, text: Text<'_>) {
        match text {
            Text::Fixed(fixed) => self.append_known(fixed, None),
            Text::Shared(shared) => self.append_known(shared, Some(shared)),
            Text::Passing(passing) => self.append_passing(passing),
        }
    }

    /// Adds a text, or nothing.
    #[inline(always)]
    pub fn append_option(&mut self, text: Option<Text<'_>>) {
        match text {
            Some(text) => self.append(text),
            None => self.rows.keys.push(ABSENT),
        }
    }

    /// Adds a text whose address stays its own, that of a shared one as long as it is held.
    #[inline(always)]
    fn append_known(&mut self, text: &str, shared: Option<&Arc<str>>) {
        if (self.last.0, self.last.1) != (text.as_ptr().addr(), text.len()) {
            self.look_up(text, shared);
        }
        self.rows.keys.push(self.last.2);
    }

    /// Makes a text the last one. Whatever is told to be forgotten for it is no longer the last one.
    #[inline(never)]
    fn look_up(&mut self, text: &str, shared: Option<&Arc<str>>) {
        let (address, bytes) = (text.as_ptr().addr(), text.len());
        let slot = slot(address);
        let known = &self.known[slot];
        if known.address == address && known.bytes == bytes {
            self.last = (address, bytes, known.key);
            return;
        }
        let key = self.key(text);
        self.known[slot] = Known {
            address,
            bytes,
            key,
            _held: shared.cloned(),
        };
        self.last = (address, bytes, key);
    }

    /// Adds any text, which is often that of the last row.
    #[inline(never)]
    fn append_passing(&mut self, text: &str) {
        let last_key = self.rows.keys.last();
        let last = usize::try_from(last_key).ok();
        let key = match last.and_then(|key| self.rows.texts.get(key)) {
            Some(last) if **last == *text => last_key,
            Some(_) | None => self.key(text),
        };
        self.rows.keys.push(key);
    }

    fn key(&mut self, text: &str) -> i32 {
        if let Some(key) = self.index.get(text) {
            return *key;
        }
        let key = i32::try_from(self.rows.texts.len()).unwrap_or(i32::MAX);
        let text: Arc<str> = text.into();
        self.rows.texts.push(Arc::clone(&text));
        self.index.insert(text, key);
        key
    }

    /// The rows since the last [`TextColumn::clear`].
    pub fn rows(&self) -> &Texts {
        &self.rows
    }

    /// Begins anew, in the same memory.
    pub fn clear(&mut self) {
        self.rows.keys.clear();
        self.rows.texts.clear();
        self.index.clear();
        self.known.fill_with(|| Known::NONE);
        self.last = (0, 0, ABSENT);
    }
}

/// Where the text at this address is remembered: the upper bits of a product that all bits reach.
fn slot(address: usize) -> usize {
    let spread = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(spread >> (u64::BITS - KNOWN_BITS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(rows: &Texts) -> Vec<Option<String>> {
        let text = |key: i32| {
            let key = usize::try_from(key).ok()?;
            Some(rows.texts[key].to_string())
        };
        rows.keys.iter().map(text).collect()
    }

    #[test]
    fn another_text_at_the_same_address_is_not_mistaken() {
        let mut column = TextColumn::default();
        let mut buffer = String::from("cart");
        column.append(Text::Passing(&buffer));
        buffer.replace_range(.., "card");
        column.append(Text::Passing(&buffer));
        // An address is free again when its text is gone, unless the column holds it.
        for text in ["cash", "cast", "cask"] {
            let shared: Arc<str> = text.into();
            column.append(Text::Shared(&shared));
        }
        let read = read(column.rows());
        let expected = ["cart", "card", "cash", "cast", "cask"];
        assert_eq!(read, expected.map(|text| Some(text.to_owned())));
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_in_two_columns_one_after_the_other(
            first in prop::collection::vec((prop::option::of(0..13_usize), 0..3), 0..60),
            second in prop::collection::vec((prop::option::of(0..2_usize), 0..3), 0..60),
        ) {
            const FIXED: [&str; 13] =
                ["", "a", "b", "c", "aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"];
            let shared = FIXED.map(Arc::<str>::from);
            let mut column = TextColumn::default();
            for rows in [first, second] {
                for (text, kind) in &rows {
                    column.append_option(text.map(|text| match kind {
                        0 => Text::Fixed(FIXED[text]),
                        1 => Text::Shared(&shared[text]),
                        _ => Text::Passing(FIXED[text]),
                    }));
                }
                let found = column.rows();
                prop_assert!(found.texts.len() <= 13);
                let texts = rows.iter().map(|(text, _)| text.map(|text| FIXED[text].to_owned()));
                prop_assert_eq!(read(found), texts.collect::<Vec<_>>());
                column.clear();
            }
        }
    }
}
