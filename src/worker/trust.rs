//! Which devices' pictures the pre-filter may clear: all, until it has missed text of one.
//!
//! Invariant: trust is only ever lost. After a restart it is there again, and lost again by the same
//! pictures, as the pixels decide which are checked.

use crate::deid::device::Device;
use crate::recognise::Care;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// More devices than this are not told apart: then none is trusted.
const DEVICES_MAX: usize = 4096;

#[derive(Default)]
pub(super) struct Trust {
    lost: Mutex<HashSet<Device>>,
}

impl Trust {
    /// How pictures of a device are read.
    pub(super) fn care(&self, device: Device) -> Care {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match lost.contains(&device) || lost.len() >= DEVICES_MAX {
            true => Care::Whole,
            false => Care::Doubts,
        }
    }

    /// From now on, every picture of the device is read as a whole.
    pub(super) fn lose(&self, device: Device) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.len() < DEVICES_MAX && lost.insert(device) {
            tracing::warn!(
                ?device,
                devices = lost.len(),
                "the pre-filter missed text: every picture of this device is read as a whole from now on"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    fn device(number: usize) -> Device {
        let model = DataElement::new(tags::MANUFACTURER_MODEL_NAME, VR::LO, number.to_string());
        Device::of(&InMemDicomObject::from_element_iter([model]))
    }

    #[test]
    fn a_device_whose_text_was_missed_is_read_as_a_whole_and_others_are_not() {
        let trust = Trust::default();
        assert_eq!(trust.care(device(1)), Care::Doubts);
        trust.lose(device(1));
        assert_eq!(trust.care(device(1)), Care::Whole);
        assert_eq!(trust.care(device(2)), Care::Doubts);
    }

    #[test]
    fn more_devices_than_can_be_told_apart_are_all_read_as_a_whole() {
        let trust = Trust::default();
        (0..DEVICES_MAX).for_each(|number| trust.lose(device(number)));
        assert_eq!(trust.care(device(DEVICES_MAX + 1)), Care::Whole);
    }
}
