//! The key of the shopper hashes: 32 random bytes in hex, made once per lake.
//!
//! In: a place. Out: its key, which whoever comes first makes. In a folder only its owner can read it; in a
//! bucket whoever may read the object `key`, so a policy of the bucket should keep readers from it.

use std::path::Path;

use super::place::Place;
use super::{LakeError, io};

/// The key of the lake at `place`; made if there is none.
pub fn read_or_make(place: &Place) -> Result<[u8; 32], LakeError> {
    let path = place.root().join("key");
    let text = match place.read_text(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            make(place, &path)?;
            place.read_text(&path)
        }
        read => read,
    };
    let text = text.map_err(|source| io("read", &path, source))?;
    let hash = blake3::Hash::from_hex(text.trim()).map_err(|_| LakeError::NotALake {
        path: path.clone(),
        why: "its key is not 64 hexadecimal digits".to_owned(),
    })?;
    Ok(*hash.as_bytes())
}

/// Writes a fresh key unless another process was faster.
fn make(place: &Place, path: &Path) -> Result<(), LakeError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|source| io("make", path, source.into()))?;
    let key = format!("{}\n", blake3::Hash::from_bytes(bytes).to_hex());
    match place.is_folder() {
        true => make_file(path, &key),
        // `false` is the other process.
        false => place
            .create_object(path, &key)
            .map(|_| ())
            .map_err(|source| io("write", path, source)),
    }
}

/// A file that its owner alone can read, whole or not at all.
fn make_file(path: &Path, key: &str) -> Result<(), LakeError> {
    use std::io::Write;
    let staged = path.with_extension(format!("{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&staged).and_then(|mut file| {
        file.write_all(key.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| io("write", &staged, source))?;
    let linked = std::fs::hard_link(&staged, path);
    std::fs::remove_file(&staged).map_err(|source| io("remove", &staged, source))?;
    match linked {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(io("write", path, source))
        }
        _ => Ok(()),
    }
}
