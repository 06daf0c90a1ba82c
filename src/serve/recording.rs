//! What records what the gateway does: the audit log, and who else is told of it.
//!
//! Invariant: it begins before anything else is told, and ends when the other parts have, with a line that
//! says so.

use super::parts::Parts;
use super::{ServeError, now_ms};
use crate::audit;
use crate::config::Config;
use crate::site_key::SiteSecrets;
use crate::spool::LocalSpool;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What writing the last lines, and then telling them, may take at least.
const LEAST: Duration = Duration::from_secs(5);

pub(super) struct Recording {
    log: Parts,
    log_stop: watch::Sender<bool>,
    telling: Parts,
    telling_stop: watch::Sender<bool>,
}

impl Recording {
    /// Records the start and the keys in force, and begins.
    pub async fn start(
        config: &Config,
        spool: &Arc<LocalSpool>,
        secrets: &SiteSecrets,
        shown: watch::Receiver<Arc<Config>>,
    ) -> Result<Self, ServeError> {
        if config.audit.syslog.is_some() {
            spool.begin_audit_sending().await?;
        }
        keys_made(spool, secrets).await;
        let keys: serde_json::Map<String, Value> = config
            .served_projects()
            .into_iter()
            .filter_map(|project| {
                Some((project.to_owned(), secrets.in_force(project).ok()?.key_id().into()))
            })
            .collect();
        let version = env!("CARGO_PKG_VERSION");
        let epoch = config.keys.epoch;
        let event = json!({"event": "started", "version": version, "epoch": epoch, "keys": keys});
        spool.audit(event, now_ms()).await?;
        let (log_stop, stopping) = watch::channel(false);
        let mut log = Parts::default();
        let directory = config.audit.directory(&config.spool.directory);
        let rotate_bytes = config.audit.rotate_bytes;
        let writing = audit::write(Arc::clone(spool), directory, rotate_bytes, stopping);
        log.start("the audit log", writing);
        let (telling_stop, stopping) = watch::channel(false);
        let mut telling = Parts::default();
        if let Some(syslog) = config.audit.syslog.clone() {
            let sending = audit::send(Arc::clone(spool), syslog, shown, stopping);
            telling.start("audit messages", sending);
        }
        Ok(Self { log, log_stop, telling, telling_stop })
    }

    /// The name of a part that ends although nobody told it to.
    pub async fn ended(&mut self) -> String {
        tokio::select! {
            part = self.log.ended() => part,
            part = self.telling.ended(), if !self.telling.is_empty() => part,
        }
    }

    /// Records the stop, writes what is there, and tells it.
    pub async fn stop(self, spool: &LocalSpool, left: Duration) {
        if let Err(error) = spool.audit(json!({"event": "stopped"}), now_ms()).await {
            tracing::error!(%error, "the stop could not be recorded");
        }
        let _ = self.log_stop.send(true);
        self.log.stop(left.max(LEAST)).await;
        let _ = self.telling_stop.send(true);
        self.telling.stop(LEAST).await;
    }
}

/// Records which keys were made just now.
pub(super) async fn keys_made(spool: &LocalSpool, secrets: &SiteSecrets) {
    for made in &secrets.made {
        let event = json!({"event": "key-made", "what": made.what, "project": made.project, "epoch": made.epoch});
        if let Err(error) = spool.audit(event, now_ms()).await {
            tracing::error!(%error, "that a key was made could not be recorded");
        }
    }
}

/// Records why there is no start.
pub(super) async fn key_trouble(config: &Config, event: &str) {
    let Ok(spool) = LocalSpool::attach(&config.spool.directory) else { return };
    if let Err(error) = spool.audit(json!({ "event": event }), now_ms()).await {
        tracing::error!(%error, "what is wrong with the key could not be recorded");
    }
}
