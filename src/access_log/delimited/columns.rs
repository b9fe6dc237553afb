//! Which column of a delimited log holds what, by the names in its header, and the wanted cells of
//! a line.
//!
//! [`LineContext::columns`] has one entry for every column of the log: the slot of the wanted value
//! that it holds, or `None`. So a line is walked once, however many columns there are.

use std::borrow::Cow;

use memchr::memchr;

use super::csv_line::{CsvLine, OPEN_QUOTE};
use crate::access_log::line::LineContext;

/// Why a line cannot be read before its header came.
pub const NO_HEADER: &str = "no header line before it";
/// Why a line with fewer cells than its header is not read.
pub const TOO_FEW: &str = "fewer fields than the header names";
/// Why a line with more cells than its header is not read.
pub const TOO_MANY: &str = "more fields than the header names";

/// The wanted values of a line, by slot; empty where the log has no such column.
pub type Slots<'a, const N: usize> = [&'a [u8]; N];
/// As [`Slots`], of a format with quoting.
pub type CsvSlots<'a, const N: usize> = [Cow<'a, [u8]>; N];

/// For each column its slot: the place of its name in `wanted`, which may give one slot several
/// names. Names are compared without regard to case; of two columns for one slot the first counts.
pub fn columns_of<'n>(
    names: impl Iterator<Item = &'n [u8]>,
    wanted: &[(&str, usize)],
) -> Vec<Option<usize>> {
    let mut is_taken = vec![false; wanted.iter().map(|(_, slot)| slot + 1).max().unwrap_or(0)];
    names
        .map(|name| {
            let is_named = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
            let (_, slot) = wanted.iter().find(|(known, _)| is_named(known))?;
            (!std::mem::replace(&mut is_taken[*slot], true)).then_some(*slot)
        })
        .collect()
}

/// Whether a column for each of the slots is there.
pub fn has_all(columns: &[Option<usize>], slots: &[usize]) -> bool {
    slots.iter().all(|slot| columns.contains(&Some(*slot)))
}

/// Puts a header in force.
pub fn set_header(context: &mut LineContext, header: &[u8], columns: Vec<Option<usize>>) {
    context.header.clear();
    context.header.extend_from_slice(header);
    context.columns = columns;
}

/// The wanted cells of a line without quoting, and whether more cells follow the last column.
///
/// # Errors
/// [`TOO_FEW`].
pub fn split<'a, const N: usize>(
    line: &'a [u8],
    delimiter: u8,
    columns: &[Option<usize>],
) -> Result<(Slots<'a, N>, bool), &'static str> {
    let mut slots: Slots<'a, N> = [b""; N];
    let mut rest = Some(line);
    for column in columns {
        let from = rest.ok_or(TOO_FEW)?;
        let cell = match memchr(delimiter, from) {
            Some(end) => {
                rest = Some(&from[end + 1..]);
                &from[..end]
            }
            None => {
                rest = None;
                from
            }
        };
        if let Some(slot) = column.and_then(|slot| slots.get_mut(slot)) {
            *slot = cell;
        }
    }
    Ok((slots, rest.is_some()))
}

/// The wanted cells of a line of CSV, which has as many cells as there are columns.
///
/// # Errors
/// [`TOO_FEW`], [`TOO_MANY`] or [`OPEN_QUOTE`].
pub fn split_csv<'a, const N: usize>(
    line: &'a [u8],
    delimiter: u8,
    columns: &[Option<usize>],
) -> Result<CsvSlots<'a, N>, &'static str> {
    let mut slots = [const { Cow::Borrowed(b"" as &[u8]) }; N];
    split_csv_into(line, delimiter, columns, &mut slots)?;
    Ok(slots)
}

/// As [`split_csv`], into slots whose number is not known before; a column for a slot that is not
/// there is passed over.
///
/// # Errors
/// As [`split_csv`].
pub fn split_csv_into<'a>(
    line: &'a [u8],
    delimiter: u8,
    columns: &[Option<usize>],
    slots: &mut [Cow<'a, [u8]>],
) -> Result<(), &'static str> {
    let mut cells = CsvLine::new(line, delimiter);
    for column in columns {
        let cell = cells.next().ok_or(TOO_FEW)?.map_err(|_| OPEN_QUOTE)?;
        if let Some(slot) = column.and_then(|slot| slots.get_mut(slot)) {
            *slot = cell;
        }
    }
    match cells.next() {
        None => Ok(()),
        Some(Ok(_)) => Err(TOO_MANY),
        Some(Err(_)) => Err(OPEN_QUOTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[(&str, usize)] = &[("a", 0), ("b", 1), ("bee", 1)];

    fn columns(header: &str) -> Vec<Option<usize>> {
        columns_of(header.split(',').map(str::as_bytes), WANTED)
    }

    #[test]
    fn columns_are_found_by_any_of_their_names_and_the_first_counts() {
        assert_eq!(columns("x,B,a"), [None, Some(1), Some(0)]);
        assert_eq!(columns("bee,b,a"), [Some(1), None, Some(0)]);
        assert!(has_all(&columns("b,a"), &[0, 1]));
        assert!(!has_all(&columns("b,x"), &[0, 1]));
    }

    #[test]
    fn cells_go_to_their_slots() {
        let columns = columns("x,b,a");
        let (slots, has_more) = split::<2>(b"1 2 3", b' ', &columns).unwrap();
        assert_eq!((slots, has_more), ([&b"3"[..], b"2"], false));
        assert!(split::<2>(b"1 2 3 4", b' ', &columns).unwrap().1);
        assert!(split::<2>(b"1 2 3 ", b' ', &columns).unwrap().1);
        assert_eq!(split::<2>(b"1 2", b' ', &columns).unwrap_err(), TOO_FEW);
        let slots = split_csv::<2>(b"1,\"2,2\",3", b',', &columns).unwrap();
        assert_eq!(slots.map(Cow::into_owned), [b"3".to_vec(), b"2,2".to_vec()]);
        assert_eq!(split_csv::<2>(b"1,2", b',', &columns), Err(TOO_FEW));
        assert_eq!(split_csv::<2>(b"1,2,3,4", b',', &columns), Err(TOO_MANY));
        assert_eq!(split_csv::<2>(b"1,\"2,3", b',', &columns), Err(OPEN_QUOTE));
        assert_eq!(split_csv::<2>(b"1,2,3,\"", b',', &columns), Err(OPEN_QUOTE));
    }

    #[test]
    fn a_hundred_thousand_columns_are_walked_once() {
        let header = format!("{}a,b", "x,".repeat(100_000));
        let columns = columns(&header);
        let line = format!("{}4,5", "1,".repeat(100_000));
        let (slots, has_more) = split::<2>(line.as_bytes(), b',', &columns).unwrap();
        assert_eq!((slots, has_more), ([&b"4"[..], b"5"], false));
        let slots = split_csv::<2>(line.as_bytes(), b',', &columns).unwrap();
        assert_eq!(slots.map(Cow::into_owned), [b"4", b"5"]);
    }
}
