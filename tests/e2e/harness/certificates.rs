//! Certificates for tests: an authority, and who it signs.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its certificate, in PEM.
    pub file: PathBuf,
}

/// A certificate and its key, as PEM files, and the digest that openssl prints of it.
pub struct Signed {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub sha256: String,
}

impl Authority {
    /// Makes one; its files and those of whom it signs are in `folder` and begin with `name`.
    pub fn new(folder: &Path, name: &str) -> Self {
        std::fs::create_dir_all(folder).expect("made");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("signed");
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).expect("written");
        Self { issuer: Issuer::new(params, key), folder: folder.to_owned(), file }
    }

    /// Signs a certificate with this DNS name.
    pub fn sign(&self, name: &str) -> Signed {
        self.sign_until(name, 4096)
    }

    /// One that is over.
    pub fn sign_expired(&self, name: &str) -> Signed {
        self.sign_until(name, 2020)
    }

    fn sign_until(&self, name: &str, year: i32) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let path = |extension: &str| self.folder.join(format!("{name}-{year}.{extension}"));
        let (certificate_file, key_file) = (path("pem"), path("key"));
        std::fs::write(&certificate_file, certificate.pem()).expect("written");
        std::fs::write(&key_file, key.serialize_pem()).expect("written");
        let closed = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&key_file, closed).expect("closed");
        let sha256 = fingerprint(&certificate_file);
        Signed { certificate: certificate_file, key: key_file, sha256 }
    }
}

fn fingerprint(certificate: &Path) -> String {
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate);
    let printed = openssl.output().expect("openssl runs").stdout;
    let printed = String::from_utf8(printed).expect("text");
    printed.trim_end().split_once('=').expect("a fingerprint").1.to_owned()
}
