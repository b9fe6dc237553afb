//! Facts about the pages that tell of contacts.

use super::super::super::page::{CalibrationPage, ReportPage};
use super::super::super::sample::contacts::{calibration, desk, predicted, refused};
use super::super::super::sample::hostile::{HOSTILE, with_every_text};
use super::super::super::{sample, write_calibration_markdown, write_markdown};
use super::super::write_html;
use super::write_calibration_html;

/// The example week with predicted contacts and problems for the support desk.
fn week() -> ReportPage {
    let mut page = sample::week::week();
    page.contacts = Some(predicted());
    page.desk = Some(desk());
    page
}

#[test]
fn the_samples_can_be_written_for_a_browser() {
    let Some(folder) = std::env::var_os("FIREDRILL_SAMPLES") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("the folder can be written to");
    };
    write("calibration.html", write_calibration_html(&calibration()));
    write(
        "calibration-refused.html",
        write_calibration_html(&refused()),
    );
    write("calibration.md", write_calibration_markdown(&calibration()));
    write("week-with-contacts.html", write_html(&week()));
    for (index, text) in HOSTILE.iter().enumerate() {
        let page: CalibrationPage = with_every_text(&calibration(), text);
        write(
            &format!("hostile-calibration-{index}.html"),
            write_calibration_html(&page),
        );
    }
}

#[test]
fn a_calibration_reads_so_in_markdown() {
    let markdown = write_calibration_markdown(&calibration());
    assert_eq!(markdown, include_str!("calibration.md"), "{markdown}");
}

#[test]
fn sections_of_a_calibration_come_in_the_order_in_which_they_are_read() {
    let html = write_calibration_html(&calibration());
    let order = [
        "class=\"sentence\"",
        "class=\"facts\"",
        "id=\"refusals\"",
        "id=\"levels\"",
        "Contacts per 1,000 sessions by Checkouts answered well",
        "How soon they call",
        "id=\"timeline\"",
        "id=\"held-out\"",
        "id=\"controls\"",
        "id=\"groups\"",
        "id=\"tickets\"",
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
fn every_drawing_stays_inside_of_itself_and_has_its_values() {
    let html = write_calibration_html(&calibration());
    let bins: usize = calibration()
        .slis
        .iter()
        .filter_map(|sli| sli.dose.as_ref())
        .map(|dose| dose.bins.len())
        .sum();
    assert_eq!(html.matches("<circle class=\"bin\"").count(), bins);
    assert!(
        html.contains("per 1,000 sessions, 800 contacts in 900 windows"),
        "values are tooltips"
    );
    for place in html.split("cx=\"").skip(1) {
        let px: f64 = place
            .split('"')
            .next()
            .and_then(|px| px.parse().ok())
            .expect("a number");
        assert!((0.0..=super::WIDTH).contains(&px), "{px}");
    }
    assert!(!html.contains("NaN") && !html.contains("inf,"));
}

#[test]
fn a_refusal_has_no_picture_and_says_what_would_cure_it() {
    let html = write_calibration_html(&refused());
    assert!(html.contains(">refused</span> When customers call: shop</h1>"));
    assert!(html.contains("more weeks, or an SLI that customers feel"));
    assert!(!html.contains("<circle") && !html.contains("<script"));
}

#[test]
fn numbers_that_are_none_draw_nothing_that_is_none() {
    let mut page = calibration();
    for sli in &mut page.slis {
        if let Some(dose) = &mut sli.dose {
            dose.curve.truncate(2);
            dose.curve[1].rate = f64::NAN;
            dose.bins.clear();
            dose.level = None;
        }
        if let Some(lag) = &mut sli.lag {
            lag.points.truncate(1);
        }
    }
    assert!(!write_calibration_html(&page).contains("NaN"));
}

#[test]
fn a_week_with_tickets_shows_who_has_not_called_yet() {
    let html = write_html(&week());
    assert!(html.contains("For the support desk"));
    assert!(
        !html.contains(">Customers affected by the same problem</h2>"),
        "not twice"
    );
    assert!(
        html.contains("data-label=\"Not yet\"><strong>992</strong>"),
        "{html}"
    );
    assert!(html.contains("4 smaller problems are not shown here."));
    let markdown = write_markdown(&week());
    assert!(markdown.contains("| 1 | 503 on `POST /checkout` | 2026-11-27 08:01 to 08:40 | 1\u{2009}204 | 212 | 992 | 2\u{2009}408 |"), "{markdown}");
    assert!(!markdown.contains("## Customers affected"));
}

#[test]
fn hostile_text_in_a_calibration_is_inert() {
    let tags = |page: &CalibrationPage| {
        let html = write_calibration_html(page);
        let count = |what: &str| html.matches(what).count();
        [
            "<script",
            "<img",
            "<iframe",
            "<svg",
            "</style",
            "<td",
            " onerror=",
            " onload=",
        ]
        .map(count)
    };
    let harmless = tags(&with_every_text(&calibration(), "harmless"));
    for text in HOSTILE {
        let page = with_every_text(&calibration(), text);
        let mut found = tags(&page);
        // Words of a text are harmless where their brackets are not brackets.
        found[6..].copy_from_slice(&harmless[6..]);
        assert_eq!(found, harmless, "{text}");
        let lines = |page: &CalibrationPage| write_calibration_markdown(page).lines().count();
        assert_eq!(
            lines(&page),
            lines(&with_every_text(&calibration(), "harmless")),
            "{text}"
        );
    }
}

#[test]
fn a_calibration_stays_small_and_is_the_same_when_read_back() {
    let page = calibration();
    assert!(write_calibration_html(&page).len() < 300_000);
    let json = serde_json::to_string(&page).expect("a page is plain data");
    let back: CalibrationPage = serde_json::from_str(&json).expect("it was written as JSON");
    assert_eq!(write_calibration_html(&back), write_calibration_html(&page));
}
