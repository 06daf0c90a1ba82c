//! The keys that pseudonyms are made with, the table of patients, and who can read them.

use super::{Finding, Outcome};
use crate::config::Config;
use crate::patients::Patients;
use crate::site_key::{self, SiteKeyError};

/// The key in force of every project that is served, by its id.
pub(super) fn site_keys(config: &Config) -> Result<String, String> {
    let path = &config.keys.site_key_file;
    if !path.exists() {
        return Ok(format!("{}: will be made at the first start", path.display()));
    }
    let secrets = site_key::look(&config.keys).map_err(|error| error.to_string())?;
    let epoch = config.keys.epoch;
    let of_project = |project: &str| {
        if site_key::closed_epochs(path, project)?.contains(&epoch) {
            return Err(SiteKeyError::Closed { project: project.to_owned(), epoch });
        }
        secrets.in_force(project)
    };
    let mut keys = Vec::new();
    for project in config.served_projects() {
        match of_project(project) {
            Ok(key) => keys.push(format!("project {project:?} key {}", key.key_id())),
            Err(error @ SiteKeyError::NoKeyYet { .. }) => keys.push(error.to_string()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(format!("{}: epoch {epoch}, {}", path.display(), keys.join("; ")))
}

/// How many patients the table has, where there is one.
pub(super) fn lookup(config: &Config) -> Result<String, String> {
    let Some(path) = config.keys.lookup_file() else { return Ok("no lookup file".into()) };
    let patients = Patients::load(&config.keys).map_err(|error| error.to_string())?;
    Ok(format!("{}: {} patients", path.display(), patients.listed()))
}

/// Who can read the token of metrics and status page; nothing where there is none.
pub(super) fn token(config: &Config) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let path = &config.observe.token_file;
    if !config.observe.enabled || path.as_os_str().is_empty() {
        return None;
    }
    let shown = path.display();
    let outcome = match std::fs::metadata(path).map(|file| file.permissions().mode() & 0o777) {
        Err(error) => Outcome::Wrong(format!("{shown}: cannot be read: {error}")),
        Ok(mode) if mode & 0o007 != 0 => Outcome::Warning(format!(
            "{shown}: mode {mode:03o} lets everybody on this machine read it; run: chmod o= {shown}"
        )),
        Ok(mode) => Outcome::Fine(format!("{shown}: mode {mode:03o}")),
    };
    Some(Finding { what: "[observe] token_file".into(), outcome })
}
