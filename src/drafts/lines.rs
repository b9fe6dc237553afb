//! Lines of a scenario file, in their order.

use super::Flow;

/// Where a line of values is broken into one line per key.
const LINE_CHARS_MAX: usize = 110;
/// Where a line of comment is broken.
const COMMENT_CHARS_MAX: usize = 100;

/// A file that is being written.
#[derive(Debug, Default)]
pub struct ScenarioLines {
    text: String,
}

impl ScenarioLines {
    /// The whole file.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A comment, in as many lines as it takes; what YAML does not allow in one becomes a space.
    pub fn comment(&mut self, depth: usize, comment: &str) {
        for paragraph in comment.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let chars = line.chars().count() + word.chars().count();
                if !line.is_empty() && chars > COMMENT_CHARS_MAX {
                    self.comment_line(depth, &line);
                    line.clear();
                }
                line.push_str(if line.is_empty() { "" } else { " " });
                line.push_str(word);
            }
            self.comment_line(depth, &line);
        }
    }

    fn comment_line(&mut self, depth: usize, line: &str) {
        self.indent(depth);
        self.text.push_str("# ");
        let is_allowed = |char: &char| {
            !char.is_control()
                && !matches!(
                    char,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                )
        };
        let printable = line
            .chars()
            .map(|char| if is_allowed(&char) { char } else { ' ' });
        self.text.extend(printable);
        self.text.push('\n');
    }

    /// `key:` with everything below it in lines of their own.
    pub fn open(&mut self, depth: usize, key: &str) {
        self.key(depth, key);
        self.text.push('\n');
    }

    /// `key: value`, with a comment behind it where it is not empty.
    pub fn entry(&mut self, depth: usize, key: &str, value: &Flow, comment: &str) {
        self.key(depth, key);
        self.text.push(' ');
        value.write(&mut self.text);
        self.end_line(comment);
    }

    /// `- value` of a list; a map that is too long for a line has one line per key.
    pub fn item(&mut self, depth: usize, value: &Flow, comment: &str) {
        let mut line = String::new();
        value.write(&mut line);
        self.indent(depth);
        self.text.push_str("- ");
        match value {
            Flow::Map(entries) if line.chars().count() > LINE_CHARS_MAX && entries.len() > 1 => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        self.indent(depth + 1);
                    }
                    Flow::Text(key.clone()).write(&mut self.text);
                    self.text.push_str(": ");
                    value.write(&mut self.text);
                    self.end_line(if index == 0 { comment } else { "" });
                }
            }
            _ => {
                self.text.push_str(&line);
                self.end_line(comment);
            }
        }
    }

    fn key(&mut self, depth: usize, key: &str) {
        self.indent(depth);
        Flow::Text(key.to_owned()).write(&mut self.text);
        self.text.push(':');
    }

    fn end_line(&mut self, comment: &str) {
        if !comment.is_empty() {
            self.text.push_str("  ");
            return self.comment_line(0, comment);
        }
        self.text.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n("  ", depth));
    }
}

/// A length of time as scenario files say it, to three digits: `350ms`, `8.25s`, `12m`.
#[must_use]
pub fn duration_text(us: u64) -> String {
    let ms = (us + 500) / 1_000;
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..100_000 => {
            let digits = if ms < 10_000 { 10 } else { 100 };
            let rounded = (ms + digits / 2) / digits * digits;
            let text = format!("{}.{:03}", rounded / 1_000, rounded % 1_000);
            format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => {
            let seconds = (ms + 500) / 1_000;
            if seconds.is_multiple_of(60) {
                format!("{}m", seconds / 60)
            } else {
                format!("{seconds}s")
            }
        }
    }
}

/// A share or rate with four digits behind the first that is not 0, without zeros at its end.
#[must_use]
pub fn share_text(share: f64) -> String {
    if share <= 0.0 || !share.is_finite() {
        return "0".to_owned();
    }
    let mut digits = 4;
    let mut scale = share;
    while scale < 1.0 && digits < 12 {
        scale *= 10.0;
        digits += 1;
    }
    let text = format!("{share:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_three_digits() {
        let cases = [
            (0, "0ms"),
            (350_400, "350ms"),
            (8_253_000, "8.25s"),
            (8_000_000, "8s"),
            (25_449_000, "25.4s"),
            (120_000_000, "2m"),
            (125_400_000, "125s"),
        ];
        for (us, text) in cases {
            assert_eq!(duration_text(us), text);
        }
    }

    #[test]
    fn shares_keep_what_matters_of_small_numbers() {
        let cases = [
            (0.5, "0.5"),
            (12.345_67, "12.3457"),
            (0.000_123_456, "0.00012346"),
            (0.0, "0"),
        ];
        for (share, text) in cases {
            assert_eq!(share_text(share), text);
        }
    }

    #[test]
    fn a_long_map_has_a_line_per_key_and_comments_stay_comments() {
        let mut lines = ScenarioLines::default();
        lines.comment(0, "one\u{0}two\nthree");
        lines.open(0, "journeys");
        let long = Flow::map([
            ("get", Flow::text("/")),
            (
                "assets",
                Flow::List(vec![Flow::text("/static/a-long-name.css"); 8]),
            ),
        ]);
        lines.item(1, &long, "n 7");
        lines.item(1, &Flow::map([("get", Flow::text("/"))]), "");
        let text = lines.finish();
        assert!(
            text.starts_with("# one two\n# three\njourneys:\n  - get: /  # n 7\n    assets: ["),
            "{text}"
        );
        assert!(text.ends_with("\n  - {get: /}\n"), "{text}");
    }
}
