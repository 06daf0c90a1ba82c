//! What identifies the patient of one object, known from its own header before anything is changed.

use crate::phi::Phi;
use serde::{Deserialize, Serialize};

/// Which kind of identifier a value is; it decides how it is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IdentifierKind {
    /// A person name, as in the header (components separated by `^`, groups by `=`).
    Name,
    /// PatientID, OtherPatientIDs, AccessionNumber, StudyID and the like.
    Id,
    /// A date in DICOM form, YYYYMMDD.
    Date,
    /// Institution, address, telephone and other text.
    Text,
}

/// One identifying value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: Phi<String>,
}

/// The identifiers of one object, without duplicates. Only in memory and on the pipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifiers(pub Vec<Identifier>);
