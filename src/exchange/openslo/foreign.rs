//! OpenSLO documents of other tools as a set that is to be filled in.
//!
//! Queries of other systems are never evaluated. Each becomes an event that matches nothing until
//! somebody says which requests it means, so that an SLI which was not filled in has no data, and
//! is never green. Sources of type `firedrill` are understood.

mod burn_rules;
mod events;
mod objectives;
mod slo;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::document::{Document, as_written};
use super::{Imported, OpenSloVersion};
use crate::declared_files::{DeclaredFileError, parse};
use crate::exchange::{Notice, yaml};
use crate::sli::definition::SliSetDefinition;

/// The name of a set whose documents name no service.
const SET_NAME: &str = "imported";

/// The set that the documents are about.
///
/// # Errors
/// When there is no SLO and no SLI in the file.
pub(super) fn import(path: &Path, documents: &[Document]) -> Result<Imported, DeclaredFileError> {
    let mut import = Import::new(documents);
    for document in documents.iter().filter(|document| document.kind() == "SLO") {
        import.slo(document);
    }
    for document in documents.iter().filter(|document| document.kind() == "SLI") {
        import.sli_alone(document);
    }
    if import.slis.is_empty() {
        let hint = "an SLO needs `objectives`, and an SLI `ratioMetric` or `thresholdMetric`";
        return Err(documents[0].error("", "there is no SLO and no SLI in this file", hint));
    }
    import.services();
    import.leftovers();
    let (tree, mut notices) = import.finish();
    // A file of another tool may ask for what this project's files do not allow.
    let text = yaml::document(&tree);
    match parse::<SliSetDefinition>(path, text.as_bytes(), &as_written) {
        Ok(declared) => {
            notices.sort_by_key(|notice| place_key(&notice.place));
            Ok(Imported {
                set: declared.value,
                notices,
            })
        }
        Err(error) => {
            let problem = error.problems().first();
            let why = problem.map_or_else(String::new, |problem| problem.message.clone());
            let message = format!("no SLI set can be made of this: {why}");
            Err(documents[0].error("", &message, "change it in the file, and import it again"))
        }
    }
}

/// `file:12:5` in the order of lines and not of letters.
fn place_key(place: &str) -> (u32, u32) {
    let mut numbers = place.rsplit(':').map(|number| number.parse().unwrap_or(0));
    let (column, line) = (numbers.next(), numbers.next());
    (line.unwrap_or(0), column.unwrap_or(0))
}

/// The set so far.
struct Import<'d> {
    documents: &'d [Document],
    /// Documents by kind and name, for references.
    index: BTreeMap<(&'d str, &'d str), &'d Document>,
    slis: Vec<Value>,
    names: BTreeSet<String>,
    events: Map<String, Value>,
    services: BTreeSet<&'d str>,
    /// SLI documents that an SLO refers to.
    used_slis: BTreeSet<&'d str>,
    /// The longest window of which those of all SLIs are whole multiples, s.
    window_s: Option<u64>,
    time_zone: Option<&'d str>,
    notices: Vec<Notice>,
}

impl<'d> Import<'d> {
    fn new(documents: &'d [Document]) -> Self {
        let mut import = Self {
            documents,
            index: BTreeMap::new(),
            slis: Vec::new(),
            names: BTreeSet::new(),
            events: Map::new(),
            services: BTreeSet::new(),
            used_slis: BTreeSet::new(),
            window_s: None,
            time_zone: None,
            notices: Vec::new(),
        };
        for document in documents {
            let key = (document.kind(), document.name());
            if import.index.insert(key, document).is_some() {
                let message = format!(
                    "{} `{}` is there twice: references mean this one",
                    key.0, key.1
                );
                import
                    .notices
                    .push(document.notice("/metadata/name", message));
            }
            import.check_version(document);
        }
        import
    }

    fn check_version(&mut self, document: &Document) {
        let versions = [
            OpenSloVersion::V1,
            OpenSloVersion::V1Alpha,
            OpenSloVersion::V2Alpha,
        ];
        let version = document.text("/apiVersion").unwrap_or_default();
        if !versions.iter().any(|known| known.api_version() == version) {
            let message = format!("`{version}` is no version of OpenSLO known here: read as v1");
            self.notices.push(document.notice("/apiVersion", message));
        }
    }

    /// A name that no other SLI of the set has.
    fn unique_name(&mut self, document: &Document, wanted: &str) -> String {
        let wanted = if wanted.is_empty() { "unnamed" } else { wanted };
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        if name != wanted {
            let message = format!("the name `{wanted}` is used twice: this one is `{name}`");
            self.notices
                .push(document.notice("/metadata/name", message));
        }
        name
    }

    /// An SLI that no SLO refers to.
    fn sli_alone(&mut self, document: &'d Document) {
        if self.used_slis.contains(document.name()) {
            return;
        }
        let title = title(document);
        let name = self.unique_name(document, document.name());
        let sli = self.measured(document, "/spec", &name, title, None);
        self.slis.push(sli);
        self.notices
            .push(document.notice("", "no SLO refers to this SLI: it has no objective"));
    }

    fn services(&mut self) {
        for document in self
            .documents
            .iter()
            .filter(|document| document.kind() == "Service")
        {
            document.text("/metadata/displayName");
            self.services.insert(document.name());
        }
        if self.services.len() > 1 {
            let names: Vec<&str> = self.services.iter().copied().collect();
            let message = format!(
                "several services ({}) become one set: name them in the events' `service`",
                names.join(", ")
            );
            self.notices.push(self.documents[0].notice("", message));
        }
    }

    /// Everything that nobody asked for, and documents without a meaning here.
    fn leftovers(&mut self) {
        for document in self.documents {
            let kind = document.kind();
            let unknown = match kind {
                "SLO"
                | "SLI"
                | "Service"
                | "AlertPolicy"
                | "AlertCondition"
                | "AlertNotificationTarget" => None,
                "DataSource" => Some("firedrill reads logs: a data source has no meaning here"),
                "BudgetAdjustment" => Some("write these times as `exclusions`: left out"),
                _ => Some("this kind of document is not known: left out"),
            };
            match unknown {
                Some(message) => {
                    let message = format!("{kind} `{}`: {message}", document.name());
                    self.notices.push(document.notice("", message));
                }
                None => self.notices.extend(document.leftovers()),
            }
        }
    }

    fn finish(self) -> (Value, Vec<Notice>) {
        let mut services = self.services.iter();
        let mut set = json!({
            "name": services.next().copied().filter(|name| !name.is_empty()).unwrap_or(SET_NAME),
            "events": self.events,
            "slis": self.slis,
        });
        if let Some(window_s) = self.window_s {
            let window: Value = format!("{window_s}s").into();
            for sli in set["slis"].as_array_mut().into_iter().flatten() {
                if sli.get("window") == Some(&window)
                    && let Some(sli) = sli.as_object_mut()
                {
                    sli.remove("window");
                }
            }
            set["window"] = window;
        }
        if let Some(zone) = self.time_zone {
            set["time_zone"] = zone.into();
        }
        (set, self.notices)
    }
}

/// What a document is called for people.
fn title(document: &Document) -> &str {
    let title = document.text("/metadata/displayName");
    title
        .or_else(|| document.text("/spec/displayName"))
        .unwrap_or_else(|| document.name())
}
