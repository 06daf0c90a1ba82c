//! Values that are written where an identifier belongs and stand for nobody.

use super::{dummy, keys};

/// Whole values, compacted.
const VALUES: [&str; 23] = [
    "NONE",
    "NULL",
    "NIL",
    "NA",
    "NN",
    "NOTAVAILABLE",
    "NOTAPPLICABLE",
    "NOTSPECIFIED",
    "NOTKNOWN",
    "NOTDEFINED",
    "NOTGIVEN",
    "UNSPECIFIED",
    "UNDEFINED",
    "NOID",
    "NOPHYSICIAN",
    "DEFAULT",
    "DUMMY",
    "ANON",
    "REMOVED",
    "DELETED",
    "HIDDEN",
    "EMPTY",
    "TBD",
];

/// Words of which such values consist: `TEST^PATIENT`, `Unknown Physician`.
const WORDS: [&str; 31] = [
    "UNKNOWN",
    "UNBEKANNT",
    "INCONNU",
    "INCONNUE",
    "DESCONOCIDO",
    "DESCONOCIDA",
    "DESCONHECIDO",
    "SCONOSCIUTO",
    "SCONOSCIUTA",
    "ONBEKEND",
    "UKENDT",
    "UKJENT",
    "OKÄND",
    "TEST",
    "PATIENT",
    "PATIENTEN",
    "NAME",
    "NO",
    "NONAME",
    "ID",
    "PHYSICIAN",
    "DOCTOR",
    "OPERATOR",
    "STATION",
    "INSTITUTION",
    "HOSPITAL",
    "ANONYMOUS",
    "ANONYMIZED",
    "ANONYMISED",
    "ANONYM",
    "ANONYME",
];

/// Whether a value stands for nothing: a placeholder, one character repeated, or our own.
pub(super) fn stands_for_nobody(value: &str) -> bool {
    let compact = compact(value);
    let mut chars = compact.chars();
    let repeated = match chars.next() {
        Some(first) => chars.all(|c| c == first),
        None => true,
    };
    let mut words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    repeated
        || VALUES.contains(&&*compact)
        || words.all(|word| WORDS.contains(&&*word.to_uppercase()))
        || dummy::is_written(value)
        || keys::is_pseudonymous_name(value)
}

/// Letters and digits alone, in capitals.
pub(super) fn compact(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_nobody_and_names_do_not() {
        for value in [
            "",
            "^^",
            "0000",
            "xxx",
            "N/A",
            "not available",
            "Unknown^",
            "TEST^PATIENT",
            "no name",
            "Okänd",
            "Unknown Physician",
            "ANONYMIZED",
            "No ID",
        ] {
            assert!(stands_for_nobody(value), "{value}");
        }
        for value in ["Li^Wei", "TEST01", "Test^Anna", "Saint Jude Hospital", "12", "Noname^Eva"] {
            assert!(!stands_for_nobody(value), "{value}");
        }
    }
}
