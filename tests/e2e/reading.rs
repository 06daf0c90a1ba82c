//! How much of an object is read: what is the same in every frame once, and what changed always.

use crate::harness::{Sample, Site, assert_not_readable, judge, sample, storescu, wait_until};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use std::path::PathBuf;

const FRAMES: usize = 12;

/// The single frame of an ultrasound as a cine of `FRAMES`, in which a smooth wave moves below the banner.
fn cine(source: &Sample) -> PathBuf {
    let mut object = dicom_object::open_file(&source.path).expect("a DICOM file");
    let number = |tag| object.element(tag).expect("there").to_int::<usize>().expect("a number");
    let (rows, columns) = (number(tags::ROWS), number(tags::COLUMNS));
    let still = object.element(tags::PIXEL_DATA).expect("pixels").to_bytes().expect("bytes");
    let mut pixels = Vec::with_capacity(still.len() * FRAMES);
    for frame in 0..FRAMES {
        for (at, level) in still.iter().enumerate() {
            let (x, y) = (at / 3 % columns, at / 3 / columns);
            let wave = 60.0 + 50.0 * ((x + 9 * frame) as f64 / 40.0).sin();
            pixels.push(if y > 130 && y < rows { wave as u8 } else { *level });
        }
    }
    object.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, FRAMES.to_string()));
    object.put(DataElement::new(tags::FRAME_TIME, VR::DS, "40"));
    let pointer = PrimitiveValue::Tags([tags::FRAME_TIME].into_iter().collect());
    object.put(DataElement::new(tags::FRAME_INCREMENT_POINTER, VR::AT, pointer));
    let class = "1.2.840.10008.5.1.4.1.1.3.1";
    object.put(DataElement::new(tags::SOP_CLASS_UID, VR::UI, class));
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(pixels)));
    object.update_meta(|meta| meta.media_storage_sop_class_uid = class.into());
    let copy = source.path.with_file_name("cine.dcm");
    object.write_to_file(&copy).expect("written");
    copy
}

/// How often the log says so.
fn said(log: &str, what: &str) -> usize {
    log.lines().filter(|line| line.contains(what)).count()
}

#[test]
fn a_banner_is_read_once_and_hidden_in_every_frame() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--us", "1"]).remove(0);
    let cine = cine(&sample);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&cine]);
    wait_until("it is delivered", || !site.delivered().is_empty());
    let result = site.delivered().remove(0);
    let log = gateway.stderr();
    gateway.stop();
    judge(&cine, &result);
    assert_not_readable(&Sample { path: cine, ..sample }, &result);
    // Each part of the picture when it is examined, and once more when the result is verified.
    let read = said(&log, "reading a picture");
    assert!((2..FRAMES).contains(&read), "{read} of {FRAMES} frames were read");
}

#[test]
fn frames_that_hold_no_text_at_first_sight_are_not_read_unless_it_is_their_turn() {
    for (every, cleared) in [(0, true), (1, false)] {
        let mut site = Site::new();
        site.set("detection.prefilter_check_every", every);
        site.set("deid.profile", "basic");
        let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
        let gateway = site.start();
        storescu(gateway.port, &[], &[&sample.path]);
        wait_until("it is delivered", || !site.delivered().is_empty());
        let log = gateway.stderr();
        gateway.stop();
        judge(&sample.path, &site.delivered()[0]);
        assert_eq!(said(&log, "holds no text at first sight") > 0, cleared, "{every}");
        assert_eq!(said(&log, "reading a picture") == 0, cleared, "{every}");
    }
}
