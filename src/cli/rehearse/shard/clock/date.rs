//! The `Date` header of a web server as a clock.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use url::Url;

use super::QUESTIONS_MAX;
use super::offset::OffsetRange;
use crate::drill::{ServerDate, ServerDates};
use crate::scenario::TransportPlan;
use crate::time_window::{US_PER_S, now_us};

/// A way there and back that is no worse than this is not waited for to become better, µs.
const GOOD_WIDTH_US: i64 = 20_000;
/// No request is aimed at a moment that is nearer, µs.
const AIM_US_MIN: i64 = 5_000;

/// Between which values the offset lies, as far as the limit asks for.
pub fn measure(
    url: &Url,
    transport: &TransportPlan,
    offset_us_max: i64,
) -> Result<OffsetRange, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let dates = ServerDates::new(url, transport).map_err(|error| error.to_string())?;
    runtime.block_on(ask_until_known(&dates, offset_us_max))
}

async fn ask_until_known(dates: &ServerDates, offset_us_max: i64) -> Result<OffsetRange, String> {
    // The first answer waits for the connection; the others have it.
    let (mut known, _) = ask(dates).await?;
    let mut way_us = i64::MAX;
    for _ in 1..QUESTIONS_MAX {
        let is_narrow = known.width_us() <= (offset_us_max / 2).max(GOOD_WIDTH_US);
        if known.is_beyond(offset_us_max) || (is_narrow && known.lies_within(offset_us_max)) {
            break;
        }
        let way = if way_us == i64::MAX { 0 } else { way_us };
        let sleep_us = aim_us(now_us(), known, way) - now_us();
        tokio::time::sleep(Duration::from_micros(u64::try_from(sleep_us).unwrap_or(0))).await;
        let (range, took_us) = ask(dates).await?;
        way_us = way_us.min(took_us);
        known = known
            .and(range)
            .ok_or("its answers contradict each other (is there more than one server, or was a clock set?)")?;
    }
    Ok(known)
}

/// When to send so that the server's second turns in the middle of what is left.
fn aim_us(now_us: i64, known: OffsetRange, way_us: i64) -> i64 {
    let there_us = known.middle_us() + way_us / 2;
    let second_us = (now_us + AIM_US_MIN + there_us).div_euclid(US_PER_S) + 1;
    second_us * US_PER_S - there_us
}

/// What one answer says, and how long it took, µs.
async fn ask(dates: &ServerDates) -> Result<(OffsetRange, i64), String> {
    let sent_us = now_us();
    let answer = dates.ask().await;
    let answered_us = now_us();
    let answer = answer.map_err(|why| format!("no answer: {why}"))?;
    let second_us = second_us(&answer)?;
    let range = OffsetRange::of_answer(sent_us, answered_us, second_us, second_us + US_PER_S);
    Ok((range, answered_us - sent_us))
}

/// The second that a server names, UTC µs since 1970.
fn second_us(answer: &ServerDate) -> Result<i64, String> {
    if answer.is_cached {
        return Err("its answer comes from a cache, with the date of another moment".to_owned());
    }
    let date = answer
        .date
        .as_deref()
        .ok_or("its answer has no Date header")?;
    let parsed = DateTimeParser::new().parse_timestamp(date);
    let parsed = parsed.map_err(|_| format!("`{date}` is no date"))?;
    Ok(parsed.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_halves_what_is_left() {
        // A server 0.3217 s later than this machine, 4 ms there and 6 ms back.
        let (offset_us, there_us, back_us) = (321_700, 4_000, 6_000);
        let answer = |sent_us: i64| {
            let second = (sent_us + there_us + offset_us).div_euclid(US_PER_S) * US_PER_S;
            let answered_us = sent_us + there_us + back_us;
            OffsetRange::of_answer(sent_us, answered_us, second, second + US_PER_S)
        };
        let mut now = 1_000_000_000;
        let mut known = answer(now);
        for _ in 0..8 {
            let before = known;
            now = aim_us(now, known, there_us + back_us);
            known = known.and(answer(now)).unwrap();
            let most = before.width_us() / 2 + there_us + back_us;
            assert!(known.width_us() <= most, "{before:?} → {known:?}");
        }
        assert!(known.low_us <= offset_us && offset_us <= known.high_us);
        assert!(known.width_us() <= 20_000, "{known:?}");
    }

    #[test]
    fn a_date_is_read_as_servers_write_it() {
        let of = |date: Option<&str>, is_cached| {
            let date = date.map(ToOwned::to_owned);
            second_us(&ServerDate { date, is_cached })
        };
        assert_eq!(
            of(Some("Thu, 01 Jan 1970 00:00:07 GMT"), false),
            Ok(7_000_000)
        );
        assert!(
            of(Some("soon"), false)
                .unwrap_err()
                .contains("`soon` is no date")
        );
        assert!(of(None, false).unwrap_err().contains("no Date header"));
        let cached = of(Some("Thu, 01 Jan 1970 00:00:07 GMT"), true);
        assert!(cached.unwrap_err().contains("cache"));
    }
}
