//! `[[senders]]`: who may store, and by what they are known.
//!
//! What a sender is asked is a conjunction; an Association is taken if one of them fits it whole.

use super::route_patterns::{Networks, Patterns};
use super::{ConfigError, Intake, check_plain_name};
use serde::{Deserialize, Serialize};

/// Senders of one gateway at the most.
const MAX_SENDERS: usize = 1000;
/// The characters of an AE title (PS3.5 section 6.2).
const MAX_AE_TITLE_CHARS: usize = 16;
/// A SHA-256 in hexadecimal.
const FINGERPRINT_CHARS: usize = 64;
/// How the configuration must state a password.
const HASH_PREFIX: &str = "$argon2id$";

/// One sender, or several that are known by the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_ae_title: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_ae_title: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Networks>,
    /// A DNS name or the common name of its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<Patterns>,
    /// SHA-256 of its certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_sha256: Vec<Fingerprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// As `keys hash-password` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
}

/// SHA-256 of a certificate: 64 hexadecimal digits, with or without colons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Lower-case digits without colons.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let digits: String = written.chars().filter(|c| *c != ':').collect();
        let is_one =
            digits.len() == FINGERPRINT_CHARS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match is_one {
            true => Ok(Self(digits.to_ascii_lowercase())),
            false => Err("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, \
                          as `openssl x509 -noout -fingerprint -sha256` prints it"
                .into()),
        }
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl Sender {
    /// Whether it must show a certificate.
    pub fn needs_certificate(&self) -> bool {
        self.certificate_name.is_some() || !self.certificate_sha256.is_empty()
    }

    fn fault(&self, takes_certificates: bool) -> Option<String> {
        for (key, patterns) in [
            ("calling_ae_title", &self.calling_ae_title),
            ("called_ae_title", &self.called_ae_title),
        ] {
            let too_long = patterns.as_ref().and_then(|p| p.too_long_for(MAX_AE_TITLE_CHARS));
            if let Some(text) = too_long {
                return Some(format!("{key} {text:?} can never match: 16 characters at the most"));
            }
        }
        if self.needs_certificate() && !takes_certificates {
            return Some("asks for a certificate, and [intake.tls] has no client_ca_file".into());
        }
        match (&self.username, &self.password_hash) {
            (None, Some(_)) => Some("password_hash without username".into()),
            (Some(name), _) if name.is_empty() => Some("username is empty".into()),
            (_, Some(hash)) if !hash.starts_with(HASH_PREFIX) => Some(
                "password_hash is no Argon2id hash: make it with `deid-gateway keys hash-password`"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// Checks each sender, that their names differ, and that the port is not open by oversight.
pub(super) fn check(senders: &[Sender], intake: &Intake) -> Result<(), ConfigError> {
    if senders.len() > MAX_SENDERS {
        return Err(ConfigError::value("senders", format!("more than {MAX_SENDERS}")));
    }
    let takes_certificates = intake.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
    for (index, sender) in senders.iter().enumerate() {
        let section = format!("senders[{index}] {:?}", sender.name);
        check_plain_name(&section, &sender.name)?;
        if senders[..index].iter().any(|other| other.name == sender.name) {
            return Err(ConfigError::value(section, "another sender has this name"));
        }
        if let Some(fault) = sender.fault(takes_certificates) {
            return Err(ConfigError::value(section, fault));
        }
    }
    if intake.open && !senders.is_empty() {
        let message = "open = true lets everybody in, and [[senders]] lists who may: remove one";
        return Err(ConfigError::value("intake", message));
    }
    let beyond = intake.addresses().find(|address| !address.ip().is_loopback());
    match beyond {
        Some(address) if senders.is_empty() && !intake.open => {
            let message = format!(
                "listening on {address} is open to everybody who reaches it: list who may send in \
                 [[senders]], or say open = true"
            );
            Err(ConfigError::value("intake", message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, change: impl Fn(&mut Intake)) -> Result<(), String> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            senders: Vec<Sender>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut intake = Intake::default();
        change(&mut intake);
        check(&file.senders, &intake).map_err(|error| error.to_string())
    }

    fn everywhere(intake: &mut Intake) {
        intake.listen = std::net::SocketAddr::from(([0, 0, 0, 0], 104));
    }

    #[test]
    fn a_port_beyond_loopback_needs_senders_or_a_plain_word() {
        assert_eq!(checked("", |_| {}), Ok(()), "loopback");
        let error = checked("", everywhere).expect_err("open by oversight");
        assert!(error.contains("[[senders]]") && error.contains("open = true"), "{error}");
        let open = |intake: &mut Intake| {
            everywhere(intake);
            intake.open = true;
        };
        assert_eq!(checked("", open), Ok(()));
        let listed = "[[senders]]\nname = 'ct'\ncalling_ae_title = 'CT*'\npeer = '10.0.0.0/8'";
        assert_eq!(checked(listed, everywhere), Ok(()));
        assert!(checked(listed, open).expect_err("both").contains("remove one"));
    }

    #[test]
    fn what_a_sender_is_asked_must_be_possible() {
        for (rest, word) in [
            ("calling_ae_title = 'AAAAAAAAAAAAAAAAA'", "16 characters"),
            ("peer = '10.0.0.0/40'", "no network"),
            ("certificate_name = 'ct.example.org'", "client_ca_file"),
            ("certificate_sha256 = ['abcd']", "64 hexadecimal"),
            ("password_hash = '$argon2id$x'", "without username"),
            ("username = 'ct'\npassword_hash = 'secret'", "keys hash-password"),
            ("user = 'ct'", "user"),
        ] {
            let error = checked(&format!("[[senders]]\nname = 's'\n{rest}"), |_| {});
            let error = error.expect_err(rest);
            assert!(error.contains(word), "{rest}: {error}");
        }
        let twice = "[[senders]]\nname = 's'\n".repeat(2);
        assert!(checked(&twice, |_| {}).expect_err("twice").contains("another sender"));
    }

    #[test]
    fn a_fingerprint_is_read_as_openssl_prints_it() {
        let colons = "AB:".repeat(31) + "AB";
        let read = Fingerprint::try_from(colons).expect("a fingerprint");
        assert_eq!(read.as_str(), "ab".repeat(32));
    }
}
