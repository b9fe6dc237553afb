//! Credentials that a program prints: `credential_process` of an Amazon profile.
//!
//! In: a command line. Out: credentials, asked for again shortly before they end. It is how single sign-on,
//! vaults and roles of other accounts reach every tool. Source of the format: the AWS SDKs and Tools
//! Reference Guide, "Process credential provider".

use std::fmt;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use serde::Deserialize;

use crate::time_window::now_us;

/// They are asked for again so long before they end.
const RENEW_BEFORE_US: i64 = 5 * 60 * 1_000_000;

/// What the program prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    /// RFC 3339; without it they do not end.
    expiration: Option<String>,
}

struct Kept {
    credential: Arc<AwsCredential>,
    ends_us: i64,
}

/// Asks a program for credentials.
pub struct ProcessCredentials {
    command: String,
    kept: Mutex<Option<Kept>>,
}

impl ProcessCredentials {
    /// Nothing is started yet.
    pub fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            kept: Mutex::new(None),
        }
    }

    fn credential(&self) -> Result<Arc<AwsCredential>, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| kept.ends_us > now_us() + RENEW_BEFORE_US)
        {
            return Ok(Arc::clone(&kept.credential));
        }
        let fresh = parsed(&printed_by(&self.command)?)?;
        let credential = Arc::clone(&fresh.credential);
        *kept = Some(fresh);
        Ok(credential)
    }
}

/// What it prints is a secret; only its status is ever shown.
fn printed_by(command: &str) -> Result<Vec<u8>, String> {
    let (shell, option) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let output = Command::new(shell).args([option, command]).output();
    let output =
        output.map_err(|error| format!("credential_process cannot be started: {error}"))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("credential_process ended with {}", output.status)),
    }
}

fn parsed(text: &[u8]) -> Result<Kept, String> {
    let printed: Printed = serde_json::from_slice(text).map_err(|error| {
        format!(
            "credential_process printed no credentials: {}",
            what_is_wrong(&error)
        )
    })?;
    let ends_us = match &printed.expiration {
        None => i64::MAX,
        Some(text) => {
            let end: Result<jiff::Timestamp, _> = text.parse();
            end.map_err(|_| {
                "credential_process printed an `Expiration` that is no time".to_owned()
            })?
            .as_microsecond()
        }
    };
    Ok(Kept {
        credential: Arc::new(AwsCredential {
            key_id: printed.access_key_id,
            secret_key: printed.secret_access_key,
            token: printed.session_token,
        }),
        ends_us,
    })
}

/// What is wrong with a JSON text, without a word of it.
fn what_is_wrong(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is no JSON",
    }
}

impl fmt::Debug for ProcessCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProcessCredentials")
    }
}

#[async_trait]
impl CredentialProvider for ProcessCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // A few times an hour at most: it may keep a thread waiting.
        self.credential()
            .map_err(|why| object_store::Error::Generic {
                store: "S3",
                source: why.into(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_kept_until_they_end() {
        let printed = br#"{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"s","Expiration":"2026-11-26T01:00:00Z"}"#;
        let kept = parsed(printed).unwrap();
        assert_eq!(kept.credential.key_id, "AK");
        assert_eq!(kept.ends_us, 1_795_654_800_000_000);
        let forever = parsed(br#"{"AccessKeyId":"AK","SecretAccessKey":"s","SessionToken":"t"}"#);
        let forever = forever.unwrap();
        assert_eq!(forever.ends_us, i64::MAX);
        assert_eq!(forever.credential.token.as_deref(), Some("t"));
    }

    #[test]
    fn what_is_wrong_is_said_without_what_was_printed() {
        for text in [
            "secret",
            "{\"AccessKeyId\":\"secret\"}",
            "{\"SecretAccessKey\":\"secret",
        ] {
            let error = parsed(text.as_bytes()).err().unwrap();
            assert!(error.contains("credential_process"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let error = ProcessCredentials::new("exit 3").credential().unwrap_err();
        assert!(error.contains("ended with"), "{error}");
        let printing = "echo '{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\"}'";
        let credential = ProcessCredentials::new(printing).credential().unwrap();
        assert_eq!(credential.key_id, "AK");
    }
}
