//! Amazon's profile files: `~/.aws/credentials` and `~/.aws/config`.
//!
//! In: the environment, which says where the files are and which profile counts. Out: the settings of that
//! profile. The S3 library reads the environment and the roles of instances, but not these files.
//! Source of the format: the AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Environment;
use super::refusal::SetupError;

/// The settings of one profile.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    settings: BTreeMap<String, String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets.
        let keys: Vec<_> = self.settings.keys().collect();
        write!(
            formatter,
            "Profile {{ name: {:?}, keys: {keys:?} }}",
            self.name
        )
    }
}

impl Profile {
    /// The profile of `AWS_PROFILE`, else `default`; empty when there is none and nobody asked for one.
    ///
    /// # Errors
    /// When a profile that was asked for is in neither file, or a file cannot be read.
    pub fn of(environment: &Environment) -> Result<Self, SetupError> {
        let asked = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
            .into_iter()
            .find_map(|name| environment.get(name));
        let name = asked.unwrap_or("default").to_owned();
        let mut settings = BTreeMap::new();
        let mut is_there = false;
        // What the credentials file says counts more.
        for (path, is_config) in [
            (file(environment, "AWS_CONFIG_FILE", "config"), true),
            (
                file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                false,
            ),
        ] {
            let Some(path) = path else { continue };
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let why = format!("cannot read `{}`: {error}", path.display());
                    return Err(SetupError::new(why, "make it readable for this user"));
                }
            };
            if let Some(found) = section(&text, &name, is_config) {
                is_there = true;
                settings.extend(found);
            }
        }
        if !is_there && asked.is_some() {
            let why =
                format!("there is no profile `{name}` in ~/.aws/config and ~/.aws/credentials");
            return Err(SetupError::new(
                why,
                "correct AWS_PROFILE; `aws configure list-profiles` shows those that there are",
            ));
        }
        Ok(Self { name, settings })
    }

    /// A setting, if it is there and not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        let value = self.settings.get(key)?;
        (!value.is_empty()).then_some(value.as_str())
    }
}

fn file(environment: &Environment, variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = environment.get(variable) {
        return Some(PathBuf::from(path));
    }
    let home = environment
        .get("HOME")
        .or_else(|| environment.get("USERPROFILE"))?;
    Some(PathBuf::from(home).join(".aws").join(name))
}

/// The settings of the section `name`, keys in small letters; `None` when there is no such section. In a
/// config file all but `default` are called `[profile NAME]`.
fn section(text: &str, name: &str, is_config: bool) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            // Nested settings, as of `s3 =`, are none of ours.
            continue;
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or("").trim();
            is_inside = is_section(header, name, is_config);
            if is_inside {
                found.get_or_insert_default();
            }
        } else if let (true, Some((key, value)), Some(found)) =
            (is_inside, line.split_once('='), found.as_mut())
        {
            found.insert(
                key.trim().to_ascii_lowercase(),
                without_comment(value).to_owned(),
            );
        }
    }
    found
}

fn is_section(header: &str, name: &str, is_config: bool) -> bool {
    let named = header.strip_prefix("profile ").map(str::trim);
    match (is_config, named) {
        (true, Some(named)) => named == name,
        (true, None) => header == "default" && name == "default",
        (false, _) => header == name,
    }
}

/// A comment begins with a blank and `#` or `;`.
fn without_comment(value: &str) -> &str {
    let cut = [" #", " ;", "\t#", "\t;"]
        .into_iter()
        .filter_map(|mark| value.find(mark))
        .min();
    value[..cut.unwrap_or(value.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# ours
[default]
region = eu-central-1 ; here
s3 =
    addressing_style = path
[profile shop]
region=eu-west-1
endpoint_url = http://127.0.0.1:9000
[other]
region = nowhere
";

    #[test]
    fn a_section_has_its_own_settings_only() {
        let region = |name: &str, is_config| {
            let found = section(CONFIG, name, is_config)?;
            found.get("region").cloned()
        };
        assert_eq!(region("default", true).as_deref(), Some("eu-central-1"));
        assert_eq!(region("shop", true).as_deref(), Some("eu-west-1"));
        assert_eq!(region("other", true), None, "not called `profile other`");
        assert_eq!(region("other", false).as_deref(), Some("nowhere"));
        let default = section(CONFIG, "default", true).unwrap();
        assert!(!default.contains_key("addressing_style"), "it is nested");
    }

    #[test]
    fn a_profile_is_read_from_both_files() {
        let folder = std::env::temp_dir().join(format!("profile-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (config, credentials) = (folder.join("config"), folder.join("credentials"));
        std::fs::write(&config, CONFIG).unwrap();
        std::fs::write(
            &credentials,
            "[shop]\naws_access_key_id = AKIA\naws_secret_access_key = a=b+/c\nregion =\n",
        )
        .unwrap();
        let environment = |profile: &str| {
            Environment::of([
                ("AWS_CONFIG_FILE", config.to_str().unwrap()),
                ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
                ("AWS_PROFILE", profile),
            ])
        };
        let shop = Profile::of(&environment("shop")).unwrap();
        assert_eq!(shop.get("aws_access_key_id"), Some("AKIA"));
        assert_eq!(shop.get("aws_secret_access_key"), Some("a=b+/c"));
        assert_eq!(shop.get("endpoint_url"), Some("http://127.0.0.1:9000"));
        assert_eq!(shop.get("region"), None, "it is empty");
        assert!(
            !format!("{shop:?}").contains("a=b"),
            "secrets are not shown"
        );
        let error = Profile::of(&environment("shp")).unwrap_err().to_string();
        assert!(error.contains("there is no profile `shp`"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn without_files_and_without_a_wish_there_is_an_empty_profile() {
        let environment = Environment::of([("HOME", "/nowhere")]);
        assert_eq!(Profile::of(&environment).unwrap().get("region"), None);
    }
}
