//! Who may send: an Association against `[[senders]]`.
//!
//! Invariants: with senders listed, an Association is taken only if one of them fits it whole, its
//! certificate and its user included; no password is compared before everything else fits.

use super::negotiate::{Rejection, Request};
use crate::config::{Intake, Sender};
use crate::tls::{Acceptor, Certificate, TlsError};
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use dicom_ul::pdu::{UserIdentity, UserIdentityType};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Passwords compared at once: each takes 19 MiB and some milliseconds.
const COMPARED_AT_ONCE: usize = 2;

/// Who may come in, as it is in force; another one takes its place at a reload.
pub struct Access {
    /// None: everybody who reaches the port.
    senders: Option<Vec<Sender>>,
    /// Of the port that speaks TLS.
    pub tls: Option<Acceptor>,
    comparing: Arc<Semaphore>,
}

impl Access {
    /// Reads the certificates.
    pub fn new(senders: &[Sender], intake: &Intake) -> Result<Self, TlsError> {
        Ok(Self {
            senders: (!senders.is_empty()).then(|| senders.to_vec()),
            tls: intake.tls.as_ref().map(Acceptor::new).transpose()?,
            comparing: Arc::new(Semaphore::new(COMPARED_AT_ONCE)),
        })
    }

    /// Everybody, without TLS.
    pub fn everybody() -> Self {
        Self { senders: None, tls: None, comparing: Arc::new(Semaphore::new(COMPARED_AT_ONCE)) }
    }

    /// The name of the sender that fits, or none where nobody is listed.
    pub async fn decide(
        &self,
        request: &Request,
        address: IpAddr,
        certificate: Option<&Certificate>,
    ) -> Result<Option<String>, Rejection> {
        let Some(senders) = &self.senders else { return Ok(None) };
        // What the nearest of them lacks is what the peer is told.
        let mut nearest = Rejection::Calling;
        for sender in senders {
            match fits(sender, request, address, certificate) {
                Err(lacks) => nearest = nearest.max(lacks),
                Ok(()) if self.is_user(sender, request.user.as_ref()).await => {
                    return Ok(Some(sender.name.clone()));
                }
                Ok(()) => nearest = nearest.max(Rejection::User),
            }
        }
        Err(nearest)
    }

    async fn is_user(&self, sender: &Sender, shown: Option<&UserIdentity>) -> bool {
        let Some(username) = &sender.username else { return true };
        let Some(shown) = shown else { return false };
        let needed = match sender.password_hash {
            None => UserIdentityType::Username,
            Some(_) => UserIdentityType::UsernamePassword,
        };
        if shown.primary_field() != username.as_bytes() {
            return false;
        }
        match &sender.password_hash {
            None => [needed, UserIdentityType::UsernamePassword].contains(&shown.identity_type()),
            Some(hash) if shown.identity_type() == needed => {
                let (hash, password) = (hash.clone(), shown.secondary_field());
                let Ok(_turn) = self.comparing.acquire().await else { return false };
                let compared = tokio::task::spawn_blocking(move || matches(&hash, &password));
                compared.await.unwrap_or(false)
            }
            Some(_) => false,
        }
    }
}

/// Everything but the user.
fn fits(
    sender: &Sender,
    request: &Request,
    address: IpAddr,
    certificate: Option<&Certificate>,
) -> Result<(), Rejection> {
    let calling = sender.calling_ae_title.as_ref();
    let is_calling = calling.is_none_or(|patterns| patterns.fits(&request.calling_ae_title));
    let is_there = sender.peer.as_ref().is_none_or(|networks| networks.contain(address));
    if !is_calling || !is_there {
        return Err(Rejection::Calling);
    }
    if !has_certificate(sender, certificate) {
        return Err(Rejection::Certificate);
    }
    let called = sender.called_ae_title.as_ref();
    match called.is_none_or(|patterns| patterns.fits(&request.called_ae_title)) {
        true => Ok(()),
        false => Err(Rejection::Called),
    }
}

fn has_certificate(sender: &Sender, shown: Option<&Certificate>) -> bool {
    if !sender.needs_certificate() {
        return true;
    }
    let Some(shown) = shown else { return false };
    let names = sender.certificate_name.as_ref();
    let digests = &sender.certificate_sha256;
    names.is_none_or(|patterns| shown.names.iter().any(|name| patterns.fits(name)))
        && (digests.is_empty() || digests.iter().any(|digest| digest.as_str() == shown.sha256))
}

fn matches(hash: &str, password: &[u8]) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password, &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_ul::pdu::{AssociationRQ, UserVariableItem};

    fn access(senders: &str) -> Access {
        #[derive(serde::Deserialize)]
        struct File {
            senders: Vec<Sender>,
        }
        let file: File = toml::from_str(senders).expect("senders");
        Access::new(&file.senders, &Intake::default()).expect("no files")
    }

    fn request(calling: &str, called: &str, user: Option<UserIdentity>) -> Request {
        let rq = AssociationRQ {
            protocol_version: 1,
            calling_ae_title: calling.into(),
            called_ae_title: called.into(),
            application_context_name: "1.2.840.10008.3.1.1.1".into(),
            presentation_contexts: vec![],
            user_variables: user.map(UserVariableItem::UserIdentityItem).into_iter().collect(),
        };
        Request::new(rq).expect("understood")
    }

    const HERE: [u8; 4] = [10, 0, 0, 7];

    async fn decide(access: &Access, request: &Request) -> Result<Option<String>, Rejection> {
        access.decide(request, IpAddr::from(HERE), None).await
    }

    #[tokio::test]
    async fn a_stranger_is_told_what_the_nearest_sender_misses() {
        let digest = "ab".repeat(32);
        let access = access(&format!(
            "[[senders]]\nname = 'ct'\ncalling_ae_title = 'CT*'\npeer = '10.0.0.0/24'
             called_ae_title = 'DEID'
             [[senders]]\nname = 'mr'\ncalling_ae_title = 'MR1'\npeer = '10.9.0.0/24'
             [[senders]]\nname = 'us'\ncalling_ae_title = 'US1'\ncertificate_sha256 = ['{digest}']"
        ));
        for (calling, called, expected) in [
            ("CT1", "DEID", Ok(Some("ct".to_owned()))),
            ("ct2", "deid", Ok(Some("ct".to_owned()))),
            ("CT1", "OTHER", Err(Rejection::Called)),
            ("XA1", "DEID", Err(Rejection::Calling)),
            ("MR1", "DEID", Err(Rejection::Calling)),
            ("US1", "DEID", Err(Rejection::Certificate)),
        ] {
            let decided = decide(&access, &request(calling, called, None)).await;
            assert_eq!(decided, expected, "{calling} to {called}");
        }
        let nobody = Access::everybody();
        assert_eq!(decide(&nobody, &request("XA1", "ANY", None)).await, Ok(None));
    }

    #[tokio::test]
    async fn a_user_is_known_by_name_and_password() {
        use argon2::password_hash::PasswordHasher;
        let hash = Argon2::default().hash_password(b"right").expect("hashed").to_string();
        let access =
            access(&format!("[[senders]]\nname = 's'\nusername = 'ct'\npassword_hash = '{hash}'"));
        let user = |kind, name: &str, password: &str| {
            UserIdentity::new(false, kind, name.into(), password.into())
        };
        use UserIdentityType::{Username, UsernamePassword};
        for (shown, is_known) in [
            (Some(user(UsernamePassword, "ct", "right")), true),
            (Some(user(UsernamePassword, "ct", "wrong")), false),
            (Some(user(UsernamePassword, "mr", "right")), false),
            (Some(user(Username, "ct", "")), false),
            (Some(user(Username, "ct", "right")), false),
            (None, false),
        ] {
            let decided = decide(&access, &request("CT1", "DEID", shown.clone())).await;
            let expected = if is_known { Ok(Some("s".into())) } else { Err(Rejection::User) };
            assert_eq!(decided, expected, "{shown:?}");
        }
    }

    #[test]
    fn a_certificate_must_fit_by_name_and_by_digest() {
        let digest = "ab".repeat(32);
        let sender: Sender = toml::from_str(&format!(
            "name = 's'\ncertificate_name = '*.ct.example.org'\ncertificate_sha256 = ['{digest}']"
        ))
        .expect("a sender");
        let shown = |name: &str, sha256: &str| Certificate {
            names: vec!["other".into(), name.into()],
            sha256: sha256.into(),
            not_after_s: 0,
        };
        assert!(has_certificate(&sender, Some(&shown("a.ct.example.org", &digest))));
        assert!(!has_certificate(&sender, Some(&shown("a.mr.example.org", &digest))));
        assert!(!has_certificate(&sender, Some(&shown("a.ct.example.org", &"cd".repeat(32)))));
        assert!(!has_certificate(&sender, None));
    }
}
