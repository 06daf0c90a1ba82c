//! Who may send, and how long certificates last.

use super::{Finding, Outcome};
use crate::config::{Config, Sender};
use crate::tls::Certificate;

/// Certificates that are over in fewer days are warned of.
const CERTIFICATE_WARN_DAYS: i64 = 30;

/// Who may send, and the certificates on both sides.
pub(super) fn access(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let who = match config.senders.len() {
        0 if config.intake.open => Outcome::Warning(
            "open = true: whoever reaches the port may store, under any AE title".into(),
        ),
        0 => Outcome::Fine("nobody is listed: whoever is on this machine may store".into()),
        count => Outcome::Fine(format!("{count} listed; everybody else is rejected")),
    };
    findings.push(Finding { what: "[[senders]]".into(), outcome: who });
    for peer in config.intake.commitment_peers.iter().filter(|peer| peer.tls.is_none()) {
        let what = format!("commitment peer {:?}", peer.ae_title);
        let told =
            "is told in clear which of its objects are kept, by their UIDs; `tls` closes that";
        findings.push(Finding { what, outcome: Outcome::Warning(told.into()) });
    }
    for sender in config.senders.iter().filter(|sender| is_taken_at_its_word(sender)) {
        let what = format!("sender {:?}", sender.name);
        let told =
            "is known by its AE title alone, which anybody can use: add peer or a certificate";
        findings.push(Finding { what, outcome: Outcome::Warning(told.into()) });
    }
    if let Some(tls) = &config.intake.tls {
        let outcome = match crate::tls::Acceptor::new(tls) {
            Ok(acceptor) => until(&acceptor.certificate, tls.client_ca_file.is_some()),
            Err(error) => Outcome::Wrong(error.to_string()),
        };
        findings.push(Finding { what: "[intake.tls]".into(), outcome });
    }
    for destination in &config.destinations {
        let Some(file) = destination.tls.as_ref().and_then(|tls| tls.certificate_file.as_ref())
        else {
            continue;
        };
        let outcome = match Certificate::of_file(file) {
            Ok(certificate) => until(&certificate, true),
            Err(error) => Outcome::Wrong(error.to_string()),
        };
        let what = format!("destination {:?} tls", destination.name);
        findings.push(Finding { what, outcome });
    }
    findings
}

fn is_taken_at_its_word(sender: &Sender) -> bool {
    sender.peer.is_none() && sender.password_hash.is_none() && !sender.needs_certificate()
}

/// How long a certificate of ours still is one.
fn until(certificate: &Certificate, is_mutual: bool) -> Outcome {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let days = certificate.days_left(since.map_or(0, |elapsed| elapsed.as_secs() as i64));
    match days {
        ..0 => Outcome::Wrong("the certificate is over: renew it, then send SIGHUP".into()),
        0..CERTIFICATE_WARN_DAYS => {
            Outcome::Warning(format!("the certificate is over in {days} days: renew it"))
        }
        _ if !is_mutual => Outcome::Warning(format!(
            "the certificate lasts {days} days; without client_ca_file senders show none"
        )),
        _ => Outcome::Fine(format!("the certificate lasts {days} days")),
    }
}
