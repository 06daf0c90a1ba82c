//! Whether audit messages would arrive.

use super::{Finding, Outcome};
use crate::config::{AuditSyslog, SyslogTransport};

/// Whether an audit record repository takes a connection; it is told nothing.
pub(super) async fn messages(syslog: &AuditSyslog) -> Finding {
    let outcome = match (crate::audit::try_out(syslog).await, syslog.transport) {
        (Err(error), _) => Outcome::Wrong(format!(
            "{error}; messages would wait in the audit log: check address, certificates and that it runs"
        )),
        (Ok(()), SyslogTransport::Tls) => {
            Outcome::Fine(format!("{}: takes a connection in TLS", syslog.address))
        }
        (Ok(()), SyslogTransport::Tcp) => Outcome::Warning(format!(
            "{}: takes a connection, in clear: transport = \"tls\" closes that",
            syslog.address
        )),
        (Ok(()), SyslogTransport::Udp) => Outcome::Warning(format!(
            "{}: in clear, and nobody knows what arrives there: use transport = \"tls\"",
            syslog.address
        )),
    };
    Finding { what: "[audit.syslog]".into(), outcome }
}
