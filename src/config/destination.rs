//! `[[destinations]]`: where de-identified objects go.

use super::{ConfigError, check_ae_title};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// Files `STUDY/SERIES/SOP.dcm` of the new UIDs under `path`.
    Folder,
    /// A C-STORE SCP at `address`.
    Dicom,
}

/// One destination; which keys count is decided by `kind`, and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    pub name: String,
    pub kind: DestinationKind,
    #[serde(default)]
    pub path: PathBuf,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub called_ae_title: String,
    #[serde(default = "default_calling")]
    pub calling_ae_title: String,
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    #[serde(default = "default_retry_min_ms")]
    pub retry_min_ms: u64,
    #[serde(default = "default_retry_max_ms")]
    pub retry_max_ms: u64,
}

fn default_calling() -> String {
    "DEID".into()
}

fn default_timeout_ms() -> u64 {
    30_000
}

fn default_retry_min_ms() -> u64 {
    1_000
}

fn default_retry_max_ms() -> u64 {
    600_000
}

impl Destination {
    /// A folder destination with the defaults.
    pub fn folder(name: &str, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            kind: DestinationKind::Folder,
            path: path.into(),
            address: String::new(),
            called_ae_title: String::new(),
            calling_ae_title: default_calling(),
            timeout_ms: default_timeout_ms(),
            retry_min_ms: default_retry_min_ms(),
            retry_max_ms: default_retry_max_ms(),
        }
    }

    /// A C-STORE destination with the defaults.
    pub fn dicom(name: &str, address: String, called_ae_title: &str) -> Self {
        Self {
            kind: DestinationKind::Dicom,
            address,
            called_ae_title: called_ae_title.into(),
            ..Self::folder(name, PathBuf::new())
        }
    }
}

/// Checks each destination and that their names differ.
pub(super) fn check(destinations: &[Destination]) -> Result<(), ConfigError> {
    if destinations.is_empty() {
        return Err(ConfigError::value("destinations", "at least one is needed"));
    }
    for (index, destination) in destinations.iter().enumerate() {
        let section = format!("destinations[{index}] {:?}", destination.name);
        let name_is_plain =
            destination.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if destination.name.is_empty() || !name_is_plain {
            return Err(ConfigError::value(section, "name must be letters, digits, - _ ."));
        }
        if destinations[..index].iter().any(|other| other.name == destination.name) {
            return Err(ConfigError::value(section, "another destination has this name"));
        }
        match destination.kind {
            DestinationKind::Folder if destination.path.as_os_str().is_empty() => {
                return Err(ConfigError::value(section, "kind = \"folder\" needs `path`"));
            }
            DestinationKind::Folder => {}
            DestinationKind::Dicom => {
                let (host, port) = destination.address.rsplit_once(':').unwrap_or(("", ""));
                if host.is_empty() || port.parse::<u16>().is_err() {
                    let message = "kind = \"dicom\" needs `address = \"host:port\"`";
                    return Err(ConfigError::value(section, message));
                }
                check_ae_title(&section, &destination.called_ae_title)?;
                check_ae_title(&section, &destination.calling_ae_title)?;
            }
        }
        if destination.timeout_ms == 0 || destination.retry_min_ms == 0 {
            return Err(ConfigError::value(
                section,
                "timeout_ms and retry_min_ms must be positive",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_without_what_its_kind_needs_is_refused() {
        let dicom = Destination::dicom("pacs", "pacs.example.org".into(), "PACS");
        let error = check(&[dicom]).expect_err("no port").to_string();
        assert!(error.contains("host:port") && error.contains("pacs"), "{error}");
        let folder = Destination::folder("a", "");
        assert!(check(&[folder]).is_err());
    }

    #[test]
    fn two_destinations_of_one_name_are_refused() {
        let one = Destination::folder("a", "./a");
        assert!(check(&[one.clone(), one]).is_err());
    }
}
