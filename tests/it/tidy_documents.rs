//! What the documents and Cargo.toml say, against what the program is.

use firedrill::cli::ExitCode;

use super::program::run;
use super::temp_folder::TempFolder;
use super::tidy::{assert_none, read};

/// The most lines of ARCHITECTURE.md.
const ARCHITECTURE_LINES_MAX: usize = 149;

#[test]
fn the_architecture_is_told_in_under_150_lines() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= ARCHITECTURE_LINES_MAX, "{lines} lines");
}

#[test]
fn every_dependency_says_what_it_is_for() {
    assert_none(&uncommented(&read("Cargo.toml")));
}

/// The dependency lines that have no comment at their end or in the line above.
fn uncommented(manifest: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut is_dependencies = false;
    let mut above = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependencies = line.trim_end_matches(']').ends_with("dependencies");
        } else if is_dependencies && is_dependency(line) {
            let is_said = above.starts_with('#') || has_comment(line);
            if !is_said {
                wrong.push(format!("Cargo.toml: no comment says what for: {line}"));
            }
        }
        above = line;
    }
    wrong
}

fn is_dependency(line: &str) -> bool {
    line.starts_with(|char: char| char.is_ascii_alphanumeric()) && line.contains('=')
}

/// Whether there is a `#` outside of quotes with a word after it.
fn has_comment(line: &str) -> bool {
    let outside = line.split('"').step_by(2);
    outside.into_iter().any(|text| {
        text.split_once('#')
            .is_some_and(|(_, said)| !said.trim().is_empty())
    })
}

#[test]
fn a_dependency_without_a_comment_is_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\" # for a\n# for b\nb = \"1\"\nc = { version = \"1\", features = [\"#\"] }\n[dev-dependencies]\nd = \"1\"\n[profile.release]\ndebug = false\n";
    let found = uncommented(manifest);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].ends_with("[\"#\"] }") && found[1].ends_with("d = \"1\""),
        "{found:?}"
    );
}

#[test]
fn the_exit_codes_in_the_readme_and_in_the_help_are_those_of_the_program() {
    let table: Vec<(u8, String)> = ExitCode::TABLE
        .iter()
        .map(|(code, meaning)| (code.number(), (*meaning).to_owned()))
        .collect();
    let help = run(&TempFolder::new(), "--help").exits(0).out;
    assert_eq!(codes_in_help(&help), table);
    assert_eq!(codes_in_markdown(&read("README.md")), table);
}

/// The lines under `Exit codes:`, a number and its meaning.
fn codes_in_help(help: &str) -> Vec<(u8, String)> {
    let lines = help
        .lines()
        .skip_while(|line| *line != "Exit codes:")
        .skip(1);
    let pairs = lines.map_while(|line| {
        let (code, meaning) = line.trim().split_once(' ')?;
        Some((code.parse().ok()?, meaning.trim().to_owned()))
    });
    pairs.collect()
}

/// The rows under the table header whose first cell speaks of a code.
fn codes_in_markdown(document: &str) -> Vec<(u8, String)> {
    let first_cell = |line: &str| line.split('|').nth(1).unwrap_or_default().to_lowercase();
    let is_header = |line: &&str| {
        line.starts_with('|')
            && ["code", "exit"]
                .iter()
                .any(|word| first_cell(line).contains(word))
    };
    let rows = document.lines().skip_while(|line| !is_header(line)).skip(2);
    let pairs = rows.map_while(|row| {
        let mut cells = row
            .split('|')
            .map(|cell| cell.trim().trim_matches(['`', '*']));
        let (code, meaning) = (cells.nth(1)?, cells.next()?);
        Some((code.parse().ok()?, meaning.to_owned()))
    });
    pairs.collect()
}

#[test]
fn exit_codes_are_read_from_help_and_markdown() {
    let expected = vec![
        (0, "all well".to_owned()),
        (70, "internal error".to_owned()),
    ];
    let help = "Usage: x\n\nExit codes:\n  0   all well\n  70  internal error\n";
    assert_eq!(codes_in_help(help), expected);
    let readme = "| verb | does |\n|---|---|\n| 1 | x |\n\n| Exit code | meaning |\n|---|---|\n| 0 | all well |\n| `70` | internal error |\n\n| 9 | x |\n";
    assert_eq!(codes_in_markdown(readme), expected);
    assert_eq!(codes_in_markdown("nothing"), []);
}
