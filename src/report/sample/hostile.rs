//! Pages in which every text means harm.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Texts that have broken pages before: each would run a script, load a file or close an element.
pub const HOSTILE: [&str; 8] = [
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
pub fn with_every_text<Page: Serialize + DeserializeOwned>(page: &Page, text: &str) -> Page {
    let mut value = serde_json::to_value(page).expect("a page is plain data");
    replace_texts(&mut value, text);
    serde_json::from_value(value).expect("only free texts were replaced")
}

/// Fields that hold a word of an enum, not a free text.
const ENUM_FIELDS: [&str; 12] = [
    "verdict",
    "unit",
    "state",
    "bad",
    "scale",
    "style",
    "levels_from",
    "outcome",
    "mix",
    "verdict_before",
    "state_before",
    "state_after",
];

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
