//! What follows from a capacity: the law through points, headroom, routes that slow down.
//!
//! Points are published ones or follow from a law that is written here; logs are made so that peaks,
//! channels and latencies can be counted by hand.

use serde_json::Value;

use super::program::{Ran, run, run_with_input};
use super::temp_folder::TempFolder;

const SPEC_SDM91: &str = "concurrency,throughput\n1,64.9\n18,995.9\n36,1652.4\n72,1853.2\n108,1828.9\n144,1775.0\n216,1702.2\n";
const RAYTRACER: &str = "concurrency,throughput\n1,20\n4,78\n8,130\n12,170\n16,190\n20,200\n24,210\n28,230\n32,260\n48,280\n64,310\n";

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number at {pointer}: {value}"))
}

#[track_caller]
fn assert_near(own: f64, expected: f64, share: f64) {
    assert!(
        (own - expected).abs() <= share * expected.abs(),
        "{own} is not {expected}"
    );
}

#[test]
fn the_published_points_give_the_published_law() {
    let folder = TempFolder::new();
    folder.write("spec.csv", SPEC_SDM91);
    let found = json(&run(&folder, "capacity fit spec.csv --json").exits(0));
    let published = [
        ("/lambda", 89.995_238_4),
        ("/sigma", 0.027_728_5),
        ("/n_max", 96.519_56),
        ("/limit", 3_245.589),
        ("/n_opt", 36.064_01),
        ("/standard_errors/lambda", 14.213_490_6),
        ("/standard_errors/sigma", 0.009_121_7),
    ];
    for (pointer, value) in published {
        assert_near(number(&found, pointer), value, 1e-4);
    }
    assert_near(number(&found, "/kappa"), 0.000_104_4, 1e-3);
    assert_near(number(&found, "/residual_standard_error"), 82.8, 1e-3);
    assert_eq!(
        (
            found["points"].as_u64(),
            found["degrees_of_freedom"].as_u64()
        ),
        (Some(7), Some(4))
    );
    assert_eq!(found["kappa_identified"], true);
    assert!(
        number(&found, "/intervals/n_max/0") < 96.0 && number(&found, "/intervals/n_max/1") > 97.0
    );
    folder.write("ray.csv", RAYTRACER);
    let found = json(&run(&folder, "capacity fit ray.csv --json").exits(0));
    assert_near(number(&found, "/lambda"), 21.848_843, 1e-4);
    assert_near(number(&found, "/sigma"), 0.057_771, 1e-4);
    assert_eq!(
        (number(&found, "/kappa"), &found["n_max"], &found["x_max"]),
        (0.0, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&found["kappa_identified"], &found["is_superlinear"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert_near(number(&found, "/unbounded/kappa"), -0.000_201, 5e-3);
}

#[test]
fn columns_and_lines_may_be_in_any_order_and_come_from_standard_input() {
    let folder = TempFolder::new();
    let mut lines: Vec<&str> = SPEC_SDM91.lines().skip(1).collect();
    lines.reverse();
    let turned: Vec<String> = lines
        .iter()
        .map(|line| {
            line.split_once(',')
                .map(|(n, x)| format!("{x},a,{n}\r\n"))
                .expect("two cells")
        })
        .collect();
    let input = format!("Throughput,note,Concurrency\r\n{}", turned.concat());
    let ran = run_with_input(&folder, "capacity fit - --json", input.as_bytes()).exits(0);
    assert_near(number(&json(&ran), "/n_max"), 96.519_56, 1e-4);
}

#[test]
fn the_inverses_satisfy_littles_law_and_far_predictions_must_be_asked_for() {
    let folder = TempFolder::new();
    folder.write("ray.csv", RAYTRACER);
    let words = "capacity fit ray.csv --predict 96 --throughput 300 --response 0.2 --json";
    let found = json(&run(&folder, words).exits(0));
    assert_near(number(&found, "/predicted/0/throughput"), 323.3, 2e-4);
    for index in 0..3 {
        let at = |name: &str| number(&found, &format!("/predicted/{index}/{name}"));
        assert_near(at("throughput") * at("response"), at("concurrency"), 1e-9);
    }
    assert_near(number(&found, "/predicted/1/throughput"), 300.0, 1e-9);
    assert_near(number(&found, "/predicted/2/response"), 0.2, 1e-9);
    let far = run(&folder, "capacity fit ray.csv --predict 128").exits(2);
    assert!(
        far.err
            .contains("farther than 1.5 times the largest measured, 64"),
        "{}",
        far.err
    );
    let words = "capacity fit ray.csv --predict 128 --extrapolate --json";
    let found = json(&run(&folder, words).exits(0));
    assert_near(number(&found, "/predicted/0/throughput"), 335.5, 2e-4);
    assert_eq!(found["predicted"][0]["is_extrapolated"], true);
    let never = run(&folder, "capacity fit ray.csv --throughput 400").exits(4);
    assert!(
        never.err.contains("never reached (hint: its limit is 378"),
        "{}",
        never.err
    );
}

#[test]
fn what_cannot_be_fitted_says_where_and_why() {
    let folder = TempFolder::new();
    let head = "concurrency,throughput\n";
    let table = [
        ("1,2\nx,3\n", 4, "p.csv:3: `x` is no concurrency"),
        ("1,2\n2,\n", 4, "p.csv:3: `` is no throughput"),
        (
            "1,2\n2,3\n2,4\n",
            4,
            "p.csv: 2 different concurrencies cannot",
        ),
        ("", 4, "p.csv: there is no point"),
        ("1,0\n2,0\n3,0\n", 4, "p.csv: every throughput is 0"),
    ];
    for (lines, code, message) in table {
        folder.write("p.csv", format!("{head}{lines}"));
        let ran = run(&folder, "capacity fit p.csv --report r.html").exits(code);
        assert!(
            ran.err.contains(message) && ran.out.is_empty(),
            "{lines}: {} {}",
            ran.err,
            ran.out
        );
        assert!(!folder.join("r.html").exists());
    }
    folder.write("p.csv", "users,rate\n1,2\n");
    let ran = run(&folder, "capacity fit p.csv").exits(4);
    assert!(
        ran.err.contains("p.csv:1: no column `concurrency`"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity fit missing.csv").exits(4);
    assert!(ran.err.contains("cannot read `missing.csv`"), "{}", ran.err);
    let ran = run(&folder, "capacity fit").exits(2);
    assert!(
        ran.err
            .contains("nothing to fit to (hint: a file of points"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity fit p.csv --report law.pdf").exits(2);
    assert!(ran.err.contains("no kind of report"), "{}", ran.err);
    folder.write("p.csv", format!("{head}1,2\n2,0\n3,1\n4,2\n"));
    let ran = run(&folder, "capacity fit p.csv --weights relative").exits(4);
    assert!(ran.err.contains("no relative error"), "{}", ran.err);
}

#[test]
fn the_law_is_shown_to_people_and_as_a_report() {
    let folder = TempFolder::new();
    folder.write("spec.csv", SPEC_SDM91);
    let ran = run(&folder, "capacity fit spec.csv --report law.html").exits(0);
    let expected = "Throughput peaks at 1884 (95 %: 1795 to ";
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    for part in [
        "with a concurrency of 96.52",
        "σ",
        "0.02773",
        "on 4 degrees of freedom",
        "o measured",
        "report  law.html",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let html = folder.read("law.html");
    assert!(
        html.contains("<svg")
            && !html.contains("<script")
            && html.contains("Coefficients of the law")
    );
    run(&folder, "capacity fit spec.csv --report law.md -q").exits(0);
    assert!(
        folder
            .read("law.md")
            .starts_with("# Scalability law: identified")
    );
    run(&folder, "capacity fit spec.csv --report law.json -q").exits(0);
    let page: Value = serde_json::from_str(&folder.read("law.json")).expect("it is JSON");
    assert_eq!(page["badge"]["word"], "identified");
    folder.write("ray.csv", RAYTRACER);
    let ran = run(&folder, "capacity fit ray.csv").exits(0);
    assert!(ran.out.starts_with("κ is not identified"), "{}", ran.out);
    assert!(
        ran.out
            .contains("superlinear or noisy: without its bound κ would be -2.0"),
        "{}",
        ran.out
    );
}

/// Minutes in which `per_min` requests, evenly spread, each take `seconds`; the log has their ends.
fn log(minutes: &[(u32, u32, &str, f64)]) -> String {
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

#[test]
fn rows_of_the_lake_show_the_law_that_made_them() {
    let folder = TempFolder::new();
    let law = |n: f64| 3.0 * n / (1.0 + (n - 1.0) * (0.02 + 0.004 * n));
    // Its peak is at √(0.98 / 0.004) = 15.65 in flight.
    let levels = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0_f64];
    let mut minutes = Vec::new();
    for (level, n) in (0_u32..).zip(levels) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is small"
        )]
        let per_min = (law(n) * 60.0).round() as u32;
        let seconds = n * 60.0 / f64::from(per_min);
        minutes.extend((0..5).map(|minute| (level * 5 + minute, per_min, "GET /search", seconds)));
    }
    folder.write("access.log", log(&minutes));
    run(&folder, "ingest access.log -q").exits(0);
    for how in ["little", "in-flight"] {
        let words =
            format!("capacity fit --from 2026-11-27 --to 2026-11-28 --concurrency {how} --json");
        let found = json(&run(&folder, &words).exits(0));
        let n_max = number(&found, "/n_max");
        assert!((13.0..19.0).contains(&n_max), "{how}: {n_max}");
        assert_eq!(found["kappa_identified"], true, "{how}: {found}");
        assert_eq!(found["source"]["kind"], "lake");
        assert_eq!(found["source"]["mix"][0]["route"], "GET /search");
    }
    let ran = run(&folder, "capacity fit --from 2026-11-27 --service web").exits(4);
    assert!(
        ran.err.contains("the lake has no such requests"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity fit --run CAP-nothing").exits(4);
    assert!(
        ran.err
            .contains("the lake has no requests of `CAP-nothing`"),
        "{}",
        ran.err
    );
}

#[test]
fn the_forecast_is_the_arithmetic_of_its_options() {
    let folder = TempFolder::new();
    let words = "capacity forecast --last-peak 220/min --growth 1.15 --campaign 2.5..3.5 --maximum 900/min --json";
    let found = json(&run(&folder, words).exits(0));
    assert_eq!(found["fit"], "fits");
    assert_near(number(&found, "/demand/0/peak_per_min"), 632.5, 1e-9);
    assert_near(number(&found, "/demand/2/peak_per_min"), 885.5, 1e-9);
    assert_near(number(&found, "/headroom/1"), 900.0 / 885.5 - 1.0, 1e-9);
    let words = "capacity forecast --last-peak 220/min --growth 1.15 --campaign 2.5..3.5 --maximum 700..750/min --instances 8 --peak-lasts 30m --contacts-per-order 0.1..0.2 --order-value 50 --json";
    let found = json(&run(&folder, words).exits(1));
    assert_eq!(found["fit"], "uncertain");
    // 885.5 / 700 × 8 = 10.12; 632.5 / 700 × 8 = 7.23.
    assert_eq!(found["instances"][2]["needed"], 11);
    assert_eq!(found["instances"][0]["needed"], 8);
    assert_near(
        number(&found, "/shedding/2/orders_shed"),
        185.5 * 30.0,
        1e-9,
    );
    assert_near(
        number(&found, "/shedding/2/contacts/1"),
        185.5 * 30.0 * 0.2,
        1e-9,
    );
    assert_near(
        number(&found, "/shedding/2/value_lost"),
        185.5 * 30.0 * 50.0,
        1e-9,
    );
    assert_eq!(number(&found, "/shedding/0/orders_shed"), 0.0);
    let ran = run(
        &folder,
        "capacity forecast --last-peak 220/min --campaign 5 --maximum 900/min --report h.html",
    )
    .exits(1);
    assert!(
        ran.out
            .contains("It does not fit: at least 200 orders/min are too many."),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("Break glass: shedding at 900 orders/min turns away 12\u{2009}000 orders"),
        "{}",
        ran.out
    );
    assert!(folder.read("h.html").contains("does not fit"));
}

#[test]
fn a_scaling_law_bends_the_number_of_instances() {
    let folder = TempFolder::new();
    folder.write(
        "law.json",
        r#"{"lambda": 1.0, "sigma": 0.1, "kappa": 0.0, "points": 9}"#,
    );
    let words = "capacity forecast --last-peak 1200/min --maximum 900/min --instances 10 --scaling law.json --json";
    assert_eq!(
        json(&run(&folder, words).exits(1))["instances"][2]["needed"],
        22
    );
    let words = "capacity forecast --last-peak 1800/min --maximum 900/min --instances 10 --scaling law.json";
    let ran = run(&folder, words).exits(1);
    assert!(ran.out.contains("no number is enough"), "{}", ran.out);
    folder.write("law.json", "{}");
    let ran = run(&folder, words).exits(4);
    assert!(
        ran.err.contains("`law.json` is no scalability law"),
        "{}",
        ran.err
    );
}

#[test]
fn a_wrong_forecast_says_what_would_be_right() {
    let folder = TempFolder::new();
    let table = [
        (
            "--last-peak 220 --maximum 900/min",
            2,
            "is not a rate (hint: e.g. 220/min",
        ),
        (
            "--last-peak 220/min --maximum 900",
            2,
            "neither a file nor a search in the lake",
        ),
        ("--last-peak 220/min", 4, "lake"),
        ("--maximum 900/min", 4, "lake"),
        (
            "--last-peak 220/min --maximum 900/min --campaign 3..2",
            2,
            "is no factor",
        ),
        (
            "--last-peak 220/min --maximum 900/min --reserve 1",
            2,
            "--reserve",
        ),
        (
            "--last-peak 220/min --maximum 900/min --instances 0",
            2,
            "0",
        ),
        (
            "--last-peak 220/min --maximum 900/min --scaling l.json",
            2,
            "--instances",
        ),
        (
            "--last-peak 220/min --maximum gone.json",
            4,
            "cannot read `gone.json`",
        ),
        (
            "--last-peak 220/min --maximum 900/min --goal x",
            2,
            "a rate has no goals",
        ),
        (
            "--last-peak 220/min --maximum 900/min --report x.csv",
            2,
            "no kind of report",
        ),
    ];
    for (options, code, message) in table {
        let ran = run(&folder, &format!("capacity forecast {options}")).exits(code);
        assert!(ran.err.contains(message), "{options}: {}", ran.err);
    }
    folder.write("bad.json", "{}");
    let ran = run(
        &folder,
        "capacity forecast --last-peak 2/min --maximum bad.json",
    )
    .exits(4);
    assert!(
        ran.err
            .contains("is not what `firedrill capacity SCENARIO --json` prints"),
        "{}",
        ran.err
    );
}

/// An hour from 08:00 in which `orders(minute)` shoppers order each minute, every other one of them
/// brought by a newsletter.
fn orders_log(orders: impl Fn(u32) -> u32) -> String {
    let mut lines = String::new();
    for minute in 0..60 {
        for index in 0..orders(minute) {
            let second = index * 60 / orders(minute).max(1);
            let client = format!("10.{}.{}.{}", minute, index / 250, index % 250 + 1);
            let entry = if index % 2 == 0 {
                "/?utm_source=newsletter"
            } else {
                "/"
            };
            for request in [format!("GET {entry}"), "POST /checkout".to_owned()] {
                lines.push_str(&format!(
                    "{client} - - [27/Nov/2026:08:{minute:02}:{second:02} +0000] \"{request} HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0\" 0.100\n"
                ));
            }
        }
    }
    lines
}

#[test]
fn the_curve_of_a_day_says_when_the_maximum_is_passed_and_which_channel_would_help() {
    let folder = TempFolder::new();
    // Five minutes of 40 orders/min at 08:20, else 4.
    folder.write(
        "access.log",
        orders_log(|minute| if (20..25).contains(&minute) { 40 } else { 4 }),
    );
    run(&folder, "ingest access.log -q").exits(0);
    let words = "capacity forecast --curve 2026-11-27 --campaign 10 --maximum 300/min --json";
    let found = json(&run(&folder, words).exits(1));
    assert_near(number(&found, "/last_peak_per_min"), 40.0, 1e-9);
    assert_eq!(found["passed_at"][2], "2026-11-27T08:20:00Z");
    assert_near(number(&found, "/demand/2/passes/above_s"), 300.0, 1e-9);
    assert_near(number(&found, "/shedding/2/orders_shed"), 5.0 * 100.0, 1e-9);
    // Half of the orders came by the newsletter: 200 are left of 400.
    let channels = found["channels"].as_array().expect("there are channels");
    let newsletter = channels
        .iter()
        .find(|channel| channel["name"] == "utm:newsletter")
        .expect("it is one");
    assert_near(number(newsletter, "/share"), 0.5, 0.01);
    assert_eq!(newsletter["is_enough"], true);
    assert_eq!(found["channels_to_turn_off"][0], "utm:newsletter");
    let ran = run(
        &folder,
        "capacity forecast --curve 2026-11-27 --campaign 10 --maximum 300/min --report day.html",
    )
    .exits(1);
    for part in [
        "is passed at 2026-11-27 08:20",
        "Turning off utm:newsletter brings",
        "the highest 5 min of the lake",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(folder.read("day.html").contains("time of day"));
    // Without a day the peak is the highest five minutes of all.
    let found = json(&run(&folder, "capacity forecast --maximum 300/min --json").exits(0));
    assert_near(number(&found, "/demand/2/peak_per_min"), 40.0, 1e-9);
    assert_eq!(found["demand"][2]["passes"], Value::Null);
    let ran = run(
        &folder,
        "capacity forecast --curve 2020-01-01 --maximum 300/min",
    )
    .exits(4);
    assert!(ran.err.contains("no order in that range"), "{}", ran.err);
    let ran = run(&folder, "capacity forecast --window 7m --maximum 300/min").exits(2);
    assert!(
        ran.err.contains("that an hour can be divided by"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity forecast --maximum CAP-x").exits(2);
    assert!(
        ran.err.contains("neither a file nor a search"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity forecast").exits(2);
    assert!(
        ran.err.contains("the lake has no finished search"),
        "{}",
        ran.err
    );
}

#[test]
fn the_route_that_slows_down_with_traffic_is_named_first() {
    let folder = TempFolder::new();
    // Ten hours, their first halves calm, their second halves busy; only checkout cares.
    let mut minutes = Vec::new();
    for minute in 0..600 {
        let is_busy = minute % 60 >= 30;
        let per_min = if is_busy { 24 } else { 12 };
        minutes.push((minute, per_min, "GET /", 0.1));
        minutes.push((
            minute,
            per_min,
            "POST /checkout",
            if is_busy { 0.6 } else { 0.2 },
        ));
    }
    folder.write("access.log", log(&minutes));
    run(&folder, "ingest access.log -q").exits(0);
    let found = json(&run(&folder, "capacity routes --json --report routes.html").exits(0));
    let first = &found["routes"][0];
    assert_eq!(
        (&first["method"], &first["route"]),
        (&"POST".into(), &"/checkout".into())
    );
    assert_eq!(
        (&first["state"], &found["routes"][1]["state"]),
        (&"slows_down".into(), &"steady".into())
    );
    assert_near(number(first, "/ratio"), 3.0, 0.01);
    assert!(number(first, "/slower_from_per_s") > 0.4);
    assert_eq!(found["block"], "hour");
    assert!(folder.read("routes.html").contains("Latency by traffic"));
    let ran = run(&folder, "capacity routes").exits(0);
    assert!(
        ran.out.starts_with("POST /checkout slows down first from"),
        "{}",
        ran.out
    );
    let ran = run(&folder, "capacity routes --route /").exits(0);
    assert!(
        ran.out.starts_with("None of 1 routes is slower"),
        "{}",
        ran.out
    );
    let ran = run(&folder, "capacity routes --percentile 100").exits(2);
    assert!(
        ran.err.contains("--percentile: `100` is none"),
        "{}",
        ran.err
    );
    let ran = run(&folder, "capacity routes --window 30s").exits(2);
    assert!(ran.err.contains("whole minutes"), "{}", ran.err);
    let ran = run(&folder, "capacity routes --service web").exits(4);
    assert!(
        ran.err.contains("the lake has no such requests"),
        "{}",
        ran.err
    );
}
