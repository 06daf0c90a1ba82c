//! Profiles: what is done to the header and to the pixels, frozen with each Job.

use super::{ConfigError, Documents, Faces};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

const BASIC: &str = include_str!("../../conf/profiles/basic.toml");

/// What happens to the pixels of one SOP class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelRule {
    /// Every frame is read and text is hidden.
    Look,
    /// The pixels pass as they are; the result never claims clean pixels.
    Skip,
}

/// Which text is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hide {
    /// Every line of text but those made of `keep_words` alone.
    AllText,
}

/// A de-identification profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in records and logs.
    pub name: String,
    /// Which text is hidden.
    pub hide: Hide,
    /// Words of which a line of burned-in text may consist and stay; compared in upper case.
    pub keep_words: Vec<String>,
    /// By SOP Class UID; every class that is not listed is looked at.
    #[serde(default)]
    pub pixels: BTreeMap<String, PixelRule>,
    /// What happens to encapsulated documents.
    #[serde(default)]
    pub documents: Documents,
    /// What happens to objects that may show a face.
    #[serde(default)]
    pub faces: Faces,
}

impl Profile {
    /// A shipped profile by its name, or the one in the TOML file at this path.
    pub fn named(name: &str) -> Result<Self, ConfigError> {
        if name == "basic" {
            return Self::parse("conf/profiles/basic.toml", BASIC);
        }
        let text = std::fs::read_to_string(name).map_err(|error| {
            let message = format!("profile {name:?} is neither \"basic\" nor a file: {error}");
            ConfigError::value("deid", message)
        })?;
        Self::parse(name, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..before].iter().filter(|b| **b == b'\n').count() + 1;
            let message = error.message().replace('\n', " ");
            ConfigError::Invalid { file: Path::new(file).to_owned(), line, message }
        })
    }

    /// What happens to the pixels of this SOP class.
    pub fn pixel_rule(&self, sop_class_uid: &str) -> PixelRule {
        self.pixels.get(sop_class_uid).copied().unwrap_or(PixelRule::Look)
    }

    /// SHA-256 over the profile's content, in hexadecimal: what a record freezes.
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profile_looks_at_every_class() {
        let basic = Profile::named("basic").expect("shipped");
        assert!(basic.pixels.is_empty());
        assert_eq!(basic.pixel_rule("1.2.840.10008.5.1.4.1.1.2"), PixelRule::Look);
        assert!(basic.keep_words.iter().any(|word| word == "LEFT"));
    }

    #[test]
    fn another_rule_is_another_digest() {
        let basic = Profile::named("basic").expect("shipped");
        let mut skipping = basic.clone();
        skipping.pixels.insert("1.2.840.10008.5.1.4.1.1.2".into(), PixelRule::Skip);
        assert_ne!(basic.digest(), skipping.digest());
    }
}
