//! Counts of the requests that thresholds look at apart, from the rows of the lake.
//!
//! In: the thresholds and the plan of a run. Out: one rollup per scope. A row has the number of its shopper;
//! who that is, plan and seed say.

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;

use crate::cli::exit_code::Failure;
use crate::cli::thresholds::RunThresholds;
use crate::lake::{LakeReader, RowFilter, column};
use crate::request_record::Origin;
use crate::rollup::{Rollup, RollupBuilder, RollupError, RollupPlan, SeriesKey};
use crate::scenario::{Arrivals, DrillPlan, SCENARIO_NUMBERS};
use crate::time_window::TimeWindow;

/// The rows of a run.
#[derive(Clone, Copy)]
pub struct RunRows<'a> {
    pub reader: &'a LakeReader,
    pub run_id: &'a str,
    /// When they were due.
    pub range: TimeWindow,
}

impl RunRows<'_> {
    /// Whether rows of this series are its own.
    pub fn has(&self, series: &SeriesKey) -> bool {
        series.origin == Origin::Drill && series.run_id == self.run_id
    }
}

/// One rollup per scope of `thresholds`, in their order.
pub fn scoped(
    rows: RunRows<'_>,
    thresholds: &RunThresholds,
    plan: &DrillPlan,
    counted: &RollupPlan,
) -> Result<Vec<Rollup>, Failure> {
    let scopes = 0..thresholds.scope_count();
    let mut builders: Vec<RollupBuilder> = scopes
        .map(|_| RollupBuilder::new(counted.clone()))
        .collect();
    let Some(first) = builders.first() else {
        return Ok(Vec::new());
    };
    let mut columns = first.columns();
    columns.push(column::SHOPPER);
    let shoppers = Shoppers::new(plan, thresholds);
    let filter = RowFilter {
        window: Some(rows.range),
    };
    for part in rows.reader.files() {
        rows.reader
            .for_each_batch_of(part, &columns, filter, |batch| {
                let numbers = batch.column_by_name(column::SHOPPER);
                let Some(numbers) =
                    numbers.and_then(|numbers| numbers.as_primitive_opt::<Int64Type>())
                else {
                    return Ok(());
                };
                for (scope, builder) in builders.iter_mut().enumerate() {
                    let own = (0..numbers.len()).map(|row| {
                        Some(numbers.is_valid(row) && shoppers.is_in(numbers.value(row), scope))
                    });
                    let own: BooleanArray = own.collect();
                    let own = filter_record_batch(batch, &own).map_err(|error| {
                        RollupError::ColumnType {
                            name: column::SHOPPER,
                            found: error.to_string(),
                        }
                    })?;
                    builder.add_batch(&own, Some(rows.range), |series| rows.has(series))?;
                }
                Ok::<(), RollupError>(())
            })?;
    }
    Ok(builders.into_iter().map(RollupBuilder::finish).collect())
}

/// In which scopes the shoppers of a plan are, by their numbers.
struct Shoppers<'a> {
    plan: &'a DrillPlan,
    thresholds: &'a RunThresholds,
    /// Kind and channel by number, for each scenario; empty for closed models, where anybody may come.
    known: Vec<Vec<(u16, u16)>>,
}

impl<'a> Shoppers<'a> {
    fn new(plan: &'a DrillPlan, thresholds: &'a RunThresholds) -> Self {
        let mut known: Vec<Vec<(u16, u16)>> = Vec::new();
        for arrival in Arrivals::new(plan) {
            let (scenario, number) = place(arrival.number);
            if known.len() <= scenario {
                known.resize(scenario + 1, Vec::new());
            }
            let list = &mut known[scenario];
            if list.len() <= number {
                // Whoever did not come made no request.
                list.resize(number + 1, (u16::MAX, u16::MAX));
            }
            list[number] = who(arrival.kind, arrival.channel);
        }
        Self {
            plan,
            thresholds,
            known,
        }
    }

    fn is_in(&self, number: i64, scope: usize) -> bool {
        let Ok(number) = u64::try_from(number) else {
            return false;
        };
        let (scenario, place) = place(number);
        let joined = self.plan.joined.get(scenario);
        let traffic = joined.map_or(&self.plan.traffic, |joined| &joined.traffic);
        let (kind, channel) = if traffic.closed.is_some() {
            let arrival = Arrivals::whoever_comes(self.plan, number, 0);
            who(arrival.kind, arrival.channel)
        } else {
            let known = self.known.get(scenario).and_then(|list| list.get(place));
            *known.unwrap_or(&(u16::MAX, u16::MAX))
        };
        let Some(kind_plan) = self.plan.kinds.get(usize::from(kind)) else {
            return false;
        };
        let journey = u16::try_from(kind_plan.journey).unwrap_or(u16::MAX);
        let mut scopes = self.thresholds.scopes_of_shopper(journey, channel, kind);
        scopes.any(|found| found == scope)
    }
}

/// Index of the scenario, and number of the arrival in it.
fn place(number: u64) -> (usize, usize) {
    let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    (
        index(number / SCENARIO_NUMBERS),
        index(number % SCENARIO_NUMBERS),
    )
}

fn who(kind: usize, channel: Option<usize>) -> (u16, u16) {
    let short = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
    (short(kind), channel.map_or(u16::MAX, short))
}
