//! What a field-mapping file means: reads one line.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::line_values::LineValues;
use crate::access_log::clock::Clock;
use crate::access_log::delimited::cell::{is_target, target_of_label};
use crate::access_log::fields::request_line;
use crate::access_log::json::JsonValue;
use crate::access_log::line::{HeaderRule, LineContext, LineResult, LogLine};
use crate::access_log::unit::Unit;

/// 9999-01-01T00:00:00Z, µs since 1970; what is not before it is no time.
const END_OF_TIME_US: i64 = 253_370_764_800_000_000;

/// How to read a log, as a field-mapping file declares it.
///
/// Made by [`Mapping::new`].
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(super) line_values: LineValues,
    /// Which value is what.
    pub(super) wanted: Wanted,
    pub(super) time: TimePlan,
    /// Zone of times without an offset, where the file says it.
    pub(super) zone: Option<TimeZone>,
}

/// The place of a value among those of a line.
pub(super) type Slot = usize;

/// Which value is what.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) asked: Asked,
    pub(super) status: TextPlan,
    pub(super) duration: Option<(Slot, Unit)>,
    pub(super) query: Option<Slot>,
    pub(super) host: Option<TextPlan>,
    pub(super) service: Option<TextPlan>,
    pub(super) client: Option<Slot>,
    pub(super) user_agent: Option<Slot>,
    pub(super) referrer: Option<Slot>,
    pub(super) cookie: Option<Slot>,
    pub(super) session: Option<Slot>,
    pub(super) bytes_in: Option<Slot>,
    pub(super) bytes_out: Option<Slot>,
    pub(super) row_key: Option<Slot>,
    pub(super) weight: WeightPlan,
    /// The value, and what it is in a request.
    pub(super) only: Option<(Slot, String)>,
}

/// A value of the line, or one for all lines.
#[derive(Debug, Clone)]
pub(super) enum TextPlan {
    Slot(Slot),
    Value(String),
}

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// By a request line.
    Line(Slot),
    /// By method, if there is one, and target.
    Apart(Option<TextPlan>, TextPlan),
}

/// How many requests a line stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum WeightPlan {
    /// One.
    One,
    /// So many.
    Count(Slot),
    /// One divided by this.
    Share(Slot),
}

/// When the request was.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimePlan {
    pub(super) slot: Slot,
    pub(super) form: TimeForm,
    pub(super) is_end: bool,
}

/// How a time is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum TimeForm {
    Iso,
    Clf,
    /// A number since this start, UTC µs since 1970.
    Since(i64, Unit),
}

impl Mapping {
    /// How the log says what its columns are.
    #[must_use]
    pub fn header(&self) -> HeaderRule {
        self.line_values.header()
    }

    /// Reads one line. The first line of a CSV whose columns the file does not name is the header.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn parse<'a>(&self, line: &'a [u8], context: &mut LineContext) -> LineResult<'a> {
        self.set_zone(context);
        let Some(values) = self.line_values.pick(line, context)? else {
            return Ok(None);
        };
        if let Some((slot, text)) = &self.wanted.only
            && values[*slot].as_text().as_deref() != Some(text)
        {
            return Ok(None);
        }
        let ts_us = self
            .time
            .read(&values, &mut context.clock)
            .ok_or("time is no time")?;
        let line = LogLine {
            ts_us,
            ..self.wanted.read(&values)?
        };
        Ok(Some(if self.time.is_end { line.ended() } else { line }))
    }

    /// The zone of the file before that of the command. A fresh context has no columns.
    fn set_zone(&self, context: &mut LineContext) {
        let Some(zone) = &self.zone else {
            return;
        };
        if context.columns.is_empty() {
            context.clock = Clock::new(zone.clone());
            if self.header() == HeaderRule::None {
                context.columns.push(None);
            }
        }
    }
}

impl TimePlan {
    fn read(self, values: &[JsonValue<'_>], clock: &mut Clock) -> Option<i64> {
        let value = &values[self.slot];
        let text = || value.as_text();
        match self.form {
            TimeForm::Iso => clock.iso_us(text()?.as_bytes()),
            TimeForm::Clf => {
                let text = text()?;
                let text = text.trim_start_matches('[').trim_end_matches(']');
                let has_offset = text.contains(' ');
                let read = if has_offset {
                    Clock::clf_us
                } else {
                    Clock::clf_local_us
                };
                read(clock, text.as_bytes())
            }
            TimeForm::Since(start_us, unit) => {
                let us = i64::try_from(value.as_us(unit)?).ok()?;
                start_us.checked_add(us).filter(|us| *us < END_OF_TIME_US)
            }
        }
    }
}

impl Wanted {
    /// Everything but the time.
    fn read<'a>(&self, values: &[JsonValue<'a>]) -> Result<LogLine<'a>, &'static str> {
        let text = |slot: Option<Slot>| slot.map_or(Cow::Borrowed(""), |slot| text(&values[slot]));
        let bytes = |slot: Option<Slot>| into_bytes(text(slot));
        let count = |slot: Option<Slot>| slot.and_then(|slot| values[slot].as_u64());
        let of = |plan: &Option<TextPlan>| plan.as_ref().map(|plan| plan.read(values));
        let (method, target) = self.asked.read(values)?;
        Ok(LogLine {
            method,
            target,
            client: bytes(self.client),
            user_agent: bytes(self.user_agent),
            referrer: bytes(self.referrer),
            cookie: bytes(self.cookie),
            session: bytes(self.session),
            row_key: bytes(self.row_key),
            query: text(self.query),
            host: of(&self.host).unwrap_or_default(),
            service: of(&self.service).unwrap_or_default(),
            status: self.status(values)?,
            latency_us: self.latency_us(values)?,
            bytes_in: count(self.bytes_in),
            bytes_out: count(self.bytes_out),
            weight: self.weight.read(values)?,
            ..LogLine::default()
        })
    }

    fn status(&self, values: &[JsonValue<'_>]) -> Result<u16, &'static str> {
        let value = match &self.status {
            TextPlan::Slot(slot) => &values[*slot],
            TextPlan::Value(text) => &JsonValue::Text(Cow::Borrowed(text)),
        };
        match value {
            JsonValue::Absent => Err("no status"),
            value if value.is_blank() => Ok(0),
            value => value.as_status().ok_or("status is no status"),
        }
    }

    fn latency_us(&self, values: &[JsonValue<'_>]) -> Result<Option<u64>, &'static str> {
        let Some((slot, unit)) = self.duration else {
            return Ok(None);
        };
        let value = &values[slot];
        if value.is_blank() || value.as_text().as_deref() == Some("-1") {
            return Ok(None);
        }
        let us = value
            .as_us(unit)
            .ok_or("duration is no number of its unit")?;
        Ok(Some(us))
    }
}

impl TextPlan {
    fn read<'a>(&self, values: &[JsonValue<'a>]) -> Cow<'a, str> {
        match self {
            TextPlan::Slot(slot) => text(&values[*slot]),
            TextPlan::Value(value) => Cow::Owned(value.clone()),
        }
    }
}

impl Asked {
    /// Method and target.
    fn read<'a>(
        &self,
        values: &[JsonValue<'a>],
    ) -> Result<(Cow<'a, str>, Cow<'a, str>), &'static str> {
        match self {
            // An empty request line is that of a client that sent none, which is a request, too.
            Asked::Line(slot) => match values[*slot].as_text().ok_or("no request")? {
                Cow::Borrowed(text) => {
                    let line = request_line(text.as_bytes());
                    Ok((Cow::Borrowed(line.method), Cow::Borrowed(line.target)))
                }
                Cow::Owned(text) => {
                    let line = request_line(text.as_bytes());
                    Ok((
                        Cow::Owned(line.method.into()),
                        Cow::Owned(line.target.into()),
                    ))
                }
            },
            Asked::Apart(method, target) => {
                let method = method.as_ref().map(|method| method.read(values));
                Ok((
                    method_of(method.unwrap_or_default()),
                    target_of(target.read(values))?,
                ))
            }
        }
    }
}

impl WeightPlan {
    fn read(self, values: &[JsonValue<'_>]) -> Result<u32, &'static str> {
        match self {
            WeightPlan::One => Ok(1),
            WeightPlan::Count(slot) => {
                let weight = values[slot]
                    .as_u64()
                    .and_then(|weight| u32::try_from(weight).ok());
                weight
                    .filter(|weight| *weight >= 1)
                    .ok_or("weight is no whole number from 1")
            }
            WeightPlan::Share(slot) => {
                let share = values[slot]
                    .as_text()
                    .and_then(|text| text.parse::<f64>().ok());
                let share = share.filter(|share| (SHARE_MIN..=1.0).contains(share));
                // Between 1 and 1e9, so the cast is exact.
                share
                    .map(|share| (1.0 / share).round() as u32)
                    .ok_or("sample_rate is no share")
            }
        }
    }
}

/// The least share of lines that are logged.
const SHARE_MIN: f64 = 1e-9;

/// The value as a text; `-` and what is no text are empty.
fn text<'a>(value: &JsonValue<'a>) -> Cow<'a, str> {
    let text = value.as_text().unwrap_or_default();
    if text == "-" { Cow::Borrowed("") } else { text }
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The method in capitals; `-` for what is none.
fn method_of(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_method =
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_method {
        Cow::Borrowed("-")
    } else if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        text
    }
}

/// A path or URL as it is; a path without its first `/`; else a label.
fn target_of(text: Cow<'_, str>) -> Result<Cow<'_, str>, &'static str> {
    if text.is_empty() {
        Err("no target")
    } else if is_target(&text) {
        Ok(text)
    } else if text.contains(char::is_whitespace) {
        Ok(Cow::Owned(target_of_label(&text)))
    } else {
        Ok(Cow::Owned(format!("/{text}")))
    }
}
