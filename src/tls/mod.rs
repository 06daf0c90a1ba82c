//! TLS in and out: certificates and keys from files, and who a peer is by its certificate.
//!
//! Invariants: TLS 1.2 and 1.3 with forward secrecy and authenticated encryption and nothing older,
//! which is what rustls has and the profiles of PS3.15 sections B.9 to B.12 (BCP 195) ask; no
//! session is resumed, so that every Association shows its certificate and a removed one is refused
//! at once; a key that others may read is not used.

mod certificate;
mod client;
mod files;
mod server;

pub use certificate::Certificate;
pub use client::connector;
pub use server::{Acceptor, is_handshake};

use std::path::PathBuf;
use std::sync::Arc;

/// What is wrong with the files of TLS, and which one.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{}: holds no {what} in PEM", file.display())]
    Nothing { file: PathBuf, what: &'static str },
    #[error("{}: not a certificate in X.509", .0.display())]
    NoCertificate(PathBuf),
    #[error("{}: others may read this key: chmod 640 or 600", .0.display())]
    KeyIsOpen(PathBuf),
    #[error("{}: certificate and key do not work together: {why}", certificate_file.display())]
    Unfit { certificate_file: PathBuf, why: String },
    #[error("{}: no authority to trust: {why}", file.display())]
    NoAuthority { file: PathBuf, why: String },
}

/// The cryptography of all connections.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
pub(crate) mod tests;
