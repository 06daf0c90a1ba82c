//! `profile explain|list`: what a profile does, with an attribute or with an object.
//!
//! ```text
//! attribute ─▶ Rulebook (in this process)            ─┐
//! file ─▶ sandbox child: scrub, and throw it away    ─┴─▶ text: places, actions, rules
//! ```
//! Invariants: the text holds no value of an object; what is told is asked of the code that does it.

mod attribute;
mod file;

pub use attribute::{NotAnAttribute, attribute};
pub use file::file;

use crate::config::Profile;
use crate::deid::header::explain::keyword;
use dicom_core::Tag;
use std::fmt::Write as _;

/// The shipped profiles, one paragraph each.
pub fn list() -> String {
    let mut text = String::new();
    for (name, about) in Profile::shipped() {
        let _ = writeln!(text, "{name}\n    {about}");
    }
    text
}

/// A profile by its name and its options.
fn heading(profile: &Profile) -> String {
    let options: Vec<_> = profile.options.iter().map(|option| option.meaning()).collect();
    let options = if options.is_empty() { "no options".into() } else { options.join(", ") };
    format!("profile {:?}: {options}", profile.name)
}

/// The keyword, or the tag where there is none.
fn name(tag: Tag) -> String {
    keyword(tag).map_or_else(|| tag.to_string(), str::to_owned)
}
