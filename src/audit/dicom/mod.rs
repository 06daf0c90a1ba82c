//! The audit message of PS3.15 section A.5, and its XML (section A.5.1).
//!
//! Invariants: an element that the schema asks for is there, for the types below cannot leave it out; a
//! character that XML cannot hold becomes a question mark.

mod alert;
mod codes;
mod events;

pub use events::{Source, about, message};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codes::Code;
use quick_xml::Writer;
use quick_xml::events::BytesText;
use std::io;

/// What happened, who took part, and what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    event: Code,
    kind: Option<Code>,
    action: &'static str,
    /// RFC 3339, as the line says.
    pub at: String,
    outcome: Outcome,
    /// A code of ours, never a value.
    outcome_text: Option<String>,
    participants: Vec<Participant>,
    source_id: String,
    site_id: String,
    objects: Vec<Object>,
}

/// EventOutcomeIndicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    MinorFailure,
    SeriousFailure,
}

/// ActiveParticipant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Participant {
    user_id: String,
    ae_title: Option<String>,
    is_requestor: bool,
    role: Option<Code>,
    media: Option<Code>,
    /// An address or a host.
    network: Option<String>,
}

/// ParticipantObjectIdentification.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    id: String,
    id_type: Code,
    type_code: &'static str,
    role: &'static str,
    life_cycle: Option<&'static str>,
    name: String,
    details: Vec<(&'static str, String)>,
    instances: Option<Instances>,
}

/// One instance of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Instances {
    sop_class: Option<String>,
    uid: Option<String>,
    is_anonymized: bool,
}

impl Message {
    /// Whether a person who watches should look.
    pub fn is_failure(&self) -> bool {
        self.outcome != Outcome::Success
    }

    /// UTF-8, without a byte order mark.
    pub fn xml(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        // Writing to memory does not fail.
        let _ = self.write(&mut writer);
        let head = br#"<?xml version="1.0" encoding="UTF-8"?>"#;
        [head.to_vec(), writer.into_inner()].concat()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        writer.create_element("AuditMessage").write_inner_content(|w| {
            self.write_event(w)?;
            self.participants.iter().try_for_each(|one| one.write(w))?;
            let source = w
                .create_element("AuditSourceIdentification")
                .with_attribute(("AuditSourceID", clean(&self.source_id).as_str()));
            let source = match self.site_id.as_str() {
                "" => source,
                site => source.with_attribute(("AuditEnterpriseSiteID", clean(site).as_str())),
            };
            // An application server process (section A.5.1.2.1).
            source.write_inner_content(|w| {
                let kind = w.create_element("AuditSourceTypeCode");
                kind.with_attribute(("csd-code", "4")).write_empty().map(|_| ())
            })?;
            self.objects.iter().try_for_each(|one| one.write(w))
        })?;
        Ok(())
    }

    fn write_event(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let outcome = match self.outcome {
            Outcome::Success => "0",
            Outcome::MinorFailure => "4",
            Outcome::SeriousFailure => "8",
        };
        let event = writer.create_element("EventIdentification").with_attributes([
            ("EventActionCode", self.action),
            ("EventDateTime", self.at.as_str()),
            ("EventOutcomeIndicator", outcome),
        ]);
        event.write_inner_content(|w| {
            self.event.write("EventID", w)?;
            if let Some(kind) = self.kind {
                kind.write("EventTypeCode", w)?;
            }
            let Some(text) = &self.outcome_text else { return Ok(()) };
            let element = w.create_element("EventOutcomeDescription");
            element.write_text_content(BytesText::new(&clean(text))).map(|_| ())
        })?;
        Ok(())
    }
}

impl Participant {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let requestor = if self.is_requestor { "true" } else { "false" };
        let mut element = writer.create_element("ActiveParticipant").with_attributes([
            ("UserID", clean(&self.user_id).as_str()),
            ("UserIsRequestor", requestor),
        ]);
        if let Some(title) = &self.ae_title {
            // Section A.5.2.2
            let titles = format!("AETITLES={}", clean(title));
            element = element.with_attribute(("AlternativeUserID", titles.as_str()));
        }
        if let Some(network) = &self.network {
            let kind = if network.parse::<std::net::IpAddr>().is_ok() { "2" } else { "1" };
            element = element.with_attributes([
                ("NetworkAccessPointID", clean(network).as_str()),
                ("NetworkAccessPointTypeCode", kind),
            ]);
        }
        element.write_inner_content(|w| {
            if let Some(role) = self.role {
                role.write("RoleIDCode", w)?;
            }
            let Some(media) = self.media else { return Ok(()) };
            let inner = |w: &mut Writer<_>| media.write("MediaType", w);
            w.create_element("MediaIdentifier").write_inner_content(inner).map(|_| ())
        })?;
        Ok(())
    }
}

impl Object {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let mut element =
            writer.create_element("ParticipantObjectIdentification").with_attributes([
                ("ParticipantObjectID", clean(&self.id).as_str()),
                ("ParticipantObjectTypeCode", self.type_code),
                ("ParticipantObjectTypeCodeRole", self.role),
            ]);
        if let Some(stage) = self.life_cycle {
            element = element.with_attribute(("ParticipantObjectDataLifeCycle", stage));
        }
        element.write_inner_content(|w| {
            self.id_type.write("ParticipantObjectIDTypeCode", w)?;
            let name = w.create_element("ParticipantObjectName");
            name.write_text_content(BytesText::new(&clean(&self.name)))?;
            for (kind, value) in &self.details {
                let value = STANDARD.encode(value);
                let detail = w.create_element("ParticipantObjectDetail");
                detail.with_attributes([("type", *kind), ("value", &value)]).write_empty()?;
            }
            self.instances.as_ref().map_or(Ok(()), |instances| instances.write(w))
        })?;
        Ok(())
    }
}

impl Instances {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let anonymized = if self.is_anonymized { "true" } else { "false" };
        writer.create_element("ParticipantObjectDescription").write_inner_content(|w| {
            let mut class = w.create_element("SOPClass").with_attribute(("NumberOfInstances", "1"));
            if let Some(uid) = &self.sop_class {
                class = class.with_attribute(("UID", clean(uid).as_str()));
            }
            class.write_inner_content(|w| {
                let Some(uid) = &self.uid else { return Ok(()) };
                let instance = w.create_element("Instance");
                instance.with_attribute(("UID", clean(uid).as_str())).write_empty().map(|_| ())
            })?;
            let element = w.create_element("Anonymized");
            element.write_text_content(BytesText::new(anonymized)).map(|_| ())
        })?;
        Ok(())
    }
}

/// Text that XML 1.0 can hold (its section 2.2).
fn clean(text: &str) -> String {
    let is_char = |c: char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars().map(|c| if is_char(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_calls_itself_stays_inside_its_attribute() {
        let participant = Participant {
            user_id: "A\"><b>&\u{1}".into(),
            ae_title: Some("'<".into()),
            is_requestor: true,
            role: None,
            media: None,
            network: Some("::1".into()),
        };
        let mut writer = Writer::new(Vec::new());
        participant.write(&mut writer).expect("written");
        let xml = String::from_utf8(writer.into_inner()).expect("UTF-8");
        assert!(!xml[1..].contains("<b") && !xml.contains('\u{1}'), "{xml}");
        assert!(xml.contains("UserID=\"A&quot;&gt;&lt;b&gt;&amp;?\""), "{xml}");
        assert!(xml.contains("NetworkAccessPointTypeCode=\"2\""), "{xml}");
    }
}
