//! Paths and form values with `{product}` and `{shopper}` in them.

/// What the variables of one shopper stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopperVariables {
    /// `{product}`.
    pub product: u32,
    /// `{shopper}`: the number of the arrival.
    pub shopper: u64,
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Product,
    Shopper,
}

impl PathTemplate {
    /// Names that may stand in braces.
    pub const VARIABLES: [&'static str; 2] = ["product", "shopper"];

    /// The template `text`.
    ///
    /// # Errors
    /// The unknown name in braces, or the text after a brace that is never closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(match name {
                "product" => Part::Product,
                "shopper" => Part::Shopper,
                other => return Err(other.to_owned()),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text for one shopper.
    #[must_use]
    pub fn fill(&self, variables: ShopperVariables) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(32);
        for part in &self.parts {
            // Writing to a `String` never fails.
            let _ = match part {
                Part::Text(literal) => text.write_str(literal),
                Part::Product => write!(text, "{}", variables.product),
                Part::Shopper => write!(text, "{}", variables.shopper),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_unknown_ones_named() {
        let variables = ShopperVariables {
            product: 17,
            shopper: 4,
        };
        let filled = |text: &str| PathTemplate::parse(text).map(|path| path.fill(variables));
        assert_eq!(
            filled("/product/{product}?by={shopper}"),
            Ok("/product/17?by=4".to_owned())
        );
        assert_eq!(filled("/cart"), Ok("/cart".to_owned()));
        assert_eq!(filled(""), Ok(String::new()));
        assert_eq!(filled("/{produkt}"), Err("produkt".to_owned()));
        assert_eq!(filled("/{product"), Err("product".to_owned()));
    }
}
