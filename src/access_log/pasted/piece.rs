//! The values of a pasted format and the text between them, before it is compiled.

use super::meaning::Meaning;

/// What the time of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeMeaning {
    /// Start of the request, as Apache has it.
    Start,
    /// End of the request, as nginx has it.
    End,
}

/// One value and the text up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it was pasted, for messages.
    pub name: String,
    /// What it says.
    pub meaning: Meaning,
    /// The text up to the next value, or to the end of the line.
    pub text_after: String,
}

/// A pasted format, cut at its values.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// What the time means.
    pub time: TimeMeaning,
    /// What the line begins with.
    pub text_before: String,
    /// The values, in their order.
    pub values: Vec<Value>,
    /// Names that would be understood, for hints.
    pub known_names: &'static [&'static str],
    /// What gives the time, the status and the request, for hints.
    pub examples: [&'static str; 3],
}

impl Pieces {
    /// Adds text to what stands last.
    pub fn push_text(&mut self, text: &str) {
        match self.values.last_mut() {
            Some(value) => value.text_after.push_str(text),
            None => self.text_before.push_str(text),
        }
    }

    /// Adds a value.
    pub fn push_value(&mut self, name: &str, meaning: Meaning) {
        self.values.push(Value {
            name: name.to_owned(),
            meaning,
            text_after: String::new(),
        });
    }

    /// The same, with every meaning at most once.
    ///
    /// # Errors
    /// When something is missing, or two values cannot be told apart.
    pub fn checked(mut self) -> Result<Pieces, String> {
        self.check_gaps()?;
        self.check_presence()?;
        for index in 0..self.values.len() {
            if self.is_superseded(index) {
                let value = &mut self.values[index];
                value.meaning = if value.meaning.is_list() {
                    Meaning::SkippedList
                } else {
                    Meaning::Skipped
                };
            }
        }
        Ok(self)
    }

    fn check_gaps(&self) -> Result<(), String> {
        for pair in self.values.windows(2) {
            let (value, next) = (&pair[0], &pair[1]);
            if value.text_after.is_empty() {
                return Err(format!(
                    "nothing stands between `{}` and `{}`, so where the first ends cannot be told",
                    value.name, next.name
                ));
            }
            if value.meaning.is_text() && value.text_after == " " {
                return Err(format!(
                    "`{}` may hold spaces, so where it ends cannot be told (hint: the server must \
                     write it in quotes)",
                    value.name
                ));
            }
        }
        Ok(())
    }

    fn check_presence(&self) -> Result<(), String> {
        let has =
            |wanted: fn(Meaning) -> bool| self.values.iter().any(|value| wanted(value.meaning));
        let parts = [
            ("time", has(|meaning| matches!(meaning, Meaning::Time(_)))),
            ("status", has(|meaning| meaning == Meaning::Status)),
            (
                "request",
                has(|meaning| meaning.is_same_as(Meaning::RequestLine)),
            ),
        ];
        let missing = parts
            .iter()
            .zip(self.examples)
            .filter(|((_, is_there), _)| !is_there);
        let missing: Vec<_> = missing
            .map(|((part, _), example)| format!("the {part} (such as `{example}`)"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the format lacks {}{}",
            missing.join(", "),
            self.hint()
        ))
    }

    /// What a value that is not understood may have been meant to be.
    fn hint(&self) -> String {
        let skipped = self
            .values
            .iter()
            .filter(|value| value.meaning == Meaning::Skipped);
        let near = skipped.flat_map(|value| {
            let known = self
                .known_names
                .iter()
                .filter(|known| **known != value.name);
            known.map(move |known| {
                (
                    strsim::damerau_levenshtein(known, &value.name),
                    known,
                    value,
                )
            })
        });
        match near.min_by_key(|(slips, _, _)| *slips) {
            Some((1..=2, known, value)) => {
                format!(" (hint: did you mean `{known}` by `{}`?)", value.name)
            }
            _ => String::new(),
        }
    }

    /// Whether another value says the same, or more.
    fn is_superseded(&self, index: usize) -> bool {
        let meaning = self.values[index].meaning;
        let others = || {
            let all = self.values.iter().enumerate();
            all.filter(|(other_index, _)| *other_index != index)
        };
        let by_same = others().any(|(other_index, other)| {
            let (ours, theirs) = (meaning.precision(), other.meaning.precision());
            other.meaning.is_same_as(meaning)
                && (theirs > ours || (theirs == ours && other_index < index))
        });
        let has = |wanted| others().any(|(_, other)| other.meaning == wanted);
        by_same
            || (meaning == Meaning::Method && has(Meaning::RequestLine))
            || (meaning == Meaning::Query && (has(Meaning::RequestLine) || has(Meaning::Target)))
    }
}
