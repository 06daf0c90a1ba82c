//! The gateway: intake, worker and forward on one spool, from start to a drained stop.

use crate::config::{Config, ConfigError, OnChanged};
use crate::patients::Patients;
use crate::route::Routes;
use crate::site_key::{self, SiteKeyError, SiteSecrets};
use crate::spool::{LocalSpool, SpoolError};
use crate::worker::{self, Steps};
use crate::{forward, intake};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often delivered results are looked through for old ones.
const RETENTION_CHECK: Duration = Duration::from_secs(60);

/// Why the gateway did not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("cannot listen on {address}: {source}; free the port or change [intake] listen")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot start child processes: {0}")]
    Sandbox(std::io::Error),
}

/// A running gateway.
pub struct Gateway {
    /// Where it listens; the port is the real one when 0 was configured.
    pub address: SocketAddr,
    /// Its spool, for looking.
    pub spool: Arc<LocalSpool>,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// While it is there, nobody destroys a key.
    _secrets: SiteSecrets,
}

impl Gateway {
    /// Starts everything; when this returns, the gateway takes Associations.
    pub async fn start(config: &Config) -> Result<Self, ServeError> {
        let routes = Routes::new(config)?;
        let patients = Patients::load(&config.keys)?;
        if config.keys.lookup_file().is_some() {
            tracing::info!(patients = patients.listed(), "the lookup file was read");
        }
        let secrets = site_key::open(&config.keys, &config.deid.project)?;
        // The address before the spool: a second gateway on one configuration is told of the port.
        let address = config.intake.listen;
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let directory = &config.spool.directory;
        let spool = LocalSpool::open(directory, secrets.spool_key, now_ms()).await?;
        let names: Vec<_> = config.destinations.iter().map(|d| d.name.clone()).collect();
        let count = spool.waiting_for_others(names).await?;
        if count > 0 {
            tracing::warn!(count, "deliveries wait for destinations that are not configured");
        }
        let spool = Arc::new(spool);
        let steps = Steps::new(config).map_err(ServeError::Sandbox)?;
        let (shutdown, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let address = listener.local_addr().map_err(listen)?;
        let (s, stop) = (Arc::clone(&spool), stopping.clone());
        let reporters = intake::Reporter::of(&config.destinations);
        tasks.spawn(intake::run(listener, config.intake.clone(), reporters, s, stop));
        if config.intake.storage_commitment {
            let (intake, s) = (config.intake.clone(), Arc::clone(&spool));
            tasks.spawn(intake::answer_commitments(intake, s, stopping.clone()));
        }
        let context = worker::Context {
            steps,
            routes,
            keys: secrets.keys.clone(),
            patients,
            workers: config.sandbox.workers,
            hold_changed: config.spool.on_changed == OnChanged::Hold,
            scratch: spool.scratch().to_owned(),
        };
        tasks.spawn(worker::run(Arc::clone(&spool), context, stopping.clone()));
        for destination in &config.destinations {
            let (destination, spool) = (destination.clone(), Arc::clone(&spool));
            tasks.spawn(forward::run(destination, spool, stopping.clone()));
        }
        let keep = Duration::from_secs(config.spool.keep_delivered_s);
        tasks.spawn(retain(Arc::clone(&spool), keep, stopping));
        Ok(Self { address, spool, shutdown, tasks, _secrets: secrets })
    }

    /// Stops taking Associations, lets running ones and deliveries in flight end, and returns.
    pub async fn stop(mut self) {
        let _ = self.shutdown.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn retain(spool: Arc<LocalSpool>, keep: Duration, mut stopping: watch::Receiver<bool>) {
    loop {
        match spool.remove_delivered(now_ms() - keep.as_millis() as i64).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "delivered results removed"),
            Err(error) => tracing::error!(%error, "delivered results could not be removed"),
        }
        tokio::select! {
            () = tokio::time::sleep(RETENTION_CHECK) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
