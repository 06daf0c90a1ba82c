//! Security Alerts: who was not let in, what was done to keys, and what somebody of the staff did.

use super::events::{Source, UNKNOWN, details, text};
use super::{Message, Object, Outcome, Participant, codes};
use serde_json::Value;

/// What somebody who watches over security wants to know.
pub(super) fn alert(line: &Value, event: &str, source: &Source<'_>) -> Option<Message> {
    let (kind, outcome) = match event {
        "association-rejected" | "tls-refused" => {
            (codes::NODE_AUTHENTICATION, Outcome::MinorFailure)
        }
        "reloaded" | "key-made" | "key-rotated" | "key-closed" => {
            (codes::SECURITY_CONFIGURATION, Outcome::Success)
        }
        "key-missing" | "key-other" => (codes::SECURITY_CONFIGURATION, Outcome::SeriousFailure),
        "destination-paused" | "destination-steered" => {
            (codes::NETWORK_CONFIGURATION, Outcome::Success)
        }
        "decision" | "patient-excluded" | "patient-steered" | "redacted" => {
            (codes::RESTRICTED_FUNCTION, Outcome::Success)
        }
        _ => return None,
    };
    let mut us = source.process(codes::APPLICATION);
    us.is_requestor = true;
    let mut message = source.message(line, codes::SECURITY_ALERT, Some(kind), "E", us);
    message.outcome = outcome;
    let said = ["what", "reason", "why"].into_iter().find_map(|key| text(line, key));
    message.outcome_text = Some(said.map_or(event.to_owned(), |said| format!("{event}: {said}")));
    if let Some(peer) = text(line, "peer") {
        let title = text(line, "calling_ae");
        let mut one = person(line, source);
        one.user_id =
            title.clone().filter(|t| !t.trim().is_empty()).unwrap_or_else(|| peer.clone());
        one.ae_title = title;
        one.is_requestor = false;
        one.network = Some(peer);
        message.participants.push(one);
    } else if line["who"].is_string() {
        message.participants.push(person(line, source));
    }
    let mut about = resource(event.to_owned(), source);
    about.details =
        details(line, &["what", "job", "project", "epoch", "key", "destination", "patient"]);
    about
        .details
        .extend(details(line, &["called_ae", "reason", "why", "more", "delivered", "held"]));
    message.objects.push(about);
    Some(message)
}

/// Who of the staff did it.
pub(super) fn person(line: &Value, source: &Source<'_>) -> Participant {
    let who = text(line, "who").unwrap_or_else(|| UNKNOWN.into());
    Participant {
        // loginName@domain-name (section A.5.2.1)
        user_id: format!("{who}@{}", source.host),
        ae_title: None,
        is_requestor: true,
        role: None,
        media: None,
        network: Some(source.host.clone()),
    }
}

/// The records of the gateway.
pub(super) fn resource(name: String, source: &Source<'_>) -> Object {
    let directory = source.config.audit.directory(&source.config.spool.directory);
    Object {
        id: format!("file:{}", directory.display()),
        id_type: codes::URI,
        type_code: "2",
        role: "13",
        life_cycle: None,
        name,
        details: Vec::new(),
        instances: None,
    }
}
