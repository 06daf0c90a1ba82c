//! What this node negotiates: every storage SOP class of the dictionary and every transfer syntax
//! that dicom-rs knows.

use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Verification SOP Class.
pub const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Implicit VR Little Endian.
pub const IMPLICIT_VR_LE: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT_VR_LE: &str = "1.2.840.10008.1.2.1";

/// Carried from the dictionary of dicom-rs, which can be asked but not listed.
const STORAGE_SOP_CLASSES: &str = include_str!("storage_sop_classes.tsv");

static STORAGE: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| storage().collect());

fn storage() -> impl Iterator<Item = &'static str> {
    STORAGE_SOP_CLASSES.lines().filter_map(|line| line.split('\t').next())
}

/// The UIDs of the storage SOP classes, retired ones included.
#[cfg(test)]
pub fn storage_sop_classes() -> impl Iterator<Item = &'static str> {
    STORAGE.iter().copied()
}

/// Whether `uid` is a storage SOP class.
pub fn is_storage(uid: &str) -> bool {
    STORAGE.contains(uid)
}

/// The UIDs of the transfer syntaxes that dicom-rs knows, decodable or not.
#[cfg(test)]
pub fn transfer_syntaxes() -> impl Iterator<Item = &'static str> {
    let uids: BTreeSet<_> = TransferSyntaxRegistry.iter().map(|ts| ts.uid()).collect();
    uids.into_iter()
}

/// Whether pixels in this transfer syntax are video, or are not in the object: JPIP, SMPTE ST 2110.
pub fn is_video_or_elsewhere(uid: &str) -> bool {
    const ARC: &str = "1.2.840.10008.1.2.";
    let Some(rest) = uid.strip_prefix(ARC) else { return false };
    let number = rest.strip_prefix("4.").and_then(|rest| rest.split('.').next()?.parse().ok());
    rest.starts_with("7.") || matches!(number, Some(94 | 95 | 100..=108 | 204 | 205))
}

/// Whether dicom-rs knows the transfer syntax.
pub fn is_known(uid: &str) -> bool {
    TransferSyntaxRegistry.get(uid).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::dictionary::UidDictionary;
    use dicom_dictionary_std::StandardSopClassDictionary;

    #[test]
    fn every_listed_class_is_a_storage_class_of_the_dictionary() {
        assert!(STORAGE.len() > 200);
        for uid in storage_sop_classes() {
            let entry = StandardSopClassDictionary.by_uid(uid).expect("in the dictionary");
            assert!(entry.name.contains("Storage"), "{uid}");
        }
    }

    #[test]
    #[allow(deprecated)]
    fn every_storage_class_named_by_the_crate_is_listed() {
        use dicom_dictionary_std::uids;
        for uid in [
            uids::CT_IMAGE_STORAGE,
            uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::RT_BEAMS_DELIVERY_INSTRUCTION_STORAGE,
            uids::HARDCOPY_COLOR_IMAGE_STORAGE,
            uids::ENCAPSULATED_PDF_STORAGE,
        ] {
            assert!(is_storage(uid), "{uid}");
        }
        assert!(
            !is_storage("1.2.840.10008.1.20.1"),
            "storage commitment is a service, not a class"
        );
    }

    #[test]
    fn video_and_references_are_told_from_pictures() {
        for (uid, is) in [
            ("1.2.840.10008.1.2.4.50", false),
            ("1.2.840.10008.1.2.4.93", false),
            ("1.2.840.10008.1.2.4.94", true),
            ("1.2.840.10008.1.2.4.102.1", true),
            ("1.2.840.10008.1.2.4.201", false),
            ("1.2.840.10008.1.2.4.205", true),
            ("1.2.840.10008.1.2.7.1", true),
            (EXPLICIT_VR_LE, false),
        ] {
            assert_eq!(is_video_or_elsewhere(uid), is, "{uid}");
        }
    }

    #[test]
    fn the_transfer_syntaxes_include_those_without_a_decoder() {
        let all: Vec<_> = transfer_syntaxes().collect();
        for uid in
            [IMPLICIT_VR_LE, EXPLICIT_VR_LE, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.102"]
        {
            assert!(all.contains(&uid), "{uid}");
        }
    }
}
