//! The fields that a mapping names, taken out of one line.
//!
//! In: a line and the context with its header. Out: one value per wanted field, in the order in which
//! the mapping asked for them. It never knows what a field is for.

use std::borrow::Cow;

use memchr::memchr;

use crate::access_log::delimited::columns::{TOO_FEW, set_header, split_csv_into};
use crate::access_log::delimited::csv_line::CsvLine;
use crate::access_log::json::{JsonPaths, JsonValue};
use crate::access_log::line::{HeaderRule, LineContext};

/// What some programs write before the first line of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const HEADER_LACKS: &str = "the header lacks a column that the mapping file names";

/// How the fields of a line are found.
#[derive(Debug, Clone)]
pub enum LineValues {
    /// By their paths in a JSON object.
    Json(JsonPaths),
    /// By the columns of a CSV.
    Csv {
        /// Between two cells.
        delimiter: u8,
        /// The wanted fields.
        fields: Vec<String>,
        /// For each column the place of its field; `None` if a header line says it.
        columns: Option<Vec<Option<usize>>>,
    },
    /// By their labels.
    Ltsv {
        /// The wanted fields.
        fields: Vec<String>,
    },
}

impl LineValues {
    /// How the log says what its columns are.
    pub fn header(&self) -> HeaderRule {
        match self {
            Self::Csv { columns: None, .. } => HeaderRule::FirstLine,
            Self::Csv { .. } | Self::Json(_) | Self::Ltsv { .. } => HeaderRule::None,
        }
    }

    /// The wanted values; `Ok(None)` for the header.
    ///
    /// # Errors
    /// Why the line, or the header before it, is none of this kind.
    pub fn pick<'a>(
        &self,
        line: &'a [u8],
        context: &mut LineContext,
    ) -> Result<Option<Vec<JsonValue<'a>>>, &'static str> {
        match self {
            Self::Json(paths) => {
                let mut values = Vec::with_capacity(paths.count());
                paths.pick(line, &mut values)?;
                Ok(Some(values))
            }
            Self::Csv {
                delimiter,
                fields,
                columns,
            } => {
                let columns = match columns {
                    Some(columns) => columns,
                    None if context.header.is_empty() => {
                        return take_header(line, *delimiter, fields, context);
                    }
                    None if context.header == line => return Ok(None),
                    None if context.columns.is_empty() => return Err(HEADER_LACKS),
                    None => &context.columns,
                };
                let mut cells = vec![Cow::Borrowed(b"" as &[u8]); fields.len()];
                split_csv_into(line, *delimiter, columns, &mut cells)?;
                Ok(Some(cells.into_iter().map(text_value).collect()))
            }
            Self::Ltsv { fields } => labelled(line, fields).map(Some),
        }
    }
}

/// For each column the place of its field. Of two columns with one name the first counts.
pub fn columns_of<'n>(
    names: impl Iterator<Item = Cow<'n, [u8]>>,
    fields: &[String],
) -> Vec<Option<usize>> {
    let mut is_taken = vec![false; fields.len()];
    names
        .map(|name| {
            let place = fields.iter().position(|field| *field.as_bytes() == *name)?;
            (!std::mem::replace(&mut is_taken[place], true)).then_some(place)
        })
        .collect()
}

/// Puts the first line in force. Without one of the fields no line after it can be read.
fn take_header<'a>(
    line: &[u8],
    delimiter: u8,
    fields: &[String],
    context: &mut LineContext,
) -> Result<Option<Vec<JsonValue<'a>>>, &'static str> {
    let names = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let columns = columns_of(CsvLine::new(names, delimiter).flatten(), fields);
    set_header(context, line, Vec::new());
    if columns.iter().flatten().count() < fields.len() {
        return Err(HEADER_LACKS);
    }
    context.columns = columns;
    Ok(None)
}

fn labelled<'a>(line: &'a [u8], fields: &[String]) -> Result<Vec<JsonValue<'a>>, &'static str> {
    let mut values = vec![JsonValue::Absent; fields.len()];
    let mut label_count = 0_usize;
    for part in line
        .split(|byte| *byte == b'\t')
        .filter(|part| !part.is_empty())
    {
        let colon = memchr(b':', part).ok_or("a field without a label")?;
        label_count += 1;
        let place = fields
            .iter()
            .position(|field| field.as_bytes() == &part[..colon]);
        if let Some(value) = place.and_then(|place| values.get_mut(place))
            && *value == JsonValue::Absent
        {
            *value = text_value(Cow::Borrowed(&part[colon + 1..]));
        }
    }
    if label_count == 0 {
        Err(TOO_FEW)
    } else {
        Ok(values)
    }
}

/// A cell as a text; what is not UTF-8 in it is replaced.
fn text_value(cell: Cow<'_, [u8]>) -> JsonValue<'_> {
    JsonValue::Text(match cell {
        Cow::Borrowed(cell) => String::from_utf8_lossy(cell),
        Cow::Owned(cell) => Cow::Owned(String::from_utf8_lossy(&cell).into_owned()),
    })
}
