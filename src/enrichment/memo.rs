//! A memory of answers by the bytes of the question, bounded in entries and in bytes.
//!
//! It forgets everything when it is full: that is cheap, needs no bookkeeping per look-up, and the
//! frequent questions are back at once.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Questions remembered; one more, and the memory starts anew.
const ENTRIES_MAX: usize = 65_536;
/// Bytes of all remembered questions together; past it the memory starts anew.
const BYTES_MAX: usize = 16 << 20;
/// A longer question is never remembered.
const QUESTION_BYTES_MAX: usize = 1_024;

/// Answers by question.
#[derive(Debug, Clone)]
pub struct Memo<A> {
    answers: HashMap<Box<[u8]>, A, RandomState>,
    question_bytes: usize,
}

impl<A> Default for Memo<A> {
    fn default() -> Self {
        Self {
            answers: HashMap::default(),
            question_bytes: 0,
        }
    }
}

impl<A> Memo<A> {
    /// The answer that was remembered, if it still is.
    pub fn get(&self, question: &[u8]) -> Option<&A> {
        self.answers.get(question)
    }

    /// Remembers the answer.
    pub fn insert(&mut self, question: &[u8], answer: A) {
        if question.len() > QUESTION_BYTES_MAX {
            return;
        }
        let is_full = self.answers.len() >= ENTRIES_MAX;
        if is_full || self.question_bytes + question.len() > BYTES_MAX {
            self.answers.clear();
            self.question_bytes = 0;
        }
        if self.answers.insert(question.into(), answer).is_none() {
            self.question_bytes += question.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_up_to_its_entries_and_then_starts_anew() {
        let mut memo = Memo::default();
        for index in 0..ENTRIES_MAX {
            memo.insert(&index.to_le_bytes(), index);
        }
        assert_eq!(memo.get(&0_usize.to_le_bytes()), Some(&0));
        memo.insert(b"one more", 1);
        assert_eq!(memo.get(&0_usize.to_le_bytes()), None);
        assert_eq!(memo.get(b"one more"), Some(&1));
    }

    #[test]
    fn its_bytes_are_bounded_and_long_questions_are_not_remembered() {
        let mut memo = Memo::default();
        for index in 0..40_000_usize {
            let mut question = vec![b'x'; QUESTION_BYTES_MAX];
            question[..8].copy_from_slice(&index.to_le_bytes());
            memo.insert(&question, ());
            assert!(memo.question_bytes <= BYTES_MAX);
        }
        let long = vec![b'x'; QUESTION_BYTES_MAX + 1];
        memo.insert(&long, ());
        assert_eq!(memo.get(&long), None);
    }
}
