//! The keys of a profile for what no step can clean: documents, pixels without a decoder, and
//! faces that may be recognised.

use serde::{Deserialize, Serialize};

/// What happens to an encapsulated document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Documents {
    /// The object is held.
    #[default]
    Hold,
    /// A dummy of its MIME type takes its place (PS3.15 Table E.1-1, action D).
    Drop,
}

/// What happens to objects whose pixels cannot be decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undecodable {
    /// They are held.
    #[default]
    Hold,
    /// A blank picture takes the place of their pixels.
    Blank,
}

/// What happens to objects that may show a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaceRule {
    /// They are held.
    Hold,
    /// They pass like any other: the face stays.
    Allow,
}

/// `[faces]`: objects in which a person may be recognised without any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faces {
    /// Pictures, films and scans of the surface of the body, taken from outside.
    pub photographs: FaceRule,
    /// CT, MR and PET of the head, of which a face can be made.
    pub head_volumes: FaceRule,
}

impl Default for Faces {
    fn default() -> Self {
        Self { photographs: FaceRule::Hold, head_volumes: FaceRule::Allow }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    const SHIPPED: &str = include_str!("../../conf/profiles/basic.toml");

    #[test]
    fn the_shipped_profile_states_every_key_with_its_default() {
        let shipped: toml::Table = toml::from_str(SHIPPED).expect("valid TOML");
        assert_eq!(shipped["documents"].as_str(), Some("hold"));
        let faces = toml::Table::try_from(Faces::default()).expect("a table");
        assert_eq!(shipped["faces"].as_table(), Some(&faces));
    }

    #[test]
    fn a_profile_that_was_frozen_before_there_were_these_keys_holds() {
        let mut table: toml::Table = toml::from_str(SHIPPED).expect("valid TOML");
        assert!(table.remove("documents").is_some() && table.remove("faces").is_some());
        let json = serde_json::to_string(&table).expect("JSON");
        let profile: Profile = serde_json::from_str(&json).expect("an older record");
        assert_eq!((profile.documents, profile.faces), (Documents::Hold, Faces::default()));
        assert_eq!(profile.faces.photographs, FaceRule::Hold);
    }

    #[test]
    fn one_face_rule_leaves_the_other_as_it_is() {
        let faces: Faces = toml::from_str("head_volumes = \"hold\"").expect("valid");
        assert_eq!((faces.photographs, faces.head_volumes), (FaceRule::Hold, FaceRule::Hold));
        assert!(toml::from_str::<Faces>("photograph = \"allow\"").is_err(), "a key misspelt");
        assert!(toml::from_str::<Faces>("photographs = \"blur\"").is_err(), "no such rule");
    }
}
