//! What a person asks of the spool: held objects for now; status, health and metrics will live here.

pub mod held;
