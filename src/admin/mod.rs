//! What a person asks of the spool and of the keys: held objects, reports, patients, what routes did,
//! the life of keys.

pub mod held;
pub mod keys;
pub mod patients;
pub mod reports;
pub mod route;
mod time;
