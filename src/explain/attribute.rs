//! What becomes of one attribute.

use super::{heading, name};
use crate::config::{AttributePattern, Profile};
use crate::deid::header::Rulebook;
use crate::deid::header::explain::{Asked, Case, Level, keyword};
use crate::deid::header::rulebook::Reason;
use crate::deid::header::table::TableError;
use std::fmt::Write as _;

/// What was asked for is nothing that can be explained.
#[derive(Debug, thiserror::Error)]
pub enum NotAnAttribute {
    #[error("{0}; and there is no file of that name")]
    Unknown(String),
    #[error(
        "{0} names more than one attribute: name one by its keyword or tag; a repeating group or a \
         private block may be open, as in (60xx,3000) or (0029,xx10)"
    )]
    Many(String),
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Explains the attribute `pattern` under `profile`.
pub fn attribute(
    profile: &Profile,
    pattern: &AttributePattern,
    creator: Option<&str>,
) -> Result<String, NotAnAttribute> {
    let rulebook = Rulebook::new(profile)?;
    let tag = pattern.first().ok_or_else(|| NotAnAttribute::Many(pattern.to_string()))?;
    let path: Vec<_> = pattern.sequences().collect();
    let asked = Asked { path: &path, tag, creator };
    let mut text = match (asked.is_private(), creator) {
        (false, _) => format!("{} {tag}", keyword(tag).unwrap_or("not in PS3.6:")),
        (true, Some(creator)) => format!("{pattern} of {creator:?}, private"),
        (true, None) => format!("{pattern}, private"),
    };
    let assumed = if asked.is_vr_assumed() { ", if the object states it so" } else { "" };
    let _ = writeln!(text, " {}{assumed}\n{}", asked.vr(), heading(profile));
    if let Some(fixed) = asked.fixed() {
        let _ = writeln!(text, "\nunder every profile\n    {fixed}");
        return Ok(text);
    }
    let cases = asked.cases(&rulebook);
    for case in &cases {
        let _ = writeln!(text, "\n{}", circumstances(case, &cases));
        let _ = writeln!(text, "    {}\n    [{}]", case.outcome, case.rule);
    }
    if let Some(note) = asked.note() {
        let _ = writeln!(text, "\nunder every profile\n    {note}");
    }
    for index in rulebook.ever_weaker_rules() {
        let rule = rulebook.describe(Reason::Rule(index));
        if cases.iter().any(|case| case.rule == rule) {
            let _ = writeln!(
                text,
                "\n{rule}\n    is weaker than the Basic Profile: objects that it is for do not claim \
                 (113100, DCM)"
            );
        }
    }
    if asked.is_private() && creator.is_none() {
        text.push_str("\nOf whom it is decides: name the creator with --creator.\n");
    }
    Ok(text)
}

/// Where, and for which objects. What is said of one level alone needs no mention of it.
fn circumstances(case: &Case, all: &[Case]) -> String {
    let everywhere = all.iter().all(|other| other.levels == case.levels);
    let mut words = if everywhere && !matches!(case.levels[..], [Level::Items(_)]) {
        "wherever it stands".to_owned()
    } else {
        levels(&case.levels, all)
    };
    if !case.when.is_always() {
        let _ = write!(words, ", if {}", case.when);
    } else if case.is_rest {
        words.push_str(", in all other objects");
    }
    words
}

fn levels(levels: &[Level], all: &[Case]) -> String {
    let is_top = |level: &&Level| matches!(level, Level::Top(_));
    let mut tops: Vec<_> = all.iter().flat_map(|case| &case.levels).filter(is_top).collect();
    tops.dedup();
    let mine: Vec<_> = levels.iter().filter(is_top).collect();
    let mut words = Vec::new();
    if !mine.is_empty() {
        let types = mine.iter().map(|level| match level {
            Level::Top(Some(of)) => of.in_words(),
            _ => "a Type that is not known",
        });
        let is_every = tops.iter().all(|level| levels.contains(level));
        words.push(match is_every {
            true => "at the top level".to_owned(),
            false => format!("at the top level with {}", types.collect::<Vec<_>>().join(" or ")),
        });
    }
    for level in levels {
        match level {
            Level::Top(_) => {}
            Level::AnyItem => words.push("in items of sequences".into()),
            Level::Items(path) => {
                let path: Vec<_> = path.iter().map(|tag| name(*tag)).collect();
                words.push(format!("in items of {}", path.join(" > ")));
            }
        }
    }
    words.join(", or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(profile: &str, pattern: &str, creator: Option<&str>) -> String {
        let profile = Profile::named(profile).expect("shipped");
        let pattern = pattern.to_owned().try_into().expect("a pattern");
        attribute(&profile, &pattern, creator).expect("explained")
    }

    #[test]
    fn one_action_is_told_once() {
        assert_eq!(
            explained("basic", "PatientAge", None),
            "PatientAge (0010,1010) AS\nprofile \"basic\": no options\n\n\
             wherever it stands\n    removed\n    [PS3.15 E.1-1 Basic Profile: X]\n"
        );
    }

    #[test]
    fn types_are_told_apart_where_they_matter() {
        let text = explained("basic", "DeviceSerialNumber", None);
        let dummy = text.find("Type 1, 1C").expect("Type 1");
        assert!(text[dummy..].contains("or a Type that is not known, or in items of sequences"));
        assert!(text.contains("at the top level with Type 3\n    removed"), "{text}");
    }

    #[test]
    fn a_weaker_rule_is_told_with_what_it_costs() {
        let mut profile = Profile::named("basic").expect("shipped");
        let rules = "[[rules]]\nattribute = 'InstitutionName'\naction = 'keep'\n\
                     when = { modality = 'CT|MR' }";
        let table: toml::Table = toml::from_str(rules).expect("TOML");
        profile.rules = table["rules"].clone().try_into().expect("rules");
        let pattern = "InstitutionName".to_owned().try_into().expect("a pattern");
        let text = attribute(&profile, &pattern, None).expect("explained");
        assert!(text.contains("if Modality CT|MR\n    kept; what identifies"), "{text}");
        assert!(text.contains(", in all other objects\n"), "{text}");
        assert!(text.contains("is weaker than the Basic Profile"), "{text}");
        assert!(!explained("basic", "InstitutionName", None).contains("weaker"));
    }

    #[test]
    fn a_private_attribute_is_told_for_its_creator() {
        let text = explained("research-longitudinal", "(0029,xx10)", Some("SIEMENS CSA HEADER"));
        assert!(text.starts_with("(0029,xx10) of \"SIEMENS CSA HEADER\", private LO"));
        assert!(text.contains("    removed\n    [private, not known to be safe]"), "{text}");
        assert!(explained("basic", "(0029,xx10)", None).contains("--creator"));
    }

    #[test]
    fn what_no_profile_decides_is_told_as_that() {
        for profile in ["basic", "strict"] {
            let text = explained(profile, "BurnedInAnnotation", None);
            let told = "under every profile\n    NO is written where every frame was read; else";
            assert!(text.contains(told), "{text}");
            assert!(!text.contains("wherever it stands"));
        }
    }

    #[test]
    fn a_mask_of_many_is_refused() {
        let profile = Profile::named("basic").expect("shipped");
        let pattern = "60xx".to_owned().try_into().expect("a pattern");
        let error = attribute(&profile, &pattern, None).expect_err("many");
        assert!(error.to_string().contains("(60xx,3000)"), "{error}");
        assert!(explained("basic", "(60xx,3000)", None).starts_with("OverlayData (6000,3000)"));
    }
}
