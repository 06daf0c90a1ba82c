//! The PEM files of certificates and keys.

use super::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Larger files are no certificates.
const MAX_PEM_BYTES: u64 = 4 << 20;
/// Reading by a group is how many sites hand keys to services; more is not.
const TOO_OPEN: u32 = 0o037;

/// Every certificate of a file; at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(file)?;
    let nothing = || TlsError::Nothing { file: file.to_owned(), what: "certificate" };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(nothing)
}

/// The private key of a file that is closed to everybody but its owner and a group that reads.
pub(super) fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    use std::os::unix::fs::PermissionsExt;
    let unreadable = |source| TlsError::Unreadable { file: file.to_owned(), source };
    let mode = std::fs::metadata(file).map_err(unreadable)?.permissions().mode();
    if mode & TOO_OPEN != 0 {
        return Err(TlsError::KeyIsOpen(file.to_owned()));
    }
    let nothing = |_| TlsError::Nothing { file: file.to_owned(), what: "private key" };
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(nothing)
}

/// The authorities of a file.
pub(super) fn authorities(file: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        store.add(certificate).map_err(|error| TlsError::NoAuthority {
            file: file.to_owned(),
            why: error.to_string(),
        })?;
    }
    Ok(Arc::new(store))
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    use std::io::Read;
    let mut pem = Vec::new();
    let read = std::fs::File::open(file)
        .and_then(|opened| opened.take(MAX_PEM_BYTES).read_to_end(&mut pem));
    read.map_err(|source| TlsError::Unreadable { file: file.to_owned(), source })?;
    Ok(pem)
}
