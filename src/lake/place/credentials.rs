//! How a store is reached, and by whose right: the usual variables, files and roles of each cloud.
//!
//! In: an address and the environment. Out: a store that has not been asked yet, or what is missing.
//! Retries are few and bounded in time. No secret is ever part of a message.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{
    BackoffConfig, ClientConfigKey, DynObjectStore, RetryConfig, StaticCredentialProvider,
};

use super::Environment;
use super::address::{BucketAddress, Cloud};
use super::process_credentials::ProcessCredentials;
use super::profile::Profile;
use super::refusal::{SetupError, StoreName, no_credentials, setup_error};

/// A request is sent at most once more than this.
const RETRIES_MAX: usize = 7;
/// No retry begins later than this after the first try.
const RETRY_TIME_MAX: Duration = Duration::from_secs(60);
/// Waits between tries: doubled from the first to the second, with jitter.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// One request with its answer; transfers are cut into pieces that fit.
const REQUEST_TIME_MAX: &str = "45s";
const CONNECT_TIME_MAX: &str = "5s";
/// Who hands roles to machines, on every large cloud.
const METADATA_HOST: &str = "169.254.169.254:80";
/// How long the host above may take to accept a connection.
const METADATA_WAIT: Duration = Duration::from_secs(1);

/// The store of an address, and what messages call it.
pub fn connect(
    address: &BucketAddress,
    environment: &Environment,
) -> Result<(Arc<DynObjectStore>, StoreName), SetupError> {
    match address.cloud {
        Cloud::S3 => s3(address, environment),
        Cloud::Gcs => gcs(address, environment),
        Cloud::Azure => azure(address, environment),
    }
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIME_MAX,
        backoff: BackoffConfig {
            init_backoff: BACKOFF.0,
            max_backoff: BACKOFF.1,
            base: 2.0,
        },
    }
}

/// What every client is told; later settings of the environment win.
fn client_settings(endpoint: Option<&str>) -> Vec<(ClientConfigKey, &'static str)> {
    let mut settings = vec![
        (ClientConfigKey::Timeout, REQUEST_TIME_MAX),
        (ClientConfigKey::ConnectTimeout, CONNECT_TIME_MAX),
        (
            ClientConfigKey::UserAgent,
            concat!("firedrill/", env!("CARGO_PKG_VERSION")),
        ),
    ];
    // Who writes http:// means it.
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        settings.push((ClientConfigKey::AllowHttp, "true"));
    }
    settings
}

type Store = (Arc<DynObjectStore>, StoreName);

fn name(address: &BucketAddress, endpoint: Option<String>) -> StoreName {
    StoreName {
        cloud: address.cloud,
        bucket: address.bucket.clone(),
        endpoint: endpoint.map(|endpoint| without_user(&endpoint)),
    }
}

/// An endpoint as it may be shown.
fn without_user(endpoint: &str) -> String {
    match url::Url::parse(endpoint) {
        Ok(mut url) => {
            // Only an URL without a host cannot have them.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.to_string().trim_end_matches('/').to_owned()
        }
        Err(_) => "the endpoint, which is no URL".to_owned(),
    }
}

fn s3(address: &BucketAddress, environment: &Environment) -> Result<Store, SetupError> {
    let profile = Profile::of(environment)?;
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find_map(|name| environment.get(name))
        .or_else(|| profile.get("endpoint_url"))
        .map(str::to_owned);
    let name = name(address, endpoint.clone());
    let mut builder = AmazonS3Builder::new().with_retry(retries());
    for (key, value) in client_settings(endpoint.as_deref()) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    for (key, value) in environment.beginning_with("AWS_") {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let (false, Some(region)) = (
        environment.has_any(&["AWS_REGION", "AWS_DEFAULT_REGION"]),
        profile.get("region"),
    ) {
        builder = builder.with_region(region);
    }
    builder = with_s3_credentials(builder, environment, &profile)?;
    let store = builder.with_bucket_name(&address.bucket).build();
    let store = store.map_err(|error| setup_error(&error, &name))?;
    Ok((Arc::new(store), name))
}

/// In Amazon's order: variables, web identity, profile, container, instance.
fn with_s3_credentials(
    builder: AmazonS3Builder,
    environment: &Environment,
    profile: &Profile,
) -> Result<AmazonS3Builder, SetupError> {
    if environment.has_any(&[
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ]) || is_true(environment.get("AWS_SKIP_SIGNATURE"))
    {
        return Ok(builder);
    }
    if let (Some(id), Some(secret)) = (
        profile.get("aws_access_key_id"),
        profile.get("aws_secret_access_key"),
    ) {
        let builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
        return Ok(match profile.get("aws_session_token") {
            Some(token) => builder.with_token(token),
            None => builder,
        });
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(builder.with_credentials(Arc::new(ProcessCredentials::new(command))));
    }
    let elsewhere = [
        "sso_session",
        "sso_start_url",
        "role_arn",
        "source_profile",
        "login_session",
    ];
    if elsewhere.iter().any(|key| profile.get(key).is_some()) {
        return Err(SetupError::new(
            format!(
                "the profile `{}` signs in or takes a role, which is not done here",
                profile.name
            ),
            format!(
                "eval \"$(aws configure export-credentials --profile {} --format env)\"",
                profile.name
            ),
        ));
    }
    let is_container = environment.has_any(&[
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]);
    let has_own_host = environment.has_any(&["AWS_METADATA_ENDPOINT"]);
    if !is_container
        && (is_true(environment.get("AWS_EC2_METADATA_DISABLED"))
            || !has_own_host && !has_metadata_host())
    {
        return Err(no_credentials(Cloud::S3));
    }
    Ok(builder)
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

/// Whether this machine can have a role at all. Without this look, a laptop without credentials would learn
/// it only after every retry.
fn has_metadata_host() -> bool {
    let addresses = METADATA_HOST.to_socket_addrs().into_iter().flatten();
    addresses
        .into_iter()
        .any(|address| TcpStream::connect_timeout(&address, METADATA_WAIT).is_ok())
}

fn gcs(address: &BucketAddress, environment: &Environment) -> Result<Store, SetupError> {
    let endpoint = ["GOOGLE_BASE_URL", "STORAGE_EMULATOR_HOST"]
        .into_iter()
        .find_map(|name| environment.get(name))
        .map(|endpoint| match endpoint.contains("://") {
            true => endpoint.to_owned(),
            false => format!("http://{endpoint}"),
        });
    let name = name(address, endpoint.clone());
    let mut builder = GoogleCloudStorageBuilder::new().with_retry(retries());
    for (key, value) in client_settings(endpoint.as_deref()) {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    for (key, value) in environment.beginning_with("GOOGLE_") {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let is_emulator = environment.has_any(&["STORAGE_EMULATOR_HOST"]);
    if let Some(endpoint) = endpoint {
        builder = builder.with_base_url(&endpoint);
    }
    if is_emulator {
        // Without a signature alone, some requests would still ask the machine for its role.
        let nobody = StaticCredentialProvider::new(GcpCredential {
            bearer: String::new(),
        });
        builder = builder
            .with_skip_signature(true)
            .with_credentials(Arc::new(nobody));
    } else if !has_gcs_credentials(environment) && !has_metadata_host() {
        return Err(no_credentials(Cloud::Gcs));
    }
    let store = builder.with_bucket_name(&address.bucket).build();
    let store = store.map_err(|error| setup_error(&error, &name))?;
    Ok((Arc::new(store), name))
}

fn has_gcs_credentials(environment: &Environment) -> bool {
    let has_file = environment.get("HOME").is_some_and(|home| {
        let path = std::path::Path::new(home);
        path.join(".config/gcloud/application_default_credentials.json")
            .exists()
    });
    has_file
        || is_true(environment.get("GOOGLE_SKIP_SIGNATURE"))
        || environment.has_any(&[
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_SERVICE_ACCOUNT",
            "GOOGLE_SERVICE_ACCOUNT_PATH",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
        ])
}

fn azure(address: &BucketAddress, environment: &Environment) -> Result<Store, SetupError> {
    let connection = environment
        .get("AZURE_STORAGE_CONNECTION_STRING")
        .map(ConnectionString::of);
    let connection = connection.unwrap_or_default();
    let endpoint = ["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"]
        .into_iter()
        .find_map(|name| environment.get(name))
        .or_else(|| connection.get("BlobEndpoint"))
        .map(str::to_owned);
    let is_emulator = is_true(environment.get("AZURE_STORAGE_USE_EMULATOR"))
        || is_true(connection.get("UseDevelopmentStorage"));
    let shown = match is_emulator {
        true => Some(
            environment
                .get("AZURITE_BLOB_STORAGE_URL")
                .unwrap_or("http://127.0.0.1:10000")
                .to_owned(),
        ),
        false => endpoint.clone(),
    };
    let name = name(address, shown);
    let mut builder = MicrosoftAzureBuilder::new().with_retry(retries());
    for (key, value) in client_settings(endpoint.as_deref()) {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    for (key, value) in environment.beginning_with("AZURE_") {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    // The names of Azure's own command line, which the library does not know.
    for (key, value) in [
        (
            AzureConfigKey::AccountName,
            environment
                .get("AZURE_STORAGE_ACCOUNT")
                .or(connection.get("AccountName")),
        ),
        (
            AzureConfigKey::AccessKey,
            environment
                .get("AZURE_STORAGE_KEY")
                .or(connection.get("AccountKey")),
        ),
        (
            AzureConfigKey::SasKey,
            environment
                .get("AZURE_STORAGE_SAS_TOKEN")
                .or(connection.get("SharedAccessSignature")),
        ),
        (AzureConfigKey::AccountName, address.account.as_deref()),
    ] {
        if let Some(value) = value {
            builder = builder.with_config(key, value);
        }
    }
    if is_emulator {
        builder = builder.with_use_emulator(true);
    } else if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if !is_emulator && !has_azure_credentials(&builder) && !has_metadata_host() {
        return Err(no_credentials(Cloud::Azure));
    }
    let store = builder.with_container_name(&address.bucket).build();
    let store = store.map_err(|error| setup_error(&error, &name))?;
    Ok((Arc::new(store), name))
}

/// Whether something but the role of a machine says who we are. Without an account there is another,
/// better message.
fn has_azure_credentials(builder: &MicrosoftAzureBuilder) -> bool {
    let has = |key: AzureConfigKey| {
        let value = builder.get_config_value(&key);
        value.is_some_and(|value| !value.is_empty() && value != "false")
    };
    !has(AzureConfigKey::AccountName)
        || has(AzureConfigKey::AccessKey)
        || has(AzureConfigKey::SasKey)
        || has(AzureConfigKey::Token)
        || has(AzureConfigKey::ClientSecret)
        || has(AzureConfigKey::FederatedTokenFile)
        || has(AzureConfigKey::UseAzureCli)
        || has(AzureConfigKey::SkipSignature)
        || has(AzureConfigKey::MsiEndpoint)
}

/// `AccountName=…;AccountKey=…`, as Azure's portal shows it.
#[derive(Default)]
struct ConnectionString(Vec<(String, String)>);

impl ConnectionString {
    fn of(text: &str) -> Self {
        let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(found, _)| found.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::LakeAddress;
    use super::*;

    fn connected(text: &str, environment: &Environment) -> Result<StoreName, SetupError> {
        match text.parse() {
            Ok(LakeAddress::Bucket(address)) => {
                connect(&address, environment).map(|(_, name)| name)
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_cloud_takes_its_usual_variables() {
        for (text, environment) in [
            (
                "s3://logs",
                Environment::of([("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "s")]),
            ),
            (
                "s3://logs",
                Environment::of([("AWS_SKIP_SIGNATURE", "true")]),
            ),
            (
                "gs://logs",
                Environment::of([("STORAGE_EMULATOR_HOST", "127.0.0.1:9")]),
            ),
            (
                "az://logs",
                Environment::of([("AZURE_STORAGE_USE_EMULATOR", "true")]),
            ),
            (
                "az://logs",
                Environment::of([(
                    "AZURE_STORAGE_CONNECTION_STRING",
                    "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net",
                )]),
            ),
            (
                "abfss://logs@shop.dfs.core.windows.net/lake",
                Environment::of([("AZURE_STORAGE_KEY", "c2VjcmV0")]),
            ),
        ] {
            if let Err(error) = connected(text, &environment) {
                panic!("{text}: {error}");
            }
        }
    }

    #[test]
    fn an_endpoint_is_shown_without_its_user() {
        let environment = Environment::of([
            ("AWS_ACCESS_KEY_ID", "AK"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            (
                "AWS_ENDPOINT_URL",
                "http://user:SECRET@127.0.0.1:9000/?x=SECRET",
            ),
        ]);
        let name = connected("s3://logs", &environment).unwrap();
        assert_eq!(name.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    }

    #[test]
    fn what_is_missing_is_said_at_once() {
        for (text, environment, said) in [
            (
                "s3://logs",
                Environment::of([("AWS_EC2_METADATA_DISABLED", "true")]),
                "there are no credentials for it (hint: set AWS_ACCESS_KEY_ID",
            ),
            (
                "s3://logs",
                Environment::of([("AWS_ACCESS_KEY_ID", "AK")]),
                "AWS_",
            ),
            (
                "az://logs",
                Environment::of([("AZURE_STORAGE_KEY", "c2VjcmV0")]),
                "set AZURE_STORAGE_ACCOUNT_NAME",
            ),
        ] {
            let error = connected(text, &environment).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
