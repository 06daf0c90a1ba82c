//! Which part of the body words and codes speak of, as far as it matters for a face.

use std::collections::HashSet;
use std::sync::LazyLock;

const CODES: &str = include_str!("elsewhere.csv");

/// Parts of words that speak of the head or the neck, also in languages other than English.
const HEAD_PARTS: &str = "
    HEAD BRAIN SKULL NEURO CRANI CEREB CEPHAL FACIAL SINUS ORBIT TEMPORAL MAXILL MANDIB PITUIT
    HYPOPHYS SELLA MASTOID NASAL NASO OCCIP DENTAL ZYGOM CERVIC CAROTI CSPINE STROKE
    WHOLEBODY KOPF SCHADEL SCHÄDEL SCHAEDEL HIRN GESICHT HALS CABEZA CRÁNEO CRÂN CERVEAU HOOFD
    HERSEN SCHEDEL ENCEFAL ENCÉPHAL TÊTE
";

/// Whole words that speak of the head, the neck or all of the body.
const HEAD_WORDS: &str = "
    FACE NECK EAR EARS EYE EYES NOSE JAW TEETH TOOTH TONGUE MOUTH IAC IAM TMJ TMJS COW WB TETE
    TESTA CARA
";

/// Two words that do so together.
const HEAD_PAIRS: &[[&str; 2]] =
    &[["C", "SPINE"], ["WHOLE", "BODY"], ["TOTAL", "BODY"], ["ENTIRE", "BODY"]];

/// Words for parts of the body that show no part of a face: the terms of PS3.16 Annex L for Body
/// Part Examined, and how they are abbreviated.
const ELSEWHERE_WORDS: &str = "
    ABD ABDOMEN ABDOMENPELVIS ABDPELVIS ACJOINT ADRENAL ANKLE ANUS AORTA ARM BILEDUCT BLADDER
    BREAST BREASTS BRONCHUS BUTTOCK CALCANEUS CALF CARDIAC CHEST CHESTABDOMEN CHESTABDPELVIS
    CLAVICLE COCCYX COLON DUODENUM ELBOW EXTREMITY FEMUR FIBULA FINGER FINGERS FOOT FEET FOREARM
    GALLBLADDER GROIN HAND HANDS HEART HIP HIPS HUMERUS ILEUM ILIUM INTESTINE JEJUNUM KIDNEY
    KIDNEYS KNEE KNEES LEG LEGS LIVER LOWRLIMB LSPINE LSSPINE LUMBAR LUNG LUNGS MEDIASTINUM
    OVARY PANCREAS PATELLA PELVIS PELVISLOWEXTREMT PROSTATE RECTUM RIB RIBS SACRUM SCAPULA
    SHOULDER SIJOINT SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THORACIC THORAX THUMB TIBIA
    TLSPINE TOE TOES TSPINE UPRLIMB URETER URETHRA UTERUS WRIST
";

/// Words beside them that change nothing.
const NEUTRAL_WORDS: &str = "
    AND TO OF L R LT RT LEFT RIGHT BOTH BILATERAL UPPER LOWER JOINT BONE LIMB SPINE STRUCTURE
    REGION
";

/// Whether some word speaks of the head, of the neck, or of all of the body.
pub(super) fn speaks_of_head(text: &str) -> bool {
    let words = words(text);
    let has_part = |word: &str| HEAD_PARTS.split_whitespace().any(|part| word.contains(part));
    let is_pair = |pair: &[String]| HEAD_PAIRS.iter().any(|head| pair == head);
    words.iter().any(|word| is_in(HEAD_WORDS, word) || has_part(word))
        || words.windows(2).any(is_pair)
}

/// Whether every word is understood, and speaks of a part of the body without a face.
pub(super) fn is_elsewhere(text: &str) -> bool {
    let words = words(text);
    let understood = |word: &String| is_in(ELSEWHERE_WORDS, word) || is_in(NEUTRAL_WORDS, word);
    words.iter().any(|word| is_in(ELSEWHERE_WORDS, word)) && words.iter().all(understood)
}

/// Whether a code of SNOMED (its identifier, or the older form) is of a region without a face.
pub(super) fn is_code_elsewhere(scheme: &str, code: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| codes().collect());
    matches!(scheme, "SCT" | "SRT" | "SNM3" | "99SDM") && !code.is_empty() && KNOWN.contains(code)
}

fn codes() -> impl Iterator<Item = &'static str> {
    let rows = CODES.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.flat_map(|row| row.splitn(3, ',').take(2)).filter(|code| !code.is_empty())
}

fn is_in(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

fn words(text: &str) -> Vec<String> {
    let separated = text.split(|c: char| !c.is_alphanumeric());
    separated.filter(|word| !word.is_empty()).map(str::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_known_by_many_words() {
        for text in [
            "HEAD",
            "CT Head w/o contrast",
            "MRT Schädel nativ",
            "HEADNECK",
            "Paranasal sinuses",
            "C-SPINE",
            "CSPINE",
            "Neuro^Routine",
            "WHOLEBODY",
            "Whole body PET",
            "T1 ORBITS",
        ] {
            assert!(speaks_of_head(text), "{text}");
        }
        for text in
            ["CHEST", "Abdomen routine", "Surface coil knee", "Cervix", "T-SPINE", "ABD +C", ""]
        {
            assert!(!speaks_of_head(text), "{text}");
        }
    }

    #[test]
    fn only_what_is_understood_is_elsewhere() {
        for text in ["CHEST", "CHEST_TO_PELVIS", "Left knee", "Lumbar spine", "ABD PELVIS"] {
            assert!(is_elsewhere(text), "{text}");
        }
        for text in ["", "SPINE", "NECK", "CHEST XYZ", "NECKCHESTABDPELV", "HEAD CHEST", "LEFT"] {
            assert!(!is_elsewhere(text), "{text}");
        }
    }

    #[test]
    fn codes_are_read_of_both_forms() {
        assert_eq!(codes().count(), 176);
        assert!(is_code_elsewhere("SCT", "816094009"), "chest");
        assert!(is_code_elsewhere("SRT", "T-D3000"), "chest");
        assert!(!is_code_elsewhere("SCT", "69536005"), "head");
        assert!(!is_code_elsewhere("SRT", ""), "no code");
        assert!(!is_code_elsewhere("99LOCAL", "T-D3000"), "another scheme");
        let is_code = |code: &str| code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert_eq!(codes().find(|code| !is_code(code)), None);
    }

    #[test]
    fn no_word_is_of_the_head_and_elsewhere() {
        let both = ELSEWHERE_WORDS.split_whitespace().find(|word| speaks_of_head(word));
        assert_eq!(both, None);
    }
}
