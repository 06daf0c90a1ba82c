//! `[observe]`: where the gateway is watched.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[observe]`: health, metrics and the status page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Observe {
    pub enabled: bool,
    pub listen: SocketAddr,
    /// Holds the token that metrics and the page ask for; empty: none, on loopback only.
    pub token_file: PathBuf,
}

impl Default for Observe {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 11180)),
            token_file: PathBuf::new(),
        }
    }
}

impl Observe {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_closed = self.listen.ip().is_loopback() || !self.token_file.as_os_str().is_empty();
        match !self.enabled || is_closed {
            true => Ok(()),
            false => Err(ConfigError::value(
                "observe",
                "beyond loopback, metrics and the status page need a token_file",
            )),
        }
    }
}
