//! Logs whose traffic and latency are known minute by minute, and numbers of JSON documents.

use serde_json::Value;

use super::program::Ran;

/// The JSON document on standard output.
pub fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

/// The number at a JSON pointer.
#[track_caller]
pub fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number at {pointer}: {value}"))
}

/// Fails unless `own` is `expected` but for a share of it.
#[track_caller]
pub fn assert_near(own: f64, expected: f64, share: f64) {
    assert!(
        (own - expected).abs() <= share * expected.abs(),
        "{own} is not {expected}"
    );
}

/// Minutes in which `per_min` requests, evenly spread, each take `seconds`; the log has their ends.
pub fn log(minutes: &[(u32, u32, &str, f64)]) -> String {
    let mut lines = Vec::new();
    for (minute, per_min, request, seconds) in minutes {
        for index in 0..*per_min {
            let at =
                f64::from(*minute) * 60.0 + f64::from(index) * 60.0 / f64::from(*per_min) + seconds;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "hours of a day"
            )]
            let end = at as u32;
            let (hours, rest) = (8 + end / 3_600, end % 3_600);
            lines.push((end, format!(
                "192.0.2.{} - - [27/Nov/2026:{hours:02}:{:02}:{:02} +0000] \"{request} HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0\" {seconds:.3}\n",
                index % 250, rest / 60, rest % 60
            )));
        }
    }
    lines.sort_by_key(|(end, _)| *end);
    lines.into_iter().map(|(_, line)| line).collect()
}
