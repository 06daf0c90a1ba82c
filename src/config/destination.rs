//! `[[destinations]]`: where de-identified objects go.

use super::{ConfigError, DestinationTls, Window, check_ae_title};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Associations to one destination at once, at the most.
const MAX_ASSOCIATIONS: usize = 32;

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
    /// At once; a folder has one writer.
    #[serde(default = "default_associations")]
    pub associations: usize,
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// For one object, from the first byte to the response.
    #[serde(default = "default_object_timeout_ms")]
    pub object_timeout_ms: u64,
    #[serde(default = "default_retry_min_ms")]
    pub retry_min_ms: u64,
    #[serde(default = "default_retry_max_ms")]
    pub retry_max_ms: u64,
    /// An object that was answered with passing failures for so long is held.
    #[serde(default = "default_give_up_after_s")]
    pub give_up_after_s: u64,
    /// When it may be sent to, in UTC; empty is always.
    #[serde(default)]
    pub windows_utc: Vec<Window>,
    /// 0 is no limit.
    #[serde(default)]
    pub max_objects_per_s: u32,
    /// 0 is no limit.
    #[serde(default)]
    pub max_bytes_per_s: u64,
    /// A delivery counts only when the destination committed to keep the object.
    #[serde(default)]
    pub commitment: bool,
    /// How long an Association stays open for the result of a commitment request.
    #[serde(default = "default_commitment_wait_ms")]
    pub commitment_wait_ms: u64,
    /// A request without a result for so long is made again.
    #[serde(default = "default_commitment_timeout_ms")]
    pub commitment_timeout_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DestinationTls>,
}

fn default_calling() -> String {
    "DEID".into()
}

fn default_associations() -> usize {
    1
}

fn default_object_timeout_ms() -> u64 {
    3_600_000
}

fn default_give_up_after_s() -> u64 {
    3 * 86_400
}

fn default_commitment_wait_ms() -> u64 {
    5_000
}

fn default_commitment_timeout_ms() -> u64 {
    3_600_000
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
            associations: default_associations(),
            timeout_ms: default_timeout_ms(),
            object_timeout_ms: default_object_timeout_ms(),
            retry_min_ms: default_retry_min_ms(),
            retry_max_ms: default_retry_max_ms(),
            give_up_after_s: default_give_up_after_s(),
            windows_utc: Vec::new(),
            max_objects_per_s: 0,
            max_bytes_per_s: 0,
            commitment: false,
            commitment_wait_ms: default_commitment_wait_ms(),
            commitment_timeout_ms: default_commitment_timeout_ms(),
            tls: None,
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
        let others = &destinations[..index];
        match destination.kind {
            DestinationKind::Folder
                if others.iter().any(|other| same_folder(other, destination)) =>
            {
                return Err(ConfigError::value(section, "another destination has this path"));
            }
            DestinationKind::Folder if destination.commitment => {
                let message = "commitment is of kind = \"dicom\" only";
                return Err(ConfigError::value(section, message));
            }
            DestinationKind::Folder if destination.path.as_os_str().is_empty() => {
                return Err(ConfigError::value(section, "kind = \"folder\" needs `path`"));
            }
            DestinationKind::Folder => {}
            DestinationKind::Dicom => {
                check_address(&section, &destination.address)?;
                check_ae_title(&section, &destination.called_ae_title)?;
                check_ae_title(&section, &destination.calling_ae_title)?;
                destination.tls.as_ref().map_or(Ok(()), |tls| tls.check(&section))?;
            }
        }
        check_times(&section, destination)?;
        if destination.associations == 0 || destination.associations > MAX_ASSOCIATIONS {
            let message = format!("associations must be 1 to {MAX_ASSOCIATIONS}");
            return Err(ConfigError::value(section, message));
        }
    }
    Ok(())
}

/// `host:port`.
pub(crate) fn check_address(section: &str, address: &str) -> Result<(), ConfigError> {
    let (host, port) = address.rsplit_once(':').unwrap_or(("", ""));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(ConfigError::value(section, "needs `address = \"host:port\"`"));
    }
    Ok(())
}

fn check_times(section: &str, destination: &Destination) -> Result<(), ConfigError> {
    for (key, value) in [
        ("timeout_ms", destination.timeout_ms),
        ("object_timeout_ms", destination.object_timeout_ms),
        ("retry_min_ms", destination.retry_min_ms),
        ("give_up_after_s", destination.give_up_after_s),
        ("commitment_timeout_ms", destination.commitment_timeout_ms),
    ] {
        if value == 0 {
            return Err(ConfigError::value(section, format!("{key} must be positive")));
        }
    }
    Ok(())
}

/// Two writers in one folder would take each other's unfinished files for theirs.
fn same_folder(one: &Destination, other: &Destination) -> bool {
    let plain = |path: &PathBuf| path.components().collect::<PathBuf>();
    one.kind == DestinationKind::Folder && plain(&one.path) == plain(&other.path)
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
    fn two_folders_of_one_path_are_refused() {
        let (one, other) = (Destination::folder("a", "./out"), Destination::folder("b", "./out/"));
        let error = check(&[one.clone(), other]).expect_err("the same").to_string();
        assert!(error.contains("this path"), "{error}");
        assert!(check(&[one, Destination::folder("b", "./out/b")]).is_ok());
    }

    #[test]
    fn times_of_zero_and_no_association_are_refused() {
        let with = |change: fn(&mut Destination)| {
            let mut destination = Destination::dicom("pacs", "127.0.0.1:104".into(), "PACS");
            change(&mut destination);
            check(&[destination])
        };
        assert!(with(|_| {}).is_ok());
        assert!(with(|d| d.give_up_after_s = 0).is_err());
        assert!(with(|d| d.associations = 0).is_err());
        assert!(with(|d| d.associations = 33).is_err());
    }

    #[test]
    fn two_destinations_of_one_name_are_refused() {
        let one = Destination::folder("a", "./a");
        assert!(check(&[one.clone(), one]).is_err());
    }
}
