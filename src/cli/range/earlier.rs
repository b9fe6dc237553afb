//! What a range is compared with: as long a range some weeks earlier, or another rehearsal.

use jiff::tz::TimeZone;

use super::{RUN_WINDOW_US, run_facts, run_rows, run_scope};
use crate::cli::changes::Side;
use crate::cli::exit_code::Failure;
use crate::cli::facts::RunFacts;
use crate::cli::objectives;
use crate::cli::outside::{ExpectedRates, outside};
use crate::cli::past::LAST_YEAR_WEEKS;
use crate::cli::shoppers::{Asked, shoppers};
use crate::lake::{Lake, LakeReader};
use crate::request_record::Origin;
use crate::rollup::{Dimension, Rollup, RollupPlan, Segments, scan};
use crate::sli::{Scope, SliSeries, SliSetPlan, evaluate};
use crate::visits::VisitResults;

/// With what a range is compared.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// Nothing: only a report compares.
    Nothing,
    /// The same local times so many weeks earlier.
    WeeksEarlier(u32),
    /// A rehearsal by name; of a rehearsal also `previous`, the last valid one of the same mix.
    OtherRun(&'a str),
}

impl<'a> Against<'a> {
    /// What `--compare` means.
    pub fn from_text(text: Option<&'a str>, is_run: bool) -> Self {
        match (text, is_run) {
            (None, true) => Against::Nothing,
            (Some(what), true) => Against::OtherRun(what),
            (None | Some("previous"), false) => Against::WeeksEarlier(1),
            (Some("last-year"), false) => Against::WeeksEarlier(LAST_YEAR_WEEKS),
            (Some(run_id), false) => Against::OtherRun(run_id),
        }
    }
}

/// A range that this one is compared with.
#[derive(Debug)]
pub struct Previous {
    /// Facts of the rehearsal, if it is one.
    pub run: Option<RunFacts>,
    /// What was judged.
    pub scope: Scope,
    /// Its counts.
    pub rollup: Rollup,
    /// Its SLIs, of which those by shopper have no values where it is no rehearsal.
    pub series: Vec<SliSeries>,
}

impl Previous {
    /// All of it.
    pub fn side(&self) -> Side<'_> {
        Side {
            series: &self.series,
            rollup: &self.rollup,
            range: self.scope.range,
            stretch: self.scope.range,
        }
    }
}

/// A rehearsal that another one is compared with.
pub fn earlier_run(
    set: &SliSetPlan,
    lake: &Lake,
    reader: &LakeReader,
    run_id: &str,
    zone: &TimeZone,
) -> Result<Previous, Failure> {
    let facts = run_facts(lake, run_id)?;
    let scope = run_scope(&facts, set)?;
    let plan = RollupPlan::new(RUN_WINDOW_US, set.cuts_us());
    let rollup = scan(reader, &plan, &Dimension::ALL, run_rows(&facts), |series| {
        series.origin == Origin::Drill && series.run_id == run_id
    })?;
    let asked = Asked {
        set,
        scope,
        origin: Origin::Drill,
        run_id: Some(run_id),
    };
    let followed = shoppers(lake, reader, asked, zone)?;
    let mut previous = evaluated(rollup, asked, zone, Some(&followed.visits))?;
    objectives::settle_run(set, &mut previous.series, scope, zone);
    Ok(Previous {
        run: Some(facts),
        ..previous
    })
}

/// As long a stretch from an earlier moment; `None` where the lake has nothing of it.
pub fn previous(
    lake: &Lake,
    reader: &LakeReader,
    segments: &Segments<'_>,
    asked: Asked<'_>,
    zone: &TimeZone,
) -> Result<Option<Previous>, Failure> {
    let plan = RollupPlan::new(asked.scope.window_us, asked.set.cuts_us());
    let rollup = segments.rollup(plan, asked.scope.range, |series| {
        series.origin == asked.origin
    })?;
    if rollup.is_empty() {
        return Ok(None);
    }
    // Those by shopper are not compared with weeks before: months of rows would be read for them.
    let mut slis = asked.set.slis.iter();
    let followed = match slis.any(|sli| sli.collapse_within_us.is_some()) {
        true => Some(shoppers(lake, reader, asked, zone)?),
        false => None,
    };
    let visits = followed.as_ref().map(|followed| &followed.visits);
    evaluated(rollup, asked, zone, visits).map(Some)
}

fn evaluated(
    rollup: Rollup,
    asked: Asked<'_>,
    zone: &TimeZone,
    visits: Option<&VisitResults>,
) -> Result<Previous, Failure> {
    let Asked { set, scope, .. } = asked;
    let outside = outside(set, scope, zone, &ExpectedRates::new(), visits, None)?;
    let series = evaluate(set, &rollup, scope, &outside)?;
    Ok(Previous {
        run: None,
        scope,
        rollup,
        series,
    })
}
