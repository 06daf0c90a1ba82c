//! What a person asks of the spool and of the keys: destinations, held objects, reports, patients, what
//! routes did, studies that wait to leave, the life of keys.

pub mod destination;
pub mod held;
pub mod keys;
pub mod patients;
pub mod reports;
pub mod route;
pub mod status;
pub mod studies;
mod time;
