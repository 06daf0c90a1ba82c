//! What a service manager such as systemd is told, by the protocol of `sd_notify`: ready, reloading,
//! stopping, and that the gateway lives. Where nobody asked, nobody is told.

use crate::spool::LocalSpool;
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// Where no watchdog waits, the gateway looks at itself this often all the same, and tells nobody.
const UNWATCHED: Duration = Duration::from_secs(3600);

/// The service manager that started the gateway, or nobody.
pub struct ServiceManager {
    /// How soon it must hear that the gateway lives, or kills it.
    watchdog: Option<Duration>,
    ticks: Interval,
}

impl ServiceManager {
    /// As the environment names it.
    pub fn from_environment() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|time| !time.is_zero());
        // twice in the time, as sd_watchdog_enabled(3) advises
        let mut ticks = interval(watchdog.map_or(UNWATCHED, |time| time / 2));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { watchdog, ticks }
    }

    /// Associations are taken.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// The configuration is read again; [`Self::ready`] ends it, whatever came of it.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// Nothing new is taken any more.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Waits until it is time to tell that the gateway lives.
    pub async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    /// Tells that the gateway lives, if the spool answers: without its records it does no work.
    pub async fn tell_alive(&self, spool: &LocalSpool) {
        let Some(time) = self.watchdog else { return };
        match timeout(time / 4, spool.overview()).await {
            Ok(Ok(_)) => tell(&[NotifyState::Watchdog]),
            Ok(Err(error)) => tracing::error!(%error, "the watchdog is not told: no records"),
            Err(_) => tracing::error!("the watchdog is not told: the records do not answer"),
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
