//! Probes as the lake has them: rows that belong to one probe, together.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use super::recorder::{PROBE_FORMAT, Since, earliest};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::lake::{LakeReader, RowFilter, column};
use crate::probe::{Attempt, FailureKind, ProbePlan};
use crate::request_record::Origin;
use crate::time_window::TimeWindow;

/// What is read of a row.
const COLUMNS: [&str; 8] = [
    column::TS,
    column::ORIGIN,
    column::RUN_ID,
    column::SERVICE,
    column::STATUS,
    column::SERVICE_US,
    column::SHOPPER,
    column::ERROR,
];

/// Every probe of the plan's partners and references that began in `window`, sorted by time.
pub fn attempts(
    reader: &LakeReader,
    plan: &ProbePlan,
    window: TimeWindow,
) -> Result<Vec<Attempt>, Failure> {
    let names = plan.probed().enumerate();
    let names = names.map(|(index, probed)| (probed.name.as_str(), index));
    let mut rows = Rows {
        probed: names.collect(),
        probers: HashMap::new(),
        attempts: HashMap::new(),
    };
    let filter = RowFilter {
        window: Some(window),
    };
    reader.for_each_batch(&COLUMNS, filter, |batch| rows.add(batch))?;
    let mut attempts: Vec<Attempt> = rows.attempts.into_values().collect();
    attempts.retain(|attempt| window.contains(attempt.start_us));
    attempts.sort_by_key(|attempt| (attempt.start_us, attempt.probed));
    Ok(attempts)
}

/// When the lake first saw each service of a prober.
pub fn since(reader: &LakeReader) -> Since {
    let sources = reader.ledger().iter();
    let probers = sources.filter(|(_, state)| state.format == PROBE_FORMAT);
    probers.fold(Since::new(), |since, (_, state)| {
        let known: Since = serde_json::from_str(&state.header).unwrap_or_default();
        earliest(since, &known)
    })
}

struct Rows<'a> {
    probed: HashMap<&'a str, usize>,
    probers: HashMap<String, usize>,
    /// By prober, who was probed, and the number of the probe.
    attempts: HashMap<(usize, usize, i64), Attempt>,
}

impl Rows<'_> {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let of = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| {
                Failure::new(ExitCode::Internal, format!("column `{name}` is missing"))
            })
        };
        let ts = of(column::TS)?.as_primitive::<TimestampMicrosecondType>();
        let origins = of(column::ORIGIN)?;
        let runs = of(column::RUN_ID)?;
        let services = of(column::SERVICE)?;
        let statuses = of(column::STATUS)?.as_primitive::<Int32Type>();
        let took = of(column::SERVICE_US)?.as_primitive::<Int64Type>();
        let shoppers = of(column::SHOPPER)?.as_primitive::<Int64Type>();
        let errors = of(column::ERROR)?;
        for row in 0..batch.num_rows() {
            if text(origins, row) != Some(Origin::Probe.as_str()) {
                continue;
            }
            let Some(probed) = text(services, row).and_then(|name| self.probed.get(name).copied())
            else {
                continue;
            };
            let run = text(runs, row).unwrap_or_default();
            let prober = match self.probers.get(run) {
                Some(prober) => *prober,
                None => {
                    let next = self.probers.len();
                    self.probers.insert(run.to_owned(), next);
                    next
                }
            };
            let status = u16::try_from(statuses.value(row)).unwrap_or(0);
            let failure = text(errors, row).map(|error| FailureKind::of_row(error, status));
            let number = if shoppers.is_valid(row) {
                shoppers.value(row)
            } else {
                -1
            };
            let start_us = ts.value(row);
            let took_us = if took.is_valid(row) {
                took.value(row)
            } else {
                0
            };
            let attempt = self
                .attempts
                .entry((prober, probed, number))
                .or_insert(Attempt {
                    probed,
                    prober,
                    start_us,
                    end_us: start_us,
                    took_us: 0,
                    failure: None,
                });
            attempt.start_us = attempt.start_us.min(start_us);
            attempt.end_us = attempt.end_us.max(start_us.saturating_add(took_us));
            attempt.took_us += u64::try_from(took_us).unwrap_or(0);
            attempt.failure = attempt.failure.or(failure);
        }
        Ok(())
    }
}

/// A text of a dictionary column; `None` where there is none.
fn text(texts: &ArrayRef, row: usize) -> Option<&str> {
    let dictionary = texts.as_dictionary_opt::<Int32Type>()?;
    if dictionary.is_null(row) {
        return None;
    }
    let values: &StringArray = dictionary.values().as_string_opt()?;
    let key = usize::try_from(dictionary.keys().value(row)).ok()?;
    values.is_valid(key).then(|| values.value(key))
}
