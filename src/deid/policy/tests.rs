use super::*;
use crate::config::{Documents, FaceRule};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::uids;
use dicom_object::mem::InMemElement;

fn text(tag: Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, item: impl IntoIterator<Item = InMemElement>) -> InMemElement {
    let item = InMemDicomObject::from_element_iter(item);
    DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]))
}

fn object(sop_class: &str, more: impl IntoIterator<Item = InMemElement>) -> InMemDicomObject {
    let mut header = InMemDicomObject::from_element_iter(more);
    header.put(text(tags::SOP_CLASS_UID, VR::UI, sop_class));
    header.put(text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"));
    header
}

fn basic() -> Profile {
    Profile::named("basic").expect("shipped")
}

fn dropping() -> Profile {
    Profile { documents: Documents::Drop, ..basic() }
}

fn faces(photographs: FaceRule, head_volumes: FaceRule) -> Profile {
    Profile { faces: crate::config::Faces { photographs, head_volumes }, ..basic() }
}

/// The hold of an object without pixels; it must be of this reason and say this.
fn is_held(header: &InMemDicomObject, profile: &Profile, reason: HoldReason, says: &str) {
    for has_pixels in [false, true] {
        let hold = judge(header, has_pixels, profile).expect_err(says);
        assert_eq!(hold.reason, reason, "{says}: {hold}");
        assert!(hold.detail.contains(says), "{says}: {hold}");
    }
}

fn passes(header: &InMemDicomObject, profile: &Profile) {
    assert_eq!(judge(header, true, profile).map(|policy| policy.document), Ok(None));
}

const CLASS: HoldReason = HoldReason::SopClassNotCleanable;
const FACE: HoldReason = HoldReason::RecognizableFace;

#[test]
fn a_uid_that_is_a_path_is_no_uid() {
    assert!(is_uid("1.2.840.10008.1.2"));
    for bad in ["", "../../etc/passwd", "1..2", "1.2.", &"1.".repeat(40)] {
        assert!(!is_uid(bad), "{bad}");
    }
}

#[test]
fn what_no_profile_can_clean_is_held_by_its_kind() {
    let audio_sr = "1.2.840.10008.5.1.4.1.1.88.2";
    for (sop_class, says) in [
        (uids::RAW_DATA_STORAGE, "Raw Data"),
        (uids::MR_SPECTROSCOPY_STORAGE, "MR Spectroscopy"),
        (uids::BASIC_VOICE_AUDIO_WAVEFORM_STORAGE, "audio"),
        (uids::GENERAL_AUDIO_WAVEFORM_STORAGE, "audio"),
        (audio_sr, "audio"),
        (uids::MEDIA_STORAGE_DIRECTORY_STORAGE, "directory"),
        (uids::INVENTORY_STORAGE, "directory"),
        ("1.3.12.2.1107.5.9.1", "private SOP class"),
        ("1.2.840.10008.5.1.4.1.1.999", "does not know"),
    ] {
        is_held(&object(sop_class, []), &basic(), CLASS, says);
        is_held(&object(sop_class, []), &dropping(), CLASS, says);
    }
}

#[test]
fn a_dicomdir_is_held_although_it_has_no_uid() {
    let header = InMemDicomObject::from_element_iter([DataElement::new(
        tags::DIRECTORY_RECORD_SEQUENCE,
        VR::SQ,
        DataSetSequence::<InMemDicomObject>::empty(),
    )]);
    is_held(&header, &basic(), CLASS, "directory");
}

#[test]
fn every_standard_storage_class_is_taken_but_those_named() {
    let classes = include_str!("../../dimse/storage_sop_classes.tsv");
    let mut held = Vec::new();
    for line in classes.lines() {
        let (uid, _) = line.split_once('\t').expect("two columns");
        if let Err(hold) = judge(&object(uid, []), true, &basic()) {
            held.push((uid, hold.reason));
        }
    }
    let of = |reason| held.iter().filter(|(_, r)| *r == reason).count();
    assert_eq!(classes.lines().count(), 214);
    assert_eq!((of(CLASS), of(FACE), held.len()), (12, 7, 19), "{held:?}");
}

#[test]
fn pixels_at_a_url_are_pixels_that_were_not_sent() {
    let url = text(tags::PIXEL_DATA_PROVIDER_URL, VR::UR, "https://pacs.example.org/jpip?1");
    let header = object(uids::CT_IMAGE_STORAGE, [url]);
    is_held(&header, &basic(), HoldReason::PixelsNotDecodable, "Pixel Data Provider URL");
}

#[test]
fn spectra_in_another_class_are_held() {
    let value = PrimitiveValue::F32([1.0_f32, 2.0].as_slice().into());
    let spectra = DataElement::new(tags::SPECTROSCOPY_DATA, VR::OF, value);
    is_held(&object(uids::MR_IMAGE_STORAGE, [spectra]), &basic(), CLASS, "Spectroscopy");
}

fn waveform(samples: &str, source: &str) -> InMemDicomObject {
    let code = [
        text(tags::CODE_VALUE, VR::SH, source),
        text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM"),
    ];
    let channel = sequence(
        tags::CHANNEL_DEFINITION_SEQUENCE,
        [sequence(tags::CHANNEL_SOURCE_SEQUENCE, code)],
    );
    let samples = text(tags::WAVEFORM_SAMPLE_INTERPRETATION, VR::CS, samples);
    let group = sequence(tags::WAVEFORM_SEQUENCE, [samples, channel]);
    object(uids::GENERAL_ECG_WAVEFORM_STORAGE, [group])
}

#[test]
fn a_voice_among_other_waveforms_is_held() {
    passes(&waveform("SS", "5.6.3-9-1"), &basic());
    // Doppler audio is made of echoes, not by a microphone.
    passes(&waveform("SS", "109113"), &basic());
    is_held(&waveform("SS", "109110"), &basic(), CLASS, "voice");
    is_held(&waveform("SS", "109112"), &basic(), CLASS, "voice");
    is_held(&waveform("MB", "5.6.3-9-1"), &basic(), CLASS, "voice");
    let modality = text(tags::MODALITY, VR::CS, "AU");
    is_held(&object(uids::GENERAL_ECG_WAVEFORM_STORAGE, [modality]), &basic(), CLASS, "voice");
}

fn document(mime_type: &str) -> [InMemElement; 2] {
    let bytes = PrimitiveValue::from(vec![0x25, 0x50, 0x44, 0x46]);
    [
        DataElement::new(tags::ENCAPSULATED_DOCUMENT, VR::OB, bytes),
        text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, mime_type),
    ]
}

#[test]
fn documents_are_held_by_their_kind_and_dropped_where_the_profile_says_so() {
    for (sop_class, kind) in [
        (uids::ENCAPSULATED_PDF_STORAGE, DocumentKind::Pdf),
        (uids::ENCAPSULATED_CDA_STORAGE, DocumentKind::Cda),
        (uids::ENCAPSULATED_STL_STORAGE, DocumentKind::Stl),
        (uids::ENCAPSULATED_OBJ_STORAGE, DocumentKind::Obj),
        (uids::ENCAPSULATED_MTL_STORAGE, DocumentKind::Mtl),
    ] {
        let header = object(sop_class, document("application/octet-stream"));
        is_held(&header, &basic(), CLASS, &format!("encapsulated {}", kind.name()));
        let policy = judge(&header, false, &dropping()).expect("dropped");
        let treatment = PixelTreatment::Absent;
        assert_eq!(policy, Policy { treatment, document: Some(kind) });
    }
}

#[test]
fn a_document_in_another_class_is_dropped_by_its_mime_type_or_held() {
    let image = |mime_type| object(uids::SECONDARY_CAPTURE_IMAGE_STORAGE, document(mime_type));
    is_held(&image("application/pdf"), &basic(), CLASS, "encapsulated PDF");
    is_held(&image("text/rtf"), &basic(), CLASS, "encapsulated document");
    let policy = judge(&image("Application/PDF"), true, &dropping()).expect("dropped");
    assert_eq!(policy.document, Some(DocumentKind::Pdf));
    assert_eq!(policy.treatment, PixelTreatment::Looked);
    is_held(&image("text/rtf"), &dropping(), CLASS, "MIME type");
    is_held(&image(""), &dropping(), CLASS, "MIME type");
}

#[test]
fn a_document_inside_a_sequence_is_held_under_every_profile() {
    let inner = sequence(tags::CONTENT_SEQUENCE, document("application/pdf"));
    let nested = sequence(tags::CONTENT_SEQUENCE, [inner]);
    let header = object(uids::BASIC_TEXT_SR_STORAGE, [nested]);
    is_held(&header, &basic(), CLASS, "inside a sequence");
    is_held(&header, &dropping(), CLASS, "inside a sequence");
}

#[test]
fn photographs_are_held_until_the_profile_allows_them() {
    let allowing = faces(FaceRule::Allow, FaceRule::Allow);
    for sop_class in [
        uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
        uids::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE,
        uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE,
        uids::SURFACE_SCAN_MESH_STORAGE,
    ] {
        let header = object(sop_class, []);
        is_held(&header, &basic(), FACE, "photograph");
        passes(&header, &allowing);
    }
    let captured = text(tags::MODALITY, VR::CS, "XC");
    let capture = object(uids::SECONDARY_CAPTURE_IMAGE_STORAGE, [captured]);
    assert_eq!(judge(&capture, true, &basic()).expect_err("held").reason, FACE);
    passes(&capture, &allowing);
    for sop_class in [
        uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE,
        uids::VL_ENDOSCOPIC_IMAGE_STORAGE,
        uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
    ] {
        passes(&object(sop_class, []), &basic());
    }
}

#[test]
fn a_volume_of_the_head_passes_unless_the_profile_holds_it() {
    let holding = faces(FaceRule::Hold, FaceRule::Hold);
    for (tag, vr, value) in [
        (tags::BODY_PART_EXAMINED, VR::CS, "HEAD"),
        (tags::STUDY_DESCRIPTION, VR::LO, "MRT Schädel"),
        (tags::SERIES_DESCRIPTION, VR::LO, "Sinus 1.0"),
        (tags::PROTOCOL_NAME, VR::LO, "Neuro routine"),
    ] {
        for sop_class in [uids::CT_IMAGE_STORAGE, uids::ENHANCED_MR_IMAGE_STORAGE] {
            // what is said elsewhere does not outweigh it
            let chest = text(tags::BODY_PART_EXAMINED, VR::CS, "CHEST");
            let header = object(sop_class, [chest, text(tag, vr, value)]);
            passes(&header, &basic());
            is_held(&header, &holding, FACE, "volume of the head");
        }
    }
    let craniofacial = object(uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE, []);
    is_held(&craniofacial, &holding, FACE, "volume of the head");
}

#[test]
fn a_volume_that_does_not_say_what_it_shows_is_held_with_those_of_the_head() {
    let holding = faces(FaceRule::Hold, FaceRule::Hold);
    let part = |value| text(tags::BODY_PART_EXAMINED, VR::CS, value);
    for header in [
        object(uids::CT_IMAGE_STORAGE, []),
        object(uids::CT_IMAGE_STORAGE, [part("")]),
        object(uids::CT_IMAGE_STORAGE, [part("UNKNOWN")]),
        object(uids::CT_IMAGE_STORAGE, [text(tags::STUDY_DESCRIPTION, VR::LO, "CT CHEST")]),
    ] {
        is_held(&header, &holding, FACE, "Body Part Examined (0018,0015)");
        passes(&header, &basic());
    }
    passes(&object(uids::CT_IMAGE_STORAGE, [part("CHEST")]), &holding);
    passes(&object(uids::CT_IMAGE_STORAGE, [part("LEFT KNEE")]), &holding);
    // not a volume of these modalities
    passes(&object(uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE, [part("HEAD")]), &holding);
}

#[test]
fn a_capture_of_a_volume_is_as_recognizable_as_the_volume() {
    let holding = faces(FaceRule::Hold, FaceRule::Hold);
    let modality = || text(tags::MODALITY, VR::CS, "CT");
    let head = [modality(), text(tags::BODY_PART_EXAMINED, VR::CS, "HEAD")];
    let capture = object(uids::SECONDARY_CAPTURE_IMAGE_STORAGE, head.clone());
    assert_eq!(judge(&capture, true, &holding).expect_err("held").reason, FACE);
    // a report on a CT has no pixels
    let report = object(uids::BASIC_TEXT_SR_STORAGE, head);
    assert!(judge(&report, false, &holding).is_ok());
}

fn region(scheme: &str, code: &str, meaning: &str) -> InMemElement {
    sequence(
        tags::ANATOMIC_REGION_SEQUENCE,
        [
            text(tags::CODE_VALUE, VR::SH, code),
            text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
            text(tags::CODE_MEANING, VR::LO, meaning),
        ],
    )
}

#[test]
fn regions_of_the_object_and_of_its_frames_are_read() {
    let holding = faces(FaceRule::Hold, FaceRule::Hold);
    let of_object = |region| object(uids::ENHANCED_CT_IMAGE_STORAGE, [region]);
    let of_frames = |region| {
        let anatomy = sequence(tags::FRAME_ANATOMY_SEQUENCE, [region]);
        object(
            uids::ENHANCED_CT_IMAGE_STORAGE,
            [sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, [anatomy])],
        )
    };
    for with in [of_object as fn(_) -> _, of_frames] {
        passes(&with(region("SCT", "816094009", "Thorax (Brustkorb)")), &holding);
        passes(&with(region("99LOCAL", "A1", "Lower leg")), &holding);
        is_held(&with(region("SCT", "69536005", "Head")), &holding, FACE, "volume of the head");
        is_held(&with(region("SCT", "12738006", "Encephalon")), &holding, FACE, "volume of the");
        is_held(&with(region("99LOCAL", "A1", "Chunk 7")), &holding, FACE, "Anatomic Region");
    }
}
