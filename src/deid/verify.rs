//! Proving the result: read back as a stranger would, in a process that never saw the original.

use super::accept::Verdict;
use super::documents;
use super::examine::{LookedFrame, StepError, open_frames, rulebook};
use super::header::{Expected, Rulebook, Subject, private_text, residue, unscrubbed};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::object::{Behind, OpenObject, read_meta};
use super::output::{OUTPUT_SYNTAX, is_native};
use super::overlays;
use super::phi_text::Known;
use super::picture::Picture;
use super::pixels::{
    FrameDigest, FrameSource, PixelLayout, Voi, clear_unused_bits, is_filled, is_nearly_filled,
    render, whole,
};
use super::raw_bytes::{self, Extent, Wanted};
use super::redaction::{PixelTreatment, Redaction};
use super::scan::Encoding;
use crate::config::{Limits, ObjectFacts, OutputSyntax, Profile};
use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dicom_dictionary_std::tags;
use dicom_object::FileMetaTable;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Paths named in one hold.
const NAMED_PATHS: usize = 5;

/// What the result is held against.
#[derive(Clone, Copy)]
pub struct Expectation<'a> {
    pub profile: &'a Profile,
    /// What the rules asked of the original.
    pub facts: &'a ObjectFacts,
    pub redaction: &'a Redaction,
    pub identifiers: &'a Identifiers,
    pub subject: &'a Subject,
    /// The frames as they were to be written.
    pub layout: Option<&'a PixelLayout>,
    /// The frames that were looked at: one without boxes must have become exactly that.
    pub looked: &'a [LookedFrame],
    /// What each frame that was encoded must decode to.
    pub encoded: &'a BTreeMap<u32, FrameDigest>,
    pub limits: &'a Limits,
}

/// Verifies the file; the pictures of every frame that has boxes go to `show`, to be read again.
pub fn verify(
    file: &File,
    scratch: &File,
    expected: Expectation<'_>,
    show: &mut impl FnMut(Picture) -> Result<(), StepError>,
) -> Result<Verdict, StepError> {
    let (sha256, bytes) = digest(file)?;
    let rulebook = rulebook(expected.profile)?;
    let mut object = OpenObject::open(file, expected.limits, scratch, &rulebook)?;
    check_file(file, &object, expected.profile)?;
    documents::take(&mut object.header, expected.redaction.document)?;
    overlays::take(&mut object.header, &expected.redaction.overlays, expected.limits)?;
    check_header(&object, &rulebook, expected)?;
    check_bytes(file, &object, &rulebook, expected)?;
    let frames = open_frames(&object, expected.profile, expected.limits)?;
    let not_given_back = match (frames, expected.layout) {
        (None, None) => None,
        (Some(mut source), Some(layout)) => {
            // The header may have lost what its padding is.
            source.set_fill(layout.fill);
            if layout.fill.colour != expected.profile.fill {
                return Err(failed("boxes of another colour than the profile's").into());
            }
            if source.output_layout() != layout {
                return Err(failed("the pixels are laid out otherwise than decided").into());
            }
            check_end(&mut source, &object)?;
            check_frames(&mut source, &Voi::read(&object.header), expected, show)?
        }
        _ => return Err(failed("pixels appeared or disappeared").into()),
    };
    Ok(Verdict {
        sha256,
        bytes,
        sop_class_uid: object.text(tags::SOP_CLASS_UID),
        transfer_syntax_uid: object.transfer_syntax_uid.clone(),
        study_uid: object.text(tags::STUDY_INSTANCE_UID),
        series_uid: object.text(tags::SERIES_INSTANCE_UID),
        sop_instance_uid: object.text(tags::SOP_INSTANCE_UID),
        not_given_back,
    })
}

fn failed(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::VerificationFailed, detail)
}

pub(super) fn digest(mut file: &File) -> io::Result<(String, u64)> {
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok((hasher.finalize().iter().map(|b| format!("{b:02x}")).collect(), bytes))
}

/// Preamble and File Meta Information (PS3.10 section 7.1): nothing but what `apply` writes.
fn check_file(mut file: &File, object: &OpenObject, profile: &Profile) -> Result<(), StepError> {
    file.rewind()?;
    let mut reader = BufReader::new(file);
    let mut preamble = [0; 128];
    reader.read_exact(&mut preamble)?;
    if preamble != [0; 128] {
        return Err(failed("a preamble that is not empty").into());
    }
    let meta = FileMetaTable::from_reader(&mut reader)
        .map_err(|_| failed("File Meta Information that cannot be read"))?;
    let is_encapsulated = object.pixels.is_some_and(|pixels| pixels.length.is_none());
    let nothing_else = meta.source_application_entity_title.is_none()
        && meta.sending_application_entity_title.is_none()
        && meta.receiving_application_entity_title.is_none()
        && meta.private_information.is_none();
    let agrees = meta.media_storage_sop_instance_uid() == object.text(tags::SOP_INSTANCE_UID)
        && meta.media_storage_sop_class_uid() == object.text(tags::SOP_CLASS_UID)
        && (object.transfer_syntax_uid == OUTPUT_SYNTAX
            || (profile.transfer_syntax == OutputSyntax::Same
                && (is_encapsulated || is_native(&object.transfer_syntax_uid))));
    if let Some(behind) = object.deflated {
        check_padding(file, behind)?;
    }
    if nothing_else && agrees {
        Ok(())
    } else {
        Err(failed("File Meta Information that does not fit the data set").into())
    }
}

/// Nothing behind a deflated data set but what makes its length even (PS3.5 A.5).
fn check_padding(mut file: &File, behind: Behind) -> Result<(), StepError> {
    let mut padding = Vec::new();
    file.seek(SeekFrom::Start(behind.start))?;
    file.take(2).read_to_end(&mut padding)?;
    match (behind.bytes, &padding[..]) {
        (0, _) | (1, [0]) => Ok(()),
        _ => Err(failed("bytes after a deflated data set").into()),
    }
}

/// Nothing behind the pixels, and of encapsulated ones nothing that no decoder needs.
fn check_end(source: &mut FrameSource, object: &OpenObject) -> Result<(), StepError> {
    let bytes = (&object.file).seek(SeekFrom::End(0))?;
    if source.is_encapsulated() {
        return source.check_bare(bytes).map_err(|hold| failed(hold.detail).into());
    }
    match object.native_end == Some(bytes) {
        true => Ok(()),
        false => Err(failed("bytes after the pixels").into()),
    }
}

fn check_header(
    object: &OpenObject,
    rulebook: &Rulebook,
    expected: Expectation<'_>,
) -> Result<(), Hold> {
    let against = Expected {
        rulebook,
        facts: expected.facts,
        subject: expected.subject,
        identifiers: expected.identifiers,
    };
    let found = residue(&object.header, &against);
    if !found.is_empty() {
        let places: Vec<_> = found.iter().take(NAMED_PATHS).map(ToString::to_string).collect();
        let detail = format!("{} in all: {}", found.len(), places.join(", "));
        return Err(Hold::new(HoldReason::IdentifierRemains, detail));
    }
    let found = unscrubbed(&object.header, &against);
    if !found.is_empty() {
        let places: Vec<_> = found.iter().take(NAMED_PATHS).map(ToString::to_string).collect();
        return Err(failed(format!("{} in all: {}", found.len(), places.join(", "))));
    }
    if object.text(tags::PATIENT_IDENTITY_REMOVED) != "YES" {
        return Err(failed("Patient Identity Removed (0012,0062) is not YES"));
    }
    let claims_clean = object.text(tags::BURNED_IN_ANNOTATION) == "NO";
    let redaction = expected.redaction;
    let may_claim = match redaction.treatment {
        PixelTreatment::Looked | PixelTreatment::Blanked => true,
        PixelTreatment::Absent => redaction.document.is_some(),
        PixelTreatment::Skipped => false,
    };
    if claims_clean && !may_claim {
        return Err(failed("Burned In Annotation (0028,0301) claims what nobody looked at"));
    }
    if object.private_left_out > 0 {
        return Err(failed("a private attribute"));
    }
    Ok(())
}

/// No identifier in the bytes outside of the pixels, whatever the parser made of them.
fn check_bytes(
    file: &File,
    object: &OpenObject,
    rulebook: &Rulebook,
    expected: Expectation<'_>,
) -> Result<(), StepError> {
    let mut file = file.try_clone()?;
    let (_, start) = read_meta(&mut file)?;
    let wanted = Wanted {
        identifiers: expected.identifiers,
        ours: &ours(object, rulebook, expected),
        known: &Known::new(expected.identifiers),
    };
    let mut encoding = Encoding::of_transfer_syntax(&object.transfer_syntax_uid);
    let mut places = Some(Vec::new());
    let mut search = |file: &mut File, extent| -> io::Result<()> {
        let found = raw_bytes::search(file, &extent, wanted)?;
        places = places.take().zip(found).map(|(before, found)| [before, found].concat());
        Ok(())
    };
    let mut data_set = start;
    if object.deflated.is_some() {
        // What is deflated is noise; it is read inflated.
        let end = file.seek(SeekFrom::End(0))?;
        search(
            &mut file,
            Extent { encoding, data_set, pixels: Some(start..end), private_text: BTreeSet::new() },
        )?;
        file = object.file.try_clone()?;
        (encoding.deflated, data_set) = (false, 0);
    }
    // Encoded frames are noise as well; that they hold nothing else is `check_end`'s to prove.
    let end = file.seek(SeekFrom::End(0))?;
    let pixels =
        object.pixels.map(|at| at.offset..at.length.map_or(end, |length| at.offset + length));
    let private_text = match encoding.explicit_vr {
        true => BTreeSet::new(),
        false => private_text(&object.header),
    };
    search(&mut file, Extent { encoding, data_set, pixels, private_text })?;
    let Some(places) = places else {
        let detail = "bytes of identifiers in more places than can be looked at";
        return Err(Hold::new(HoldReason::IdentifierRemains, detail).into());
    };
    if places.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = places.iter().take(NAMED_PATHS).map(ToString::to_string).collect();
    let detail = format!("{} in the bytes: {}", places.len(), named.join(", "));
    Err(Hold::new(HoldReason::IdentifierRemains, detail).into())
}

/// Text of ours in a result, which an identifier can be by chance: a patient may be called Parent.
fn ours(object: &OpenObject, rulebook: &Rulebook, expected: Expectation<'_>) -> Vec<String> {
    let rules = (0..).map_while(|number| rulebook.rule(number));
    let mut ours: Vec<String> = rules.filter_map(|rule| rule.value.clone()).collect();
    ours.extend([expected.subject.patient_id.clone(), expected.subject.patient_name.clone()]);
    ours.extend([IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME].map(str::to_owned));
    let uid = object.text(tags::SOP_INSTANCE_UID);
    ours.extend(expected.redaction.document.map(|kind| documents::text(kind, &uid)));
    ours
}

/// Checks every frame; the first that is not what was encoded, if one is not.
fn check_frames(
    source: &mut FrameSource,
    voi: &Voi,
    expected: Expectation<'_>,
    show: &mut impl FnMut(Picture) -> Result<(), StepError>,
) -> Result<Option<u32>, StepError> {
    let layout = source.output_layout().clone();
    let areas = expected.redaction.areas();
    if areas.last_frame().is_some_and(|last| last >= layout.frames) {
        return Err(failed("a box of a frame that is not there").into());
    }
    let looked = expected.redaction.treatment == PixelTreatment::Looked;
    let blanked = expected.redaction.treatment == PixelTreatment::Blanked;
    if !looked
        && !blanked
        && areas.last_frame().is_none()
        && layout.bits_stored == layout.bits_allocated
        && expected.encoded.is_empty()
    {
        return Ok(None);
    }
    for index in 0..layout.frames {
        let mut frame = match expected.encoded.get(&index) {
            None => source.frame(index)?,
            Some(sha256) => match source.frame_by_other(index) {
                Ok(frame) if frame.digest() == *sha256 => frame,
                _ => return Ok(Some(index)),
            },
        };
        if clear_unused_bits(&mut frame, &layout) > 0 {
            return Err(
                failed(format!("frame {index} holds bits that are no part of a value")).into()
            );
        }
        if blanked {
            if !is_filled(&frame, &layout, whole(&layout)) {
                return Err(failed(format!("frame {index} is not blank")).into());
            }
            continue;
        }
        let areas_of_frame = areas.of(index);
        if areas_of_frame.is_empty() {
            let expected = expected.looked.get(index as usize).map(|frame| frame.sha256);
            if looked && expected != Some(frame.digest()) {
                let detail = format!("frame {index} is not the one that was looked at");
                return Err(failed(detail).into());
            }
            continue;
        }
        let fits = if source.fills_nearly() { is_nearly_filled } else { is_filled };
        if !areas_of_frame.iter().all(|area| fits(&frame, &layout, *area)) {
            return Err(failed(format!("a box of frame {index} is not filled")).into());
        }
        // Where nothing was found but a mask, there is nothing to be read again.
        if looked && areas.has_boxes(index) {
            for picture in render(&frame, &layout, voi)? {
                show(picture)?;
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
