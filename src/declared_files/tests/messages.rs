//! Each slip and the text printed for it.

use super::{printed, read};

#[test]
fn all_problems_of_a_file_are_printed_in_the_order_of_the_file() {
    let yaml = "\
name: 12
slis:
  - kind: ratoi
    route: /cart
  - kind: ratio
    rout: /cart
    objective: 99.5
    good: [200, abc, 70000]
  - kind: latency
    route: /pay
    limit: 5 sec
window: 30
strict: yes
owners: checkout
weights:
  cart: { weight: 0 }
  pay: {}
";
    let expected = "\
shop.yaml:1:7: expected text, found the number `12`
1 | name: 12
  |       ^
help: put it in quotes: `\"12\"`

shop.yaml:3:11: unknown kind `ratoi`
3 |   - kind: ratoi
  |           ^
help: did you mean `ratio`? allowed here: `ratio`, `latency`, `rate`

shop.yaml:6:5: unknown key `rout`
6 |     rout: /cart
  |     ^
help: did you mean `route`? allowed here: `good`, `kind`, `objective`, `route`

shop.yaml:7:16: `99.5` is too large
7 |     objective: 99.5
  |                ^
help: write a number from 0 to 1

shop.yaml:8:17: expected a whole number, found the text `abc`
8 |     good: [200, abc, 70000]
  |                 ^

shop.yaml:8:22: `70000` is too large
8 |     good: [200, abc, 70000]
  |                      ^
help: write a number from 0 to 65535

shop.yaml:11:12: `5 sec` is not a duration
11 |     limit: 5 sec
   |            ^
help: write a number and its unit: `500ms`, `5s`, `2m`, `1h`

shop.yaml:12:9: expected a duration, found the number `30`
12 | window: 30
   |         ^
help: write a number and its unit: `500ms`, `5s`, `2m`, `1h`

shop.yaml:13:9: expected `true` or `false`, found the text `yes`
13 | strict: yes
   |         ^
help: write `true`, without quotes

shop.yaml:14:1: unknown key `owners`
14 | owners: checkout
   | ^
help: did you mean `owner`? allowed here: `action`, `limit`, `name`, `order`, `owner`, `slis`, `span`, `strict`, `weights`, `window`

shop.yaml:16:19: `0` is too small
16 |   cart: { weight: 0 }
   |                   ^
help: write a number: at least 1

shop.yaml:17:8: missing key `weight`
17 |   pay: {}
   |        ^
help: add `weight: …` (how much it counts)";
    assert_eq!(printed(yaml), expected);
}

/// The first line and the hint of each problem in a correct file with more lines.
#[track_caller]
fn with(lines: &str) -> String {
    let base = "name: shop\nslis: [{ kind: rate, route: /pay, unit: per_second }]\n";
    brief(&format!("{base}{lines}"))
}

/// The printed problems without their source lines.
#[track_caller]
fn brief(yaml: &str) -> String {
    let is_source = |line: &&str| {
        line.trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start()
            .starts_with('|')
    };
    let printed = printed(yaml);
    let lines: Vec<&str> = printed
        .lines()
        .filter(|line| !is_source(line) && !line.is_empty())
        .collect();
    lines.join("\n")
}

#[test]
fn a_wrong_alternative_is_told_in_its_own_words() {
    let table = [
        (
            "order: severty",
            "shop.yaml:3:8: unknown order `severty`\nhelp: did you mean `severity`? allowed here: `severity`, `name`, `declared`",
        ),
        (
            "order: 3",
            "shop.yaml:3:8: expected one of `severity`, `name`, `declared`, found the number `3`",
        ),
        (
            "action: ignroe",
            "shop.yaml:3:9: unknown action `ignroe`\nhelp: did you mean `ignore`? allowed here: `ignore`, `page`, `share`",
        ),
        (
            "action: page",
            "shop.yaml:3:9: `page` needs settings\nhelp: write `page:` and its settings below it",
        ),
        (
            "action: { ignore: 1 }",
            "shop.yaml:3:19: `ignore` takes no settings\nhelp: write only the name `ignore`",
        ),
        (
            "action: { page: { tem: a } }",
            "shop.yaml:3:19: unknown key `tem`\nhelp: did you mean `team`? allowed here: `team`",
        ),
        (
            "action: { pag: { team: a } }",
            "shop.yaml:3:11: unknown key `pag`\nhelp: did you mean `page`? allowed here: `ignore`, `page`, `share`",
        ),
        (
            "action: { share: 1, page: { team: a } }",
            "shop.yaml:3:9: expected exactly one key, found 2\nhelp: keep one of `ignore`, `page`, `share`",
        ),
        (
            "limit: 1m30",
            "shop.yaml:3:8: `1m30` is not a duration\nhelp: write a number and its unit: `500ms`, `5s`, `2m`, `1h`",
        ),
        (
            "limit: []",
            "shop.yaml:3:8: expected a whole number or text, found a list",
        ),
        (
            "limit: 4294967296",
            "shop.yaml:3:8: `4294967296` is too large\nhelp: write a number from 0 to 4294967295",
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(with(lines), expected, "{lines}");
    }
}

#[test]
fn a_wrong_shape_is_told_with_the_cure() {
    let table = [
        ("owner: [a]", "shop.yaml:3:8: expected text, found a list"),
        (
            "strict:",
            "shop.yaml:3:1: expected `true` or `false`, found nothing\nhelp: write a value after the `:`, or remove the line",
        ),
        (
            "strict: \"true\"",
            "shop.yaml:3:9: expected `true` or `false`, found the text `true`\nhelp: write `true`, without quotes",
        ),
        (
            "weights: { a: { weight: \"5\" } }",
            "shop.yaml:3:25: expected a whole number, found the text `5`\nhelp: remove the quotes",
        ),
        (
            "weights: { a: { weight: 5.0 } }",
            "shop.yaml:3:25: expected a whole number, found the number `5.0`",
        ),
        (
            "weights: { a: 5 }",
            "shop.yaml:3:15: expected a mapping, found the number `5`\nhelp: write `key: value` lines",
        ),
        (
            "span: [1]",
            "shop.yaml:3:7: the list has only 1 item\nhelp: write exactly 2 items",
        ),
        (
            "span: [1, 2, 3]",
            "shop.yaml:3:7: the list has 3 items\nhelp: write exactly 2 items",
        ),
        (
            "span: 1",
            "shop.yaml:3:7: expected a list, found the number `1`\nhelp: start each item with `- `",
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(with(lines), expected, "{lines}");
    }
}

#[test]
fn a_missing_or_unusable_tag_is_the_only_problem_of_its_mapping() {
    let table = [
        (
            "name: a\nslis:\n  - route: /pay\n",
            "shop.yaml:3:5: missing key `kind`\nhelp: add `kind: …`, one of `ratio`, `latency`, `rate`",
        ),
        (
            "name: a\nslis:\n  - kind: 5\n",
            "shop.yaml:3:11: expected one of `ratio`, `latency`, `rate`, found the number `5`",
        ),
        (
            "name: a\nslis:\n  - ratio\n",
            "shop.yaml:3:5: expected a mapping, found the text `ratio`\nhelp: write `key: value` lines",
        ),
        (
            "name: a\nslis: []\n",
            "shop.yaml:2:7: the list is empty\nhelp: write 1 to 50 items",
        ),
    ];
    for (yaml, expected) in table {
        assert_eq!(brief(yaml), expected, "{yaml}");
    }
}

#[test]
fn yaml_that_declared_files_do_not_have_is_refused_by_name() {
    let table = [
        (
            "owner: &me a",
            "shop.yaml:3:8: anchors (`&name`) are not supported here\nhelp: write the value out wherever it is needed",
        ),
        (
            "weights:\n  a: &w { weight: 1 }\n  b: *w",
            "shop.yaml:4:6: anchors (`&name`) are not supported here\nhelp: write the value out wherever it is needed\nshop.yaml:5:6: aliases (`*name`) are not supported here\nhelp: write the value out",
        ),
        (
            "weights:\n  <<: { a: { weight: 1 } }",
            "shop.yaml:4:3: merge keys (`<<`) are not supported here\nhelp: write the keys out",
        ),
        (
            "owner: !secret a",
            "shop.yaml:3:8: tags (`!name`) are not supported here\nhelp: remove the tag; put quotes around a value that is text",
        ),
        (
            "---\nname: b",
            "shop.yaml:3:1: a second document starts here\nhelp: keep one document in a file: move this one to a file of its own",
        ),
        (
            "weights:\n  1: { weight: 1 }",
            "shop.yaml:4:3: the key `1` is not text\nhelp: put it in quotes: `\"1\"`",
        ),
        (
            "weights:\n  [a]: { weight: 1 }",
            "shop.yaml:4:3: a key must be text\nhelp: write `name: value`",
        ),
        (
            "owner: .inf",
            "shop.yaml:3:8: `.inf` is not a number that can be used here\nhelp: write an ordinary number, or put quotes around text",
        ),
        (
            "owner: a\nowner: b\nowner: c",
            "shop.yaml:4:1: duplicate key `owner`\nhelp: it is on line 3 already; keep one of them\nshop.yaml:5:1: duplicate key `owner`\nhelp: it is on line 3 already; keep one of them",
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(with(lines), expected, "{lines}");
    }
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    let table = [
        (
            "name: a: b\n",
            "1:8: not valid YAML: unexpected `:`\nhelp: put quotes around a value that has `: ` in it, and check the indentation",
        ),
        (
            "name: a\n slis: 1\n",
            "2:6: not valid YAML: unexpected `:`\nhelp: put quotes around a value that has `: ` in it, and check the indentation",
        ),
        (
            "name: \"a\n",
            "1:7: not valid YAML: the quotes are never closed\nhelp: add the closing quote",
        ),
        (
            "name: 'it's'\n",
            "1:11: not valid YAML: text after the closing quote\nhelp: put the whole value in quotes; a single quote in single quotes is written `''`",
        ),
        (
            "name: \"\\q\"\n",
            "1:7: not valid YAML: unknown escape after `\\`\nhelp: write `\\\\` for a backslash, or use single quotes",
        ),
        (
            "name: [a, b\n",
            "1:12: not valid YAML: a list in `[…]` lacks a comma or its end\nhelp: put commas between the items, and close the bracket",
        ),
        (
            "slis: [${env:SHORT}]\n",
            "1:9: not valid YAML: a list in `[…]` lacks a comma or its end\nhelp: put quotes around `${env:…}` inside brackets",
        ),
        (
            "name: {a: b\n\n",
            "1:12: not valid YAML: a mapping in `{…}` lacks a comma or its end\nhelp: put commas between the keys, and close the bracket",
        ),
        (
            "name: [1]]\n",
            "1:10: not valid YAML: a bracket that closes nothing\nhelp: remove it, or put quotes around the text",
        ),
        (
            "name: a\n\tslis: 1\n",
            "1:7: not valid YAML: a tab where spaces are needed\nhelp: indent with spaces, not with tabs",
        ),
        (
            "slis:\n - a\nb\n",
            "3:2: not valid YAML: a key without `:`\nhelp: write `name: value`, or indent the line as part of the value before it",
        ),
        (
            "slis:\n  - a\n - b\n",
            "3:2: not valid YAML: this line does not go on from the ones before it\nhelp: indent it like its neighbours, and check that each key has its `:`",
        ),
        (
            "- a\nb: c\n",
            "2:1: not valid YAML: this line does not go on from the ones before it\nhelp: indent it like its neighbours, and check that each key has its `:`",
        ),
        (
            "name: *nobody\n",
            "1:7: not valid YAML: aliases (`*name`) are not supported here\nhelp: write the value out, or put quotes around the text",
        ),
        (
            "name: *\n",
            "1:7: not valid YAML: `&` or `*` without a name\nhelp: put quotes around text that starts with `&` or `*`",
        ),
        (
            "name: @a\n",
            "1:7: not valid YAML: a value cannot start with `@`\nhelp: put quotes around it",
        ),
    ];
    for (yaml, expected) in table {
        assert_eq!(brief(yaml), format!("shop.yaml:{expected}"), "{yaml}");
    }
}

#[test]
fn a_variable_that_is_not_set_is_told_at_its_place_with_the_cure() {
    let table = [
        (
            "owner: ${env:NOBODY}",
            "shop.yaml:3:8: environment variable `NOBODY` is not set\nhelp: set it before the run: `export NOBODY=…`",
        ),
        (
            "owner: \"${env:A} and ${env:B}\"",
            "shop.yaml:3:8: environment variable `A` is not set\nhelp: set it before the run: `export A=…`\nshop.yaml:3:8: environment variable `B` is not set\nhelp: set it before the run: `export B=…`",
        ),
        (
            "owner: ${env:no name}",
            "shop.yaml:3:8: `${env:no name}` has a malformed `${env:…}`\nhelp: write `${env:NAME}`; a name has letters, digits and `_`",
        ),
        (
            "owner: ${env:OPEN",
            "shop.yaml:3:8: `${env:OPEN` has a malformed `${env:…}`\nhelp: write `${env:NAME}`; a name has letters, digits and `_`",
        ),
        (
            "weights: { \"${env:SHOP_HOST}\": { weight: 1 } }",
            "shop.yaml:3:12: `${env:…}` is not replaced in keys\nhelp: use it in values only",
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(with(lines), expected, "{lines}");
    }
}

#[test]
fn a_value_from_the_environment_is_shown_as_it_is_written() {
    let table = [
        (
            "order: ${env:SHOP_HOST}",
            "unknown order `${env:SHOP_HOST}`",
        ),
        (
            "strict: ${env:SHOP_HOST}",
            "expected `true` or `false`, found the text `${env:SHOP_HOST}`",
        ),
        (
            "window: a ${env:SHOP_HOST} b",
            "`a ${env:SHOP_HOST} b` is not a duration",
        ),
        (
            "action: \"${env:SHOP_HOST}\"",
            "unknown action `${env:SHOP_HOST}`",
        ),
    ];
    for (lines, expected) in table {
        let text = with(lines);
        assert!(
            text.contains(expected) && !text.contains("s3cret"),
            "{text}"
        );
    }
}

#[test]
fn what_deserialize_refuses_is_placed_at_the_value() {
    let yaml = "name: a\nslis:\n  - kind: latency\n    route: pay\n    limit: 5s\n";
    let expected = "\
shop.yaml:4:12: `pay` is not a route
4 |     route: pay
  |            ^
help: start it with `/`";
    assert_eq!(printed(yaml), expected);
    let yaml = "name: a\nslis:\n  - { kind: latency, route: \"${env:NOT_A_ROUTE}\", limit: 5s }\n";
    let expected = "\
shop.yaml:3:29: the value of `${env:NOT_A_ROUTE}` cannot be used here
3 |   - { kind: latency, route: \"${env:NOT_A_ROUTE}\", limit: 5s }
  |                             ^
help: check the environment variable";
    assert_eq!(printed(yaml), expected);
}

#[test]
fn a_duration_that_only_the_reader_can_refuse_is_placed_at_the_value() {
    assert_eq!(
        with("window: 1.5us"),
        "shop.yaml:3:9: `1.5us` is finer than a microsecond\nhelp: the finest is `1us`"
    );
}

#[test]
fn long_lines_and_control_characters_do_not_spoil_the_terminal() {
    let yaml = format!("name: {}\towner: \u{1b}[31m\n", "x".repeat(300));
    let text = printed(&yaml);
    assert!(
        text.lines().all(|line| line.chars().count() < 200),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let text = printed(&format!(
        "name: {{ a: \"{}\", b: \u{1b} }}\n",
        "x".repeat(300)
    ));
    assert!(
        text.lines().all(|line| line.chars().count() < 200),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn the_problems_past_the_limit_are_counted() {
    let keys =
        |count: usize| -> String { (0..count).map(|n| format!("zzzzzzzz{n}: 1\n")).collect() };
    let base = "name: shop\nslis: [{ kind: rate, route: /pay, unit: per_second }]\n";
    assert_eq!(
        read(&format!("{base}{}", keys(100)))
            .unwrap_err()
            .problems()
            .len(),
        100
    );
    assert!(printed(&format!("{base}{}", keys(101))).ends_with("\n\nand 1 more problem"));
    assert!(printed(&format!("{base}{}", keys(5000))).ends_with("\n\nand 4900 more problems"));
}
