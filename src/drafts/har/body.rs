//! What a request sent: a form, JSON, parts, or some text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use url::form_urlencoded;

use super::archive::{Param, PostData};
use super::exchange::find;

/// The largest body that is kept.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The most fields of a form.
const FIELDS_MAX: usize = 500;

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordedBody {
    /// None.
    None,
    /// Fields of a form, in their order.
    Form(Vec<(String, String)>),
    /// A JSON document as it was written, with its type.
    Json(String, String),
    /// Parts of `multipart/form-data`.
    Parts(Vec<RecordedPart>),
    /// Any other text, with its type.
    Text(String, String),
    /// One that cannot be kept, and why.
    Lost(&'static str),
}

/// A part of a `multipart/form-data` body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPart {
    /// Its name.
    pub name: String,
    /// Its text; of a file nothing is kept.
    pub value: String,
    /// Whether it was a file.
    pub is_file: bool,
}

impl RecordedBody {
    /// The body of a request with these headers.
    pub fn new(data: Option<PostData>, headers: &[(String, String)]) -> Self {
        let Some(data) = data else { return Self::None };
        let said = if data.mime_type.is_empty() {
            find(headers, "content-type")
        } else {
            &data.mime_type
        };
        let content_type = said.to_owned();
        let essence = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if data.text.len() > BODY_BYTES_MAX && essence != "multipart/form-data" {
            return Self::Lost("it has more than 64 KiB");
        }
        let text = if data.encoding.eq_ignore_ascii_case("base64") {
            match STANDARD.decode(data.text.trim()).map(String::from_utf8) {
                Ok(Ok(text)) => text,
                _ => return Self::Lost("it is no text"),
            }
        } else {
            data.text
        };
        match essence.as_str() {
            "application/x-www-form-urlencoded" => {
                let fields: Vec<(String, String)> = if text.is_empty() {
                    data.params
                        .into_iter()
                        .map(|param| (param.name, param.value))
                        .collect()
                } else {
                    form_urlencoded::parse(text.as_bytes())
                        .into_owned()
                        .collect()
                };
                match fields.len() {
                    0 => Self::None,
                    1..=FIELDS_MAX => Self::Form(fields),
                    _ => Self::Lost("it has more than 500 fields"),
                }
            }
            "multipart/form-data" => Self::parts(data.params, &text, &content_type),
            _ if text.is_empty() => Self::None,
            // Beacons send objects as `text/plain`.
            essence if essence.ends_with("json") || is_tree(&text, essence) => {
                match serde_json::from_str::<IgnoredAny>(&text) {
                    Ok(_) => Self::Json(text, content_type),
                    Err(_) => Self::Text(text, content_type),
                }
            }
            _ => Self::Text(text, content_type),
        }
    }

    /// The parts that the file lists, else those of the body itself.
    fn parts(listed: Vec<Param>, text: &str, content_type: &str) -> Self {
        let listed = listed.into_iter().filter(|param| !param.name.is_empty());
        let mut parts: Vec<RecordedPart> = listed
            .map(|param| RecordedPart {
                name: param.name,
                is_file: !param.file_name.is_empty(),
                value: param.value,
            })
            .collect();
        if parts.is_empty() {
            parts = parts_of(text, content_type);
        }
        match parts.len() {
            0 => Self::Lost("its parts are not in the file"),
            1..=FIELDS_MAX => Self::Parts(parts),
            _ => Self::Lost("it has more than 500 parts"),
        }
    }
}

/// Whether a text of some type may be an object or a list.
fn is_tree(text: &str, essence: &str) -> bool {
    !essence.is_empty() && text.trim_start().starts_with(['{', '['])
}

/// Parts of a body as it was sent, RFC 7578.
fn parts_of(text: &str, content_type: &str) -> Vec<RecordedPart> {
    let boundary = content_type
        .split(';')
        .find_map(|piece| piece.trim().strip_prefix("boundary="));
    let Some(boundary) = boundary
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for piece in text.split(&format!("--{boundary}")).skip(1) {
        let piece = piece
            .strip_prefix("\r\n")
            .or_else(|| piece.strip_prefix('\n'));
        let Some((head, value)) = piece.and_then(|piece| {
            piece
                .split_once("\r\n\r\n")
                .or_else(|| piece.split_once("\n\n"))
        }) else {
            continue;
        };
        let disposition = head.lines().find(|line| {
            line.to_ascii_lowercase()
                .starts_with("content-disposition:")
        });
        let attribute = |name: &str| {
            let (_, rest) = disposition?.split_once(&format!("; {name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let Some(name) = attribute("name") else {
            continue;
        };
        let is_file = attribute("filename").is_some();
        let value = value
            .strip_suffix("\r\n")
            .or_else(|| value.strip_suffix('\n'))
            .unwrap_or(value);
        found.push(RecordedPart {
            name,
            value: if is_file || value.len() > BODY_BYTES_MAX {
                String::new()
            } else {
                value.to_owned()
            },
            is_file,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn body(data: Value) -> RecordedBody {
        RecordedBody::new(Some(serde_json::from_value(data).unwrap()), &[])
    }

    #[test]
    fn forms_come_as_text_or_as_fields() {
        let expected = RecordedBody::Form(vec![
            ("a[b]".to_owned(), "x y".to_owned()),
            ("c".to_owned(), String::new()),
        ]);
        let form = "application/x-www-form-urlencoded; charset=UTF-8";
        assert_eq!(
            body(
                json!({"mimeType": form, "text": "a%5Bb%5D=x+y&c=", "params": [{"name": "a%5Bb%5D", "value": "x+y"}]})
            ),
            expected
        );
        assert_eq!(
            body(
                json!({"mimeType": form, "params": [{"name": "a[b]", "value": "x y"}, {"name": "c"}]})
            ),
            expected
        );
        assert_eq!(
            body(json!({"mimeType": form, "text": "YSU1QmIlNUQ9eCt5JmM9", "encoding": "base64"})),
            expected
        );
    }

    #[test]
    fn parts_are_read_from_the_body_and_files_are_not_kept() {
        let text = "--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--X\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\u{fffd}PNG\r\n--X--\r\n";
        let found = body(json!({"mimeType": "multipart/form-data; boundary=X", "text": text}));
        let part = |name: &str, value: &str, is_file| RecordedPart {
            name: name.to_owned(),
            value: value.to_owned(),
            is_file,
        };
        assert_eq!(
            found,
            RecordedBody::Parts(vec![part("note", "hi", false), part("photo", "", true)])
        );
    }

    #[test]
    fn json_is_a_document_and_what_is_too_large_is_lost() {
        for mime_type in ["application/vnd.api+json", "text/plain;charset=UTF-8"] {
            let text = "{\"z\": 1.00, \"a\": -0, \"a\":  1}";
            assert_eq!(
                body(json!({"mimeType": mime_type, "text": text})),
                RecordedBody::Json(text.to_owned(), mime_type.to_owned())
            );
        }
        assert_eq!(
            body(json!({"mimeType": "text/plain;charset=UTF-8", "text": "x"})),
            RecordedBody::Text("x".to_owned(), "text/plain;charset=UTF-8".to_owned())
        );
        let text = "a".repeat(BODY_BYTES_MAX);
        assert!(matches!(
            body(json!({"mimeType": "text/plain", "text": text})),
            RecordedBody::Text(..)
        ));
        assert!(matches!(
            body(json!({"mimeType": "text/plain", "text": format!("{text}a")})),
            RecordedBody::Lost(_)
        ));
        assert_eq!(
            body(json!({"mimeType": "text/plain", "text": ""})),
            RecordedBody::None
        );
    }
}
