//! The drill timeline: what is done to the target and asked of people, at which moment of the run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declared_files::DurationText;
use crate::status_pattern::StatusText;

/// One entry of the timeline. It is exactly one of `fault`, `channel_off`, `config_push`, `deploy`,
/// `freeze` and `announce`; or, with none of these, an `http` or `exec` hook on its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillEntryDefinition {
    /// Its name in reports, in the pre-mortem file, and for `--confirm-dir`.
    pub id: String,
    /// What it is, in words, for reports; without it what it does.
    #[serde(default)]
    pub title: Option<String>,
    /// When it begins, since the start.
    pub at: DurationText,
    /// How long it lasts; then it is undone. Without it, whatever can be undone is undone at the end of
    /// the run.
    #[serde(default, rename = "for")]
    pub length: Option<DurationText>,
    /// A fault of the demo shop, e.g. `payment-slow:3s`: of the one inside the binary, or of a
    /// `firedrill shop` that is driven.
    #[serde(default)]
    pub fault: Option<String>,
    /// The name of a channel that sends nobody meanwhile.
    #[serde(default)]
    pub channel_off: Option<String>,
    /// Which configuration is pushed; a mark, with an `http` or `exec` hook that does it.
    #[serde(default)]
    pub config_push: Option<String>,
    /// What is deployed; a mark, with an `http` or `exec` hook that does it.
    #[serde(default)]
    pub deploy: Option<String>,
    /// What may not be changed from now on; a mark, with an `http` or `exec` hook that sees to it.
    #[serde(default)]
    pub freeze: Option<String>,
    /// What people are told or asked; the operator confirms that it was done.
    #[serde(default)]
    pub announce: Option<String>,
    /// A request that does it.
    #[serde(default)]
    pub http: Option<HttpHookDefinition>,
    /// A command that does it.
    #[serde(default)]
    pub exec: Option<ExecHookDefinition>,
    /// What undoes what a hook did. It always runs once the entry has begun, also when the run is
    /// stopped.
    #[serde(default)]
    pub undo: Option<UndoDefinition>,
    /// What must come of it; a missed expectation fails the run.
    #[serde(default)]
    pub expect: Option<ExpectDefinition>,
}

/// A request to a tool that breaks things, such as a proxy that adds latency.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpHookDefinition {
    /// Its method; `POST` if it is left out.
    #[serde(default)]
    pub method: HookMethodName,
    /// Its URL, on this machine or on a host in `hosts_allowed`.
    pub url: String,
    /// Its headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body.
    #[serde(default)]
    pub body: Option<String>,
    /// One of these statuses means that it was done; without it any 2xx.
    #[serde(default)]
    pub status: Vec<StatusText>,
    /// How long it may take; 10 s if it is left out.
    #[serde(default)]
    pub timeout: Option<DurationText>,
}

/// A method of a hook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HookMethodName {
    /// `GET`.
    Get,
    /// `POST`.
    #[default]
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

/// A command. There is no shell: the list is the program and its arguments, letter by letter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecHookDefinition {
    /// The program, and its arguments.
    #[schemars(length(min = 1, max = 100))]
    pub argv: Vec<String>,
    /// How long it may take before it is killed; 30 s if it is left out.
    #[serde(default)]
    pub timeout: Option<DurationText>,
}

/// What undoes a hook: exactly one of `http` and `exec`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoDefinition {
    /// A request.
    #[serde(default)]
    pub http: Option<HttpHookDefinition>,
    /// A command.
    #[serde(default)]
    pub exec: Option<ExecHookDefinition>,
}

/// What must come of an entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectDefinition {
    /// The SLI, one with thresholds, that must see it: cross one of them after the entry began.
    #[serde(default)]
    pub seen_by: Option<String>,
    /// How soon after the entry began it must be seen; without `seen_by` by any SLI.
    #[serde(default)]
    pub within: Option<DurationText>,
    /// How soon after the entry was undone all crossed SLIs must be back on the good side.
    #[serde(default)]
    pub recovers_within: Option<DurationText>,
    /// How soon an announcement must be confirmed.
    #[serde(default)]
    pub confirmed_within: Option<DurationText>,
}
