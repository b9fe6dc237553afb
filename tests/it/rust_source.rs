//! Rust text as far as the tidy test must understand it: comments, literals and test items removed.
//!
//! In: the text of a file. Out: text of the same lines, with blanks where something was removed, so
//! that a search finds code only. It is no parser: it knows where literals end and braces match.

use std::collections::BTreeSet;

/// `text` with blanks for comments and for the contents of literals.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut index = 0;
    while index < chars.len() {
        let end = end_of_blank(&chars, index);
        if end == index {
            code.push(chars[index]);
            index += 1;
            continue;
        }
        let blanked = chars[index..end].iter();
        code.extend(blanked.map(|char| if *char == '\n' { '\n' } else { ' ' }));
        index = end;
    }
    code
}

/// Where the comment or literal that begins at `index` ends; `index` itself when none begins.
fn end_of_blank(chars: &[char], index: usize) -> usize {
    let is_next = |offset: usize, wanted: char| chars.get(index + offset) == Some(&wanted);
    let is_in_word = index > 0 && is_word(chars[index - 1]);
    match chars[index] {
        '/' if is_next(1, '/') => position(chars, index, |rest| rest[0] == '\n'),
        '/' if is_next(1, '*') => end_of_block_comment(chars, index),
        '"' => end_of_string(chars, index + 1, '"'),
        'r' if !is_in_word || is_next_to_byte_prefix(chars, index) => {
            end_of_raw_string(chars, index)
        }
        '\'' if is_next(1, '\\') => end_of_string(chars, index + 1, '\''),
        '\'' if is_next(2, '\'') => index + 3,
        _ => index,
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Whether the `r` at `index` belongs to `br"…"`.
fn is_next_to_byte_prefix(chars: &[char], index: usize) -> bool {
    chars[index - 1] == 'b' && (index < 2 || !is_word(chars[index - 2]))
}

/// The first position from `index` on where `is_end` holds of what is left.
fn position(chars: &[char], index: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (index..chars.len())
        .find(|at| is_end(&chars[*at..]))
        .unwrap_or(chars.len())
}

fn end_of_block_comment(chars: &[char], index: usize) -> usize {
    let mut depth = 0;
    let mut at = index;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], index: usize, quote: char) -> usize {
    let mut at = index;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            char if char == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    chars.len()
}

/// The end of `r"…"` or `r#"…"#`; `index` when the `r` begins something else.
fn end_of_raw_string(chars: &[char], index: usize) -> usize {
    let quote = position(chars, index + 1, |rest| rest[0] != '#');
    if chars.get(quote) != Some(&'"') {
        return index;
    }
    let hashes = quote - index - 1;
    let close: Vec<char> = std::iter::once('"')
        .chain(std::iter::repeat_n('#', hashes))
        .collect();
    let end = position(chars, quote + 1, |rest| rest.starts_with(&close));
    (end + close.len()).min(chars.len())
}

const TEST_ATTRIBUTE: &str = "#[cfg(test)]";

/// `code` with blanks for the items that only tests have.
pub fn without_test_items(code: &str) -> String {
    let mut product = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(TEST_ATTRIBUTE) {
        let item = &rest[at..];
        let (removed, after) = item.split_at(end_of_item(item));
        product.push_str(&rest[..at]);
        product.extend(
            removed
                .chars()
                .map(|char| if char == '\n' { '\n' } else { ' ' }),
        );
        rest = after;
    }
    product + rest
}

/// The end of the item at the beginning of `code`: its `;`, or the brace that closes it.
fn end_of_item(code: &str) -> usize {
    let mut depth = 0_u32;
    for (at, char) in code.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The names of modules in files of their own that only tests have: `#[cfg(test)] mod name;`.
pub fn test_modules(code: &str) -> Vec<&str> {
    let items = code.split(TEST_ATTRIBUTE).skip(1);
    let names = items.filter_map(|item| {
        let declaration = &item.trim_start()[..end_of_item(item.trim_start())];
        declaration.strip_prefix("mod ")?.strip_suffix(';')
    });
    names.map(str::trim).collect()
}

/// The modules of this crate that `code` names: `crate::X`, `use crate::{X, Y}`, and `super::X` so
/// often that it leaves a module that is `depth` deep.
pub fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|char| is_word(char) || char == '$') {
            add_heads(&code[at + "crate::".len()..], &mut found);
        }
    }
    let climb = "super::".repeat(depth.max(2));
    for (at, _) in code.match_indices(&climb) {
        let rest = code[at..].trim_start_matches("super::");
        add_heads(rest, &mut found);
    }
    found
}

/// The first word of a path, or of every path in a group of them.
fn add_heads(path: &str, found: &mut BTreeSet<String>) {
    let word = |text: &str| {
        text.chars()
            .take_while(|char| is_word(*char))
            .collect::<String>()
    };
    let Some(group) = path.trim_start().strip_prefix('{') else {
        found.insert(word(path.trim_start()));
        return;
    };
    let mut depth = 0_u32;
    let mut is_head = true;
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_head = true,
            char if is_head && is_word(char) => {
                found.insert(word(&group[at..]));
                is_head = false;
            }
            _ => {}
        }
    }
}

#[test]
fn comments_and_literals_are_not_code() {
    for (text, words) in [
        ("a // crate::b\nc", "a c"),
        ("a /* x /* y */ z */ b", "a b"),
        (r#"f( "crate::x \" y" ) + 1"#, "f( ) + 1"),
        ("r#\"a \" b\"# + x", "+ x"),
        ("br\"a\" x", "b x"),
        ("'\"' + b '\\'' c", "+ b c"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("for r in 0..1 {}", "for r in 0..1 {}"),
    ] {
        let code = code_only(text);
        let found: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(found.join(" "), words, "{text}");
        assert_eq!(code.chars().count(), text.chars().count(), "{text}");
    }
}

#[test]
fn items_of_tests_are_not_the_product() {
    let code =
        "a();\n#[cfg(test)]\nmod tests {\n fn b() { c() }\n}\nd();\n#[cfg(test)]\nmod e;\nf();";
    let product = without_test_items(code);
    assert_eq!(
        product.split_whitespace().collect::<Vec<_>>(),
        ["a();", "d();", "f();"]
    );
    assert_eq!(product.lines().count(), code.lines().count());
    assert_eq!(test_modules(code), ["e"]);
}

#[test]
fn every_way_to_name_a_module_is_found() {
    for (code, depth, expected) in [
        ("use crate::lake::Lake;", 1, vec!["lake"]),
        (
            "use crate::{lake::{Lake, Part}, route, sli as s};",
            1,
            vec!["lake", "route", "sli"],
        ),
        (
            "let x = crate::sli::resolve(crate::lake::a());",
            1,
            vec!["lake", "sli"],
        ),
        ("pub(crate) fn a() { $crate::b() }", 1, vec![]),
        ("use super::super::lake::Lake;", 2, vec!["lake"]),
        ("use super::super::part::Part;", 3, vec![]),
        ("use super::part::Part;", 1, vec![]),
    ] {
        let found: Vec<_> = imports(code, depth).into_iter().collect();
        assert_eq!(found, expected, "{code}");
    }
}
