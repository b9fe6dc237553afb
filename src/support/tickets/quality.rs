//! Whether created times are those of contacts, and whether days are missing.
//!
//! In: created times in order, and the zone of the desk's days. Out: nothing, or why the export cannot be
//! learned from. An import piles its tickets up at one time; a cut export has no ticket on a day on which
//! there should have been many.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::error::{PLACES_MAX, TicketError};

const MINUTE_US: i64 = 60_000_000;
/// Fewer tickets in one pile are no import.
const PILE_MIN: usize = 30;
/// The largest share of tickets at one minute of the hour; 1 in 60 is usual.
const MINUTE_OF_HOUR_SHARE_MAX: f64 = 0.20;
/// The largest share of tickets at one minute of the day, on all days together.
const MINUTE_OF_DAY_SHARE_MAX: f64 = 0.10;
/// The largest share of tickets in one single minute.
const ONE_MINUTE_SHARE_MAX: f64 = 0.05;
/// A day without tickets is a gap when the other days of its kind have at least so many: of 10 expected
/// contacts none come once in 22,000 days.
const EXPECTED_MIN: u64 = 10;

/// Refuses created times that pile up.
///
/// # Errors
/// [`TicketError::Backlog`].
pub fn check_backlog(created_us: &[i64], zone: &TimeZone) -> Result<(), TicketError> {
    let minutes = created_us.iter().map(|us| us.div_euclid(MINUTE_US));
    let local = |us: i64| {
        Timestamp::from_microsecond(us)
            .ok()
            .map(|time| zone.to_datetime(time))
    };
    let mut one: BTreeMap<i64, usize> = BTreeMap::new();
    let mut of_hour: BTreeMap<i8, usize> = BTreeMap::new();
    let mut of_day: BTreeMap<(i8, i8), usize> = BTreeMap::new();
    for minute in minutes {
        *one.entry(minute).or_default() += 1;
        if let Some(local) = local(minute * MINUTE_US) {
            *of_hour.entry(local.minute()).or_default() += 1;
            *of_day.entry((local.hour(), local.minute())).or_default() += 1;
        }
    }
    let largest =
        |counts: &mut dyn Iterator<Item = (String, usize)>| counts.max_by_key(|(_, count)| *count);
    let named = |minute: &i64| {
        local(minute * MINUTE_US).map_or_else(String::new, |local| {
            local.strftime("on %Y-%m-%d at %H:%M").to_string()
        })
    };
    let piles = [
        (
            largest(&mut one.iter().map(|(minute, count)| (named(minute), *count))),
            ONE_MINUTE_SHARE_MAX,
        ),
        (
            largest(&mut of_day.iter().map(|((hour, minute), count)| {
                (format!("at {hour:02}:{minute:02} of a day"), *count)
            })),
            MINUTE_OF_DAY_SHARE_MAX,
        ),
        (
            largest(
                &mut of_hour
                    .iter()
                    .map(|(minute, count)| (format!("at minute :{minute:02} of an hour"), *count)),
            ),
            MINUTE_OF_HOUR_SHARE_MAX,
        ),
    ];
    for (pile, share_max) in piles {
        let Some((at, count)) = pile else { continue };
        if count >= PILE_MIN && share(count, created_us.len()) > share_max {
            return Err(TicketError::Backlog {
                count,
                tickets: created_us.len(),
                percent: count * 100 / created_us.len(),
                at,
            });
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 tickets")]
fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

/// Refuses an export in which days are missing; the first and the last day with a ticket are not looked
/// at, nor what is outside of them.
///
/// # Errors
/// [`TicketError::Gaps`].
pub fn check_gaps(created_us: &[i64], zone: &TimeZone) -> Result<(), TicketError> {
    let day = |us: &i64| {
        Some(
            zone.to_datetime(Timestamp::from_microsecond(*us).ok()?)
                .date(),
        )
    };
    let mut days: BTreeMap<Date, u64> = BTreeMap::new();
    for day in created_us.iter().filter_map(day) {
        *days.entry(day).or_default() += 1;
    }
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value())
    else {
        return Ok(());
    };
    let inside = first.series(1.day()).skip(1).take_while(|day| day < last);
    let missing: Vec<Date> = inside.filter(|day| !days.contains_key(day)).collect();
    let gaps = missing.iter().filter_map(|day| {
        let expected = median_of_like(&days, &missing, *day);
        (expected >= EXPECTED_MIN).then_some((*day, expected))
    });
    let gaps: Vec<(Date, u64)> = gaps.collect();
    let Some((_, expected)) = gaps.first() else {
        return Ok(());
    };
    let mut named: Vec<String> = gaps
        .iter()
        .take(PLACES_MAX)
        .map(|(day, _)| day.to_string())
        .collect();
    if gaps.len() > PLACES_MAX {
        named.push(format!("and {} more days", gaps.len() - PLACES_MAX));
    }
    Err(TicketError::Gaps {
        days: named,
        expected: *expected,
    })
}

/// Median of the days of the same weekday, those that are missing among them: a desk that is closed on
/// Sundays has no gap there. Where fewer than two such days are known, of all days from Monday to Friday
/// or of the weekend.
fn median_of_like(days: &BTreeMap<Date, u64>, missing: &[Date], day: Date) -> u64 {
    let is_weekend = |day: Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let counts = |is_like: &dyn Fn(Date) -> bool| {
        let known = days
            .iter()
            .filter(|(other, _)| is_like(**other))
            .map(|(_, count)| *count);
        let absent = missing
            .iter()
            .filter(|other| is_like(**other) && **other != day)
            .map(|_| 0);
        let mut counts: Vec<u64> = known.chain(absent).collect();
        counts.sort_unstable();
        counts
    };
    let mut of_like = counts(&|other| other.weekday() == day.weekday());
    if of_like.len() < 2 {
        of_like = counts(&|other| is_weekend(other) == is_weekend(day));
    }
    of_like
        .get(of_like.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 86_400_000_000;
    /// A Monday.
    const START_US: i64 = 1_794_182_400_000_000;

    /// `per_day` tickets, spread over the day, on each of so many days.
    fn spread(days: i64, per_day: i64) -> Vec<i64> {
        let all = (0..days).flat_map(|day| {
            (0..per_day).map(move |at| {
                START_US + day * DAY_US + at * (DAY_US / per_day) + at * 7 * MINUTE_US / 3
            })
        });
        all.collect()
    }

    #[test]
    fn spread_tickets_are_contacts_and_piles_are_imports() {
        let usual = spread(14, 40);
        assert!(check_backlog(&usual, &TimeZone::UTC).is_ok());
        let on_the_hour: Vec<i64> = usual
            .iter()
            .map(|us| us - us.rem_euclid(60 * MINUTE_US))
            .collect();
        let one_minute: Vec<i64> = usual
            .iter()
            .copied()
            .chain((0..40).map(|at| START_US + at))
            .collect();
        let nightly: Vec<i64> = usual
            .iter()
            .copied()
            .chain((0..14).flat_map(|day| {
                (0..5).map(move |at| START_US + day * DAY_US + 61 * MINUTE_US + at)
            }))
            .collect();
        for (created_us, words) in [
            (&on_the_hour, "at minute :00 of an hour"),
            (&one_minute, "on 2026-11-09 at 00:00"),
            (&nightly, "at 01:01 of a day"),
        ] {
            let error = check_backlog(created_us, &TimeZone::UTC)
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(check_backlog(&[], &TimeZone::UTC).is_ok());
        assert!(
            check_backlog(&[START_US; 29], &TimeZone::UTC).is_ok(),
            "too few for a pile"
        );
    }

    #[test]
    fn a_day_without_tickets_is_a_gap_where_its_like_have_many() {
        let all = spread(28, 12);
        assert!(check_gaps(&all, &TimeZone::UTC).is_ok());
        let without = |is_left_out: &dyn Fn(i64) -> bool| -> Vec<i64> {
            all.iter()
                .copied()
                .filter(|us| !is_left_out((us - START_US) / DAY_US))
                .collect()
        };
        let error = check_gaps(&without(&|day| day == 9), &TimeZone::UTC).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no ticket on 2026-11-18 (12 were"),
            "{error}"
        );
        assert!(
            check_gaps(&without(&|day| day % 7 == 6), &TimeZone::UTC).is_ok(),
            "closed on Sundays"
        );
        assert!(
            check_gaps(&without(&|day| !(3..=20).contains(&day)), &TimeZone::UTC).is_ok(),
            "ends are no gaps"
        );
        assert!(
            check_gaps(
                &spread(28, 12).into_iter().step_by(4).collect::<Vec<_>>(),
                &TimeZone::UTC
            )
            .is_ok()
        );
        assert!(check_gaps(&[], &TimeZone::UTC).is_ok());
    }
}
