//! Text from anywhere as Markdown that means only itself.
//!
//! In: a text. Out: one line that GitHub-flavoured Markdown shows letter by letter: no element, no
//! link, no mention, no end of a table's cell. It never shortens.

/// A text inside a sentence, a list or a table.
pub fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    let mut before = String::new();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '!' => {
                escaped.extend(['\\', character]);
            }
            // `://` and `www.` become links by themselves.
            ':' if rest.peek() == Some(&'/') => escaped.push_str("\\:"),
            '.' if before.to_lowercase().ends_with("www") => escaped.push_str("\\."),
            // A name after it would be told; the comment is the customary way to prevent that.
            '@' if rest.peek().is_some_and(|next| next.is_alphanumeric()) => {
                escaped.push_str("@<!-- -->");
            }
            other => escaped.push(other),
        }
        before.push(character);
    }
    not_a_block(escaped)
}

/// At the start of a line these would begin a list, a rule or a heading.
fn not_a_block(text: String) -> String {
    let begins_with_digit = text.starts_with(|first: char| first.is_ascii_digit());
    let number = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_item = [". ", ") "].iter().any(|end| number.starts_with(end));
    if text.starts_with(['-', '+', '=']) {
        format!("\\{text}")
    } else if begins_with_digit && (is_item || matches!(number, "." | ")")) {
        let digits = text.len() - number.len();
        format!("{}\\{number}", &text[..digits])
    } else {
        text
    }
}

/// A route, a name or a hash as code inside a table; the empty text is `–`.
pub fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return "–".to_owned();
    }
    let line = text.replace(['\n', '\r', '\t'], " ").replace('|', "\\|");
    let fence = "`".repeat(longest_run(&line) + 1);
    // A space keeps a backtick at either end away from the fence.
    let pad = if line.starts_with('`') || line.ends_with('`') || line.ends_with('\\') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{line}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let table = [
            ("97.1 % at 20:00", "97.1 % at 20:00"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("a | b", "a \\| b"),
            ("**b** _i_ `c`", "\\*\\*b\\*\\* \\_i\\_ \\`c\\`"),
            ("[x](javascript:a)", "\\[x\\](javascript:a)"),
            (
                "https://evil.example www.evil.example",
                "https\\://evil.example www\\.evil.example",
            ),
            ("@everyone a@b", "@<!-- -->everyone a@<!-- -->b"),
            ("one\n# two", "one \\# two"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("12 345", "12 345"),
            ("&lt;", "&amp;lt;"),
            ("\\|", "\\\\\\|"),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn code_cannot_be_left() {
        let table = [
            ("POST /cart", "`POST /cart`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("a|b", "`a\\|b`"),
            ("a\nb", "`a b`"),
            ("ends \\", "` ends \\ `"),
            (" ", "–"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected);
        }
    }
}
