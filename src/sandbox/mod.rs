//! Child processes for everything that parses or decodes an object.
//!
//! ```text
//! parent: Pool ──Request + open files──▶ stdin  child (same binary, `sandbox-child ROLE ...`)
//!              ◀──────── Reply* ──────── stdout   limits, seccomp, Landlock; no logging
//! ```
//! Invariants: an object that kills or stalls its child costs only itself; a child opens nothing and
//! reaches nobody, it works on the descriptors of its request; a child that verifies never gets an
//! original; no child can write a file that has a name; nothing a child prints is logged; what a
//! child sends is bounded.

pub mod child;
mod confine;
mod descriptors;
#[cfg(debug_assertions)]
mod faults;
mod pool;
mod process;
mod protocol;

pub use confine::{ChildLimits, Confinement};
pub use descriptors::Files;
pub use pool::{Exchange, Pool, PoolLimits, RunError, Stopped};
pub use protocol::{AnswerLimits, Reply, Request, Role};
