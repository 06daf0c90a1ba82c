//! Proving the result: read back as a stranger would, in a process that never saw the original.

use super::accept::Verdict;
use super::apply::OUTPUT_SYNTAX;
use super::documents;
use super::examine::{StepError, open_frames, rulebook};
use super::header::{Expected, Rulebook, Subject, residue, unscrubbed};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::object::OpenObject;
use super::picture::{Picture, PixelRect};
use super::pixels::{FrameSource, PixelLayout, Voi, is_filled, render};
use super::redaction::{PixelTreatment, Redaction};
use crate::config::{Limits, ObjectFacts, Profile};
use dicom_dictionary_std::tags;
use dicom_object::FileMetaTable;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

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
    pub limits: &'a Limits,
}

/// Verifies the file; the pictures of every frame that has boxes go to `show`, to be read again.
pub fn verify(
    path: &Path,
    scratch: &Path,
    expected: Expectation<'_>,
    show: &mut impl FnMut(Picture) -> io::Result<()>,
) -> Result<Verdict, StepError> {
    let (sha256, bytes) = digest(path)?;
    let rulebook = rulebook(expected.profile)?;
    let mut object = OpenObject::open(path, expected.limits, scratch, &rulebook)?;
    check_file(path, &object)?;
    documents::take(&mut object.header, expected.redaction.document)?;
    check_header(&object, &rulebook, expected)?;
    let frames = open_frames(&object, expected.limits)?;
    match (frames, expected.layout) {
        (None, None) => {}
        (Some(mut source), Some(layout)) => {
            if source.output_layout() != layout {
                return Err(failed("the pixels are laid out otherwise than decided").into());
            }
            if object.native_end != Some(bytes) {
                return Err(failed("bytes after the pixels").into());
            }
            check_frames(&object, &mut source, expected, show)?;
        }
        _ => return Err(failed("pixels appeared or disappeared").into()),
    }
    Ok(Verdict {
        sha256,
        bytes,
        sop_class_uid: object.text(tags::SOP_CLASS_UID),
        transfer_syntax_uid: object.transfer_syntax_uid.clone(),
        study_uid: object.text(tags::STUDY_INSTANCE_UID),
        series_uid: object.text(tags::SERIES_INSTANCE_UID),
        sop_instance_uid: object.text(tags::SOP_INSTANCE_UID),
    })
}

fn failed(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::VerificationFailed, detail)
}

fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
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
fn check_file(path: &Path, object: &OpenObject) -> Result<(), StepError> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut preamble = [0; 128];
    reader.read_exact(&mut preamble)?;
    if preamble != [0; 128] {
        return Err(failed("a preamble that is not empty").into());
    }
    let meta = FileMetaTable::from_reader(&mut reader)
        .map_err(|_| failed("File Meta Information that cannot be read"))?;
    let nothing_else = meta.source_application_entity_title.is_none()
        && meta.sending_application_entity_title.is_none()
        && meta.receiving_application_entity_title.is_none()
        && meta.private_information.is_none();
    let agrees = meta.media_storage_sop_instance_uid() == object.text(tags::SOP_INSTANCE_UID)
        && meta.media_storage_sop_class_uid() == object.text(tags::SOP_CLASS_UID)
        && object.transfer_syntax_uid == OUTPUT_SYNTAX;
    if nothing_else && agrees {
        Ok(())
    } else {
        Err(failed("File Meta Information that does not fit the data set").into())
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
        PixelTreatment::Looked => true,
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

fn check_frames(
    object: &OpenObject,
    source: &mut FrameSource,
    expected: Expectation<'_>,
    show: &mut impl FnMut(Picture) -> io::Result<()>,
) -> Result<(), StepError> {
    let layout = source.output_layout().clone();
    let voi = Voi::read(&object.header);
    let mut boxes: BTreeMap<u32, Vec<PixelRect>> = BTreeMap::new();
    for b in &expected.redaction.boxes {
        boxes.entry(b.frame).or_default().push(b.area);
    }
    for (index, areas) in boxes {
        let frame = source.frame(index)?;
        if !areas.iter().all(|area| is_filled(&frame, &layout, *area)) {
            return Err(failed(format!("a box of frame {index} is not filled")).into());
        }
        for picture in render(&frame, &layout, &voi) {
            show(picture)?;
        }
    }
    Ok(())
}
