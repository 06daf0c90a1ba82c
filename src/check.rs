//! `check`: is this configuration fit to run? Every finding says what is wrong and what to do.

use crate::config::{Config, Destination, DestinationKind, Documents, FaceRule};
use crate::dimse::store_scu::{Peer, StoreAssociation};
use crate::dimse::syntaxes;
use crate::patients::Patients;
use crate::recognise::Recogniser;
use crate::site_key::{self, SiteKeyError};
use std::path::Path;
use std::time::Duration;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: a section of the configuration, or a destination.
    pub what: String,
    pub outcome: Outcome,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Fine, and how.
    Fine(String),
    /// It will run; what a person must know who releases the results.
    Warning(String),
    /// Wrong, and what to do.
    Wrong(String),
}

fn finding(what: impl Into<String>, outcome: Result<String, String>) -> Finding {
    let outcome = outcome.map_or_else(Outcome::Wrong, Outcome::Fine);
    Finding { what: what.into(), outcome }
}

/// Looks at everything; the configuration itself was checked when it was loaded.
pub async fn run(config: &Config) -> Vec<Finding> {
    let mut findings = vec![finding("[deid]", profile(config))];
    findings.extend(warnings(config));
    findings.extend([
        finding("[keys]", site_key(config)),
        finding("[keys] lookup_file", lookup(config)),
        finding("[spool]", spool(&config.spool.directory)),
        finding("[intake]", port(config).await),
        finding("[detection]", models(config).await),
    ]);
    for destination in &config.destinations {
        let outcome = reach(destination).await;
        findings.push(finding(format!("destination {:?}", destination.name), outcome));
    }
    findings
}

fn profile(config: &Config) -> Result<String, String> {
    let profile = config.profile().map_err(|error| error.to_string())?;
    let skipped = profile.pixels.values().filter(|r| **r == crate::config::PixelRule::Skip).count();
    let pixels = match skipped {
        0 => "every SOP class is looked at".to_owned(),
        n => format!("pixels of {n} SOP classes are skipped and never claimed clean"),
    };
    Ok(format!("profile {:?}: {pixels}", profile.name))
}

/// What the profile lets out, or takes away, that no count of pixels or attributes shows.
fn warnings(config: &Config) -> Vec<Finding> {
    let Ok(profile) = config.profile() else { return Vec::new() };
    let mut warnings = Vec::new();
    if profile.faces.head_volumes == FaceRule::Allow {
        warnings.push(
            "CT, MR and PET of the head pass and are not defaced: a face can be made from them;              [faces] head_volumes = \"hold\" holds them",
        );
    }
    if profile.faces.photographs == FaceRule::Allow {
        warnings.push(
            "photographs and scans of the body from outside pass with any face that they show;              [faces] photographs = \"hold\" holds them",
        );
    }
    if profile.documents == Documents::Drop {
        warnings.push(
            "encapsulated documents are dropped: their objects pass with an empty document;              documents = \"hold\" holds them",
        );
    }
    let warning = |text: &str| Finding {
        what: "[deid]".to_owned(),
        outcome: Outcome::Warning(text.to_owned()),
    };
    warnings.into_iter().map(warning).collect()
}

fn site_key(config: &Config) -> Result<String, String> {
    let path = &config.keys.site_key_file;
    if !path.exists() {
        return Ok(format!("{}: will be made at the first start", path.display()));
    }
    let of_project = || {
        let (project, epoch) = (&config.deid.project, config.keys.epoch);
        let secrets = site_key::look(&config.keys)?;
        if site_key::closed_epochs(path, project)?.contains(&epoch) {
            return Err(SiteKeyError::Closed { project: project.clone(), epoch });
        }
        secrets.in_force(project)
    };
    let epoch = config.keys.epoch;
    match of_project() {
        Ok(key) => Ok(format!("{}: epoch {epoch}, key {}", path.display(), key.key_id())),
        Err(error @ SiteKeyError::NoKeyYet { .. }) => Ok(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn lookup(config: &Config) -> Result<String, String> {
    let Some(path) = config.keys.lookup_file() else { return Ok("no lookup file".into()) };
    let patients = Patients::load(&config.keys).map_err(|error| error.to_string())?;
    Ok(format!("{}: {} patients", path.display(), patients.listed()))
}

/// The spool's directory is made for its owner alone, as `serve` makes it.
fn spool(directory: &Path) -> Result<String, String> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| format!("{}: cannot be made: {error}", directory.display()))?;
    writable(directory)
}

/// A directory that exists or can be made, and a file that can be made in it.
fn writable(directory: &Path) -> Result<String, String> {
    std::fs::create_dir_all(directory)
        .and_then(|()| tempfile::NamedTempFile::new_in(directory).map(|_| ()))
        .map_err(|error| format!("{}: not writable: {error}", directory.display()))?;
    Ok(format!("{}: writable", directory.display()))
}

async fn port(config: &Config) -> Result<String, String> {
    let address = config.intake.listen;
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Ok(format!("{address} as {}: free", config.intake.ae_title)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(format!("{address}: in use; by a gateway that is running, or change listen"))
        }
        Err(error) => Err(format!("{address}: {error}; change listen")),
    }
}

async fn models(config: &Config) -> Result<String, String> {
    let recogniser = Recogniser::new(config.detection.threads);
    recogniser.load().await.map_err(|error| error.to_string())?;
    Ok(format!("the embedded models load, {} threads", config.detection.threads))
}

async fn reach(destination: &Destination) -> Result<String, String> {
    match destination.kind {
        DestinationKind::Folder => writable(&destination.path),
        DestinationKind::Dicom => echo(destination).await,
    }
}

/// C-ECHO (PS3.7 section 9.1.5).
async fn echo(destination: &Destination) -> Result<String, String> {
    let peer = Peer {
        address: destination.address.clone(),
        called_ae_title: destination.called_ae_title.clone(),
        calling_ae_title: destination.calling_ae_title.clone(),
        timeout: Duration::from_millis(destination.timeout_ms),
    };
    let at = format!("{} at {}", peer.called_ae_title, peer.address);
    let failed = |error: crate::dimse::store_scu::ScuError| {
        format!("{at}: {error}; check address, AE titles and that it is running")
    };
    let pair = (syntaxes::VERIFICATION.to_owned(), syntaxes::IMPLICIT_VR_LE.to_owned());
    let mut association = StoreAssociation::establish(&peer, &[pair]).await.map_err(failed)?;
    let context = association
        .context_for(syntaxes::VERIFICATION, syntaxes::IMPLICIT_VR_LE)
        .ok_or_else(|| format!("{at}: it does not accept the Verification SOP Class"))?;
    match association.echo(context).await {
        Ok(0) => {
            association.release().await;
            Ok(format!("{at}: answers C-ECHO"))
        }
        Ok(status) => Err(format!("{at}: answers C-ECHO with status {status:04X}")),
        Err(error) => {
            association.abort().await;
            Err(failed(error))
        }
    }
}
