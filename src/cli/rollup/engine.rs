//! `rollup --engine` and `--engine-cmd`: another engine counts, and its answer is taken back.
//!
//! SQL and list are written into a folder that the engine sees, too; the answer is read from there. The
//! lake changes only when the answer is right; whatever goes wrong before, running it again is safe.

use std::path::{Path, PathBuf};

use super::process::{self, EngineRun};
use crate::cli::arguments::{DialectChoice, EngineArguments, EngineChoice, SourceChoice};
use crate::cli::exchange::{SqlTarget, cuts_us, folder, place};
use crate::cli::exit_code::{ExitCode, Failure};
use crate::cli::terminal::Terminal;
use crate::exchange::{RollupSql, SPARK_PROGRAM, SPARK_VIEW, SqlPlace, rollup_sql};
use crate::lake::Lake;
use crate::rollup::{CountJob, Imported, JobParts, Keeping, import};

/// Files of the work folder.
const SQL_NAME: &str = "rollup.sql";
const LIST_NAME: &str = "files.txt";
const PROGRAM_NAME: &str = "spark_rollup.py";

/// What counts.
enum Engine<'a> {
    Spark,
    Command(&'a str, DialectChoice),
}

impl Engine<'_> {
    fn name(&self) -> &'static str {
        match self {
            Engine::Spark => "Spark",
            Engine::Command(_, dialect) => dialect.dialect().name(),
        }
    }
}

/// The engine that was asked for, if one was.
fn asked(arguments: &EngineArguments) -> Option<Engine<'_>> {
    match (arguments.engine, &arguments.engine_cmd, arguments.dialect) {
        (Some(EngineChoice::Spark), ..) => Some(Engine::Spark),
        (None, Some(command), Some(dialect)) => Some(Engine::Command(command, dialect)),
        (None, ..) => None,
    }
}

/// Whether an engine was asked for.
pub fn is_asked(arguments: &EngineArguments) -> bool {
    asked(arguments).is_some()
}

/// Lets the engine count what nobody counted yet, and keeps its answer.
pub fn count(arguments: &EngineArguments, lake: &Lake, terminal: &Terminal) -> Result<(), Failure> {
    let Some(engine) = asked(arguments) else {
        return Ok(());
    };
    let parts = match arguments.all {
        true => JobParts::All,
        false => JobParts::Uncounted,
    };
    let job = CountJob::new(lake, &lake.reader()?, parts, &cuts_us(&arguments.cuts)?);
    if job.is_empty() {
        terminal.note("everything was counted already (hint: --all counts it anew)");
        return Ok(());
    }
    job.keep(lake)?;
    let work = WorkFolder::create(arguments, lake, &job)?;
    let command = prepare(arguments, &engine, lake, &job, &work)?;
    terminal.note(&format!(
        "{} counts {} rows in {} files; its log is {}",
        engine.name(),
        job.rows,
        job.parts.len(),
        work.log.display()
    ));
    process::run(
        &EngineRun {
            argv: &command,
            log: &work.log,
            timeout: arguments.engine_timeout.as_duration(),
        },
        terminal,
    )?;
    let out = work.out(&engine);
    if !out.exists() {
        return Err(Failure::new(
            ExitCode::Input,
            format!(
                "{} ended well and left no answer at `{}` (hint: the folder must be one that the engine sees under the same path, see --work-dir; its log is {})",
                engine.name(),
                out.display(),
                work.log.display()
            ),
        ));
    }
    let imported = import(lake, &lake.reader()?, &out, Keeping::Keep)?;
    terminal.note(&summary(&imported, Keeping::Keep));
    work.forget_log();
    Ok(())
}

/// What was taken over, in a sentence.
pub fn summary(imported: &Imported, keeping: Keeping) -> String {
    let done = match keeping {
        Keeping::Keep => "kept",
        Keeping::CheckOnly => "right, and not kept",
    };
    format!(
        "{done}: {} rows of the lake in {} cells of {} series; {} minutes counted here again are the same",
        imported.job.rows, imported.cells, imported.series, imported.recounted_minutes
    )
}

/// Writes what the engine reads; returns the program and its arguments.
fn prepare(
    arguments: &EngineArguments,
    engine: &Engine<'_>,
    lake: &Lake,
    job: &CountJob,
    work: &WorkFolder,
) -> Result<Vec<String>, Failure> {
    let folder = folder(lake, arguments.location.as_deref());
    let out = work.out(engine).display().to_string();
    let (dialect, place, into) = match engine {
        Engine::Spark => {
            let view = SqlPlace::Table {
                name: SPARK_VIEW,
                version: None,
            };
            (DialectChoice::Spark, view, None)
        }
        Engine::Command(_, dialect) => {
            let target = SqlTarget {
                dialect: *dialect,
                // Only what was not counted yet, which no table is.
                source: Some(SourceChoice::Files),
                table: arguments.table.as_deref(),
                folder: &folder,
            };
            (*dialect, place(target, job), own_place(*dialect, &out))
        }
    };
    let sql = rollup_sql(&RollupSql {
        dialect: dialect.dialect(),
        place,
        minutes: None,
        origin: None,
        cuts_us: &job.cuts_us,
        job: &job.id,
        into,
    })?;
    let files = job.parts.iter().map(|name| format!("{folder}/{name}\n"));
    let sql = work.write(SQL_NAME, &sql)?;
    let list = work.write(LIST_NAME, &files.collect::<String>())?;
    Ok(match engine {
        Engine::Spark => {
            let program = work.write(PROGRAM_NAME, SPARK_PROGRAM)?;
            spark_command(arguments, [program, sql, list, out])
        }
        Engine::Command(command, _) => {
            let filled = command
                .replace("{sql}", &in_shell(&sql))
                .replace("{files}", &in_shell(&list))
                .replace("{out}", &in_shell(&out));
            vec!["sh".to_owned(), "-c".to_owned(), filled]
        }
    })
}

/// Where the SQL itself writes its answer; with the other engines the command does.
fn own_place(dialect: DialectChoice, out: &str) -> Option<&str> {
    match dialect {
        DialectChoice::Duckdb | DialectChoice::Clickhouse | DialectChoice::Spark => Some(out),
        DialectChoice::Trino | DialectChoice::Athena | DialectChoice::Bigquery => None,
    }
}

fn spark_command(arguments: &EngineArguments, last: [String; 4]) -> Vec<String> {
    let submit = match (&arguments.spark_submit, std::env::var_os("SPARK_HOME")) {
        (Some(path), _) => path.clone(),
        (None, Some(home)) => Path::new(&home).join("bin").join("spark-submit"),
        (None, None) => PathBuf::from("spark-submit"),
    };
    let mut command = vec![submit.display().to_string()];
    command.extend(["--master".to_owned(), arguments.master.clone()]);
    for setting in &arguments.spark_conf {
        command.extend(["--conf".to_owned(), setting.clone()]);
    }
    command.extend(last);
    command
}

/// A text as one word of a POSIX shell.
fn in_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Where SQL, list and answer are while the engine runs; gone afterwards, but for the log of a failure.
struct WorkFolder {
    path: PathBuf,
    log: PathBuf,
}

impl WorkFolder {
    fn create(arguments: &EngineArguments, lake: &Lake, job: &CountJob) -> Result<Self, Failure> {
        let name = format!("{}-{}", job.id, std::process::id());
        let path = match &arguments.work_dir {
            None => lake.work_folder(&name)?,
            Some(folder) => {
                let path = folder.join(format!("firedrill-{name}"));
                std::fs::create_dir_all(&path)
                    .and_then(|()| path.canonicalize())
                    .map_err(|error| Failure::io("create", &path.display().to_string(), &error))?
            }
        };
        Ok(Self {
            log: std::env::temp_dir().join(format!("firedrill-engine-{name}.log")),
            path,
        })
    }

    /// A folder for Spark, which writes several files; a file for the others.
    fn out(&self, engine: &Engine<'_>) -> PathBuf {
        match engine {
            Engine::Spark | Engine::Command(_, DialectChoice::Spark) => self.path.join("cells"),
            Engine::Command(..) => self.path.join("cells.parquet"),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<String, Failure> {
        let path = self.path.join(name);
        std::fs::write(&path, text)
            .map_err(|error| Failure::io("write", &path.display().to_string(), &error))?;
        Ok(path.display().to_string())
    }

    fn forget_log(&self) {
        // It only says how it went well.
        let _ = std::fs::remove_file(&self.log);
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // It takes space and does no harm: nothing in it counts.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell_whatever_is_in_it() {
        assert_eq!(in_shell("/a b/it's"), "'/a b/it'\\''s'");
    }
}
