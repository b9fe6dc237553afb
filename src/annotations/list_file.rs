//! Annotations of a YAML list, through [`declared_files`](crate::declared_files).

use std::path::Path;

use jiff::tz::TimeZone;

use super::moment::moment_us;
use super::{Annotation, AnnotationDefinition, AnnotationListDefinition};
use crate::declared_files::{self, Declared, DeclaredFileError, Problem};

/// Reads a file, in its order.
pub(super) fn load(
    path: &Path,
    zone: Option<&TimeZone>,
) -> Result<Vec<Annotation>, DeclaredFileError> {
    understand(&declared_files::load(path)?, zone)
}

/// What a list means, or every problem at once.
pub(super) fn understand(
    declared: &Declared<AnnotationListDefinition>,
    zone: Option<&TimeZone>,
) -> Result<Vec<Annotation>, DeclaredFileError> {
    let mut reader = Reader {
        declared,
        zone,
        problems: Vec::new(),
    };
    let definitions = declared.value.0.iter().enumerate();
    let annotations = definitions
        .map(|(index, definition)| reader.annotation(index, definition))
        .collect();
    if reader.problems.is_empty() {
        Ok(annotations)
    } else {
        Err(DeclaredFileError::from(reader.problems))
    }
}

struct Reader<'a> {
    declared: &'a Declared<AnnotationListDefinition>,
    zone: Option<&'a TimeZone>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Wrong times are 0 here; with a problem nothing of it is used.
    fn annotation(&mut self, index: usize, definition: &AnnotationDefinition) -> Annotation {
        let problems_before = self.problems.len();
        let at_us = self.moment(&format!("/{index}/at"), &definition.at);
        let until = definition.until.as_deref();
        let until_us = until.map(|text| self.moment(&format!("/{index}/until"), text));
        let is_known = self.problems.len() == problems_before;
        if is_known && until_us.is_some_and(|until_us| until_us <= at_us) {
            let pointer = format!("/{index}/until");
            self.problem(&pointer, NOT_AFTER.0.to_owned(), NOT_AFTER.1.to_owned());
        }
        if definition.url.as_deref().is_some_and(|url| !is_link(url)) {
            let pointer = format!("/{index}/url");
            self.problem(&pointer, NO_LINK.0.to_owned(), NO_LINK.1.to_owned());
        }
        Annotation {
            at_us,
            until_us,
            kind: definition.kind,
            label: definition.label.clone(),
            channel: definition.channel.clone(),
            url: definition.url.clone(),
        }
    }

    fn moment(&mut self, pointer: &str, text: &str) -> i64 {
        moment_us(text, self.zone).unwrap_or_else(|problem| {
            self.problem(pointer, problem.message, problem.hint);
            0
        })
    }

    fn problem(&mut self, pointer: &str, message: String, hint: String) {
        self.problems
            .push(self.declared.problem(pointer, message, Some(hint)));
    }
}

/// Message and hint for an end that is no end.
pub(super) const NOT_AFTER: (&str, &str) = (
    "`until` is not after `at`",
    "`until` is the first moment after it; leave it out for a moment",
);
/// Message and hint for a link that a browser must not follow.
pub(super) const NO_LINK: (&str, &str) = (
    "`url` is not a web address",
    "write an address that begins with `https://` or `http://`",
);

/// Whether a text may become a link: `javascript:` must not.
pub(super) fn is_link(url: &str) -> bool {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web && !url.contains(|char: char| char.is_control() || char.is_whitespace())
}
