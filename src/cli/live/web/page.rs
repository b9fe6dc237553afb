//! The page itself: one text with its style, the chart library of the report, and a script.

use bytes::Bytes;

use crate::report::{CHART_LIBRARY, CHART_LICENCE, CHART_STYLE, script_source};

const HTML: &str = include_str!("live.html");
const STYLE: &str = include_str!("live.css");
const SCRIPT: &str = include_str!("live.js");

/// The page, and the policy that forbids it everything but its own scripts and its own server.
#[derive(Debug)]
pub struct Page {
    pub html: Bytes,
    pub policy: String,
}

impl Page {
    pub fn new() -> Self {
        let html = HTML
            .replace("/*chart style*/", CHART_STYLE)
            .replace("/*style*/", STYLE)
            .replace(
                "<!--chart licence-->",
                &format!("<!-- uPlot: {CHART_LICENCE} -->"),
            )
            .replace("/*chart library*/", CHART_LIBRARY)
            .replace("/*script*/", SCRIPT);
        Self {
            html: html.into(),
            policy: format!(
                "default-src 'none'; style-src 'unsafe-inline'; script-src {} {}; img-src data:; \
                 connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                script_source(CHART_LIBRARY),
                script_source(SCRIPT)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_all_of_its_parts_and_asks_for_nothing_else() {
        let page = Page::new();
        let html = std::str::from_utf8(&page.html).unwrap();
        for part in [STYLE, SCRIPT, CHART_LIBRARY, CHART_STYLE] {
            assert!(html.contains(part));
        }
        assert!(!html.contains("<!--chart"));
        for script in [SCRIPT, CHART_LIBRARY] {
            assert!(!script.contains("</script") && !script.contains('\r'));
        }
        for foreign in ["src=", "http://", "https://", "@import", "url("] {
            let own = html.replace(CHART_LIBRARY, "").replace(CHART_LICENCE, "");
            assert!(!own.contains(foreign), "{foreign}");
        }
        assert_eq!(page.policy.matches("'sha256-").count(), 2);
    }
}
