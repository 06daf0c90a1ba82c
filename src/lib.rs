//! A DICOM de-identification gateway: nothing leaves that was not de-identified and verified, and
//! nothing that was acknowledged is lost.
//!
//! ```text
//! sender ─C-STORE─▶ intake ─▶ spool: Original ─route─▶ Job ─worker─▶ Ready ─▶ forward ─C-STORE─▶ research PACS
//!                   (durable, then 0x0000)              │  │                           (or a folder)
//!                                                       │  └─ steps of deid, in sandbox children,
//!                                                       │     with recognise reading the pictures
//!                                                       └──▶ Held: a reason code; a person decides
//! ```

pub mod config;
pub mod durations;
pub mod pace;
pub mod phi;
pub mod tls;

pub mod dimse;
pub mod intake;

pub mod spool;

pub mod route;

pub mod deid;
pub mod patients;
pub mod recognise;
pub mod sandbox;
pub mod worker;

pub mod forward;

pub mod admin;
pub mod audit;
pub mod check;
pub mod cli;
pub mod demo;
pub mod eval;
pub mod explain;
pub mod init;
pub mod logging;
pub mod observe;
pub mod redact;
pub mod serve;
pub mod site_key;

/// Our Implementation Class UID (PS3.7 annex D.3.3.2), derived from a UUID (PS3.5 annex B.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.336952757968627407423119299998491000324";
/// Our Implementation Version Name.
pub const IMPLEMENTATION_VERSION_NAME: &str = "DEIDGATEWAY_01";
