//! A DICOM de-identification gateway.

pub mod deid;
pub mod phi;
pub mod recognise;
