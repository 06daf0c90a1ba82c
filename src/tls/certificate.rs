//! What a certificate says: whose it is, and until when.

use super::TlsError;
use super::files;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::path::Path;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The part of a certificate that decisions are made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its DNS names, and the common name of its subject.
    pub names: Vec<String>,
    /// SHA-256 of the whole, in lower-case hexadecimal.
    pub sha256: String,
    /// Seconds since the Unix epoch after which nobody takes it.
    pub not_after_s: i64,
}

impl Certificate {
    /// Reads one; none if it is no X.509.
    pub fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let alternative = alternative.iter().flat_map(|names| &names.value.general_names);
        let dns = alternative.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        let common = parsed.subject().iter_common_name();
        let common = common.filter_map(|name| name.as_str().ok()).map(str::to_owned);
        let sha256 = Sha256::digest(der.as_ref()).iter().map(|b| format!("{b:02x}")).collect();
        Some(Self {
            names: dns.chain(common).collect(),
            sha256,
            not_after_s: parsed.validity().not_after.timestamp(),
        })
    }

    /// The first certificate of a PEM file.
    pub fn of_file(file: &Path) -> Result<Self, TlsError> {
        let chain = files::certificates(file)?;
        let first = chain.first().and_then(Self::of);
        first.ok_or_else(|| TlsError::NoCertificate(file.to_owned()))
    }

    /// Whole days until it is over; negative when it is.
    pub fn days_left(&self, now_s: i64) -> i64 {
        (self.not_after_s - now_s).div_euclid(86_400)
    }
}
