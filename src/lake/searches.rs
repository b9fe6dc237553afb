//! Capacity searches: what each asked for, and what its trials found; their requests are in the table.

use super::{Lake, LakeError, io, searches_folder, staging_folder};

impl Lake {
    /// Keeps a search, as JSON; replaces what was kept of it before, at once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_search(&self, search_id: &str, json: &str) -> Result<(), LakeError> {
        let folder = searches_folder(&self.root);
        std::fs::create_dir_all(&folder).map_err(|source| io("create", &folder, source))?;
        let staged = staging_folder(&self.root).join(format!("search-{search_id}.json"));
        let target = folder.join(format!("{search_id}.json"));
        let write = |staged: &std::path::Path| {
            let mut file = std::fs::File::create(staged)?;
            std::io::Write::write_all(&mut file, json.as_bytes())?;
            file.sync_all()
        };
        write(&staged).map_err(|source| io("write", &staged, source))?;
        std::fs::rename(&staged, &target).map_err(|source| io("write", &target, source))
    }

    /// What is kept of a search, or `None` when the lake has none of that name.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_search(&self, search_id: &str) -> Result<Option<String>, LakeError> {
        let path = searches_folder(&self.root).join(format!("{search_id}.json"));
        match std::fs::read_to_string(&path) {
            Ok(json) => Ok(Some(json)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io("read", &path, source)),
        }
    }

    /// Names of the searches in the lake, in the order of the names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn search_ids(&self) -> Result<Vec<String>, LakeError> {
        let folder = searches_folder(&self.root);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(io("list", &folder, source)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(|source| io("list", &folder, source))?
                .file_name();
            let name = name.to_string_lossy();
            ids.extend(name.strip_suffix(".json").map(ToOwned::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }
}
