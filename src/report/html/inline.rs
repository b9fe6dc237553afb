//! What is inlined into the page: style, scripts, data, and the policy that allows only these.
//!
//! In: assets of this crate and one JSON value. Out: text that is safe inside `<style>`,
//! `<script>` and the policy's `content`. It never refers to anything outside the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../assets/report.css");
/// The style that the chart library needs.
pub const CHART_STYLE: &str = include_str!("../assets/uPlot.min.css");
/// The chart library.
pub const CHART_LIBRARY: &str = include_str!("../assets/uPlot.iife.min.js");
/// Its licence, for a comment beside it.
pub const CHART_LICENCE: &str = include_str!("../assets/uPlot.LICENSE");
/// One block, so that no name of ours becomes a property of the window.
const SCRIPT: &str = concat!(
    "\"use strict\";\n{\n",
    include_str!("../assets/report_text.js"),
    include_str!("../assets/report_charts.js"),
    include_str!("../assets/report_reading.js"),
    "}\n"
);

/// The id under which the script finds the data.
const DATA_ID: &str = "charts-data";

/// The `<meta>` element that forbids everything but this page's own style and scripts.
pub fn policy() -> Markup {
    let content = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {} {}; img-src data:; \
         base-uri 'none'; form-action 'none'",
        hash_source(CHART_LIBRARY),
        hash_source(SCRIPT)
    );
    html! { meta http-equiv="Content-Security-Policy" content=(content); }
}

/// The style sheets.
pub fn style() -> Markup {
    html! { style { (PreEscaped(CHART_STYLE)) (PreEscaped(STYLE)) } }
}

/// The data as a JSON block, then the chart library with its licence, then our script.
pub fn scripts(data: &impl Serialize) -> Markup {
    html! {
        script type="application/json" id=(DATA_ID) { (PreEscaped(json_for_script(data))) }
        (PreEscaped(format!("<!-- uPlot: {CHART_LICENCE} -->")))
        script { (PreEscaped(CHART_LIBRARY)) }
        script { (PreEscaped(SCRIPT)) }
    }
}

/// JSON in which no text can end the script element, open a comment or break a line of script.
fn json_for_script(data: &impl Serialize) -> String {
    // Our own plain types: no map with foreign keys, no failing `Serialize`.
    let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    let mut escaped = String::with_capacity(json.len() + json.len() / 32);
    // All of these can only stand inside JSON strings, where `\u` escapes mean the same.
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A script's hash as the policy wants it, <https://www.w3.org/TR/CSP3/#grammardef-hash-source>.
pub fn hash_source(script: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(script.as_bytes()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_its_teeth() {
        let hostile = "</script><!--<script>&\u{2028}\u{2029}\"\\";
        let escaped = json_for_script(&hostile);
        for tooth in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
            assert!(!escaped.contains(tooth), "{escaped}");
        }
        let back: String = serde_json::from_str(&escaped).expect("it was written as JSON");
        assert_eq!(back, hostile);
    }

    #[test]
    fn a_hash_source_is_the_sha256_in_base64() {
        let expected = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
        assert_eq!(hash_source(""), expected);
    }

    #[test]
    fn assets_cannot_end_their_element_and_have_unix_line_ends() {
        for asset in [STYLE, CHART_STYLE, CHART_LIBRARY, SCRIPT] {
            let lower = asset.to_lowercase();
            for end in [
                "</script", "<script", "</style", "<!--", "\r", "@import", "url(",
            ] {
                assert!(!lower.contains(end), "{end} in an asset");
            }
        }
        assert!(!CHART_LICENCE.contains("--"));
    }

    #[test]
    fn vendored_files_are_the_ones_the_readme_names() {
        let readme = include_str!("../assets/README.md");
        for (name, text) in [
            ("uPlot.iife.min.js", CHART_LIBRARY),
            ("uPlot.min.css", CHART_STYLE),
            ("uPlot.LICENSE", CHART_LICENCE),
        ] {
            let digest = Sha256::digest(text.as_bytes());
            let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("{}  {name}", hex.concat());
            assert!(readme.contains(&line), "{line}");
        }
    }
}
