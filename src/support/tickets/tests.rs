//! Exports as ticket systems write them, and broken ones.

use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::time_window::{TimeWindow, zone};

const DAY_US: i64 = 86_400_000_000;
/// Monday, 2026-11-09.
const START_US: i64 = 1_794_182_400_000_000;

fn named(text: &str) -> ColumnNames {
    ColumnNames::parse(text).unwrap()
}

fn hash(_: KeyKind, text: &str) -> Option<i64> {
    Some(
        text.bytes()
            .fold(7, |hash, byte| hash * 31 + i64::from(byte)),
    )
}

/// Fourteen days from [`START_US`].
fn reading<'a>(names: &'a ColumnNames, zone: Option<&'a TimeZone>) -> Reading<'a> {
    Reading {
        preset: None,
        names,
        zone,
        dates: None,
        only_reasons: &[],
        day_zone: TimeZone::UTC,
        range: TimeWindow {
            start_us: START_US,
            end_us: START_US + 14 * DAY_US,
        },
        future_us: START_US + 15 * DAY_US,
        hash: &hash,
    }
}

fn tickets(text: &str, zone_name: Option<&str>) -> Result<Tickets, TicketError> {
    let names = ColumnNames::default();
    let zone = zone_name.map(|name| zone(name).unwrap());
    read_tickets_from(
        text.as_bytes(),
        Path::new("tickets.csv"),
        &reading(&names, zone.as_ref()),
    )
}

fn refusal(text: &str, zone_name: Option<&str>) -> String {
    tickets(text, zone_name)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn exports_of_the_well_known_systems_are_read_as_they_are() {
    let zendesk = "\u{feff}Summation column,Id,Requester,Requester id,Requester external id,Subject,Tags,Status,Via,Ticket type,Created at,Order ID [txt]\r\n\
        1,5001,Ann,77,shopper-9,\"My card, twice\r\ncharged\",payment,open,mail,Problem,2026-11-10 08:15:00 -0800,A-1\r\n\
        2,5002,Bo,78,,\"Where is \"\"it\"\"?\",,open,web,Question,2026-11-11 09:00:00 UTC,\r\n";
    let intercom = "Conversation ID,Conversation started at (America/Los_Angeles),Conversation source,Title,User ID\n\
        5001,2026-11-10 08:15:00,mail,\"My card, twice\ncharged\",shopper-9\n5002,2026-11-11 01:00:00,web,Where,\n";
    let freshdesk = "Ticket ID;Subject;Source;Type;Created time;Contact ID;Order number\n\
        5001;\"My card; twice\";mail;Problem;2026-11-10 16:15:00;shopper-9;A-1\n5002;Where;web;Question;2026-11-11 09:00:00;;\n";
    let jira = "Summary,Issue key,Issue id,Issue Type,Created,Labels,Labels,Reporter Id,Custom field (Order ID),Comment,Comment\n\
        \"My card, twice\",SUP-1,1,Problem,10/Nov/26 4:15 PM,a,b,shopper-9,A-1,x,y\nWhere,SUP-2,2,Question,11/Nov/26 9:00 AM,,,,,,\n";
    for (preset, text, zone_name) in [
        ("zendesk", zendesk, None),
        ("intercom", intercom, None),
        ("freshdesk", freshdesk, Some("UTC")),
        ("jira", jira, Some("UTC")),
    ] {
        let found = tickets(text, zone_name).unwrap_or_else(|error| panic!("{preset}: {error}"));
        assert_eq!(found.account.preset, preset);
        let created: Vec<i64> = found
            .tickets
            .iter()
            .map(|ticket| (ticket.created_us - START_US) / 60_000_000)
            .collect();
        assert_eq!(
            created,
            [24 * 60 + 16 * 60 + 15, 2 * 24 * 60 + 9 * 60],
            "{preset}"
        );
        assert_eq!(
            found.tickets[0].user,
            hash(KeyKind::User, "shopper-9"),
            "{preset}"
        );
        assert_eq!(
            (found.account.rows, found.account.gross, found.account.net),
            (2, 2, 2),
            "{preset}"
        );
        let has_order = found.tickets[0].order == hash(KeyKind::Order, "A-1");
        assert_eq!(has_order, preset != "intercom", "{preset}");
    }
}

#[test]
fn every_row_that_is_left_out_is_counted_with_its_first_lines() {
    let mut text = "ticket_id,created_at,reason,order_id\n".to_owned();
    for number in 0..200 {
        let minute = number * 17 % 60;
        text += &format!(
            "{number},2026-11-{:02}T{:02}:{minute:02}:00Z,checkout,o{number}\n",
            9 + number % 14,
            number % 24
        );
    }
    text += "7,2026-11-10T08:01:00Z,checkout,o7\n"; // the same id
    text += "300,,checkout,o1\n";
    text += "301,soon,checkout,o1\n";
    text += "302,2026-11-10 08:00:00 CET,checkout,o1\n";
    text += "303,2027-11-10T08:00:00Z,checkout,o1\n";
    text += "304,2026-11-01T08:00:00Z,checkout,o1\n";
    text += "305,2026-11-10T08:00:00Z,check,out,o1\n";
    let found = tickets(&text, None).unwrap();
    let dropped = found
        .account
        .dropped
        .iter()
        .map(|dropped| (dropped.reason, dropped.rows, dropped.first_lines.clone()));
    let mut dropped: Vec<_> = dropped.collect();
    dropped.sort_by_key(|(_, _, lines)| lines.clone());
    assert_eq!(
        dropped,
        [
            ("the same ticket again", 1, vec![202]),
            ("no created time", 1, vec![203]),
            ("is no time", 1, vec![204]),
            ("has a zone that is no exact offset", 1, vec![205]),
            ("created in the future", 1, vec![206]),
            ("outside of the range of the lake", 1, vec![207]),
            (
                "another number of cells than the header (a delimiter or quote in a text that is not quoted)",
                1,
                vec![208]
            ),
        ]
    );
    assert_eq!((found.account.rows, found.account.gross), (207, 200));
    assert_eq!(found.covered_from_us, START_US, "there are older tickets");
    assert_eq!(
        found.covered_to_us,
        found.tickets[199].created_us + 1,
        "and no later ones"
    );
}

#[test]
fn columns_are_those_that_the_user_names() {
    let text = "when,why,what it said,nr\n2026-11-10T08:00:00Z,late,secret,12\n2026-11-10T09:00:00Z,late,secret,12\n";
    let names = named("created=When, order = nr,reason=why");
    let found =
        read_tickets_from(text.as_bytes(), Path::new("t.csv"), &reading(&names, None)).unwrap();
    assert_eq!((found.account.gross, found.account.net), (2, 1));
    assert_eq!(found.reasons, ["late"]);
    assert_eq!(found.account.columns["order"], "nr");
    assert!(!format!("{found:?}").contains("secret"));
    let only = ["broken".to_owned()];
    let reading = Reading {
        only_reasons: &only,
        ..reading(&names, None)
    };
    let refused = read_tickets_from(text.as_bytes(), Path::new("t.csv"), &reading).unwrap_err();
    assert!(
        matches!(
            refused,
            TicketError::OtherWeeks { .. } | TicketError::NoReason { .. }
        ),
        "{refused}"
    );
}

#[test]
fn what_cannot_be_learned_from_is_refused_with_its_cure() {
    let rows = |cells: &dyn Fn(i64) -> String| {
        (0..60)
            .map(|number| cells(number) + "\n")
            .collect::<String>()
    };
    let time = |number: i64| {
        format!(
            "2026-11-{:02}T{:02}:{:02}:00Z",
            9 + number % 14,
            number % 24,
            number * 17 % 60
        )
    };
    let zendesk = "Id,Requester id,Via,Ticket type,Created at\n";
    for (text, zone_name, words) in [
        (String::new(), None, "has no tickets"),
        ("created_at\n".to_owned(), None, "has no tickets"),
        (
            "id,subject,updated\n1,x,y\n".to_owned(),
            None,
            "no column is the created time of a ticket (read as `plain`; the file has `id`, `subject`, `updated`) (hint: name it",
        ),
        (
            "created_at\n".to_owned()
                + &rows(&|number| {
                    if number % 2 == 0 {
                        time(number)
                    } else {
                        "2026-11-10 08:00:00".to_owned()
                    }
                }),
            None,
            "created times mix zones: 30 have an offset",
        ),
        (
            "created_at\n2026-11-10 08:00:00\n".to_owned(),
            None,
            "have no time zone, such as `2026-11-10 08:00:00 in line 2`",
        ),
        (
            "created_at,x\n".to_owned()
                + &rows(&|number| {
                    if number % 10 == 0 {
                        "n/a,1".to_owned()
                    } else {
                        time(number) + ",1"
                    }
                }),
            None,
            "6 of 60 rows cannot be read, more than 5 %: 6 with the created time is no time, first in line 2, 12",
        ),
        (
            zendesk.to_owned()
                + &rows(&|number| format!("text {number},1,web,Problem,{}", time(number))),
            None,
            "60 with text in the column of ticket numbers",
        ),
        (
            "created_at\n".to_owned()
                + &rows(&|number| {
                    format!("2026-11-{:02}T{:02}:00:00Z", 9 + number % 14, number % 24)
                }),
            None,
            "these are times of an import",
        ),
        (
            "created_at\n".to_owned() + &rows(&|number| time(number).replace("2026", "2025")),
            None,
            "no ticket is of the weeks in the lake: tickets are from 2025-11-09T",
        ),
        (
            "created at (Mars/Olympus)\n2026-11-10 08:00\n".to_owned(),
            None,
            "unknown time zone `Mars/Olympus`",
        ),
        (
            "created at (Europe/Berlin)\n2026-11-10 08:00\n".to_owned(),
            Some("UTC"),
            "says zone `Europe/Berlin`, --tickets-tz says `UTC`",
        ),
        (
            "created_at\n3/4/2026 08:00\n".to_owned(),
            Some("UTC"),
            "do not say which number is the day",
        ),
    ] {
        let found = refusal(&text, zone_name);
        assert!(
            found.contains(words) && found.contains("(hint: "),
            "{words}\n{found}"
        );
    }
}

#[test]
fn a_list_of_columns_is_understood_or_refused() {
    for (text, words) in [
        (
            "creatd=x",
            "--columns: `creatd=x` is not understood (hint: did you mean `created`?",
        ),
        ("created", "write each column once"),
        ("created=a,created=b", "write each column once"),
        ("", "--columns: `` is not understood"),
    ] {
        let error = ColumnNames::parse(text).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.is_usage());
    }
    let names = named("created=Opened");
    let error = read_tickets_from(
        &b"opend,b\n1,2\n"[..],
        Path::new("t"),
        &reading(&names, None),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains(
            "the file has no column `Opened`, which is to be `created` (hint: did you mean `opend`?"
        ),
        "{error}"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), like in "(created_at|order_id|[;,\t\n\"]|2026-11-1[0-9]T0[0-9]:[0-5][0-9]:00Z?|[a-c]){0,60}") {
        let names = ColumnNames::default();
        for bytes in [&bytes[..], like.as_bytes()] {
            let _ = read_tickets_from(bytes, Path::new("t.csv"), &reading(&names, Some(&TimeZone::UTC)));
        }
    }

    #[test]
    fn what_is_written_in_any_dialect_is_read_back(
        rows in prop::collection::vec((0_i64..14 * 1_440, prop::option::of(0_u8..5), "[a-z;, \"\n]{0,12}"), 1..40),
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
        has_mark in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["subject", "created_at", "order_id"]).unwrap();
        for (minute, order, subject) in &rows {
            let created = crate::time_window::rfc3339(START_US + minute * 60_000_000 + 7_000_000);
            let order = order.map_or_else(String::new, |order| format!("o{order}"));
            writer.write_record([subject, &created, &order]).unwrap();
        }
        let mut bytes = if has_mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        bytes.extend(writer.into_inner().unwrap());
        let names = ColumnNames::default();
        let found = match read_tickets_from(&bytes[..], Path::new("t.csv"), &reading(&names, None)) {
            Ok(found) => found,
            Err(TicketError::Backlog { .. } | TicketError::Gaps { .. }) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        let mut minutes: Vec<i64> = rows.iter().map(|(minute, _, _)| *minute).collect();
        minutes.sort_unstable();
        let read: Vec<i64> = found.tickets.iter().map(|ticket| (ticket.created_us - START_US) / 60_000_000).collect();
        prop_assert_eq!(read, minutes);
        prop_assert_eq!(found.account.rows, rows.len() as u64);
    }
}
