//! Which message a line of the log becomes; lines of what happens inside become none.
//!
//! Invariant: whom an object is of is told by the pseudonym of its result or by a keyed hash, and the UIDs of
//! an original as UIDs made of keyed hashes.

use super::alert::{alert, person, resource};
use super::codes::{self, Code};
use super::{Instances, Message, Object, Outcome, Participant};
use crate::config::{Config, Destination, DestinationKind};
use crate::spool::{AuditFacts, AuditSubject};
use serde_json::Value;

/// What cannot be known, where the schema asks for a value.
pub(super) const UNKNOWN: &str = "unknown";
/// Of our process, in its messages and its syslog header.
const PROCESS: &str = "deid-gateway";

/// Who tells.
pub struct Source<'c> {
    pub config: &'c Config,
    pub source_id: String,
    pub site_id: String,
    pub host: String,
}

/// Of what the records have to tell more than the line.
pub fn about(line: &Value) -> Option<AuditSubject> {
    match line["event"].as_str()? {
        "received" | "removed" => {
            line["original"].as_str().map(|id| AuditSubject::Original(id.into()))
        }
        "sent" | "refused" => line["job"].as_i64().map(AuditSubject::Job),
        _ => None,
    }
}

/// The message of a line.
pub fn message(line: &Value, facts: &AuditFacts, source: &Source<'_>) -> Option<Message> {
    let event = line["event"].as_str()?;
    let us = || source.process(codes::APPLICATION);
    Some(match event {
        "started" => {
            source.message(line, codes::APPLICATION_ACTIVITY, Some(codes::START), "E", us())
        }
        "stopped" => {
            source.message(line, codes::APPLICATION_ACTIVITY, Some(codes::STOP), "E", us())
        }
        "received" => received(line, facts, source),
        "sent" | "refused" => handed_over(line, event, facts, source),
        "removed" => {
            let mut message = source.message(line, codes::STUDY_DELETED, None, "D", us());
            message.objects = of_original(line, facts, "15");
            message
        }
        "read" => {
            let who = person(line, source);
            let mut message = source.message(line, codes::AUDIT_LOG_USED, None, "R", who);
            let mut log = resource("Security Audit Log".into(), source);
            log.id_type = codes::URI;
            log.details = details(line, &["what", "job", "reason", "patient"]);
            message.objects.push(log);
            message
        }
        _ => alert(line, event, source)?,
    })
}

impl Source<'_> {
    pub(super) fn message(
        &self,
        line: &Value,
        event: Code,
        kind: Option<Code>,
        action: &'static str,
        participant: Participant,
    ) -> Message {
        Message {
            event,
            kind,
            action,
            at: text(line, "at").unwrap_or_default(),
            outcome: Outcome::Success,
            outcome_text: None,
            participants: vec![participant],
            source_id: self.source_id.clone(),
            site_id: self.site_id.clone(),
            objects: Vec::new(),
        }
    }

    /// The gateway.
    pub(super) fn process(&self, role: Code) -> Participant {
        Participant {
            user_id: PROCESS.into(),
            ae_title: Some(self.config.intake.ae_title.clone()),
            is_requestor: false,
            role: Some(role),
            media: None,
            network: Some(self.host.clone()),
        }
    }
}

fn received(line: &Value, facts: &AuditFacts, source: &Source<'_>) -> Message {
    let title = text(line, "calling_ae").unwrap_or_default();
    let peer = text(line, "peer").unwrap_or_default();
    let sender = Participant {
        user_id: if title.trim().is_empty() { UNKNOWN.into() } else { title.clone() },
        ae_title: Some(title),
        is_requestor: true,
        role: Some(codes::SOURCE),
        media: None,
        network: peer.parse().ok().map(|peer: std::net::SocketAddr| peer.ip().to_string()),
    };
    let action = if line["changed"] == true { "U" } else { "C" };
    let mut message = source.message(line, codes::TRANSFERRED, None, action, sender);
    message.participants.push(source.process(codes::DESTINATION));
    message.objects = of_original(line, facts, "2");
    message
}

fn handed_over(line: &Value, event: &str, facts: &AuditFacts, source: &Source<'_>) -> Message {
    let name = text(line, "destination").unwrap_or_default();
    let destination = source.config.destinations.iter().find(|one| one.name == name);
    let is_folder = destination.is_some_and(|one| one.kind == DestinationKind::Folder);
    let (what, action) = match is_folder {
        true => (codes::EXPORT, "R"),
        false => (codes::TRANSFERRED, "C"),
    };
    let mut us = source.process(codes::SOURCE);
    us.is_requestor = true;
    let mut message = source.message(line, what, None, action, us);
    message.participants.push(receiver(name, destination));
    if event == "refused" {
        message.outcome = Outcome::SeriousFailure;
        let status = line["status"].as_u64().map(|status| format!("status {status:04X}"));
        message.outcome_text = Some(status.unwrap_or_else(|| "refused".into()));
    }
    let instances = Instances {
        sop_class: facts.sop_class.clone(),
        uid: text(line, "sop"),
        is_anonymized: true,
    };
    let study = facts.new_study.clone();
    let details = details(line, &["job", "destination", "status"]);
    message.objects = of_object(study, facts.new_patient.clone(), instances, "10", details);
    message
}

fn receiver(name: String, destination: Option<&Destination>) -> Participant {
    let mut receiver = Participant {
        user_id: name,
        ae_title: None,
        is_requestor: false,
        role: Some(codes::DESTINATION),
        media: None,
        network: None,
    };
    match destination {
        Some(one) if one.kind == DestinationKind::Folder => {
            receiver.role = Some(codes::DESTINATION_MEDIA);
            receiver.media = Some(codes::MEDIA_URI);
            receiver.user_id = format!("file:{}", one.path.display());
        }
        Some(one) => {
            receiver.user_id.clone_from(&one.called_ae_title);
            receiver.ae_title = Some(one.called_ae_title.clone());
            let host = one.address.rsplit_once(':').map_or("", |(host, _)| host);
            let host = host.trim_matches(['[', ']']);
            receiver.network = (!host.is_empty()).then(|| host.to_owned());
        }
        // It is not configured any more.
        None => {}
    }
    receiver
}

/// The study and patient of an Original: hashes, and nothing where nobody has opened it.
fn of_original(line: &Value, facts: &AuditFacts, stage: &'static str) -> Vec<Object> {
    let instance = text(line, "sop").and_then(|hash| uid_of_hash(&hash));
    let instances = Instances {
        sop_class: text(line, "sop_class").filter(|uid| !uid.is_empty()),
        uid: instance,
        is_anonymized: false,
    };
    let study = facts.study_hash.as_deref().and_then(uid_of_hash);
    let patient = match stage {
        "15" => facts.patient_hash.clone(),
        _ => None,
    };
    of_object(study, patient, instances, stage, details(line, &["original", "called_ae", "bytes"]))
}

fn of_object(
    study: Option<String>,
    patient: Option<String>,
    instances: Instances,
    stage: &'static str,
    details: Vec<(&'static str, String)>,
) -> Vec<Object> {
    let study_id = study.unwrap_or_else(|| UNKNOWN.into());
    let patient_id = patient.unwrap_or_else(|| UNKNOWN.into());
    let study = Object {
        name: study_id.clone(),
        id: study_id,
        id_type: codes::STUDY_INSTANCE_UID,
        type_code: "2",
        role: "3",
        life_cycle: Some(stage),
        details,
        instances: Some(instances),
    };
    let patient = Object {
        name: patient_id.clone(),
        id: patient_id,
        id_type: codes::PATIENT_NUMBER,
        type_code: "1",
        role: "1",
        life_cycle: None,
        details: Vec::new(),
        instances: None,
    };
    vec![study, patient]
}

pub(super) fn text(line: &Value, key: &str) -> Option<String> {
    line[key].as_str().map(str::to_owned)
}

pub(super) fn details(line: &Value, keys: &[&'static str]) -> Vec<(&'static str, String)> {
    let value = |key: &&'static str| match &line[*key] {
        Value::String(text) => Some((*key, text.clone())),
        Value::Number(number) => Some((*key, number.to_string())),
        _ => None,
    };
    keys.iter().filter_map(value).collect()
}

/// A UID made of the first bits of a hash in hexadecimal: `2.25.` and a UUID of version 8.
fn uid_of_hash(hash: &str) -> Option<String> {
    let bits = u128::from_str_radix(hash.get(..32)?, 16).ok()?;
    let versioned = bits & !(0xF << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    Some(format!("2.25.{versioned}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(line: Value, facts: &AuditFacts) -> Option<String> {
        let config = Config::default();
        let (source_id, site_id, host) = ("DEID".into(), "north".into(), "gateway".into());
        let source = Source { config: &config, source_id, site_id, host };
        message(&line, facts, &source).map(|m| String::from_utf8(m.xml()).expect("UTF-8"))
    }

    #[test]
    fn a_delivery_names_the_pseudonyms_and_says_that_they_are_some() {
        let facts = AuditFacts {
            new_study: Some("2.25.1".into()),
            new_patient: Some("PSEUDONYM".into()),
            ..AuditFacts::default()
        };
        let line = json!({"event": "sent", "at": "2026-01-01T00:00:00.000Z", "job": 7, "sop": "2.25.9",
                          "destination": "research"});
        let xml = of(line, &facts).expect("a message");
        for part in [
            r#"csd-code="110106""#,
            r#"UserID="file:./var/research""#,
            r#"ParticipantObjectID="2.25.1""#,
            r#"ParticipantObjectID="PSEUDONYM""#,
            r#"<Instance UID="2.25.9"/>"#,
            "<Anonymized>true</Anonymized>",
            r#"AuditEnterpriseSiteID="north""#,
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
    }

    #[test]
    fn what_happens_inside_is_no_message() {
        for event in ["routed", "deidentified", "held", "again", "ended", "delivery-again"] {
            assert_eq!(of(json!({"event": event}), &AuditFacts::default()), None, "{event}");
        }
    }

    #[test]
    fn a_hash_becomes_a_uid_of_version_8() {
        let uid = uid_of_hash(&"ff".repeat(32)).expect("a UID");
        assert_eq!(uid, format!("2.25.{}", 0xffffffff_ffff_8fff_bfff_ffffffffffff_u128));
        assert_eq!((uid_of_hash("ab"), uid_of_hash("")), (None, None));
    }
}
