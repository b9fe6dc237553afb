//! The cells of one line of CSV, as RFC 4180 and the `csv` crate read it, without copying.
//!
//! In: a line without its end. Out: its cells; a text is copied only where a `""` is in it or
//! something follows its closing quote. Own code instead of `csv-core`, which copies every cell and
//! wants a machine of its own for every line; a property test compares the two.

use std::borrow::Cow;

use memchr::memchr;

/// A line that ends inside quotes: its record goes on in the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenQuote;

/// Why a line with an [`OpenQuote`] is not read.
pub const OPEN_QUOTE: &str = "a quoted cell goes on in the next line (hint: take the line breaks out first, see \"Cells of several lines\" in docs/ingest.md)";

/// Walks over the cells of one line; an empty line has one empty cell.
#[derive(Debug, Clone)]
pub struct CsvLine<'a> {
    rest: Option<&'a [u8]>,
    delimiter: u8,
}

impl<'a> CsvLine<'a> {
    /// The cells of `line` between `delimiter`s.
    #[must_use]
    pub fn new(line: &'a [u8], delimiter: u8) -> Self {
        Self {
            rest: Some(line),
            delimiter,
        }
    }

    fn plain_cell(&mut self, rest: &'a [u8]) -> &'a [u8] {
        match memchr(self.delimiter, rest) {
            Some(end) => {
                self.rest = Some(&rest[end + 1..]);
                &rest[..end]
            }
            None => rest,
        }
    }

    /// A cell whose opening quote is taken off already.
    fn quoted_cell(&mut self, inside: &'a [u8]) -> Result<Cow<'a, [u8]>, OpenQuote> {
        let first = memchr(b'"', inside).ok_or(OpenQuote)?;
        match inside.get(first + 1) {
            None => Ok(Cow::Borrowed(&inside[..first])),
            Some(next) if *next == self.delimiter => {
                self.rest = Some(&inside[first + 2..]);
                Ok(Cow::Borrowed(&inside[..first]))
            }
            Some(_) => self.escaped_cell(inside).map(Cow::Owned),
        }
    }

    /// A cell with `""` in it, or with something after its closing quote, which is taken as it is.
    fn escaped_cell(&mut self, inside: &'a [u8]) -> Result<Vec<u8>, OpenQuote> {
        let (mut cell, mut from) = (Vec::new(), inside);
        loop {
            let quote = memchr(b'"', from).ok_or(OpenQuote)?;
            cell.extend_from_slice(&from[..quote]);
            from = &from[quote + 1..];
            match from.first() {
                Some(b'"') => {
                    cell.push(b'"');
                    from = &from[1..];
                }
                Some(_) => {
                    cell.extend_from_slice(self.plain_cell(from));
                    return Ok(cell);
                }
                None => return Ok(cell),
            }
        }
    }
}

impl<'a> Iterator for CsvLine<'a> {
    type Item = Result<Cow<'a, [u8]>, OpenQuote>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        Some(match rest.strip_prefix(b"\"") {
            Some(inside) => self.quoted_cell(inside),
            None => Ok(Cow::Borrowed(self.plain_cell(rest))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(line: &str) -> Option<Vec<String>> {
        CsvLine::new(line.as_bytes(), b',')
            .map(|cell| Some(String::from_utf8(cell.ok()?.into_owned()).unwrap()))
            .collect()
    }

    #[test]
    fn cells_are_read_with_their_quotes_taken_off() {
        for (line, expected) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            (",", vec!["", ""]),
            ("a,,", vec!["a", "", ""]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"\"", vec![""]),
            ("\"\",", vec!["", ""]),
            ("\"say \"\"hi\"\"\",c", vec!["say \"hi\"", "c"]),
            ("\"\"\"\"", vec!["\""]),
            ("\"a\"b,c", vec!["ab", "c"]),
            ("a\"b\",c", vec!["a\"b\"", "c"]),
            ("=cmd()|'/C calc'!A0,@x", vec!["=cmd()|'/C calc'!A0", "@x"]),
        ] {
            assert_eq!(
                cells(line),
                Some(expected.iter().map(ToString::to_string).collect()),
                "{line}"
            );
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told() {
        for line in ["\"", "a,\"b", "\"a\"\"", "\"a,b"] {
            assert_eq!(cells(line), None, "{line}");
        }
    }

    #[test]
    fn a_copy_is_made_only_of_an_escaped_cell() {
        for (line, is_owned) in [("a", false), ("\"a\"", false), ("\"a\"\"\"", true)] {
            let cell = CsvLine::new(line.as_bytes(), b',').next();
            assert_eq!(matches!(cell, Some(Ok(Cow::Owned(_)))), is_owned, "{line}");
        }
    }

    proptest! {
        #[test]
        fn quoted_cells_come_back(texts in proptest::collection::vec("[a-c,;\"\\t ]{0,6}", 1..6), delimiter in prop::sample::select(vec![b',', b';', b'\t'])) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            let line = quoted.join(&char::from(delimiter).to_string());
            let cells: Result<Vec<_>, _> = CsvLine::new(line.as_bytes(), delimiter).collect();
            let cells: Vec<Vec<u8>> = cells.unwrap().into_iter().map(Cow::into_owned).collect();
            prop_assert_eq!(cells, texts.into_iter().map(String::into_bytes).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_end_in_cells(line: Vec<u8>) {
            let cells = CsvLine::new(&line, b',').count();
            prop_assert!(cells >= 1 && cells <= line.len() + 1);
        }
    }
}
