//! Where a lake is, as it is typed: a folder, or a bucket of a cloud with a prefix.
//!
//! In: the text of `--lake`. Out: [`LakeAddress`], or what is wrong with the text and how it should read.
//! Nothing is asked of any network or disk here.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;
use url::Url;

/// Characters of a prefix besides letters and digits: those that every store and every reader of the
/// table takes as they are.
const PREFIX_MARKS: &str = "-_.=+~@,:!() ";
/// The most bytes of a prefix. Stores take 1,024 for a whole name; a part's name needs up to 200.
const PREFIX_BYTES_MAX: usize = 700;

/// Where a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakeAddress {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket, or a container.
    Bucket(BucketAddress),
}

/// A place beneath a prefix of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    /// Whose bucket it is.
    pub(super) cloud: Cloud,
    /// Its name, or that of the container.
    pub(super) bucket: String,
    /// The storage account, where the address names it (Azure only).
    pub(super) account: Option<String>,
    /// What all names begin with; without slashes at the ends, empty for the whole bucket.
    pub(super) prefix: String,
    /// Scheme and bucket as they were typed.
    origin: String,
}

/// Whose storage it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon S3, and whatever speaks as it does: MinIO, Ceph, R2.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Cloud {
    const SCHEMES: [(&str, Cloud); 7] = [
        ("s3", Cloud::S3),
        ("s3a", Cloud::S3),
        ("gs", Cloud::Gcs),
        ("az", Cloud::Azure),
        ("azure", Cloud::Azure),
        ("abfs", Cloud::Azure),
        ("abfss", Cloud::Azure),
    ];
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why} (hint: {hint})")]
pub struct AddressError {
    why: String,
    hint: String,
}

fn wrong(why: impl Into<String>, hint: impl Into<String>) -> AddressError {
    AddressError {
        why: why.into(),
        hint: hint.into(),
    }
}

impl FromStr for LakeAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(wrong("it is empty", "name a folder, or s3://BUCKET/PREFIX"));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return match scheme_without_slashes(text) {
                None => Ok(Self::Folder(PathBuf::from(text))),
                Some(scheme) => Err(wrong(
                    format!("`{scheme}:` is not followed by `//`"),
                    format!("write {scheme}://BUCKET/PREFIX; a folder of that name is `./{text}`"),
                )),
            };
        };
        if scheme == "file" {
            return folder_of(text);
        }
        let lower = scheme.to_ascii_lowercase();
        let found = Cloud::SCHEMES.iter().find(|(name, _)| *name == lower);
        match found {
            Some((_, cloud)) => bucket(*cloud, &lower, rest).map(Self::Bucket),
            None => Err(unknown_scheme(scheme)),
        }
    }
}

/// `s3:/bucket` and `s3:bucket`, which nobody means as a folder.
fn scheme_without_slashes(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let mut schemes = Cloud::SCHEMES.iter();
    schemes
        .any(|(name, _)| scheme.eq_ignore_ascii_case(name))
        .then_some(scheme)
}

fn folder_of(text: &str) -> Result<LakeAddress, AddressError> {
    let path = Url::parse(text)
        .ok()
        .and_then(|url| url.to_file_path().ok());
    path.map(LakeAddress::Folder).ok_or_else(|| {
        wrong(
            "a `file://` address needs an absolute path",
            "write the folder as it is, without `file://`",
        )
    })
}

fn unknown_scheme(scheme: &str) -> AddressError {
    let why = format!("`{scheme}://` is no storage that is known here");
    let hint = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => "write s3://BUCKET/PREFIX, gs://… or az://…; the host of a store that \
             speaks S3 goes into AWS_ENDPOINT_URL"
            .to_owned(),
        "wasb" | "wasbs" => "write az://CONTAINER/PREFIX".to_owned(),
        "gcs" => "did you mean `gs://`?".to_owned(),
        other => {
            let mut schemes = Cloud::SCHEMES.iter();
            let near = schemes.find(|(name, _)| strsim::damerau_levenshtein(name, other) <= 1);
            match near {
                Some((near, _)) => format!("did you mean `{near}://`?"),
                None => {
                    "known are s3://, gs://, az:// and abfss://; without a scheme it is a folder"
                        .to_owned()
                }
            }
        }
    };
    wrong(why, hint)
}

fn bucket(cloud: Cloud, scheme: &str, rest: &str) -> Result<BucketAddress, AddressError> {
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = checked_prefix(prefix)?;
    let (bucket, account) = match (cloud, host.split_once('@')) {
        (Cloud::Azure, Some((container, host))) => (container, Some(account(host)?)),
        (Cloud::S3 | Cloud::Gcs, Some(_)) => {
            return Err(wrong(
                "an address holds no user and no password",
                "give credentials by the environment or a profile, and take them out of the address",
            ));
        }
        (_, None) => (host, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._$".contains(&byte);
    if bucket.is_empty() || !bucket.bytes().all(is_name) {
        return Err(wrong(
            format!("`{bucket}` is no name of a bucket"),
            format!("write {scheme}://BUCKET/PREFIX"),
        ));
    }
    Ok(BucketAddress {
        cloud,
        bucket: bucket.to_owned(),
        account,
        prefix,
        origin: format!("{scheme}://{host}"),
    })
}

/// `ACCOUNT.dfs.core.windows.net` → `ACCOUNT`.
fn account(host: &str) -> Result<String, AddressError> {
    let account = host.split_once('.').map(|(account, _)| account);
    let is_name = |account: &&str| {
        !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    account.filter(is_name).map(str::to_owned).ok_or_else(|| {
        wrong(
            format!("`{host}` is no host of a storage account"),
            "write abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX",
        )
    })
}

fn checked_prefix(prefix: &str) -> Result<String, AddressError> {
    let prefix = prefix.trim_matches('/');
    if prefix.len() > PREFIX_BYTES_MAX {
        return Err(wrong(
            format!("its prefix has more than {PREFIX_BYTES_MAX} bytes"),
            "choose a shorter one",
        ));
    }
    let is_fine = |c: char| c.is_alphanumeric() || c == '/' || PREFIX_MARKS.contains(c);
    if let Some(odd) = prefix.chars().find(|c| !is_fine(*c)) {
        return Err(wrong(
            format!("its prefix has a {odd:?}"),
            format!(
                "letters, digits, `/` and `{}` are taken",
                PREFIX_MARKS.trim()
            ),
        ));
    }
    let is_odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if !prefix.is_empty() && prefix.split('/').any(is_odd) {
        return Err(wrong(
            "its prefix has an empty part, `.` or `..`",
            "write names between single slashes",
        ));
    }
    Ok(prefix.to_owned())
}

impl BucketAddress {
    /// What messages call its store, when nobody set an endpoint.
    #[cfg(test)]
    pub(in crate::lake) fn store_name(&self) -> super::StoreName {
        super::StoreName {
            cloud: self.cloud,
            bucket: self.bucket.clone(),
            endpoint: None,
        }
    }

    /// The same as an URL, which ends with a slash.
    pub(super) fn url(&self) -> Result<Url, url::ParseError> {
        let mut url = Url::parse(&self.origin)?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear();
            for part in self.prefix.split('/').filter(|part| !part.is_empty()) {
                segments.push(part);
            }
            segments.push("");
        }
        Ok(url)
    }
}

impl fmt::Display for LakeAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LakeAddress::Folder(path) => path.display().fmt(formatter),
            LakeAddress::Bucket(address) => address.fmt(formatter),
        }
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(formatter, "{}{slash}{}", self.origin, self.prefix)
    }
}

impl From<PathBuf> for LakeAddress {
    fn from(path: PathBuf) -> Self {
        Self::Folder(path)
    }
}

impl From<&PathBuf> for LakeAddress {
    fn from(path: &PathBuf) -> Self {
        Self::Folder(path.clone())
    }
}

impl From<&Path> for LakeAddress {
    fn from(path: &Path) -> Self {
        Self::Folder(path.to_owned())
    }
}

impl From<&LakeAddress> for LakeAddress {
    fn from(address: &LakeAddress) -> Self {
        address.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> BucketAddress {
        match text.parse() {
            Ok(LakeAddress::Bucket(address)) => address,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_address_says_cloud_bucket_and_prefix() {
        for (text, cloud, bucket, account, prefix, url) in [
            ("s3://logs", Cloud::S3, "logs", None, "", "s3://logs/"),
            ("s3://logs/", Cloud::S3, "logs", None, "", "s3://logs/"),
            (
                "S3://logs/a/b/",
                Cloud::S3,
                "logs",
                None,
                "a/b",
                "s3://logs/a/b/",
            ),
            (
                "s3a://logs/a",
                Cloud::S3,
                "logs",
                None,
                "a",
                "s3a://logs/a/",
            ),
            (
                "gs://my.logs/x y",
                Cloud::Gcs,
                "my.logs",
                None,
                "x y",
                "gs://my.logs/x%20y/",
            ),
            (
                "az://$root/a=1",
                Cloud::Azure,
                "$root",
                None,
                "a=1",
                "az://$root/a=1/",
            ),
            (
                "abfss://logs@shop.dfs.core.windows.net/lake",
                Cloud::Azure,
                "logs",
                Some("shop"),
                "lake",
                "abfss://logs@shop.dfs.core.windows.net/lake/",
            ),
        ] {
            let address = parsed(text);
            assert_eq!(address.cloud, cloud, "{text}");
            assert_eq!(address.bucket, bucket, "{text}");
            assert_eq!(address.account.as_deref(), account, "{text}");
            assert_eq!(address.prefix, prefix, "{text}");
            assert_eq!(address.url().unwrap().as_str(), url, "{text}");
        }
    }

    #[test]
    fn an_address_reads_back_as_it_is_shown() {
        for text in [
            "s3://logs/a/b",
            "s3://logs",
            "abfss://c@a.dfs.core.windows.net/p",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
        assert_eq!(parsed("s3://logs//a//").to_string(), "s3://logs/a");
    }

    #[test]
    fn what_has_no_scheme_is_a_folder() {
        for text in [
            "lake",
            "./lake",
            "/var/lake",
            "../a:b",
            "C:\\lake",
            "./s3:/x",
        ] {
            assert_eq!(
                text.parse::<LakeAddress>().unwrap(),
                LakeAddress::Folder(PathBuf::from(text))
            );
        }
        assert_eq!(
            "file:///var/my%20lake".parse::<LakeAddress>().unwrap(),
            LakeAddress::Folder(PathBuf::from("/var/my lake"))
        );
    }

    #[test]
    fn a_typo_is_refused_with_its_cure() {
        for (text, said) in [
            ("", "it is empty"),
            ("s4://logs", "did you mean `s3://`?"),
            ("gcs://logs", "did you mean `gs://`?"),
            ("sz://logs", "did you mean"),
            ("ftp://logs", "known are s3://"),
            (
                "https://s3.eu-west-1.amazonaws.com/logs",
                "AWS_ENDPOINT_URL",
            ),
            ("wasbs://c@a.blob.core.windows.net", "az://CONTAINER"),
            ("s3:/logs", "write s3://BUCKET/PREFIX"),
            ("s3:logs", "is not followed by `//`"),
            ("s3://", "is no name of a bucket"),
            ("s3:///a", "is no name of a bucket"),
            ("s3://key:secret@logs/a", "holds no user and no password"),
            ("s3://logs/a?b", "its prefix has a '?'"),
            ("s3://logs/a%20b", "its prefix has a '%'"),
            ("s3://logs/a//b", "an empty part"),
            ("s3://logs/../b", "an empty part, `.` or `..`"),
            ("az://c@localhost/a", "is no host of a storage account"),
            ("file://lake", "needs an absolute path"),
        ] {
            let error = text.parse::<LakeAddress>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert!(error.contains("(hint: "), "{text}: {error}");
            assert!(!error.contains("secret"), "{text}: {error}");
        }
        let long = format!("s3://logs/{}", "a".repeat(PREFIX_BYTES_MAX));
        assert!(long.parse::<LakeAddress>().is_ok());
        assert!(format!("{long}a").parse::<LakeAddress>().is_err());
    }
}
