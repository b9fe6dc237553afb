//! Sessions of customers per window, from sessions per hour.
//!
//! In: sessions that began in each local hour, and requests per window. Out: sessions per window of any
//! length. Within an hour sessions begin as requests are spread; their sum stays that of the hour.

use crate::rollup::WindowCount;
use crate::sli::interval::number;
use crate::visits::SessionHour;

const HOUR_US: i64 = 3_600_000_000;

/// Sessions of each window that `index_of` names for the start of a count; `counts` ascend and are at
/// most an hour long.
pub fn per_window(
    hours: &[SessionHour],
    counts: &[WindowCount],
    windows: usize,
    index_of: impl Fn(i64) -> Option<usize>,
) -> Vec<f64> {
    let mut sessions = vec![0.0; windows];
    for hour in hours {
        let from = counts.partition_point(|count| count.start_us < hour.start_us);
        let to = counts.partition_point(|count| count.start_us < hour.start_us + HOUR_US);
        let inside = &counts[from..to];
        let requests: u64 = inside.iter().map(|count| count.count).sum();
        if requests == 0 {
            if let Some(index) = index_of(hour.start_us) {
                sessions[index] += number(hour.sessions);
            }
            continue;
        }
        for count in inside {
            if let Some(index) = index_of(count.start_us) {
                sessions[index] += number(hour.sessions) * number(count.count) / number(requests);
            }
        }
    }
    sessions
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_US: i64 = 60_000_000;

    fn hour(start_us: i64, sessions: u64) -> SessionHour {
        SessionHour { start_us, sessions }
    }

    fn count(minute: i64, count: u64) -> WindowCount {
        WindowCount {
            start_us: minute * MINUTE_US,
            count,
        }
    }

    #[test]
    fn sessions_of_an_hour_are_spread_as_its_requests() {
        let counts = [
            count(0, 10),
            count(16, 20),
            count(59, 10),
            count(60, 5),
            count(200, 1),
        ];
        let quarter = |us: i64| {
            usize::try_from(us / (15 * MINUTE_US))
                .ok()
                .filter(|index| *index < 8)
        };
        let hours = [hour(0, 8), hour(HOUR_US, 3)];
        let found = per_window(&hours, &counts, 8, quarter);
        assert_eq!(found, [2.0, 4.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn an_hour_without_a_count_keeps_its_sessions_and_one_outside_is_left_out() {
        let one = |us: i64| (us < HOUR_US).then_some(0);
        let found = per_window(&[hour(0, 7), hour(HOUR_US, 9)], &[], 1, one);
        assert_eq!(found, [7.0]);
    }
}
