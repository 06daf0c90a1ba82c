//! Profiles: what is done to the header and to the pixels, frozen with each Job.

use super::rule::Rule;
use super::{
    ConfigError, Documents, Faces, FillColour, Mask, ProfileOption, ShiftRange, Undecodable, mask,
    options, rule,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The shipped profiles.
const SHIPPED: [(&str, &str); 4] = [
    ("basic", include_str!("../../conf/profiles/basic.toml")),
    ("research-longitudinal", include_str!("../../conf/profiles/research-longitudinal.toml")),
    ("tcia-like", include_str!("../../conf/profiles/tcia-like.toml")),
    ("strict", include_str!("../../conf/profiles/strict.toml")),
];
const KEEP_WORDS: &str = include_str!("../../conf/profiles/keep-words.toml");

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
    /// Words that identify, or may: known identifiers, dates, times, ages, numbers, whatever is no word
    /// of technique, what a classifier marks, and lines that are not read with confidence.
    Phi,
}

/// The profile of PS3.15 that a profile starts from. There is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// Basic Application Level Confidentiality Profile (PS3.15 Section E.2).
    #[default]
    Basic,
}

/// What becomes of text that neither the table nor a rule names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlistedText {
    /// It stays where it holds no identifier of the object.
    #[default]
    Search,
    /// It is replaced.
    Replace,
}

/// In which transfer syntax a result leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputSyntax {
    /// In that in which its original came, where there is an encoder for what changed.
    #[default]
    Same,
    /// In Explicit VR Little Endian.
    Explicit,
}

/// `[dates]`: how far dates move under the modified dates option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dates {
    /// The least and the greatest number of days; each patient has one in between, never 0.
    pub shift_days: ShiftRange,
}

/// A de-identification profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in records and logs.
    pub name: String,
    /// What it starts from.
    #[serde(default)]
    pub base: Base,
    /// The options in force.
    #[serde(default)]
    pub options: Vec<ProfileOption>,
    /// What becomes of text that nothing names.
    #[serde(default)]
    pub unlisted_text: UnlistedText,
    /// How far dates move.
    #[serde(default)]
    pub dates: Dates,
    /// Exceptions to the table and the options; the first that fits decides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Which text is hidden.
    pub hide: Hide,
    /// Words of which a line of burned-in text may consist and stay; compared in upper case.
    #[serde(default = "keep_words")]
    pub keep_words: Vec<String>,
    /// By SOP Class UID; every class that is not listed is looked at.
    #[serde(default)]
    pub pixels: BTreeMap<String, PixelRule>,
    /// The colour of blanked boxes, as displayed.
    #[serde(default)]
    pub fill: FillColour,
    /// What is blanked in the pictures of known devices: its own masks, then those of the site.
    #[serde(default)]
    pub masks: Vec<Mask>,
    /// In which transfer syntax results leave.
    #[serde(default)]
    pub transfer_syntax: OutputSyntax,
    /// What happens to pixels that cannot be decoded.
    #[serde(default)]
    pub undecodable: Undecodable,
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
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Self::parse(&format!("conf/profiles/{name}.toml"), text);
        }
        let text = std::fs::read_to_string(name).map_err(|error| {
            let shipped = SHIPPED.map(|(name, _)| name).join(", ");
            let message =
                format!("profile {name:?} is neither shipped ({shipped}) nor a file: {error}");
            ConfigError::value("deid", message)
        })?;
        Self::parse(name, &text)
    }

    /// The shipped profiles: the name of each, and what its file says of it.
    pub fn shipped() -> impl Iterator<Item = (&'static str, String)> {
        SHIPPED.iter().map(|(name, text)| {
            let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
            (*name, lines.collect::<Vec<_>>().join(" "))
        })
    }

    /// Whether an option is in force.
    pub fn has(&self, option: ProfileOption) -> bool {
        self.options.contains(&option)
    }

    /// The profile with the masks of the site behind its own.
    pub fn with_masks(mut self, masks: &[Mask]) -> Result<Self, ConfigError> {
        self.masks.extend_from_slice(masks);
        match mask::fault(&self.masks) {
            Some(fault) => Err(ConfigError::value(format!("profile {:?}", self.name), fault)),
            None => Ok(self),
        }
    }

    fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let invalid = |line, message| ConfigError::Invalid {
            file: Path::new(file).to_owned(),
            line,
            message,
        };
        let profile: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..before].iter().filter(|b| **b == b'\n').count() + 1;
            invalid(line, error.message().replace('\n', " "))
        })?;
        match profile.fault() {
            Some((key, fault)) => Err(invalid(line_of(text, key), fault)),
            None => Ok(profile),
        }
    }

    /// What contradicts itself, and the key under which it stands.
    fn fault(&self) -> Option<(&'static str, String)> {
        let options = options::fault(&self.options).map(|fault| ("options", fault));
        let rules = || rule::fault(&self.rules).map(|fault| ("[[rules]]", fault));
        let masks = || mask::fault(&self.masks).map(|fault| ("[[masks]]", fault));
        options.or_else(rules).or_else(masks)
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

/// The first line that starts with a key.
fn line_of(text: &str, key: &str) -> usize {
    text.lines().position(|line| line.starts_with(key)).map_or(1, |at| at + 1)
}

/// The allow-list of a profile that has none of its own.
fn keep_words() -> Vec<String> {
    #[derive(Deserialize)]
    struct File {
        keep_words: Vec<String>,
    }
    toml::from_str::<File>(KEEP_WORDS).map(|file| file.keep_words).unwrap_or_default()
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
    fn every_shipped_profile_reads_and_is_named_as_its_file() {
        for (name, _) in SHIPPED {
            let profile = Profile::named(name).expect(name);
            assert_eq!(profile.name, name);
            assert_eq!(profile.keep_words.len() > 100, name != "strict");
        }
    }

    #[test]
    fn every_shipped_profile_says_what_it_is_for() {
        for (name, about) in Profile::shipped() {
            assert!(about.len() > 40 && about.ends_with('.'), "{name}: {about}");
        }
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let head = "name = 'x'\nhide = 'all-text'\n";
        let fault = |rest: &str| {
            Profile::parse("x.toml", &format!("{head}{rest}")).expect_err(rest).to_string()
        };
        assert!(fault("option = []").contains("x.toml:3:"));
        assert!(fault("options = ['Retain Everything']").contains("Retain UIDs Option"));
        let both = "options = ['Retain Longitudinal Temporal Information Full Dates Option', \
                    'Retain Longitudinal Temporal Information Modified Dates Option']";
        assert!(fault(both).contains("conflict"));
        assert!(fault("[[rules]]\naction = 'keep'").contains("x.toml:3: rule 1"));
        assert!(fault("[[rules]]\nattribute = 'Nonsense'\naction = 'keep'").contains("Nonsense"));
        assert!(fault("[dates]\nshift_days = [5, 1]").contains("x.toml:4:"));
    }

    #[test]
    fn a_profile_crosses_a_pipe() {
        let profile = Profile::named("research-longitudinal").expect("shipped");
        let bytes = postcard::to_stdvec(&profile).expect("written");
        assert_eq!(postcard::from_bytes::<Profile>(&bytes).expect("read"), profile);
    }

    #[test]
    fn another_rule_is_another_digest() {
        let basic = Profile::named("basic").expect("shipped");
        let mut skipping = basic.clone();
        skipping.pixels.insert("1.2.840.10008.5.1.4.1.1.2".into(), PixelRule::Skip);
        assert_ne!(basic.digest(), skipping.digest());
    }
}
