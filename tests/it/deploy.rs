//! What stands under `deploy/`: the program takes every argument in there, and all parts agree.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use firedrill::declared_files::parse;
use serde_json::Value;

use super::program::{Ran, command, list, run, start, text, wait};
use super::temp_folder::TempFolder;
use super::tidy::{in_repository, read};

/// The documents of a manifest.
fn documents(path: &str) -> Vec<Value> {
    let manifest = read(path);
    let documents = manifest.split("\n---\n");
    let documents = documents.map(|text| {
        let declared = parse::<Value>(Path::new(path), text.as_bytes(), &|_| None);
        declared.unwrap_or_else(|error| panic!("{error}")).value
    });
    documents.collect()
}

/// The document of this kind and name.
#[track_caller]
fn named<'a>(documents: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = documents
        .iter()
        .find(|document| document["kind"] == kind && document["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The one container of a job.
fn container(job: &Value) -> &Value {
    let [container] = list(job, "/spec/template/spec/containers") else {
        panic!("more than one container in {job}");
    };
    container
}

/// Its arguments, with the values of its environment and its folders in the test's folder.
fn arguments(documents: &[Value], job: &Value, folder: &TempFolder) -> Vec<String> {
    let container = container(job);
    let mut environment = BTreeMap::new();
    for variable in list(container, "/env") {
        let from = variable
            .pointer("/valueFrom/configMapKeyRef")
            .expect("it is of the config map");
        let map = named(documents, "ConfigMap", text(from, "/name"));
        let value = text(map, &format!("/data/{}", text(from, "/key")));
        environment.insert(text(variable, "/name").to_owned(), value.to_owned());
    }
    let mounts = list(container, "/volumeMounts").iter();
    let mounts: Vec<&str> = mounts.map(|mount| text(mount, "/mountPath")).collect();
    let arguments = list(container, "/args").iter().map(|argument| {
        let mut argument = argument.as_str().expect("an argument is a text").to_owned();
        for (name, value) in &environment {
            argument = argument.replace(&format!("$({name})"), value);
        }
        assert!(!argument.contains("$("), "{argument}");
        for mount in &mounts {
            let own = folder.join(mount.trim_start_matches('/'));
            argument = argument.replace(&format!("{mount}/"), &format!("{}/", own.display()));
        }
        argument
    });
    arguments.collect()
}

/// The folder that the pods would see: the scenario of the config map in `/scenario`.
fn prepared(documents: &[Value]) -> TempFolder {
    let folder = TempFolder::new();
    let map = named(documents, "ConfigMap", "firedrill-surge");
    std::fs::create_dir_all(folder.join("scenario")).expect("a folder can be made");
    std::fs::create_dir_all(folder.join("data")).expect("a folder can be made");
    folder.write("scenario/surge.yaml", text(map, "/data/surge.yaml"));
    folder
}

fn carry_out(folder: &TempFolder, arguments: &[String], variables: &[(&str, String)]) -> Ran {
    let mut command = command(folder, "");
    command.args(arguments);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    wait(start(&mut command))
}

/// Shoppers that each of the shards would send, and all of them together.
#[track_caller]
fn assert_shares(shares: &[f64], whole: &Value) {
    let whole = whole["arrivals"].as_f64().expect("a number");
    let sum: f64 = shares.iter().sum();
    assert!(
        (sum - whole).abs() < 1e-6 * whole,
        "{shares:?}: {sum}, not {whole}"
    );
}

fn arrivals(forecast: &Ran) -> f64 {
    forecast.json()["arrivals"].as_f64().expect("a number")
}

#[test]
fn the_pods_of_the_kubernetes_job_are_shards_of_its_scenario() {
    let documents = documents("deploy/kubernetes.yaml");
    let folder = prepared(&documents);
    let job = named(&documents, "Job", "firedrill-surge");
    let spec = &job["spec"];
    let completions = spec["completions"].as_u64().expect("a number");
    assert_eq!(spec["completionMode"], "Indexed");
    // All at once, and none a second time.
    assert_eq!(spec["parallelism"], completions);
    assert_eq!(spec["backoffLimitPerIndex"], 0);
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Never");
    let mut arguments = arguments(&documents, job, &folder);
    assert!(arguments.contains(&format!("--shard=auto/{completions}")));
    arguments.push("--dry-run".to_owned());
    let shares = (0..completions).map(|index| {
        let variables = [("JOB_COMPLETION_INDEX", index.to_string())];
        arrivals(&carry_out(&folder, &arguments, &variables).exits(0))
    });
    let shares: Vec<f64> = shares.collect();
    let whole = run(&folder, "rehearse scenario/surge.yaml --dry-run --json")
        .exits(0)
        .json();
    assert_shares(&shares, &whole);
}

#[test]
fn the_judging_job_of_kubernetes_judges_that_run_in_that_lake() {
    let documents = documents("deploy/kubernetes.yaml");
    let folder = prepared(&documents);
    let of = |name: &str| arguments(&documents, named(&documents, "Job", name), &folder);
    let value = |arguments: &[String], option: &str| {
        let mut values = arguments.iter();
        let found = values.find_map(|argument| argument.strip_prefix(option)?.strip_prefix('='));
        found.map(ToOwned::to_owned).expect("the option is there")
    };
    let (shard, judge) = (of("firedrill-surge"), of("firedrill-judge"));
    assert_eq!(value(&shard, "--run-id"), value(&judge, "--judge"));
    assert_eq!(value(&shard, "--lake"), value(&judge, "--lake"));
    assert_eq!(shard[1], judge[1], "one scenario");
    // A file in the place of the lake: every argument was taken before that is found.
    folder.write("data/lake", "no lake");
    let refused = carry_out(&folder, &judge, &[]).refuses(4);
    assert!(
        refused.err.contains("is not a lake: it is a file"),
        "{}",
        refused.err
    );
}

#[test]
fn pods_are_nobody_and_may_nothing() {
    let documents = documents("deploy/kubernetes.yaml");
    for name in ["firedrill-surge", "firedrill-judge"] {
        let job = named(&documents, "Job", name);
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["automountServiceAccountToken"], false);
        let own = &container(job)["securityContext"];
        assert_eq!(own["allowPrivilegeEscalation"], false);
        assert_eq!(own["readOnlyRootFilesystem"], true);
        assert_eq!(own["capabilities"]["drop"], serde_json::json!(["ALL"]));
        let user = pod["securityContext"]["runAsUser"]
            .as_u64()
            .expect("a number");
        let last = instructions("deploy/Containerfile").pop().expect("a stage");
        assert!(
            last.has("USER", &format!("{user}:{user}")),
            "the image has the same user"
        );
    }
}

/// The Slurm script in `folder`, with a `firedrill` that only says what it would do.
fn sbatch(folder: &TempFolder, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let program = env!("CARGO_BIN_EXE_firedrill");
    let plan = "case \" $* \" in *\" --judge \"*) ;; *) set -- \"$@\" --dry-run;; esac";
    folder.write(
        "bin/firedrill",
        format!("#!/bin/sh\n{plan}\nexec '{program}' \"$@\"\n"),
    );
    let made = Command::new("chmod")
        .arg("+x")
        .arg(folder.join("bin/firedrill"))
        .status();
    assert!(made.expect("chmod is installed").success());
    let path = std::env::var("PATH").unwrap_or_default();
    let mut bash = Command::new("bash");
    bash.arg(in_repository("deploy/slurm.sbatch"))
        .args(arguments)
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("FIREDRILL_LAKE", folder.join("lake"))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    wait(start(&mut bash))
}

#[test]
fn the_tasks_of_the_slurm_array_are_shards_of_its_scenario() {
    let documents = documents("deploy/kubernetes.yaml");
    let folder = prepared(&documents);
    std::fs::create_dir_all(folder.join("bin")).expect("a folder can be made");
    let script = read("deploy/slurm.sbatch");
    assert!(script.contains("\n#SBATCH --array=0-9\n"));
    assert!(
        script.contains("\n#SBATCH --no-requeue\n"),
        "no shard a second time"
    );
    let surge = ["scenario/surge.yaml", "http://127.0.0.1:9"];
    let shares = (0..10).map(|task| {
        let task = task.to_string();
        let variables = [
            ("SLURM_ARRAY_JOB_ID", "42"),
            ("SLURM_ARRAY_TASK_ID", task.as_str()),
            ("SLURM_ARRAY_TASK_MIN", "0"),
            ("SLURM_ARRAY_TASK_STEP", "1"),
            ("SLURM_ARRAY_TASK_COUNT", "10"),
        ];
        arrivals(&sbatch(&folder, &surge, &variables).exits(0))
    });
    let shares: Vec<f64> = shares.collect();
    let whole = run(&folder, "rehearse scenario/surge.yaml --dry-run --json")
        .exits(0)
        .json();
    assert_shares(&shares, &whole);
    let outside = sbatch(&folder, &surge, &[]);
    assert!(
        outside.err.contains("this is a Slurm array script"),
        "{}",
        outside.err
    );
    folder.write("lake", "no lake");
    let judged = sbatch(&folder, &["--judge", "42"], &[]).refuses(4);
    assert!(
        judged.err.contains("is not a lake: it is a file"),
        "{}",
        judged.err
    );
}

/// One stage of a container image.
struct Stage {
    name: String,
    from: String,
    /// Instruction and the rest of its line.
    instructions: Vec<(String, String)>,
}

impl Stage {
    fn has(&self, instruction: &str, rest: &str) -> bool {
        let mut all = self.instructions.iter();
        all.any(|(name, text)| name == instruction && text == rest)
    }
}

/// The stages of a recipe, in their order.
fn instructions(path: &str) -> Vec<Stage> {
    let recipe = read(path).replace("\\\n", " ");
    let mut stages: Vec<Stage> = Vec::new();
    for line in recipe.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        if name == "FROM" {
            let (from, name) = rest.split_once(" AS ").expect("every stage has a name");
            stages.push(Stage {
                name: name.to_owned(),
                from: from.to_owned(),
                instructions: Vec::new(),
            });
            continue;
        }
        let stage = stages.last_mut().expect("it begins with FROM");
        let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        stage.instructions.push((name.to_owned(), rest));
    }
    stages
}

#[test]
fn the_image_is_built_in_stages_and_runs_as_nobody() {
    let stages = instructions("deploy/Containerfile");
    let last = stages.last().expect("a stage");
    assert_eq!(
        (last.name.as_str(), last.from.as_str()),
        ("static", "scratch")
    );
    for (index, stage) in stages.iter().enumerate() {
        let is_builder = stage.name.starts_with("build-");
        let runs_as = stage.instructions.iter().find(|(name, _)| name == "USER");
        assert_eq!(runs_as.is_none(), is_builder, "{}", stage.name);
        let entry = "[\"/usr/local/bin/firedrill\"]";
        assert_eq!(
            stage.has("ENTRYPOINT", entry),
            !is_builder,
            "{}",
            stage.name
        );
        let copies = stage.instructions.iter().filter(|(name, _)| name == "COPY");
        for (_, copied) in copies {
            let words: Vec<&str> = copied.split(' ').collect();
            let (_, sources) = words.split_last().expect("a COPY has a target");
            match sources
                .first()
                .and_then(|first| first.strip_prefix("--from="))
            {
                Some(from) => assert!(
                    stages[..index].iter().any(|stage| stage.name == from),
                    "{copied}"
                ),
                None => assert!(
                    sources.iter().all(|path| in_repository(path).exists()),
                    "{copied}"
                ),
            }
        }
        let builds = stage.instructions.iter().any(|(name, run)| {
            name == "RUN" && run.starts_with("cargo build --release --locked --bin firedrill")
        });
        assert_eq!(builds, is_builder, "{}", stage.name);
    }
}

#[test]
fn the_image_is_built_from_everything_that_is_compiled_in() {
    let stages = instructions("deploy/Containerfile");
    let sources = super::temp_folder::files_below(&in_repository("src"));
    let mut folders: Vec<String> = Vec::new();
    let is_code = |path: &&std::path::PathBuf| {
        let is_rust = path.extension().is_some_and(|it| it == "rs");
        is_rust
            && !path
                .iter()
                .any(|part| part == "tests" || part == "tests.rs")
    };
    for source in sources.iter().filter(is_code) {
        let code = std::fs::read_to_string(source).expect("a source file is text");
        // What only tests include stands below this line.
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for included in code.split("include_str!(\"").skip(1) {
            let path = included.split('"').next().unwrap_or_default();
            let whole = source.parent().unwrap_or(Path::new("")).join(path);
            let whole = whole
                .canonicalize()
                .unwrap_or_else(|error| panic!("{}: {error}", whole.display()));
            let root = in_repository("")
                .canonicalize()
                .expect("the repository is there");
            let below = whole.strip_prefix(root).expect("it is in the repository");
            let top = below
                .iter()
                .next()
                .expect("a folder")
                .to_string_lossy()
                .into_owned();
            folders.push(top);
        }
    }
    folders.sort();
    folders.dedup();
    assert!(
        folders.iter().any(|folder| folder == "load-scenarios"),
        "{folders:?}"
    );
    for stage in stages
        .iter()
        .filter(|stage| stage.name.starts_with("build-"))
    {
        for folder in &folders {
            assert!(
                stage.has("COPY", &format!("{folder} ./{folder}")),
                "{}: {folder}",
                stage.name
            );
        }
    }
}
