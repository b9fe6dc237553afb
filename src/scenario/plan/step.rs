//! Steps of a journey.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use scraper::Selector;

use super::super::duration_draw::DurationDraw;
use super::super::text_template::TextTemplate;
use crate::status_pattern::StatusPattern;

/// A journey.
#[derive(Debug, Clone)]
pub struct JourneyPlan {
    /// Its name.
    pub name: String,
    /// Its steps; at least one.
    pub steps: Vec<StepPlan>,
}

/// One step of a journey.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// The method in capitals.
    pub method: &'static str,
    /// The path, with variables.
    pub path: TextTemplate,
    /// The route of its requests in the lake.
    pub route: Arc<str>,
    /// Headers with their lower-case names, those of the target among them.
    pub headers: Vec<(String, TextTemplate)>,
    /// The body.
    pub body: BodyPlan,
    /// Think time before it.
    pub think: DurationDraw,
    /// Share of the shoppers here who take it.
    pub chance: Option<f64>,
    /// The fewest and the most times it is taken.
    pub repeat: (u32, u32),
    /// Where shoppers go from here with which share, 0 to 1; empty for the step below.
    pub next: Vec<(GoTo, f64)>,
    /// Paths that are got at the same time afterwards, and their routes.
    pub assets: Vec<(TextTemplate, Arc<str>)>,
    /// Whether what the page names is got, too.
    pub has_page_assets: bool,
    /// Whether redirects are followed.
    pub follows_redirects: bool,
    /// What is taken from the answer.
    pub takes: Vec<TakePlan>,
    /// What the answer must be.
    pub check: CheckPlan,
    /// Whether a shopper goes on when the step failed.
    pub goes_on: bool,
}

impl StepPlan {
    /// Whether somebody looks at the body of its answer.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        let is_from_body = |take: &TakePlan| match take.from {
            TakeFrom::Body | TakeFrom::Json(_) | TakeFrom::Css { .. } => true,
            TakeFrom::Header(_) | TakeFrom::Cookie(_) => false,
        };
        self.has_page_assets
            || self.takes.iter().any(is_from_body)
            || !self.check.body_has.is_empty()
            || self.check.body_matches.is_some()
            || !self.check.json.is_empty()
    }

    /// Whether a shopper looks at another product here: `{next_product}` is in its request, or in a path
    /// that is got with it.
    #[must_use]
    pub fn has_next_product(&self) -> bool {
        let is_named = TextTemplate::has_next_product;
        is_named(&self.path)
            || self.headers.iter().any(|(_, value)| is_named(value))
            || self.assets.iter().any(|(path, _)| is_named(path))
            || match &self.body {
                BodyPlan::None => false,
                BodyPlan::Form(fields) => fields.iter().any(|(_, value)| is_named(value)),
                BodyPlan::Json(text) | BodyPlan::Text(text) => is_named(text),
                BodyPlan::Multipart(parts) => parts.iter().any(|part| match &part.body {
                    PartBody::Text(text) => is_named(text),
                    PartBody::File(_) => false,
                }),
            }
    }
}

/// Where a shopper goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoTo {
    /// To this step of the journey.
    Step(u16),
    /// It is done.
    End,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub enum BodyPlan {
    /// None.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, TextTemplate)>),
    /// A JSON document.
    Json(TextTemplate),
    /// Any text.
    Text(TextTemplate),
    /// `multipart/form-data`.
    Multipart(Vec<PartPlan>),
}

/// One part of a `multipart/form-data` body.
#[derive(Debug, Clone)]
pub struct PartPlan {
    /// Its name.
    pub name: String,
    /// Its file name, where it is a file.
    pub file_name: Option<String>,
    /// Its type; `None` where it says none.
    pub content_type: Option<String>,
    /// What is in it.
    pub body: PartBody,
}

/// What is in a part.
#[derive(Debug, Clone)]
pub enum PartBody {
    /// A text.
    Text(TextTemplate),
    /// A file, read before the run.
    File(Arc<[u8]>),
}

/// Something that is taken from an answer.
#[derive(Debug, Clone)]
pub struct TakePlan {
    /// The slot in which it is kept.
    pub slot: usize,
    /// Its name, for messages.
    pub name: String,
    /// Where it is.
    pub from: TakeFrom,
    /// What it matches there, in its first group or as a whole; `None` for all.
    pub pattern: Option<Regex>,
    /// Whether percent codes are decoded.
    pub is_percent_decoded: bool,
}

/// Where something is in an answer.
#[derive(Debug, Clone)]
pub enum TakeFrom {
    /// Anywhere in the body.
    Body,
    /// At a JSON pointer.
    Json(String),
    /// In the first element that a CSS selector matches.
    Css {
        /// The selector.
        selector: Box<Selector>,
        /// The attribute; `None` for the text.
        attribute: Option<String>,
    },
    /// In a header of the answer, or of a redirect on the way there.
    Header(String),
    /// In a cookie that one of them sets.
    Cookie(String),
}

/// What an answer must be.
#[derive(Debug, Clone, Default)]
pub struct CheckPlan {
    /// One of these statuses; empty for any but 4xx and 5xx.
    pub status: Vec<StatusPattern>,
    /// Headers that must contain a text.
    pub headers: Vec<(String, String)>,
    /// Texts that the body must contain.
    pub body_has: Vec<String>,
    /// What the body must match.
    pub body_matches: Option<Regex>,
    /// Values by JSON pointer.
    pub json: BTreeMap<String, String>,
}
