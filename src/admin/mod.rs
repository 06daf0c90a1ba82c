//! What a person asks of the spool and of the keys: destinations, held objects, reports, patients, the life of
//! keys.

pub mod destination;
pub mod held;
pub mod keys;
pub mod patients;
pub mod reports;
mod time;
