//! Carrying the decision out: header scrubbed, pixels filled, a valid Part 10 file written.
//!
//! The output is a function of the input, the key, the profile and the redaction: no clock, no
//! randomness. It is in the transfer syntax of the input, or in Explicit VR Little Endian.

use super::accept::Candidate;
use super::documents;
use super::examine::{StepError, blank_frames, open_frames, rulebook};
use super::header::{Context, Done, ProjectKey, Report, Subject, scrub};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::masks;
use super::object::{OpenObject, text_of};
use super::output::{OUTPUT_SYNTAX, is_native, write_encapsulated, write_file, write_native};
use super::overlays;
use super::pixels::{
    Encapsulated, FrameDigest, FrameSource, WriteFramesError, encapsulate, keep_frames,
    write_layout,
};
use super::redaction::{PixelTreatment, Redaction};
use crate::config::{Limits, OutputSyntax, Profile};
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Everything `apply` needs but the files.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    pub profile: &'a Profile,
    pub redaction: &'a Redaction,
    pub identifiers: &'a Identifiers,
    pub key: &'a ProjectKey,
    pub subject: &'a Subject,
    pub limits: &'a Limits,
}

/// Writes the de-identified object of `input` to `output`, which is empty.
pub fn apply(
    input: &File,
    output: &File,
    scratch: &File,
    application: Application<'_>,
) -> Result<Candidate, StepError> {
    let mut out = Digesting { out: BufWriter::new(output), hasher: Sha256::new(), bytes: 0 };
    let written = write_result(input, &mut out, scratch, application)?;
    out.flush()?;
    Ok(Candidate {
        sha256: out.hasher.finalize().iter().map(|b| format!("{b:02x}")).collect(),
        bytes: out.bytes,
        sop_class_uid: written.sop_class_uid,
        transfer_syntax_uid: written.transfer_syntax_uid,
        study_uid: written.study_uid,
        series_uid: written.series_uid,
        sop_instance_uid: written.sop_instance_uid,
        encoded: written.encoded,
        header: written.report,
    })
}

/// What was written.
pub struct Written {
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    /// New UIDs.
    pub study_uid: String,
    pub series_uid: String,
    pub sop_instance_uid: String,
    /// What each frame that was encoded must decode to.
    pub encoded: BTreeMap<u32, FrameDigest>,
    /// What was done to the header.
    pub report: Report,
}

/// Writes the de-identified object of `input` as the bytes of a Part 10 file.
pub fn write_result(
    input: &File,
    out: &mut impl Write,
    scratch: &File,
    application: Application<'_>,
) -> Result<Written, StepError> {
    let rulebook = rulebook(application.profile)?;
    let mut object = OpenObject::open(input, application.limits, scratch, &rulebook)?;
    let blanked = application.redaction.treatment == PixelTreatment::Blanked;
    let mut frames = match blanked {
        true if rulebook.blanks_undecodable() => {
            blank_frames(&object, application.profile, application.limits)?
        }
        _ => open_frames(&object, application.profile, application.limits)?,
    };
    if !blanked {
        check_masks(&object, frames.as_ref(), application)?;
    }
    let context = Context {
        rulebook: &rulebook,
        shift: application.profile.dates.shift_days,
        key: application.key,
        subject: application.subject,
        treatment: application.redaction.treatment,
        identifiers: application.identifiers,
    };
    let staying = &application.redaction.overlays;
    let planes = overlays::take_staying(&mut object.header, staying, application.limits)?;
    let mut report = scrub(&mut object.header, &context)?;
    let rule = "an overlay plane in which no text was found";
    report.add("(60xx,3000)", Done::Kept, rule, planes.len());
    overlays::put(&mut object.header, planes);
    tell(&mut report, &object, application.subject);
    if let Some(kind) = application.redaction.document {
        documents::replace(&mut object.header, kind, application.redaction.treatment);
    }
    let areas = application.redaction.areas();
    let boxes = |frame| areas.of(frame);
    let encapsulated = match (&mut frames, application.profile.transfer_syntax) {
        (Some(source), OutputSyntax::Same) if source.is_encapsulated() => {
            let encapsulated = encapsulate(source, boxes, scratch)?;
            let rule = "a frame has no encoder: all are decoded, in Explicit VR Little Endian";
            report.add("(0002,0010)", Done::Replaced, rule, encapsulated.is_none().into());
            let other = encapsulated.as_ref().and_then(|encapsulated| encapsulated.transfer_syntax);
            let rule = "no encoder: the frames are encoded in JPEG 2000 Lossless";
            report.add("(0002,0010)", Done::Replaced, rule, other.is_some().into());
            encapsulated
        }
        _ => None,
    };
    if let (true, Some(source)) = (blanked, &frames) {
        keep_frames(&mut object.header, source.output_layout());
        let rule = "they cannot be decoded: a blank picture takes their place";
        report.add("(7FE0,0010)", Done::Replaced, rule, 1);
    }
    if let Some(source) = &frames {
        let layout = encapsulated.as_ref().map_or(source.output_layout(), |e| &e.layout);
        write_layout(&mut object.header, layout, source.lossy());
    }
    let stays = encapsulated.is_some()
        || (application.profile.transfer_syntax == OutputSyntax::Same
            && !blanked
            && is_native(&object.transfer_syntax_uid));
    let transfer_syntax_uid = match (&encapsulated, stays) {
        (Some(Encapsulated { transfer_syntax: Some(other), .. }), _) => (*other).to_owned(),
        (_, true) => object.transfer_syntax_uid.clone(),
        (_, false) => OUTPUT_SYNTAX.to_owned(),
    };
    let encoded = encapsulated.as_ref().map(|encapsulated| encapsulated.encoded.clone());
    let written = Written {
        encoded: encoded.unwrap_or_default(),
        sop_class_uid: text_of(&object.header, tags::SOP_CLASS_UID),
        transfer_syntax_uid,
        study_uid: text_of(&object.header, tags::STUDY_INSTANCE_UID),
        series_uid: text_of(&object.header, tags::SERIES_INSTANCE_UID),
        sop_instance_uid: text_of(&object.header, tags::SOP_INSTANCE_UID),
        report,
    };
    let uids = [&written.sop_class_uid, &written.sop_instance_uid, &*written.transfer_syntax_uid];
    write_file(out, object.header, uids, |out, encoding| match (&mut frames, &encapsulated) {
        (Some(_), Some(encapsulated)) => {
            Ok(write_encapsulated(out, encapsulated, scratch, encoding)?)
        }
        (Some(source), None) => write_native(out, source, encoding, boxes),
        (None, _) => Ok(()),
    })?;
    Ok(written)
}

/// Adds to a report what the scrub does not know.
pub(super) fn tell(report: &mut Report, object: &OpenObject, subject: &Subject) {
    let private = "private, not known to be safe";
    report.add("(private)", Done::Removed, private, object.private_left_out);
    let rule = "VR UN, read as the VR that PS3.6 states";
    report.add("(VR UN)", Done::Repaired, rule, object.repairs.known_vr as usize);
    let rule = "a sequence of VR UN and undefined length, read as PS3.5 Section 6.2.2 says";
    report.add("(VR UN)", Done::Repaired, rule, object.repairs.opaque_sequences as usize);
    let rule = "no PatientID: the study stands for the patient";
    let nobody = usize::from(!subject.identity.has_patient_id());
    report.add("(0010,0020)", Done::Pseudonymised, rule, nobody);
}

/// Who examined the object may have been another process: it must have told of every mask.
fn check_masks(
    object: &OpenObject,
    frames: Option<&FrameSource>,
    application: Application<'_>,
) -> Result<(), Hold> {
    let Some(frames) = frames else { return Ok(()) };
    let masks = masks::fitting(&object.header, application.profile);
    let areas = masks::areas(&masks, application.profile, frames.output_layout())?;
    if areas == application.redaction.masks {
        return Ok(());
    }
    let detail = "the device masks are not those that fit the object";
    Err(Hold::new(HoldReason::VerificationFailed, detail))
}

impl From<WriteFramesError> for StepError {
    fn from(error: WriteFramesError) -> Self {
        match error {
            WriteFramesError::Hold(hold) => hold.into(),
            WriteFramesError::Output(error) => error.into(),
        }
    }
}

/// Digests what passes.
struct Digesting<W: Write> {
    out: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
