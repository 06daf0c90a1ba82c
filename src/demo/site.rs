//! The nodes of the demo: the gateway, and a research PACS that only receives.

use super::DemoError;
use crate::config::{Config, Destination, Intake, Keys, LogLevel};
use crate::intake::{self, Access, Listeners};
use crate::serve::Gateway;
use crate::site_key;
use crate::spool::LocalSpool;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often the gateway's spool is looked at.
const POLL: Duration = Duration::from_millis(50);
/// The demo may run where there is little room: its objects are of a few megabytes.
const MIN_FREE_BYTES: u64 = 64 << 20;
/// Any free port of this machine, reachable from this machine alone.
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const RESEARCH_AE_TITLE: &str = "RESEARCH";

/// Both nodes, running, with everything they keep under one directory.
pub struct Site {
    pub gateway: Gateway,
    pub gateway_ae_title: String,
    pub research: Research,
}

impl Site {
    /// Starts the research PACS, then the gateway that delivers to it.
    pub async fn start(directory: &Path) -> Result<Self, DemoError> {
        let research = Research::start(&directory.join("research")).await?;
        let mut config = Config::default();
        config.intake.listen = LOOPBACK;
        config.intake.min_free_bytes = MIN_FREE_BYTES;
        config.spool.directory = directory.join("spool");
        config.keys.site_key_file = directory.join("keys/site.key");
        config.log.level = LogLevel::Warn;
        let address = research.address.to_string();
        config.destinations = vec![Destination::dicom("research", address, RESEARCH_AE_TITLE)];
        let gateway = Gateway::start(&config).await?;
        Ok(Self { gateway, gateway_ae_title: config.intake.ae_title, research })
    }

    /// Waits until each of `objects` was delivered or is held, at most until `deadline`.
    pub async fn settled(&self, objects: i64, deadline: Instant) -> Result<(), DemoError> {
        loop {
            let counts = self.gateway.spool.counts().await?;
            let settled = counts.ended + counts.held;
            if settled >= objects {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(DemoError::Late { settled, objects });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// A plain receiver: intake on a spool of its own, without a worker.
pub struct Research {
    pub address: SocketAddr,
    received: PathBuf,
    shutdown: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Research {
    async fn start(directory: &Path) -> Result<Self, DemoError> {
        let failed = |error: std::io::Error| DemoError::Directory {
            path: directory.to_owned(),
            kind: error.kind(),
        };
        let listener = TcpListener::bind(LOOPBACK).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let keys = Keys { site_key_file: directory.with_extension("key"), ..Keys::default() };
        let secrets = site_key::open(&keys, "research")?;
        let spool = Arc::new(LocalSpool::open(directory, secrets.spool_key, 0).await?);
        let intake = Intake {
            ae_title: RESEARCH_AE_TITLE.into(),
            min_free_bytes: MIN_FREE_BYTES,
            ..Intake::default()
        };
        let (shutdown, stopping) = watch::channel(false);
        let listeners = Listeners { plain: Some(listener), tls: None };
        let access = watch::Sender::new(Arc::new(Access::everybody())).subscribe();
        let serving = intake::run(listeners, intake, Vec::new(), spool, access, stopping);
        let task = tokio::spawn(serving);
        Ok(Self { address, received: directory.join("originals"), shutdown, task })
    }

    /// Stops receiving; returns the Part 10 files that arrived.
    pub async fn stop(self) -> Result<Vec<PathBuf>, DemoError> {
        let _ = self.shutdown.send(true);
        let _ = self.task.await;
        let failed = |error: std::io::Error| DemoError::Directory {
            path: self.received.clone(),
            kind: error.kind(),
        };
        let entries = std::fs::read_dir(&self.received).map_err(failed)?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
    }
}
