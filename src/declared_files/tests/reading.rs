//! Files that are right, and files that are no text at all.

use std::path::Path;

use super::sample::{RateUnit, Sli, SliSet};
use super::{env, printed, read};
use crate::declared_files::{
    DEPTH_MAX, DeclaredFileError, FILE_BYTES_MAX, NODES_MAX, Place, choices_hint, closest, load,
    parse, pointer_step, schema,
};

const SHOP: &str = "\
# The shop.
name: shop
owner: team on ${env:SHOP_HOST}
slis:
  - kind: ratio
    route: /cart
    objective: 0.995
    good: [200, 0xC9]
  - { kind: rate, route: '/pay', unit: per_minute }
weights:
  /cart/{id}:
    weight: 3
  a~b: { weight: 1, note: }
action:
  page: { team: checkout }
";

#[test]
fn a_correct_file_becomes_its_type() {
    let set = read(SHOP).unwrap();
    assert_eq!(set.value.name, "shop");
    assert_eq!(
        set.value.owner.as_deref(),
        Some("team on s3cret-host.example")
    );
    assert!(
        matches!(&set.value.slis[0], Sli::Ratio { good: Some(good), .. } if good == &[200, 201])
    );
    assert!(matches!(
        &set.value.slis[1],
        Sli::Rate {
            unit: RateUnit::PerMinute,
            floor: None,
            ..
        }
    ));
    assert_eq!(set.value.weights["a~b"].note, None);
    assert_eq!(set.path(), Path::new("shop.yaml"));
    assert_eq!(set.text(), SHOP);
}

#[test]
fn a_pointer_leads_to_the_place_of_its_value_or_of_the_nearest_one_around_it() {
    let set = read(SHOP).unwrap();
    let cart = format!("/weights/{}/weight", pointer_step("/cart/{id}"));
    let table = [
        ("", (2, 1)),
        ("/name", (2, 7)),
        ("/slis", (5, 3)),
        ("/slis/0", (5, 5)),
        ("/slis/0/good/1", (8, 17)),
        ("/slis/0/floor", (5, 5)),
        ("/slis/7/route", (5, 3)),
        ("/slis/1/route", (9, 26)),
        ("/weights/a~0b/weight", (13, 18)),
        ("/weights/a~0b/note", (13, 21)),
        (&cart, (12, 13)),
        ("/nothing", (2, 1)),
    ];
    for (pointer, (line, column)) in table {
        assert_eq!(set.place(pointer), Place { line, column }, "{pointer}");
    }
    assert_eq!(set.key_place("/slis/0/good"), Place { line: 8, column: 5 });
    assert_eq!(set.key_place("/slis/1"), Place { line: 9, column: 5 });
}

#[test]
fn a_problem_found_later_is_printed_like_any_other() {
    let set = read(SHOP).unwrap();
    let hint = choices_hint("crat", &["cart", "pay"], "routes defined here");
    let problem = set.problem(
        "/slis/0/route",
        "unknown route `crat` on s3cret-host.example",
        Some(hint),
    );
    let expected = "\
shop.yaml:6:12: unknown route `crat` on ${env:SHOP_HOST}
6 |     route: /cart
  |            ^
help: did you mean `cart`? routes defined here: `cart`, `pay`";
    assert_eq!(problem.to_string(), expected);
    let later = set.key_problem("/action", "no team", None);
    let error = DeclaredFileError::from(vec![later.clone(), problem.clone()]);
    assert_eq!(error.problems(), [problem, later]);
}

#[test]
fn a_short_secret_is_taken_out_of_quotes_only() {
    let yaml = SHOP.replace("SHOP_HOST", "SHORT");
    let problem = read(&yaml)
        .unwrap()
        .problem("", "quite wrong: `q` or \"q\"", None);
    assert_eq!(
        problem.message,
        "quite wrong: `${env:SHORT}` or `${env:SHORT}`"
    );
}

#[test]
fn debug_output_does_not_show_values() {
    let text = format!("{:?}", read(SHOP).unwrap());
    assert!(
        text.contains("shop.yaml") && !text.contains("s3cret"),
        "{text}"
    );
}

#[test]
fn line_breaks_and_byte_order_marks_of_other_systems_change_nothing() {
    let plain = read(SHOP).unwrap();
    for text in [
        SHOP.replace('\n', "\r\n"),
        format!("\u{feff}{SHOP}"),
        SHOP.replace('\n', "\r"),
    ] {
        let set = read(&text).unwrap();
        assert_eq!(set.value, plain.value);
        assert_eq!(
            set.place("/action/page/team"),
            plain.place("/action/page/team")
        );
        assert_eq!(
            set.problem("/slis/0/route", "x", None),
            plain.problem("/slis/0/route", "x", None)
        );
        assert_ne!(set.sha256(), plain.sha256());
    }
}

#[test]
fn the_hash_is_that_of_the_bytes() {
    let digest = parse::<serde_json::Value>(Path::new("a"), b"abc", &env)
        .unwrap()
        .sha256();
    assert_eq!(
        digest,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn empty_files_are_a_problem() {
    for yaml in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}"] {
        assert!(
            printed(yaml).starts_with("shop.yaml:1:1: the file is empty"),
            "{yaml:?}"
        );
    }
}

#[test]
fn files_that_are_not_text_are_told_where() {
    let table: [(&[u8], &str); 4] = [
        (
            b"name: a\nb: \xff\n",
            "a:2:4: the file has a byte that is not UTF-8",
        ),
        (
            b"\x7fELF\0\0",
            "a:1:5: the file has a NUL byte, as binary files have",
        ),
        (
            b"\xff\xfen\0",
            "a:1:1: the file has a byte that is not UTF-8",
        ),
        (
            b"a\r\nb\rc\0",
            "a:3:2: the file has a NUL byte, as binary files have",
        ),
    ];
    for (bytes, expected) in table {
        let text = parse::<SliSet>(Path::new("a"), bytes, &env)
            .unwrap_err()
            .to_string();
        assert_eq!(text.lines().next().unwrap_or_default(), expected);
    }
}

#[test]
fn a_file_that_is_missing_or_a_folder_is_told_with_the_cure() {
    let text = load::<SliSet>(Path::new("no/such.yaml"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "no/such.yaml: there is no such file\nhelp: check the path; it is relative to the current directory"
    );
    let text = load::<SliSet>(Path::new("/")).unwrap_err().to_string();
    assert_eq!(text, "/: this is a folder\nhelp: name a file in it");
}

type Any = serde_json::Value;

fn reads(bytes: &[u8]) -> Result<(), String> {
    parse::<Any>(Path::new("a"), bytes, &env)
        .map(drop)
        .map_err(|error| error.to_string())
}

#[test]
fn files_up_to_the_size_limit_are_read() {
    let padded = |length: usize| format!("a{}", " ".repeat(length - 1));
    assert_eq!(reads(padded(FILE_BYTES_MAX).as_bytes()), Ok(()));
    let error = reads(padded(FILE_BYTES_MAX + 1).as_bytes()).unwrap_err();
    assert!(
        error.starts_with("a:1:1: the file has more than 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn values_up_to_the_depth_limit_are_read() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(reads(nested(DEPTH_MAX).as_bytes()), Ok(()));
    let error = reads(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
    assert!(
        error.starts_with("a:1:66: values are nested more than 64 deep"),
        "{error}"
    );
}

#[test]
fn values_up_to_the_count_limit_are_read() {
    let list = |count: usize| "- 1\n".repeat(count);
    assert_eq!(reads(list(NODES_MAX - 1).as_bytes()), Ok(()));
    let error = reads(list(NODES_MAX).as_bytes()).unwrap_err();
    assert!(
        error.contains("the file has more than 100000 values"),
        "{error}"
    );
}

#[test]
fn the_environment_cannot_blow_up_a_file() {
    let big = |_: &str| Some("x".repeat(700_000));
    let once = parse::<Any>(Path::new("a"), b"- ${env:BIG}", &big);
    assert!(once.is_ok());
    let twice = parse::<Any>(Path::new("a"), b"- ${env:BIG}\n- ${env:BIG}", &big)
        .unwrap_err()
        .to_string();
    assert!(
        twice.starts_with("a:2:3: values from the environment have more than"),
        "{twice}"
    );
}

#[test]
fn the_nearest_word_is_found_if_it_is_near() {
    let words = ["order", "search", "cart_add"];
    let table = [
        ("ordr", Some("order")),
        ("odrer", Some("order")),
        ("ORDER", Some("order")),
        ("cart-add", Some("cart_add")),
        ("serch", Some("search")),
        ("checkout", None),
        ("", None),
        ("x", None),
    ];
    for (word, expected) in table {
        assert_eq!(closest(word, words), expected, "{word}");
    }
    assert_eq!(closest("a", ["b"]), None);
    assert_eq!(closest(&"a".repeat(65), ["a"]), None);
}

#[test]
fn a_long_list_of_choices_is_cut() {
    let names: Vec<String> = (10..23).map(|n| format!("n{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = choices_hint("zzzzzzz", &names, "allowed here");
    assert!(hint.ends_with("`n20`, `n21`, and 1 more"), "{hint}");
    assert_eq!(
        choices_hint("a", &[], "allowed here"),
        "allowed here: nothing"
    );
}

#[test]
fn the_schema_for_editors_is_a_2020_12_schema() {
    let schema = schema::<SliSet>();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema["title"], "SliSet");
}
