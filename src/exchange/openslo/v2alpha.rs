//! v1 documents as v2alpha ones: other names for the same things.

use serde_json::{Map, Value, json};

use super::export::Document;
use super::{OpenSloVersion, SOURCE_TYPE};

/// Keys that are called otherwise. The document of the enhancement says `service`, the Go SDK's
/// newest examples `serviceRef`; the SDK is what others validate with.
const RENAMED: [(&str, &str); 3] = [
    ("indicator", "sli"),
    ("indicatorRef", "sliRef"),
    ("service", "serviceRef"),
];

/// Translates the documents, and adds the data source that they refer to.
pub(super) fn translate(documents: &mut Vec<Document>) {
    for document in documents.iter_mut() {
        document.value["spec"] = translated(document.value["spec"].take());
        let metadata = &mut document.value["metadata"];
        if let Some(title) = metadata
            .as_object_mut()
            .and_then(|all| all.remove("displayName"))
        {
            metadata["annotations"]["firedrill.dev/display-name"] = title;
        }
    }
    let source = json!({
        "apiVersion": OpenSloVersion::V2Alpha.api_version(),
        "kind": "DataSource",
        "metadata": {"name": SOURCE_TYPE},
        "spec": {
            "description": "request logs that firedrill has read into its lake",
            "type": SOURCE_TYPE,
            "connectionDetails": {"lake": "lake"},
        },
    });
    documents.insert(
        1.min(documents.len()),
        Document {
            value: source,
            target_at: None,
        },
    );
}

fn translated(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(translated).collect(),
        Value::Object(entries) => {
            let mut renamed = Map::new();
            for (key, value) in entries {
                if key == "metricSource" {
                    renamed.insert("dataSourceRef".to_owned(), SOURCE_TYPE.into());
                    renamed.insert("spec".to_owned(), value["spec"].clone());
                    continue;
                }
                let new = RENAMED.iter().find(|(old, _)| *old == key);
                let key = new.map_or(key, |(_, new)| (*new).to_owned());
                renamed.insert(key, translated(value));
            }
            Value::Object(renamed)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
