//! What a child gives up before it reads anything: files, network, processes, and more than its share.
//!
//! Invariants: nothing taken away comes back, for this process or for what it might start; whatever
//! the kernel cannot take away is told to the parent, which decides whether that is enough. A child
//! works on the descriptors that come with a request, and can open nothing by itself.

mod seccomp;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// The newest version of Landlock whose rights we know; an older kernel takes away what it can.
const LANDLOCK: ABI = ABI::V7;
/// Three standard streams, three files of a request, and duplicates of these.
const OPEN_FILES: u64 = 32;

/// How much a child may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildLimits {
    /// Address space.
    pub memory_bytes: u64,
    /// Size of any file that it writes.
    pub file_bytes: u64,
    /// Processor time of one request.
    pub request_cpu_s: u64,
}

/// What is in force in a child, by its own account before it sees an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Only the system calls of the list: no files by name, sockets, processes or signals.
    pub seccomp: bool,
    pub landlock: Landlock,
}

/// How far Landlock is in force; older kernels know files alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Landlock {
    No,
    Partly,
    Fully,
}

impl Confinement {
    /// Whether both are in force.
    pub fn is_whole(self) -> bool {
        self.seccomp && self.landlock != Landlock::No
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seccomp = if self.seccomp { "seccomp" } else { "no seccomp" };
        let landlock = match self.landlock {
            Landlock::No => "no Landlock",
            Landlock::Partly => "Landlock as far as this kernel has it",
            Landlock::Fully => "Landlock",
        };
        write!(f, "{seccomp}, {landlock}")
    }
}

/// Limits first, then what the kernel has: before any input is read.
pub fn confine(limits: ChildLimits) -> io::Result<Confinement> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for (resource, value) in [
        (Resource::Core, 0),
        (Resource::As, limits.memory_bytes),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, OPEN_FILES),
    ] {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?;
    }
    let landlock = match landlock() {
        Ok(RulesetStatus::FullyEnforced) => Landlock::Fully,
        Ok(RulesetStatus::PartiallyEnforced) => Landlock::Partly,
        Ok(RulesetStatus::NotEnforced) | Err(_) => Landlock::No,
    };
    Ok(Confinement { seccomp: seccomp(), landlock })
}

fn seccomp() -> bool {
    #[cfg(debug_assertions)]
    if super::faults::without("seccomp") {
        return false;
    }
    seccomp::apply().is_ok()
}

/// Handles every right and grants none: no path, port, signal or abstract socket is left.
fn landlock() -> Result<RulesetStatus, landlock::RulesetError> {
    #[cfg(debug_assertions)]
    if super::faults::without("landlock") {
        return Ok(RulesetStatus::NotEnforced);
    }
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    Ok(ruleset.restrict_self()?.ruleset)
}

/// Gives the next request its processor time. The kernel counts a whole process, which serves many
/// requests: the limit is what was used so far, and more. It stops endless computing; a child that
/// is no longer ours could raise it, and is stopped by the clock of the parent.
pub fn grant_cpu(request_cpu_s: u64) -> io::Result<()> {
    let used_s = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    let maximum = rustix::process::getrlimit(Resource::Cpu).maximum;
    let wanted = used_s.saturating_add(request_cpu_s).saturating_add(1);
    let current = Some(maximum.map_or(wanted, |maximum| wanted.min(maximum)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}
