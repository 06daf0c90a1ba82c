//! How each patient appears in the results: as the site's own table says, else as the key says.
//!
//! Invariants: the table is read once, at the start, and whole or not at all; a patient who is not
//! in it is held where the site asked for that; what is wrong is named by file and line, without a
//! value.

mod lookup;

use crate::config::{ConfigError, Keys, ShiftRange, UnknownPatients};
use crate::deid::header::{PatientIdentity, ProjectKey, Subject};
use crate::deid::hold::{Hold, HoldReason};
use lookup::Lookup;

/// The rules by which patients become subjects.
#[derive(Debug, Clone, Default)]
pub struct Patients {
    lookup: Lookup,
    hold_unknown: bool,
}

impl Patients {
    /// Reads the lookup file, if the configuration names one.
    pub fn load(keys: &Keys) -> Result<Self, ConfigError> {
        let lookup = keys.lookup_file().map(Lookup::read).transpose()?.unwrap_or_default();
        Ok(Self { lookup, hold_unknown: keys.unknown_patients == UnknownPatients::Hold })
    }

    /// How many patients the lookup file holds.
    pub fn listed(&self) -> usize {
        self.lookup.len()
    }

    /// Whether the lookup file holds this patient.
    pub fn lists(&self, patient: &PatientIdentity) -> bool {
        self.lookup.find(patient).is_some()
    }

    /// How a patient appears. What the lookup file leaves open is derived for the patient of its
    /// row, so that one new ID never gets two names or date offsets.
    pub fn subject(
        &self,
        key: &ProjectKey,
        patient: &PatientIdentity,
        range: ShiftRange,
    ) -> Result<Subject, Hold> {
        let Some((listed, entry)) = self.lookup.find(patient) else {
            if self.hold_unknown {
                let detail = "the lookup file does not hold this patient";
                return Err(Hold::new(HoldReason::UnknownPatient, detail));
            }
            return Ok(Subject::derive(key, patient, range));
        };
        let derived = Subject::derive(key, listed, range);
        Ok(Subject {
            identity: patient.clone(),
            patient_id: entry.new_id.clone(),
            patient_name: entry.new_name.clone().unwrap_or(derived.patient_name),
            date_offset_days: entry.date_offset_days.unwrap_or(derived.date_offset_days),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::header::SiteKey;
    use std::path::Path;

    fn key() -> ProjectKey {
        ProjectKey::derive(&SiteKey::new([5; 32]), "trial")
    }

    fn patients(rows: &str, hold_unknown: bool) -> Patients {
        let text = format!("patient_id,issuer,new_id,new_name,date_offset_days\n{rows}");
        let lookup = Lookup::parse(Path::new("table.csv"), text.as_bytes()).expect("a table");
        Patients { lookup, hold_unknown }
    }

    fn subject(patients: &Patients, id: &str, issuer: &str) -> Result<Subject, Hold> {
        patients.subject(&key(), &PatientIdentity::new(id, issuer), ShiftRange::default())
    }

    #[test]
    fn what_the_table_leaves_open_is_derived() {
        let patients = patients("a1,,T-1,Trial^One,-30\nb2,,T-2,,\n", false);
        let one = subject(&patients, "A1 ", "").expect("listed");
        assert_eq!((one.patient_id.as_str(), one.date_offset_days), ("T-1", -30));
        assert_eq!(one.patient_name, "Trial^One");
        let patient = PatientIdentity::new("b2", "");
        let two = subject(&patients, "b2", "").expect("listed");
        let derived = Subject::derive(&key(), &patient, ShiftRange::default());
        assert_eq!(two, Subject { patient_id: "T-2".into(), ..derived });
        let other = subject(&patients, "c3", "").expect("derived");
        assert_eq!(other.patient_id, key().pseudonym(&PatientIdentity::new("c3", "")));
    }

    #[test]
    fn an_unknown_patient_is_held_where_the_site_asks_for_it() {
        let patients = patients("a1,,T-1,,\n", true);
        assert!(subject(&patients, "a1", "").is_ok());
        let hold = subject(&patients, "secret77", "").expect_err("unknown");
        assert_eq!(hold.reason, HoldReason::UnknownPatient);
        assert!(!hold.to_string().contains("77"));
    }

    #[test]
    fn a_row_without_an_issuer_holds_for_every_issuer_that_has_no_row_of_its_own() {
        let patients = patients("a1,,T-1,,\na1,North,T-2,,\n", true);
        let id = |issuer| subject(&patients, "a1", issuer).expect("listed").patient_id;
        assert_eq!((id(""), id("SOUTH"), id("north")), ("T-1".into(), "T-1".into(), "T-2".into()));
        // one new ID: one offset, whatever the issuer
        let offset = |issuer| subject(&patients, "a1", issuer).expect("listed").date_offset_days;
        assert_eq!(offset(""), offset("SOUTH"));
    }
}
