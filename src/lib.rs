//! A DICOM de-identification gateway.

pub mod config;
pub mod deid;
pub mod dimse;
pub mod phi;
pub mod recognise;
