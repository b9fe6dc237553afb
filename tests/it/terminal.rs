//! What is printed where: colour, JSON, silence and help.

use clap::CommandFactory;
use firedrill::cli::Arguments;

use super::access_lines::plain_lines;
use super::program::{command, run};
use super::surge_file::Surge;
use super::temp_folder::TempFolder;

/// A folder with a lake, a log, a scenario and everything else that the verbs below need.
fn workplace() -> TempFolder {
    let folder = TempFolder::new();
    folder.write("first.log", plain_lines(200));
    folder.write("second.log", plain_lines(200).replace("27/Nov", "28/Nov"));
    folder.write("load-scenarios/short.yaml", Surge::default().yaml());
    run(&folder, "ingest first.log --lake lake").exits(0);
    folder
}

/// Verbs with arguments under which they end well; `sli` and `report` may find an SLI missed.
const VERBS: [&str; 10] = [
    "ingest second.log",
    "sli",
    "report -o page.html",
    "check load-scenarios/short.yaml",
    "simulate --shoppers-per-day 5 -o logs",
    "lake info",
    "lake verify",
    "schema sli",
    "rehearse load-scenarios/short.yaml --dry-run",
    "ingest first.log",
];

#[test]
fn without_colour_there_is_no_escape_byte_and_with_it_there_is() {
    let folder = workplace();
    for words in VERBS {
        let words = format!("{words} --lake lake");
        let never = run(&folder, &format!("{words} --color never"));
        assert!(
            [0, 1].contains(&never.code) || words.contains("simulate"),
            "{}",
            never.err
        );
        assert!(
            !never.out.contains('\u{1b}') && !never.err.contains('\u{1b}'),
            "{words}"
        );
        let asked = command(&folder, &words)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        assert!(
            !asked.stdout.contains(&0x1b) && !asked.stderr.contains(&0x1b),
            "{words}"
        );
        let piped = run(&folder, &words);
        assert!(
            !piped.out.contains('\u{1b}') && !piped.err.contains('\u{1b}'),
            "{words}"
        );
        // The next round simulates into an empty folder again.
        let _ = std::fs::remove_dir_all(folder.join("logs"));
    }
    let always = run(&folder, "sli --lake lake --color always");
    assert!(always.out.contains('\u{1b}'), "{}", always.out);
    let wrong = run(&folder, "lake info --lake nowhere --color never").refuses(4);
    assert!(!wrong.err.contains('\u{1b}'));
}

#[test]
fn json_is_one_document_and_nothing_else_on_standard_output() {
    let folder = workplace();
    for words in VERBS {
        let ran = run(&folder, &format!("{words} --lake lake --json"));
        assert!([0, 1].contains(&ran.code), "{words}: {}", ran.err);
        ran.json();
    }
}

#[test]
fn quiet_verbs_print_nothing_when_all_is_well() {
    let folder = workplace();
    // What the others are asked for is their output; they have no summary to leave out.
    let quiet = VERBS.iter().filter(|words| {
        ["ingest", "report", "check", "simulate", "lake verify"]
            .iter()
            .any(|verb| words.starts_with(verb))
    });
    for words in quiet {
        let ran = run(&folder, &format!("{words} --lake lake -q"));
        assert!([0, 1].contains(&ran.code), "{words}: {}", ran.err);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{words}");
    }
}

#[test]
fn quiet_verbs_still_print_their_errors() {
    let folder = workplace();
    run(&folder, "ingest missing.log --lake lake -q").refuses(4);
    folder.write("broken.yaml", "slis: [");
    run(&folder, "check broken.yaml -q").refuses(3);
    run(&folder, "lake info --lake nowhere -q").refuses(4);
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let folder = workplace();
    let mut child = command(&folder, "sli --lake lake --format csv")
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(said, "");
    assert!([Some(0), Some(1)].contains(&ended.status.code()));
}

#[test]
fn every_option_of_every_verb_has_help_and_every_verb_an_example() {
    let mut root = Arguments::command();
    root.build();
    let mut wrong = Vec::new();
    for verb in root
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
    {
        let after = verb
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let example = format!("firedrill {}", verb.get_name());
        if !after.contains("Example") || !after.contains(&example) {
            wrong.push(format!("{}: no example", verb.get_name()));
        }
    }
    undescribed(&root, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Everything below `command` that has no help text.
fn undescribed(command: &clap::Command, wrong: &mut Vec<String>) {
    if command.get_about().is_none() {
        wrong.push(format!("{}: no help", command.get_name()));
    }
    for argument in command.get_arguments() {
        if argument.get_help().is_none() {
            wrong.push(format!(
                "{} {}: no help",
                command.get_name(),
                argument.get_id()
            ));
        }
        for value in argument.get_possible_values() {
            // The shells of `completions` are clap's own and need no words.
            if value.get_help().is_none() && command.get_name() != "completions" {
                let id = argument.get_id();
                wrong.push(format!(
                    "{} {id} {}: no help",
                    command.get_name(),
                    value.get_name()
                ));
            }
        }
    }
    for below in command.get_subcommands() {
        undescribed(below, wrong);
    }
}

#[test]
fn a_missing_help_text_is_found() {
    let mut wrong = Vec::new();
    let bare = clap::Command::new("x")
        .about("X")
        .arg(clap::Arg::new("y").long("y"));
    undescribed(&bare, &mut wrong);
    assert_eq!(wrong, ["x y: no help"]);
}

#[test]
fn each_verb_prints_its_help_on_standard_output() {
    let folder = TempFolder::new();
    let root = Arguments::command();
    for verb in root.get_subcommands() {
        let help = run(&folder, &format!("{} --help", verb.get_name())).exits(0);
        assert!(
            help.out.contains("Usage:") && help.out.contains("Example"),
            "{}",
            help.out
        );
        assert_eq!(help.err, "");
    }
    let version = run(&folder, "--version").exits(0);
    assert_eq!(
        version.out.trim(),
        format!("firedrill {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_exits_2_and_prints_nothing_on_standard_output() {
    let folder = TempFolder::new();
    for words in [
        "",
        "dance",
        "ingest",
        "ingest x -q -v",
        "sli --format xml",
        "lake",
        "--color red",
    ] {
        let ran = run(&folder, words).exits(2);
        assert_eq!(ran.out, "", "{words}");
        assert!(!ran.err.is_empty(), "{words}");
    }
}

#[test]
fn completions_name_every_verb() {
    let folder = TempFolder::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&folder, &format!("completions {shell}")).exits(0).out;
        for verb in Arguments::command().get_subcommands() {
            assert!(
                script.contains(verb.get_name()),
                "{shell}: {}",
                verb.get_name()
            );
        }
    }
}
