//! Routes Originals: at once where the records tell enough, else after a child has read the header.
//!
//! Invariants: the parent parses no data set; an object whose header cannot be read is held, and is
//! neither dropped nor delivered; what slows or kills its child keeps no other object from routing
//! but those that wait for a header too; values of headers are neither logged nor stored.

use super::{Current, files, pool_limits};
use crate::config::{Config, HeaderAttribute, Limits};
use crate::deid::header::HeaderFact;
use crate::deid::hold::{Hold, HoldReason};
use crate::route::{Decision, Known, Target};
use crate::sandbox::{Pool, Reply, Request, Role, RunError, Stopped};
use crate::spool::{Fate, LocalSpool, Original, Routed, Routing, SpoolError, UnixMs};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Originals are looked for this often even when nothing signals: a person may have decided.
const POLL: Duration = Duration::from_secs(1);
/// Originals routed in one go.
const ROUTED_AT_ONCE: usize = 256;

/// Reads attributes of headers in children of its own, which are started when they are needed: work
/// that takes long does not keep objects from being routed.
pub struct HeaderReader {
    pool: Pool,
    readers: usize,
    limits: Limits,
}

impl HeaderReader {
    /// As many children as `[sandbox] workers`.
    pub fn new(config: &Config) -> Self {
        let pool = Pool::new(Role::Work, pool_limits(config));
        Self { pool, readers: config.sandbox.workers, limits: config.limits.clone() }
    }

    /// A fact for each of `attributes`.
    pub async fn read(
        &self,
        input: &Path,
        scratch: &Path,
        attributes: &[HeaderAttribute],
    ) -> Result<Vec<HeaderFact>, RunError> {
        let (attributes, limits) = (attributes.to_vec(), self.limits.clone());
        let request = Request::Ask { attributes, limits };
        match self.ask(&request, input, scratch).await {
            // Perhaps it was not this object that killed the child.
            Err(Stopped::Killed(_)) => Ok(self.ask(&request, input, scratch).await?),
            answered => Ok(answered?),
        }
    }

    async fn ask(
        &self,
        request: &Request,
        input: &Path,
        scratch: &Path,
    ) -> Result<Vec<HeaderFact>, Stopped> {
        let files = files::of_input(input, scratch)?;
        match self.pool.start(request, &files).await?.next().await? {
            Reply::Answered(facts) => Ok(facts),
            _ => Err(RunError::Failed("a child answered another question".into()).into()),
        }
    }
}

/// What routing needs besides the spool.
pub struct RoutingContext {
    /// The routes in force; a reload replaces them.
    pub current: watch::Receiver<Arc<Current>>,
    pub reader: HeaderReader,
    /// For files that are never recorded.
    pub scratch: PathBuf,
}

/// Routes until `shutdown` turns true; headers that are being read are then read again after a
/// restart.
pub async fn route(
    spool: Arc<LocalSpool>,
    context: RoutingContext,
    mut shutdown: watch::Receiver<bool>,
) {
    let context = Arc::new(context);
    let mut reading: JoinSet<String> = JoinSet::new();
    let mut claimed: HashSet<String> = HashSet::new();
    loop {
        let more = match pass(&spool, &context, &mut reading, &mut claimed).await {
            Ok(more) => more,
            Err(error) => {
                tracing::error!(%error, "cannot route");
                false
            }
        };
        if more && !*shutdown.borrow() {
            continue;
        }
        let idle = reading.is_empty();
        tokio::select! {
            Some(done) = reading.join_next(), if !idle => {
                if let Ok(original) = done {
                    claimed.remove(&original);
                }
            }
            () = spool.originals_changed.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
    }
}

/// Routes what is known well enough, and has headers of others read; whether there is more of the
/// former.
async fn pass(
    spool: &Arc<LocalSpool>,
    context: &Arc<RoutingContext>,
    reading: &mut JoinSet<String>,
    claimed: &mut HashSet<String>,
) -> Result<bool, SpoolError> {
    let originals = spool.unrouted(ROUTED_AT_ONCE, claimed.clone()).await?;
    let full = originals.len() == ROUTED_AT_ONCE;
    let current = Arc::clone(&context.current.borrow());
    let mut routings = Vec::new();
    for original in originals {
        match current.routes.decide(&known(&original), None) {
            Decision::AskHeader if reading.len() < context.reader.readers => {
                claimed.insert(original.id.clone());
                let (spool, context) = (Arc::clone(spool), Arc::clone(context));
                reading.spawn(read(spool, context, original));
            }
            Decision::AskHeader => {}
            decision => routings.push(routing(&current, &original, decision)),
        }
    }
    let routed = !routings.is_empty();
    if routed {
        spool.route(routings, now_ms()).await?;
    }
    Ok(routed && full)
}

/// Has one header read and routes the object; returns which it was.
async fn read(spool: Arc<LocalSpool>, context: Arc<RoutingContext>, original: Original) -> String {
    let id = original.id.clone();
    let at = Arc::clone(&spool);
    // A task of its own, so that a panic costs this object only.
    let asked = tokio::spawn(async move { fate(&at, &context, &original).await });
    let routing = match asked.await {
        Ok(routing) => routing,
        Err(_) => Some(unrouted(&id, Hold::new(HoldReason::SandboxCrashed, "its task stopped"))),
    };
    let recorded = match routing {
        Some(routing) => spool.route(vec![routing], now_ms()).await,
        None => {
            tokio::time::sleep(5 * POLL).await;
            Ok(())
        }
    };
    if let Err(error) = recorded {
        tracing::error!(%error, "a route could not be recorded");
        tokio::time::sleep(POLL).await;
    }
    id
}

/// `None`: its header could not be asked for; it is tried again.
async fn fate(
    spool: &LocalSpool,
    context: &RoutingContext,
    original: &Original,
) -> Option<Routing> {
    if !spool.payload_is_intact(original.input.clone(), original.sha256.clone()).await {
        let detail = "the stored original is gone or no longer has its digest";
        return Some(unrouted(&original.id, Hold::new(HoldReason::StorageDamaged, detail)));
    }
    loop {
        let current = Arc::clone(&context.current.borrow());
        let attributes = current.routes.attributes();
        match context.reader.read(&original.input, &context.scratch, attributes).await {
            // A reload came between: the routes of now decide.
            Ok(_) if !Arc::ptr_eq(&current, &context.current.borrow()) => {}
            Ok(facts) => {
                let decision = current.routes.decide(&known(original), Some(&facts));
                return Some(routing(&current, original, decision));
            }
            Err(RunError::Hold(hold)) => {
                tracing::warn!(reason = %hold.reason, detail = hold.detail, "held: not routed");
                return Some(unrouted(&original.id, hold));
            }
            Err(RunError::Failed(kind) | RunError::Later(kind)) => {
                tracing::error!(kind, "a header could not be read; it will be tried again");
                return None;
            }
        }
    }
}

fn known(original: &Original) -> Known<'_> {
    // Of an Original whose record was lost it is not known.
    let said = |ae_title: &'_ str| !ae_title.is_empty();
    Known {
        calling_ae_title: Some(original.calling_ae.as_str()).filter(|ae| said(ae)),
        called_ae_title: Some(original.called_ae.as_str()).filter(|ae| said(ae)),
        peer: original.peer.parse::<SocketAddr>().ok().map(|peer| peer.ip()),
        sop_class_uid: Some(&original.sop_class_uid),
    }
}

fn unrouted(original: &str, hold: Hold) -> Routing {
    Routing { original: original.to_owned(), fate: Fate::Unrouted { hold, route: None } }
}

fn routing(current: &Current, original: &Original, decision: Decision) -> Routing {
    let hold = |reason, detail: String, route: Option<String>| {
        tracing::warn!(%reason, route, "held: not routed");
        Fate::Unrouted { hold: Hold::new(reason, detail), route }
    };
    let fate = match decision {
        Decision::Deliver(targets) => deliver(current, original, targets),
        Decision::Drop(route) => {
            tracing::info!(route, "dropped by a route");
            Fate::Dropped { route }
        }
        Decision::Hold(route) => {
            hold(HoldReason::HeldByRoute, format!("route {route} holds it"), Some(route))
        }
        Decision::NoRoute => {
            let (calling, called) = (&original.calling_ae, &original.called_ae);
            let from = original.peer.parse::<SocketAddr>().map(|peer| peer.ip().to_string());
            let from = from.unwrap_or_else(|_| "unknown".into());
            let detail = format!("called {called:?} by {calling:?} from {from}");
            hold(HoldReason::NoRoute, detail, None)
        }
        Decision::Undecided(route) => {
            let detail = format!("whether route {route} matches cannot be told");
            hold(HoldReason::RouteUndecided, detail, Some(route))
        }
        Decision::AskHeader => {
            hold(HoldReason::RouteUndecided, "its header was not read".into(), None)
        }
    };
    Routing { original: original.id.clone(), fate }
}

fn deliver(current: &Current, original: &Original, targets: Vec<Target>) -> Fate {
    let job = |target: Target| Routed {
        profile: target.profile.as_ref().clone(),
        // Without a key in force no key has this id: its Job is held.
        key_id: current.keys.in_force(&target.project).map_or_else(String::new, |k| k.key_id()),
        project: target.project,
        release: target.release,
        destinations: target.destinations,
        route: (!target.routes.is_empty()).then(|| target.routes.join(", ")),
    };
    let held = (original.changed && current.hold_changed).then(|| {
        let detail = "this SOP Instance UID arrived before with other content";
        Hold::new(HoldReason::ChangedDuplicate, detail)
    });
    Fate::Jobs { jobs: targets.into_iter().map(job).collect(), held }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
