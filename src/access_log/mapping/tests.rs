//! Field-mapping files that are right, and what is said of wrong ones.

use std::path::Path;

use proptest::prelude::*;

use super::{Mapping, MappingDefinition};
use crate::access_log::line::{HeaderRule, LineContext, LogLine};
use crate::declared_files::{parse, unchecked_keywords};

/// 2026-11-27T08:00:00Z, µs since 1970.
const EIGHT_US: i64 = 1_795_766_400_000_000;
const EXAMPLE: &str = include_str!("../../../docs/example-mapping.yaml");
/// The least that a file must say.
const JSON: &str = "\
format: json
time: {form: epoch, field: t, unit: s, means: start}
target: {field: u}
status: {field: s}
";
const CSV: &str = "\
format: csv
time: {form: epoch, field: t, unit: s, means: start}
target: {field: u}
status: {field: s}
";

fn mapping(yaml: &str) -> Result<Mapping, String> {
    let declared = parse::<MappingDefinition>(Path::new("map.yaml"), yaml.as_bytes(), &|_| None);
    let declared = declared.map_err(|error| error.to_string())?;
    Mapping::new(&declared).map_err(|error| error.to_string())
}

/// What the last of the lines is, after the others.
fn last(yaml: &str, lines: &[&str]) -> Result<Option<LogLine<'static>>, &'static str> {
    let mapping = mapping(yaml).unwrap();
    let mut context = LineContext::default();
    let mut last = Err("there is no line");
    for line in lines {
        let result = mapping.parse(line.as_bytes(), &mut context);
        last = result.map(|line| line.map(LogLine::into_owned));
    }
    last
}

/// What is wrong with a file: the message of each problem and its hint.
#[track_caller]
fn problems(yaml: &str) -> String {
    let text = mapping(yaml).unwrap_err();
    let told = text
        .lines()
        .filter(|line| line.contains(": ") && !line.contains(" | "));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_schema_has_only_what_is_checked() {
    assert_eq!(unchecked_keywords::<MappingDefinition>(), [""; 0]);
}

#[test]
fn the_example_in_the_documents_reads_the_line_that_it_shows() {
    let line = r##"{"ts":"2026-11-27 09:00:00.250","type":"request","req":{"verb":"GET","url":"/cart?id=7","headers":{"User-Agent":["Shop/1.0"]}},"code":200,"took":12.5,"ip":"203.0.113.9","rate":0.1}"##;
    let expected = LogLine {
        ts_us: EIGHT_US + 250_000 - 12_500,
        client: b"203.0.113.9".into(),
        user_agent: b"Shop/1.0".into(),
        method: "GET".into(),
        target: "/cart?id=7".into(),
        service: "checkout".into(),
        status: 200,
        latency_us: Some(12_500),
        weight: 10,
        ..LogLine::default()
    };
    let shown: String = EXAMPLE
        .lines()
        .skip(3)
        .take(2)
        .map(|line| line[1..].trim())
        .collect();
    assert_eq!(shown, line);
    assert_eq!(last(EXAMPLE, &[line]).unwrap().unwrap(), expected);
    assert_eq!(
        last(EXAMPLE, &[&line.replace("\"request\"", "\"audit\"")]),
        Ok(None)
    );
    assert_eq!(mapping(EXAMPLE).unwrap().header(), HeaderRule::None);
}

#[test]
fn the_first_line_of_a_csv_names_its_columns() {
    let lines = [
        "x,s,u,t",
        "a,200,\"/cart, \"\"x\"\"\",1795766400",
        "=cmd(),-,cart/7,1795766400.5",
    ];
    assert_eq!(mapping(CSV).unwrap().header(), HeaderRule::FirstLine);
    assert_eq!(last(CSV, &lines[..1]), Ok(None));
    let line = last(CSV, &lines[..2]).unwrap().unwrap();
    assert_eq!(
        (&*line.target, line.status, line.ts_us),
        ("/cart, \"x\"", 200, EIGHT_US)
    );
    let line = last(CSV, &lines).unwrap().unwrap();
    assert_eq!(
        (&*line.target, line.status, line.ts_us),
        ("/cart/7", 0, EIGHT_US + 500_000)
    );
    // A replayed header, and one after a byte order mark.
    assert_eq!(last(CSV, &[lines[0], lines[1], lines[0]]), Ok(None));
    assert!(
        last(CSV, &["\u{feff}t,u,s", "1795766400,/,200"])
            .unwrap()
            .is_some()
    );
    let lacks = Err("the header lacks a column that the mapping file names");
    assert_eq!(last(CSV, &["t,u"]), lacks);
    assert_eq!(last(CSV, &["t,u", "1795766400,/"]), lacks);
    assert_eq!(
        last(CSV, &["t,u,s", "1795766400,/"]),
        Err("fewer fields than the header names")
    );
}

#[test]
fn columns_that_the_file_names_need_no_header() {
    let yaml = format!("{CSV}delimiter: \"\\t\"\ncolumns: [t, x, u, s]\n");
    assert_eq!(mapping(&yaml).unwrap().header(), HeaderRule::None);
    let line = last(&yaml, &["1795766400\t-\tPut into Cart\t503"])
        .unwrap()
        .unwrap();
    assert_eq!(
        (&*line.target, &*line.method, line.status),
        ("/put-into-cart", "-", 503)
    );
}

#[test]
fn labels_are_fields_too() {
    let yaml = CSV.replace("csv", "ltsv") + "client: {field: ip}\n";
    let line = last(&yaml, &["s:200\tip:2001:db8::7\tt:1795766400\tu:/"])
        .unwrap()
        .unwrap();
    assert_eq!(*line.client, *b"2001:db8::7");
    let line = last(&yaml, &["s:200\tt:1795766400\tu:/"]).unwrap().unwrap();
    assert!(line.client.is_empty());
    assert_eq!(last(&yaml, &["s:200\tt:1795766400"]), Err("no target"));
    assert_eq!(last(&yaml, &["s:200\tt"]), Err("a field without a label"));
}

#[test]
fn a_log_of_goose_is_read_with_its_start() {
    let yaml = "\
format: csv
time: {form: elapsed, field: elapsed, unit: ms, means: start, start: \"2026-11-27T09:00:00+01:00\"}
duration: {field: response_time, unit: ms}
target: {field: final_url}
status: {field: status_code}
only: {field: coordinated_omission_elapsed, equals: \"0\"}
";
    let header = "elapsed,name,final_url,response_time,status_code,coordinated_omission_elapsed";
    let line = last(
        yaml,
        &[
            header,
            "1500,\"{\"\"a\"\":1}\",https://shop.example/,21,200,0",
        ],
    );
    let line = line.unwrap().unwrap();
    assert_eq!(
        (line.ts_us, line.latency_us),
        (EIGHT_US + 1_500_000, Some(21_000))
    );
    assert_eq!(
        last(
            yaml,
            &[header, "1500,Home,https://shop.example/,21,200,900"]
        ),
        Ok(None)
    );
}

#[test]
fn times_are_read_in_the_form_and_zone_that_the_file_says() {
    let start = "{form: epoch, field: t, unit: s, means: start}";
    for (form, value, expected_us) in [
        (
            "{form: iso, field: t, means: start}",
            "\"2026-11-27T08:00:00Z\"",
            EIGHT_US,
        ),
        (
            "{form: iso, field: t, means: start, zone: Europe/Berlin}",
            "\"2026-11-27 09:00:00\"",
            EIGHT_US,
        ),
        (
            "{form: clf, field: t, means: start}",
            "\"[27/Nov/2026:09:00:00 +0100]\"",
            EIGHT_US,
        ),
        (
            "{form: clf, field: t, means: start, zone: Europe/Berlin}",
            "\"27/Nov/2026:09:00:00.5\"",
            EIGHT_US + 500_000,
        ),
        (
            "{form: epoch, field: t, unit: ms, means: start}",
            "1795766400000",
            EIGHT_US,
        ),
        (
            "{form: epoch, field: t, unit: s, means: start}",
            "1795766400.25",
            EIGHT_US + 250_000,
        ),
        (
            "{form: epoch, field: t, unit: us, means: end}",
            "\"1795766400000000\"",
            EIGHT_US,
        ),
        (
            "{form: epoch, field: t, unit: ns, means: end}",
            "1795766400000000999",
            EIGHT_US,
        ),
    ] {
        let line = format!("{{\"t\":{value},\"u\":\"/\",\"s\":\"200\"}}");
        let read = last(&JSON.replace(start, form), &[&line, &line])
            .unwrap()
            .unwrap();
        assert_eq!(read.ts_us, expected_us, "{form}");
    }
    for time in ["null", "\"soon\"", "-1", "1e300", "true", "{}"] {
        let line = format!("{{\"t\":{time},\"u\":\"/\",\"s\":200}}");
        assert_eq!(last(JSON, &[&line]), Err("time is no time"), "{time}");
    }
}

#[test]
fn values_that_make_no_sense_are_named() {
    let more = "duration: {field: d, unit: ms}\nweight: {field: w}\nrequest: {field: r}\n";
    let yaml = JSON.replace("target: {field: u}\n", "") + more;
    let of = |members: &str| last(&yaml, &[&format!("{{\"t\":1,\"w\":2,{members}}}")]);
    let line = of(r#""r":"GET /a HTTP/1.1","s":200,"d":-1"#)
        .unwrap()
        .unwrap();
    assert_eq!(
        (&*line.method, &*line.target, line.latency_us, line.weight),
        ("GET", "/a", None, 2)
    );
    assert_eq!(
        of(r#""r":"\u0016\u0003","s":null"#)
            .unwrap()
            .unwrap()
            .target,
        "/{malformed}"
    );
    for (members, reason) in [
        (r#""s":200"#, "no request"),
        (r#""r":"GET / HTTP/1.1""#, "no status"),
        (r#""r":"GET / HTTP/1.1","s":"OK""#, "status is no status"),
        (r#""r":"GET / HTTP/1.1","s":20"#, "status is no status"),
        (
            r#""r":"GET / HTTP/1.1","s":200,"d":"1 s""#,
            "duration is no number of its unit",
        ),
        (
            r#""r":"GET / HTTP/1.1","s":200,"w":0"#,
            "weight is no whole number from 1",
        ),
        (r#""r":"GET / HTTP/1.1","s":200,"#, "not valid JSON"),
    ] {
        assert_eq!(of(members), Err(reason), "{members}");
    }
    let sampled = format!("{JSON}sample_rate: {{field: r}}\n");
    for (rate, weight) in [
        ("0.3", Some(3)),
        ("1", Some(1)),
        ("\"0.01\"", Some(100)),
        ("0", None),
        ("2", None),
        ("1e-300", None),
    ] {
        let line = format!("{{\"t\":1,\"u\":\"/\",\"s\":200,\"r\":{rate}}}");
        assert_eq!(
            last(&sampled, &[&line])
                .ok()
                .flatten()
                .map(|line| line.weight),
            weight,
            "{rate}"
        );
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_cure() {
    let with = |more: &str| problems(&format!("{JSON}{more}\n"));
    let table = [
        (with("duration: {field: took}"), "missing key `unit`"),
        (
            with("duration: {field: took, unit: sec}"),
            "unknown unit `sec`",
        ),
        (with("took: {field: took}"), "unknown key `took`"),
        (
            with("method: {field: m, value: GET}"),
            "expected exactly one key, found 2",
        ),
        (
            with("delimiter: \",\""),
            "`delimiter` is for `format: csv` only",
        ),
        (
            with("columns: [t, u, s]"),
            "`columns` is for `format: csv` only",
        ),
        (
            with("request: {field: r}"),
            "`request` has method and target already",
        ),
        (
            with("weight: {field: w}\nsample_rate: {field: r}"),
            "`weight` and `sample_rate` say the same",
        ),
        (with("only: {field: type, equals: 1}"), "expected text"),
        (
            problems(&JSON.replace("target: {field: u}\n", "")),
            "missing key `target`",
        ),
        (
            problems(&JSON.replace("{field: s}", "{value: \"20\"}")),
            "`20` is not an HTTP status",
        ),
        (
            problems(&JSON.replace(", means: start", "")),
            "missing key `means`",
        ),
        (
            problems(&JSON.replace("unit: s, ", "")),
            "missing key `unit`",
        ),
        (
            problems(&JSON.replace("form: epoch", "form: iso, zone: Mars/Base")),
            "unknown key `unit`",
        ),
        (
            problems(&JSON.replace("epoch, field: t, unit: s", "iso, field: t, zone: Mars/Base")),
            "unknown time zone `Mars/Base`",
        ),
        (
            problems(&JSON.replace("epoch", "elapsed")),
            "missing key `start`",
        ),
        (
            problems(&JSON.replace("epoch, ", "elapsed, start: 2026-11-27, ")),
            "`2026-11-27` is not a time",
        ),
        (
            problems(&JSON.replace("epoch, ", "elapsed, start: 2026-02-30T08:00:00Z, ")),
            "there is no time `2026-02-30T08:00:00Z`",
        ),
        (
            problems(&format!("{CSV}columns: [t, url, s]\n")),
            "unknown column `u`",
        ),
        (
            problems(&format!("{CSV}delimiter: ab\n")),
            "`ab` is not a delimiter",
        ),
        (
            problems(&format!("{CSV}delimiter: \"é\"\n")),
            "`é` is not a delimiter",
        ),
        (
            problems(&format!("{CSV}delimiter: '\"'\n")),
            "is not a delimiter",
        ),
    ];
    for (told, expected) in table {
        assert!(told.contains(expected), "{expected}\n{told}");
        assert!(told.contains("help: "), "{told}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_request_or_nothing_or_refused(lines: Vec<Vec<u8>>, text in "[0-9a-z:,\"\t /%+#.{}-]{0,200}") {
        let named = format!("{CSV}columns: [t, u, s]\n");
        let ltsv = CSV.replace("csv", "ltsv");
        for yaml in [JSON, CSV, &named, &ltsv, EXAMPLE] {
            let mapping = mapping(yaml).unwrap();
            let mut context = LineContext::default();
            for line in [&b"t,u,s"[..]].into_iter().chain(lines.iter().map(Vec::as_slice)).chain([text.as_bytes()]) {
                let _ = mapping.parse(line, &mut context);
            }
        }
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0..EXAMPLE.len(), byte: u8) {
        let mut text = EXAMPLE.as_bytes().to_vec();
        text[at] = byte;
        if let Ok(declared) = parse::<MappingDefinition>(Path::new("map.yaml"), &text, &|_| None) {
            let _ = Mapping::new(&declared);
        }
    }
}
