//! The formats that are understood, with the unit of their duration and the meaning of their time.

use std::fmt;
use std::str::FromStr;

/// A request-log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// AWS classic ELB: time of arrival, three durations in seconds that add up.
    AwsElb,
    /// nginx combined followed by `$request_time`: seconds with three decimals; the time is the
    /// end of the request.
    NginxRequestTime,
    /// Apache combined followed by `%D`: whole µs; the time is the start of the request.
    ApacheCombinedDuration,
    /// Apache common followed by `%D`: whole µs; the time is the start of the request.
    ApacheCommonDuration,
    /// Apache or nginx combined, no duration; further fields are ignored.
    Combined,
    /// Apache common, no duration.
    ApacheCommon,
}

impl LogFormat {
    /// Every format, the most telling first: detection prefers an earlier one.
    pub const ALL: [LogFormat; 6] = [
        LogFormat::AwsElb,
        LogFormat::NginxRequestTime,
        LogFormat::ApacheCombinedDuration,
        LogFormat::ApacheCommonDuration,
        LogFormat::Combined,
        LogFormat::ApacheCommon,
    ];

    /// The name for `--format`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LogFormat::AwsElb => "aws-elb",
            LogFormat::NginxRequestTime => "nginx-request-time",
            LogFormat::ApacheCombinedDuration => "apache-combined-duration",
            LogFormat::ApacheCommonDuration => "apache-common-duration",
            LogFormat::Combined => "combined",
            LogFormat::ApacheCommon => "apache-common",
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            format!(
                "unknown log format `{text}` (hint: one of `auto`, `{}`)",
                names.join("`, `")
            )
        })
    }
}
