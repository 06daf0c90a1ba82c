//! What would become of one object: asked of a child process, which alone parses it.

use super::heading;
use crate::config::Profile;
use crate::deid::explain::Explanation;
use crate::deid::header::explain::keyword;
use crate::deid::header::report::Entry;
use crate::deid::redaction::PixelTreatment;
use crate::worker::{RunError, Steps};
use std::fmt::Write as _;
use std::path::Path;

/// Explains the file `input` under `profile`.
pub async fn file(
    steps: &Steps,
    profile: &Profile,
    input: &Path,
    scratch: &Path,
) -> Result<String, RunError> {
    let explanation = steps.explain(input, scratch, profile).await?;
    Ok(format!("{}\n{}\n{}", input.display(), heading(profile), in_words(&explanation)))
}

fn in_words(explanation: &Explanation) -> String {
    let mut text = String::new();
    let pixels = match explanation.treatment {
        PixelTreatment::Absent => "there are none",
        PixelTreatment::Looked => "every frame is read, and text in it hidden; (113101, DCM)",
        PixelTreatment::Blanked => "a blank picture takes their place",
        PixelTreatment::Skipped => "the profile skips them: they leave as they came",
    };
    let _ = writeln!(text, "pixels    {pixels}");
    if let Some(document) = explanation.document {
        let _ = writeln!(text, "document  an empty {} takes its place", document.name());
    }
    match explanation.weaker[..] {
        [] => text.push_str("claims    the Basic Profile (113100, DCM)\n"),
        _ => {
            text.push_str(
                "claims    not the Basic Profile (113100, DCM), because of weaker rules:\n",
            );
            for rule in &explanation.weaker {
                let _ = writeln!(text, "          {rule}");
            }
        }
    }
    text.push('\n');
    explanation.header.entries.iter().for_each(|entry| line(&mut text, entry));
    if explanation.header.untold > 0 {
        let _ = writeln!(text, "and {} attributes more", explanation.header.untold);
    }
    text
}

fn line(text: &mut String, entry: &Entry) {
    let last = entry.path.rsplit('.').next().unwrap_or_default();
    let keyword = last.parse().ok().and_then(keyword);
    let keyword = keyword.map_or_else(String::new, |keyword| format!(" {keyword}"));
    let times = if entry.count > 1 { format!(", {} times", entry.count) } else { String::new() };
    let _ = writeln!(text, "{:<18}  {}{keyword}{times}", entry.action.code(), entry.path);
    let _ = writeln!(text, "{:<18}      [{}]", "", entry.rule);
}
