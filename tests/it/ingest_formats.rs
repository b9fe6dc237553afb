//! Every format, by the binary: detected, counted, with the right duration and the right start.
//!
//! The logs are the seeds of the fuzz targets; the numbers beside them were worked out by hand.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; what fails is the test"
)]

use super::ingest::{assert_sound, gzip, info, ingest};
use super::lake_rows::rows;
use super::program::{command, count, run, text};
use super::temp_folder::TempFolder;
use super::tidy::read;

/// What a log must come out as.
struct Expected<'a> {
    format: &'a str,
    records: usize,
    blank: u64,
    /// Sum of the known durations.
    latency_us: u64,
    /// Start of the first request.
    start: &'a str,
}

/// Ingests `log` with `options`, and compares.
#[track_caller]
fn assert_read(log: &str, options: &[&str], expected: &Expected<'_>) {
    let folder = TempFolder::new();
    folder.write("the.log", log);
    let output = command(&folder, "ingest the.log --lake lake --json")
        .args(options)
        .output()
        .unwrap();
    let name = expected.format;
    assert!(output.status.success(), "{name}: {output:?}");
    let ingested: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(text(&ingested, "/sources/0/format"), name);
    assert_eq!(count(&ingested, "/totals/rejected"), 0, "{name}");
    assert_eq!(count(&ingested, "/totals/blank"), expected.blank, "{name}");
    let columns = ["position", "ts", "latency_us"];
    let mut rows = rows(&folder.join("lake/requests"), &columns);
    rows.sort_by_key(|row| row[0].parse::<u64>().unwrap());
    assert_eq!(rows.len(), expected.records, "{name}");
    assert_eq!(rows[0][1], expected.start, "{name}");
    let known = rows.iter().filter(|row| !row[2].is_empty());
    let latency_us: u64 = known.map(|row| row[2].parse::<u64>().unwrap()).sum();
    assert_eq!(latency_us, expected.latency_us, "{name}");
    assert_sound(&folder);
}

/// The seed of the format `name`.
fn seed(name: &str) -> String {
    read(&format!("fuzz/seeds/{name}/lines.log"))
}

/// Format (and seed), records, blank lines, summed duration, start of the first request.
const SEEDS: [(&str, usize, u64, u64, &str); 32] = [
    ("aws-elb", 2, 0, 26_242, "2026-11-27T08:00:00.019143Z"),
    ("aws-alb", 2, 0, 171_000, "2026-11-27T08:00:01.010Z"),
    ("envoy", 2, 0, 252_000, "2026-11-27T08:00:00.310Z"),
    ("cloudfront", 2, 2, 226_000, "2026-11-27T07:59:59.887Z"),
    ("iis", 2, 3, 250_000, "2026-11-27T07:59:59.750Z"),
    ("ltsv", 2, 0, 252_500, "2026-11-27T08:00:00.750Z"),
    ("k6-csv", 1, 2, 113_123, "2026-11-27T07:59:59.886877Z"),
    ("jmeter-csv", 2, 2, 500_000, "2026-11-27T08:00:00Z"),
    ("vegeta-csv", 2, 0, 30_250_000, "2026-11-27T08:00:00Z"),
    (
        "gcp-load-balancer",
        1,
        1,
        123_456,
        "2026-11-27T10:00:00.250Z",
    ),
    ("azure-front-door", 1, 0, 250_000, "2026-11-27T10:00:01Z"),
    (
        "azure-application-gateway",
        2,
        0,
        410_000,
        "2026-11-27T10:00:00.795Z",
    ),
    ("traefik-json", 1, 1, 357, "2026-11-27T10:00:00.250Z"),
    ("caddy-json", 2, 0, 500_000, "2026-11-27T10:00:00Z"),
    ("envoy-json", 2, 0, 11_000, "2026-11-27T10:00:00.250Z"),
    ("k6-json", 1, 1, 250_500, "2026-11-27T10:00:00.999500Z"),
    ("vegeta-json", 1, 0, 1_234, "2026-11-27T10:00:00.250Z"),
    ("nginx-json", 3, 0, 750_000, "2026-11-27T10:00:00Z"),
    ("nginx-ingress", 2, 0, 60_000, "2026-11-27T08:00:00.970Z"),
    (
        "nginx-timing-pairs",
        2,
        0,
        500_000,
        "2026-11-27T08:00:00.750Z",
    ),
    (
        "nginx-request-time",
        2,
        0,
        250_000,
        "2026-11-27T08:00:00.750Z",
    ),
    ("traefik-clf", 2, 0, 12_000, "2026-11-27T08:00:01Z"),
    (
        "apache-combined-vhost-duration",
        2,
        0,
        2_500_012,
        "2026-11-27T08:00:01Z",
    ),
    (
        "apache-combined-duration",
        2,
        0,
        2_500_025,
        "2026-11-27T08:00:01Z",
    ),
    (
        "apache-common-vhost-duration",
        2,
        0,
        9_000_007,
        "2026-11-27T08:00:01Z",
    ),
    (
        "apache-common-duration",
        2,
        0,
        1_500,
        "2026-11-27T08:00:01Z",
    ),
    ("combined-vhost", 2, 0, 0, "2026-11-27T08:00:01Z"),
    ("combined", 2, 0, 0, "2026-11-27T08:00:01Z"),
    ("common-vhost", 2, 0, 0, "2026-11-27T08:00:01Z"),
    ("common", 3, 0, 0, "2026-11-27T08:00:01Z"),
    ("haproxy", 2, 0, 160_000, "2026-11-27T08:00:01.140Z"),
    ("marked", 2, 0, 0, "2026-11-27T08:00:01Z"),
];

#[test]
fn each_format_is_detected_and_read_as_worked_out_by_hand() {
    for (format, records, blank, latency_us, start) in SEEDS {
        let log = match format {
            // A byte order mark before the first line is no part of it.
            "marked" => format!("\u{feff}{}", seed("combined")),
            _ => seed(format),
        };
        let expected = Expected {
            format: if format == "marked" {
                "combined"
            } else {
                format
            },
            records,
            blank,
            latency_us,
            start,
        };
        assert_read(&log, &[], &expected);
    }
}

#[test]
fn a_log_in_local_time_is_read_in_its_zone() {
    let expected = Expected {
        format: "haproxy",
        records: 2,
        blank: 0,
        latency_us: 160_000,
        start: "2026-11-27T07:00:01.140Z",
    };
    assert_read(&seed("haproxy"), &["--zone", "Europe/Berlin"], &expected);
}

#[test]
fn whole_seconds_are_asked_about_and_read_when_they_are_named() {
    for (format, latency_us) in [
        ("apache-combined-seconds", 2_000_000),
        ("apache-common-seconds", 32_000_000),
    ] {
        let folder = TempFolder::new();
        folder.write("the.log", seed(format));
        let asked = run(&folder, "ingest the.log --lake lake").refuses(4);
        let micros = format.replace("-seconds", "-duration");
        for part in [format, &micros, "%{ms}T", "--format"] {
            assert!(asked.err.contains(part), "no {part}: {}", asked.err);
        }
        assert_eq!(count(&info(&folder), "/records"), 0);
        let expected = Expected {
            format,
            records: 2,
            blank: 0,
            latency_us,
            start: "2026-11-27T08:00:01Z",
        };
        assert_read(&seed(format), &["--format", format], &expected);
    }
}

#[test]
fn a_format_inside_of_what_a_container_wrote_is_found() {
    for (format, records, latency_us, start) in [
        ("envoy", 2, 252_000, "2026-11-27T08:00:00.310Z"),
        ("envoy-json", 2, 11_000, "2026-11-27T10:00:00.250Z"),
        ("nginx-request-time", 2, 250_000, "2026-11-27T08:00:00.750Z"),
        ("nginx-json", 3, 750_000, "2026-11-27T10:00:00Z"),
    ] {
        let log = seed(format);
        let syslog = "<134>1 2026-11-27T08:00:02.003Z web1 proxy 123 ID47 - ";
        for prefix in ["2026-11-27T08:00:02.493035218Z stdout F ", syslog] {
            let lines = log.lines().map(|line| format!("{prefix}{line}\n"));
            let expected = Expected {
                format: &format!("prefixed/{format}"),
                records,
                blank: 0,
                latency_us,
                start,
            };
            assert_read(&lines.collect::<String>(), &[], &expected);
        }
        let wrapped = log.lines().map(|line| {
            let inner = serde_json::Value::from(format!("{line}\n"));
            format!("{{\"log\":{inner},\"stream\":\"stdout\",\"time\":\"2026-11-27T08:00:02Z\"}}\n")
        });
        let expected = Expected {
            format: &format!("docker/{format}"),
            records,
            blank: 0,
            latency_us,
            start,
        };
        assert_read(&wrapped.collect::<String>(), &[], &expected);
    }
}

#[test]
fn json_that_nginx_escaped_its_own_way_is_read() {
    let log = [
        r#"{"time_iso8601":"2026-11-27T08:00:01+00:00","remote_addr":"203.0.113.9","request_method":"GET","request_uri":"/search?q=\x22hat\x22","status":"200","request_time":"0.120","http_user_agent":"Shop \x22one\x22 \xC3\xA9"}"#,
        r#"{"time_iso8601":"2026-11-27T08:00:02+00:00","remote_addr":"203.0.113.9","request_method":"POST","request_uri":"/cart","status":"500","request_time":"0.005","http_user_agent":"-"}"#,
        "",
    ];
    let expected = Expected {
        format: "nginx-json",
        records: 2,
        blank: 0,
        latency_us: 125_000,
        start: "2026-11-27T08:00:00.880Z",
    };
    assert_read(&log.join("\n"), &[], &expected);
}

#[test]
fn a_format_that_is_pasted_is_read() {
    let expected = |format, latency_us, start| Expected {
        format,
        records: 2,
        blank: 0,
        latency_us,
        start,
    };
    let nginx = "log_format timed '$remote_addr|$time_iso8601|$request|$status|$request_time';";
    let log = "203.0.113.9|2026-11-27T08:00:01+00:00|GET /cart HTTP/1.1|200|0.250\n\
        203.0.113.9|2026-11-27T09:00:02+01:00|GET /a HTTP/1.1|404|0.001\n";
    let as_pasted = expected(nginx, 251_000, "2026-11-27T08:00:00.750Z");
    assert_read(log, &["--format", nginx], &as_pasted);
    let apache = r#"LogFormat "%h %l %u %t \"%r\" %>s %b %{ms}T" timed"#;
    let log = "203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] \"GET /cart HTTP/1.1\" 200 512 250\n\
        203.0.113.9 - - [27/Nov/2026:08:00:02 +0000] \"GET / HTTP/1.1\" 200 - 3\n";
    let as_pasted = expected(apache, 253_000, "2026-11-27T08:00:01Z");
    assert_read(log, &["--format", apache], &as_pasted);
}

#[test]
fn a_log_without_a_clock_is_read_with_a_mapping_file() {
    let folder = TempFolder::new();
    let mapping = "format: csv\n\
        time: {form: elapsed, field: elapsed, unit: ms, means: start, start: 2026-11-27T08:00:00Z}\n\
        duration: {field: response_time, unit: ms}\n\
        method: {value: GET}\n\
        target: {field: final_url}\n\
        status: {field: status_code}\n";
    let path = folder.write("goose.yaml", mapping);
    let path = path.to_str().unwrap();
    folder.write("goose.csv", seed("goose-csv"));
    let refused = run(&folder, "ingest goose.csv --lake lake").refuses(4);
    assert!(refused.err.contains("mapping file"), "{}", refused.err);
    let expected = Expected {
        format: &format!("mapping {path}"),
        records: 1,
        blank: 1,
        latency_us: 5_000,
        start: "2026-11-27T08:00:00.012Z",
    };
    assert_read(&seed("goose-csv"), &["--format", path], &expected);
}

/// IIS lines under the two headers of a server whose settings were changed.
const IIS: [&str; 6] = [
    "#Fields: date time cs-method cs-uri-stem sc-status time-taken\n",
    "2026-11-27 08:00:01 GET /a 200 250\n",
    "2026-11-27 08:00:02 GET /b 200 500\n",
    "#Fields: time-taken sc-status date time cs-uri-stem cs-method\n",
    "1000 404 2026-11-27 08:00:03 /c POST\n",
    "2000 200 2026-11-27 08:00:04 /d POST\n",
];

/// IIS lines that have a time only, over two midnights, and of a server that was started anew.
const TIME_ONLY: [&str; 8] = [
    "#Date: 2026-11-27 08:00:00\n#Fields: time cs-method cs-uri-stem sc-status\n",
    "23:59:59 GET /a 200\n",
    "00:00:01 GET /b 200\n",
    "23:59:58 GET /late 200\n",
    "07:00:00 GET /c 404\n",
    "06:00:00 GET /d 200\n",
    "#Date: 2026-12-31 23:59:59\n#Fields: time sc-status cs-method cs-uri-stem\n",
    "00:00:00 200 GET /e\n",
];

/// The rows of a log of IIS that was read when it ended after each of so many pieces, and at its end.
fn rows_read_to(pieces: &[&str], ends: &[usize]) -> Vec<Vec<String>> {
    let folder = TempFolder::new();
    for end in ends {
        folder.write("u_ex.log", pieces[..*end].concat());
        ingest(&folder, "u_ex.log");
    }
    folder.write("u_ex.log.gz", gzip(&pieces.concat()));
    ingest(&folder, "u_ex.log.gz");
    assert_eq!(count(&info(&folder), "/sources"), 1, "{ends:?}");
    assert_sound(&folder);
    let columns = ["position", "ts", "method", "status", "latency_us"];
    let mut rows = rows(&folder.join("lake/requests"), &columns);
    rows.sort_by_key(|row| row[0].parse::<u64>().unwrap());
    rows
}

#[test]
fn a_log_with_headers_keeps_its_columns_wherever_reading_stopped() {
    let once = rows_read_to(&IIS, &[]);
    let latencies: Vec<&str> = once.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(latencies, ["250000", "500000", "1000000", "2000000"]);
    assert_eq!(once[3][1], "2026-11-27T08:00:02Z");
    assert_eq!(once[2][3], "404");
    for ends in [&[2][..], &[3], &[4], &[5], &[2, 3, 4, 5]] {
        assert_eq!(rows_read_to(&IIS, ends), once, "grown at {ends:?}");
    }
}

#[test]
fn a_log_without_dates_has_that_of_its_directive_wherever_reading_stopped() {
    let once = rows_read_to(&TIME_ONLY, &[]);
    let times: Vec<&str> = once.iter().map(|row| row[1].as_str()).collect();
    let expected = [
        "2026-11-27T23:59:59Z",
        "2026-11-28T00:00:01Z",
        "2026-11-27T23:59:58Z",
        "2026-11-28T07:00:00Z",
        "2026-11-29T06:00:00Z",
        "2027-01-01T00:00:00Z",
    ];
    assert_eq!(times, expected);
    for ends in [&[2][..], &[3], &[4], &[5], &[6], &[7], &[2, 3, 4, 5, 6, 7]] {
        assert_eq!(rows_read_to(&TIME_ONLY, ends), once, "grown at {ends:?}");
    }
}

#[test]
fn a_log_with_neither_dates_nor_a_directive_is_refused_with_the_cure() {
    let folder = TempFolder::new();
    folder.write(
        "u_ex.log",
        TIME_ONLY[..6].concat().replace("#Date:", "#Dates:"),
    );
    let refused = run(&folder, "ingest u_ex.log --lake lake").refuses(4);
    for part in ["iis", "no date", "hint: put `#Date: 2026-11-27 00:00:00`"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    let dated = "#Date: 2026-11-27 00:00:00\n".to_owned() + &folder.read("u_ex.log");
    folder.write("u_ex.log", dated);
    assert_eq!(count(&ingest(&folder, "u_ex.log"), "/totals/records"), 5);
}

/// What fills a line until a few of them are a block of reading, 16 MiB.
fn filler() -> String {
    "x".repeat(900_000)
}

#[test]
fn a_log_without_dates_keeps_them_from_block_to_block() {
    let folder = TempFolder::new();
    let header =
        "#Date: 2026-11-27 20:00:00\n#Fields: time cs-method cs-uri-stem sc-status x-more\n";
    // Every line is nine hours after the one before it; forty are three blocks.
    let lines = (0..40).map(|index| {
        let hour = (20 + index * 9) % 24;
        format!("{hour:02}:00:00 GET /a 200 {}\n", filler())
    });
    folder.write("u_ex.log", header.to_owned() + &lines.collect::<String>());
    let ingested = ingest(&folder, "u_ex.log");
    assert_eq!(count(&ingested, "/totals/rejected"), 0);
    let mut found = rows(&folder.join("lake/requests"), &["position", "ts"]);
    found.sort_by_key(|row| row[0].parse::<u64>().unwrap());
    let start: jiff::Timestamp = "2026-11-27T20:00:00Z".parse().unwrap();
    for (index, row) in found.iter().enumerate() {
        let hours = jiff::SignedDuration::from_hours(9 * i64::try_from(index).unwrap());
        assert_eq!(row[1], (start + hours).to_string(), "line {index}");
    }
    assert_eq!(found.len(), 40);
    assert_sound(&folder);
}

const SALES: &str = "format: csv\n\
    time: {form: iso, field: at, means: start}\n\
    method: {value: GET}\n\
    target: {field: path}\n\
    status: {field: status}\n";

#[test]
fn a_mapped_csv_may_have_any_number_of_blank_lines_before_its_header() {
    let folder = TempFolder::new();
    folder.write("sales.yaml", SALES);
    let row = |second: u32| format!("2026-11-27T08:00:{second:02}Z,/a,200,{}\n", filler());
    // The first block is blank, the header is in the second, and there is a third.
    let blank = (" ".repeat(900_000) + "\n").repeat(20);
    let rows_text: String = (0..40).map(row).collect();
    folder.write("sales.csv", blank + "at,path,status,note\n" + &rows_text);
    let ingested = ingest(&folder, "sales.csv --format sales.yaml");
    assert_eq!(count(&ingested, "/totals/records"), 40);
    assert_eq!(count(&ingested, "/totals/blank"), 21);
    assert_eq!(count(&ingested, "/totals/rejected"), 0);
    assert_sound(&folder);
}

#[test]
fn a_mapped_csv_may_begin_with_blank_lines_and_grow() {
    let folder = TempFolder::new();
    folder.write("sales.yaml", SALES);
    let text = "\n\nat,path,status\n2026-11-27T08:00:00Z,/a,200\n2026-11-27T08:00:01Z,/b,200\n";
    for end in [1, 2, 17, 44, text.len()] {
        folder.write("sales.csv", &text[..end]);
        let words = "ingest sales.csv --format sales.yaml --lake lake --json -q";
        run(&folder, words).exits(0);
    }
    assert_eq!(count(&info(&folder), "/records"), 2);
    assert_eq!(count(&info(&folder), "/rejected"), 0);
    assert_sound(&folder);
}

/// Results of JMeter with a failure message of three lines.
const FAILURES: &str = "timeStamp,elapsed,label,responseCode,responseMessage,failureMessage,URL\n\
    1795766400000,250,Cart,200,OK,,https://shop.example/cart\n\
    1795766401000,250,Cart,500,Error,\"expected one of:\n  200,\n  302, said \"\"cart\"\"\",https://shop.example/cart\n\
    1795766402000,250,Cart,200,OK,,https://shop.example/cart\n";

#[test]
fn a_cell_of_several_lines_is_rejected_with_the_cure_and_every_line_is_counted() {
    let folder = TempFolder::new();
    folder.write("results.jtl", FAILURES);
    folder.write(
        "sales.yaml",
        SALES
            .replace(
                "{form: iso, field: at",
                "{form: epoch, unit: ms, field: timeStamp",
            )
            .replace("path", "URL")
            .replace("status: {field: status}", "status: {field: responseCode}"),
    );
    let refused = run(&folder, "ingest results.jtl --lake lake").refuses(4);
    let cure =
        "its header is that of jmeter-csv, but a quoted cell goes on in the next line (hint: ";
    assert!(refused.err.contains(cure), "{}", refused.err);
    for format in ["jmeter-csv", "sales.yaml"] {
        let lake = format!("--format {format} --lake lake-{format}");
        let refused = run(&folder, &format!("ingest results.jtl {lake}")).refuses(4);
        let cure = "results.jtl:3: a quoted cell goes on in the next line (hint: ";
        assert!(refused.err.contains(cure), "{}", refused.err);
        let words = format!("ingest results.jtl --max-reject 0.6 {lake} --json");
        let ingested = run(&folder, &words).exits(0).json();
        super::ingest::assert_conserved(&ingested);
        for (pointer, expected) in [("lines", 6), ("records", 2), ("rejected", 3), ("blank", 1)] {
            let found = count(&ingested, &format!("/totals/{pointer}"));
            assert_eq!(found, expected, "{format}: {pointer}");
        }
    }
    // The cure of the documentation: every record in a line of its own.
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(FAILURES.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in reader.records() {
        let record = record.unwrap();
        let cells = record.iter().map(|cell| cell.replace('\n', " "));
        writer.write_record(cells).unwrap();
    }
    folder.write("cured.jtl", writer.into_inner().unwrap());
    assert_eq!(count(&ingest(&folder, "cured.jtl"), "/totals/records"), 3);
}
