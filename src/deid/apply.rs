//! Carrying the decision out: header scrubbed, pixels filled, a valid Part 10 file written.
//!
//! The output is a function of the input, the key, the profile and the redaction: no clock, no
//! randomness. It is Explicit VR Little Endian with native pixels, or with the encapsulated ones of the
//! transfer syntax that the input has.

use super::accept::Candidate;
use super::documents;
use super::examine::{StepError, open_frames, rulebook};
use super::header::{Context, Done, ProjectKey, Report, Subject, scrub};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::object::{OpenObject, text_of};
use super::overlays;
use super::picture::PixelRect;
use super::pixels::{
    Encapsulated, FrameSource, PixelElement, WriteFramesError, encapsulate, write_frames,
    write_layout,
};
use super::redaction::Redaction;
use crate::config::{Limits, OutputSyntax, Profile};
use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_parser::dataset::{DataSetWriter, IntoTokens};
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Explicit VR Little Endian, in which every object can leave.
pub const OUTPUT_SYNTAX: &str = "1.2.840.10008.1.2.1";

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
    let mut frames = open_frames(&object, application.limits)?;
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
    let boxes = boxes_of(application.redaction);
    let encapsulated = match (&mut frames, application.profile.transfer_syntax) {
        (Some(source), OutputSyntax::Same) if source.is_encapsulated() => {
            let encapsulated = encapsulate(source, &boxes, scratch)?;
            let rule = "a frame has no encoder: all are decoded, in Explicit VR Little Endian";
            report.add("(0002,0010)", Done::Replaced, rule, encapsulated.is_none().into());
            encapsulated
        }
        _ => None,
    };
    if let Some(source) = &frames {
        let layout = encapsulated.as_ref().map_or(source.output_layout(), |e| &e.layout);
        write_layout(&mut object.header, layout, source.lossy());
    }
    let transfer_syntax_uid = match encapsulated {
        Some(_) => object.transfer_syntax_uid.clone(),
        None => OUTPUT_SYNTAX.to_owned(),
    };
    let written = Written {
        sop_class_uid: text_of(&object.header, tags::SOP_CLASS_UID),
        transfer_syntax_uid,
        study_uid: text_of(&object.header, tags::STUDY_INSTANCE_UID),
        series_uid: text_of(&object.header, tags::SERIES_INSTANCE_UID),
        sop_instance_uid: text_of(&object.header, tags::SOP_INSTANCE_UID),
        report,
    };
    let uids = [&written.sop_class_uid, &written.sop_instance_uid, &*written.transfer_syntax_uid];
    write_header(out, object.header, uids)?;
    match (&mut frames, encapsulated) {
        (Some(_), Some(encapsulated)) => write_encapsulated(out, &encapsulated, scratch)?,
        (Some(source), None) => write_native(out, source, boxes)?,
        (None, _) => {}
    }
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

fn unwritable(what: &str) -> StepError {
    Hold::new(HoldReason::Malformed, format!("{what} cannot be written as valid DICOM")).into()
}

/// Writes a Part 10 file up to its pixels: SOP class, SOP instance, transfer syntax, and the header.
pub(super) fn write_header(
    out: &mut impl Write,
    header: InMemDicomObject,
    [sop_class_uid, sop_instance_uid, transfer_syntax_uid]: [&str; 3],
) -> Result<(), StepError> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(sop_class_uid)
        .media_storage_sop_instance_uid(sop_instance_uid)
        .transfer_syntax(transfer_syntax_uid)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .build()
        .map_err(|_| unwritable("File Meta Information"))?;
    out.write_all(&[0; 128])?;
    out.write_all(b"DICM")?;
    meta.write(&mut *out).map_err(|_| unwritable("File Meta Information"))?;
    // The library's writer may be slow on small writes, and its errors may quote values.
    let mut bytes = Vec::new();
    let syntax = EXPLICIT_VR_LITTLE_ENDIAN.erased();
    let mut writer =
        DataSetWriter::with_ts(&mut bytes, &syntax).map_err(|_| unwritable("the header"))?;
    // By value: `write_dataset` would copy the whole header first, which may be 30 times its file.
    writer.write_sequence(header.into_tokens()).map_err(|_| unwritable("the header"))?;
    writer.flush().map_err(|_| unwritable("the header"))?;
    drop(writer);
    out.write_all(&bytes)?;
    Ok(())
}

/// The boxes of a frame, by its index.
fn boxes_of(redaction: &Redaction) -> impl Fn(u32) -> Vec<PixelRect> + use<> {
    let mut of_frame: HashMap<u32, Vec<PixelRect>> = HashMap::new();
    for b in &redaction.boxes {
        of_frame.entry(b.frame).or_default().push(b.area);
    }
    move |frame| of_frame.get(&frame).cloned().unwrap_or_default()
}

impl From<WriteFramesError> for StepError {
    fn from(error: WriteFramesError) -> Self {
        match error {
            WriteFramesError::Hold(hold) => hold.into(),
            WriteFramesError::Output(error) => error.into(),
        }
    }
}

fn write_pixel_head(
    out: &mut impl Write,
    element: PixelElement,
    vr: VR,
    length: u32,
) -> io::Result<()> {
    let tag = element.tag();
    out.write_all(&tag.group().to_le_bytes())?;
    out.write_all(&tag.element().to_le_bytes())?;
    out.write_all(&vr.to_bytes())?;
    out.write_all(&[0, 0])?;
    out.write_all(&length.to_le_bytes())
}

fn write_encapsulated(
    out: &mut impl Write,
    encapsulated: &Encapsulated,
    scratch: &File,
) -> io::Result<()> {
    const UNDEFINED: u32 = u32::MAX;
    write_pixel_head(out, PixelElement::Integer, VR::OB, UNDEFINED)?;
    encapsulated.write(scratch, out)
}

/// Writes every frame as one native value, these boxes of it black.
pub(super) fn write_native(
    out: &mut impl Write,
    source: &mut FrameSource,
    boxes: impl Fn(u32) -> Vec<PixelRect>,
) -> Result<(), StepError> {
    let layout = source.output_layout();
    let vr = match (source.element(), layout.bits_allocated) {
        (PixelElement::Float, _) => VR::OF,
        (PixelElement::DoubleFloat, _) => VR::OD,
        (PixelElement::Integer, 0..=8) => VR::OB,
        (PixelElement::Integer, _) => VR::OW,
    };
    let length = u32::try_from(layout.padded_value_bytes())
        .map_err(|_| Hold::new(HoldReason::LimitExceeded, "decoded pixels of 4 GiB and more"))?;
    write_pixel_head(out, source.element(), vr, length)?;
    write_frames(source, boxes, out)?;
    Ok(())
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
