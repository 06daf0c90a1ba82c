//! Encapsulated documents: the dummy that takes the place of one, and the proof that it did.
//!
//! Invariants: a dummy is a function of its kind and of the new SOP Instance UID; nothing of the
//! original document reaches the result; `take` accepts exactly what `replace` writes.

mod dummy;

use super::hold::{Hold, HoldReason};
use super::object::text_of;
use super::redaction::PixelTreatment;
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde::{Deserialize, Serialize};

/// A kind of document for which there is a dummy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentKind {
    Pdf,
    Cda,
    Stl,
    Obj,
    Mtl,
}

impl DocumentKind {
    const ALL: [Self; 5] = [Self::Pdf, Self::Cda, Self::Stl, Self::Obj, Self::Mtl];

    /// As its format is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Cda => "CDA",
            Self::Stl => "STL",
            Self::Obj => "OBJ",
            Self::Mtl => "MTL",
        }
    }

    /// MIME Type of Encapsulated Document (0042,0012), as the IOD demands it (PS3.3 A.45, A.85).
    fn mime_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Cda => "text/XML",
            Self::Stl => "model/stl",
            Self::Obj => "model/obj",
            Self::Mtl => "model/mtl",
        }
    }

    fn sop_class(self) -> &'static str {
        match self {
            Self::Pdf => uids::ENCAPSULATED_PDF_STORAGE,
            Self::Cda => uids::ENCAPSULATED_CDA_STORAGE,
            Self::Stl => uids::ENCAPSULATED_STL_STORAGE,
            Self::Obj => uids::ENCAPSULATED_OBJ_STORAGE,
            Self::Mtl => uids::ENCAPSULATED_MTL_STORAGE,
        }
    }

    /// The kind that a SOP class is for.
    pub fn of_class(sop_class: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.sop_class() == sop_class)
    }

    /// The kind that a MIME type states.
    pub fn of_mime_type(mime_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime_type().eq_ignore_ascii_case(mime_type))
    }

    /// What describes the document, and the dummy itself, for an object of this new UID.
    fn elements(self, sop_instance_uid: &str) -> Vec<(Tag, VR, PrimitiveValue)> {
        let document = dummy::of(self, sop_instance_uid);
        let length = document.len() as u32;
        let mut elements = vec![
            (tags::ENCAPSULATED_DOCUMENT, VR::OB, PrimitiveValue::from(document)),
            (tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, self.mime_type().into()),
            (tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, PrimitiveValue::from(length)),
        ];
        if self == Self::Cda {
            // Type 1C: the `id` of the CDA document
            elements.push((tags::HL7_INSTANCE_IDENTIFIER, VR::ST, sop_instance_uid.into()));
        }
        elements
    }
}

/// The document and what depends on its content: of a result, all is written by `replace`.
const DESCRIBING: [Tag; 5] = [
    tags::ENCAPSULATED_DOCUMENT,
    tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT,
    tags::ENCAPSULATED_DOCUMENT_LENGTH,
    tags::HL7_INSTANCE_IDENTIFIER,
    // speaks of parts of the document that are gone
    tags::LIST_OF_MIME_TYPES,
];

/// Puts the dummy and what describes it into a scrubbed header, which has its new UIDs.
pub fn replace(header: &mut InMemDicomObject, kind: DocumentKind, treatment: PixelTreatment) {
    DESCRIBING.iter().for_each(|tag| {
        header.remove_element(*tag);
    });
    let uid = text_of(header, tags::SOP_INSTANCE_UID);
    for (tag, vr, value) in kind.elements(&uid) {
        header.put(DataElement::new(tag, vr, value));
    }
    if treatment == PixelTreatment::Absent {
        // Type 1 of the Encapsulated Document Module (PS3.3 C.24.2), and true of a dummy
        let no = PrimitiveValue::from("NO");
        header.put(DataElement::new(tags::BURNED_IN_ANNOTATION, VR::CS, no));
    }
}

/// The dummy of a result as text, for who asks which words in it are ours.
pub fn text(kind: DocumentKind, sop_instance_uid: &str) -> String {
    String::from_utf8_lossy(&dummy::of(kind, sop_instance_uid)).into_owned()
}

/// Takes out of the header of a result what `replace` puts there; a hold if anything of it differs,
/// or if there is a document that nobody decided on.
pub fn take(header: &mut InMemDicomObject, kind: Option<DocumentKind>) -> Result<(), Hold> {
    let failed = |detail| Err(Hold::new(HoldReason::VerificationFailed, detail));
    let Some(kind) = kind else {
        let present = header.get(tags::ENCAPSULATED_DOCUMENT).is_some();
        return if present { failed("an Encapsulated Document (0042,0011)") } else { Ok(()) };
    };
    let uid = text_of(header, tags::SOP_INSTANCE_UID);
    let expected = kind.elements(&uid);
    for tag in DESCRIBING {
        let found = header.take_element(tag).ok();
        let wanted = expected.iter().find(|(of, _, _)| *of == tag);
        let same = match (&found, wanted) {
            (None, None) => true,
            (Some(found), Some((_, vr, value))) => {
                found.vr() == *vr && same_value(*vr, found, value)
            }
            _ => false,
        };
        if !same {
            return Err(Hold::new(
                HoldReason::VerificationFailed,
                format!("{tag} is not that of the dummy {}", kind.name()),
            ));
        }
    }
    Ok(())
}

/// Whether an element that was read has this value; of a text, without its padding.
fn same_value(vr: VR, read: &InMemElement, written: &PrimitiveValue) -> bool {
    let Some(read) = read.value().primitive() else { return false };
    let (read, written) = (read.to_bytes(), written.to_bytes());
    match vr {
        VR::LO | VR::ST => read.trim_ascii_end() == written.trim_ascii_end(),
        _ => read == written,
    }
}

#[cfg(test)]
mod tests;
