//! A memory of answers by the bytes of the question, bounded in entries and in bytes.
//!
//! It forgets everything when it is full: that is cheap, needs no bookkeeping per look-up, and the
//! frequent questions are back at once. Questions of the last lines are found by their length and a few
//! of their bytes, which are all of a short one, without a hash of the others.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Questions remembered; one more, and the memory starts anew.
const ENTRIES_MAX: usize = 65_536;
/// Bytes of all remembered questions together; past it the memory starts anew.
const BYTES_MAX: usize = 16 << 20;
/// A longer question is never remembered.
const QUESTION_BYTES_MAX: usize = 1_024;
/// Questions that are found without a hash, as a power of two.
const RECENT_BITS: u32 = 11;

/// Answers by question.
#[derive(Debug, Clone)]
pub struct Memo<A> {
    /// Entries whose questions were asked last, each where its print says; nothing before the first.
    recent: Vec<(Print, usize)>,
    /// Where a question is in `entries`.
    index: HashMap<Arc<[u8]>, usize, RandomState>,
    entries: Vec<Entry<A>>,
    question_bytes: usize,
    /// The last answer to a question that is too long.
    passing: Option<A>,
}

#[derive(Debug, Clone)]
struct Entry<A> {
    question: Arc<[u8]>,
    answer: A,
}

impl<A> Default for Memo<A> {
    fn default() -> Self {
        Self {
            recent: Vec::new(),
            index: HashMap::default(),
            entries: Vec::new(),
            question_bytes: 0,
            passing: None,
        }
    }
}

impl<A> Memo<A> {
    /// The answer that is remembered, else the one that `find` finds.
    #[inline]
    pub fn answer(&mut self, question: &[u8], find: impl FnOnce() -> A) -> &A {
        match self.entry_of(question) {
            Some(index) => &self.entries[index].answer,
            None => self.insert(question, find()),
        }
    }

    /// The answer that is remembered.
    #[inline]
    pub fn get(&mut self, question: &[u8]) -> Option<&A> {
        let index = self.entry_of(question)?;
        Some(&self.entries[index].answer)
    }

    /// Remembers the answer to a question that has none yet, unless it is too long.
    pub fn insert(&mut self, question: &[u8], answer: A) -> &A {
        if question.len() > QUESTION_BYTES_MAX {
            return self.passing.insert(answer);
        }
        let is_full = self.entries.len() >= ENTRIES_MAX;
        if is_full || self.question_bytes + question.len() > BYTES_MAX {
            self.index.clear();
            self.entries.clear();
            self.recent.clear();
            self.question_bytes = 0;
        }
        self.recent.resize(1 << RECENT_BITS, (Print::NONE, 0));
        let index = self.entries.len();
        let print = Print::of(question);
        self.recent[print.slot()] = (print, index);
        let question: Arc<[u8]> = question.into();
        self.question_bytes += question.len();
        self.index.insert(Arc::clone(&question), index);
        self.entries.push(Entry { question, answer });
        &self.entries[index].answer
    }

    #[inline]
    fn entry_of(&mut self, question: &[u8]) -> Option<usize> {
        let print = Print::of(question);
        let (recent, index) = *self.recent.get(print.slot())?;
        let is_recent =
            recent == print && (print.is_whole() || *self.entries[index].question == *question);
        if is_recent {
            return Some(index);
        }
        self.older_entry(question, print)
    }

    /// The same for a question that is none of the last ones.
    fn older_entry(&mut self, question: &[u8], print: Print) -> Option<usize> {
        let index = *self.index.get(question)?;
        self.recent[print.slot()] = (print, index);
        Some(index)
    }
}

/// The length of a question, and its first, middle and last bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Print {
    bytes: usize,
    words: [u64; 3],
}

impl Print {
    /// Of no question.
    const NONE: Self = Self {
        bytes: usize::MAX,
        words: [0; 3],
    };

    #[inline]
    fn of(question: &[u8]) -> Self {
        let bytes = question.len();
        let words = match (question.first_chunk(), question.last_chunk()) {
            (Some(first), Some(last)) => {
                let middle = question[bytes / 2 - 4..].first_chunk();
                [first, middle.unwrap_or(last), last].map(|word| u64::from_le_bytes(*word))
            }
            _ => [short_word(question), 0, 0],
        };
        Self { bytes, words }
    }

    /// Whether no other question has it: the three words touch each other.
    #[inline]
    fn is_whole(&self) -> bool {
        self.bytes <= 24
    }

    #[inline]
    fn slot(&self) -> usize {
        let [first, middle, last] = self.words;
        let most = (first ^ middle.rotate_left(23)).wrapping_add(self.bytes as u64);
        let most = most.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let all = (most ^ (most >> 32) ^ last).wrapping_mul(0xd6e8_feb8_6659_fd93);
        usize::try_from(all >> (u64::BITS - RECENT_BITS)).unwrap_or(0)
    }
}

/// All bytes of a text of less than eight.
fn short_word(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    let bytes = text.iter().rev();
    bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_remembers_up_to_its_entries_and_then_starts_anew() {
        let mut memo = Memo::default();
        for index in 0..ENTRIES_MAX {
            memo.answer(&index.to_le_bytes(), || index);
        }
        assert_eq!(*memo.answer(&0_usize.to_le_bytes(), || 7), 0);
        assert_eq!(*memo.answer(b"one more", || 1), 1);
        assert_eq!(*memo.answer(&0_usize.to_le_bytes(), || 7), 7);
        assert_eq!(*memo.answer(b"one more", || 2), 1);
    }

    #[test]
    fn its_bytes_are_bounded_and_long_questions_are_not_remembered() {
        let mut memo = Memo::default();
        for index in 0..40_000_usize {
            let mut question = vec![b'x'; QUESTION_BYTES_MAX];
            question[..8].copy_from_slice(&index.to_le_bytes());
            memo.answer(&question, || 0);
            assert!(memo.question_bytes <= BYTES_MAX);
        }
        let long = vec![b'x'; QUESTION_BYTES_MAX + 1];
        assert_eq!(*memo.answer(&long, || 1), 1);
        assert_eq!(*memo.answer(&long, || 2), 2);
    }

    proptest! {
        #[test]
        fn each_question_has_its_own_answer_however_alike_they_are(
            questions in prop::collection::vec(prop::collection::vec(b'a'..=b'b', 0..32), 1..300),
        ) {
            let mut memo = Memo::default();
            for question in &questions {
                prop_assert_eq!(memo.answer(question, || question.clone()), question);
            }
            for question in &questions {
                prop_assert_eq!(memo.answer(question, Vec::new), question);
            }
        }

        #[test]
        fn a_short_question_and_its_print_are_one_to_one(
            one in prop::collection::vec(b'a'..=b'b', 0..25),
            at in any::<prop::sample::Index>(),
        ) {
            prop_assert!(Print::of(&one).is_whole());
            if !one.is_empty() {
                let mut other = one.clone();
                other[at.index(one.len())] ^= 1;
                prop_assert_ne!(Print::of(&one), Print::of(&other));
            }
        }
    }
}
