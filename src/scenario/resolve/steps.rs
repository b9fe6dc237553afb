//! Journeys and their steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::definition::{
    CheckDefinition, GraphqlDefinition, MultipartDefinition, OnFailureName, RedirectsName,
    StepDefinition, TakeDefinition,
};
use super::super::duration_draw::DurationDraw;
use super::super::plan::{
    BodyPlan, CheckPlan, GoTo, JourneyPlan, PartBody, PartPlan, StepPlan, TakeFrom, TakePlan,
};
use super::super::text_template::{TextTemplate, Variable};
use super::{Resolver, normalised};
use crate::declared_files::{choices_hint, pointer_step};
use crate::status_pattern::StatusPattern;

/// Where a journey ends, in `next`.
const END: &str = "end";
/// The largest file of a multipart body.
const PART_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Resolver<'_> {
    pub(super) fn journeys(&mut self) -> Vec<JourneyPlan> {
        self.declare_taken();
        let mut journeys = Vec::new();
        for (name, steps) in &self.declared.value.journeys {
            let pointer = format!("/journeys/{}", pointer_step(name));
            if steps.is_empty() || steps.len() >= usize::from(u16::MAX) {
                let message = format!("journey `{name}` has no step, or more than 65,000");
                self.problem(&pointer, message, None);
            }
            let ids = self.ids(steps, &pointer);
            let plans = steps
                .iter()
                .enumerate()
                .filter_map(|(index, step)| self.step(step, &ids, &format!("{pointer}/{index}")));
            let plans = plans.collect();
            journeys.push(JourneyPlan {
                name: name.clone(),
                steps: plans,
            });
        }
        journeys
    }

    /// Gives every name that any step takes from an answer a slot.
    fn declare_taken(&mut self) {
        for (journey, steps) in &self.declared.value.journeys {
            for (index, step) in steps.iter().enumerate() {
                for name in step.take.keys() {
                    if self.taken.contains(name) {
                        continue;
                    }
                    let taken = Variable::Taken(self.taken.len());
                    if self.names.insert(name.clone(), taken).is_some() {
                        let pointer = format!(
                            "/journeys/{}/{index}/take/{}",
                            pointer_step(journey),
                            pointer_step(name)
                        );
                        let message = format!("`{name}` is something else already");
                        self.problem(&pointer, message, Some("choose another name"));
                    }
                    self.taken.push(name.clone());
                }
            }
        }
    }

    /// Steps by what `next` calls them.
    fn ids(&mut self, steps: &[StepDefinition], pointer: &str) -> BTreeMap<String, GoTo> {
        let mut ids = BTreeMap::from([(END.to_owned(), GoTo::End)]);
        for (index, step) in steps.iter().enumerate() {
            let Some(id) = &step.id else { continue };
            let to = GoTo::Step(u16::try_from(index).unwrap_or(u16::MAX));
            if ids.insert(id.clone(), to).is_some() {
                let message = format!("`{id}` is a step already, or the end");
                self.problem(&format!("{pointer}/{index}/id"), message, None);
            }
        }
        ids
    }

    fn step(
        &mut self,
        step: &StepDefinition,
        ids: &BTreeMap<String, GoTo>,
        pointer: &str,
    ) -> Option<StepPlan> {
        let (method, path) = self.method(step, pointer)?;
        let mut headers = self.headers(step, pointer);
        let body = self.body(step, method, pointer, &mut headers);
        let think = step.think.as_ref();
        Some(StepPlan {
            method,
            path,
            route: "/".into(),
            headers,
            body,
            think: think.map_or(DurationDraw::NONE, |think| {
                self.draw(think, &format!("{pointer}/think"))
            }),
            chance: step.chance,
            repeat: self.repeat(step, pointer),
            next: self.next(step, ids, pointer),
            assets: self.assets(step, pointer),
            has_page_assets: step.page_assets,
            follows_redirects: match step.redirects {
                RedirectsName::Stop => false,
                RedirectsName::Follow => true,
            },
            takes: self.takes(step, pointer),
            check: self.check(step.check.as_ref(), pointer),
            goes_on: match step.on_failure {
                OnFailureName::Leave => false,
                OnFailureName::Continue => true,
            },
        })
    }

    fn method(
        &mut self,
        step: &StepDefinition,
        pointer: &str,
    ) -> Option<(&'static str, TextTemplate)> {
        let methods = [
            ("GET", "get", &step.get),
            ("POST", "post", &step.post),
            ("PUT", "put", &step.put),
            ("PATCH", "patch", &step.patch),
            ("DELETE", "delete", &step.delete),
            ("HEAD", "head", &step.head),
        ];
        let mut named = methods.iter().filter(|(_, _, path)| path.is_some());
        let (Some((method, key, Some(path))), None) = (named.next(), named.next()) else {
            let message =
                "a step has exactly one of `get`, `post`, `put`, `patch`, `delete` and `head`";
            let hint = "write `get: /path` or `post: /path`";
            self.problem(pointer, message, Some(hint));
            return None;
        };
        let pointer = format!("{pointer}/{key}");
        if !path.starts_with('/') {
            let message = format!("path `{path}` does not begin with `/`");
            let hint = "the host stands in `target`; a step names a path on it";
            self.problem(&pointer, message, Some(hint));
        }
        Some((method, self.template(path, &pointer)))
    }

    fn headers(&mut self, step: &StepDefinition, pointer: &str) -> Vec<(String, TextTemplate)> {
        let target = &self.declared.value.target;
        let mut headers: BTreeMap<String, TextTemplate> = BTreeMap::new();
        for (own, from) in [
            (&target.headers, "/target/headers".to_owned()),
            (&step.headers, format!("{pointer}/headers")),
        ] {
            for (name, value) in own {
                let pointer = format!("{from}/{}", pointer_step(name));
                if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
                    self.problem(&pointer, format!("`{name}` is no name of a header"), None);
                }
                let value = self.template(value, &pointer);
                headers.insert(name.to_ascii_lowercase(), value);
            }
        }
        let auth = match (&step.auth, &target.auth) {
            (Some(auth), _) => Some((auth, format!("{pointer}/auth"))),
            (None, Some(auth)) => Some((auth, "/target/auth".to_owned())),
            (None, None) => None,
        };
        if let Some((auth, pointer)) = auth
            && let Some(value) = self.authorization(auth, &pointer)
        {
            let value = self.template(&value, &pointer);
            headers.insert("authorization".to_owned(), value);
        }
        headers.into_iter().collect()
    }

    fn body(
        &mut self,
        step: &StepDefinition,
        method: &str,
        pointer: &str,
        headers: &mut Vec<(String, TextTemplate)>,
    ) -> BodyPlan {
        let ways = [
            !step.form.is_empty(),
            step.json.is_some(),
            step.body.is_some(),
            !step.multipart.is_empty(),
            step.graphql.is_some(),
        ];
        let ways = ways.iter().filter(|way| **way).count();
        if ways > 1 || (ways == 1 && matches!(method, "GET" | "HEAD")) {
            let message = "a request has at most one body, and a `get` none";
            let hint =
                "write one of `form`, `json`, `body`, `multipart` and `graphql`, with `post`";
            self.problem(pointer, message, Some(hint));
        }
        let mut says = |name: &str, content_type: &str| {
            if headers.iter().all(|(known, _)| known != name) {
                let fixed = TextTemplate::fixed(content_type);
                headers.push((name.to_owned(), fixed));
            }
        };
        if let Some(graphql) = &step.graphql {
            says("content-type", "application/json");
            return self.graphql(graphql, &format!("{pointer}/graphql"));
        }
        if let Some(json) = &step.json {
            says("content-type", "application/json");
            return BodyPlan::Json(self.template(json, &format!("{pointer}/json")));
        }
        if let Some(text) = &step.body {
            return BodyPlan::Text(self.template(text, &format!("{pointer}/body")));
        }
        if !step.multipart.is_empty() {
            let parts = step.multipart.iter().enumerate();
            let parts = parts.filter_map(|(index, part)| {
                self.part(part, &format!("{pointer}/multipart/{index}"))
            });
            return BodyPlan::Multipart(parts.collect());
        }
        if step.form.is_empty() {
            return BodyPlan::None;
        }
        says("content-type", "application/x-www-form-urlencoded");
        let fields = step.form.iter().map(|(field, value)| {
            let pointer = format!("{pointer}/form/{}", pointer_step(field));
            (field.clone(), self.template(value, &pointer))
        });
        BodyPlan::Form(fields.collect())
    }

    /// <https://graphql.github.io/graphql-over-http/draft/>, section 5.4.
    fn graphql(&mut self, graphql: &GraphqlDefinition, pointer: &str) -> BodyPlan {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut document = format!("{{\"query\":{}", text(&graphql.query));
        if let Some(operation) = &graphql.operation {
            document.push_str(&format!(",\"operationName\":{}", text(operation)));
        }
        if let Some(variables) = &graphql.variables {
            document.push_str(&format!(",\"variables\":{}", variables.trim()));
        }
        document.push('}');
        // Braces of a query with a single name in them, `{cart}`, are a selection and no variable.
        let escaped = TextTemplate::parse(&document, &self.names);
        match escaped {
            Ok(template) => BodyPlan::Json(template),
            Err(_) if graphql.variables.is_none() => BodyPlan::Json(TextTemplate::fixed(&document)),
            Err(_) => BodyPlan::Json(self.template(&document, pointer)),
        }
    }

    fn part(&mut self, part: &MultipartDefinition, pointer: &str) -> Option<PartPlan> {
        let (body, file_name, usual_type) = match (&part.value, &part.file) {
            (Some(value), None) => {
                let template = self.template(value, &format!("{pointer}/value"));
                (PartBody::Text(template), None, None)
            }
            (None, Some(path)) => {
                let bytes = self.file(path, &format!("{pointer}/file"))?;
                if bytes.len() > PART_BYTES_MAX {
                    let message = format!("`{path}` has more than {PART_BYTES_MAX} bytes");
                    self.problem(pointer, message, None);
                }
                let name = path.rsplit('/').next().unwrap_or(path).to_owned();
                let body = PartBody::File(Arc::from(bytes));
                (body, Some(name), Some("application/octet-stream"))
            }
            _ => {
                self.problem(
                    pointer,
                    "a part has exactly one of `value` and `file`",
                    None,
                );
                return None;
            }
        };
        Some(PartPlan {
            name: part.name.clone(),
            file_name,
            content_type: part
                .content_type
                .clone()
                .or_else(|| usual_type.map(ToOwned::to_owned)),
            body,
        })
    }

    fn repeat(&mut self, step: &StepDefinition, pointer: &str) -> (u32, u32) {
        let Some(repeat) = &step.repeat else {
            return (1, 1);
        };
        if repeat.to < repeat.from {
            let message = format!("from {} to {} is nothing", repeat.from, repeat.to);
            self.problem(&format!("{pointer}/repeat"), message, None);
            return (1, 1);
        }
        (repeat.from, repeat.to)
    }

    fn next(
        &mut self,
        step: &StepDefinition,
        ids: &BTreeMap<String, GoTo>,
        pointer: &str,
    ) -> Vec<(GoTo, f64)> {
        if step.next.is_empty() {
            return Vec::new();
        }
        let Some(shares) = normalised(step.next.iter().map(|next| next.share)) else {
            let message = "no way from here has a share above 0";
            self.problem(&format!("{pointer}/next"), message, None);
            return Vec::new();
        };
        let mut ways = Vec::new();
        for (index, (next, share)) in step.next.iter().zip(shares).enumerate() {
            match ids.get(&next.to) {
                Some(to) => ways.push((*to, share)),
                None => {
                    let known: Vec<&str> = ids.keys().map(String::as_str).collect();
                    let hint = choices_hint(&next.to, &known, "ids of this journey");
                    let message = format!("unknown step `{}`", next.to);
                    self.problem(&format!("{pointer}/next/{index}/to"), message, Some(&hint));
                }
            }
        }
        ways
    }

    fn assets(&mut self, step: &StepDefinition, pointer: &str) -> Vec<(TextTemplate, Arc<str>)> {
        let paths = step.assets.iter().enumerate();
        let assets = paths.map(|(index, path)| {
            let pointer = format!("{pointer}/assets/{index}");
            if !path.starts_with('/') {
                let message = format!("path `{path}` does not begin with `/`");
                self.problem(&pointer, message, None);
            }
            (self.template(path, &pointer), "/".into())
        });
        assets.collect()
    }

    fn takes(&mut self, step: &StepDefinition, pointer: &str) -> Vec<TakePlan> {
        let mut takes = Vec::new();
        for (name, take) in &step.take {
            let pointer = format!("{pointer}/take/{}", pointer_step(name));
            let pattern = take.regex.as_ref();
            let pattern = pattern.and_then(|pattern| self.regex(pattern, &pointer));
            let slot = self.taken.iter().position(|taken| taken == name);
            if let (Some(slot), Some(from)) = (slot, self.take_from(take, &pointer)) {
                takes.push(TakePlan {
                    slot,
                    name: name.clone(),
                    from,
                    pattern,
                    is_percent_decoded: take.percent_decoded,
                });
            }
        }
        takes
    }

    fn take_from(&mut self, take: &TakeDefinition, pointer: &str) -> Option<TakeFrom> {
        let found = match (&take.json, &take.css, &take.header, &take.cookie) {
            (None, None, None, None) if take.regex.is_some() => TakeFrom::Body,
            (Some(path), None, None, None) => {
                if !path.is_empty() && !path.starts_with('/') {
                    let hint = "write `/items/0/id`";
                    self.problem(pointer, format!("`{path}` is no JSON pointer"), Some(hint));
                }
                TakeFrom::Json(path.clone())
            }
            (None, Some(selector), None, None) => match scraper::Selector::parse(selector) {
                Ok(parsed) => TakeFrom::Css {
                    selector: Box::new(parsed),
                    attribute: take.attribute.clone(),
                },
                Err(error) => {
                    let message = format!("`{selector}` is no CSS selector: {error}");
                    self.problem(pointer, message, None);
                    return None;
                }
            },
            (None, None, Some(name), None) => TakeFrom::Header(name.to_ascii_lowercase()),
            (None, None, None, Some(name)) => TakeFrom::Cookie(name.clone()),
            _ => {
                let message = "it is taken from exactly one of `json`, `css`, `header` and `cookie`, or by `regex`";
                self.problem(pointer, message, None);
                return None;
            }
        };
        if take.attribute.is_some() && take.css.is_none() {
            let message = "an attribute is one of an element";
            self.problem(pointer, message, Some("add `css`"));
        }
        Some(found)
    }

    fn regex(&mut self, pattern: &str, pointer: &str) -> Option<regex::Regex> {
        match regex::Regex::new(pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let message = format!("`{pattern}` is no regular expression: {error}");
                self.problem(pointer, message, None);
                None
            }
        }
    }

    fn check(&mut self, check: Option<&CheckDefinition>, pointer: &str) -> CheckPlan {
        let Some(check) = check else {
            return CheckPlan::default();
        };
        let body_matches = check.body_matches.as_ref();
        let headers = check.headers.iter();
        CheckPlan {
            status: check.status.iter().map(StatusPattern::from_text).collect(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            body_has: check.body_has.clone(),
            body_matches: body_matches
                .and_then(|pattern| self.regex(pattern, &format!("{pointer}/check/body_matches"))),
            json: check.json.clone(),
        }
    }
}
