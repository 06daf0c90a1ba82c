//! What carries content that no step here can read: documents, recordings, raw and private data.

#![expect(deprecated, reason = "retired SOP classes still arrive")]

use crate::config::Documents;
use crate::deid::documents::DocumentKind;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::object::text_of;
use dicom_core::Tag;
use dicom_core::dictionary::UidDictionary;
use dicom_dictionary_std::{StandardSopClassDictionary, tags, uids};
use dicom_object::InMemDicomObject;

/// The root under which the Standard registers its UIDs (PS3.6 Annex A).
const STANDARD_ROOT: &str = "1.2.840.10008.";

/// Channel sources of PS3.16 CID 3000 that a microphone records, so that a voice may be heard:
/// all but Doppler audio.
const MICROPHONES: [&str; 5] = ["109110", "109111", "109112", "109114", "109115"];

/// Sample interpretations that are encodings of speech: mu-law and A-law (PS3.3 C.10.9.1.5).
const SPEECH_SAMPLES: [&str; 2] = ["MB", "AB"];

fn not_cleanable(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::SopClassNotCleanable, detail)
}

/// The hold of a DICOMDIR.
pub(super) fn directory() -> Hold {
    not_cleanable("a directory of a medium names every patient on it: send its objects, reject it")
}

/// Holds what can be cleaned under no profile.
pub(super) fn check(header: &InMemDicomObject, sop_class: &str) -> Result<(), Hold> {
    if StandardSopClassDictionary.by_uid(sop_class).is_none() {
        return Err(not_cleanable(if sop_class.starts_with(STANDARD_ROOT) {
            "a SOP class of the Standard that this version does not know: reject, or wait for one \
             that does"
        } else {
            "a private SOP class, of which only its vendor knows what it carries: export a \
             standard object, reject this one"
        }));
    }
    let spectroscopy = header.get(tags::SPECTROSCOPY_DATA).is_some();
    match sop_class {
        uids::MEDIA_STORAGE_DIRECTORY_STORAGE | uids::INVENTORY_STORAGE => Err(directory()),
        uids::RAW_DATA_STORAGE => Err(not_cleanable(
            "Raw Data is in a form of its vendor's: send the images made of it, reject this one",
        )),
        uids::MR_SPECTROSCOPY_STORAGE => Err(spectra()),
        _ if spectroscopy => Err(spectra()),
        uids::BASIC_VOICE_AUDIO_WAVEFORM_STORAGE
        | uids::GENERAL_AUDIO_WAVEFORM_STORAGE
        | uids::AUDIO_SR_STORAGE_TRIAL
        | uids::AUDIO_WAVEFORM_REAL_TIME_COMMUNICATION => Err(recording()),
        _ if has_recording(header) => Err(recording()),
        // the pixels could be fetched by whoever has the object, and were never looked at
        _ if header.get(tags::PIXEL_DATA_PROVIDER_URL).is_some() => Err(Hold::new(
            HoldReason::PixelsNotDecodable,
            "the pixels are elsewhere, at the Pixel Data Provider URL (0028,7FE0): let the source \
             send them with the object",
        )),
        _ => Ok(()),
    }
}

fn spectra() -> Hold {
    not_cleanable(
        "MR Spectroscopy cannot be looked at: send the images made of it, reject this one",
    )
}

fn recording() -> Hold {
    not_cleanable("an audio recording, in which a voice may be heard: reject")
}

/// Whether some channel of a waveform was recorded by a microphone.
fn has_recording(header: &InMemDicomObject) -> bool {
    text_of(header, tags::MODALITY) == "AU"
        || items(header, tags::WAVEFORM_SEQUENCE).iter().any(|group| {
            let samples = text_of(group, tags::WAVEFORM_SAMPLE_INTERPRETATION);
            SPEECH_SAMPLES.contains(&samples.as_str())
                || items(group, tags::CHANNEL_DEFINITION_SEQUENCE)
                    .iter()
                    .flat_map(|channel| items(channel, tags::CHANNEL_SOURCE_SEQUENCE))
                    .any(is_microphone)
        })
}

fn is_microphone(source: &InMemDicomObject) -> bool {
    text_of(source, tags::CODING_SCHEME_DESIGNATOR) == "DCM"
        && MICROPHONES.contains(&text_of(source, tags::CODE_VALUE).as_str())
}

/// The document that a dummy will replace; a hold where the profile wants none replaced, or where
/// there is no dummy of its kind.
pub(super) fn document(
    header: &InMemDicomObject,
    sop_class: &str,
    documents: Documents,
) -> Result<Option<DocumentKind>, Hold> {
    let of_class = DocumentKind::of_class(sop_class);
    let present = header.get(tags::ENCAPSULATED_DOCUMENT).is_some();
    if header.iter().any(|element| holds_document(element.items().unwrap_or_default())) {
        return Err(not_cleanable(
            "an Encapsulated Document (0042,0011) inside a sequence: reject",
        ));
    }
    if of_class.is_none() && !present {
        return Ok(None);
    }
    let mime_type = text_of(header, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT);
    let kind = of_class.or_else(|| DocumentKind::of_mime_type(&mime_type));
    match (documents, kind) {
        (Documents::Drop, Some(kind)) => Ok(Some(kind)),
        (Documents::Drop, None) => Err(not_cleanable(
            "an Encapsulated Document (0042,0011) of a MIME type that has no dummy here: reject",
        )),
        (Documents::Hold, kind) => {
            let what = kind.map_or("document", DocumentKind::name);
            Err(not_cleanable(format!(
                "an encapsulated {what} cannot be cleaned: reject; a profile with documents = \
                 \"drop\" replaces it when the object is sent again"
            )))
        }
    }
}

/// Whether a document is somewhere in these items, where the Standard knows of none.
fn holds_document(items: &[InMemDicomObject]) -> bool {
    items.iter().any(|item| {
        item.get(tags::ENCAPSULATED_DOCUMENT).is_some()
            || item.iter().any(|element| holds_document(element.items().unwrap_or_default()))
    })
}

/// The items of a sequence; none if it is absent or no sequence.
pub(super) fn items(data_set: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    data_set.get(tag).and_then(|element| element.items()).unwrap_or_default()
}
