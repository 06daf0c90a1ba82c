//! DIMSE messages over dicom-ul: a codec for C-ECHO and C-STORE (PS3.7), without policy.

pub mod command;
pub mod status;
pub mod store_scu;
pub mod syntaxes;
