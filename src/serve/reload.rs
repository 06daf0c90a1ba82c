//! SIGHUP: another configuration without a restart, whole or not at all.
//!
//! Invariants: everything that can fail is done before anything changes; what was routed keeps its
//! profile, project and key; a destination has one forwarder at a time, and a changed one begins when
//! the old one has ended what is in flight; nothing that waits is lost with a destination.

use super::parts::Parts;
use super::recording::keys_made;
use super::{Gateway, ServeError};
use crate::config::{Config, ConfigError, Destination, OnChanged};
use crate::deid::header::Rulebook;
use crate::durations::StepDurations;
use crate::forward::{self, Decode};
use crate::intake::Access;
use crate::patients::Patients;
use crate::route::Routes;
use crate::site_key::{self, SiteSecrets};
use crate::spool::{LocalSpool, SpoolError};
use crate::worker::Current;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// Certificates that are over in fewer days are warned of.
const WARN_DAYS: i64 = 30;

/// Why the old configuration stays.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    #[error("a restart is needed for {}", .0.join(", "))]
    NeedsRestart(Vec<String>),
    #[error(transparent)]
    NotFit(#[from] ServeError),
}

/// What a configuration asks for, read and checked.
pub(super) struct Prepared {
    pub current: Current,
    pub access: Access,
    pub secrets: SiteSecrets,
}

impl Prepared {
    /// Reads profiles, lookup file and keys; makes the keys of projects that have none.
    pub fn new(config: &Config) -> Result<Self, ServeError> {
        let routes = Routes::new(config)?;
        for profile in routes.profiles() {
            Rulebook::new(profile).map_err(|error| {
                ConfigError::value(format!("profile {:?}", profile.name), error.to_string())
            })?;
        }
        let patients = Patients::load(&config.keys)?;
        if config.keys.lookup_file().is_some() {
            tracing::info!(patients = patients.listed(), "the lookup file was read");
        }
        let secrets = site_key::open_all(&config.keys, config.served_projects())?;
        let keys = secrets.keys.clone();
        let hold_changed = config.spool.on_changed == OnChanged::Hold;
        let access = Access::new(&config.senders, &config.intake)?;
        warn_of_expiry(&access);
        Ok(Self { current: Current { routes, keys, patients, hold_changed }, access, secrets })
    }
}

/// The forwarders that run, by the names of their destinations.
pub(super) struct Forwarders {
    /// Decodes for all of them.
    decode: Arc<dyn Decode>,
    durations: StepDurations,
    running: BTreeMap<String, Forwarder>,
    /// Those that were told to end and may not have: closed when they have.
    leaving: BTreeMap<String, oneshot::Receiver<()>>,
}

struct Forwarder {
    destination: Destination,
    stop: watch::Sender<bool>,
    /// Closed when it has ended.
    ended: oneshot::Receiver<()>,
}

impl Forwarders {
    pub fn new(decode: impl Decode, durations: StepDurations) -> Self {
        Self {
            decode: Arc::new(decode),
            durations,
            running: BTreeMap::new(),
            leaving: BTreeMap::new(),
        }
    }

    /// Makes the forwarders those of these destinations: others stop, new and changed ones start.
    pub fn set(
        &mut self,
        destinations: &[Destination],
        spool: &Arc<LocalSpool>,
        parts: &mut Parts,
    ) {
        let stays = |forwarder: &Forwarder| destinations.contains(&forwarder.destination);
        let running = std::mem::take(&mut self.running);
        let (stay, leave): (BTreeMap<_, _>, BTreeMap<_, _>) =
            running.into_iter().partition(|(_, forwarder)| stays(forwarder));
        self.running = stay;
        for (name, forwarder) in leave {
            forwarder.stop();
            self.leaving.insert(name, forwarder.ended);
        }
        for destination in destinations {
            if self.running.contains_key(&destination.name) {
                continue;
            }
            let before = self.leaving.remove(&destination.name);
            let with = (Arc::clone(spool), Arc::clone(&self.decode), self.durations.clone());
            let forwarder = Forwarder::start(destination.clone(), before, with, parts);
            self.running.insert(destination.name.clone(), forwarder);
        }
    }

    /// Lets what is in flight end, and nothing more begin.
    pub fn stop(&self) {
        self.running.values().for_each(Forwarder::stop);
    }
}

impl Forwarder {
    fn start(
        destination: Destination,
        before: Option<oneshot::Receiver<()>>,
        (spool, decode, durations): (Arc<LocalSpool>, Arc<dyn Decode>, StepDurations),
        parts: &mut Parts,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (running, ended) = oneshot::channel::<()>();
        let configured = destination.clone();
        let name = format!("destination {:?}", destination.name);
        parts.start_until(stopping.clone(), name, async move {
            let _running = running;
            if let Some(before) = before {
                // An error means that it has ended, which is what is waited for.
                let _ = before.await;
            }
            forward::run(configured, spool, decode, durations, stopping).await;
        });
        Self { destination, stop, ended }
    }

    fn stop(&self) {
        let _ = self.stop.send(true);
    }
}

fn warn_of_expiry(access: &Access) {
    let Some(acceptor) = &access.tls else { return };
    let days_left = acceptor.certificate.days_left(super::now_ms() / 1_000);
    if days_left < WARN_DAYS {
        tracing::warn!(days_left, "the certificate of [intake.tls] is over soon: renew it");
    }
}

/// Tells of deliveries that wait for destinations which nobody sends to.
pub(super) async fn warn_of_others(config: &Config, spool: &LocalSpool) -> Result<(), SpoolError> {
    let names: Vec<_> = config.destinations.iter().map(|d| d.name.clone()).collect();
    let count = spool.waiting_for_others(names).await?;
    if count > 0 {
        tracing::warn!(count, "deliveries wait for destinations that are not configured");
    }
    Ok(())
}

impl Gateway {
    /// Puts another configuration in force, or says why the old one stays.
    pub async fn reload(&mut self, config: &Config) -> Result<(), ReloadError> {
        let needed = self.config.restart_needed(config);
        if !needed.is_empty() {
            return Err(ReloadError::NeedsRestart(needed));
        }
        let Prepared { current, access, secrets } = Prepared::new(config)?;
        // From here on nothing fails.
        self.forwarders.set(&config.destinations, &self.spool, &mut self.parts);
        self.current.send_replace(Arc::new(current));
        // Of Associations that are established, nothing is asked again.
        self.access.send_replace(Arc::new(access));
        // After its keys are in use: nobody could have closed one between.
        keys_made(&self.spool, &secrets).await;
        self.secrets = secrets;
        self.config = config.clone();
        self.shown.send_replace(Arc::new(config.clone()));
        if let Err(error) = warn_of_others(config, &self.spool).await {
            tracing::warn!(%error, "what waits for other destinations could not be counted");
        }
        Ok(())
    }
}
