//! Facts about the whole page: hostile text is inert, nothing is loaded, it stays small.

use super::super::page::{Mark, ReportPage, Verdict};
use super::super::sample;
use super::super::sample::hostile::{HOSTILE, with_every_text};
use super::super::write_markdown;
use super::write_html;

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
        for name in [" title=\"", " aria-label=\"", " data-label=\""] {
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

/// The example week with the first hour of its timeline, which is quicker to write.
fn short_week() -> ReportPage {
    let mut page = sample::week::week();
    page.timeline.starts_us.truncate(60);
    for series in page
        .timeline
        .charts
        .iter_mut()
        .flat_map(|chart| &mut chart.series)
    {
        series.values.truncate(60);
    }
    page
}

#[test]
fn hostile_text_in_every_field_changes_no_tag_and_no_attribute() {
    for page in [sample::black_friday(), short_week()] {
        let harmless = skeleton(&write_html(&with_every_text(&page, "harmless")));
        for text in HOSTILE {
            let hostile = write_html(&with_every_text(&page, text));
            assert_eq!(skeleton(&hostile), harmless, "{text}");
        }
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
    let html = write_html(&sample::week::week());
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
            !tag.contains("href=") || tag.contains("href=\"data:,\"") || tag.contains("href=\"#"),
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
fn the_example_week_stays_under_one_megabyte() {
    let size = write_html(&sample::week::week()).len();
    assert!(size < 1_000_000, "{size} bytes");
}

#[test]
fn a_week_with_full_tables_and_ten_charts_stays_under_one_megabyte() {
    let mut page = sample::week::crowded(500);
    page.timeline
        .charts
        .extend(sample::large(10_080, 5).timeline.charts);
    let html = write_html(&page);
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn a_week_is_read_by_directors_then_analysts_then_engineers() {
    let html = write_html(&short_week());
    let order = [
        "<nav aria-label=\"Contents\">",
        "class=\"sentence\"",
        "aria-label=\"For directors\"",
        "id=\"journeys\"",
        "id=\"figures\"",
        "id=\"reactions\"",
        "aria-label=\"For analysts\"",
        "class=\"facts\"",
        "id=\"slis\"",
        "id=\"budgets\"",
        "id=\"evidence\"",
        "id=\"breakdowns\"",
        "id=\"uptime\"",
        "id=\"funnel\"",
        "aria-label=\"For engineers\"",
        "id=\"timeline\"",
        "id=\"clusters\"",
        "id=\"failures\"",
        "id=\"routes\"",
        "id=\"suspects\"",
        "id=\"faucets\"",
        "id=\"retries\"",
        "id=\"annotations\"",
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
fn the_directors_page_stays_one_page_and_counts_what_it_leaves_out() {
    let html = write_html(&sample::week::crowded(20));
    for text in [
        "12 journeys are not shown here.",
        "16 figures are not shown here.",
        "16 changes are not shown here.",
        "16 crossings are not shown here.",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn every_part_of_a_week_may_be_empty() {
    let page = ReportPage {
        directors: Some(Default::default()),
        analysts: Some(Default::default()),
        engineers: Some(Default::default()),
        ..sample::empty()
    };
    let html = write_html(&page);
    for text in [
        "No journey was defined.",
        "so none are predicted",
        "No hour stands out.",
        "no change can be named",
        "nobody had to be told",
        "No problem hit several customers",
        "No request failed.",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<table"));
}

#[test]
fn every_id_is_unique_and_every_label_and_link_leads_to_one() {
    for page in [sample::black_friday(), short_week()] {
        let tags = tags(&write_html(&page));
        let of = |name: &str| -> Vec<String> {
            let start = format!(" {name}=\"");
            let found = tags.iter().filter_map(|tag| tag.split_once(&start));
            found
                .filter_map(|(_, after)| Some(after.split_once('"')?.0.to_owned()))
                .collect()
        };
        let mut ids = of("id");
        ids.sort();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        for label in of("aria-labelledby") {
            assert!(ids.contains(&label), "{label}");
        }
        for link in of("href") {
            assert!(
                link == "data:," || ids.contains(&link[1..].to_owned()),
                "{link}"
            );
        }
    }
}

/// Where `FIREDRILL_SAMPLES` names a folder, the pages that a browser is to look at are written
/// there (see `tests/report-in-browser.py`).
#[test]
fn the_samples_can_be_written_for_a_browser() {
    let Some(folder) = std::env::var_os("FIREDRILL_SAMPLES") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let write = |name: &str, page: &ReportPage| {
        std::fs::write(folder.join(name), write_html(page)).expect("the folder can be written to");
    };
    write("rehearsal.html", &sample::black_friday());
    write("week.html", &sample::week::week());
    write("crowded-week.html", &sample::week::crowded(20));
    write("empty.html", &sample::empty());
    let week = write_markdown(&sample::week::week());
    std::fs::write(folder.join("week.md"), week).expect("the folder can be written to");
    for (index, text) in HOSTILE.iter().enumerate() {
        let page = with_every_text(&short_week(), text);
        write(&format!("hostile-{index}.html"), &page);
    }
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
        "id=\"conditions\"",
        "id=\"achieved\"",
        "id=\"slis\"",
        "id=\"limit\"",
        "id=\"comparison\"",
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
            until_us: None,
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
