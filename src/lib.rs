//! A DICOM de-identification gateway.

pub mod deid;
pub mod dimse;
pub mod phi;
pub mod recognise;
