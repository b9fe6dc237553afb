//! A folder of one test, below the target folder, removed when the test ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder that nobody else uses.
#[derive(Debug)]
pub struct TempFolder {
    path: PathBuf,
}

impl TempFolder {
    /// A new, empty folder.
    pub fn new() -> Self {
        let index = COUNT.fetch_add(1, Relaxed);
        let name = format!("it-{}-{index}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // A process of the same number may have been killed here.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target folder can be written");
        Self { path }
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        let above = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(above).expect("the target folder can be written");
        std::fs::write(&path, bytes).expect("the target folder can be written");
        path
    }

    /// Reads a file as text.
    pub fn read(&self, name: &str) -> String {
        let path = self.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every file below `name`, relative to it, in the order of the paths.
    pub fn files(&self, name: &str) -> Vec<PathBuf> {
        let root = self.join(name);
        let mut files = files_below(&root);
        for file in &mut files {
            *file = file.strip_prefix(&root).expect("it is below").to_owned();
        }
        files
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed is in the target folder, and goes with it.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Every file below `root`, in the order of the paths; none when there is no such folder.
pub fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_folder_is_gone_when_its_test_is_over() {
    let folder = TempFolder::new();
    folder.write("a/b.txt", "b");
    assert_eq!(folder.files("."), [Path::new("a/b.txt")]);
    let path = folder.path().to_owned();
    drop(folder);
    assert!(!path.exists());
}
