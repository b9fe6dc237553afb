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
    known: Vec<Known>,
}

/// A text that is known by its address.
#[derive(Debug, Clone, Default)]
struct Known {
    address: usize,
    bytes: usize,
    key: i32,
    /// Keeps the address of a shared text its own.
    _held: Option<Arc<str>>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            rows: Texts::default(),
            index: HashMap::default(),
            known: vec![Known::default(); 1 << KNOWN_BITS],
        }
    }
}

impl TextColumn {
    /// Adds a text.
    #[inline]
    pub fn append(&mut self, text: Text<'_>) {
        let key = match text {
            Text::Fixed(fixed) => self.known_key(fixed, None),
            Text::Shared(shared) => self.known_key(shared, Some(shared)),
            Text::Passing(passing) => self.passing_key(passing),
        };
        self.rows.keys.push(key);
    }

    /// Adds a text, or nothing.
    #[inline]
    pub fn append_option(&mut self, text: Option<Text<'_>>) {
        match text {
            Some(text) => self.append(text),
            None => self.rows.keys.push(ABSENT),
        }
    }

    /// The key of a text whose address stays its own, of a shared one as long as it is held.
    #[inline]
    fn known_key(&mut self, text: &str, shared: Option<&Arc<str>>) -> i32 {
        let address = text.as_ptr().addr();
        let slot = slot(address);
        let known = &self.known[slot];
        if known.address == address && known.bytes == text.len() {
            return known.key;
        }
        let key = self.key(text);
        self.known[slot] = Known {
            address,
            bytes: text.len(),
            key,
            _held: shared.cloned(),
        };
        key
    }

    /// The key of any text, which is often that of the last row.
    fn passing_key(&mut self, text: &str) -> i32 {
        let last_key = self.rows.keys.last();
        let last = usize::try_from(last_key).ok();
        match last.and_then(|key| self.rows.texts.get(key)) {
            Some(last) if **last == *text => last_key,
            Some(_) | None => self.key(text),
        }
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
        self.known.fill(Known::default());
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
