//! Files for the support desk: the problems as a table, and whom to write to before they call.
//!
//! In: problems, their shoppers, who called. Out: CSV. Shoppers are in it as keyed hashes, as the lake has
//! them; `firedrill lake keys` makes the same hashes of a list of sessions that the shop has.

use super::hits::Hit;
use crate::cli::csv;
use crate::report::{DeskPart, DeskRow};
use crate::support::clusters::CallState;
use crate::time_window::rfc3339;

/// One line per problem.
pub fn desk_csv(part: &DeskPart) -> String {
    let head = "problem,method,route,status,from,to,customers,called,not_called,requests";
    let mut lines = vec![head.to_owned()];
    let count = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
    lines.extend(part.rows.iter().map(|row| {
        format!(
            "{},{},{},{},{},{},{},{},{},{}",
            row.number,
            csv::field(&row.method),
            csv::field(&row.route),
            csv::field(&row.status),
            rfc3339(row.from_us),
            rfc3339(row.to_us),
            row.shoppers,
            count(row.called),
            count(row.not_called),
            row.requests
        )
    }));
    lines.join("\n") + "\n"
}

/// A problem, and whom it hit.
type Row<'a> = (&'a DeskRow, &'a [(Hit, Option<CallState>)]);

/// One line per problem and shopper who is not known to have called, and how many there are.
pub fn outreach_csv(rows: &[Row<'_>]) -> (String, u64) {
    let mut lines = vec!["problem,route,status,met,requests,shopper,called".to_owned()];
    for (row, hits) in rows {
        let waiting = hits
            .iter()
            .filter(|(_, state)| !matches!(state, Some(CallState::Called(_))));
        lines.extend(waiting.map(|(hit, state)| {
            let called = match state {
                Some(CallState::NotCalled) => "no",
                Some(CallState::NotKnown | CallState::Called(_)) | None => "not known",
            };
            format!(
                "{},{},{},{},{},{},{called}",
                row.number,
                csv::field(&row.route),
                csv::field(&row.status),
                rfc3339(hit.met_us),
                hit.requests,
                key(hit.shopper)
            )
        }));
    }
    let count = lines.len() as u64 - 1;
    (lines.join("\n") + "\n", count)
}

/// A keyed hash as text: 16 hexadecimal digits.
pub fn key(shopper: i64) -> String {
    format!("{:016x}", shopper.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> DeskRow {
        DeskRow {
            number: 1,
            method: "POST".into(),
            route: "/checkout".into(),
            status: "503".into(),
            from_us: 0,
            to_us: 60_000_000,
            shoppers: 3,
            requests: 5,
            called: Some(1),
            not_called: Some(2),
        }
    }

    #[test]
    fn who_called_is_not_written_to() {
        let hit = |shopper| Hit {
            shopper,
            met_us: 1_000_000,
            requests: 2,
        };
        let hits = [
            (hit(1), Some(CallState::Called(5))),
            (hit(-1), Some(CallState::NotCalled)),
            (hit(2), Some(CallState::NotKnown)),
            (hit(3), None),
        ];
        let row = row();
        let (text, count) = outreach_csv(&[(&row, &hits[..])]);
        assert_eq!(count, 3);
        assert_eq!(
            text,
            "problem,route,status,met,requests,shopper,called\n\
             1,/checkout,503,1970-01-01T00:00:01Z,2,ffffffffffffffff,no\n\
             1,/checkout,503,1970-01-01T00:00:01Z,2,0000000000000002,not known\n\
             1,/checkout,503,1970-01-01T00:00:01Z,2,0000000000000003,not known\n"
        );
    }

    #[test]
    fn a_problem_of_which_no_calls_are_known_has_empty_cells() {
        let part = DeskPart {
            rows: vec![
                row(),
                DeskRow {
                    called: None,
                    not_called: None,
                    number: 2,
                    ..row()
                },
            ],
            ..DeskPart::default()
        };
        assert_eq!(
            desk_csv(&part),
            "problem,method,route,status,from,to,customers,called,not_called,requests\n\
             1,POST,/checkout,503,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,3,1,2,5\n\
             2,POST,/checkout,503,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,3,,,5\n"
        );
    }
}
