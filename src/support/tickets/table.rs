//! The rows of a CSV file, of which only the cells that are asked for are looked at.
//!
//! In: bytes. Out: a header, then one row after the other with its line. The delimiter (`,`, `;`, tab)
//! is told by the header; a byte order mark and the line `sep=;` of spreadsheets are skipped; cells in
//! quotes may have line breaks.

use std::io::{self, BufRead, Read};

use csv::ByteRecord;

/// The longest beginning of a file that is looked at for its delimiter, bytes.
const HEAD_BYTES: usize = 64 * 1024;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Rows of a file.
pub struct Table<R: Read> {
    reader: csv::Reader<io::Chain<io::Cursor<Vec<u8>>, R>>,
    row: ByteRecord,
    /// The headings, as they are written.
    pub header: Vec<String>,
    /// Lines before those that the library counts.
    lines_before: u64,
}

/// What is wrong with the bytes of a file.
#[derive(Debug)]
pub enum TableError {
    /// Reading fails.
    Io(io::Error),
    /// It is no text in UTF-8.
    NotText(&'static str),
    /// It has no header.
    Empty,
}

impl From<io::Error> for TableError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<R: BufRead> Table<R> {
    /// Reads the header.
    pub fn open(mut source: R) -> Result<Self, TableError> {
        let mut head = Vec::new();
        (&mut source)
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head)?;
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(TableError::NotText("it is UTF-16"));
        }
        if head.contains(&0) {
            return Err(TableError::NotText(
                "it has zero bytes, as a spreadsheet or archive has",
            ));
        }
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            head.drain(..3);
        }
        let (said, lines_before) = said_delimiter(&mut head);
        let delimiter = said.unwrap_or_else(|| told_delimiter(&head));
        let mut builder = csv::ReaderBuilder::new();
        let builder = builder
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter);
        let mut reader = builder.from_reader(io::Cursor::new(head).chain(source));
        let mut row = ByteRecord::new();
        if !read(&mut reader, &mut row)? {
            return Err(TableError::Empty);
        }
        let headings = row
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned());
        Ok(Self {
            header: headings.collect(),
            reader,
            row,
            lines_before,
        })
    }

    /// Moves on to the next row that is not blank; `None` at the end of the file.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, TableError> {
        loop {
            if !read(&mut self.reader, &mut self.row)? {
                return Ok(None);
            }
            if self.row.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                break;
            }
        }
        let line = self.row.position().map_or(0, csv::Position::line);
        Ok(Some(Row {
            line: line + self.lines_before,
            cells: &self.row,
        }))
    }
}

fn read<R: Read>(reader: &mut csv::Reader<R>, row: &mut ByteRecord) -> Result<bool, TableError> {
    reader
        .read_byte_record(row)
        .map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => TableError::Io(error),
            // Bytes of any length per row cannot fail otherwise.
            _ => TableError::NotText("it cannot be cut into cells"),
        })
}

/// One row.
pub struct Row<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    cells: &'a ByteRecord,
}

impl Row<'_> {
    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell without spaces around it; `None` when it is empty or not there. Bytes that are no UTF-8 are
    /// replaced.
    pub fn cell(&self, place: Option<usize>) -> Option<std::borrow::Cow<'_, str>> {
        let cell = self.cells.get(place?)?.trim_ascii();
        (!cell.is_empty()).then(|| String::from_utf8_lossy(cell))
    }
}

/// The delimiter of a first line `sep=;`, which is taken off, and how many lines that were.
fn said_delimiter(head: &mut Vec<u8>) -> (Option<u8>, u64) {
    let end = head.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let line = head[..end].trim_ascii();
    let said = line
        .strip_prefix(b"sep=")
        .and_then(|rest| rest.first().copied());
    let tab = (line == b"sep=").then_some(b'\t');
    match said.or(tab).filter(|byte| DELIMITERS.contains(byte)) {
        Some(byte) => {
            head.drain(..=end);
            (Some(byte), 1)
        }
        None => (None, 0),
    }
}

/// The one that is most often in the first row, outside of quotes.
fn told_delimiter(head: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for byte in head {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted && counts.iter().any(|count| *count > 0) => break,
            byte if !is_quoted => {
                if let Some(index) = DELIMITERS.iter().position(|known| known == byte) {
                    counts[index] += 1;
                }
            }
            _ => {}
        }
    }
    let best = (0..DELIMITERS.len())
        .rev()
        .max_by_key(|index| counts[*index]);
    DELIMITERS[best.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> (Vec<String>, Vec<(u64, Vec<String>)>) {
        let mut table = Table::open(bytes).unwrap_or_else(|error| panic!("{error:?}"));
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().unwrap_or_else(|error| panic!("{error:?}")) {
            let cells =
                (0..row.len()).map(|at| row.cell(Some(at)).unwrap_or_default().into_owned());
            rows.push((row.line, cells.collect()));
        }
        (table.header, rows)
    }

    #[test]
    fn delimiters_marks_and_line_breaks_in_quotes_are_understood() {
        for text in [
            "a,b\n1,2\n\n\"x\ny\",\"4, 5\"\n",
            "\u{feff}a;b\r\n1;2\r\n\r\n\"x\ny\";\"4, 5\"\r\n",
            "a\tb\n1\t2\n\n\"x\ny\"\t4, 5",
            "sep=;\na;b\n1;2\n\"x\ny\";4, 5\n",
            "\"a\",b\n1, 2\n\n\"x\ny\",\"4, 5\"\n",
        ] {
            let (header, rows) = rows(text.as_bytes());
            assert_eq!(header, ["a", "b"], "{text:?}");
            let cells: Vec<_> = rows.iter().map(|(_, cells)| cells.join("|")).collect();
            assert_eq!(cells, ["1|2", "x\ny|4, 5"], "{text:?}");
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let (_, rows) = rows(b"sep=,\na,b\n\"x\ny\",2\n3,4\n");
        assert_eq!(
            rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [3, 5]
        );
    }

    #[test]
    fn what_is_no_text_is_said() {
        for (bytes, why) in [
            (&[0xff, 0xfe, b'a', 0][..], "NotText(\"it is UTF-16\")"),
            (
                b"PK\x03\x04\0\0",
                "NotText(\"it has zero bytes, as a spreadsheet or archive has\")",
            ),
            (b"", "Empty"),
            (b"\n\n", "Empty"),
        ] {
            let error = Table::open(bytes).err().map(|error| format!("{error:?}"));
            assert_eq!(error.as_deref(), Some(why));
        }
    }
}
