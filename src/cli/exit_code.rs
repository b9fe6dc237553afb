//! Exit codes, and the failures that lead to them.

use thiserror::Error;

use super::shoppers::ShoppersError;
use crate::access_log::InputError;
use crate::annotations::AnnotationError;
use crate::declared_files::DeclaredFileError;
use crate::drill::{ConnectorError, DrillError, PreflightError};
use crate::exchange::SqlError;
use crate::lake::LakeError;
use crate::rollup::{ImportError, RollupError};
use crate::shop::ShopError;
use crate::simulate::SimulateError;
use crate::sli::EvaluateError;
use crate::sli::exclusion::ExclusionError;
use crate::time_window::TimeError;

/// What the process says to the shell. When several hold, the highest of 3–6 wins over 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// All well.
    Ok = 0,
    /// A threshold is crossed, or an SLI is missed.
    Missed = 1,
    /// Wrong usage.
    Usage = 2,
    /// A declared file is invalid.
    DeclaredFile = 3,
    /// The input is unusable: too many rejects, a damaged lake, a target that does not answer.
    Input = 4,
    /// The run is invalid: the load generator did not keep its schedule.
    InvalidRun = 5,
    /// Stopped early by a guard or the user.
    Stopped = 6,
    /// A bug of ours.
    Internal = 70,
}

impl ExitCode {
    /// Every code with its meaning, as the documentation lists them.
    pub const TABLE: [(ExitCode, &'static str); 8] = [
        (ExitCode::Ok, "all well"),
        (ExitCode::Missed, "a threshold is crossed or an SLI missed"),
        (ExitCode::Usage, "wrong usage"),
        (ExitCode::DeclaredFile, "a declared file is invalid"),
        (
            ExitCode::Input,
            "input unusable (rejects past the limit, lake damaged, target unreachable)",
        ),
        (
            ExitCode::InvalidRun,
            "the run is invalid (the load generator did not keep its schedule)",
        ),
        (ExitCode::Stopped, "stopped early by a guard or the user"),
        (ExitCode::Internal, "internal error"),
    ];

    /// The number that the shell sees.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What it means, in words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        let found = Self::TABLE.iter().find(|(code, _)| *code == self);
        found.map_or("", |(_, meaning)| meaning)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// Why a verb could not do its work, and the exit code for it.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// What is printed after `error: `.
    pub message: String,
    is_broken_pipe: bool,
}

impl Failure {
    /// A failure with a message of its own.
    #[must_use]
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_broken_pipe: false,
        }
    }

    /// Wrong usage.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// Whether the reader of our output just went away (`firedrill sli | head`).
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        self.is_broken_pipe
    }

    /// What the operating system says to writing or reading `what`.
    #[must_use]
    pub fn io(doing: &str, what: &str, error: &std::io::Error) -> Self {
        Self {
            code: ExitCode::Input,
            message: format!("cannot {doing} `{what}`: {error}"),
            is_broken_pipe: error.kind() == std::io::ErrorKind::BrokenPipe,
        }
    }
}

macro_rules! failure_from {
    ($($error:ty => $code:ident),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::new(ExitCode::$code, error.to_string())
            }
        })*
    };
}

failure_from! {
    DeclaredFileError => DeclaredFile,
    TimeError => Usage,
    InputError => Input,
    LakeError => Input,
    RollupError => Input,
    ImportError => Input,
    SqlError => Usage,
    PreflightError => Input,
    SimulateError => Input,
    EvaluateError => Internal,
    polars::prelude::PolarsError => Internal,
    AnnotationError => DeclaredFile,
    ExclusionError => DeclaredFile,
    ShoppersError => Input,
    DrillError => Internal,
    ConnectorError => DeclaredFile,
    serde_json::Error => Internal,
}

impl From<ShopError> for Failure {
    fn from(error: ShopError) -> Self {
        let code = match error {
            ShopError::Plan(_) | ShopError::Faults(_) => ExitCode::Usage,
            ShopError::PortInUse { .. } | ShopError::Bind { .. } => ExitCode::Input,
            ShopError::Runtime(_) => ExitCode::Internal,
        };
        Failure::new(code, with_sources(&error))
    }
}

/// The error and everything below it, in one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        let below_text = below.to_string();
        if !text.contains(&below_text) {
            text.push_str(": ");
            text.push_str(&below_text);
        }
        source = below.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_code_once_in_ascending_order() {
        let numbers: Vec<_> = ExitCode::TABLE
            .iter()
            .map(|(code, _)| code.number())
            .collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 70]);
    }
}
