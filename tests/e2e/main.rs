//! The real binary between real peers: DCMTK, pynetdicom and Orthanc send, DCMTK `storescp`,
//! Orthanc or a folder receives, and judges written in Python say whether what arrived is de-identified.
//!
//! Nothing here is skipped when a peer is missing: `tests/install` installs what is needed.

mod access;
mod audit;
mod audit_messages;
mod aws_costs;
mod aws_faults;
mod aws_text;
mod bad_input;
mod bad_text;
mod blanked;
mod canary;
mod carriers;
mod charsets;
mod check;
mod commitment;
mod container;
mod crash;
mod delivery;
mod encoded;
mod eval;
mod forward;
mod harness;
mod held;
mod hidden;
mod hostile;
mod init;
mod intake;
mod keys;
mod large;
mod leaks;
mod limits;
mod masks;
mod mismatched;
mod mutants;
mod native;
mod network;
mod observe;
mod orthanc;
mod page;
mod patients;
mod peers;
mod profile;
mod redact_pictures;
mod redact_s3;
mod reload;
mod reports;
mod routes;
mod sandbox;
mod service_manager;
mod soak;
mod stop;
mod storage;
mod studies;
