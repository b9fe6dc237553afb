//! Which two stretches of time to compare for each annotation, so that its effect is seen and nothing
//! else.
//!
//! In: annotations, the range that is asked about, and where there is data. Out: for each annotation
//! the stretch before and the stretch after it, both of one length; and the same two stretches some
//! weeks earlier, by weekday and wall clock, so that what the time of day does is not called an
//! effect. The numbers are computed elsewhere.

use std::collections::BTreeMap;

use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::{Annotation, AnnotationKind};
use crate::time_window::TimeWindow;

/// How many weeks back a reference is looked for.
pub const REFERENCE_WEEKS_MAX: u32 = 4;

/// What to compare with what.
#[derive(Debug, Clone)]
pub struct BeforeAfterSettings {
    /// How long each stretch is if nothing cuts it, µs; usually an hour.
    pub length_us: i64,
    /// Length of the windows that are counted, µs; above 0. Stretches are made of whole ones, so the
    /// window in which an annotation begins is in neither.
    pub window_us: i64,
    /// Zone of the wall clock by which weeks are compared.
    pub zone: TimeZone,
    /// Where there is data.
    pub data: TimeWindow,
}

/// An annotation, and what to compare for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeAfter {
    /// Its place in the list of annotations.
    pub annotation: usize,
    /// The stretches, or why there are none.
    pub stretches: Result<Stretches, NotComparable>,
}

/// Two stretches of one length, and the same some weeks earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretches {
    /// Up to the annotation.
    pub before: TimeWindow,
    /// From it, or from its end.
    pub after: TimeWindow,
    /// The same weekday and local time in the nearest week of the last [`REFERENCE_WEEKS_MAX`] that
    /// has data and none of the same kind of annotation nearby; `None` if there is none.
    pub reference: Option<Reference>,
}

/// The two stretches some weeks earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// How many weeks earlier.
    pub weeks: u32,
    /// As long as the stretch that it is the reference of.
    pub before: TimeWindow,
    /// As long as the stretch that it is the reference of.
    pub after: TimeWindow,
}

/// Why nothing can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// Another annotation of the same kind lasts, or the data ends, within a window before it.
    #[error("there is no undisturbed time before it")]
    NothingBefore,
    /// Another annotation of the same kind lasts, or the data ends, within a window after it.
    #[error("there is no undisturbed time after it")]
    NothingAfter,
}

/// What to compare for each annotation whose `at` is in `range`, in the order of `annotations`, which
/// must be sorted by `at`.
///
/// The stretch after begins at `at`, or, for a deploy, an incident and maintenance, at their end,
/// because they disturb while they last; what else lasts is looked at while it does. Annotations of
/// the same kind at the same moment count as one.
#[must_use]
pub fn before_after(
    annotations: &[Annotation],
    range: TimeWindow,
    settings: &BeforeAfterSettings,
) -> Vec<BeforeAfter> {
    let timelines = timelines(annotations);
    let inside = annotations.iter().enumerate();
    let inside = inside.filter(|(_, annotation)| range.contains(annotation.at_us));
    let planned = inside.filter_map(|(index, annotation)| {
        let timeline = timelines.get(&annotation.kind)?;
        Some(BeforeAfter {
            annotation: index,
            stretches: stretches(annotation, timeline, settings),
        })
    });
    planned.collect()
}

/// The annotations of one kind, by `at`.
#[derive(Debug, Default)]
struct Timeline {
    starts_us: Vec<i64>,
    ends_us: Vec<i64>,
    /// The latest end up to each.
    latest_ends_us: Vec<i64>,
}

impl Timeline {
    fn push(&mut self, annotation: &Annotation) {
        let end_us = end_us(annotation);
        let latest_us = self.latest_ends_us.last().copied().unwrap_or(i64::MIN);
        self.starts_us.push(annotation.at_us);
        self.ends_us.push(end_us);
        self.latest_ends_us.push(latest_us.max(end_us));
    }

    /// When the last of those that began before `ts_us` was over.
    fn latest_end_before(&self, ts_us: i64) -> Option<i64> {
        let count = self.starts_us.partition_point(|start_us| *start_us < ts_us);
        Some(self.latest_ends_us[count.checked_sub(1)?])
    }

    /// Whether one that began after `at_us` and before `from_us` lasts beyond `from_us`.
    fn is_lasting(&self, at_us: i64, from_us: i64) -> bool {
        let first = self
            .starts_us
            .partition_point(|start_us| *start_us <= at_us);
        let began = self
            .starts_us
            .partition_point(|start_us| *start_us < from_us);
        let between = self.ends_us.get(first..began).unwrap_or_default();
        between.iter().any(|end_us| *end_us > from_us)
    }

    /// The first start after `at_us` that is not before `from_us`.
    fn next_start(&self, at_us: i64, from_us: i64) -> Option<i64> {
        let later = |start_us: &i64| *start_us <= at_us || *start_us < from_us;
        self.starts_us
            .get(self.starts_us.partition_point(later))
            .copied()
    }

    /// Whether one lasts, begins or ends in the stretch.
    fn touches(&self, stretch: TimeWindow) -> bool {
        let latest = self.latest_end_before(stretch.end_us);
        latest.is_some_and(|end_us| end_us >= stretch.start_us)
    }
}

fn timelines(annotations: &[Annotation]) -> BTreeMap<AnnotationKind, Timeline> {
    let mut timelines: BTreeMap<AnnotationKind, Timeline> = BTreeMap::new();
    for annotation in annotations {
        timelines
            .entry(annotation.kind)
            .or_default()
            .push(annotation);
    }
    timelines
}

fn end_us(annotation: &Annotation) -> i64 {
    annotation.until_us.unwrap_or(annotation.at_us)
}

/// Whether it disturbs while it lasts, so that its effect is seen only after it.
fn is_over_first(kind: AnnotationKind) -> bool {
    match kind {
        AnnotationKind::Deploy | AnnotationKind::Incident | AnnotationKind::Maintenance => true,
        AnnotationKind::Freeze
        | AnnotationKind::Unfreeze
        | AnnotationKind::Campaign
        | AnnotationKind::Other => false,
    }
}

fn stretches(
    annotation: &Annotation,
    timeline: &Timeline,
    settings: &BeforeAfterSettings,
) -> Result<Stretches, NotComparable> {
    let before = longest_before(annotation, timeline, settings);
    let after = longest_after(annotation, timeline, settings);
    let before_us = before.end_us.saturating_sub(before.start_us);
    let after_us = after.end_us.saturating_sub(after.start_us);
    if before_us < settings.window_us {
        return Err(NotComparable::NothingBefore);
    }
    if after_us < settings.window_us {
        return Err(NotComparable::NothingAfter);
    }
    let length_us = before_us.min(after_us);
    let before = TimeWindow {
        start_us: before.end_us - length_us,
        end_us: before.end_us,
    };
    let after = TimeWindow {
        start_us: after.start_us,
        end_us: after.start_us + length_us,
    };
    Ok(Stretches {
        before,
        after,
        reference: reference(before, after, timeline, settings),
    })
}

/// In whole windows; may end before it starts.
fn longest_before(
    annotation: &Annotation,
    timeline: &Timeline,
    settings: &BeforeAfterSettings,
) -> TimeWindow {
    let end_us = floor(
        annotation.at_us.min(settings.data.end_us),
        settings.window_us,
    );
    let asked_us = end_us.saturating_sub(settings.length_us);
    let disturbed_us = timeline.latest_end_before(annotation.at_us);
    let start_us = asked_us
        .max(settings.data.start_us)
        .max(disturbed_us.unwrap_or(i64::MIN));
    TimeWindow {
        start_us: ceiling(start_us, settings.window_us),
        end_us,
    }
}

/// In whole windows; may end before it starts.
fn longest_after(
    annotation: &Annotation,
    timeline: &Timeline,
    settings: &BeforeAfterSettings,
) -> TimeWindow {
    let waits = is_over_first(annotation.kind);
    let from_us = if waits {
        end_us(annotation)
    } else {
        annotation.at_us
    };
    let start_us = ceiling(from_us.max(settings.data.start_us), settings.window_us);
    let mut end_us = start_us
        .saturating_add(settings.length_us)
        .min(settings.data.end_us);
    if let (false, Some(until_us)) = (waits, annotation.until_us) {
        end_us = end_us.min(until_us);
    }
    if let Some(next_us) = timeline.next_start(annotation.at_us, from_us) {
        end_us = end_us.min(next_us);
    }
    if timeline.is_lasting(annotation.at_us, from_us) {
        end_us = start_us;
    }
    TimeWindow {
        start_us,
        end_us: floor(end_us, settings.window_us),
    }
}

/// The nearest undisturbed week.
fn reference(
    before: TimeWindow,
    after: TimeWindow,
    timeline: &Timeline,
    settings: &BeforeAfterSettings,
) -> Option<Reference> {
    let data = settings.data;
    (1..=REFERENCE_WEEKS_MAX).find_map(|weeks| {
        let before = earlier(before, weeks, settings)?;
        let after = earlier(after, weeks, settings)?;
        let between = TimeWindow {
            start_us: before.start_us,
            end_us: after.end_us,
        };
        let has_data = data.start_us <= between.start_us && between.end_us <= data.end_us;
        (has_data && !timeline.touches(between)).then_some(Reference {
            weeks,
            before,
            after,
        })
    })
}

/// Of the same length, beginning at the same weekday and wall clock; `None` before the calendar.
fn earlier(stretch: TimeWindow, weeks: u32, settings: &BeforeAfterSettings) -> Option<TimeWindow> {
    let time = Timestamp::from_microsecond(stretch.start_us).ok()?;
    let local = settings.zone.to_datetime(time);
    let local = local.checked_sub((7 * i64::from(weeks)).days()).ok()?;
    let ambiguous = settings.zone.to_ambiguous_zoned(local);
    let zoned = ambiguous.disambiguate(Disambiguation::Compatible).ok()?;
    let start_us = floor(zoned.timestamp().as_microsecond(), settings.window_us);
    Some(TimeWindow {
        start_us,
        end_us: start_us + (stretch.end_us - stretch.start_us),
    })
}

fn floor(ts_us: i64, window_us: i64) -> i64 {
    ts_us.saturating_sub(ts_us.rem_euclid(window_us))
}

fn ceiling(ts_us: i64, window_us: i64) -> i64 {
    match ts_us.rem_euclid(window_us) {
        0 => ts_us,
        rest_us => ts_us.saturating_add(window_us - rest_us),
    }
}
