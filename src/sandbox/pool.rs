//! The parent's side: children of one role, as many as may work at once.

use super::confine::{ChildLimits, Confinement};
use super::descriptors::{Files, Watched};
use super::process::Process;
use super::protocol::{self, AnswerLimits, Reply, Request, Role};
use crate::deid::hold::Hold;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How large, slow and old children may get.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    pub children: usize,
    pub child: ChildLimits,
    pub answers: AnswerLimits,
    /// Longest time without a message and without reading or writing, after a request or a picture.
    pub timeout: Duration,
    pub objects_per_child: u32,
    /// Whether a child that the kernel does not confine is of no use.
    pub require_confinement: bool,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The object's doing: it is held.
    #[error(transparent)]
    Hold(#[from] Hold),
    /// Not the object's doing: it may be tried again.
    #[error("the child process could not work: {0}")]
    Failed(String),
    /// A service that is needed cannot be asked at present: the object waits.
    #[error("{0}")]
    Later(String),
}

/// Why a request has no answer, as its child tells it, or its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error(transparent)]
    Run(#[from] RunError),
    /// The child was killed, by the object or by what else went on: the hold that it means, if a
    /// try without neighbours ends alike.
    #[error("{0}")]
    Killed(Hold),
}

impl From<Stopped> for RunError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Run(error) => error,
            Stopped::Killed(hold) => Self::Hold(hold),
        }
    }
}

impl From<Hold> for Stopped {
    fn from(hold: Hold) -> Self {
        Self::Run(RunError::Hold(hold))
    }
}

/// Children of one role.
pub struct Pool {
    role: Role,
    limits: PoolLimits,
    idle: Mutex<Vec<Process>>,
    places: Semaphore,
}

impl Pool {
    /// A pool of children that run this program. Nothing is started yet.
    pub fn new(role: Role, limits: PoolLimits) -> Self {
        let places = Semaphore::new(limits.children.max(1));
        Self { role, limits, idle: Mutex::default(), places }
    }

    /// Starts a child, to learn how this kernel confines it.
    pub async fn confinement(&self) -> io::Result<Confinement> {
        let (process, confinement) = self.spawn().await?;
        self.put(process);
        Ok(confinement)
    }

    /// Hands a request to a child as soon as one is free.
    pub async fn start(&self, request: &Request, files: &Files) -> Result<Exchange<'_>, Stopped> {
        let failed = |error: io::Error| RunError::Failed(format!("{:?}", error.kind()));
        let place = self.places.acquire().await.map_err(|_| RunError::Failed("closed".into()))?;
        let message = protocol::encode(request).map_err(failed)?;
        let files_of_child = files.watched().map_err(failed)?;
        // One that died while it had nothing to do says nothing of this object.
        let mut started = None;
        while let Some(mut process) = self.pop() {
            if process.is_alive() && process.send(&message, files).await.is_ok() {
                started = Some(process);
                break;
            }
        }
        let process = match started {
            Some(process) => process,
            None => {
                let mut process = self.spawn().await.map_err(failed)?.0;
                if process.send(&message, files).await.is_err() {
                    return Err(Stopped::Killed(process.autopsy(&self.limits).await));
                }
                process
            }
        };
        Ok(Exchange { pool: self, process: Some(process), files: files_of_child, _place: place })
    }

    async fn spawn(&self) -> io::Result<(Process, Confinement)> {
        let (process, confinement) = Process::start(self.role, &self.limits).await?;
        if self.limits.require_confinement && !confinement.is_whole() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "this kernel does not confine them ({confinement}), and [sandbox] \
                     require_confinement is set"
                ),
            ));
        }
        Ok((process, confinement))
    }

    fn give_back(&self, mut process: Process) {
        process.served += 1;
        if process.served < self.limits.objects_per_child {
            self.put(process);
        }
    }

    fn pop(&self) -> Option<Process> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }
}

/// One request in work. Dropping it before its end kills the child.
pub struct Exchange<'a> {
    pool: &'a Pool,
    process: Option<Process>,
    files: Watched,
    _place: SemaphorePermit<'a>,
}

impl Exchange<'_> {
    /// The next message: what is told on the way as it comes, and at last one of the other replies.
    /// While the caller is busy with a picture, the child waits.
    pub async fn next(&mut self) -> Result<Reply, Stopped> {
        let limits = &self.pool.limits;
        let Some(mut process) = self.process.take() else {
            return Err(RunError::Failed("the child has answered already".into()).into());
        };
        match self.patiently(process.receive(limits)).await {
            None => Err(Stopped::Killed(process.too_slow(limits).await)),
            Some(Err(_)) => Err(Stopped::Killed(process.autopsy(limits).await)),
            Some(Ok(reply @ (Reply::Opened(_) | Reply::Picture(_)))) => {
                self.process = Some(process);
                Ok(reply)
            }
            Some(Ok(reply)) => {
                self.pool.give_back(process);
                match reply {
                    Reply::Held(hold) => Err(hold.into()),
                    Reply::Failed(kind) => Err(RunError::Failed(kind).into()),
                    reply => Ok(reply),
                }
            }
        }
    }
    /// Waits for a reply as long as the child reads or writes; none once it does neither.
    async fn patiently<T>(&self, reply: impl Future<Output = T>) -> Option<T> {
        let mut reply = std::pin::pin!(reply);
        let mut before = self.files.positions();
        loop {
            let waited = tokio::time::timeout(self.pool.limits.timeout, reply.as_mut()).await;
            if let Ok(reply) = waited {
                return Some(reply);
            }
            let now = self.files.positions();
            if now == before {
                return None;
            }
            before = now;
        }
    }
}
