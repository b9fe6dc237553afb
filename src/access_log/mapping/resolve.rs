//! From what a field-mapping file says to what it means, or everything that is wrong with it.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::definition::{
    ElapsedTimeDefinition, FieldDefinition, MappedFormat, MappingDefinition, TextDefinition,
    TimeDefinition, TimeMeaning, UnitName, WrittenTimeDefinition,
};
use super::line_values::{LineValues, columns_of};
use super::plan::{Asked, Mapping, Slot, TextPlan, TimeForm, TimePlan, Wanted, WeightPlan};
use crate::access_log::clock::Clock;
use crate::access_log::json::{JsonPaths, JsonValue};
use crate::access_log::unit::Unit;
use crate::declared_files::{Declared, DeclaredFileError, Problem, choices_hint};
use crate::time_window::zone;

impl Mapping {
    /// Understands a definition.
    ///
    /// # Errors
    /// Every problem at once: settings of another format, fields that are no column, an unknown zone,
    /// neither or both of `request` and `target`, or of `weight` and `sample_rate`.
    pub fn new(declared: &Declared<MappingDefinition>) -> Result<Self, DeclaredFileError> {
        let mut resolver = Resolver {
            declared,
            fields: Vec::new(),
            problems: Vec::new(),
        };
        let (time, zone) = resolver.time();
        let wanted = resolver.wanted();
        let line_values = resolver.line_values();
        if resolver.problems.is_empty() {
            Ok(Mapping {
                line_values,
                wanted,
                time,
                zone,
            })
        } else {
            Err(DeclaredFileError::from(resolver.problems))
        }
    }
}

struct Resolver<'a> {
    declared: &'a Declared<MappingDefinition>,
    /// The wanted fields, each once.
    fields: Vec<String>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn problem(&mut self, pointer: &str, message: String, hint: Option<String>) {
        self.problems
            .push(self.declared.problem(pointer, message, hint));
    }

    /// The place of a field that is named at `pointer`.
    fn slot(&mut self, field: &str, pointer: &str) -> Slot {
        let columns = &self.declared.value.columns;
        if let Some(columns) = columns
            && !columns.iter().any(|column| column == field)
        {
            let names: Vec<&str> = columns.iter().map(String::as_str).collect();
            let hint = choices_hint(field, &names, "columns of this file");
            self.problem(pointer, format!("unknown column `{field}`"), Some(hint));
        }
        if let Some(slot) = self.fields.iter().position(|known| known == field) {
            return slot;
        }
        self.fields.push(field.to_owned());
        self.fields.len() - 1
    }

    fn field(&mut self, field: Option<&FieldDefinition>, name: &str) -> Option<Slot> {
        let field = field?;
        Some(self.slot(&field.field, &format!("/{name}/field")))
    }

    fn text(&mut self, text: &TextDefinition, name: &str) -> TextPlan {
        match text {
            TextDefinition::Field(field) => {
                TextPlan::Slot(self.slot(field, &format!("/{name}/field")))
            }
            TextDefinition::Value(value) => TextPlan::Value(value.clone()),
        }
    }

    fn time(&mut self) -> (TimePlan, Option<TimeZone>) {
        let declared = self.declared;
        let (field, means, form) = match &declared.value.time {
            TimeDefinition::Iso(time) => (&time.field, time.means, TimeForm::Iso),
            TimeDefinition::Clf(time) => (&time.field, time.means, TimeForm::Clf),
            TimeDefinition::Epoch(time) => {
                (&time.field, time.means, TimeForm::Since(0, unit(time.unit)))
            }
            TimeDefinition::Elapsed(time) => {
                let form = TimeForm::Since(self.start_us(time), unit(time.unit));
                (&time.field, time.means, form)
            }
        };
        let plan = TimePlan {
            slot: self.slot(field, "/time/field"),
            form,
            is_end: means == TimeMeaning::End,
        };
        let zone = match &declared.value.time {
            TimeDefinition::Iso(time) | TimeDefinition::Clf(time) => self.zone(time),
            TimeDefinition::Epoch(_) | TimeDefinition::Elapsed(_) => None,
        };
        (plan, zone)
    }

    fn start_us(&mut self, time: &ElapsedTimeDefinition) -> i64 {
        let start = &time.start.0;
        Clock::default()
            .iso_us(start.as_bytes())
            .unwrap_or_else(|| {
                let hint = "write date, time and offset: `2026-11-27T08:00:00Z`";
                let message = format!("there is no time `{start}`");
                self.problem("/time/start", message, Some(hint.to_owned()));
                0
            })
    }

    fn zone(&mut self, time: &WrittenTimeDefinition) -> Option<TimeZone> {
        let name = time.zone.as_ref()?;
        let found = zone(name).ok();
        if found.is_none() {
            let hint = "write `UTC` or an IANA name such as `Europe/Berlin`";
            let message = format!("unknown time zone `{name}`");
            self.problem("/time/zone", message, Some(hint.to_owned()));
        }
        found
    }

    fn wanted(&mut self) -> Wanted {
        let definition = &self.declared.value;
        let host = definition.host.as_ref();
        let service = definition.service.as_ref();
        let duration = definition.duration.as_ref();
        let only = definition.only.as_ref();
        Wanted {
            asked: self.asked(),
            status: self.status(&definition.status),
            duration: duration.map(|duration| {
                (
                    self.slot(&duration.field, "/duration/field"),
                    unit(duration.unit),
                )
            }),
            query: self.field(definition.query.as_ref(), "query"),
            host: host.map(|host| self.text(host, "host")),
            service: service.map(|service| self.text(service, "service")),
            client: self.field(definition.client.as_ref(), "client"),
            user_agent: self.field(definition.user_agent.as_ref(), "user_agent"),
            referrer: self.field(definition.referrer.as_ref(), "referrer"),
            cookie: self.field(definition.cookie.as_ref(), "cookie"),
            session: self.field(definition.session.as_ref(), "session"),
            bytes_in: self.field(definition.bytes_in.as_ref(), "bytes_in"),
            bytes_out: self.field(definition.bytes_out.as_ref(), "bytes_out"),
            row_key: self.field(definition.row_key.as_ref(), "row_key"),
            weight: self.weight(),
            only: only.map(|only| (self.slot(&only.field, "/only/field"), only.equals.clone())),
        }
    }

    fn asked(&mut self) -> Asked {
        let definition = &self.declared.value;
        let (method, target) = (definition.method.as_ref(), definition.target.as_ref());
        match (self.field(definition.request.as_ref(), "request"), target) {
            (Some(slot), None) if method.is_none() => Asked::Line(slot),
            (None, Some(target)) => {
                let method = method.map(|method| self.text(method, "method"));
                Asked::Apart(method, self.text(target, "target"))
            }
            (None, None) => {
                let hint = "add `target: {field: …}`, or `request: {field: …}` for a request line";
                self.problem("", "missing key `target`".to_owned(), Some(hint.to_owned()));
                Asked::Line(0)
            }
            (Some(slot), _) => {
                let message = "`request` has method and target already".to_owned();
                let hint = "remove `request`, or `method` and `target`";
                self.problem("/request", message, Some(hint.to_owned()));
                Asked::Line(slot)
            }
        }
    }

    fn status(&mut self, status: &TextDefinition) -> TextPlan {
        if let TextDefinition::Value(text) = status
            && JsonValue::Text(Cow::Borrowed(text)).as_status().is_none()
        {
            let hint = "write a status such as \"200\"";
            let message = format!("`{text}` is not an HTTP status");
            self.problem("/status/value", message, Some(hint.to_owned()));
        }
        self.text(status, "status")
    }

    fn weight(&mut self) -> WeightPlan {
        let definition = &self.declared.value;
        let count = self.field(definition.weight.as_ref(), "weight");
        let share = self.field(definition.sample_rate.as_ref(), "sample_rate");
        match (count, share) {
            (None, None) => WeightPlan::One,
            (Some(slot), None) => WeightPlan::Count(slot),
            (None, Some(slot)) => WeightPlan::Share(slot),
            (Some(slot), Some(_)) => {
                let message = "`weight` and `sample_rate` say the same".to_owned();
                self.problem(
                    "/sample_rate",
                    message,
                    Some("remove one of them".to_owned()),
                );
                WeightPlan::Count(slot)
            }
        }
    }

    /// After all fields are known.
    fn line_values(&mut self) -> LineValues {
        let definition = &self.declared.value;
        if definition.format != MappedFormat::Csv {
            self.refuse_csv_keys();
        }
        let fields = std::mem::take(&mut self.fields);
        match definition.format {
            MappedFormat::Json => {
                let paths: Vec<&str> = fields.iter().map(String::as_str).collect();
                LineValues::Json(JsonPaths::new(&paths))
            }
            MappedFormat::Ltsv => LineValues::Ltsv { fields },
            MappedFormat::Csv => {
                let names = |columns: &Vec<String>| {
                    let names = columns.iter().map(|name| name.clone().into_bytes().into());
                    columns_of(names, &fields)
                };
                let delimiter = definition.delimiter.as_ref();
                LineValues::Csv {
                    delimiter: delimiter
                        .and_then(|text| text.0.bytes().next())
                        .unwrap_or(b','),
                    columns: definition.columns.as_ref().map(names),
                    fields,
                }
            }
        }
    }

    fn refuse_csv_keys(&mut self) {
        let definition = &self.declared.value;
        let keys = [
            ("delimiter", definition.delimiter.is_some()),
            ("columns", definition.columns.is_some()),
        ];
        for (key, is_there) in keys {
            if is_there {
                let message = format!("`{key}` is for `format: csv` only");
                let hint = format!("remove `{key}`, or write `format: csv`");
                let problem = self
                    .declared
                    .key_problem(&format!("/{key}"), message, Some(hint));
                self.problems.push(problem);
            }
        }
    }
}

fn unit(name: UnitName) -> Unit {
    match name {
        UnitName::S => Unit::Seconds,
        UnitName::Ms => Unit::Milliseconds,
        UnitName::Us => Unit::Microseconds,
        UnitName::Ns => Unit::Nanoseconds,
    }
}
