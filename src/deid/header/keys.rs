//! Pseudonyms without a table: every replacement is an HMAC under a key of the project, so that
//! any node on any day gives the same answer, and two recipients cannot join their data.

use super::identity::{PatientIdentity, normalised, trimmed};
use crate::config::ShiftRange;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PSEUDONYM_CHARS: usize = 16;
const UUID_ROOT: &str = "2.25.";
const NAME_PREFIX: &str = "ANON^";
const NAME_CHARS: usize = 8;

/// The secret of the site, from which each project's key is derived.
#[derive(Clone)]
pub struct SiteKey([u8; 32]);

/// The key of one project. It serialises, because it crosses a pipe to a child process.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectKey([u8; 32]);

impl SiteKey {
    /// The key as read from the site's key file.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl ProjectKey {
    /// A key of its own, as read from its file.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// HKDF-SHA-256 of the site key, the project id being the `info` (RFC 5869).
    pub fn derive(site: &SiteKey, project: &str) -> Self {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"deid-gateway project key"), &site.0)
            .expand(project.as_bytes(), &mut key)
            .expect("32 bytes is within what HKDF-SHA-256 expands to");
        Self(key)
    }

    /// A short name of the key for the audit trail; it tells nothing of the key.
    pub fn key_id(&self) -> String {
        self.mac("key id", &[])[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The replacement of a UID: `2.25.` and the decimal of a UUID of version 8
    /// (PS3.5 Section B.2, RFC 9562 Section 5.8). Trailing padding does not count.
    pub fn uid(&self, original: &str) -> String {
        let mac = self.mac("uid", &[trimmed(original).as_bytes()]);
        let mut uuid = first_bytes(&mac).to_be_bytes();
        uuid[6] = (uuid[6] & 0x0f) | 0x80;
        uuid[8] = (uuid[8] & 0x3f) | 0x80;
        format!("{UUID_ROOT}{}", u128::from_be_bytes(uuid))
    }

    /// The replacement of a PatientID: 16 characters of base32, a valid LO.
    pub fn pseudonym(&self, patient: &PatientIdentity) -> String {
        base32(&self.mac("patient", &patient.parts()))
    }

    /// The replacement of a PatientName, of the same bits as the patient's pseudonym.
    pub fn pseudonymous_name(&self, patient: &PatientIdentity) -> String {
        name_of(&self.pseudonym(patient))
    }

    /// The replacement of another value that names one thing (an Accession Number, a serial number):
    /// at most 16 characters of base32. `kind` keeps equal values of unlike things apart.
    pub fn value_pseudonym(&self, kind: &str, value: &str, max_chars: usize) -> String {
        let mac = self.mac("value", &[kind.as_bytes(), normalised(value).as_bytes()]);
        let mut pseudonym = base32(&mac);
        pseudonym.truncate(max_chars);
        pseudonym
    }

    /// By how many days every date of a patient moves: never zero, each other day of the range as
    /// likely as any.
    pub fn date_offset(&self, patient: &PatientIdentity, range: ShiftRange) -> i32 {
        let mac = self.mac("date offset", &patient.parts());
        range.day(first_bytes(&mac))
    }

    /// One MAC per kind and list of parts; the lengths keep the parts apart.
    fn mac(&self, kind: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The name that goes with a pseudonym.
pub fn name_of(pseudonym: &str) -> String {
    format!("{NAME_PREFIX}{}", &pseudonym[..NAME_CHARS])
}

/// Whether a value has the form of a PatientID written here.
pub fn is_pseudonym(value: &str) -> bool {
    is_base32(value, PSEUDONYM_CHARS)
}

/// Whether a value has the form of a [`ProjectKey::value_pseudonym`] of at most `max_chars`.
pub fn is_value_pseudonym(value: &str, max_chars: usize) -> bool {
    is_base32(value, max_chars.min(PSEUDONYM_CHARS))
}

/// Whether a UID has the form of one written here: `2.25.` and a UUID of version 8.
pub fn is_mapped_uid(uid: &str) -> bool {
    let number = uid.strip_prefix(UUID_ROOT).and_then(|decimal| decimal.parse::<u128>().ok());
    number.is_some_and(|number| {
        let bytes = number.to_be_bytes();
        bytes[6] >> 4 == 8 && bytes[8] >> 6 == 0b10 && uid == format!("{UUID_ROOT}{number}")
    })
}

/// Whether a value has the form of a PatientName written here.
pub fn is_pseudonymous_name(value: &str) -> bool {
    value.strip_prefix(NAME_PREFIX).is_some_and(|rest| is_base32(rest, NAME_CHARS))
}

fn is_base32(value: &str, chars: usize) -> bool {
    value.len() == chars && value.bytes().all(|byte| BASE32.contains(&byte))
}

/// The first 80 bits, five to a character.
fn base32(mac: &[u8; 32]) -> String {
    let bits = first_bytes(mac) >> 48;
    let place = |place: usize| char::from(BASE32[(bits >> (5 * place)) as usize & 31]);
    (0..PSEUDONYM_CHARS).rev().map(place).collect()
}

fn first_bytes(mac: &[u8; 32]) -> u128 {
    mac[..16].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteKey([masked])")
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectKey([masked], id {})", self.key_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(project: &str) -> ProjectKey {
        ProjectKey::derive(&SiteKey::new([7; 32]), project)
    }

    fn is_valid_uid(uid: &str) -> bool {
        uid.len() <= 64
            && uid.split('.').all(|part| {
                !part.is_empty()
                    && part.bytes().all(|byte| byte.is_ascii_digit())
                    && (part == "0" || !part.starts_with('0'))
            })
    }

    proptest! {
        #[test]
        fn a_replaced_uid_is_a_version_8_uuid(original in ".{0,80}") {
            let uid = key("trial").uid(&original);
            prop_assert!(is_valid_uid(&uid));
            let number: u128 = uid["2.25.".len()..].parse().unwrap();
            let bytes = number.to_be_bytes();
            prop_assert_eq!(bytes[6] >> 4, 8);
            prop_assert_eq!(bytes[8] >> 6, 0b10);
            prop_assert_eq!(uid, key("trial").uid(&original));
        }

        #[test]
        fn projects_differ_and_padding_does_not(original in "[0-9.]{1,60}") {
            let uid = key("a").uid(&original);
            prop_assert_ne!(&uid, &key("b").uid(&original));
            for padded in [format!("{original}\0"), format!("{original} "), format!(" {original}")] {
                prop_assert_eq!(&uid, &key("a").uid(&padded));
            }
        }

        #[test]
        fn a_patient_keeps_one_pseudonym(id in "[a-z0-9]{1,20}", issuer in "[a-z]{0,8}") {
            let key = key("a");
            let patient = PatientIdentity::new(&id, &issuer);
            let pseudonym = key.pseudonym(&patient);
            prop_assert!(is_pseudonym(&pseudonym));
            prop_assert!(is_pseudonymous_name(&key.pseudonymous_name(&patient)));
            let again = PatientIdentity::new(&format!(" {} ", id.to_uppercase()), &issuer);
            prop_assert_eq!(&pseudonym, &key.pseudonym(&again));
            let other = PatientIdentity::new(&id, &format!("{issuer}x"));
            prop_assert_ne!(&pseudonym, &key.pseudonym(&other));
        }
    }

    proptest! {
        #[test]
        fn an_offset_is_in_its_range_and_never_zero(
            id in "[A-Z0-9]{1,12}", min in -4000i32..4000, days in 1i32..4000,
        ) {
            let range = ShiftRange::new(min, min + days).expect("more than one day");
            let patient = PatientIdentity::new(&id, "");
            let offset = key("a").date_offset(&patient, range);
            prop_assert!((min..=min + days).contains(&offset) && offset != 0, "{offset}");
            prop_assert_eq!(offset, key("a").date_offset(&patient, range));
        }

        #[test]
        fn two_projects_share_no_pseudonym(value in "[A-Za-z0-9 ]{1,20}") {
            let (a, b) = (key("a"), key("b"));
            let patient = PatientIdentity::new(&value, "");
            prop_assert_ne!(a.pseudonym(&patient), b.pseudonym(&patient));
            prop_assert_ne!(a.pseudonymous_name(&patient), b.pseudonymous_name(&patient));
            let of = |key: &ProjectKey| key.value_pseudonym("accession", &value, 16);
            prop_assert_ne!(of(&a), of(&b));
        }

        #[test]
        fn a_value_keeps_one_pseudonym_of_its_kind(value in "[a-z0-9]{1,20}", chars in 4usize..40) {
            let key = key("a");
            let pseudonym = key.value_pseudonym("accession", &value, chars);
            prop_assert_eq!(pseudonym.len(), chars.min(16));
            prop_assert!(is_value_pseudonym(&pseudonym, chars));
            let padded = format!(" {}\0", value.to_uppercase());
            prop_assert_eq!(&pseudonym, &key.value_pseudonym("accession", &padded, chars));
            prop_assert_ne!(&pseudonym, &key.value_pseudonym("study", &value, chars));
            prop_assert_ne!(&pseudonym, &key.value_pseudonym("accession", &format!("{value}x"), chars));
        }
    }

    #[test]
    fn offsets_spread_evenly_over_their_range() {
        let key = key("trial");
        let range = ShiftRange::new(-2, 2).expect("four days");
        let mut count = std::collections::BTreeMap::new();
        for n in 0..4000 {
            let patient = PatientIdentity::new(&n.to_string(), "");
            *count.entry(key.date_offset(&patient, range)).or_insert(0) += 1;
        }
        assert_eq!(count.keys().copied().collect::<Vec<_>>(), [-2, -1, 1, 2]);
        assert!(count.values().all(|n| (850..1150).contains(n)), "{count:?}");
    }

    #[test]
    fn the_parts_of_an_identity_do_not_run_into_each_other() {
        let key = key("a");
        let pseudonym = |id, issuer| key.pseudonym(&PatientIdentity::new(id, issuer));
        assert_ne!(pseudonym("12", "3"), pseudonym("1", "23"));
        assert_eq!(pseudonym("ＡＢ１", ""), pseudonym("AB1", ""));
    }

    #[test]
    fn the_answers_never_change_between_versions() {
        let key = key("trial");
        let patient = PatientIdentity::new("12345", "HOSPITAL");
        assert_eq!(key.key_id(), "61d822806dc47aea");
        assert_eq!(key.uid("1.2.3"), "2.25.275437131563615763470416615340514290551");
        assert_eq!(key.pseudonym(&patient), "ZDAABDI5XUZG22LS");
        assert_eq!(key.value_pseudonym("accession", "A 1", 16), "E25ONQ5ZPVCSDYZW");
        assert_eq!(key.date_offset(&patient, ShiftRange::default()), -1202);
    }

    #[test]
    fn formatting_never_shows_a_key() {
        let site = SiteKey::new([0xab; 32]);
        let project = ProjectKey::derive(&site, "p");
        let shown = format!("{site:?} {project:?} {:?}", PatientIdentity::new("JANE", ""));
        assert!(!shown.contains("171") && !shown.contains("JANE"));
    }

    #[test]
    fn the_project_key_crosses_a_pipe() {
        let bytes = postcard::to_stdvec(&key("p")).unwrap();
        assert_eq!(postcard::from_bytes::<ProjectKey>(&bytes).unwrap(), key("p"));
    }
}
