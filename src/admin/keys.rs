//! `keys list|close`: which keys a project has, and the end of one. No key is ever shown.

use crate::config::{Config, Keys, Linkage};
use crate::site_key::{self, Closing, SiteKeyError, SiteSecrets};
use crate::spool::{LocalSpool, SpoolError, UnixMs};
use std::fmt::Write as _;

/// Why a key was not closed; it is as it was, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(
        "{0} jobs under this key are not over: let them be delivered, or reject what is held \
         (`deid-gateway held list`)"
    )]
    Undelivered(i64),
}

/// The keys of every project of the configuration by epoch, by their ids.
pub fn list(config: &Config) -> Result<String, SiteKeyError> {
    let secrets = site_key::look(&config.keys)?;
    config
        .projects()
        .into_iter()
        .map(|project| of_project(&config.keys, &secrets, project))
        .collect()
}

fn of_project(keys: &Keys, secrets: &SiteSecrets, project: &str) -> Result<String, SiteKeyError> {
    let mut text = format!("keys of project {project:?}:\n");
    let mut line = |epoch: u32, what: &str, linkage: Linkage| {
        let is_in_force = (epoch, linkage) == (keys.epoch, keys.linkage);
        let note = [
            if linkage == Linkage::Unlinkable { "  unlinkable" } else { "" },
            if is_in_force { "  in force" } else { "" },
        ];
        let _ = writeln!(text, "  epoch {epoch}  {what}{}", note.concat());
    };
    for found in secrets.keys.of_project(project) {
        line(found.epoch, &found.key.key_id(), found.linkage);
    }
    for epoch in site_key::closed_epochs(&keys.site_key_file, project)? {
        line(epoch, "closed, its key is destroyed", Linkage::Unlinkable);
    }
    if secrets.in_force(project).is_err() {
        let _ = writeln!(text, "epoch {} has no key in force", keys.epoch);
    }
    Ok(text)
}

/// Destroys the own key of a project and epoch, and what the spool still tells of it; what was done.
pub async fn close(
    config: &Config,
    project: &str,
    epoch: u32,
    who: String,
    now_ms: UnixMs,
) -> Result<String, CloseError> {
    let closing = Closing::begin(&config.keys.site_key_file, project, epoch)?;
    let directory = &config.spool.directory;
    let spool = match LocalSpool::is_at(directory) {
        true => Some(LocalSpool::attach(directory)?),
        false => None,
    };
    if let Some(spool) = &spool {
        match spool.open_jobs_under(project, closing.key_id()).await? {
            0 => {}
            open => return Err(CloseError::Undelivered(open)),
        }
    }
    // From here on the same command ends what is interrupted.
    closing.seal()?;
    let mut text = format!("project {project:?}, epoch {epoch} is closed: its key is destroyed\n");
    let _ = match &spool {
        Some(spool) => {
            let jobs = spool.forget_links(project, closing.key_id(), (who, epoch), now_ms).await?;
            writeln!(text, "what links was removed from {jobs} jobs in {}", directory.display())
        }
        None => writeln!(text, "there is no spool in {}", directory.display()),
    };
    closing.shred()?;
    if let Some(lookup) = config.keys.lookup_file() {
        let _ = writeln!(text, "{} still says who is who: destroy it too", lookup.display());
    }
    let _ = writeln!(text, "backups of the key and of the spool still link: destroy them too");
    Ok(text)
}
