//! The environment of the process, taken once and passed on, so that tests have one of their own.

use std::collections::BTreeMap;

/// Variables by name. Values may be secrets: they are never shown.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process; variables that are no text are left out.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let texts = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self(texts.collect())
    }

    /// One of these variables alone.
    #[cfg(test)]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let texts = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(texts.into_iter().collect())
    }

    /// A variable, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// Whether one of these variables is there.
    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// Every variable whose name begins with `prefix`, the name in small letters.
    pub fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (String, &str)> {
        let all = self.0.iter();
        all.filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Environment {{ {} variables }}", self.0.len())
    }
}
