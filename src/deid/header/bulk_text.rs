//! Text inside numbers and bulk data, of which nothing says how it is encoded.
//!
//! Invariants: it is read in every encoding that [`raw_bytes`](crate::deid::raw_bytes) searches a
//! result for, so what `verify` would find is cleaned before; a reading that is no more than a guess
//! counts only if what it spells is long enough not to be chance; linear in the length.

use super::MAX_TEXT_BYTES;
use crate::deid::identifiers::IdentifierKind;
use crate::deid::phi_text::{Known, Why};
use crate::deid::raw_bytes::encodings;
use dicom_core::value::PrimitiveValue;
use encoding_rs::{
    Encoding, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_15, UTF_8, WINDOWS_1252,
    WINDOWS_1254,
};

/// The shortest stretch of characters that is taken for text where the encoding is sure. Shorter
/// ones come about by chance in a lookup table or a bitmap.
const MIN_STRETCH: usize = 5;
/// The shortest stretch that is read in an encoding that is guessed.
const MIN_GUESSED_BYTES: usize = 4;
/// So much an identifier must spell in such a reading: letters and digits, of which those of a
/// script with thousands of characters count twice.
const MIN_SPELLED: usize = 4;
const ESC: u8 = 0x1B;
/// The encodings of Latin letters with accents.
const LATIN: [&Encoding; 6] =
    [WINDOWS_1252, WINDOWS_1254, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_15];

/// The kind of an identifier that a value contains as text, if it is not too large to search.
pub(super) fn identifying(known: &Known, value: &PrimitiveValue) -> Option<IdentifierKind> {
    let bytes = bytes_of(value)?;
    if bytes.len() < MIN_GUESSED_BYTES {
        return None;
    }
    known.find_known(&sure(&bytes)).or_else(|| {
        let guesses = code_pages(known, &bytes).chain(wide(&bytes));
        guesses.map(|text| telling(known, &text)).find_map(|kind| kind)
    })
}

fn bytes_of(value: &PrimitiveValue) -> Option<Vec<u8>> {
    match value {
        PrimitiveValue::U8(bytes) if bytes.len() <= MAX_TEXT_BYTES => Some(bytes.to_vec()),
        PrimitiveValue::U16(words) if words.len() <= MAX_TEXT_BYTES / 2 => {
            Some(words.iter().flat_map(|word| word.to_le_bytes()).collect())
        }
        _ => None,
    }
}

/// The stretches of ASCII and UTF-8, one a line.
fn sure(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let stretches: Vec<&str> = text
        .split(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER)
        .filter(|stretch| stretch.chars().count() >= MIN_STRETCH)
        .collect();
    stretches.join("\n")
}

/// What is not ASCII, in each encoding whose smallest unit is a byte and that can spell what is known.
fn code_pages(known: &Known, bytes: &[u8]) -> impl Iterator<Item = String> {
    let is_text = |byte: &u8| *byte >= 0x20 && *byte != 0x7F || *byte == ESC;
    let stretches: Vec<&[u8]> = bytes
        .split(|byte| !is_text(byte))
        .filter(|stretch| stretch.len() >= MIN_GUESSED_BYTES)
        .filter(|stretch| stretch.iter().any(|byte| !byte.is_ascii() || *byte == ESC))
        .collect();
    let stretches = stretches.join(&b'\n');
    let pages: Vec<&Encoding> = if stretches.is_empty() {
        Vec::new()
    } else if known.is_latin() {
        LATIN.to_vec()
    } else {
        let escaped = stretches.contains(&ESC).then_some(ISO_2022_JP);
        encodings().into_iter().filter(|page| *page != UTF_8).chain(escaped).collect()
    };
    let plain = without_escapes(&stretches);
    pages.into_iter().map(move |page| {
        let stretches = if page == ISO_2022_JP { &stretches } else { &plain };
        let text = page.decode_without_bom_handling(stretches).0;
        text.replace(char::REPLACEMENT_CHARACTER, "\n")
    })
}

/// Lines in place of escape sequences (ISO 2022): all decode what these bring into use but Japanese.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut escaped = false;
    for byte in bytes {
        match *byte {
            ESC => {
                escaped = true;
                out.push(b'\n');
            }
            // intermediate bytes, then a final one
            0x20..0x30 if escaped => {}
            _ if escaped => escaped = false,
            byte => out.push(byte),
        }
    }
    out
}

/// UTF-16 in either order, from an even or an odd byte.
fn wide(bytes: &[u8]) -> impl Iterator<Item = String> {
    [(u16::from_le_bytes as fn([u8; 2]) -> u16, 0), (u16::from_be_bytes, 0)]
        .into_iter()
        .chain([(u16::from_le_bytes as fn([u8; 2]) -> u16, 1), (u16::from_be_bytes, 1)])
        .map(|(read, from)| {
            let units = bytes.get(from..).unwrap_or_default().chunks_exact(2);
            let units = units.map(|unit| read([unit[0], unit[1]]));
            char::decode_utf16(units)
                .map(|c| c.ok().filter(|c| !c.is_control()).unwrap_or('\n'))
                .collect()
        })
}

/// The kind of an identifier that a reading spells at enough length.
fn telling(known: &Known, text: &str) -> Option<IdentifierKind> {
    let weight = |c: char| match c {
        '\u{2E80}'.. => 2,
        c => usize::from(c.is_alphanumeric()),
    };
    known.known_spans(text).into_iter().find_map(|span| {
        let spelled: usize = text.get(span.range)?.chars().map(weight).sum();
        match span.why {
            Why::Known(kind) if spelled >= MIN_SPELLED => Some(kind),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, Identifiers};
    use crate::phi::Phi;
    use encoding_rs::{EUC_KR, GB18030, ISO_8859_5, SHIFT_JIS};

    fn known(names: &[&str]) -> Known {
        let identifier = |name: &&str| Identifier {
            kind: IdentifierKind::Name,
            value: Phi::new((*name).to_owned()),
        };
        Known::new(&Identifiers(names.iter().map(identifier).collect()))
    }

    fn found(known: &Known, bytes: &[u8]) -> bool {
        identifying(known, &PrimitiveValue::U8(bytes.iter().copied().collect())).is_some()
    }

    #[test]
    fn a_name_in_bulk_data_is_found_in_every_encoding() {
        let known = known(&[
            "Hopper^Jürgen",
            "Воронцов^Егор",
            "Yamazaki^Ken=山崎^健一",
            "Hong^Gil=洪^吉洞=홍^길동",
        ]);
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let little = |text: &str| -> Vec<u8> {
            units(text).into_iter().flat_map(u16::to_le_bytes).collect()
        };
        let big = |text: &str| -> Vec<u8> {
            units(text).into_iter().flat_map(u16::to_be_bytes).collect()
        };
        for (what, bytes) in [
            ("ascii", b"HOPPER^JANE".to_vec()),
            ("utf-8", "von Егор Воронцов".as_bytes().to_vec()),
            ("latin 1", WINDOWS_1252.encode("Jürgen").0.into_owned()),
            ("iso 8859-5", ISO_8859_5.encode("ВОРОНЦОВ").0.into_owned()),
            ("shift-jis", SHIFT_JIS.encode("山崎 健一").0.into_owned()),
            ("iso 2022 jp", ISO_2022_JP.encode("山崎 健一").0.into_owned()),
            ("euc-kr", EUC_KR.encode("홍 길동").0.into_owned()),
            (
                "iso 2022 kr",
                [b"\x1b$)C", &EUC_KR.encode("홍").0[..], b"^\x1b$)C", &EUC_KR.encode("길동").0]
                    .concat(),
            ),
            ("gb18030", GB18030.encode("洪 吉洞").0.into_owned()),
            ("utf-16", little("for Hopper, J.")),
            ("utf-16, big endian", big("Воронцов")),
            ("utf-16, with a mark", little("\u{FEFF}山崎 健一")),
        ] {
            for before in [&[0x01, 0x00][..], &[0x01, 0x00, 0x00]] {
                let value = [before, &bytes, &[0x00, 0x07]].concat();
                assert!(found(&known, &value), "{what} after {} bytes", before.len());
            }
        }
    }

    #[test]
    fn an_accent_is_found_whose_patient_has_only_latin_names() {
        let known = known(&["Szabó^Győző", "Müller^Jörg"]);
        assert!(known.is_latin());
        for (page, text) in [(ISO_8859_2, "Győző"), (WINDOWS_1252, "MÜLLER"), (ISO_8859_15, "Jörg")]
        {
            let text = page.encode(text).0.into_owned();
            assert!(found(&known, &[&[0x01, 0x00][..], &text, &[0x00]].concat()));
        }
    }

    #[test]
    fn numbers_and_noise_spell_nobody() {
        let known = known(&["Li^Na", "Öz^Ü", "Lee^An", "王^芳", "Kim^Ö"]);
        let noise: Vec<u8> =
            (0..60_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        assert!(!found(&known, &noise));
        let ramp: Vec<u8> = (0..8192_u16).flat_map(|n| (n * 8).to_le_bytes()).collect();
        assert!(!found(&known, &ramp));
        assert!(!found(&known, b"\x01\xD6z\x02"), "two letters");
        assert!(!found(&known, &[0x01, 0x02, 0x88, 0x99]));
        assert!(!found(&known, b""));
    }

    #[test]
    fn other_text_stays() {
        let known = known(&["Hopper^Jürgen"]);
        assert!(!found(&known, b"\x00\x01Grasshopper 1.0, Z\xFCrich\x00"));
    }

    #[test]
    fn what_is_too_large_is_left_to_the_search_of_the_bytes() {
        let mut bytes = vec![0; MAX_TEXT_BYTES];
        bytes.extend(b" HOPPER ");
        assert!(!found(&known(&["Hopper"]), &bytes));
    }
}
