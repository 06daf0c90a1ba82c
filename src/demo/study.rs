//! The generated study: three objects whose headers and pixels are full of identifiers.

use super::canvas::{Canvas, PlacedText};
use super::{ct, patient, radiograph, ultrasound};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

/// One generated object, and what is known of it because it was generated.
pub struct Sample {
    /// What people call it, and how its pictures are named.
    pub name: &'static str,
    pub modality: &'static str,
    pub sop_class_uid: &'static str,
    pub sop_instance_uid: String,
    pub object: InMemDicomObject,
    /// What is burned in.
    pub text: Vec<PlacedText>,
}

/// The study, always the same.
pub fn generate() -> Vec<Sample> {
    vec![ultrasound(), radiograph(), ct()]
}

fn ultrasound() -> Sample {
    let canvas = ultrasound::draw();
    let samples: Vec<u8> = canvas.pixels.iter().flatten().map(|sample| *sample as u8).collect();
    let mut object = header("US", uids::ULTRASOUND_IMAGE_STORAGE, 1, "Abdomen");
    describe_pixels(&mut object, &canvas, "RGB", (8, 8));
    put(&mut object, tags::PLANAR_CONFIGURATION, VR::US, dicom_value!(U16, 0));
    put(&mut object, tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(samples.into()));
    sample("ultrasound", "US", uids::ULTRASOUND_IMAGE_STORAGE, object, canvas.text)
}

fn radiograph() -> Sample {
    let canvas = radiograph::draw();
    let class = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let mut object = header("DX", class, 2, "Chest");
    describe_pixels(&mut object, &canvas, "MONOCHROME1", (16, 12));
    text(&mut object, tags::WINDOW_CENTER, VR::DS, "2048");
    text(&mut object, tags::WINDOW_WIDTH, VR::DS, "4096");
    text(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    put_words(&mut object, &canvas);
    sample("radiograph", "DX", class, object, canvas.text)
}

fn ct() -> Sample {
    let canvas = ct::draw();
    let mut object = header("CT", uids::CT_IMAGE_STORAGE, 3, "Head");
    describe_pixels(&mut object, &canvas, "MONOCHROME2", (16, 12));
    text(&mut object, tags::WINDOW_CENTER, VR::DS, "35");
    text(&mut object, tags::WINDOW_WIDTH, VR::DS, "90");
    text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, &(-ct::OFFSET).to_string());
    text(&mut object, tags::RESCALE_SLOPE, VR::DS, "1");
    put_words(&mut object, &canvas);
    sample("ct-slice", "CT", uids::CT_IMAGE_STORAGE, object, canvas.text)
}

fn sample(
    name: &'static str,
    modality: &'static str,
    sop_class_uid: &'static str,
    object: InMemDicomObject,
    text: Vec<PlacedText>,
) -> Sample {
    let number = object.get(tags::INSTANCE_NUMBER).and_then(|e| e.to_int::<u32>().ok());
    let sop_instance_uid = uid("3", number.unwrap_or_default());
    Sample { name, modality, sop_class_uid, sop_instance_uid, object, text }
}

fn uid(level: &str, number: u32) -> String {
    format!("{}.{level}.{number}", patient::UID_ROOT)
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: PrimitiveValue) {
    object.put(DataElement::new(tag, vr, value));
}

fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    put(object, tag, vr, PrimitiveValue::from(value));
}

/// Everything but the pixels, with identifiers where they belong and where they are forgotten.
fn header(modality: &str, sop_class: &str, number: u32, region: &str) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::SOP_CLASS_UID, sop_class.to_owned()),
        (tags::SOP_INSTANCE_UID, uid("3", number)),
        (tags::STUDY_INSTANCE_UID, uid("1", 1)),
        (tags::SERIES_INSTANCE_UID, uid("2", number)),
        (tags::FRAME_OF_REFERENCE_UID, uid("4", number)),
    ] {
        text(&mut object, tag, VR::UI, &value);
    }
    for (tag, vr, value) in [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        (tags::MODALITY, VR::CS, modality),
        (tags::BODY_PART_EXAMINED, VR::CS, region),
        (tags::MANUFACTURER, VR::LO, "Imaginary Imaging"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Demo 1"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::PATIENT_AGE, VR::AS, "063Y"),
    ] {
        text(&mut object, tag, vr, value);
    }
    let number = number.to_string();
    text(&mut object, tags::SERIES_NUMBER, VR::IS, &number);
    text(&mut object, tags::INSTANCE_NUMBER, VR::IS, &number);
    let kind = dicom_value!(Strs, ["ORIGINAL", "PRIMARY"]);
    put(&mut object, tags::IMAGE_TYPE, VR::CS, kind);
    identify(&mut object);
    hide_identifiers(&mut object, region);
    object
}

/// The identifiers that every study carries.
// Retired attributes still arrive.
#[allow(deprecated)]
fn identify(object: &mut InMemDicomObject) {
    for (tag, vr, value) in [
        (tags::PATIENT_NAME, VR::PN, patient::NAME),
        (tags::PATIENT_ID, VR::LO, patient::ID),
        (tags::OTHER_PATIENT_I_DS, VR::LO, patient::OTHER_ID),
        (tags::PATIENT_BIRTH_DATE, VR::DA, patient::BIRTH_DATE),
        (tags::PATIENT_TELEPHONE_NUMBERS, VR::SH, patient::PHONE),
        (tags::PATIENT_ADDRESS, VR::LO, patient::ADDRESS),
        (tags::INSTITUTION_NAME, VR::LO, patient::INSTITUTION),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, patient::REFERRER),
        (tags::OPERATORS_NAME, VR::PN, patient::OPERATOR),
        (tags::STATION_NAME, VR::SH, patient::STATION),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, patient::SERIAL_NUMBER),
        (tags::ACCESSION_NUMBER, VR::SH, patient::ACCESSION),
        (tags::STUDY_DATE, VR::DA, patient::STUDY_DATE),
        (tags::SERIES_DATE, VR::DA, patient::STUDY_DATE),
        (tags::CONTENT_DATE, VR::DA, patient::STUDY_DATE),
        (tags::STUDY_TIME, VR::TM, patient::STUDY_TIME),
        (tags::CONTENT_TIME, VR::TM, patient::STUDY_TIME),
    ] {
        text(object, tag, vr, value);
    }
}

/// The same in prose, in the meaning of a code, and in private elements.
fn hide_identifiers(object: &mut InMemDicomObject, region: &str) {
    let name = "Josephine Sampleson";
    let prose = format!("{region}, follow-up of {name}");
    text(object, tags::STUDY_DESCRIPTION, VR::LO, &prose);
    let call = format!("Call {} about {}", patient::PHONE, patient::ID);
    text(object, tags::IMAGE_COMMENTS, VR::LT, &call);
    let mut code = InMemDicomObject::new_empty();
    text(&mut code, tags::CODE_VALUE, VR::SH, "A1");
    text(&mut code, tags::CODING_SCHEME_DESIGNATOR, VR::SH, "99DEMO");
    text(&mut code, tags::CODE_MEANING, VR::LO, &format!("{region} of {name}"));
    let codes = DataSetSequence::from(vec![code]);
    object.put(DataElement::new(tags::PROCEDURE_CODE_SEQUENCE, VR::SQ, codes));
    let private = format!("{}|{}|{}", patient::NAME, patient::ID, patient::BIRTH_DATE);
    text(object, Tag(0x0029, 0x0010), VR::LO, "IMAGINARY IMAGING");
    text(object, Tag(0x0029, 0x1001), VR::LO, &private);
}

fn describe_pixels<const N: usize>(
    object: &mut InMemDicomObject,
    canvas: &Canvas<N>,
    photometric: &str,
    (allocated, stored): (u16, u16),
) {
    text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, N as u16),
        (tags::ROWS, canvas.height as u16),
        (tags::COLUMNS, canvas.width as u16),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored),
        (tags::HIGH_BIT, stored - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        put(object, tag, VR::US, dicom_value!(U16, value));
    }
}

fn put_words(object: &mut InMemDicomObject, canvas: &Canvas<1>) {
    let words: Vec<u16> = canvas.pixels.iter().map(|[sample]| *sample).collect();
    put(object, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::modality::encoded;
    use crate::demo::pixels::Pixels;

    #[test]
    fn every_identifier_is_in_every_header() {
        for sample in generate() {
            let bytes = encoded(&sample.object).expect("encodable");
            let header = String::from_utf8_lossy(&bytes[..4096]);
            for identifier in patient::identifiers() {
                assert!(header.contains(identifier), "{identifier}");
            }
        }
    }

    #[test]
    fn text_differs_from_what_is_around_it() {
        for sample in generate() {
            let pixels = Pixels::of(&sample.object).expect("pixels");
            for text in &sample.text {
                assert!(text.ink.len() > 20, "{}", text.string);
                // The first ink of a line is at the top of a letter: above is background.
                let above = text.ink[0] - 3 * pixels.columns;
                let (ink, above) = (pixels.at(text.ink[0])[0], pixels.at(above)[0]);
                let range = pixels.at(0)[0].max(ink).max(255);
                assert!(ink.abs_diff(above) > range / 6, "{}: {ink} on {above}", text.string);
            }
        }
    }

    #[test]
    fn the_study_is_the_same_every_time() {
        for (one, other) in generate().iter().zip(generate()) {
            assert!(encoded(&one.object).ok() == encoded(&other.object).ok());
        }
    }
}
