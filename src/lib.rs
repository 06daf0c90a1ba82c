//! A DICOM de-identification gateway.

pub mod config;
pub mod deid;
pub mod dimse;
pub mod intake;
pub mod phi;
pub mod recognise;
pub mod sandbox;
pub mod spool;

/// Our Implementation Class UID (PS3.7 annex D.3.3.2), derived from a UUID (PS3.5 annex B.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.336952757968627407423119299998491000324";
/// Our Implementation Version Name.
pub const IMPLEMENTATION_VERSION_NAME: &str = "DEIDGATEWAY_01";
