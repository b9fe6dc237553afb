//! Facts about the Markdown: what the example week reads like, and that hostile text is inert.

use super::super::sample;
use super::super::sample::hostile::{HOSTILE, with_every_text};
use super::write_markdown;

#[test]
fn the_example_week_reads_so() {
    let markdown = write_markdown(&sample::week::week());
    assert_eq!(markdown, include_str!("week.md"), "{markdown}");
}

#[test]
fn hostile_text_is_no_element_no_link_and_no_cell() {
    for page in [sample::black_friday(), sample::week::week()] {
        let bars = |markdown: &str| -> Vec<usize> {
            let unescaped = markdown.replace("\\|", "");
            unescaped
                .lines()
                .map(|line| line.matches('|').count())
                .collect()
        };
        let harmless = bars(&write_markdown(&with_every_text(&page, "harmless")));
        let more = ["a|b|c", "``` ` ```", "[a](http://b)", "\\|"];
        for text in HOSTILE.into_iter().chain(more) {
            let markdown = write_markdown(&with_every_text(&page, text));
            assert_eq!(bars(&markdown), harmless, "{text}");
            let outside_code = without_code(&markdown)
                .replace("\\:", "")
                .replace("\\]", "");
            for mark in ["<img", "<script", "<svg", "<iframe", "](", "://"] {
                assert!(!outside_code.contains(mark), "{mark} of {text}");
            }
        }
    }
}

/// The text without what stands between runs of backticks of the same length.
fn without_code(markdown: &str) -> String {
    let mut kept = String::new();
    let mut rest = markdown;
    while let Some(at) = rest.find('`') {
        let (before, tail) = rest.split_at(at);
        kept.push_str(before);
        if before.ends_with('\\') {
            rest = &tail[1..];
            continue;
        }
        let run = tail.len() - tail.trim_start_matches('`').len();
        let (fence, tail) = tail.split_at(run);
        rest = tail.split_once(fence).map_or("", |(_, after)| after);
    }
    kept + rest
}
