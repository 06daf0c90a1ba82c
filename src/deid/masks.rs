//! Which device masks of the profile an object has, and what they blank.

use super::hold::{Hold, HoldReason};
use super::object::text_of;
use super::picture::PixelRect;
use super::pixels::PixelLayout;
use super::redaction::MaskedArea;
use crate::config::{DeviceFacts, Mask, MaskBox, Profile};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Longer values are compared no further.
const MAX_CHARS: usize = 256;

/// The masks that fit the object of this header, by their places in the profile.
pub(super) fn fitting(header: &InMemDicomObject, profile: &Profile) -> Vec<u32> {
    if profile.masks.is_empty() {
        return Vec::new();
    }
    let device = device(header);
    let fits = |(index, mask): (u32, &Mask)| mask.fits(&device).then_some(index);
    (0..).zip(&profile.masks).filter_map(fits).collect()
}

fn device(header: &InMemDicomObject) -> DeviceFacts {
    let cut = |text: &str| text.trim_matches(['\0', ' ']).chars().take(MAX_CHARS).collect();
    let text = |tag| cut(&text_of(header, tag));
    let number = |tag| header.get(tag).and_then(|e| e.to_int::<u32>().ok()).unwrap_or(0);
    let versions = text_of(header, tags::SOFTWARE_VERSIONS);
    DeviceFacts {
        modality: text(tags::MODALITY),
        manufacturer: text(tags::MANUFACTURER),
        model: text(tags::MANUFACTURER_MODEL_NAME),
        software_versions: versions.split('\\').map(cut).collect(),
        sop_class_uid: text(tags::SOP_CLASS_UID),
        rows: number(tags::ROWS),
        columns: number(tags::COLUMNS),
    }
}

/// What masks blank in pictures of this layout, clipped to them.
pub(super) fn areas(
    masks: &[u32],
    profile: &Profile,
    layout: &PixelLayout,
) -> Result<Vec<MaskedArea>, Hold> {
    let mut areas = Vec::new();
    for index in masks {
        let mask = profile.masks.get(*index as usize).ok_or_else(|| {
            Hold::new(HoldReason::VerificationFailed, "a mask that the profile does not have")
        })?;
        areas.extend(mask.boxes.iter().filter_map(|area| masked(mask, area, layout)));
    }
    Ok(areas)
}

fn masked(mask: &Mask, area: &MaskBox, layout: &PixelLayout) -> Option<MaskedArea> {
    let frames = i64::from(layout.frames);
    let from_start = |frame: i64| if frame < 0 { frame + frames } else { frame };
    let first = from_start(area.first_frame).max(0);
    let last = from_start(area.last_frame).min(frames - 1);
    if first > last {
        return None;
    }
    let rect = PixelRect {
        left: area.left,
        top: area.top,
        right: area.right.unwrap_or(u32::MAX),
        bottom: area.bottom.unwrap_or(u32::MAX),
    };
    Some(MaskedArea {
        mask: mask.name.clone(),
        area: rect.clipped(layout.columns.into(), layout.rows.into())?,
        first_frame: u32::try_from(first).ok()?,
        last_frame: u32::try_from(last).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    const MASKS: &str = "name = 'x'\nhide = 'all-text'\n\
        [[masks]]\nname = 'banner'\nmodality = 'US'\nboxes = [{ left = 0, top = 0, bottom = 10 }]\n\
        [[masks]]\nname = 'end'\nsoftware_versions = '3.?'\nrows = 40\n\
        boxes = [{ left = 5, top = 5, right = 90, bottom = 90, first_frame = -2 }, \
                 { left = 60, top = 0 }, { left = 0, top = 0, first_frame = 7, last_frame = 9 }]";

    fn layout(frames: u32) -> PixelLayout {
        let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let header = InMemDicomObject::from_element_iter([
            DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, frames.to_string()),
            number(tags::SAMPLES_PER_PIXEL, 1),
            number(tags::ROWS, 40),
            number(tags::COLUMNS, 50),
            number(tags::BITS_ALLOCATED, 8),
            number(tags::BITS_STORED, 8),
            number(tags::HIGH_BIT, 7),
            number(tags::PIXEL_REPRESENTATION, 0),
        ]);
        let limits = crate::deid::pixels::PixelLimits::default();
        let element = crate::deid::pixels::PixelElement::Integer;
        PixelLayout::read(&header, element, &limits).expect("valid")
    }

    fn profile() -> Profile {
        toml::from_str(MASKS).expect("a profile")
    }

    #[test]
    fn masks_are_found_by_what_the_header_says_of_the_device() {
        let header = |versions: &str, rows: u16| {
            InMemDicomObject::from_element_iter([
                DataElement::new(tags::MODALITY, VR::CS, "US"),
                DataElement::new(tags::SOFTWARE_VERSIONS, VR::LO, versions),
                DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(rows)),
            ])
        };
        assert_eq!(fitting(&header("1.0\\3.2 ", 40), &profile()), [0, 1]);
        assert_eq!(fitting(&header("1.0\\3.2", 41), &profile()), [0]);
        assert_eq!(fitting(&InMemDicomObject::new_empty(), &profile()), [0_u32; 0]);
    }

    #[test]
    fn boxes_are_clipped_to_pictures_and_to_the_frames_that_are_there() {
        let found = |frames| {
            let areas = areas(&[0, 1], &profile(), &layout(frames)).expect("in the profile");
            let plain = |a: MaskedArea| {
                let PixelRect { left, top, right, bottom } = a.area;
                ([left, top, right, bottom], a.first_frame, a.last_frame)
            };
            areas.into_iter().map(plain).collect::<Vec<_>>()
        };
        let (banner, lower) = ([0, 0, 50, 10], [5, 5, 50, 40]);
        assert_eq!(found(1), [(banner, 0, 0), (lower, 0, 0)]);
        assert_eq!(found(5), [(banner, 0, 4), (lower, 3, 4)]);
        assert_eq!(found(9), [(banner, 0, 8), (lower, 7, 8), ([0, 0, 50, 40], 7, 8)]);
        assert!(areas(&[2], &profile(), &layout(1)).is_err());
    }
}
