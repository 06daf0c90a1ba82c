//! Words that say that a person, a number or a place follows, in several languages.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word says of what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Says {
    /// A title of a person, which is nothing else.
    Title,
    /// A title that is also a modality or a disease: it counts as it is written for a person.
    DoubtfulTitle,
    /// A role or `name`: a person follows a colon.
    Label,
    /// A preposition before whom something is for.
    Connector,
    /// What a number of a person is called.
    Number,
    /// The same, of a telephone.
    Telephone,
    /// A request to call somebody: a telephone may follow.
    Call,
    /// The birth of somebody: a date follows.
    Birth,
    /// The age of somebody.
    Age,
    /// A preposition that says nothing when what it led to is gone.
    Leads,
    /// A part of a name that is written small.
    Particle,
}

const WORDS: [(Says, &str); 11] = [
    (
        Says::Title,
        "MRS MISS MISTER PROF PROFESSOR PROFESSEUR DOCTOR DOKTOR DOCTEUR HERR HERRN FRAU MME MLLE \
         MONSIEUR MADAME SENOR SENORA SRA DRA DOTT DOTTORE SIGNOR SIGNORA SIG SIGRA DHR MEVR PANI NURSE",
    ),
    (Says::DoubtfulTitle, "DR MR MS SR"),
    (
        Says::Label,
        "PATIENT PATIENTIN PATIENTE PACIENTE PAZIENTE PACJENT PATIENTNAME PAT PT PTN NAME NAMEN NOM \
         PRENOM NOMBRE NOME NAAM NAVN NAMN APELLIDO APELLIDOS COGNOME VORNAME NACHNAME SURNAME \
         LASTNAME FIRSTNAME REF REFERRING REFERRER PHYSICIAN RADIOLOGIST TECHNOLOGIST OPERATOR ARZT \
         BEHANDLER MEDICO MEDECIN MOTHER FATHER SPOUSE ATTN ПАЦИЕНТ ФИО ΑΣΘΕΝΗΣ",
    ),
    (Says::Connector, "FOR BY FUR VON POUR PARA VOOR DLA TIL RE SIGNED ALIAS"),
    (
        Says::Number,
        "MRN PID PATID PATIENTID ID ACC ACCESSION ACCNO ACCNR SSN NHS UHID HN IPP NIP DNI NHC CPR \
         BSN PESEL CPF KVNR FALLNR FALLNUMMER PATNR PATNO HOSPNO AHV INSEE NSS AKTE CHART ENCOUNTER",
    ),
    (
        Says::Telephone,
        "TEL TELEPHONE TELEFON TELEFONO PHONE PH FAX TELEFAX MOBILE MOBIL CELL HANDY TLF TELEFOON",
    ),
    (Says::Birth, "DOB BORN GEB GEBOREN NEE NAC BIRTHDATE BIRTHDAY NATO NASCIMENTO"),
    (Says::Age, "AGE AGED ALTER EDAD IDADE WIEK LEEFTIJD"),
    (Says::Call, "CALL PAGER CONTACT RUF ANRUF"),
    (Says::Leads, "OF DEL DI DES DU PARA POR PER CON MED"),
    (
        Says::Particle,
        "VAN VON DE DER DEN DEL DELLA LA LE AL EL BIN BEN IBN DA DOS TEN TER ZU MED DIPL",
    ),
];

/// The longest word below.
const MAX_BYTES: usize = 24;

/// All that a folded word says of what follows it, one bit each; `VON` says more than one thing.
fn all_said(word: &str) -> u32 {
    static READ: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
        let mut read: HashMap<&str, u32> = HashMap::new();
        for (what, words) in WORDS {
            for word in words.split_whitespace() {
                *read.entry(word).or_default() |= 1 << what as u32;
            }
        }
        read
    });
    if word.len() > MAX_BYTES { 0 } else { READ.get(word).copied().unwrap_or(0) }
}

fn says(word: &str, what: Says) -> bool {
    all_said(word) & (1 << what as u32) != 0
}

/// Whether a word says anything of what follows it.
pub(super) fn says_something(word: &str) -> bool {
    all_said(word) != 0
}

/// Whether a word, as it is written and with what follows it, is the title of a person.
pub(super) fn is_title(word: &str, original: &str, gap: &str) -> bool {
    let written = || gap.starts_with('.') || original.chars().any(char::is_lowercase);
    says(word, Says::Title) || (says(word, Says::DoubtfulTitle) && written())
}

/// Whether a word says that a person follows.
pub(super) fn is_label(word: &str) -> bool {
    says(word, Says::Label)
}

/// Whether a word joins a person to what is said before.
pub(super) fn is_connector(word: &str) -> bool {
    says(word, Says::Connector)
}

/// Whether a word says that a number of a person follows.
pub(super) fn is_of_numbers(word: &str) -> bool {
    says(word, Says::Number)
}

/// Whether a word says that a telephone number follows.
pub(super) fn is_of_telephones(word: &str) -> bool {
    says(word, Says::Telephone) || says(word, Says::Call)
}

/// Whether a word says that somebody's date of birth follows.
pub(super) fn is_of_births(word: &str) -> bool {
    says(word, Says::Birth)
}

/// Whether a word says that an age follows.
pub(super) fn is_of_ages(word: &str) -> bool {
    says(word, Says::Age)
}

/// Whether a word is a small part of a name, as in `van der Berg`.
pub(super) fn is_particle(word: &str) -> bool {
    says(word, Says::Particle)
}

/// Whether a word leads to what follows, and says nothing without it.
pub(super) fn leads(word: &str) -> bool {
    [Says::Leads, Says::Connector, Says::Number, Says::Telephone, Says::Birth, Says::Age]
        .iter()
        .any(|what| says(word, *what))
}
