//! Capacity searches: what each asked for, and what its trials found; their requests are in the table.

use super::{Lake, LakeError, kept_json, searches_folder};

impl Lake {
    /// Keeps a search, as JSON; replaces what was kept of it before, at once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_search(&self, search_id: &str, json: &str) -> Result<(), LakeError> {
        kept_json::write(&self.place, &searches_folder(self.root()), search_id, json)
    }

    /// What is kept of a search, or `None` when the lake has none of that name.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_search(&self, search_id: &str) -> Result<Option<String>, LakeError> {
        kept_json::read(&self.place, &searches_folder(self.root()), search_id)
    }

    /// Names of the searches in the lake, in the order of the names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn search_ids(&self) -> Result<Vec<String>, LakeError> {
        kept_json::names(&self.place, &searches_folder(self.root()))
    }
}
