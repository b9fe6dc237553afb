//! What a store refuses, in words, with its cure.
//!
//! In: an error of the storage library. Out: an [`io::Error`] whose text names what is wrong and what helps.
//! Of an answer only its code is ever shown: the rest may hold keys, signatures and what was signed.

use std::error::Error;
use std::io;

use delta_kernel::KernelError;
use object_store::Error as StoreError;
use thiserror::Error;

use super::address::Cloud;

/// Why a store cannot even be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why} (hint: {hint})")]
pub struct SetupError {
    why: String,
    hint: String,
}

impl SetupError {
    pub fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            hint: hint.into(),
        }
    }
}

impl From<SetupError> for io::Error {
    fn from(error: SetupError) -> Self {
        io::Error::other(error)
    }
}

/// What is known of a store when it refuses.
#[derive(Debug, Clone)]
pub struct StoreName {
    pub cloud: Cloud,
    /// Bucket or container.
    pub bucket: String,
    /// Where it is asked, as far as somebody set it.
    pub endpoint: Option<String>,
}

/// The refusal in words. Only an object that is not there is [`io::ErrorKind::NotFound`].
pub fn refusal(error: &StoreError, store: &StoreName) -> io::Error {
    let text = texts(error);
    let code = code_of(&text);
    if is_missing_bucket(&text, code) {
        return no_bucket(store);
    }
    if matches!(error, StoreError::NotFound { .. }) {
        return io::Error::new(io::ErrorKind::NotFound, "it is not there");
    }
    match known(error, &text, code, store) {
        Some(known) => known.into(),
        None => unknown(error, &text, code),
    }
}

/// The storage library's error below one of the table library's, if there is one.
pub fn store_error(error: &KernelError) -> Option<&StoreError> {
    let error = error.without_backtrace();
    if let KernelError::ObjectStore(error) = error {
        return Some(error);
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<StoreError>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Whether a put may have reached the store although there was no good answer.
pub fn is_outcome_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Generic { .. })
}

fn known(
    error: &StoreError,
    text: &str,
    code: Option<&str>,
    store: &StoreName,
) -> Option<SetupError> {
    let has = |part: &str| text.contains(part);
    let code_is = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    if code_is(&["RequestTimeTooSkewed"]) || has("RequestTimeTooSkewed") || is_azure_skew(text) {
        return Some(SetupError::new(
            "the store says that the clock of this machine is wrong (`RequestTimeTooSkewed`)",
            "set the clock, best by NTP, and run it again; nothing was committed",
        ));
    }
    if code_is(&[
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    ]) || has("Received redirect without LOCATION")
    {
        return Some(another_region(text, store));
    }
    if is_without_credentials(text) {
        return Some(no_credentials(store.cloud));
    }
    const WRONG_KEYS: [&str; 9] = [
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "TokenRefreshRequired",
        "InvalidToken",
        "InvalidClientTokenId",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "NoAuthenticationInformation",
    ];
    // A refused listing has no kind of its own in the library, only its status.
    if code_is(&WRONG_KEYS)
        || matches!(error, StoreError::Unauthenticated { .. })
        || has("status code: 401")
    {
        return Some(wrong_keys(code, store.cloud));
    }
    if matches!(error, StoreError::PermissionDenied { .. }) || has("status code: 403") {
        return Some(denied(code, store));
    }
    if has("error sending request") || has("client error (Connect)") || has("dns error") {
        return Some(nobody_there(text, store));
    }
    None
}

fn no_bucket(store: &StoreName) -> io::Error {
    let what = match store.cloud {
        Cloud::S3 | Cloud::Gcs => "bucket",
        Cloud::Azure => "container",
    };
    let hint = format!("make the {what}, or correct --lake{}", at_endpoint(store));
    SetupError::new(format!("there is no {what} `{}`", store.bucket), hint).into()
}

fn is_missing_bucket(text: &str, code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        ["NoSuchBucket", "ContainerNotFound", "InvalidBucketName"].contains(&code)
    }) || text.contains("The specified bucket does not exist")
}

fn at_endpoint(store: &StoreName) -> String {
    match &store.endpoint {
        Some(endpoint) => format!("; the store that was asked is {endpoint}"),
        None => String::new(),
    }
}

fn another_region(text: &str, store: &StoreName) -> SetupError {
    let region = between(text, "<Region>", "</Region>").filter(|region| {
        region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let hint = match region {
        Some(region) => format!("set AWS_REGION={region}"),
        None => "set AWS_REGION to the region of the bucket".to_owned(),
    };
    SetupError::new(
        format!("the bucket `{}` is in another region", store.bucket),
        hint,
    )
}

/// The hosts that hand roles to machines; they are asked last of all.
fn is_without_credentials(text: &str) -> bool {
    let hosts = [
        "169.254.169.254",
        "169.254.170.2",
        "metadata.google.internal",
    ];
    hosts.iter().any(|host| text.contains(host))
}

/// Nothing says who we are.
pub fn no_credentials(cloud: Cloud) -> SetupError {
    let hint = match cloud {
        Cloud::S3 => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role"
        }
        Cloud::Gcs => {
            "set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run `gcloud auth application-default login`"
        }
        Cloud::Azure => {
            "set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or AZURE_USE_AZURE_CLI=true after `az login`"
        }
    };
    SetupError::new("there are no credentials for it", hint)
}

fn wrong_keys(code: Option<&str>, cloud: Cloud) -> SetupError {
    let hint = match cloud {
        Cloud::S3 => {
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or sign in to the profile again"
        }
        Cloud::Gcs => "check GOOGLE_APPLICATION_CREDENTIALS, or sign in again",
        Cloud::Azure => "check the account key, the SAS token or the sign-in",
    };
    SetupError::new(
        format!("the credentials are not accepted{}", in_ticks(code)),
        hint,
    )
}

fn denied(code: Option<&str>, store: &StoreName) -> SetupError {
    let bucket = &store.bucket;
    let hint = match store.cloud {
        Cloud::S3 => format!(
            "allow s3:ListBucket on `{bucket}`, and s3:GetObject, s3:PutObject and s3:DeleteObject in it; readers need the first two only"
        ),
        Cloud::Gcs => format!(
            "give the role Storage Object User on `{bucket}`; readers need Storage Object Viewer"
        ),
        Cloud::Azure => format!(
            "give the role Storage Blob Data Contributor on `{bucket}`; readers need Storage Blob Data Reader"
        ),
    };
    SetupError::new(format!("access is denied{}", in_ticks(code)), hint)
}

fn nobody_there(text: &str, store: &StoreName) -> SetupError {
    let why = match text {
        _ if text.contains("Connection refused") => "the connection is refused",
        _ if text.contains("dns error") || text.contains("failed to lookup") => {
            "the name of its host is not known"
        }
        _ if text.contains("certificate") || text.contains("tls") => {
            "its certificate is not trusted, or it speaks no TLS"
        }
        _ => "the store cannot be reached",
    };
    let hint = match (&store.endpoint, store.cloud) {
        (Some(endpoint), _) => format!("is {endpoint} right, and up? then run it again"),
        (None, Cloud::S3) => {
            "check the network, or set AWS_ENDPOINT_URL; then run it again".to_owned()
        }
        (None, Cloud::Gcs | Cloud::Azure) => "check the network; then run it again".to_owned(),
    };
    SetupError::new(why, hint)
}

/// Anything else: its code or its status, and whether it makes sense to try again.
fn unknown(error: &StoreError, text: &str, code: Option<&str>) -> io::Error {
    let status = between(text, "status code: ", ":").map(str::trim);
    let again = "run it again; what was committed before is kept";
    let (why, hint) = match (code, status) {
        (Some(code), _) => (format!("the store answered `{code}`"), again),
        (None, Some(status)) => (format!("the store answered {status}"), again),
        _ if text.contains("timed out") || text.contains("timeout") => {
            ("the store did not answer in time".to_owned(), again)
        }
        _ => (without_queries(&error.to_string()), again),
    };
    SetupError::new(why, hint).into()
}

fn in_ticks(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" (`{code}`)"))
}

fn is_azure_skew(text: &str) -> bool {
    text.contains("Request date header too old")
        || text.contains("date header") && text.contains("too old")
}

/// `<Code>X</Code>` of an answer, as Amazon, Google and Azure write it.
fn code_of(text: &str) -> Option<&str> {
    let code = between(text, "<Code>", "</Code>")?;
    let is_code = !code.is_empty()
        && code.len() < 60
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    Some(found)
}

/// What all errors of the chain say. It is searched, never shown.
fn texts(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push('\n');
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Signed addresses have their signature behind the `?`.
fn without_queries(text: &str) -> String {
    let words = text.split(' ');
    let words = words.map(|word| match word.split_once('?') {
        Some((before, _)) if word.contains("://") => before,
        _ => word,
    });
    let text = words.collect::<Vec<_>>().join(" ");
    text.lines()
        .next()
        .unwrap_or("")
        .chars()
        .take(300)
        .collect()
}

/// What the library says to a store that cannot be set up.
pub fn setup_error(error: &StoreError, store: &StoreName) -> SetupError {
    let text = texts(error);
    if text.to_lowercase().contains("account must be specified") {
        return SetupError::new(
            "the storage account is not known",
            "set AZURE_STORAGE_ACCOUNT_NAME, or write abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX",
        );
    }
    SetupError::new(
        format!(
            "its settings are not right: {}",
            without_queries(&error.to_string())
        ),
        match store.cloud {
            Cloud::S3 => "the variables are those that begin with AWS_",
            Cloud::Gcs => "the variables are those that begin with GOOGLE_",
            Cloud::Azure => "the variables are those that begin with AZURE_",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> StoreName {
        StoreName {
            cloud: Cloud::S3,
            bucket: "logs".to_owned(),
            endpoint: None,
        }
    }

    fn generic(text: &str) -> StoreError {
        StoreError::Generic {
            store: "S3",
            source: text.to_owned().into(),
        }
    }

    fn denied_with(text: &str) -> StoreError {
        StoreError::PermissionDenied {
            path: "a".to_owned(),
            source: text.to_owned().into(),
        }
    }

    fn missing(text: &str) -> StoreError {
        StoreError::NotFound {
            path: "a".to_owned(),
            source: text.to_owned().into(),
        }
    }

    #[test]
    fn every_known_refusal_has_its_cure_and_shows_no_secret() {
        for (error, said) in [
            (
                missing("403: <Error><Code>NoSuchBucket</Code></Error>"),
                "there is no bucket `logs` (hint: make the bucket",
            ),
            (
                denied_with(
                    "<Code>SignatureDoesNotMatch</Code><StringToSign>TOPSECRET</StringToSign>",
                ),
                "not accepted (`SignatureDoesNotMatch`) (hint: check AWS_ACCESS_KEY_ID",
            ),
            (
                denied_with("<Code>RequestTimeTooSkewed</Code>"),
                "the clock of this machine is wrong",
            ),
            (
                denied_with("<Code>AccessDenied</Code>"),
                "access is denied (`AccessDenied`) (hint: allow s3:ListBucket",
            ),
            (
                generic("status code: 403 Forbidden: <Code>AccessDenied</Code>"),
                "access is denied (`AccessDenied`) (hint: allow s3:ListBucket",
            ),
            (
                generic(
                    "status code: 301 Moved: <Code>PermanentRedirect</Code><Region>eu-west-1</Region>",
                ),
                "another region (hint: set AWS_REGION=eu-west-1)",
            ),
            (
                generic("Received redirect without LOCATION, this normally"),
                "set AWS_REGION to the region",
            ),
            (
                generic("error sending request for url (http://169.254.169.254/latest)"),
                "there are no credentials for it (hint: set AWS_ACCESS_KEY_ID",
            ),
            (
                generic("error sending request: tcp connect error: Connection refused"),
                "the connection is refused (hint: check the network",
            ),
            (
                generic("dns error: failed to lookup"),
                "the name of its host",
            ),
            (
                generic("status code: 503 Service Unavailable: <Code>SlowDown</Code>"),
                "the store answered `SlowDown` (hint: run it again",
            ),
            (
                generic("GET http://h/b?X-Amz-Signature=TOPSECRET in 3s - odd"),
                "GET http://h/b in 3s - odd",
            ),
        ] {
            let text = refusal(&error, &store()).to_string();
            assert!(text.contains(said), "{text}");
            assert!(text.contains("(hint: "), "{text}");
            assert!(!text.contains("TOPSECRET"), "{text}");
        }
    }

    #[test]
    fn only_a_missing_object_is_not_found() {
        let kind = |error: &StoreError| refusal(error, &store()).kind();
        assert_eq!(
            kind(&missing("<Code>NoSuchKey</Code>")),
            io::ErrorKind::NotFound
        );
        assert_ne!(
            kind(&missing("<Code>NoSuchBucket</Code>")),
            io::ErrorKind::NotFound
        );
        assert_ne!(kind(&generic("x")), io::ErrorKind::NotFound);
    }
}
