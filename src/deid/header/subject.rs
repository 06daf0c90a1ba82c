//! `Subject`: how one patient appears in the results. The parent decides it, from the key or from
//! a table of the site; children carry it out and check it.

use super::identity::PatientIdentity;
use super::keys::{ProjectKey, is_pseudonym, is_pseudonymous_name};
use crate::config::ShiftRange;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One patient as results show them. Plain data, for the pipe to a child process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Who it is; data sets of this patient get what follows.
    pub identity: PatientIdentity,
    /// The new PatientID.
    pub patient_id: String,
    /// The new PatientName.
    pub patient_name: String,
    /// By how many days every date of the patient moves; never zero.
    pub date_offset_days: i32,
}

impl Subject {
    /// What the key of a project makes of a patient.
    pub fn derive(key: &ProjectKey, patient: &PatientIdentity, range: ShiftRange) -> Self {
        Self {
            identity: patient.clone(),
            patient_id: key.pseudonym(patient),
            patient_name: key.pseudonymous_name(patient),
            date_offset_days: key.date_offset(patient, range),
        }
    }

    /// How the patient of a data set appears: this one, or another that an item of a sequence names,
    /// who is known by the key alone.
    pub(super) fn of_data_set(
        &self,
        patient: &PatientIdentity,
        key: &ProjectKey,
        range: ShiftRange,
    ) -> Cow<'_, Self> {
        if *patient == self.identity {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self::derive(key, patient, range))
    }

    /// Whether a PatientID of the result is one that was given: the subject's, or in an item of a
    /// sequence that of another patient.
    pub(super) fn may_be_id(&self, value: &str, top_level: bool) -> bool {
        value == self.patient_id || (!top_level && is_pseudonym(value))
    }

    /// Whether a PatientName of the result is one that was given.
    pub(super) fn may_be_name(&self, value: &str, top_level: bool) -> bool {
        value == self.patient_name || (!top_level && is_pseudonymous_name(value))
    }
}
