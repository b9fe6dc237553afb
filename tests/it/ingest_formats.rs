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

#[test]
fn a_log_with_headers_keeps_its_columns_wherever_reading_stopped() {
    let whole = IIS.concat();
    let columns = ["position", "ts", "method", "status", "latency_us"];
    let read_to = |ends: &[usize]| {
        let folder = TempFolder::new();
        for end in ends {
            folder.write("u_ex.log", IIS[..*end].concat());
            ingest(&folder, "u_ex.log");
        }
        folder.write("u_ex.log.gz", gzip(&whole));
        ingest(&folder, "u_ex.log.gz");
        assert_eq!(count(&info(&folder), "/sources"), 1, "{ends:?}");
        assert_sound(&folder);
        let mut rows = rows(&folder.join("lake/requests"), &columns);
        rows.sort_by_key(|row| row[0].parse::<u64>().unwrap());
        rows
    };
    let once = read_to(&[]);
    let latencies: Vec<&str> = once.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(latencies, ["250000", "500000", "1000000", "2000000"]);
    assert_eq!(once[3][1], "2026-11-27T08:00:02Z");
    assert_eq!(once[2][3], "404");
    for ends in [&[2][..], &[3], &[4], &[5], &[2, 3, 4, 5]] {
        assert_eq!(read_to(ends), once, "grown at {ends:?}");
    }
}
