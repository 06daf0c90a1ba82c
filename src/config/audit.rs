//! `[audit]`: the log of what happened to every object.

use super::{ConfigError, DestinationTls, destination};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The directory of the log in that of the spool, where the configuration names none.
const IN_SPOOL: &str = "audit";

/// `[audit]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Empty: in the spool.
    pub directory: PathBuf,
    /// A file of this length is followed by another.
    pub rotate_bytes: u64,
    /// Where it is told to, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syslog: Option<AuditSyslog>,
}

/// `[audit.syslog]`: an audit record repository that gets messages of PS3.15 section A.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSyslog {
    /// `host:port`.
    pub address: String,
    #[serde(default)]
    pub transport: SyslogTransport,
    /// With transport "tls".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DestinationTls>,
    /// Who tells; empty: `[intake] ae_title`.
    #[serde(default)]
    pub source_id: String,
    /// Where in the enterprise that is; empty: not told.
    #[serde(default)]
    pub site_id: String,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// The first pause after a failure; it doubles up to `retry_max_ms`.
    #[serde(default = "retry_min_ms")]
    pub retry_min_ms: u64,
    #[serde(default = "retry_max_ms")]
    pub retry_max_ms: u64,
}

fn timeout_ms() -> u64 {
    10_000
}

fn retry_min_ms() -> u64 {
    1_000
}

fn retry_max_ms() -> u64 {
    60_000
}

/// How messages travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogTransport {
    /// RFC 5425.
    #[default]
    Tls,
    /// RFC 6587 with octet counts: in clear.
    Tcp,
    /// RFC 5426: in clear, and nobody knows what arrived.
    Udp,
}

impl AuditSyslog {
    fn check(&self) -> Result<(), ConfigError> {
        const SECTION: &str = "audit.syslog";
        let wrong = |what: &str| Err(ConfigError::value(SECTION, what));
        destination::check_address(SECTION, &self.address)?;
        match (self.transport, &self.tls) {
            (SyslogTransport::Tls, None) => {
                return wrong("transport \"tls\" needs tls = { ca_file = ... }");
            }
            (SyslogTransport::Tls, Some(tls)) => tls.check(SECTION)?,
            (_, Some(_)) => return wrong("tls goes with transport \"tls\""),
            _ => {}
        }
        // A day: beyond it nobody waits.
        let is_time = |value: u64| (1..=86_400_000).contains(&value);
        let times = [self.timeout_ms, self.retry_min_ms, self.retry_max_ms];
        if !times.into_iter().all(is_time) || self.retry_min_ms > self.retry_max_ms {
            return wrong("times must be 1 to 86400000 ms, retry_min_ms at most retry_max_ms");
        }
        let is_short = |text: &str| text.len() <= 64 && !text.chars().any(char::is_control);
        match is_short(&self.source_id) && is_short(&self.site_id) {
            true => Ok(()),
            false => wrong("source_id and site_id must be at most 64 printable bytes"),
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { directory: PathBuf::new(), rotate_bytes: 64 << 20, syslog: None }
    }
}

impl Audit {
    /// Where the log is.
    pub fn directory(&self, spool: &Path) -> PathBuf {
        match self.directory.as_os_str().is_empty() {
            true => spool.join(IN_SPOOL),
            false => self.directory.clone(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.rotate_bytes < 4_096 {
            return Err(ConfigError::value("audit", "rotate_bytes must be at least 4096"));
        }
        self.syslog.as_ref().map_or(Ok(()), AuditSyslog::check)
    }
}
