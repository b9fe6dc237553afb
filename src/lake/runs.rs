//! What a rehearsal knows besides its requests: its scenario, and how well it kept its schedule.

use super::{Lake, LakeError, kept_json, runs_folder};

impl Lake {
    /// Keeps the facts of a rehearsal, as JSON; replaces earlier ones of the same run at once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_run(&self, run_id: &str, json: &str) -> Result<(), LakeError> {
        kept_json::write(&self.place, &runs_folder(self.root()), run_id, json)
    }

    /// The facts of a rehearsal, or `None` when the lake has none of that name.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_run(&self, run_id: &str) -> Result<Option<String>, LakeError> {
        kept_json::read(&self.place, &runs_folder(self.root()), run_id)
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
        kept_json::names(&self.place, &runs_folder(self.root()))
    }
}
