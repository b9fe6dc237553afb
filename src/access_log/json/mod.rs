//! Formats that write one JSON object a line.
//!
//! In: a line. Out: a [`LogLine`](super::LogLine), or why it is none. [`JsonPaths`] picks the
//! wanted members; each product has a file that says which those are, in which unit its duration
//! is, and what its time means. None of them builds a tree of the line.

mod path_tree;
mod pick;
mod value;

mod request;
mod synonyms;
mod time;

mod azure;
mod caddy;
mod envoy;
mod gcp;
mod load_test;
mod nginx;
mod nginx_repair;
mod traefik;

pub mod docker;

pub use pick::JsonPaths;
pub use value::JsonValue;

use super::format::KnownFormat;

/// The formats of this folder, the most telling first.
pub const FORMATS: &[KnownFormat] = &[
    gcp::LOAD_BALANCER,
    azure::FRONT_DOOR,
    azure::APPLICATION_GATEWAY,
    traefik::JSON,
    caddy::JSON,
    envoy::JSON,
    load_test::K6,
    load_test::VEGETA,
    load_test::GOOSE,
    nginx::JSON,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::super::line::LineContext;
    use super::*;

    /// Lines that only one format may take, in the order of [`FORMATS`] without Goose.
    const LINES: [(&str, &str); 9] = [
        (
            "gcp-load-balancer",
            r#"{"insertId":"a","timestamp":"2026-11-27T10:00:00Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/","status":200,"latency":"0.1s"}}"#,
        ),
        (
            "azure-front-door",
            r#"{"time":"2026-11-27T10:00:00Z","category":"FrontDoorAccessLog","properties":{"httpMethod":"GET","requestUri":"https://shop.example/","httpStatusCode":"200","timeTaken":"0.1"}}"#,
        ),
        (
            "azure-application-gateway",
            r#"{"time":"2026-11-27T10:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"httpMethod":"GET","requestUri":"/","httpStatus":200,"timeTaken":100}}"#,
        ),
        (
            "traefik-json",
            r#"{"StartUTC":"2026-11-27T10:00:00Z","RequestMethod":"GET","RequestPath":"/","DownstreamStatus":200,"Duration":100000000,"level":"info","msg":"","time":"2026-11-27T10:00:00Z"}"#,
        ),
        (
            "caddy-json",
            r#"{"level":"info","ts":1795773600.1,"msg":"handled request","request":{"method":"GET","uri":"/"},"duration":0.1,"size":1,"status":200}"#,
        ),
        (
            "envoy-json",
            r#"{"start_time":"2026-11-27T10:00:00Z","method":"GET","path":"/","response_code":200,"duration":100,"protocol":"HTTP/2"}"#,
        ),
        (
            "k6-json",
            r#"{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-27T10:00:00Z","value":100,"tags":{"method":"GET","url":"https://shop.example/","status":"200"}}}"#,
        ),
        (
            "vegeta-json",
            r#"{"attack":"","seq":0,"code":200,"timestamp":"2026-11-27T10:00:00Z","latency":100000000,"method":"GET","url":"https://shop.example/"}"#,
        ),
        (
            "nginx-json",
            r#"{"time":"2026-11-27T10:00:00Z","method":"GET","uri":"/","status":200,"request_time":0.1}"#,
        ),
    ];

    #[test]
    fn every_line_is_a_request_in_one_format_only() {
        for (name, line) in LINES {
            for format in FORMATS {
                let parsed = (format.parse)(line.as_bytes(), &mut LineContext::default());
                let is_request = matches!(&parsed, Ok(Some(_)));
                assert_eq!(
                    is_request,
                    format.name == name,
                    "{} {parsed:?}",
                    format.name
                );
                if let Ok(Some(request)) = parsed {
                    assert_eq!(request.latency_us, Some(100_000), "{name}");
                }
            }
        }
    }

    #[test]
    fn names_of_formats_differ_and_the_most_general_one_is_last() {
        let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        assert_eq!(names.last(), Some(&"nginx-json"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FORMATS.len());
    }

    fn parse_with_all(line: &[u8]) {
        for format in FORMATS {
            let _ = (format.parse)(line, &mut LineContext::default());
        }
    }

    /// Any value, also as text, that is put in the place of a member.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[0-9.:, smuµn\\-]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[a-z_]{1,6}", inner), 0..3)
                    .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    /// Replaces the member at `place` of all members, depth first.
    fn replace(value: &mut Value, place: &mut usize, by: &Value) {
        let Value::Object(members) = value else {
            return;
        };
        for (_, member) in members.iter_mut() {
            if *place == 0 {
                *member = by.clone();
            }
            *place = place.wrapping_sub(1);
            replace(member, place, by);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_not(line in prop::collection::vec(any::<u8>(), 0..120)) {
            parse_with_all(&line);
            parse_with_all(&[b"{\"time\":".as_slice(), &line, b"}"].concat());
        }

        #[test]
        fn a_line_with_any_value_in_it_is_a_request_or_not(
            index in 0..LINES.len(), mut place in 0..14_usize, by in any_value(),
        ) {
            let mut line: Value = serde_json::from_str(LINES[index].1).unwrap();
            replace(&mut line, &mut place, &by);
            parse_with_all(line.to_string().as_bytes());
        }

        #[test]
        fn a_line_that_is_cut_or_broken_anywhere_is_a_request_or_not(
            index in 0..LINES.len(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut line = LINES[index].1.as_bytes().to_vec();
            let at = at.index(line.len());
            parse_with_all(&line[..at]);
            line[at] = byte;
            parse_with_all(&line);
        }
    }
}
