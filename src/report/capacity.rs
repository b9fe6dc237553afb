//! The page of a capacity: a search, a law, a forecast, or routes that slow down, as plain data.
//!
//! In: nothing; the caller fills it in. Out: what the writers of HTML and Markdown show, and the same as
//! JSON. Numbers in tables are finished texts; those of drawings are numbers.

use serde::{Deserialize, Serialize};

use super::page::{Fact, MethodNote};
use super::text;

/// A whole page, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapacityPage {
    /// What it is about.
    pub title: String,
    /// The judgement.
    pub badge: CapacityBadge,
    /// The answer, in one or two sentences.
    pub sentence: String,
    /// What may be quoted, with all that must be said with it; empty where the sentence is all.
    pub quote: String,
    /// Small facts.
    pub facts: Vec<Fact>,
    /// Bounds and what is expected, as bars on one axis each.
    pub bars: Vec<RangeBars>,
    /// Drawings.
    pub pictures: Vec<Picture>,
    /// Tables.
    pub tables: Vec<PlainTable>,
    /// What is not known.
    pub unknowns: Vec<String>,
    /// How it was computed.
    pub method: Vec<MethodNote>,
}

/// The judgement, as a word and what kind of word that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityBadge {
    /// E.g. `found`, `does not fit`.
    pub word: String,
    /// How it is coloured.
    pub kind: BadgeKind,
}

/// How a judgement is coloured, beside its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadgeKind {
    /// Well.
    Good,
    /// Not well.
    Bad,
    /// The numbers say something of the measurement only.
    Invalid,
    /// Not decided.
    Open,
}

/// Ranges on one axis, from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeBars {
    /// What they are.
    pub title: String,
    /// What they say.
    pub message: String,
    /// Unit of all numbers.
    pub unit: String,
    /// One bar each.
    pub rows: Vec<RangeRow>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeRow {
    /// What it is.
    pub name: String,
    /// Where it begins; a bar from 0 to there is solid, what is above is not sure. `None` for nothing known.
    pub low: Option<f64>,
    /// Where it ends; `None` where no end is known.
    pub high: Option<f64>,
    /// The same in words.
    pub shown: String,
    /// Whether it is what is expected, and not what is proven.
    pub is_expected: bool,
}

/// A drawing of one thing over another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// What it says.
    pub message: String,
    /// What goes to the right, with its unit.
    pub x: String,
    /// What goes up, with its unit.
    pub y: String,
    /// Text of the labels along x in place of numbers, each with its place; empty for numbers.
    pub x_labels: Vec<(f64, String)>,
    /// The lines and points.
    pub series: Vec<PictureSeries>,
    /// Lines across, with their label.
    pub marks: Vec<PictureMark>,
}

/// One line, a band, or points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureSeries {
    /// Its name.
    pub name: String,
    /// How it is drawn.
    pub style: PictureStyle,
    /// `[x, y]`, or `[x, low, high]` of a band; x ascending.
    pub points: Vec<Vec<f64>>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureStyle {
    /// Points.
    Points,
    /// A line.
    Line,
    /// A second line.
    Dashed,
    /// An area between two lines.
    Band,
}

/// A line across.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureMark {
    /// Its label.
    pub label: String,
    /// Where.
    pub value: f64,
    /// Whether `value` is on the axis to the right; else on the one that goes up.
    pub is_vertical: bool,
}

/// A table of finished texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlainTable {
    /// Its heading.
    pub title: String,
    /// What it says; may be empty.
    pub message: String,
    /// Its columns; the first one names the row.
    pub columns: Vec<PlainColumn>,
    /// As many texts as columns.
    pub rows: Vec<Vec<String>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainColumn {
    /// Its heading.
    pub title: String,
    /// Whether it has numbers.
    pub is_number: bool,
}

impl CapacityPage {
    /// The same without anything that hides in the texts that are written as they are.
    pub(super) fn cleaned(&self) -> Self {
        let clean = |text: &str| text::harmless_lines(text).into_owned();
        let mut page = self.clone();
        page.badge.word = clean(&page.badge.word);
        for fact in &mut page.facts {
            fact.name = clean(&fact.name);
            fact.value = clean(&fact.value);
        }
        page.unknowns
            .iter_mut()
            .for_each(|unknown| *unknown = clean(unknown));
        for note in &mut page.method {
            note.title = clean(&note.title);
            note.text = clean(&note.text);
        }
        for picture in &mut page.pictures {
            picture
                .x_labels
                .iter_mut()
                .for_each(|(_, label)| *label = clean(label));
        }
        page
    }
}

impl PlainTable {
    /// An empty table; a `#` before a column's title says that it has numbers.
    #[must_use]
    pub fn new(title: &str, message: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| PlainColumn {
            title: column.trim_start_matches('#').to_owned(),
            is_number: column.starts_with('#'),
        });
        Self {
            title: title.to_owned(),
            message: message.to_owned(),
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }
}
