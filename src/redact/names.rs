//! What results are called: as their inputs, with `de-id-` before the name, where that tells of nobody.
//!
//! Invariants: a name or a folder that holds an identifier of the object, a date, a number as long as an ID,
//! or a word that is none of technique or of files, is replaced; so is one that is no plain name. What
//! replaces it is the same for the same input and key.

use crate::config::Profile;
use crate::deid::header::ProjectKey;
use crate::deid::identifiers::Identifiers;
use crate::deid::phi_text::{KeepWords, Known};

/// Before the name of every result.
pub(super) const PREFIX: &str = "de-id-";
/// Letters and digits of what replaces a name.
const PSEUDONYM_CHARS: usize = 16;
/// What file systems take.
const LONGEST_NAME: usize = 255;
const EXTENSIONS: [&str; 6] = ["dcm", "dicom", "png", "jpg", "jpeg", "jpe"];

/// Words that programs and people call files, and that are nobody's name.
const FILE_WORDS: &[&str] = &[
    "after",
    "and",
    "before",
    "big",
    "capture",
    "colour",
    "color",
    "copy",
    "data",
    "dcm",
    "demo",
    "dicom",
    "dsc",
    "dscn",
    "edited",
    "example",
    "export",
    "file",
    "files",
    "final",
    "folder",
    "frame",
    "gray",
    "grey",
    "image",
    "images",
    "img",
    "input",
    "jpeg",
    "jpg",
    "key",
    "new",
    "object",
    "of",
    "old",
    "original",
    "out",
    "output",
    "page",
    "palette",
    "part",
    "photo",
    "pic",
    "picture",
    "pictures",
    "png",
    "red",
    "report",
    "result",
    "rgb",
    "rgba",
    "sample",
    "scan",
    "scans",
    "screen",
    "screenshot",
    "series",
    "shot",
    "slice",
    "small",
    "spaces",
    "study",
    "sub",
    "test",
    "text",
    "the",
    "upload",
    "with",
    "without",
    "xray",
];

/// How results are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Naming {
    /// `de-id-` before the name of the input, unless that may identify.
    #[default]
    DeId,
    /// STUDY/SERIES/SOP.dcm of the new UIDs; pictures by a pseudonym.
    Uid,
}

/// What a result is called, below the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub parts: Vec<String>,
    /// Whether something had to be replaced.
    pub replaced: bool,
}

pub(super) struct Names {
    keep: KeepWords,
    key: ProjectKey,
}

impl Names {
    pub fn new(profile: &Profile, key: ProjectKey) -> Self {
        let words: Vec<String> = FILE_WORDS
            .iter()
            .map(|word| (*word).to_owned())
            .chain(profile.keep_words.clone())
            .collect();
        Self { keep: KeepWords::new(&words), key }
    }

    /// The name for an input whose object tells of these identifiers. Folders are kept only where results
    /// go to another place than their inputs are.
    pub fn named(&self, parts: &[String], identifiers: &Identifiers, folders: bool) -> Named {
        let known = Known::new(identifiers);
        let Some((name, above)) = parts.split_last() else {
            return Named { parts: vec![self.pseudonym("")], replaced: true };
        };
        let mut named = Named { parts: Vec::new(), replaced: false };
        for folder in above.iter().filter(|_| folders) {
            match self.is_clean(folder, &known) && folder.len() <= LONGEST_NAME {
                true => named.parts.push(folder.clone()),
                false => {
                    named.parts.push(self.pseudonym(folder));
                    named.replaced = true;
                }
            }
        }
        let (stem, extension) = split(name);
        let fits = PREFIX.len() + name.len() <= LONGEST_NAME;
        let name = match self.is_clean(stem, &known) && fits {
            true => format!("{PREFIX}{name}"),
            false => {
                named.replaced = true;
                // of the whole path: names without folders may be alike
                format!("{PREFIX}{}{extension}", self.pseudonym(&parts.join("/")))
            }
        };
        named.parts.push(name);
        named
    }

    /// A name that tells of nothing.
    pub fn pseudonym(&self, of: &str) -> String {
        self.key.value_pseudonym("file name", of, PSEUDONYM_CHARS)
    }

    fn is_clean(&self, name: &str, known: &Known) -> bool {
        let is_plain = !name.is_empty()
            && name != "."
            && name != ".."
            && !name
                .contains(|c: char| c.is_control() || c == '/' || c == char::REPLACEMENT_CHARACTER);
        // A number behind a point is no fraction here.
        let spaced: String =
            name.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let tells = |text: &str| !known.burned_in(text, &self.keep).is_empty();
        is_plain && !tells(name) && !tells(&spaced)
    }
}

/// A name and its extension with the point, if it is one of pictures and objects.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(&name[at + 1..])) => {
            name.split_at(at)
        }
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind};
    use crate::phi::Phi;

    fn named(parts: &[&str], identifier: &str) -> (String, bool) {
        let profile = Profile::named("basic").expect("shipped");
        let names = Names::new(&profile, ProjectKey::new([7; 32]));
        let one = Identifier { kind: IdentifierKind::Name, value: Phi::new(identifier.to_owned()) };
        let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
        let named = names.named(&parts, &Identifiers(vec![one]), true);
        (named.parts.join("/"), named.replaced)
    }

    #[test]
    fn a_name_of_technique_and_files_stays() {
        for name in ["chest 1.png", "IMG_0001.JPG", "CT.dcm", "Röntgen thorax.jpeg", "scan-2"] {
            assert_eq!(named(&[name], "DOE^JANE"), (format!("{PREFIX}{name}"), false), "{name}");
        }
        let expected = ("knee left/de-id-img 1.png".to_owned(), false);
        assert_eq!(named(&["knee left", "img 1.png"], "DOE^JANE"), expected);
    }

    #[test]
    fn a_name_that_may_identify_is_replaced_and_keeps_its_extension() {
        for name in [
            "SMITH_JOHN.png",
            "okonkwo.png",
            "scan 1961-05-12.png",
            "scan_19610512.png",
            "1.2.840.113619.2.1.dcm",
            "4821377.png",
            "rose chest.png",
            "..",
        ] {
            let (replaced, is_replaced) = named(&[name], "ROSE^AMBER");
            assert!(is_replaced, "{name}: {replaced}");
            let stem = replaced.strip_prefix(PREFIX).expect("the prefix");
            let (stem, extension) = split(stem);
            assert_eq!((stem.len(), extension), (PSEUDONYM_CHARS, split(name).1), "{name}");
        }
    }

    #[test]
    fn folders_that_identify_are_replaced_and_two_files_never_share_a_name() {
        let one = named(&["Miller", "4821377.png"], "X");
        let other = named(&["Okonkwo", "4821377.png"], "X");
        assert!(one.1 && other.1 && one.0 != other.0);
        assert!(!one.0.contains("Miller"));
        assert_eq!(named(&["Miller", "4821377.png"], "X"), one, "the same every time");
    }
}
