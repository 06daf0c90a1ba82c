//! The key of a run: that of the site, or one that is forgotten with it.

use super::RedactError;
use crate::config::Config;
use crate::deid::header::ProjectKey;
use crate::site_key::{self, SiteSecrets};

/// The key in force. Without a file of keys, and where that may be, a random one: nobody can tell later which
/// pseudonym is whose, and another run gives others.
pub(super) fn key(
    config: &Config,
    may_forget: bool,
) -> Result<(ProjectKey, Option<SiteSecrets>), RedactError> {
    if may_forget && !config.keys.site_key_file.exists() {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| RedactError::Random(error.to_string()))?;
        tracing::warn!(
            "no configuration and no site key: the pseudonyms of this run are made with a random key that \
             is gone when it ends"
        );
        return Ok((ProjectKey::new(secret), None));
    }
    let secrets = site_key::open(&config.keys, &config.deid.project)?;
    Ok((secrets.in_force(&config.deid.project)?, Some(secrets)))
}
