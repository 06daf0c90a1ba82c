//! What a profile lets out, or takes away, that a person should know.

use super::{Finding, Outcome};
use crate::config::{Documents, FaceRule, PixelRule, Profile, ProfileOption};
use crate::deid::header::Rulebook;
use crate::deid::header::rulebook::Reason;

pub(super) fn described(profile: &Profile) -> Result<String, String> {
    let skipped = profile.pixels.values().filter(|r| **r == PixelRule::Skip).count();
    let pixels = match skipped {
        0 => "every SOP class is looked at".to_owned(),
        n => format!("pixels of {n} SOP classes are skipped and never claimed clean"),
    };
    Rulebook::new(profile).map_err(|error| error.to_string())?;
    let options: Vec<_> = profile.options.iter().map(|option| option.meaning()).collect();
    let options = if options.is_empty() { "no options".into() } else { options.join(", ") };
    Ok(format!("profile {:?}: {options}; {pixels}", profile.name))
}

/// What the profile lets out, or takes away, that no count of pixels or attributes shows.
pub(super) fn warnings(what: &str, profile: &Profile) -> Vec<Finding> {
    let mut warnings: Vec<String> = of_faces_and_documents(profile).map(str::to_owned).collect();
    warnings.extend(profile.options.iter().filter_map(|option| limit_of(*option)));
    warnings.extend(weaker_rules(profile));
    let warning = |text| Finding { what: what.to_owned(), outcome: Outcome::Warning(text) };
    warnings.into_iter().map(warning).collect()
}

fn of_faces_and_documents(profile: &Profile) -> impl Iterator<Item = &'static str> {
    let heads = (profile.faces.head_volumes == FaceRule::Allow).then_some(
        "CT, MR and PET of the head pass and are not defaced: a face can be made from them; \
         [faces] head_volumes = \"hold\" holds them",
    );
    let photographs = (profile.faces.photographs == FaceRule::Allow).then_some(
        "photographs and scans of the body from outside pass with any face that they show; \
         [faces] photographs = \"hold\" holds them",
    );
    let documents = (profile.documents == Documents::Drop).then_some(
        "encapsulated documents are dropped: their objects pass with an empty document; \
         documents = \"hold\" holds them",
    );
    heads.into_iter().chain(photographs).chain(documents)
}

/// What an option promises and this version does otherwise.
fn limit_of(option: ProfileOption) -> Option<String> {
    let limit = match option {
        ProfileOption::CleanGraphics => {
            "curves are removed, and overlay planes with text as a whole"
        }
        ProfileOption::CleanDescriptors | ProfileOption::CleanStructuredContent => {
            "text loses the identifiers that are known from the header of the same object; a name \
             that stands in the text alone stays there"
        }
        _ => return None,
    };
    Some(format!("{}: {limit}", option.meaning()))
}

/// What a rule costs that does less than the Standard.
fn weaker_rules(profile: &Profile) -> Vec<String> {
    let Ok(rulebook) = Rulebook::new(profile) else { return Vec::new() };
    let warning = |index: usize| {
        let when = &rulebook.rules()[index].when;
        let objects =
            if when.is_always() { "any object".to_owned() } else { format!("objects of {when}") };
        let rule = rulebook.describe(Reason::Rule(index));
        format!(
            "{rule}: weaker than the Basic Profile; (113100, DCM) is not claimed for {objects}, and \
             De-identification Method names the rule"
        )
    };
    rulebook.ever_weaker_rules().into_iter().map(warning).collect()
}
