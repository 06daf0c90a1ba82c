//! The parent's side: children of one role, as many as may work at once.

use super::protocol::{self, MAX_MESSAGE_BYTES, Reply, Request, Role};
use crate::deid::hold::{Hold, HoldReason};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How large, slow and old children may get.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    pub children: usize,
    pub memory_bytes: u64,
    /// From a request, or from taking a picture, to the next message.
    pub timeout: Duration,
    pub objects_per_child: u32,
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
}

/// Children of one role.
pub struct Pool {
    role: Role,
    program: PathBuf,
    limits: PoolLimits,
    idle: Mutex<Vec<Worker>>,
    places: Semaphore,
}

struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    served: u32,
}

impl Pool {
    /// A pool of children that run this program.
    pub fn new(role: Role, limits: PoolLimits) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let places = Semaphore::new(limits.children.max(1));
        Ok(Self { role, program, limits, idle: Mutex::default(), places })
    }

    /// Hands a request to a child as soon as one is free.
    pub async fn start(&self, request: &Request) -> Result<Exchange<'_>, RunError> {
        let failed = |error: io::Error| RunError::Failed(format!("{:?}", error.kind()));
        let place = self.places.acquire().await.map_err(|_| RunError::Failed("closed".into()))?;
        let message = protocol::encode(request).map_err(failed)?;
        let mut worker = self.take().map_err(failed)?;
        if worker.stdin.write_all(&message).await.is_err() {
            return Err(self.autopsy(worker).await.into());
        }
        Ok(Exchange { pool: self, worker: Some(worker), _place: place })
    }

    fn take(&self) -> io::Result<Worker> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.spawn(), Ok)
    }

    fn give_back(&self, mut worker: Worker) {
        worker.served += 1;
        if worker.served < self.limits.objects_per_child {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }

    fn spawn(&self) -> io::Result<Worker> {
        let mut child = Command::new(&self.program)
            .arg("sandbox-child")
            .arg(self.role.as_str())
            .arg(self.limits.memory_bytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::other("a child without pipes"))?;
        Ok(Worker { child, stdin, stdout, served: 0 })
    }

    async fn too_slow(&self, mut worker: Worker) -> Hold {
        let _ = worker.child.kill().await;
        let detail = format!("no progress in {} ms", self.limits.timeout.as_millis());
        Hold::new(HoldReason::SandboxTimeout, detail)
    }

    /// Why a child is gone. What it printed is looked at for one sentence of the Rust runtime, and
    /// is never passed on.
    async fn autopsy(&self, mut worker: Worker) -> Hold {
        let mut printed = Vec::new();
        if let Some(stderr) = worker.child.stderr.take() {
            let reading = async { stderr.take(4096).read_to_end(&mut printed).await };
            let _ = tokio::time::timeout(Duration::from_secs(2), reading).await;
        }
        let _ = worker.child.start_kill();
        let status = worker.child.wait().await;
        if String::from_utf8_lossy(&printed).contains("memory allocation of") {
            let detail = format!("needs more than {} bytes of memory", self.limits.memory_bytes);
            return Hold::new(HoldReason::SandboxMemory, detail);
        }
        let detail = status.map_or_else(|e| format!("{:?}", e.kind()), |status| status.to_string());
        Hold::new(HoldReason::SandboxCrashed, detail)
    }
}

/// One request in work. Dropping it before its end kills the child.
pub struct Exchange<'a> {
    pool: &'a Pool,
    worker: Option<Worker>,
    _place: SemaphorePermit<'a>,
}

impl Exchange<'_> {
    /// The next message: what is told on the way as it comes, and at last one of the other replies. While the
    /// caller is busy with a picture, the child waits.
    pub async fn next(&mut self) -> Result<Reply, RunError> {
        let Some(mut worker) = self.worker.take() else {
            return Err(RunError::Failed("the child has answered already".into()));
        };
        let reading = tokio::time::timeout(self.pool.limits.timeout, read(&mut worker.stdout));
        match reading.await {
            Err(_) => Err(self.pool.too_slow(worker).await.into()),
            Ok(Err(_)) => Err(self.pool.autopsy(worker).await.into()),
            Ok(Ok(reply @ (Reply::Opened(_) | Reply::Picture(_)))) => {
                self.worker = Some(worker);
                Ok(reply)
            }
            Ok(Ok(reply)) => {
                self.pool.give_back(worker);
                match reply {
                    Reply::Held(hold) => Err(RunError::Hold(hold)),
                    Reply::Failed(kind) => Err(RunError::Failed(kind)),
                    reply => Ok(reply),
                }
            }
        }
    }
}

async fn read(stdout: &mut ChildStdout) -> io::Result<Reply> {
    let length = stdout.read_u32_le().await?;
    if length > MAX_MESSAGE_BYTES {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    // Grows with what arrives: a child cannot make the parent allocate what it does not send.
    let mut bytes = Vec::new();
    let read = stdout.take(u64::from(length)).read_to_end(&mut bytes).await?;
    if read != length as usize {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    protocol::decode(&bytes)
}
