//! Rules of a profile: what becomes of the attributes that they select, instead of what the table
//! and the options say.

use super::attribute::AttributePattern;
use serde::{Deserialize, Serialize};
use std::fmt;
use wildmatch::WildMatch;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleAction {
    /// The value stays; text is still searched for identifiers.
    Keep,
    /// The attribute goes.
    Remove,
    /// It stays with zero length.
    Empty,
    /// A dummy of its VR.
    Dummy,
    /// The text of `value`.
    Replace,
    /// A keyed pseudonym of the value.
    Pseudonym,
    /// UIDs are replaced under the key.
    Uid,
    /// Dates move by the offset of the patient.
    ShiftDate,
    /// Identifiers are taken out of text.
    Clean,
}

/// One rule. The first of a profile that fits an attribute decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The attributes; for private ones the block is `xx`, as in `(0029,xx10)`.
    #[serde(default)]
    pub attribute: Option<AttributePattern>,
    /// Only private attributes of this creator.
    #[serde(default)]
    pub private_creator: Option<String>,
    pub action: RuleAction,
    /// For `replace`: text, with `{patient_id}` and `{pseudonym}`.
    #[serde(default)]
    pub value: Option<String>,
    #[serde(default)]
    pub when: When,
}

/// Which objects a rule is for. Each is a list of patterns, as `CT|MR` or `SIEMENS*`; empty: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub modality: String,
    pub sop_class: String,
    pub manufacturer: String,
}

/// What is known of an object when its rules are chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// Modality (0008,0060).
    pub modality: String,
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: String,
    /// Manufacturer (0008,0070).
    pub manufacturer: String,
}

impl When {
    /// Whether the object is one of those.
    pub fn fits(&self, facts: &ObjectFacts) -> bool {
        fits(&self.modality, &facts.modality)
            && fits(&self.sop_class, &facts.sop_class_uid)
            && fits(&self.manufacturer, &facts.manufacturer)
    }

    /// Whether every object is.
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

/// `|` parts the alternatives, `*` is any text, `?` any character; letter case does not matter.
pub(super) fn fits(patterns: &str, value: &str) -> bool {
    let value = value.trim().to_uppercase();
    let matches = |pattern: &str| WildMatch::new(&pattern.trim().to_uppercase()).matches(&value);
    patterns.is_empty() || patterns.split('|').any(matches)
}

impl Rule {
    /// What is wrong with the rule by itself.
    fn fault(&self) -> Option<String> {
        if self.attribute.is_none() && self.private_creator.is_none() {
            return Some("needs attribute or private_creator".into());
        }
        match (self.action, &self.value) {
            (RuleAction::Replace, None) => Some("replace needs a value".into()),
            (RuleAction::Replace, Some(value)) => placeholder_fault(value),
            (_, Some(_)) => Some("only replace takes a value".into()),
            (_, None) => None,
        }
    }

    /// Whether every attribute of every object that `other` is for meets this rule first.
    fn hides(&self, other: &Self) -> bool {
        let attributes = match (&self.attribute, &other.attribute) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.covers(theirs),
        };
        let creators =
            self.private_creator.is_none() || self.private_creator == other.private_creator;
        // without a creator a rule is for standard attributes, unless it names an odd group
        let alike = self.private_creator.is_some() == other.private_creator.is_some();
        attributes && creators && alike && (self.when.is_always() || self.when == other.when)
    }
}

fn placeholder_fault(template: &str) -> Option<String> {
    let bare = template.replace("{patient_id}", "").replace("{pseudonym}", "");
    if bare.contains(['{', '}']) {
        return Some("value knows {patient_id} and {pseudonym} alone".into());
    }
    (template.contains('\\') || template.chars().any(char::is_control))
        .then(|| "value may not hold a backslash or a control character".into())
}

/// What is wrong with a list of rules: a rule by itself, or one that an earlier one contradicts.
pub(super) fn fault(rules: &[Rule]) -> Option<String> {
    for (index, rule) in rules.iter().enumerate() {
        let number = index + 1;
        if let Some(fault) = rule.fault() {
            return Some(format!("rule {number} ({rule}) {fault}"));
        }
        if let Some(earlier) = rules[..index].iter().position(|earlier| earlier.hides(rule)) {
            return Some(format!(
                "rules {} ({}) and {number} ({rule}) conflict: the first that fits decides, so the \
                 second never applies",
                earlier + 1,
                rules[earlier],
            ));
        }
    }
    None
}

impl RuleAction {
    /// As a profile spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
            Self::Empty => "empty",
            Self::Dummy => "dummy",
            Self::Replace => "replace",
            Self::Pseudonym => "pseudonym",
            Self::Uid => "uid",
            Self::ShiftDate => "shift-date",
            Self::Clean => "clean",
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = [
            ("Modality", &self.modality),
            ("SOP class", &self.sop_class),
            ("Manufacturer", &self.manufacturer),
        ];
        let set = conditions.iter().filter(|(_, patterns)| !patterns.is_empty());
        let words: Vec<_> = set.map(|(name, patterns)| format!("{name} {patterns}")).collect();
        f.write_str(&words.join(" and "))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.action.name())?;
        if let Some(attribute) = &self.attribute {
            write!(f, " {attribute}")?;
        }
        if let Some(creator) = &self.private_creator {
            write!(f, " of {creator:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<Rule> {
        #[derive(Deserialize)]
        struct File {
            rules: Vec<Rule>,
        }
        toml::from_str::<File>(text).expect("rules").rules
    }

    #[test]
    fn a_condition_fits_by_alternatives_and_wildcards() {
        for (pattern, value) in [
            ("", "x"),
            ("CT|MR", "mr"),
            ("SIEMENS*", "Siemens AG"),
            ("*MED*", "GE MEDICAL"),
            ("*AG", "x AG AG"),
        ] {
            assert!(fits(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in [("CT", "CTX"), ("CT|MR", "US"), ("GE*", "LARGE"), ("*AG", "AGB")] {
            assert!(!fits(pattern, value), "{pattern} {value}");
        }
    }

    #[test]
    fn a_rule_that_never_applies_is_named_with_the_one_before_it() {
        let text = "
            [[rules]]
            attribute = 'StudyDescription'
            action = 'keep'
            [[rules]]
            attribute = '(0008,1030)'
            action = 'remove'
        ";
        let fault = fault(&rules(text)).expect("a conflict");
        assert!(fault.contains("rules 1 (keep StudyDescription) and 2 (remove (0008,1030))"));
    }

    #[test]
    fn a_narrow_rule_may_stand_before_a_wide_one() {
        let text = "
            [[rules]]
            attribute = 'StudyDescription'
            action = 'keep'
            when = { modality = 'CT' }
            [[rules]]
            attribute = 'StudyDescription'
            action = 'remove'
            [[rules]]
            private_creator = 'ACME'
            action = 'keep'
        ";
        assert_eq!(fault(&rules(text)), None);
    }

    #[test]
    fn a_condition_is_told_in_words() {
        let when = When { modality: "CT|MR".into(), manufacturer: "GE*".into(), ..When::default() };
        assert_eq!(when.to_string(), "Modality CT|MR and Manufacturer GE*");
        assert_eq!(When::default().to_string(), "");
    }

    #[test]
    fn a_template_knows_two_placeholders() {
        let with = |value: &str| {
            fault(&rules(&format!(
                "[[rules]]\nattribute = 'StudyID'\naction = 'replace'\nvalue = '{value}'"
            )))
        };
        assert_eq!(with("TRIAL-{patient_id}"), None);
        assert!(with("{name}").is_some() && with("a\\b").is_some());
    }
}
