//! Any definition goes out and comes back the same.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::json;

fn duration() -> impl Strategy<Value = String> {
    (1..500_u32, select(vec!["us", "ms", "s", "m", "h", "d"]))
        .prop_map(|(amount, unit)| format!("{amount}{unit}"))
}

fn share() -> impl Strategy<Value = f64> {
    (0..=1_000_000_u32).prop_map(|share| f64::from(share) / 1e6)
}

/// Text with everything that a format may stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[ -~\n\t]{0,20}",
        select(vec![
            "null", "yes", "1e3", "{{x}}", "---", "# a", "'", "\\", "a: b", "\u{2028}"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_filter("variables are replaced before", |text| {
        !text.contains("${env:")
    })
}

fn levels() -> impl Strategy<Value = Value> {
    let level = (select(vec!["warn", "contact"]), share(), duration(), prop::collection::vec(text(), 0..3), prop::option::of(text()))
        .prop_map(|(level, below, lasting, tell, react)| {
            json!({"level": level, "below": below, "for": lasting, "tell": tell, "react": react})
        });
    prop::collection::vec(level, 0..3).prop_map(Value::from)
}

fn objectives() -> impl Strategy<Value = Value> {
    let rule = (text(), share(), duration(), duration(), prop::collection::vec(text(), 0..3))
        .prop_map(|(name, budget, long, short, tell)| {
            json!({"name": name, "budget": budget, "long": long, "short": short, "tell": tell})
        });
    let burn = prop::option::of(prop::collection::vec(rule, 0..3));
    let over = select(vec![
        "28d", "7d", "36h", "day", "week", "month", "cyber", "nothing",
    ]);
    let objective = (0..999_999_u32, over, burn).prop_map(|(target, over, burn)| {
        json!({"target": f64::from(target) / 1e6, "over": over, "burn": burn})
    });
    prop::collection::vec(objective, 0..4).prop_map(Value::from)
}

/// What an SLI may say of itself, whether its kind can or not.
fn own() -> impl Strategy<Value = Value> {
    let counting = (
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::of(duration()),
    )
        .prop_map(|(bots, is_429_good, within)| {
            json!({"bots": bots, "too_many_requests_good": is_429_good, "collapse_retries_within": within})
        });
    let exclusion = text().prop_map(|reason| json!({"reason": reason, "from": "2026-01-01", "to": "2026-01-02", "repeat": "FREQ=DAILY"}));
    let zone = prop::option::of(select(vec!["UTC", "Asia/Tokyo", "Mars"]));
    (prop::option::of(duration()), zone, counting, prop::collection::vec(exclusion, 0..2)).prop_map(
        |(window, zone, counting, exclusions)| {
            json!({"window": window, "rehearsal_window": window, "time_zone": zone, "lateness": window, "counting": counting, "exclusions": exclusions})
        },
    )
}

fn put_own(sli: &mut Value, own: &Value) {
    let keys: &[&str] = match sli["kind"].as_str().unwrap() {
        "composite" => &["window", "rehearsal_window"],
        "windows_good" => &["window", "rehearsal_window", "time_zone", "exclusions"],
        "latency" | "apdex" => &[
            "window",
            "rehearsal_window",
            "lateness",
            "counting",
            "exclusions",
        ],
        _ => &[
            "window",
            "rehearsal_window",
            "time_zone",
            "lateness",
            "counting",
            "exclusions",
        ],
    };
    for key in keys {
        sli[*key] = own[*key].clone();
    }
}

fn sli() -> impl Strategy<Value = Value> {
    let named = (text(), text(), select(vec!["a", "b", "missing"]));
    let parts = (
        prop::option::of(share()),
        objectives(),
        levels(),
        prop::option::of(1..1_000_u64),
        duration(),
        prop::option::of(select(vec!["2xx", "404", "none"])),
        any::<prop::sample::Index>(),
    );
    (named, parts, own()).prop_map(|((name, title, event), (objective, objectives, levels, min_count, time, status, kind), own)| {
        let statuses = status.map(|status| vec![status]);
        let kinds = [
            json!({"kind": "ratio", "event": event, "bad_status": statuses, "objective": objective, "objectives": objectives, "thresholds": levels, "min_count": min_count}),
            json!({"kind": "ratio", "event": event, "good": "b", "objectives": objectives}),
            json!({"kind": "latency_cut", "event": event, "limit": time, "objective": objective, "objectives": objectives, "thresholds": levels}),
            json!({"kind": "latency", "event": event, "percentile": 99.9, "objective": time, "min_count": min_count,
                "thresholds": [{"level": "warn", "above": time, "for": "5s"}]}),
            json!({"kind": "rate", "event": event, "per": "second", "thresholds": [{"level": "warn", "below_expected": 0.5, "for": time}]}),
            json!({"kind": "windows_good", "of": name, "level": "contact", "objective": objective, "objectives": objectives}),
            json!({"kind": "apdex", "event": event, "satisfied": time, "objective": objective, "thresholds": levels}),
            json!({"kind": "user_uptime", "event": event, "cutoff": time, "objective": objective, "min_count": min_count}),
            json!({"kind": "funnel", "steps": ["a", "b"], "count": "requests", "objective": objective}),
            json!({"kind": "composite", "parts": [{"sli": name, "weight": 0.5}], "combine": "weighted", "objective": objective, "thresholds": levels}),
        ];
        let mut sli = kinds[kind.index(kinds.len())].clone();
        sli["name"] = name.into();
        sli["title"] = title.into();
        put_own(&mut sli, &own);
        sli
    })
}

fn definition() -> impl Strategy<Value = SliSetDefinition> {
    let head = (
        text(),
        prop::option::of(text()),
        prop::option::of(duration()),
        select(vec!["UTC", "Europe/Berlin", "Mars"]),
        any::<bool>(),
        any::<bool>(),
    );
    let event = (prop::option::of(text()), select(vec!["GET", "POST"]), prop::option::of(text()), prop::collection::vec(select(vec!["200", "5xx", "none"]), 0..3))
        .prop_map(|(title, method, channel, status)| json!({"title": title, "method": method, "channel": Vec::from_iter(channel), "status": status}))
        .boxed();
    (head, event.clone(), event, prop::collection::vec(sli(), 0..5)).prop_map(
        |((name, description, window, zone, bots, is_429_good), a, b, slis)| {
            let set = json!({
                "name": name,
                "description": description,
                "window": window,
                "lateness": window,
                "time_zone": zone,
                "counting": {"bots": bots, "too_many_requests_good": is_429_good, "collapse_retries_within": window},
                "routes": ["/product/{id}"],
                "events": {"a": a, "b": b},
                "periods": [{"name": "cyber", "from": "2026-11-27", "to": "2026-12-01"}],
                "exclusions": [{"reason": name, "from": "2026-01-01", "to": "2026-01-02", "repeat": "FREQ=DAILY", "slis": [name]}],
                "expected": {"weeks": 4, "growth_per_year": 0.25, "holidays": [{"name": name, "from": "2026-12-25", "times": 0.1}]},
                "slis": slis,
            });
            serde_json::from_value(set).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn export_and_import_give_the_same_definition(set in definition(), version in select(VERSIONS.to_vec())) {
        let exported = export_openslo(&set, &OpenSloOptions::new(version));
        let imported = import_openslo(Path::new("slo.yaml"), exported.text.as_bytes());
        let imported = match imported {
            Ok(imported) => imported,
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{}", exported.text))),
        };
        prop_assert_eq!(serde_json::to_value(&imported.set).unwrap(), serde_json::to_value(&set).unwrap());
        prop_assert_eq!(notices(&imported), Vec::<String>::new());
    }

    #[test]
    fn the_yaml_of_a_set_says_the_set(definition in definition()) {
        let read = set(&sli_set_yaml(&definition));
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&definition).unwrap());
    }
}
