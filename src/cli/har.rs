//! `import har`: a browser's recording as a scenario.

use serde::Serialize;

use super::arguments::ImportHarArguments;
use super::exit_code::{ExitCode, Failure};
use super::rehearse::host;
use super::report::write_text;
use super::terminal::Terminal;
use crate::drafts::har::{HAR_BYTES_MAX, HarOptions, HarScenario, import_har};
use crate::scenario::is_loopback;

/// What `--json` prints.
#[derive(Serialize)]
struct HarJson<'a> {
    /// `scenario`.
    format: &'static str,
    /// The file; `None` where it went to one.
    text: Option<&'a str>,
    /// Where it went.
    output: Option<String>,
    requests: usize,
    steps: usize,
    assets: usize,
    takes: usize,
    notices: &'a [String],
}

/// Runs `import har`.
pub fn import(arguments: &ImportHarArguments, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let path = arguments.file.display().to_string();
    let bytes = read(&path)?;
    let target = arguments.host.as_deref().map(host).transpose()?;
    let other_machine = target
        .as_ref()
        .and_then(|url| url.host_str())
        .filter(|host| !is_loopback(host));
    let options = HarOptions {
        name: arguments.name.clone(),
        site: arguments.site.clone(),
        base_url: target
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/').to_owned()),
        hosts_allowed: other_machine.map(ToOwned::to_owned).into_iter().collect(),
        keeps_products: arguments.keep_products,
    };
    let imported = import_har(&bytes, &options)
        .map_err(|error| Failure::new(ExitCode::Input, format!("`{path}`: {error}")))?;
    print(&imported, arguments, terminal)?;
    Ok(ExitCode::Ok)
}

/// Not more of a file than is read at most.
fn read(path: &str) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(HAR_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::io("read", path, &error))?;
    Ok(bytes)
}

fn print(
    imported: &HarScenario,
    arguments: &ImportHarArguments,
    terminal: &Terminal,
) -> Result<(), Failure> {
    for notice in &imported.notices {
        terminal.note(&format!("note: {notice}"));
    }
    terminal.note(&format!(
        "{} requests: {} steps with {} files; {} values are taken from answers",
        imported.entries, imported.steps, imported.assets, imported.takes
    ));
    if let Some(path) = &arguments.output {
        write_text(path, &imported.text)?;
    }
    let text = arguments.output.is_none().then_some(imported.text.as_str());
    if terminal.is_json {
        return terminal.json(&HarJson {
            format: "scenario",
            text,
            output: arguments
                .output
                .as_ref()
                .map(|path| path.display().to_string()),
            requests: imported.entries,
            steps: imported.steps,
            assets: imported.assets,
            takes: imported.takes,
            notices: &imported.notices,
        });
    }
    match text {
        Some(text) => terminal.result(text.trim_end()),
        None => Ok(()),
    }
}
