//! A column of texts of which there are few different ones, as an Arrow dictionary.
//!
//! Own code instead of Arrow's dictionary builder, which hashes every value: methods, routes and
//! classes come from the same few addresses again and again, so the key of a text is looked up by its
//! address first, and by its bytes only when that fails. Measured in `benches/README.md`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Builder, StringArray};
use arrow::error::ArrowError;

/// Addresses that are remembered; a power of two.
const RECENT: usize = 256;

/// Collects texts, or their absence.
#[derive(Debug)]
pub struct TextColumn {
    keys: Int32Builder,
    texts: Vec<Arc<str>>,
    index: HashMap<Arc<str>, i32, foldhash::fast::RandomState>,
    /// By address: the key that a text there had last. What is there now is compared.
    recent: Vec<i32>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            keys: Int32Builder::new(),
            texts: Vec::new(),
            index: HashMap::default(),
            recent: vec![-1; RECENT],
        }
    }
}

impl TextColumn {
    /// Adds a text.
    pub fn append(&mut self, text: &str) {
        let slot = slot(text);
        let recent = self.recent[slot];
        let key = match usize::try_from(recent)
            .ok()
            .and_then(|key| self.texts.get(key))
        {
            Some(known) if **known == *text => recent,
            Some(_) | None => {
                let key = self.key(text);
                self.recent[slot] = key;
                key
            }
        };
        self.keys.append_value(key);
    }

    /// Adds a text, or nothing.
    pub fn append_option(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.append(text),
            None => self.keys.append_null(),
        }
    }

    fn key(&mut self, text: &str) -> i32 {
        if let Some(key) = self.index.get(text) {
            return *key;
        }
        let key = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.index.insert(text, key);
        key
    }

    /// The column; what comes after begins anew.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let texts = StringArray::from_iter_values(self.texts.drain(..));
        let column = DictionaryArray::try_new(self.keys.finish(), Arc::new(texts))?;
        self.index.clear();
        self.recent.fill(-1);
        Ok(Arc::new(column))
    }
}

/// Where the key of the text at this address is remembered.
fn slot(text: &str) -> usize {
    let address = text.as_ptr().addr();
    (address ^ (address >> 9) ^ text.len()) % RECENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int32Type;
    use proptest::prelude::*;

    fn read(column: &ArrayRef) -> Vec<Option<String>> {
        let column = column.as_dictionary::<Int32Type>();
        let texts = column.values().as_string::<i32>();
        column
            .keys()
            .iter()
            .map(|key| key.map(|key| texts.value(usize::try_from(key).unwrap()).to_owned()))
            .collect()
    }

    #[test]
    fn another_text_at_the_same_address_is_not_mistaken() {
        let mut column = TextColumn::default();
        let mut buffer = String::from("cart");
        column.append(&buffer);
        buffer.replace_range(.., "card");
        column.append(&buffer);
        let read = read(&column.finish().unwrap());
        assert_eq!(read, [Some("cart".to_owned()), Some("card".to_owned())]);
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_in_two_columns_one_after_the_other(
            first in prop::collection::vec(prop::option::of("[a-c]{0,2}"), 0..60),
            second in prop::collection::vec(prop::option::of("[a-c]{0,2}"), 0..60),
        ) {
            let mut column = TextColumn::default();
            for texts in [first, second] {
                texts.iter().for_each(|text| column.append_option(text.as_deref()));
                let array = column.finish().unwrap();
                prop_assert!(array.as_dictionary::<Int32Type>().values().len() <= 13);
                prop_assert_eq!(read(&array), texts);
            }
        }
    }
}
