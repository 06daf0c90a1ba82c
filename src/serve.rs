//! The gateway: intake, routing, worker and forward on one spool, from start to a drained stop.

mod decode;
mod parts;
mod recording;
mod reload;
mod service_manager;

pub use reload::ReloadError;
pub use service_manager::ServiceManager;

use self::parts::Parts;
use self::recording::Recording;
use crate::config::{Config, ConfigError, Intake, Observe};
use crate::intake::{self, Access, Listeners, Tally};
use crate::observe::{self, Watched};
use crate::site_key::{SiteKeyError, SiteSecrets};
use crate::spool::{LocalSpool, SpoolError};
use crate::tls::TlsError;
use crate::worker::{self, Confinement, Current, HeaderReader, RoutingContext, Steps, Transcoder};
use reload::{Forwarders, Prepared, warn_of_others};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often delivered results are looked through for old ones.
const RETENTION_CHECK: Duration = Duration::from_secs(60);

/// What is kept free of new objects is, to this part, for the results of those that are there.
const WORK_RESERVE: u64 = 4;

/// Why the gateway did not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error("{} is gone, and a spool that was made under it is there: restore it from a backup", .0.display())]
    KeyGone(PathBuf),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("cannot listen on {address}: {source}; free the port or change [intake] listen")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot listen on {address}: {source}; free the port or change [observe] listen")]
    Watch { address: SocketAddr, source: std::io::Error },
    #[error("[observe] token_file {}: {source}", file.display())]
    Token { file: PathBuf, source: std::io::Error },
    #[error("cannot start child processes: {0}")]
    Sandbox(std::io::Error),
}

/// A running gateway.
pub struct Gateway {
    /// Where it listens; the port is the real one when 0 was configured.
    pub address: SocketAddr,
    /// Where it listens for TLS alone, if that is another port.
    pub tls_address: Option<SocketAddr>,
    /// Where it is watched.
    pub observe_address: Option<SocketAddr>,
    /// Its spool, for looking.
    pub spool: Arc<LocalSpool>,
    shutdown: watch::Sender<bool>,
    parts: Parts,
    /// What records what the others do, and ends after them.
    recording: Recording,
    stop_timeout: Duration,
    forwarders: Forwarders,
    /// The configuration in force, and what was read for it.
    config: Config,
    current: watch::Sender<Arc<Current>>,
    access: watch::Sender<Arc<Access>>,
    /// For whoever watches.
    shown: watch::Sender<Arc<Config>>,
    /// While it is there, nobody destroys a key.
    secrets: SiteSecrets,
}

impl Gateway {
    /// Starts everything; when this returns, the gateway takes Associations.
    pub async fn start(config: &Config) -> Result<Self, ServeError> {
        let key_file = &config.keys.site_key_file;
        if !key_file.exists() && LocalSpool::is_at(&config.spool.directory) {
            recording::key_trouble(config, "key-missing").await;
            return Err(ServeError::KeyGone(key_file.clone()));
        }
        let Prepared { current, access, secrets } = Prepared::new(config)?;
        // The address before the spool: a second gateway on one configuration is told of the port.
        let (listeners, address, tls_address) = listen(&config.intake).await?;
        let watching = watch_port(&config.observe).await?;
        let directory = &config.spool.directory;
        let spool = match LocalSpool::open(directory, secrets.spool_key, now_ms()).await {
            Err(error @ SpoolError::OtherKey) => {
                recording::key_trouble(config, "key-other").await;
                return Err(error.into());
            }
            opened => opened?,
        };
        warn_of_others(config, &spool).await?;
        let spool = Arc::new(spool);
        let steps = Steps::new(config);
        tell_confinement(steps.confinement().await.map_err(ServeError::Sandbox)?);
        let (aws, durations) = (steps.aws().cloned(), steps.durations().clone());
        let reader = HeaderReader::new(config);
        let current = watch::Sender::new(Arc::new(current));
        let (shutdown, stopping) = watch::channel(false);
        let mut parts = Parts::default();
        let shown = watch::Sender::new(Arc::new(config.clone()));
        let recording = Recording::start(config, &spool, &secrets, shown.subscribe()).await?;
        let access = watch::Sender::new(Arc::new(access));
        let (s, stop) = (Arc::clone(&spool), stopping.clone());
        let (settings, reporters) =
            (config.intake.clone(), intake::Reporter::of(&config.destinations));
        let allowed = access.subscribe();
        let tally = Arc::new(Tally::default());
        let counted = Arc::clone(&tally);
        parts.start(
            "intake",
            intake::run(listeners, settings, reporters, (s, counted), allowed, stop),
        );
        if config.intake.storage_commitment {
            let (intake, s) = (config.intake.clone(), Arc::clone(&spool));
            let answering = intake::answer_commitments(intake, s, stopping.clone());
            parts.start("storage commitment", answering);
        }
        let scratch = spool.scratch().to_owned();
        let routing = RoutingContext { current: current.subscribe(), reader, scratch };
        parts.start("routing", worker::route(Arc::clone(&spool), routing, stopping.clone()));
        let context = worker::Context {
            steps,
            current: current.subscribe(),
            workers: config.sandbox.workers,
            scratch: spool.scratch().to_owned(),
            min_free_bytes: config.intake.min_free_bytes / WORK_RESERVE,
        };
        parts.start("the worker", worker::run(Arc::clone(&spool), context, stopping.clone()));
        let mut forwarders =
            Forwarders::new(Transcoder::new(config, spool.scratch()), durations.clone());
        forwarders.set(&config.destinations, &spool, &mut parts);
        let (s, stop) = (Arc::clone(&spool), stopping.clone());
        parts.start("studies", worker::keep_studies(s, stop));
        let keep = Duration::from_secs(config.spool.keep_identifiers_s);
        let (s, stop) = (Arc::clone(&spool), stopping.clone());
        parts.start("forgetting", forget(s, keep, stop));
        let keep = Duration::from_secs(config.spool.keep_delivered_s);
        parts.start("retention", retain(Arc::clone(&spool), keep, stopping));
        let stop_timeout = Duration::from_millis(config.serve.stop_timeout_ms);
        let mut observe_address = None;
        if let Some((listener, token)) = watching {
            observe_address = listener.local_addr().ok();
            let (spool, config) = (Arc::clone(&spool), shown.subscribe());
            let stopping = shutdown.subscribe();
            let watched = Watched { spool, tally, config, stopping, aws, durations, token };
            parts.start("observe", observe::run(listener, watched));
        }
        let config = config.clone();
        Ok(Self {
            address,
            tls_address,
            observe_address,
            spool,
            shutdown,
            parts,
            recording,
            stop_timeout,
            forwarders,
            config,
            current,
            access,
            shown,
            secrets,
        })
    }

    /// Waits for a part that ends although nobody told it to: without it the others are no gateway.
    pub async fn part_died(&mut self) -> String {
        tokio::select! {
            part = self.parts.ended() => part,
            part = self.recording.ended() => part,
        }
    }

    /// Stops taking Associations, lets running ones and deliveries in flight end, and returns; what
    /// has not ended in time is cut. Nothing of the gateway runs any more.
    pub async fn stop(self) {
        let _ = self.shutdown.send(true);
        self.forwarders.stop();
        let began = Instant::now();
        self.parts.stop(self.stop_timeout).await;
        let left = self.stop_timeout.saturating_sub(began.elapsed());
        self.recording.stop(&self.spool, left).await;
    }
}

/// Opens the ports: that for plain connections, and that for TLS.
async fn listen(
    config: &Intake,
) -> Result<(Listeners, SocketAddr, Option<SocketAddr>), ServeError> {
    let bind = async |address: SocketAddr| {
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        Ok::<_, ServeError>((listener, bound))
    };
    let (first, address) = bind(config.listen).await?;
    match config.tls.as_ref().map(|tls| tls.listen) {
        None => Ok((Listeners { plain: Some(first), tls: None }, address, None)),
        Some(None) => Ok((Listeners { plain: None, tls: Some(first) }, address, None)),
        Some(Some(other)) => {
            let (second, tls_address) = bind(other).await?;
            let listeners = Listeners { plain: Some(first), tls: Some(second) };
            Ok((listeners, address, Some(tls_address)))
        }
    }
}

/// The port where it is watched, and the digest of its token.
async fn watch_port(
    config: &Observe,
) -> Result<Option<(TcpListener, Option<[u8; 32]>)>, ServeError> {
    if !config.enabled {
        return Ok(None);
    }
    let token = observe::token(&config.token_file)
        .map_err(|source| ServeError::Token { file: config.token_file.clone(), source })?;
    let address = config.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| ServeError::Watch { address, source })?;
    Ok(Some((listener, token)))
}

fn tell_confinement(confinement: Confinement) {
    if confinement.is_whole() {
        tracing::info!("child processes are confined: {confinement}");
    } else {
        tracing::warn!(
            "this kernel does not confine child processes: {confinement}; limits alone are in force"
        );
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

/// Forgets what identifies patients of whom nothing has been there for so long.
async fn forget(spool: Arc<LocalSpool>, keep: Duration, mut stopping: watch::Receiver<bool>) {
    let pause = keep.clamp(Duration::from_secs(1), RETENTION_CHECK);
    loop {
        let now = now_ms();
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        if let Err(error) = spool.forget_identifiers(now.saturating_sub(keep_ms), now).await {
            tracing::error!(%error, "identifiers that nobody needs could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
