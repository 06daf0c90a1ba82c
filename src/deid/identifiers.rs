//! What identifies the patient of one object, known from its own header before anything is changed.

use crate::phi::Phi;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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

impl Identifiers {
    /// These and those, sorted, each once.
    pub fn united(&self, others: &Self) -> Self {
        let all: BTreeSet<_> = self.0.iter().chain(&others.0).cloned().collect();
        Self(all.into_iter().collect())
    }

    /// These without those.
    pub fn without(&self, others: &Self) -> Self {
        if others.0.is_empty() {
            return self.clone();
        }
        let others: BTreeSet<_> = others.0.iter().collect();
        Self(self.0.iter().filter(|one| !others.contains(one)).cloned().collect())
    }

    /// Those of these kinds.
    pub fn of_kinds(&self, kinds: &[IdentifierKind]) -> Self {
        Self(self.0.iter().filter(|one| kinds.contains(&one.kind)).cloned().collect())
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|one| one.value.reveal().len()).sum()
    }
}
