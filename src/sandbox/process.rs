//! One child process, from the parent's side.
//!
//! Invariants: it runs the very file that this process runs, also after an upgrade in place; it has
//! said how it is confined before it gets an object; it inherits no variable of the environment that
//! it does not need; dropping it kills it.

use super::confine::Confinement;
use super::descriptors::{self, Files};
use super::pool::PoolLimits;
use super::protocol::{self, Reply, Role};
use crate::deid::hold::{Hold, HoldReason};
use rustix::process::Signal;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};

/// The file that this process runs, whatever lies at its path by now.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// Where the loader of a site looks for libraries.
const LOADER: &str = "LD_LIBRARY_PATH";

pub(super) struct Process {
    child: Child,
    requests: UnixStream,
    replies: ChildStdout,
    pub(super) served: u32,
}

impl Process {
    /// Starts a child and hears how it is confined.
    pub(super) async fn start(role: Role, limits: &PoolLimits) -> io::Result<(Self, Confinement)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let of_child = limits.child;
        let mut command = Command::new(THIS_PROGRAM);
        command
            .arg0("deid-gateway")
            .arg("sandbox-child")
            .arg(role.as_str())
            .arg(of_child.memory_bytes.to_string())
            .arg(of_child.file_bytes.to_string())
            .arg(of_child.request_cpu_s.to_string())
            .env_clear()
            .envs(std::env::var_os(LOADER).map(|value| (LOADER, value)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(debug_assertions)]
        command.envs(
            super::faults::VARIABLES
                .into_iter()
                .filter_map(|name| std::env::var_os(name).map(|value| (name, value))),
        );
        let mut child = command.spawn()?;
        // With it goes our copy of the child's end: a child that is gone must be noticed.
        drop(command);
        let replies = child.stdout.take();
        let replies = replies.ok_or_else(|| io::Error::other("a child without a pipe"))?;
        let requests = UnixStream::from_std(ours)?;
        let mut process = Self { child, requests, replies, served: 0 };
        let ready = tokio::time::timeout(limits.timeout, process.receive(limits)).await;
        match ready.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
            Reply::Ready(confinement) => Ok((process, confinement)),
            _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }

    pub(super) async fn send(&mut self, message: &[u8], files: &Files) -> io::Result<()> {
        descriptors::send(&mut self.requests, message, files).await
    }

    pub(super) async fn receive(&mut self, limits: &PoolLimits) -> io::Result<Reply> {
        protocol::read(&mut self.replies, limits.answers).await
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends a child that makes no progress.
    pub(super) async fn too_slow(mut self, limits: &PoolLimits) -> Hold {
        let _ = self.child.kill().await;
        let detail = format!("no progress in {} ms", limits.timeout.as_millis());
        Hold::new(HoldReason::SandboxTimeout, detail)
    }

    /// Why a child is gone. What it printed is looked at for one sentence of the Rust runtime, and
    /// is never passed on.
    pub(super) async fn autopsy(mut self, limits: &PoolLimits) -> Hold {
        let mut printed = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let reading = async { stderr.take(4096).read_to_end(&mut printed).await };
            let _ = tokio::time::timeout(Duration::from_secs(2), reading).await;
        }
        let _ = self.child.start_kill();
        let status = self.child.wait().await;
        if String::from_utf8_lossy(&printed).contains("memory allocation of") {
            let detail = format!("needs more than {} bytes of memory", limits.child.memory_bytes);
            return Hold::new(HoldReason::SandboxMemory, detail);
        }
        match status {
            Ok(status) => cause(status, limits),
            Err(error) => Hold::new(HoldReason::SandboxCrashed, format!("{:?}", error.kind())),
        }
    }
}

fn cause(status: ExitStatus, limits: &PoolLimits) -> Hold {
    let of_child = limits.child;
    match status.signal() {
        Some(signal) if signal == Signal::XCPU.as_raw() => {
            let detail = format!("needs more than {} s of processor time", of_child.request_cpu_s);
            Hold::new(HoldReason::SandboxTimeout, detail)
        }
        Some(signal) if signal == Signal::XFSZ.as_raw() => {
            let detail = format!("writes more than {} bytes", of_child.file_bytes);
            Hold::new(HoldReason::LimitExceeded, detail)
        }
        _ => Hold::new(HoldReason::SandboxCrashed, status.to_string()),
    }
}
