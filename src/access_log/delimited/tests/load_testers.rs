//! Lines of k6, JMeter, vegeta and Goose, in every shape that they have.

use super::{EIGHT_US, last};
use crate::access_log::delimited::csv_line::OPEN_QUOTE;
use crate::access_log::line::LogLine;

pub const K6: &str = "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata";

#[test]
fn only_the_request_durations_of_k6_are_requests() {
    let line = "http_req_duration,1795766400,113.123456,,,,true,,GET,https://shop.example/cart,HTTP/1.1,default,,200,,tls1.3,https://shop.example/cart?id=7,,";
    let expected = LogLine {
        ts_us: EIGHT_US - 113_123,
        method: "GET".into(),
        target: "https://shop.example/cart?id=7".into(),
        status: 200,
        latency_us: Some(113_123),
        ..LogLine::default()
    };
    assert_eq!(last("k6-csv", &[K6, line]).unwrap().unwrap(), expected);
    assert_eq!(
        last("k6-csv", &[K6, "vus,1795766400,3,,,,,,,,,,,,,,,,"]),
        Ok(None)
    );
    assert_eq!(last("k6-csv", &[K6]), Ok(None));
    assert_eq!(last("k6-csv", &[line]), Err("no header line before it"));
    assert_eq!(
        last("k6-csv", &[K6, "vus,1795766400,3"]),
        Err("fewer fields than the header names")
    );
    let named = line
        .replace("https://shop.example/cart?id=7", "")
        .replace("https://shop.example/cart", "Put into cart");
    assert_eq!(
        last("k6-csv", &[K6, &named]).unwrap().unwrap().target,
        "/put-into-cart"
    );
    let failed = line
        .replace(",200,", ",0,")
        .replace("1795766400", "1795766400000");
    let failed = last("k6-csv", &[K6, &failed]).unwrap().unwrap();
    assert_eq!((failed.status, failed.ts_us), (0, expected.ts_us));
    assert!(last("k6-csv", &["metric_name,timestamp,metric_value"]).is_err());
}

pub const JMETER: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect";
pub const JMETER_LINE: &str = "1795766400000,250,Put into Cart,200,OK,Shoppers 1-1,text,true,,512,128,1,1,https://shop.example/cart,61,0,8";

#[test]
fn jmeter_is_read_by_its_header() {
    let expected = LogLine {
        ts_us: EIGHT_US,
        target: "https://shop.example/cart".into(),
        status: 200,
        latency_us: Some(250_000),
        bytes_in: Some(128),
        bytes_out: Some(512),
        ..LogLine::default()
    };
    let of = |from: &str, to: &str| last("jmeter-csv", &[JMETER, &JMETER_LINE.replace(from, to)]);
    assert_eq!(of("", "").unwrap().unwrap(), expected);
    for time in ["2026/11/27 08:00:00.000", "2026-11-27T08:00:00Z"] {
        assert_eq!(of("1795766400000", time).unwrap().unwrap(), expected);
    }
    let without_answer = of(
        "200,OK",
        "Non HTTP response code: java.net.SocketTimeoutException,timed out",
    );
    assert_eq!(without_answer.unwrap().unwrap().status, 0);
    assert_eq!(
        of("https://shop.example/cart", "null")
            .unwrap()
            .unwrap()
            .target,
        "/put-into-cart"
    );
    let quoted = of(",true,,", ",false,\"expected \"\"a\"\", got b, c\",");
    assert_eq!(quoted.unwrap().unwrap(), expected);
    let formula = of("Put into Cart", "=cmd()").unwrap().unwrap();
    assert_eq!(formula, expected);
}

#[test]
fn a_transaction_of_jmeter_is_no_request() {
    let line = "1795766400000,900,Checkout,200,\"Number of samples in transaction : 3, number of failing samples : 0\",Shoppers 1-1,,true,,1536,384,1,1,null,61,0,8";
    assert_eq!(last("jmeter-csv", &[JMETER, line]), Ok(None));
    // Without the columns that tell, it is known by its message.
    let header = "timeStamp,elapsed,label,responseCode,responseMessage";
    let line = "1795766400000,900,Checkout,200,\"Number of samples in transaction : 3, number\"";
    assert_eq!(last("jmeter-csv", &[header, line]), Ok(None));
    let line = "1795766400000,900,Search & Find,404,Not found";
    assert_eq!(
        last("jmeter-csv", &[header, line]).unwrap().unwrap().target,
        "/search-find"
    );
}

#[test]
fn what_is_wrong_in_a_line_of_jmeter_is_named() {
    let of = |from: &str, to: &str| last("jmeter-csv", &[JMETER, &JMETER_LINE.replace(from, to)]);
    assert_eq!(of(",true,,", ",false,\"two"), Err(OPEN_QUOTE));
    assert_eq!(of(",200,", ",20,"), Err("responseCode is no status"));
    assert_eq!(of(",250,", ",x,"), Err("elapsed is no number of ms"));
    assert_eq!(of("1795766400000", "now"), Err("timeStamp is no time"));
    assert_eq!(of("https://shop.example/cart", "cart"), Err("URL is none"));
    assert_eq!(
        last("jmeter-csv", &[JMETER_LINE]),
        Err("no header line before it")
    );
    assert!(last("jmeter-csv", &["timeStamp,label"]).is_err());
}

#[test]
fn vegeta_is_read_by_position() {
    let line = "1795766400000000000,200,250000999,128,512,,aGk=,attack,7,GET,https://shop.example/cart,QQ==";
    let expected = LogLine {
        ts_us: EIGHT_US,
        method: "GET".into(),
        target: "https://shop.example/cart".into(),
        status: 200,
        latency_us: Some(250_000),
        bytes_in: Some(128),
        bytes_out: Some(512),
        ..LogLine::default()
    };
    assert_eq!(last("vegeta-csv", &[line]).unwrap().unwrap(), expected);
    let failed = line
        .replace(",200,", ",0,")
        .replace(",,aGk=", ",\"Get \"\"x\"\": refused, no\",");
    assert_eq!(last("vegeta-csv", &[&failed]).unwrap().unwrap().status, 0);
    for (from, to) in [
        ("000000000,200", ",200"),
        (",200,", ",OK,"),
        (",7,", ",x,"),
        (",QQ==", ""),
        ("https://shop.example/", ""),
    ] {
        assert!(
            last("vegeta-csv", &[&line.replace(from, to)]).is_err(),
            "{from}"
        );
    }
}

#[test]
fn goose_says_what_its_log_lacks() {
    let header = "elapsed,scenario_index,scenario_name,transaction_index,transaction_name,raw,name,final_url,redirected,response_time,status_code,success,update,user,error,coordinated_omission_elapsed,user_cadence";
    assert_eq!(last("goose-csv", &[header]), Ok(None));
    let reason = last(
        "goose-csv",
        &[
            header,
            "52,0,Shopper,1,Home,{},GET /,https://shop.example/,false,21,200,true,false,0,,0,0",
        ],
    );
    assert_eq!(
        reason,
        Err("goose request logs have no wall clock: give the start with a mapping file")
    );
    assert_eq!(
        last("goose-csv", &["52,0"]),
        Err("no header line before it")
    );
}
