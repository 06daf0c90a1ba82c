//! `[[routes]]`: which objects get which profile, project and destinations, or go nowhere.
//!
//! What a route asks is a conjunction; a route that asks nothing is for every object.

use super::release::check_quiet;
use super::route_patterns::{Networks, Patterns, SopClasses};
use super::{
    AttributePattern, ConfigError, Destination, ReleaseBy, check_plain_name, check_project,
};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Routes of one gateway at the most.
const MAX_ROUTES: usize = 1000;
/// Attributes that all routes together may ask for: each is read of every object.
const MAX_ATTRIBUTES: usize = 256;
/// The characters of an AE title, and of a CS such as Modality (PS3.5 section 6.2).
const MAX_SHORT_CHARS: usize = 16;

/// What a route does with an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteAction {
    /// It goes to the destinations under the profile and project.
    #[default]
    Deliver,
    /// It ends here: its payload goes, and a record stays.
    Drop,
    /// It waits for a person.
    Hold,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_ae_title: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_ae_title: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Networks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modality: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sop_class: Option<SopClasses>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<HeaderCondition>,
    #[serde(default)]
    pub action: RouteAction,
    /// Without it, that of `[deid]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Without it, that of `[deid]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Without it, that of `[deid]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseBy>,
    /// Without it, that of `[deid]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_quiet_s: Option<u64>,
    /// Whether the routes below are not looked at for an object that it matches.
    #[serde(default, rename = "final")]
    pub last: bool,
}

/// What one attribute of the header must be: one of `is`, or there, or not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderCondition {
    pub attribute: HeaderAttribute,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
}

/// A standard attribute by keyword, tag, or path through sequences; not Pixel Data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderAttribute {
    written: String,
    path: Vec<Tag>,
}

impl HeaderAttribute {
    /// Modality (0008,0060).
    pub fn modality() -> Self {
        Self { written: "Modality".into(), path: vec![Tag(0x0008, 0x0060)] }
    }

    /// SOP Class UID (0008,0016).
    pub fn sop_class_uid() -> Self {
        Self { written: "SOPClassUID".into(), path: vec![Tag(0x0008, 0x0016)] }
    }

    /// From the outermost sequence to the attribute itself.
    pub fn path(&self) -> &[Tag] {
        &self.path
    }

    fn vr(&self) -> VR {
        let entry = self.path.last().and_then(|tag| StandardDataDictionary.by_tag(*tag));
        entry.map_or(VR::UN, |entry| entry.vr().relaxed())
    }

    /// Whether it has text or numbers to compare with.
    fn has_values(&self) -> bool {
        use VR::{OB, OD, OF, OL, OV, OW, SQ, UN};
        !matches!(self.vr(), OB | OD | OF | OL | OV | OW | SQ | UN)
    }
}

impl TryFrom<String> for HeaderAttribute {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let pattern = AttributePattern::try_from(written.clone())?;
        let no = |why: &str| Err(format!("{written:?} cannot be asked of a header: {why}"));
        let Some(path) = pattern.exact_path() else {
            return no("it names more than one attribute");
        };
        if path.iter().any(|tag| tag.group() % 2 == 1) {
            return no("private attributes are not read for routing");
        }
        if path.iter().any(|tag| tag.group() < 0x0008 || tag.group() >= 0x7FE0) {
            return no("it is not in the data set before Pixel Data");
        }
        Ok(Self { written, path })
    }
}

impl From<HeaderAttribute> for String {
    fn from(attribute: HeaderAttribute) -> Self {
        attribute.written
    }
}

impl fmt::Display for HeaderAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Route {
    /// What is wrong with the route by itself.
    fn fault(&self, destinations: &[Destination]) -> Option<String> {
        let goes_nowhere = self.action != RouteAction::Deliver;
        if goes_nowhere
            && (self.profile.is_some()
                || self.project.is_some()
                || self.release.is_some()
                || self.release_quiet_s.is_some()
                || !self.destinations.is_empty())
        {
            return Some("drop and hold take no profile, project, release or destinations".into());
        }
        if !goes_nowhere && self.destinations.is_empty() {
            return Some("needs destinations, or action = \"drop\" or \"hold\"".into());
        }
        for (index, name) in self.destinations.iter().enumerate() {
            if !destinations.iter().any(|destination| destination.name == *name) {
                return Some(format!("there is no destination {name:?}"));
            }
            if self.destinations[..index].contains(name) {
                return Some(format!("destination {name:?} is named twice"));
            }
        }
        self.impossible()
    }

    /// A condition that no object can meet.
    fn impossible(&self) -> Option<String> {
        for (key, patterns) in [
            ("calling_ae_title", &self.calling_ae_title),
            ("called_ae_title", &self.called_ae_title),
            ("modality", &self.modality),
        ] {
            let Some(patterns) = patterns else { continue };
            if let Some(text) = patterns.too_long_for(MAX_SHORT_CHARS) {
                return Some(format!("{key} {text:?} can never match: 16 characters at the most"));
            }
            if let Some(text) = patterns.with_char('|').filter(|_| key == "modality") {
                return Some(format!(
                    "{key} {text:?} can never match: write a list, [\"CT\", ...]"
                ));
            }
        }
        for condition in &self.header {
            let attribute = &condition.attribute;
            let fault = match (&condition.is, condition.present) {
                (Some(_), None) if !attribute.has_values() => {
                    "has no text to compare with: ask present = true or false"
                }
                (Some(_), None) | (None, Some(_)) => continue,
                _ => "needs one of `is` and `present`",
            };
            return Some(format!("header {attribute}: {fault}"));
        }
        let absent = self.header.iter().filter(|c| c.present == Some(false)).map(|c| &c.attribute);
        for attribute in absent {
            let modality = attribute.path == HeaderAttribute::modality().path;
            let asked_for = (modality && self.modality.is_some())
                || self
                    .header
                    .iter()
                    .any(|c| c.present != Some(false) && c.attribute.path == attribute.path);
            if asked_for {
                return Some(format!("asks that {attribute} be absent, and for a value of it"));
            }
        }
        None
    }
}

/// Checks each route, that their names differ, and that their destinations exist.
pub(super) fn check(routes: &[Route], destinations: &[Destination]) -> Result<(), ConfigError> {
    if routes.len() > MAX_ROUTES {
        return Err(ConfigError::value("routes", format!("more than {MAX_ROUTES}")));
    }
    if routes.iter().map(|route| route.header.len()).sum::<usize>() > MAX_ATTRIBUTES {
        let message = format!("more than {MAX_ATTRIBUTES} conditions on headers");
        return Err(ConfigError::value("routes", message));
    }
    for (index, route) in routes.iter().enumerate() {
        let section = format!("routes[{index}] {:?}", route.name);
        check_plain_name(&section, &route.name)?;
        if routes[..index].iter().any(|other| other.name == route.name) {
            return Err(ConfigError::value(section, "another route has this name"));
        }
        if let Some(project) = &route.project {
            check_project(&section, project)?;
        }
        if let Some(quiet_s) = route.release_quiet_s {
            check_quiet(&section, quiet_s)?;
        }
        if let Some(fault) = route.fault(destinations) {
            return Err(ConfigError::value(section, fault));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        #[derive(Deserialize)]
        struct File {
            routes: Vec<Route>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let destinations = [Destination::folder("a", "./a"), Destination::folder("b", "./b")];
        check(&file.routes, &destinations).map_err(|error| error.to_string())
    }

    fn with(rest: &str) -> Result<(), String> {
        checked(&format!("[[routes]]\nname = 'r'\n{rest}"))
    }

    #[test]
    fn every_form_of_a_route_is_read() {
        let all = "
            calling_ae_title = 'CT*'
            called_ae_title = ['A', 'B']
            peer = '10.0.0.0/8'
            modality = ['CT', 'MR']
            sop_class = ['CTImageStorage', '1.2.840.10008.5.1.4.1.1.4']
            header = [
                { attribute = 'StudyDescription', is = '*TRIAL*' },
                { attribute = '(0008,103E)', present = false },
                { attribute = 'RequestAttributesSequence > StudyInstanceUID', present = true },
            ]
            profile = 'strict'
            project = 'trial'
            destinations = ['a', 'b']
            release = 'study'
            release_quiet_s = 60
            final = true";
        assert_eq!(with(all), Ok(()));
        for action in ["drop", "hold"] {
            assert_eq!(with(&format!("action = '{action}'")), Ok(()));
        }
    }

    #[test]
    fn what_contradicts_itself_or_can_never_match_is_named() {
        for (rest, word) in [
            ("", "needs destinations"),
            ("action = 'drop'\nproject = 'p'", "take no profile"),
            ("action = 'hold'\nrelease = 'study'", "take no profile"),
            ("destinations = ['a']\nrelease = 'patient'", "`series`"),
            ("destinations = ['a']\nrelease_quiet_s = 0", "1 to 604800"),
            ("destinations = ['c']", "no destination \"c\""),
            ("destinations = ['a', 'a']", "named twice"),
            ("destinations = ['a']\nmodality = []", "matches nothing"),
            ("destinations = ['a']\nmodality = 'CT|MR'", "write a list"),
            ("destinations = ['a']\ncalling_ae_title = 'AAAAAAAAAAAAAAAAA'", "16 characters"),
            ("destinations = ['a']\npeer = '10.0.0.0/40'", "no network"),
            ("destinations = ['a']\nsop_class = 'CT'", "no SOP class"),
            ("destinations = ['a']\nproject = ''", "1 to 64 bytes"),
            ("action = 'send'", "deliver"),
            ("modalities = 'CT'", "modalities"),
        ] {
            let error = with(rest).expect_err(rest);
            assert!(error.contains(word), "{rest}: {error}");
        }
        let twice = "[[routes]]\nname = 'r'\naction = 'hold'\n".repeat(2);
        assert!(checked(&twice).expect_err("twice").contains("another route"));
        assert!(checked("[[routes]]\nname = 'a b'\naction = 'hold'").is_err());
    }

    #[test]
    fn a_header_condition_asks_one_thing_of_one_standard_attribute() {
        for (condition, word) in [
            ("attribute = 'StudyDescription'", "one of `is` and `present`"),
            ("attribute = 'StudyDescription', is = 'x', present = true", "one of"),
            ("attribute = 'StudyDescript', present = true", "keyword of PS3.6"),
            ("attribute = '(0029,1010)', present = true", "private"),
            ("attribute = '(0029,xx10)', present = true", "more than one"),
            ("attribute = '60xx', present = true", "more than one"),
            ("attribute = 'PixelData', present = true", "before Pixel Data"),
            ("attribute = 'TransferSyntaxUID', is = 'x'", "before Pixel Data"),
            ("attribute = 'RequestAttributesSequence', is = 'x'", "no text"),
        ] {
            let error = with(&format!("action = 'hold'\nheader = [{{ {condition} }}]"));
            let error = error.expect_err(condition);
            assert!(error.contains(word), "{condition}: {error}");
        }
        let both = "action = 'hold'\nmodality = 'CT'
            header = [{ attribute = 'Modality', present = false }]";
        assert!(with(both).expect_err("impossible").contains("be absent"));
    }
}
