//! What made an object, as far as its header says: pictures of one device look alike.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Modality, manufacturer, model and software of a device, as a digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device([u8; 32]);

impl Device {
    /// The device that a header names.
    pub fn of(header: &InMemDicomObject) -> Self {
        const NAMED_BY: [Tag; 4] = [
            tags::MODALITY,
            tags::MANUFACTURER,
            tags::MANUFACTURER_MODEL_NAME,
            tags::SOFTWARE_VERSIONS,
        ];
        let mut hasher = Sha256::new();
        for tag in NAMED_BY {
            let element = header.get(tag).and_then(|element| element.to_str().ok());
            let value = element.as_deref().unwrap_or_default().trim();
            hasher.update((value.len() as u64).to_le_bytes());
            hasher.update(value);
        }
        Self(hasher.finalize().into())
    }
}

/// Enough to tell devices apart in a log.
impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, VR};

    #[test]
    fn other_software_is_another_device_and_other_patients_are_not() {
        let device = |elements: &[(Tag, &str)]| {
            let elements = elements.iter().map(|(tag, v)| DataElement::new(*tag, VR::LO, *v));
            Device::of(&InMemDicomObject::from_element_iter(elements))
        };
        let one = [(tags::MANUFACTURER, "ACME"), (tags::SOFTWARE_VERSIONS, "1")];
        assert_eq!(device(&one), device(&[one[0], one[1], (tags::PATIENT_ID, "7")]));
        assert_ne!(device(&one), device(&[one[0], (tags::SOFTWARE_VERSIONS, "2")]));
        assert_ne!(device(&one), device(&[(tags::MANUFACTURER, "ACME1")]));
    }
}
