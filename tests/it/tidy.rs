//! The rules of the source that no compiler checks, as ordinary tests.
//!
//! Each rule is a function from text to what is wrong with it, which has a test of its own on a
//! small text, so that it is known to be able to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::rust_source::{code_only, imports, test_modules, without_test_items};
use super::temp_folder::files_below;

/// The most lines of a source file.
const FILE_LINES_MAX: usize = 500;
/// Names that say nothing.
const FORBIDDEN_NAMES: [&str; 4] = ["utils", "common", "helpers", "misc"];

/// One file of the source.
struct SourceFile {
    /// From the top of the repository.
    path: PathBuf,
    /// As written.
    text: String,
    /// Without comments and literals.
    code: String,
}

impl SourceFile {
    fn new(path: PathBuf, text: String) -> Self {
        let code = code_only(&text);
        Self { path, text, code }
    }

    /// The names of its folders and its own, from `src` down: `lake`, `part` of `src/lake/part.rs`.
    fn module(&self) -> Vec<String> {
        let below = self
            .path
            .strip_prefix("src")
            .unwrap_or(&self.path)
            .with_extension("");
        let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
        parts.filter(|part| part != "mod").collect()
    }
}

/// A path from the top of the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(in_repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files(folder: &str) -> Vec<SourceFile> {
    let root = in_repository("");
    let paths = files_below(&in_repository(folder)).into_iter();
    let rust = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let files = rust.map(|path| {
        let text = std::fs::read_to_string(&path).expect("a source file is text");
        let below = path.strip_prefix(&root).expect("it is in the repository");
        SourceFile::new(below.to_owned(), text)
    });
    files.collect()
}

/// Whether every line is true, else fails with all that is wrong.
#[track_caller]
pub fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is_for_and_is_not_long() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(files);
    let wrong: Vec<_> = all
        .flat_map(|file| shape_problems(&file.path, &file.text))
        .collect();
    assert_none(&wrong);
}

fn shape_problems(path: &Path, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if !text.starts_with("//! ") {
        wrong.push(format!("{}: does not open with `//!`", path.display()));
    }
    if lines > FILE_LINES_MAX {
        wrong.push(format!(
            "{}: {lines} lines, more than {FILE_LINES_MAX}",
            path.display()
        ));
    }
    for part in path.with_extension("").iter() {
        if FORBIDDEN_NAMES.iter().any(|name| part == *name) {
            wrong.push(format!(
                "{}: `{}` says nothing",
                path.display(),
                part.display()
            ));
        }
    }
    wrong
}

#[test]
fn a_file_without_purpose_or_name_or_end_is_found() {
    let problems = |path: &str, text: &str| shape_problems(Path::new(path), text).len();
    let long = "//! A\n".repeat(FILE_LINES_MAX);
    assert_eq!(problems("src/a.rs", "//! For a.\n"), 0);
    assert_eq!(problems("src/a.rs", &long), 0);
    assert_eq!(problems("src/a.rs", &format!("{long}\n")), 1);
    assert_eq!(problems("src/a.rs", "use a;\n"), 1);
    assert_eq!(problems("src/a/helpers.rs", "//! For a.\n"), 1);
    assert_eq!(problems("src/utils/mod.rs", "//! For a.\n"), 1);
}

#[test]
fn the_product_never_unwraps() {
    assert_none(&unwraps(&files("src")));
}

fn unwraps(files: &[SourceFile]) -> Vec<String> {
    let tests = test_files(files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !tests.contains(&file.module())) {
        let product = without_test_items(&file.code);
        for (index, line) in product.lines().enumerate() {
            if line.contains(".unwrap()") {
                wrong.push(format!("{}:{}: `unwrap()`", file.path.display(), index + 1));
            }
        }
    }
    wrong
}

/// The modules that only tests have, with everything below them.
fn test_files(files: &[SourceFile]) -> BTreeSet<Vec<String>> {
    let mut tests = BTreeSet::new();
    for file in files {
        for name in test_modules(&file.code) {
            let mut module = file.module();
            module.retain(|part| part != "lib" && part != "main");
            module.push(name.to_owned());
            let below = files.iter().map(SourceFile::module);
            tests.extend(below.filter(|other| other.starts_with(&module)));
        }
    }
    tests
}

#[test]
fn an_unwrap_is_found_and_one_in_a_test_is_not() {
    let file = |path: &str, text: &str| SourceFile::new(path.into(), text.to_owned());
    let found = unwraps(&[
        file(
            "src/a/mod.rs",
            "#[cfg(test)]\nmod tests;\nfn f() {\n x.unwrap() }",
        ),
        file("src/a/tests/deep.rs", "fn f() { x.unwrap() }"),
        file(
            "src/b.rs",
            "// .unwrap()\n#[cfg(test)]\nmod tests { fn g() { x.unwrap() } }",
        ),
    ]);
    assert_eq!(found, ["src/a/mod.rs:4: `unwrap()`"]);
}

#[test]
fn each_of_these_libraries_is_spoken_to_in_one_module() {
    let files = files("src");
    let mut wrong = speakers(&files, "parquet", "lake");
    wrong.extend(speakers(&files, "delta_kernel", "lake"));
    wrong.extend(speakers(&files, "object_store", "lake"));
    wrong.extend(speakers(&files, "goose", "drill"));
    assert_none(&wrong);
}

fn speakers(files: &[SourceFile], library: &str, module: &str) -> Vec<String> {
    let path = format!("{library}::");
    let others = files.iter().filter(|file| file.module()[0] != module);
    let strangers = others.filter(|file| {
        let mut places = file.code.match_indices(&path);
        places.any(|(at, _)| {
            !file.code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_')
        })
    });
    let wrong = strangers.map(|file| {
        format!(
            "{}: only `{module}` speaks to {library}",
            file.path.display()
        )
    });
    wrong.collect()
}

#[test]
fn a_second_speaker_is_found() {
    let file = |path: &str, text: &str| SourceFile::new(path.into(), text.to_owned());
    let files = [
        file("src/drill/a.rs", "use goose::x;"),
        file("src/cli/b.rs", "// goose::x\nuse mongoose::x;"),
        file("src/report.rs", "use goose::x;"),
    ];
    let found = speakers(&files, "goose", "drill");
    assert_eq!(found, ["src/report.rs: only `drill` speaks to goose"]);
}

#[test]
fn modules_import_what_the_table_in_the_architecture_says_and_nothing_else() {
    let table = import_table(&read("ARCHITECTURE.md"));
    assert_none(&import_problems(&files("src"), &table));
}

/// What each module may import, and which of it must be there.
#[derive(Debug, PartialEq, Eq)]
struct ImportTable {
    allowed: BTreeMap<String, BTreeSet<String>>,
    /// Every arrow that a row names one by one.
    named: BTreeSet<(String, String)>,
}

/// Reads the table under the header `module | may import …`.
fn import_table(document: &str) -> ImportTable {
    let is_header = |line: &str| line.starts_with("| module | may import");
    let rows = document.lines().skip_while(|line| !is_header(line)).skip(2);
    let mut table = ImportTable {
        allowed: BTreeMap::new(),
        named: BTreeSet::new(),
    };
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, modules, may_import, ..] = cells.as_slice() else {
            panic!("no row of two cells: {row}");
        };
        let above: BTreeSet<String> = table.allowed.keys().cloned().collect();
        let is_all = may_import.starts_with("all above");
        let imported = if is_all {
            above
        } else {
            in_backticks(may_import)
        };
        for module in in_backticks(modules) {
            if !is_all {
                let arrows = imported.iter().map(|other| (module.clone(), other.clone()));
                table.named.extend(arrows);
            }
            table.allowed.insert(module, imported.clone());
        }
    }
    table
}

fn in_backticks(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(ToOwned::to_owned)
        .collect()
}

/// What only tests import needs no arrow, and proves one that is there.
fn import_problems(files: &[SourceFile], table: &ImportTable) -> Vec<String> {
    let modules: BTreeSet<String> = files.iter().map(|file| file.module()[0].clone()).collect();
    let tests = test_files(files);
    let mut unused = table.named.clone();
    let mut wrong = Vec::new();
    for file in files {
        let module = &file.module()[0];
        let is_test = tests.contains(&file.module());
        let product = if is_test {
            String::new()
        } else {
            without_test_items(&file.code)
        };
        let found = imported_in(&product, file, &modules);
        if module == "main" || module == "lib" {
            let strangers = found
                .iter()
                .filter(|other| *module == "lib" || *other != "cli");
            wrong.extend(strangers.map(|other| arrow(file, module, other)));
            continue;
        }
        let Some(allowed) = table.allowed.get(module) else {
            wrong.push(format!(
                "{}: `{module}` has no row in the table",
                file.path.display()
            ));
            continue;
        };
        for other in found {
            if !allowed.contains(&other) {
                wrong.push(arrow(file, module, &other));
            }
        }
        for other in imported_in(&file.code, file, &modules) {
            unused.remove(&(module.clone(), other));
        }
    }
    let extra = unused.into_iter();
    wrong.extend(
        extra.map(|(from, to)| format!("the table has `{from}` → `{to}`, the source has not")),
    );
    let rows = table.allowed.keys().filter(|row| !modules.contains(*row));
    wrong.extend(
        rows.map(|row| format!("the table has a row `{row}`, the source has no such module")),
    );
    wrong
}

fn arrow(file: &SourceFile, from: &str, to: &str) -> String {
    format!(
        "{}: `{from}` imports `{to}`, the table has no such arrow",
        file.path.display()
    )
}

/// The other modules of ours that `code` of a file imports.
fn imported_in(code: &str, file: &SourceFile, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let module = file.module();
    let is_main = module[0] == "main";
    let code = if is_main {
        code.replace("firedrill::", "crate::")
    } else {
        code.to_owned()
    };
    let mut found = imports(&code, module.len());
    found.retain(|name| modules.contains(name) && *name != module[0]);
    found
}

#[test]
fn a_wrong_arrow_and_a_wrong_table_are_found() {
    let table = import_table(
        "text\n| module | may import (nothing else of ours) |\n|---|---|\n| `a` `b` | – |\n| `c` | `a` `b` |\n| `cli` | all above; `main` imports `cli` only |\n\n| `x` | `y` |\n",
    );
    assert_eq!(table.allowed.len(), 4);
    assert_eq!(table.named.len(), 2);
    let file = |path: &str, text: &str| SourceFile::new(path.into(), text.to_owned());
    let right = || {
        vec![
            file("src/a.rs", "// crate::b\n"),
            file("src/b/mod.rs", "use crate::b::deep;"),
            file("src/c.rs", "use crate::{a, b};"),
            file("src/cli/mod.rs", "use crate::c;"),
            file("src/main.rs", "fn main() { firedrill::cli::run() }"),
        ]
    };
    let with = |path: &str, text: &str| {
        let mut files = right();
        files.retain(|other| other.path != Path::new(path));
        files.push(file(path, text));
        import_problems(&files, &table)
    };
    assert_eq!(import_problems(&right(), &table), Vec::<String>::new());
    assert_eq!(
        with("src/a.rs", "use crate::b::B;").len(),
        1,
        "an arrow that is not allowed"
    );
    assert_eq!(
        with("src/b/mod.rs", "use crate::cli::x;").len(),
        1,
        "an arrow to the top"
    );
    assert_eq!(
        with("src/b/deep.rs", "use super::super::a::A;").len(),
        1,
        "an arrow by climbing"
    );
    assert_eq!(
        with("src/c.rs", "use crate::a;").len(),
        1,
        "an arrow that is not there"
    );
    assert_eq!(with("src/d.rs", "").len(), 1, "a module without a row");
    let in_a_test = "#[cfg(test)]\nmod tests { use crate::b::B; }";
    assert_eq!(
        with("src/a.rs", in_a_test).len(),
        0,
        "a test may look anywhere"
    );
    assert_eq!(
        with("src/main.rs", "use firedrill::a;").len(),
        1,
        "main imports a stage"
    );
    let mut missing = right();
    missing.remove(0);
    let found = import_problems(&missing, &table);
    assert!(
        found.iter().any(|line| line.contains("no such module")),
        "{found:?}"
    );
}
