//! A DICOM de-identification gateway.

pub mod config;
pub mod deid;
pub mod dimse;
pub mod intake;
pub mod phi;
pub mod recognise;
pub mod spool;
