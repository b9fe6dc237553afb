//! What files of one type may say, made once for any number of them.
//!
//! In: a type. Out: its schema with the patterns compiled, which reads the text of a file.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::problem::{Findings, Problem, Source};
use super::schema_check::CheckedSchema;
use super::{
    Declared, DeclaredFileError, decoded, error_of, schema, serde_finding, sha256_of, tree,
};

/// What a file that declares a `T` may say.
///
/// [`parse`](super::parse) makes one for each file; whoever reads thousands of files keeps one, as
/// patterns take longer to compile than most files to read.
///
/// ```
/// use firedrill::declared_files::Schema;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Probe {
///     route: String,
/// }
///
/// let schema = Schema::<Probe>::new();
/// for route in ["/cart", "/order"] {
///     let text = format!("route: {route}");
///     let probe = schema.parse("probe.yaml".as_ref(), text.as_bytes(), &|_| None)?;
///     assert_eq!(probe.value.route, route);
/// }
/// # Ok::<(), firedrill::declared_files::DeclaredFileError>(())
/// ```
pub struct Schema<T> {
    checked: CheckedSchema,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + JsonSchema> Schema<T> {
    /// The schema that the type itself states.
    #[must_use]
    pub fn new() -> Self {
        let mut schema = schema::<T>();
        // The root's title is the name of a Rust type, which nobody who writes the file knows.
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("title");
        }
        Self {
            checked: CheckedSchema::new(schema),
            of: PhantomData,
        }
    }

    /// As [`parse`](super::parse).
    ///
    /// # Errors
    /// [`DeclaredFileError::Problems`] with everything that is wrong in the file.
    pub fn parse(
        &self,
        path: &Path,
        text: &[u8],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Declared<T>, DeclaredFileError> {
        let mut findings = Findings::default();
        let source = Source::new(path, decoded(text, &mut findings));
        if !findings.found.is_empty() {
            return Err(error_of(findings, &source));
        }
        let (root, secrets) = tree::read(&source.text, env, &mut findings);
        let Some(root) = root else {
            return Err(error_of(findings, &source));
        };
        self.checked.check(&root, &mut findings);
        findings.into_result(&source)?;
        match serde_path_to_error::deserialize(root.to_value()) {
            Ok(value) => Ok(Declared {
                value,
                source,
                root: Arc::new(root),
                secrets,
                sha256: sha256_of(text),
                moved: Vec::new(),
            }),
            Err(error) => {
                let finding = serde_finding(&error, &root, &secrets);
                let problem = Problem::new(&source, finding);
                Err(DeclaredFileError::from(vec![problem]))
            }
        }
    }
}

impl<T: DeserializeOwned + JsonSchema> Default for Schema<T> {
    fn default() -> Self {
        Self::new()
    }
}
