//! Files of annotations and the stretches around them: tables, messages as text, and properties.

use std::path::Path;

use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::declared_files;
use crate::time_window::{TimeWindow, rfc3339, zone};

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

fn us(text: &str) -> i64 {
    moment::moment_us(text, None).unwrap()
}

fn table(text: &str) -> Result<Vec<Annotation>, AnnotationError> {
    table_file::parse(Path::new("events.csv"), text.as_bytes(), None)
}

fn list(text: &[u8], zone: Option<&TimeZone>) -> Result<Vec<Annotation>, AnnotationError> {
    let declared = declared_files::parse(Path::new("events.yaml"), text, &|_| None)?;
    Ok(list_file::understand(&declared, zone)?)
}

#[test]
fn the_two_examples_say_the_same() {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let from_list = load_annotations(&documents.join("example-annotations.yaml"), None).unwrap();
    let from_table = load_annotations(&documents.join("example-annotations.csv"), None).unwrap();
    assert_eq!(from_list, from_table);
    assert_eq!(from_list.len(), 5);
    assert!(from_list.is_sorted_by_key(|annotation| annotation.at_us));
    assert_eq!(from_list[2].channel.as_deref(), Some("newsletter"));
}

#[test]
fn the_limits_of_lists_and_tables_are_the_same_and_every_limit_is_checked() {
    let schema = declared_files::schema::<AnnotationListDefinition>();
    assert_eq!(schema["maxItems"], ANNOTATIONS_MAX);
    let item = &schema["$defs"]["AnnotationDefinition"]["properties"];
    assert_eq!(item["label"]["maxLength"], TEXT_CHARS_MAX);
    assert_eq!(item["channel"]["maxLength"], TEXT_CHARS_MAX);
    assert_eq!(item["url"]["maxLength"], URL_CHARS_MAX);
    let unchecked = declared_files::unchecked_keywords::<AnnotationListDefinition>();
    assert_eq!(unchecked, Vec::<String>::new());
}

#[test]
fn a_table_has_its_columns_in_any_order_and_quotes_where_they_are_needed() {
    let text = "\u{FEFF}label,kind,until,at\r\n\
        \"Big, \"\"loud\"\" sale\",campaign,,2026-11-27T08:00:00Z\r\n\r\n\
        =1+1,other,2026-11-27T08:00:00Z,2026-11-27T07:00:00Z\r\n";
    let annotations = table(text).unwrap();
    assert_eq!(annotations[0].label, "Big, \"loud\" sale");
    assert_eq!(annotations[0].until_us, None);
    assert_eq!(annotations[1].label, "=1+1", "a formula is only a text");
    assert_eq!(annotations[1].until_us, Some(us("2026-11-27T08:00:00Z")));
}

#[test]
fn everything_that_is_wrong_with_a_table_is_said_at_once() {
    for (text, expected) in [
        (
            "",
            "events.csv:1: the file is empty (hint: begin with the line `at,until,kind,label`)",
        ),
        (
            "at,kind\n",
            "events.csv:1: missing column `label` (hint: the first line names the columns, such as `at,until,kind,label`)",
        ),
        (
            "at;kind;label\n",
            "events.csv:1: unknown column `at;kind;label` (hint: write commas between the columns)",
        ),
        (
            "at,kind,labl,at\n",
            "events.csv:1: unknown column `labl` (hint: did you mean `label`? columns here: `at`, `until`, `kind`, `label`, `channel`, `url`)\n\
             events.csv:1: the column `at` is there twice (hint: remove one of them)",
        ),
        (
            "at,until,kind,label,url\n\
             \n\
             2026-11-27,,deploy,a,\n\
             2026-11-27T08:00:00Z,2026-11-27T08:00:00Z,deply,\"b\nc\",javascript:alert(1)\n\
             ,,deploy,,\n\
             2026-11-27T08:00:00Z,deploy\n",
            "events.csv:3: `2026-11-27` has no time zone (hint: write `2026-11-27T08:00:00Z` or `2026-11-27T09:00:00+01:00`, or name the zone of local times with `--tz`)\n\
             events.csv:4: unknown kind `deply` (hint: did you mean `deploy`? kinds: `deploy`, `freeze`, `unfreeze`, `campaign`, `incident`, `maintenance`, `other`)\n\
             events.csv:4: the cell of `label` has a line break (hint: shorten it to one line; or a closing double quote is missing)\n\
             events.csv:4: `until` is not after `at` (hint: `until` is the first moment after it; leave it out for a moment)\n\
             events.csv:4: `url` is not a web address (hint: write an address that begins with `https://` or `http://`)\n\
             events.csv:6: the cell of `at` is empty (hint: every annotation has a time, a kind and a label)\n\
             events.csv:6: the cell of `label` is empty (hint: every annotation has a time, a kind and a label)\n\
             events.csv:7: the row has 2 cells, not 5 (hint: put a cell that has a comma in double quotes)",
        ),
    ] {
        assert_eq!(table(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn limits_hold_at_their_edge_and_not_past_it() {
    let row = "2026-11-27T08:00:00Z,deploy,x\n";
    let full = format!("at,kind,label\n{}", row.repeat(ANNOTATIONS_MAX));
    assert_eq!(table(&full).unwrap().len(), ANNOTATIONS_MAX);
    assert_eq!(
        table(&format!("{full}{row}")).unwrap_err().to_string(),
        "events.csv:10002: the file has more than 10000 annotations (hint: split it into several files)"
    );
    let labelled = |chars: usize| {
        let label = "ä".repeat(chars);
        table(&format!(
            "at,kind,label\n2026-11-27T08:00:00Z,deploy,{label}\n"
        ))
    };
    assert!(labelled(TEXT_CHARS_MAX).is_ok());
    assert_eq!(
        labelled(TEXT_CHARS_MAX + 1).unwrap_err().to_string(),
        "events.csv:2: the cell of `label` has more than 200 characters (hint: shorten it to one line; or a closing double quote is missing)"
    );
    let wrong = table(&format!("at,kind,label\n{}", "x,deploy,y\n".repeat(102)));
    let message = wrong.unwrap_err().to_string();
    assert!(message.ends_with("\nand 2 more problems"), "{message}");
    let long = vec![b'x'; TABLE_BYTES_MAX + 1];
    let message = table_file::parse(Path::new("a.csv"), &long, None).unwrap_err();
    assert!(message.to_string().contains("more than 8388608 bytes"));
}

#[test]
fn a_list_says_line_column_and_cure() {
    let berlin = zone("Europe/Berlin").unwrap();
    for (text, expected) in [
        (
            "- {at: 2026-10-25T02:30, kind: deploy, label: a}\n",
            "events.yaml:1:8: `2026-10-25T02:30` is a time that the clocks skip or show twice\n\
             1 | - {at: 2026-10-25T02:30, kind: deploy, label: a}\n\
             \x20 |        ^\n\
             help: write its offset: `2026-11-27T08:00:00Z` or `2026-11-27T09:00:00+01:00`",
        ),
        (
            "- {at: 2026-10-26, until: 2026-10-25, kind: deploy, label: a}\n",
            "events.yaml:1:27: `until` is not after `at`\n\
             1 | - {at: 2026-10-26, until: 2026-10-25, kind: deploy, label: a}\n\
             \x20 |                           ^\n\
             help: `until` is the first moment after it; leave it out for a moment",
        ),
        (
            "- {at: 2026-10-26, kind: deploy, label: a, url: 'javascript:x'}\n",
            "events.yaml:1:49: `url` is not a web address\n\
             1 | - {at: 2026-10-26, kind: deploy, label: a, url: 'javascript:x'}\n\
             \x20 |                                                 ^\n\
             help: write an address that begins with `https://` or `http://`",
        ),
        (
            "- {at: 2026-10-26, kind: deply, label: a}\n",
            "events.yaml:1:26: unknown kind `deply`\n\
             1 | - {at: 2026-10-26, kind: deply, label: a}\n\
             \x20 |                          ^\n\
             help: did you mean `deploy`? allowed here: `deploy`, `freeze`, `unfreeze`, `campaign`, `incident`, `maintenance`, `other`",
        ),
    ] {
        let message = list(text.as_bytes(), Some(&berlin))
            .unwrap_err()
            .to_string();
        assert_eq!(message, expected);
    }
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let error = load_annotations(Path::new("events.xlsx"), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`events.xlsx` is neither CSV nor YAML (hint: its name must end in `.csv`, `.yaml` or `.yml`)"
    );
    let error = load_annotations(Path::new("no-such-folder/events.csv"), None).unwrap_err();
    assert!(error.to_string().contains("check the path"), "{error}");
}

fn annotation(at_us: i64, until_us: Option<i64>, kind: AnnotationKind) -> Annotation {
    Annotation {
        at_us,
        until_us,
        kind,
        label: "x".to_owned(),
        channel: None,
        url: None,
    }
}

fn settings(data: TimeWindow, zone: TimeZone) -> BeforeAfterSettings {
    BeforeAfterSettings {
        length_us: HOUR_US,
        window_us: MINUTE_US,
        zone,
        data,
    }
}

fn everywhere() -> TimeWindow {
    TimeWindow {
        start_us: us("2026-01-01T00:00:00Z"),
        end_us: us("2027-01-01T00:00:00Z"),
    }
}

/// `12:00-13:00 | 13:00-14:00`, or why there is nothing.
fn shown(plan: &BeforeAfter) -> String {
    let clock = |ts_us: i64| rfc3339(ts_us)[11..16].to_owned();
    let both =
        |stretch: TimeWindow| format!("{}-{}", clock(stretch.start_us), clock(stretch.end_us));
    match plan.stretches {
        Ok(stretches) => format!("{} | {}", both(stretches.before), both(stretches.after)),
        Err(why) => why.to_string(),
    }
}

#[test]
fn stretches_are_cut_by_the_same_kind_and_by_the_annotations_own_end() {
    use AnnotationKind::{Campaign, Deploy, Incident};
    let at = |clock: &str| us(&format!("2026-11-27T{clock}:00Z"));
    let rows: [(&str, Option<&str>, AnnotationKind, &str); 10] = [
        (
            "01:00",
            Some("01:30"),
            Campaign,
            "00:30-01:00 | 01:00-01:30",
        ),
        ("01:10", None, Deploy, "00:10-01:10 | 01:10-02:10"),
        (
            "03:00",
            Some("03:20"),
            Incident,
            "02:00-03:00 | 03:20-04:20",
        ),
        ("06:00", None, Deploy, "05:40-06:00 | 06:00-06:20"),
        ("06:20", None, Deploy, "06:00-06:20 | 06:20-06:40"),
        ("06:20", None, Deploy, "06:00-06:20 | 06:20-06:40"),
        (
            "10:00",
            Some("12:00"),
            Deploy,
            "there is no undisturbed time after it",
        ),
        (
            "11:00",
            Some("14:00"),
            Deploy,
            "there is no undisturbed time before it",
        ),
        ("23:00", None, Deploy, "22:50-23:00 | 23:00-23:10"),
        (
            "23:10",
            None,
            Deploy,
            "there is no undisturbed time after it",
        ),
    ];
    let annotations: Vec<_> = rows
        .iter()
        .map(|(from, until, kind, _)| annotation(at(from), until.map(at), *kind))
        .collect();
    let data = TimeWindow {
        start_us: us("2026-11-01T00:00:00Z"),
        end_us: at("23:10"),
    };
    let plans = before_after(&annotations, everywhere(), &settings(data, TimeZone::UTC));
    assert_eq!(plans.len(), rows.len());
    for (plan, (from, _, kind, expected)) in plans.iter().zip(rows) {
        assert_eq!(shown(plan), expected, "{from} {kind}");
    }
}

#[test]
fn the_window_of_the_annotation_is_in_neither_stretch() {
    let at_us = us("2026-11-27T06:20:30Z");
    let annotations = [annotation(at_us, None, AnnotationKind::Deploy)];
    let plans = before_after(
        &annotations,
        everywhere(),
        &settings(everywhere(), TimeZone::UTC),
    );
    assert_eq!(shown(&plans[0]), "05:20-06:20 | 06:21-07:21");
}

#[test]
fn the_reference_has_the_same_wall_clock_in_the_nearest_undisturbed_week() {
    let berlin = zone("Europe/Berlin").unwrap();
    let reference = |earlier: &[&str], data_start: &str| {
        let mut annotations: Vec<_> = earlier
            .iter()
            .map(|at| annotation(us(at), None, AnnotationKind::Deploy))
            .collect();
        let at_us = us("2026-10-28T10:00:00+01:00");
        annotations.push(annotation(at_us, None, AnnotationKind::Deploy));
        let range = TimeWindow {
            start_us: at_us,
            end_us: at_us + 1,
        };
        let data = TimeWindow {
            start_us: us(data_start),
            ..everywhere()
        };
        let plans = before_after(&annotations, range, &settings(data, berlin.clone()));
        let [plan] = plans.as_slice() else {
            panic!("one annotation is in the range: {plans:?}");
        };
        plan.stretches.unwrap().reference
    };
    let weeks_earlier = |weeks: u32, at: &str| {
        let at_us = us(at);
        Some(Reference {
            weeks,
            before: TimeWindow {
                start_us: at_us - HOUR_US,
                end_us: at_us,
            },
            after: TimeWindow {
                start_us: at_us,
                end_us: at_us + HOUR_US,
            },
        })
    };
    let january = "2026-01-01T00:00:00Z";
    assert_eq!(
        reference(&[], january),
        weeks_earlier(1, "2026-10-21T10:00:00+02:00")
    );
    assert_eq!(
        reference(&["2026-10-21T10:30:00+02:00"], january),
        weeks_earlier(2, "2026-10-14T10:00:00+02:00")
    );
    assert_eq!(reference(&[], "2026-10-21T09:30:00+02:00"), None);
}

proptest! {
    #[test]
    fn no_bytes_break_the_readers(bytes in vec(any::<u8>(), 0..200), rows in "(at|kind|label|until|,|\"|\n|\r|2026-11-27T08:00:00Z|deploy|=|\u{1b}|é){0,40}") {
        for zone in [None, Some(&TimeZone::UTC)] {
            for text in [bytes.as_slice(), rows.as_bytes(), format!("at,kind,label\n{rows}").as_bytes()] {
                let path = Path::new("a");
                let read = table_file::parse(path, text, zone).map_err(|error| error.to_string());
                if let Err(message) = read {
                    let is_inert = !message.contains('\u{1b}');
                    prop_assert!(!message.is_empty() && is_inert);
                }
                let _read_or_refused = list(text, zone).map_err(|error| error.to_string());
            }
        }
    }

    #[test]
    fn what_a_csv_writer_wrote_is_read_again(labels in vec("[^\\s\\p{C}]\\PC{0,40}[^\\s\\p{C}]", 1..20)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["kind", "label", "at"]).unwrap();
        for label in &labels {
            writer.write_record(["other", label, "2026-11-27T08:00:00Z"]).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let read = table_file::parse(Path::new("a.csv"), &text, None).unwrap();
        let found: Vec<String> = read.into_iter().map(|annotation| annotation.label).collect();
        prop_assert_eq!(found, labels);
    }

    #[test]
    fn stretches_are_equal_whole_windows_of_data_that_nothing_of_their_kind_touches(
        moments in vec((0..400_i64, prop::option::of(1..90_i64), 0..3_usize), 1..12),
        data_start in 0..100_i64,
        length in 1..80_i64,
        window in 1..6_i64,
    ) {
        let day_us = us("2026-11-27T00:00:00Z");
        let mut annotations: Vec<Annotation> = moments
            .into_iter()
            .map(|(at, lasts, kind)| {
                let at_us = day_us + at * MINUTE_US + 7;
                annotation(at_us, lasts.map(|lasts| at_us + lasts * MINUTE_US), AnnotationKind::ALL[kind])
            })
            .collect();
        annotations.sort();
        let settings = BeforeAfterSettings {
            length_us: length * MINUTE_US,
            window_us: window * MINUTE_US,
            zone: zone("Europe/Berlin").unwrap(),
            data: TimeWindow { start_us: day_us + data_start * MINUTE_US - 29 * DAY_US, end_us: day_us + 380 * MINUTE_US },
        };
        let plans = before_after(&annotations, everywhere(), &settings);
        prop_assert_eq!(plans.len(), annotations.len());
        for plan in plans {
            let own = &annotations[plan.annotation];
            let Ok(stretches) = plan.stretches else { continue };
            let (before, after) = (stretches.before, stretches.after);
            prop_assert_eq!(before.end_us - before.start_us, after.end_us - after.start_us);
            prop_assert!(before.end_us <= own.at_us && own.at_us <= after.start_us);
            prop_assert!(before.end_us - before.start_us <= settings.length_us.max(settings.window_us));
            let others = annotations.iter().filter(|other| other.kind == own.kind && other.at_us != own.at_us);
            for stretch in [before, after] {
                prop_assert!(stretch.start_us < stretch.end_us);
                prop_assert!(stretch.start_us % settings.window_us == 0 && stretch.end_us % settings.window_us == 0);
                prop_assert!(settings.data.start_us <= stretch.start_us && stretch.end_us <= settings.data.end_us);
                for other in others.clone() {
                    let end_us = other.until_us.unwrap_or(other.at_us);
                    prop_assert!(end_us <= stretch.start_us || stretch.end_us <= other.at_us, "{stretch:?} {other:?}");
                }
            }
            if let Some(reference) = stretches.reference {
                prop_assert_eq!(reference.before.start_us, before.start_us - i64::from(reference.weeks) * 7 * DAY_US);
                prop_assert_eq!(reference.after.start_us, after.start_us - i64::from(reference.weeks) * 7 * DAY_US);
            }
        }
    }
}
