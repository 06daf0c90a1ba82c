//! Child processes for everything that parses or decodes an object.
//!
//! ```text
//! parent: Pool ──Request──▶ stdin  child (same binary, `sandbox-child ROLE`)
//!              ◀──Reply*─── stdout   limits on memory, core files; no logging
//! ```
//! Invariants: an object that kills or stalls its child costs only itself and is held; a child that
//! verifies never sees an original; nothing a child prints is logged; what a child sends is bounded.

pub mod child;
mod pool;
mod protocol;

pub use pool::{Exchange, Pool, PoolLimits, RunError};
pub use protocol::{Reply, Request, Role};
