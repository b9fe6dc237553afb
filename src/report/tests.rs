//! Facts about all writers: the page as JSON is the evidence from which each of them is made.

use super::page::ReportPage;
use super::sample::hostile::{HOSTILE, with_every_text};
use super::{sample, write_csv, write_html, write_markdown};

fn pages() -> Vec<ReportPage> {
    let mut week = sample::week::week();
    week.timeline.starts_us.truncate(60);
    vec![sample::empty(), sample::black_friday(), week]
}

#[test]
fn a_page_read_back_from_json_is_written_the_same() {
    for page in pages() {
        let json = serde_json::to_string(&page).expect("a page is plain data");
        let back: ReportPage = serde_json::from_str(&json).expect("it was written as JSON");
        assert_eq!(write_html(&back), write_html(&page));
        assert_eq!(write_markdown(&back), write_markdown(&page));
        assert_eq!(write_csv(&back), write_csv(&page));
    }
}

#[test]
fn the_json_of_a_rehearsal_has_no_field_of_a_weekly_page() {
    let json = serde_json::to_value(sample::black_friday()).expect("a page is plain data");
    for field in ["directors", "analysts", "engineers"] {
        assert!(json.get(field).is_none(), "{field}");
    }
    let week = serde_json::to_value(sample::week::week()).expect("a page is plain data");
    assert!(week.get("rehearsal").is_none());
    assert!(json["slis"][0].get("detail").is_none());
    assert!(json["timeline"]["marks"][0].get("until_us").is_none());
}

#[test]
fn hostile_text_adds_no_line_to_markdown_or_csv() {
    for page in pages() {
        let lines = |text: &str| {
            let page = with_every_text(&page, text);
            let lines = |text: String| text.lines().count();
            (lines(write_markdown(&page)), lines(write_csv(&page)))
        };
        for text in HOSTILE {
            assert_eq!(lines(text), lines("harmless"), "{text}");
        }
        assert_eq!(lines("| a |\n|---|\n# b"), lines("harmless"));
    }
}
