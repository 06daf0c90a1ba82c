//! What a result is held for, as `apply` would write it if it went wrong.

mod bytes;

use super::*;
use crate::config::ShiftRange;
use crate::deid::header::{PatientIdentity, ProjectKey, SiteKey};
use crate::deid::picture::PixelRect;
use crate::deid::pixels::{Frame, PixelElement, PixelLimits, PixelLocation};
use crate::deid::redaction::{BoxReason, RedactionBox};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_object::InMemDicomObject;
use std::io::Write;

/// Checks a result with two frames of 2x1 pixels of 12 bits; the second has a box.
fn check(result: [u16; 4], looked: &[[u16; 2]; 2]) -> Result<usize, HoldReason> {
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let header = InMemDicomObject::from_element_iter([
        DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, "2"),
        number(tags::SAMPLES_PER_PIXEL, 1),
        number(tags::ROWS, 1),
        number(tags::COLUMNS, 2),
        number(tags::BITS_ALLOCATED, 16),
        number(tags::BITS_STORED, 12),
        number(tags::HIGH_BIT, 11),
        number(tags::PIXEL_REPRESENTATION, 0),
    ]);
    let pixels = PixelLimits::default();
    let layout = PixelLayout::read(&header, PixelElement::Integer, &pixels).expect("valid");
    let mut file = tempfile::tempfile().expect("a temporary file");
    let bytes: Vec<u8> = result.iter().flat_map(|value| value.to_le_bytes()).collect();
    file.write_all(&bytes).expect("written");
    let location = PixelLocation { offset: 0, length: Some(8), element: PixelElement::Integer };
    let mut source =
        FrameSource::open(file, OUTPUT_SYNTAX, &layout, location, &pixels).expect("opens");
    let area = PixelRect { left: 0, top: 0, right: 1, bottom: 1 };
    let boxes = vec![RedactionBox { frame: 1, area, reason: BoxReason::Text }];
    let treatment = PixelTreatment::Looked;
    let redaction = Redaction {
        treatment,
        document: None,
        boxes,
        kept: vec![],
        undecodable: None,
        masks: vec![],
        overlays: vec![],
    };
    let looked = looked.map(|values| {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let sha256 = Frame { index: 0, data }.digest();
        LookedFrame { sha256, pictures: 1 }
    });
    let key = ProjectKey::derive(&SiteKey::new([1; 32]), "p");
    let patient = PatientIdentity::new("1", "");
    let expected = Expectation {
        profile: &Profile::named("basic").expect("shipped"),
        facts: &ObjectFacts::default(),
        redaction: &redaction,
        identifiers: &Identifiers::default(),
        subject: &Subject::derive(&key, &patient, ShiftRange::default()),
        layout: Some(&layout),
        looked: &looked,
        encoded: &BTreeMap::new(),
        limits: &Limits::default(),
    };
    let mut pictures = 0;
    let show = &mut |_| {
        pictures += 1;
        Ok(())
    };
    match check_frames(&mut source, &Voi::default(), expected, show) {
        Ok(_) => Ok(pictures),
        Err(StepError::Hold(hold)) => Err(hold.reason),
        Err(StepError::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn a_frame_without_boxes_must_be_the_one_that_was_looked_at() {
    let looked = [[1, 2], [3, 4]];
    assert_eq!(check([1, 2, 0, 4], &looked), Ok(1), "the frame with a box is shown");
    let wrong = Err(HoldReason::VerificationFailed);
    assert_eq!(check([1, 3, 0, 4], &looked), wrong);
    assert_eq!(check([1, 2, 3, 4], &looked), wrong, "the box is not filled");
}

#[test]
fn bits_that_are_no_part_of_a_value_are_found_in_every_frame() {
    let unclean = [[1, 0x1002], [3, 4]];
    assert_eq!(check([1, 0x1002, 0, 4], &unclean), Err(HoldReason::VerificationFailed));
    let looked = [[1, 2], [3, 4]];
    assert_eq!(check([1, 2, 0, 0x2004], &looked), Err(HoldReason::VerificationFailed));
}

#[test]
fn nothing_but_padding_may_follow_a_deflated_data_set() {
    let check = |behind: &[u8]| {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"stream").and_then(|()| file.write_all(behind)).expect("written");
        check_padding(&file, Behind { start: 6, bytes: behind.len() as u64 }).is_ok()
    };
    assert!(check(b"") && check(b"\0"));
    assert!(!check(b"x") && !check(b"\0\0") && !check(b"DOE^JOHN"));
}
