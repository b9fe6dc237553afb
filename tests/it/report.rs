//! Reports as files: complete, alone, and inert whatever a log says.

use serde_json::Value;

use super::access_lines::{line, plain_lines};
use super::ingest::ingest;
use super::program::{list, run, text};
use super::temp_folder::TempFolder;
use super::tidy::read;

fn with_lake(log: &str) -> TempFolder {
    let folder = TempFolder::new();
    folder.write("access.log", log);
    ingest(&folder, "access.log");
    folder
}

/// Writes a report; a missed SLI is no failure here.
#[track_caller]
fn write_report(folder: &TempFolder, name: &str) -> String {
    let ran = run(folder, &format!("report --lake lake -o {name}"));
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    assert!(ran.out.contains(name), "{}", ran.out);
    folder.read(name)
}

#[test]
fn an_html_report_is_one_file_that_loads_nothing() {
    let folder = with_lake(&plain_lines(600));
    let html = write_report(&folder, "week.html");
    assert!(html.starts_with("<!DOCTYPE html>"));
    assert!(html.trim_end().ends_with("</html>"));
    assert_eq!(references(&html), Vec::<String>::new());
    assert!(html.contains("Checkouts answered well") && html.contains("/product/{id}"));
}

/// Everything in `html` that a browser would fetch from elsewhere.
fn references(html: &str) -> Vec<String> {
    let html = html.to_lowercase();
    let mut found = Vec::new();
    for attribute in [
        "src=", "href=", "url(", "action=", "@import ", "srcset=", "poster=",
    ] {
        for (at, _) in html.match_indices(attribute) {
            let value = html[at + attribute.len()..].trim_start_matches(['"', '\'', ' ']);
            if ["http:", "https:", "//"]
                .iter()
                .any(|scheme| value.starts_with(scheme))
            {
                found.push(value.chars().take(60).collect());
            }
        }
    }
    found
}

#[test]
fn a_reference_to_elsewhere_is_found() {
    let html = "<script SRC=\"https://x/y.js\"></script><a href='//x'></a><a href=\"#top\"></a><p>https://x</p>";
    assert_eq!(references(html).len(), 2);
}

#[test]
fn a_json_report_is_one_document() {
    let folder = with_lake(&plain_lines(600));
    let page: Value = serde_json::from_str(&write_report(&folder, "evidence.json")).unwrap();
    assert!(!list(&page, "/slis").is_empty());
    assert!(!text(&page, "/verdict").is_empty());
    let printed = run(&folder, "report --lake lake --json -o again.json").json();
    assert_eq!(text(&printed, "/verdict"), text(&page, "/verdict"));
}

#[test]
fn paths_that_are_markup_are_inert_in_a_report_and_on_the_terminal() {
    let hostile = [
        "GET /<script>alert(1)</script>",
        "GET /'><svg/onload=alert(2)>",
        "GET /</script><script>alert(3)</script>",
        "GET /{{alert(4)}}/${alert(5)}/<!--",
        "GET /\u{202e}gnp.exe\u{1b}[31mred",
    ];
    let lines = (0..400).map(|second| line(second, hostile[second as usize % 5], 200, 0.1));
    let folder = TempFolder::new();
    folder.write("access.log", lines.collect::<String>());
    ingest(&folder, "access.log --service <script>alert(6)</script>");
    let title = "<script>alert(7)</script><!--";
    let defs = read("sli-defs/shop.yaml");
    let defs = defs.replace("title: Cart adds", &format!("title: '{title}'"));
    folder.write("hostile.yaml", defs);
    let ran = run(
        &folder,
        "report --lake lake -o hostile.html --defs hostile.yaml",
    );
    assert!([0, 1].contains(&ran.code), "{}", ran.err);
    let html = folder.read("hostile.html");
    let lower = html.to_lowercase();
    for part in ["<script>alert", "<svg/onload", "\u{1b}", "\u{202e}"] {
        assert!(!lower.contains(part), "{part:?} is in the report");
    }
    let comments = lower.matches("<!--").count();
    assert_eq!(
        comments,
        lower.matches("-->").count(),
        "a comment begins where somebody says"
    );
    let opened = lower.matches("<script").count();
    assert_eq!(
        opened,
        lower.matches("</script").count(),
        "a script ends where a log says"
    );
    assert!(
        html.contains("&lt;script&gt;alert(7)"),
        "the title itself is shown"
    );
    for words in ["sli", "report -o x.html", "lake info"] {
        let shown = run(&folder, &format!("{words} --lake lake"));
        assert!(
            !shown.out.contains('\u{1b}') && !shown.err.contains('\u{1b}'),
            "{words}"
        );
    }
}

#[test]
fn another_kind_of_file_is_wrong_usage_and_nothing_is_written() {
    let folder = with_lake(&plain_lines(100));
    for name in ["x.pdf", "x", "x.html.gz"] {
        let refused = run(&folder, &format!("report --lake lake -o {name}")).refuses(2);
        assert!(refused.err.contains(".html"), "{}", refused.err);
        assert!(!folder.join(name).exists());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_leaves_no_half() {
    let folder = with_lake(&plain_lines(100));
    let refused = run(&folder, "report --lake lake -o nowhere/x.html").refuses(4);
    assert!(refused.err.contains("nowhere/x.html"), "{}", refused.err);
    let left = folder
        .files(".")
        .into_iter()
        .filter(|file| file.ends_with("x.html"));
    assert_eq!(left.count(), 0);
}
