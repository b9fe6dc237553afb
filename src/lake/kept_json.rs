//! Facts that are kept beside the table, one JSON file each, in a folder of the lake.
//!
//! In: a place, a folder of it, a name. Out: the text that is kept under the name, and the names there are.

use std::path::Path;

use super::place::Place;
use super::{LakeError, io};

/// Keeps `json` under `name`; replaces at once what had this name.
pub fn write(place: &Place, folder: &Path, name: &str, json: &str) -> Result<(), LakeError> {
    place
        .make_folder(folder)
        .map_err(|source| io("create", folder, source))?;
    let file_name = format!("{name}.json");
    let target = folder.join(&file_name);
    place
        .replace(&target, &file_name, json, true)
        .map_err(|source| io("write", &target, source))
}

/// What is kept under `name`; `None` when there is nothing.
pub fn read(place: &Place, folder: &Path, name: &str) -> Result<Option<String>, LakeError> {
    let path = folder.join(format!("{name}.json"));
    match place.read_text(&path) {
        Ok(json) => Ok(Some(json)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io("read", &path, source)),
    }
}

/// Every name, in the order of the names.
pub fn names(place: &Place, folder: &Path) -> Result<Vec<String>, LakeError> {
    let files = place
        .list(folder)
        .map_err(|source| io("list", folder, source))?;
    let mut names: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let name = file.path.file_name()?.to_str()?;
            Some(name.strip_suffix(".json")?.to_owned())
        })
        .collect();
    names.sort_unstable();
    Ok(names)
}
