//! Facts about the whole page: hostile text is inert, nothing is loaded, it stays small.

use super::super::page::{Mark, ReportPage, Verdict};
use super::super::sample;
use super::write_html;

/// Texts that have broken pages before: each would run a script, load a file or close an element.
const HOSTILE: [&str; 8] = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "--><svg/onload=alert(1)><!--",
    "</title></style></pre></textarea><iframe src=//evil.example>",
    "]]><!ENTITY x SYSTEM \"file:///etc/passwd\">&lt;script&gt;",
    "javascript:alert(1)\u{2028}\u{2029}\u{0}\u{1b}[2J\u{202e}",
];

/// The page as JSON with every text replaced: no field is forgotten when one is added.
fn with_every_text(page: &ReportPage, text: &str) -> ReportPage {
    let mut value = serde_json::to_value(page).expect("a page is plain data");
    replace_texts(&mut value, text);
    serde_json::from_value(value).expect("only free texts were replaced")
}

/// Fields that hold a word of an enum, not a free text.
const ENUM_FIELDS: [&str; 6] = ["verdict", "unit", "state", "bad", "scale", "style"];

fn replace_texts(value: &mut serde_json::Value, text: &str) {
    match value {
        serde_json::Value::String(old) => text.clone_into(old),
        serde_json::Value::Array(items) => {
            for item in items {
                replace_texts(item, text);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                // The unit of a funnel step is a free text.
                let is_word = field.as_str().is_some_and(|word| word != "shoppers");
                if !(is_word && ENUM_FIELDS.contains(&name.as_str())) {
                    replace_texts(field, text);
                }
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// Every tag of the page in order, with its attributes, without the texts between them; script
/// and style bodies count as text.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let tag_on = &rest[start..];
        if let Some(comment) = tag_on.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = tag_end(tag_on);
        let tag = &tag_on[..end];
        rest = &tag_on[end..];
        for raw in ["script", "style"] {
            if tag.starts_with(&format!("<{raw}")) {
                rest = rest.find(&format!("</{raw}")).map_or("", |at| &rest[at..]);
            }
        }
        tags.push(tag.to_owned());
    }
    tags
}

/// One past the `>` that ends the tag; a `>` in quotes does not.
fn tag_end(tag: &str) -> usize {
    let mut in_quotes = false;
    for (at, character) in tag.char_indices() {
        match character {
            '"' => in_quotes = !in_quotes,
            '>' if !in_quotes => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

/// The tags with the values of the attributes that hold free text emptied.
fn skeleton(html: &str) -> Vec<String> {
    let blank = |tag: String| {
        let mut out = tag;
        for name in [" title=\"", " aria-label=\""] {
            if let Some((before, after)) = out.clone().split_once(name)
                && let Some((_, after)) = after.split_once('"')
            {
                out = format!("{before}{name}\"{after}");
            }
        }
        out
    };
    tags(html).into_iter().map(blank).collect()
}

fn has_event_handler(tag: &str) -> bool {
    tag.split(' ')
        .any(|part| part.starts_with("on") && part.contains("=\""))
}

#[test]
fn hostile_text_in_every_field_changes_no_tag_and_no_attribute() {
    let page = sample::black_friday();
    let harmless = skeleton(&write_html(&with_every_text(&page, "harmless")));
    for text in HOSTILE {
        let hostile = write_html(&with_every_text(&page, text));
        assert_eq!(skeleton(&hostile), harmless, "{text}");
    }
}

#[test]
fn hostile_text_in_every_field_leaves_the_data_readable() {
    let page = sample::black_friday();
    for text in HOSTILE {
        let html = write_html(&with_every_text(&page, text));
        let (_, after) = html
            .split_once("id=\"charts-data\">")
            .expect("the page has a data block");
        let (json, _) = after.split_once("</script>").expect("the data block ends");
        let data: serde_json::Value = serde_json::from_str(json).expect("the block is JSON");
        let shown = super::super::text::harmless(text);
        assert_eq!(data["marks"][0]["label"], shown.as_ref());
    }
}

#[test]
fn control_characters_of_logs_do_not_reach_the_page() {
    let page = with_every_text(&sample::black_friday(), "a\u{0}\u{8}\u{1b}[31m\u{202e}b");
    let html = write_html(&page);
    let bad = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
    assert_eq!(html.chars().find(|&c| bad(c)), None);
    assert!(html.contains("a␀␈␛[31m⟨U+202E⟩b"));
}

#[test]
fn nothing_outside_the_page_is_loaded() {
    let html = write_html(&sample::black_friday());
    for tag in tags(&html) {
        for attribute in [
            "src=",
            "srcset=",
            "action=",
            "poster=",
            "xlink",
            "http-equiv=\"refresh",
        ] {
            assert!(!tag.contains(attribute), "{tag}");
        }
        assert!(
            !tag.contains("href=") || tag.contains("href=\"data:,\""),
            "{tag}"
        );
        assert!(
            !tag.contains("http://") && !tag.contains("https://"),
            "{tag}"
        );
        assert!(!has_event_handler(&tag), "{tag}");
    }
}

#[test]
fn the_policy_names_the_hash_of_every_script() {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};
    let html = write_html(&sample::black_friday());
    let scripts: Vec<&str> = html
        .split("<script>")
        .skip(1)
        .filter_map(|part| part.split_once("</script>").map(|(script, _)| script))
        .collect();
    assert_eq!(scripts.len(), 2);
    let policy = tags(&html)
        .into_iter()
        .find(|tag| tag.contains("Content-Security-Policy"));
    let policy = policy.expect("the page has a policy");
    for script in scripts {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        assert!(policy.contains(&format!("'sha256-{hash}'")));
    }
}

#[test]
fn an_hour_of_seconds_in_six_charts_stays_under_one_megabyte() {
    let size = write_html(&sample::large(3_600, 6)).len();
    assert!(size < 1_000_000, "{size} bytes");
}

#[test]
fn a_week_of_minutes_in_eight_charts_stays_under_one_megabyte() {
    let html = write_html(&sample::large(10_080, 8));
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    assert!(html.contains("values in a row, the charts show the lowest and the highest."));
}

#[test]
fn the_example_stays_under_200_kilobytes() {
    let size = write_html(&sample::black_friday()).len();
    assert!(size < 200_000, "{size} bytes");
}

#[test]
fn an_empty_page_says_what_it_lacks() {
    let html = write_html(&sample::empty());
    for text in [
        "not enough data",
        "No SLI was defined",
        "No time window was recorded",
        "No request was recorded.",
        "Nothing known to be missing.",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("Funnel") && !html.contains("<script"));
}

#[test]
fn a_page_with_one_window_and_without_charts_renders() {
    let mut page = sample::large(1, 1);
    assert!(write_html(&page).contains("The only window"));
    page.timeline.charts.clear();
    assert!(write_html(&page).contains("No chart was asked for."));
}

#[test]
fn every_verdict_is_a_word() {
    let mut page = sample::empty();
    for (verdict, word) in [
        (Verdict::Pass, "pass"),
        (Verdict::Fail, "fail"),
        (Verdict::Invalid, "invalid"),
        (Verdict::Stopped, "stopped"),
        (Verdict::NotEnoughData, "not enough data"),
    ] {
        page.verdict = verdict;
        let html = write_html(&page);
        assert!(
            html.contains(&format!(">{word}</span> Report</h1>")),
            "{word}"
        );
        assert!(
            html.contains(&format!("<title>Report: {word}</title>")),
            "{word}"
        );
    }
}

#[test]
fn sections_come_in_the_order_in_which_they_are_read() {
    let html = write_html(&sample::black_friday());
    let order = [
        "class=\"sentence\"",
        "class=\"facts\"",
        "id=\"slis\"",
        "id=\"timeline\"",
        "id=\"funnel\"",
        "id=\"routes\"",
        "id=\"unknowns\"",
        "id=\"method\"",
    ];
    let places: Vec<_> = order.map(|part| html.find(part)).into();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}"
    );
}

#[test]
fn a_share_just_below_one_is_not_shown_as_all() {
    let html = write_html(&sample::black_friday());
    assert!(html.contains(">99.997 %</strong>"));
}

#[test]
fn marks_past_the_limit_are_counted() {
    let mut page = sample::black_friday();
    page.timeline.marks = vec![
        Mark {
            at_us: sample::START_US,
            label: "again".into()
        };
        61
    ];
    assert!(write_html(&page).contains("; and 1 more, not shown."));
}

#[test]
fn the_same_page_gives_the_same_bytes() {
    assert_eq!(
        write_html(&sample::black_friday()),
        write_html(&sample::black_friday())
    );
}
