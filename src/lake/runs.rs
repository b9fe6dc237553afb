//! What a rehearsal knows besides its requests: its scenario, and how well it kept its schedule.

use super::{Lake, LakeError, io, runs_folder, staging_folder};

impl Lake {
    /// Keeps the facts of a rehearsal, as JSON; replaces earlier ones of the same run at once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_run(&self, run_id: &str, json: &str) -> Result<(), LakeError> {
        let folder = runs_folder(&self.root);
        std::fs::create_dir_all(&folder).map_err(|source| io("create", &folder, source))?;
        let staged = staging_folder(&self.root).join(format!("{run_id}.json"));
        let target = folder.join(format!("{run_id}.json"));
        let write = |staged: &std::path::Path| {
            let mut file = std::fs::File::create(staged)?;
            std::io::Write::write_all(&mut file, json.as_bytes())?;
            file.sync_all()
        };
        write(&staged).map_err(|source| io("write", &staged, source))?;
        std::fs::rename(&staged, &target).map_err(|source| io("write", &target, source))
    }

    /// The facts of a rehearsal, or `None` when the lake has none of that name.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_run(&self, run_id: &str) -> Result<Option<String>, LakeError> {
        let path = runs_folder(&self.root).join(format!("{run_id}.json"));
        match std::fs::read_to_string(&path) {
            Ok(json) => Ok(Some(json)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io("read", &path, source)),
        }
    }

    /// Names of the rehearsals in the lake, in the order of the names.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn run_ids(&self) -> Result<Vec<String>, LakeError> {
        let mut names = self.run_names()?;
        // A name with a dot is that of a part of a run.
        names.retain(|name| !name.contains('.'));
        Ok(names)
    }

    /// Names under which facts of parts of a rehearsal are kept: that of the run, a dot, and more.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn run_part_names(&self, run_id: &str) -> Result<Vec<String>, LakeError> {
        let mut names = self.run_names()?;
        let is_part = |name: &str| {
            let rest = name.strip_prefix(run_id);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        names.retain(|name| is_part(name));
        Ok(names)
    }

    fn run_names(&self) -> Result<Vec<String>, LakeError> {
        let folder = runs_folder(&self.root);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(io("list", &folder, source)),
        };
        let mut ids: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                Some(name.strip_suffix(".json")?.to_owned())
            })
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }
}
