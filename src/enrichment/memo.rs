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
    /// Where the answer to a question is in `answers`.
    index: HashMap<Box<[u8]>, usize, RandomState>,
    answers: Vec<A>,
    question_bytes: usize,
    /// The last answer to a question that is too long.
    passing: Option<A>,
}

impl<A> Default for Memo<A> {
    fn default() -> Self {
        Self {
            index: HashMap::default(),
            answers: Vec::new(),
            question_bytes: 0,
            passing: None,
        }
    }
}

impl<A> Memo<A> {
    /// The answer that is remembered, else the one that `find` finds.
    pub fn answer(&mut self, question: &[u8], find: impl FnOnce() -> A) -> &A {
        if let Some(index) = self.index.get(question) {
            return &self.answers[*index];
        }
        if question.len() > QUESTION_BYTES_MAX {
            return self.passing.insert(find());
        }
        let is_full = self.answers.len() >= ENTRIES_MAX;
        if is_full || self.question_bytes + question.len() > BYTES_MAX {
            self.index.clear();
            self.answers.clear();
            self.question_bytes = 0;
        }
        let index = self.answers.len();
        self.index.insert(question.into(), index);
        self.question_bytes += question.len();
        self.answers.push(find());
        &self.answers[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
