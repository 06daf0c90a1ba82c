//! Lines of the log as DICOM audit messages to an audit record repository, over syslog.
//!
//! ```text
//! audit-*.jsonl ─▶ tail ─▶ message (PS3.15 section A.5) ─▶ frame (RFC 5424) ─▶ transport
//!        sent: the number of the last line that arrived, in the records of the spool ◀─┘
//! ```
//! Invariants: lines go in their order; one counts as sent when the receiver ended a connection after it,
//! so that one may come twice and none is lost; while nothing arrives, lines wait in their files, and
//! nothing else waits for that.

mod frame;
mod transport;

pub use transport::SyslogError;

use self::transport::Connection;
use super::dicom::{self, Source};
use super::tail::{Line, Tail};
use crate::config::{AuditSyslog, Config};
use crate::spool::{LocalSpool, SpoolError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Lines of one connection: so many may come twice.
const LINES: usize = 500;
/// How often lines are looked for.
const POLL: Duration = Duration::from_secs(1);

/// Why lines wait.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("the log cannot be read: {0}")]
    Log(std::io::Error),
    #[error(transparent)]
    Syslog(#[from] SyslogError),
}

/// Connects as messages do, and tells nothing.
pub async fn try_out(config: &AuditSyslog) -> Result<(), SyslogError> {
    Connection::open(config).await?.close().await
}

/// Sends until `stopping` turns true, and then what is there, once.
pub async fn send(
    spool: Arc<LocalSpool>,
    syslog: AuditSyslog,
    config: watch::Receiver<Arc<Config>>,
    mut stopping: watch::Receiver<bool>,
) {
    let directory = {
        let config = config.borrow();
        config.audit.directory(&config.spool.directory)
    };
    let mut tail = Tail::new(&directory);
    let pauses = [syslog.retry_min_ms, syslog.retry_max_ms].map(Duration::from_millis);
    let mut pause = None;
    loop {
        let last = *stopping.borrow();
        let current = config.borrow().clone();
        match batch(&spool, &syslog, &current, &mut tail).await {
            Ok(0) => {
                if last {
                    return;
                }
                tell_well(&spool, &mut pause).await;
            }
            Ok(_) => {
                tell_well(&spool, &mut pause).await;
                continue;
            }
            Err(error) => {
                if pause.is_none() {
                    tracing::error!(%error, "audit messages do not arrive: they wait in the audit log");
                    note(&spool, Some(error.to_string())).await;
                }
                pause = Some(pause.map_or(pauses[0], |p: Duration| (p * 2).min(pauses[1])));
                if last {
                    return;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause.unwrap_or(POLL)) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

async fn tell_well(spool: &LocalSpool, pause: &mut Option<Duration>) {
    if pause.take().is_some() {
        tracing::info!("audit messages arrive again");
        note(spool, None).await;
    }
}

async fn note(spool: &LocalSpool, trouble: Option<String>) {
    if let Err(error) = spool.note_audit_trouble(trouble).await {
        tracing::warn!(%error, "how audit messages fare could not be recorded");
    }
}

/// Sends the next lines; how many.
async fn batch(
    spool: &LocalSpool,
    syslog: &AuditSyslog,
    config: &Config,
    tail: &mut Tail,
) -> Result<usize, SendError> {
    let sent = spool.audit_sending().await?.map_or(0, |sending| sending.sent);
    let last = spool.audit_head().await?.seq;
    if last <= sent {
        return Ok(0);
    }
    // A file of the log may be long.
    let mut reading = std::mem::replace(tail, Tail::new(Path::new("")));
    let read = tokio::task::spawn_blocking(move || {
        let lines = reading.read(sent, last, LINES);
        (reading, lines)
    });
    let (reading, lines) = read.await.map_err(|_| SpoolError::Stopped)?;
    *tail = reading;
    let lines = lines.map_err(SendError::Log)?;
    let Some(end) = lines.last().map(|line| line.seq) else { return Ok(0) };
    let messages = messages(spool, syslog, config, &lines).await?;
    if !messages.is_empty() {
        let mut connection = Connection::open(syslog).await?;
        connection.send(&messages).await?;
        connection.close().await?;
    }
    spool.audit_sent(end).await?;
    Ok(lines.len())
}

async fn messages(
    spool: &LocalSpool,
    syslog: &AuditSyslog,
    config: &Config,
    lines: &[Line],
) -> Result<Vec<Vec<u8>>, SpoolError> {
    let subjects = lines.iter().map(|line| dicom::about(&line.value)).collect();
    let facts = spool.audit_facts(subjects).await?;
    let host = frame::host();
    let source_id = match syslog.source_id.as_str() {
        "" => config.intake.ae_title.clone(),
        named => named.to_owned(),
    };
    let site_id = syslog.site_id.clone();
    let source = Source { config, source_id, site_id, host };
    let framed = lines.iter().zip(&facts).filter_map(|(line, facts)| {
        let message = dicom::message(&line.value, facts, &source)?;
        Some(frame::framed(&message, line.seq, &source.host))
    });
    Ok(framed.collect())
}
