//! The JSON of a HAR file, as loosely as browsers write it.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>. An entry that is none is left out, not an error:
//! exports are cut, edited and made by proxies.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use thiserror::Error;

/// The largest file; its tree takes some times as much memory.
pub const HAR_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most requests of a file.
pub const ENTRIES_MAX: usize = 50_000;

/// Why a file is no recording.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HarError {
    /// It is too large.
    #[error(
        "it has more than {HAR_BYTES_MAX} bytes (hint: record one visit, and export it without the bodies of pictures)"
    )]
    TooLarge,
    /// It is no JSON.
    #[error("it is no JSON: {0} (hint: export it as HAR from the network panel of the browser)")]
    NoJson(String),
    /// It is JSON of something else.
    #[error(
        "it has no `log` with `entries` (hint: export it as HAR from the network panel of the browser)"
    )]
    NoLog,
    /// It has too many requests.
    #[error("it has more than {ENTRIES_MAX} requests (hint: record one visit)")]
    TooManyEntries,
    /// Nothing in it can be asked for again.
    #[error(
        "none of its {entries} requests can be a step (hint: record a visit to a page over http or https)"
    )]
    NothingLeft {
        /// Its requests.
        entries: usize,
    },
    /// The wanted host is not in it.
    #[error("it has no request to `{wanted}` (hint: it has {known})")]
    UnknownSite {
        /// What was asked for.
        wanted: String,
        /// What is there.
        known: String,
    },
}

/// A recording as the file has it.
#[derive(Debug)]
pub struct Archive {
    /// What wrote it, e.g. `Firefox 133.0`.
    pub browser: String,
    /// Its requests, in the order of the file.
    pub entries: Vec<Entry>,
    /// What stands among its entries and is none.
    pub malformed: usize,
}

/// One request with its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(default, deserialize_with = "or_default")]
    pub pageref: String,
    #[serde(default, deserialize_with = "or_default")]
    pub started_date_time: String,
    /// Length, ms; -1 where it is not known.
    #[serde(default, deserialize_with = "or_default")]
    pub time: f64,
    pub request: Request,
    #[serde(default, deserialize_with = "or_default")]
    pub response: Response,
    /// Chrome's own.
    #[serde(default, rename = "_resourceType", deserialize_with = "or_default")]
    pub resource_type: String,
    /// Chrome's own: `memory`, `disk`.
    #[serde(default, rename = "_fromCache", deserialize_with = "or_default")]
    pub from_cache: String,
}

/// What was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub method: String,
    pub url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub headers: Vec<NameValue>,
    #[serde(default)]
    pub post_data: Option<PostData>,
}

/// A body that was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostData {
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    #[serde(default, deserialize_with = "or_default")]
    pub params: Vec<Param>,
    /// Not in the standard; Safari and some proxies write `base64`.
    #[serde(default, deserialize_with = "or_default")]
    pub encoding: String,
}

/// One field of a form.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Param {
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
    #[serde(default, deserialize_with = "or_default")]
    pub file_name: String,
}

/// What was answered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// 0 or -1 for no answer.
    #[serde(default, deserialize_with = "or_default")]
    pub status: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub headers: Vec<NameValue>,
    #[serde(default, deserialize_with = "or_default")]
    pub content: Content,
    #[serde(default, rename = "redirectURL", deserialize_with = "or_default")]
    pub redirect_url: String,
}

/// The body of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    #[serde(default, deserialize_with = "or_default")]
    pub encoding: String,
}

/// A header.
#[derive(Debug, Default, Deserialize)]
pub struct NameValue {
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
}

impl Archive {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is too large, no JSON, or JSON of something else.
    pub fn read(bytes: &[u8]) -> Result<Self, HarError> {
        if bytes.len() > HAR_BYTES_MAX {
            return Err(HarError::TooLarge);
        }
        // Fiddler, Charles and Internet Explorer begin with a byte order mark.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut file: Value =
            serde_json::from_slice(bytes).map_err(|error| HarError::NoJson(error.to_string()))?;
        let Some(Value::Array(entries)) = file.pointer_mut("/log/entries").map(Value::take) else {
            return Err(HarError::NoLog);
        };
        if entries.len() > ENTRIES_MAX {
            return Err(HarError::TooManyEntries);
        }
        let found = entries.len();
        let entries: Vec<Entry> = entries
            .into_iter()
            .filter_map(|entry| serde_json::from_value(entry).ok())
            .collect();
        let text = |pointer: &str| {
            file.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let named = ["browser", "creator"].map(|key| {
            (
                text(&format!("/log/{key}/name")),
                text(&format!("/log/{key}/version")),
            )
        });
        let browser = named.iter().find(|(name, _)| !name.is_empty());
        Ok(Self {
            browser: browser.map_or_else(String::new, |(name, version)| {
                format!("{name} {version}").trim().to_owned()
            }),
            malformed: found - entries.len(),
            entries,
        })
    }
}

/// `null` is what some exports write for nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_recording_says_so() {
        let error = |text: &str| Archive::read(text.as_bytes()).unwrap_err();
        assert!(matches!(error("{"), HarError::NoJson(_)));
        for text in ["[]", "{}", r#"{"log": {}}"#, r#"{"log": {"entries": {}}}"#] {
            assert_eq!(error(text), HarError::NoLog, "{text}");
        }
        let many = format!(
            r#"{{"log": {{"entries": [{}0]}}}}"#,
            "0,".repeat(ENTRIES_MAX)
        );
        assert_eq!(error(&many), HarError::TooManyEntries);
        let edge = format!(
            r#"{{"log": {{"entries": [{}0]}}}}"#,
            "0,".repeat(ENTRIES_MAX - 1)
        );
        assert_eq!(
            Archive::read(edge.as_bytes()).unwrap().malformed,
            ENTRIES_MAX
        );
    }

    #[test]
    fn nothing_but_the_request_has_to_be_there() {
        let text = "\u{feff}{\"log\": {\"creator\": {\"name\": \"WebKit Web Inspector\", \"version\": \"1.0\"}, \"entries\": [
            {\"request\": {\"method\": \"GET\", \"url\": \"https://a.example/\", \"headers\": null, \"postData\": null}, \"response\": null, \"time\": null},
            {\"request\": {\"method\": \"GET\"}}, 7]}}";
        let archive = Archive::read(text.as_bytes()).unwrap();
        assert_eq!((archive.entries.len(), archive.malformed), (1, 2));
        assert_eq!(archive.browser, "WebKit Web Inspector 1.0");
        assert_eq!(archive.entries[0].request.url, "https://a.example/");
    }
}
