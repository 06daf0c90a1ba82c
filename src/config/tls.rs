//! TLS of the port and of destinations: where certificates and keys are.
//!
//! Protocols and ciphers are no option: TLS 1.2 and 1.3 with forward secrecy and authenticated
//! encryption, as the profiles of PS3.15 sections B.9 to B.12 (BCP 195) ask.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[intake.tls]`: the port speaks TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeTls {
    /// A port of its own beside `[intake] listen`; without it, that one speaks TLS and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// PEM: ours first, then those between it and the root.
    pub certificate_file: PathBuf,
    /// PEM, for our eyes only.
    pub key_file: PathBuf,
    /// PEM: who signs the certificates of senders. Without it they need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
}

/// `tls` of a destination: it is spoken to in TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationTls {
    /// PEM: who signs the certificate of the destination.
    pub ca_file: PathBuf,
    /// The name in its certificate; without it, the host of `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// PEM: our certificate, should it ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM, for our eyes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl DestinationTls {
    pub(super) fn check(&self, section: &str) -> Result<(), ConfigError> {
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) | (None, Some(_)) => {
                Err(ConfigError::value(section, "tls: certificate_file and key_file go together"))
            }
            _ => Ok(()),
        }
    }
}
