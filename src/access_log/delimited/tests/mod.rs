//! What holds for all delimited formats; below, lines of every shape that each of them has.

mod load_testers;
mod web_servers;

use std::borrow::Cow;

use proptest::prelude::*;

use super::FORMATS;
use crate::access_log::format::KnownFormat;
use crate::access_log::line::{LineContext, LineResult, LogLine};
use load_testers::{JMETER, JMETER_LINE, K6};
use web_servers::{CLOUDFRONT, CLOUDFRONT_LINE, IIS, IIS_LINE};

/// 2026-11-27T08:00:00Z, µs since 1970.
const EIGHT_US: i64 = 1_795_766_400_000_000;

fn format(name: &str) -> &'static KnownFormat {
    FORMATS.iter().find(|format| format.name == name).unwrap()
}

/// What the last of the lines is, after the others.
fn last(name: &str, lines: &[&str]) -> Result<Option<LogLine<'static>>, &'static str> {
    let mut context = LineContext::default();
    let mut last = Err("there is no line");
    for line in lines {
        let result: LineResult<'_> = (format(name).parse)(line.as_bytes(), &mut context);
        last = result.map(|line| line.map(LogLine::into_owned));
    }
    last
}

fn bytes(text: &str) -> Cow<'_, [u8]> {
    Cow::Borrowed(text.as_bytes())
}

#[test]
fn no_format_takes_the_lines_of_another() {
    let cloudfront = CLOUDFRONT_LINE.replace(' ', "\t");
    let samples = [
        ("iis", vec![IIS, IIS_LINE]),
        ("cloudfront", vec![CLOUDFRONT, &cloudfront]),
        ("cloudfront", vec![&cloudfront]),
        ("ltsv", vec!["time:1795766400\turi:/\tstatus:200"]),
        (
            "k6-csv",
            vec![
                K6,
                "http_req_duration,1795766400,1.5,,,,true,,GET,/,HTTP/1.1,default,,200,,,/cart,,",
            ],
        ),
        ("jmeter-csv", vec![JMETER, JMETER_LINE]),
        (
            "vegeta-csv",
            vec!["1795766400000000000,200,250000999,128,512,,aGk=,attack,7,GET,/cart,QQ=="],
        ),
        (
            "none",
            vec!["203.0.113.9 - - [27/Nov/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200 5"],
        ),
        (
            "none",
            vec!["{\"time\":\"2026-11-27T08:00:00Z\",\"uri\":\"/\",\"status\":200}"],
        ),
    ];
    for (name, lines) in samples {
        for format in FORMATS {
            let is_taken = matches!(last(format.name, &lines), Ok(Some(_)));
            assert_eq!(is_taken, format.name == name, "{} and {name}", format.name);
        }
    }
}

#[test]
fn a_hundred_thousand_columns_are_read() {
    let header = format!("{IIS}{}", " x".repeat(100_000));
    let line = format!("{IIS_LINE}{}", " 1".repeat(100_000));
    assert_eq!(last("iis", &[&header, &line]).unwrap().unwrap().status, 200);
    let line = format!("{},{}", JMETER_LINE, "1,".repeat(100_000));
    assert!(last("jmeter-csv", &[JMETER, &line]).is_err());
    assert!(last("ltsv", &[&"a:b\t".repeat(100_000)]).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_request_or_nothing_or_refused(lines: Vec<Vec<u8>>, cells in "[0-9a-z:,\"\t /%+#.-]{0,200}") {
        for format in FORMATS {
            let mut context = LineContext::default();
            for line in lines.iter().map(Vec::as_slice).chain([cells.as_bytes()]) {
                let _ = (format.parse)(line, &mut context);
            }
        }
    }

    #[test]
    fn a_damaged_line_never_panics(at in 0..400_usize, byte: u8, cut in 0..400_usize) {
        let cloudfront = CLOUDFRONT_LINE.replace(' ', "\t");
        for (name, header, line) in [("iis", IIS, IIS_LINE), ("cloudfront", CLOUDFRONT, &*cloudfront), ("k6-csv", K6, JMETER_LINE), ("jmeter-csv", JMETER, JMETER_LINE)] {
            let mut context = LineContext::default();
            for text in [header, line] {
                let mut text = text.as_bytes().to_vec();
                let _ = (format(name).parse)(&text, &mut context);
                if let Some(place) = text.get_mut(at) {
                    *place = byte;
                }
                text.truncate(cut);
                let _ = (format(name).parse)(&text, &mut context);
            }
        }
    }
}
