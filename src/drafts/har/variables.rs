//! What stands in the place of a recorded value, so that the next shopper is somebody else.
//!
//! In: the values that a step sent, with their names. Out: the value as it is, a variable that an earlier
//! answer fills (`take`), `{product}`, an address of the shopper's own, or nothing where it is secret.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::recording::RecordedStep;
use super::secrets::{is_card_number, is_checksum, is_email, is_secret, looks_made_up};
use super::taking::{Answers, Place, is_id, is_telling};

/// Names whose numbers are products, as fields and as folders of a path.
const PRODUCT_NAMES: [&str; 22] = [
    "product",
    "products",
    "product_id",
    "productid",
    "product-id",
    "item",
    "items",
    "item_id",
    "itemid",
    "p",
    "pid",
    "sku",
    "dp",
    "article",
    "articles",
    "article_id",
    "artikel",
    "produkt",
    "produkte",
    "produit",
    "goods",
    "detail",
];
/// The largest number that can be a product: the most that a scenario draws from with a skew.
const PRODUCT_MAX: u64 = 10_000_000;
/// What an e-mail address becomes.
pub const SHOPPER_EMAIL: &str = "shopper-{shopper}@example.com";

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// It stays.
    Literal,
    /// A name in braces.
    Variable(String),
    /// An e-mail address.
    Email,
    /// It is not copied.
    Secret,
    /// It stays, and there is something to say of it.
    Noted(&'static str),
}

/// Of what the server may have made.
const SEEN: &str = "was in an earlier answer, at no place from which it is sure to be taken, and stays as it was recorded";
/// Of a second product.
const OTHER_PRODUCT: &str = "stays as it was recorded: a request has one `{product}`";

/// The variables of a recording.
pub struct Variables<'a> {
    answers: Answers<'a>,
    keeps_products: bool,
    /// By value, the first step that sent it.
    sent: HashMap<String, usize>,
    /// By value, the name under which it is taken.
    names: BTreeMap<String, String>,
    used_names: BTreeSet<String>,
    /// By step, what is taken from its answer.
    takes: Vec<BTreeMap<String, Place>>,
    /// The largest product that was replaced.
    product_max: Option<u64>,
    /// The product of the step that is being written.
    product: Option<u64>,
    sending: Vec<String>,
}

impl<'a> Variables<'a> {
    /// None yet.
    pub fn new(steps: &'a [RecordedStep], keeps_products: bool) -> Self {
        let reserved = ["product", "next_product", "shopper", "end"].map(ToOwned::to_owned);
        Self {
            answers: Answers::new(steps),
            keeps_products,
            sent: HashMap::new(),
            names: BTreeMap::new(),
            used_names: reserved.into(),
            takes: steps.iter().map(|_| BTreeMap::new()).collect(),
            product_max: None,
            product: None,
            sending: Vec::new(),
        }
    }

    /// What `value` of something called `name` becomes in `step`; steps come in their order.
    pub fn meaning(&mut self, step: usize, name: &str, value: &str) -> Meaning {
        if let Some(known) = self.names.get(value) {
            return Meaning::Variable(known.clone());
        }
        // What somebody sent before it was answered is no idea of the server.
        let before = self.sent.get(value).map_or(step, |first| step.min(*first));
        if is_telling(value) {
            self.sending.push(value.to_owned());
        }
        if let Some((from, place)) = self.answers.find(value, before) {
            // `authorization` is what it is for; the answer says what it is.
            let variable = self.new_name(match &place {
                Place::Json(pointer) if name == "authorization" => {
                    pointer.rsplit('/').next().unwrap_or(name)
                }
                Place::Cookie(own) | Place::EncodedCookie(own) | Place::Header(own)
                    if name == "authorization" =>
                {
                    own
                }
                Place::Json(_)
                | Place::Cookie(_)
                | Place::EncodedCookie(_)
                | Place::Header(_)
                | Place::HeaderPart(..)
                | Place::Css(..)
                | Place::Regex(_) => name,
            });
            self.takes[from].insert(variable.clone(), place);
            self.names.insert(value.to_owned(), variable.clone());
            return Meaning::Variable(variable);
        }
        if is_secret(name) || is_card_number(value) {
            return Meaning::Secret;
        }
        if let Some(number) = self.product(name, value) {
            if *self.product.get_or_insert(number) != number {
                return Meaning::Noted(OTHER_PRODUCT);
            }
            self.product_max = Some(self.product_max.unwrap_or(1).max(number));
            return Meaning::Variable("product".to_owned());
        }
        if is_email(value) {
            return Meaning::Email;
        }
        let is_made_up = looks_made_up(value) && !is_checksum(name);
        if (is_made_up || is_id(value)) && self.answers.have(value, before) {
            return Meaning::Noted(SEEN);
        }
        if is_made_up {
            Meaning::Secret
        } else {
            Meaning::Literal
        }
    }

    /// Told when all values of `step` have been asked for.
    pub fn end_step(&mut self, step: usize) {
        self.product = None;
        for value in self.sending.drain(..) {
            self.sent.entry(value).or_insert(step);
        }
    }

    /// What is taken from the answer of `step`.
    pub fn takes(&self, step: usize) -> &BTreeMap<String, Place> {
        &self.takes[step]
    }

    /// How many values are taken.
    pub fn taken(&self) -> usize {
        self.names.len()
    }

    /// The largest product that became `{product}`; `None` where none did.
    pub fn product_max(&self) -> Option<u64> {
        self.product_max
    }

    fn product(&self, name: &str, value: &str) -> Option<u64> {
        if self.keeps_products
            || value.starts_with('0')
            || !value.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let bare = name
            .trim_end_matches(']')
            .rsplit(['[', '.'])
            .next()
            .unwrap_or(name)
            .to_ascii_lowercase();
        let number = value
            .parse()
            .ok()
            .filter(|number| (1..=PRODUCT_MAX).contains(number))?;
        PRODUCT_NAMES.contains(&bare.as_str()).then_some(number)
    }

    fn new_name(&mut self, wanted: &str) -> String {
        let mut name: String = wanted
            .chars()
            .map(|char| {
                if char.is_ascii_alphanumeric() {
                    char.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .take(40)
            .collect();
        name = name.trim_matches('_').to_owned();
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            name = format!("value_{name}").trim_end_matches('_').to_owned();
        }
        let mut free = name.clone();
        for number in 2.. {
            if self.used_names.insert(free.clone()) {
                break;
            }
            free = format!("{name}_{number}");
        }
        free
    }
}

/// Whether braces in a text would be read as a variable, or as one of the environment.
pub fn has_variable(text: &str) -> bool {
    let named = text.match_indices('{').any(|(at, _)| {
        let inside = text[at + 1..].split('}').next().unwrap_or_default();
        text[at + 1..].contains('}')
            && inside.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && inside
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    });
    named || text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_with_a_name_are_a_variable_and_others_are_text() {
        for text in ["{product}", "a{x.y-z}b", "${env:HOME}", "{ {a} }"] {
            assert!(has_variable(text), "{text}");
        }
        for text in ["{", "{}", "{\"a\":1}", "{a b}", "{1}", "a}b{"] {
            assert!(!has_variable(text), "{text}");
        }
    }

    #[test]
    fn products_are_plain_numbers_of_a_telling_name() {
        let mut variables = Variables::new(&[], false);
        let product = Meaning::Variable("product".to_owned());
        for name in ["product", "productId", "cart[product_id]", "line.sku"] {
            assert_eq!(variables.meaning(0, name, "17"), product, "{name}");
        }
        for (name, value) in [
            ("page", "17"),
            ("product", "017"),
            ("product", "x17"),
            ("product", "0"),
            ("product", "10000001"),
        ] {
            assert_eq!(
                variables.meaning(0, name, value),
                Meaning::Literal,
                "{name} {value}"
            );
        }
        assert_eq!(
            variables.meaning(0, "product", "10000000"),
            Meaning::Noted(OTHER_PRODUCT)
        );
        variables.end_step(0);
        assert_eq!(variables.meaning(1, "product", "10000000"), product);
        assert_eq!(variables.product_max(), Some(10_000_000));
        assert_eq!(
            Variables::new(&[], true).meaning(0, "product", "17"),
            Meaning::Literal
        );
        assert_eq!(
            variables.meaning(0, "mail", "ann@shop.example"),
            Meaning::Email
        );
        assert_eq!(variables.meaning(0, "pwd", "ann"), Meaning::Secret);
        let made_up = "0d9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b";
        assert_eq!(variables.meaning(0, "device", made_up), Meaning::Secret);
        assert_eq!(
            variables.meaning(0, "sha256Hash", made_up),
            Meaning::Literal
        );
    }
}
