//! DIMSE messages over dicom-ul: a codec for C-ECHO, C-STORE, and the N-ACTION and
//! N-EVENT-REPORT of storage commitment (PS3.7), without policy.

pub mod command;
pub mod commitment;
mod commitment_scu;
mod established;
pub mod implicit;
pub mod status;
pub mod store_scu;
pub mod syntaxes;
