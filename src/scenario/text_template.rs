//! Paths, headers and bodies with `{product}`, `{next_product}`, `{shopper}`, `{data.column}` and what was
//! taken from earlier answers in them.
//!
//! Braces with anything else than a name in them are text, so that JSON needs no escapes.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::plan::DataTable;

/// A text with variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(Variable),
}

/// What a name in braces stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// `{product}`: the one looked at last.
    Product,
    /// `{next_product}`: the same, of a step that looks at another one first.
    NextProduct,
    /// `{shopper}`: the number of the arrival.
    Shopper,
    /// A column of a table of the plan.
    Data {
        /// Index of the table.
        table: usize,
        /// Index of the column.
        column: usize,
    },
    /// The same, letter by letter: it is a whole target already.
    Target {
        /// Index of the table.
        table: usize,
        /// Index of the column.
        column: usize,
    },
    /// The slot of something that was taken from an answer.
    Taken(usize),
}

/// The names that may stand in braces, and what they stand for.
pub type Names = BTreeMap<String, Variable>;

/// How values are written into the text around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As they are.
    None,
    /// As a part of a URL: everything but unreserved characters in percent codes, RFC 3986.
    Url,
    /// Inside of a JSON string, RFC 8259.
    Json,
}

/// What the variables of one shopper stand for.
#[derive(Debug, Clone, Copy)]
pub struct ShopperVariables<'a> {
    /// `{product}`, and `{next_product}` of a step that looks at another one.
    pub product: u32,
    /// `{shopper}`: the number of the arrival.
    pub shopper: u64,
    /// The plan's tables.
    pub data: &'a [DataTable],
    /// Seed of the plan, for random rows.
    pub seed: u64,
    /// What was taken from answers so far, by slot.
    pub taken: &'a [Option<Box<str>>],
}

impl TextTemplate {
    /// The template `text`.
    ///
    /// # Errors
    /// The first name in braces that is not in `names`.
    pub fn parse(text: &str, names: &Names) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name))
            else {
                literal.push('{');
                rest = after;
                continue;
            };
            let variable = names.get(name).ok_or_else(|| name.to_owned())?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Variable(*variable));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// A text without variables.
    #[must_use]
    pub fn fixed(text: &str) -> Self {
        Self {
            parts: vec![Part::Text(text.to_owned())],
        }
    }

    /// The first column of the first table, as it is.
    #[must_use]
    pub fn target() -> Self {
        let target = Variable::Target {
            table: 0,
            column: 0,
        };
        Self {
            parts: vec![Part::Variable(target)],
        }
    }

    /// The same for a plan in which so many tables and slots of others come first.
    pub(super) fn shift(&mut self, tables: usize, slots: usize) {
        for part in &mut self.parts {
            match part {
                Part::Variable(Variable::Data { table, .. } | Variable::Target { table, .. }) => {
                    *table += tables;
                }
                Part::Variable(Variable::Taken(slot)) => *slot += slots,
                Part::Text(_)
                | Part::Variable(Variable::Product | Variable::NextProduct | Variable::Shopper) => {
                }
            }
        }
    }

    /// Whether `{next_product}` is in it.
    #[must_use]
    pub fn has_next_product(&self) -> bool {
        self.parts.contains(&Part::Variable(Variable::NextProduct))
    }

    /// The text for one shopper. What was not taken yet is empty.
    #[must_use]
    pub fn fill(&self, variables: &ShopperVariables<'_>, escape: Escape) -> String {
        let mut text = String::with_capacity(48);
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(variable) => variables.write(*variable, escape, &mut text),
            }
        }
        text
    }
}

impl ShopperVariables<'_> {
    fn write(&self, variable: Variable, escape: Escape, text: &mut String) {
        // Writing to a `String` never fails.
        match variable {
            Variable::Product | Variable::NextProduct => drop(write!(text, "{}", self.product)),
            Variable::Shopper => drop(write!(text, "{}", self.shopper)),
            Variable::Data { table, column } => {
                let value = self.data[table].value(column, self.shopper, self.seed);
                escape.write(&value, text);
            }
            Variable::Target { table, column } => {
                text.push_str(&self.data[table].value(column, self.shopper, self.seed));
            }
            Variable::Taken(slot) => {
                if let Some(Some(value)) = self.taken.get(slot) {
                    escape.write(value, text);
                }
            }
        }
    }
}

impl Escape {
    fn write(self, value: &str, text: &mut String) {
        match self {
            Escape::None => text.push_str(value),
            Escape::Url => {
                for byte in value.bytes() {
                    match byte {
                        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                            text.push(char::from(byte));
                        }
                        byte => drop(write!(text, "%{byte:02X}")),
                    }
                }
            }
            Escape::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                text.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
    }
}

/// Whether what stands in braces is meant as a name: `product`, `user.email`.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::plan::Pick;

    fn names() -> Names {
        let names = [
            ("product", Variable::Product),
            ("next_product", Variable::NextProduct),
            ("shopper", Variable::Shopper),
            (
                "user.name",
                Variable::Data {
                    table: 0,
                    column: 1,
                },
            ),
            ("token", Variable::Taken(0)),
        ];
        names
            .map(|(name, variable)| (name.to_owned(), variable))
            .into()
    }

    fn filled(text: &str, escape: Escape) -> Result<String, String> {
        let data = [DataTable::rows(
            Pick::Sequential,
            vec!["id".to_owned(), "name".to_owned()],
            vec![
                vec!["1".into(), "Ann & Bo".into()],
                vec!["2".into(), "\"Cy\"".into()],
            ],
        )];
        let variables = ShopperVariables {
            product: 17,
            shopper: 3,
            data: &data,
            seed: 1,
            taken: &[Some("a/b".into())],
        };
        Ok(TextTemplate::parse(text, &names())?.fill(&variables, escape))
    }

    #[test]
    fn names_are_filled_in_and_unknown_ones_named() {
        for (text, escape, expected) in [
            (
                "/product/{product}?by={shopper}",
                Escape::Url,
                "/product/17?by=3",
            ),
            ("/product/{next_product}", Escape::Url, "/product/17"),
            ("/cart", Escape::Url, "/cart"),
            ("", Escape::Url, ""),
            ("/u/{user.name}", Escape::None, "/u/\"Cy\""),
            ("/u/{user.name}", Escape::Url, "/u/%22Cy%22"),
            ("/t/{token}", Escape::Url, "/t/a%2Fb"),
        ] {
            assert_eq!(filled(text, escape), Ok(expected.to_owned()), "{text}");
        }
        assert_eq!(filled("/{produkt}", Escape::Url), Err("produkt".to_owned()));
    }

    #[test]
    fn the_braces_of_json_are_text() {
        let json = r#"{"product": {product}, "by": {"name": "{user.name}"}, "a": {}, "{": "{"}"#;
        let expected = r#"{"product": 17, "by": {"name": "\"Cy\""}, "a": {}, "{": "{"}"#;
        assert_eq!(filled(json, Escape::Json), Ok(expected.to_owned()));
        assert_eq!(filled("/{product", Escape::Url), Ok("/{product".to_owned()));
    }
}
