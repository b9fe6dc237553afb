//! The scalability law through published points, and through rows that follow one.

use serde_json::Value;

use super::load_log::{assert_near, json, log, number};
use super::program::{run, run_with_input};
use super::temp_folder::TempFolder;

const SPEC_SDM91: &str = "concurrency,throughput\n1,64.9\n18,995.9\n36,1652.4\n72,1853.2\n108,1828.9\n144,1775.0\n216,1702.2\n";
const RAYTRACER: &str = "concurrency,throughput\n1,20\n4,78\n8,130\n12,170\n16,190\n20,200\n24,210\n28,230\n32,260\n48,280\n64,310\n";

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
    let expected = "Throughput peaks at 1884 (95 %: 1748 to 2031";
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
