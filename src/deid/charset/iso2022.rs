//! Code extension (PS3.5 Section 6.1.2.5): escape sequences that bring sets into use.

use super::coded_set::CodedSet;

pub const ESC: u8 = 0x1B;

/// Which half of the code table a designation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    G0,
    G1,
}

/// The sets in use before any escape sequence, and after a delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Initial {
    pub g0: CodedSet,
    pub g1: Option<CodedSet>,
}

/// What follows ESC, and what it brings into use (PS3.3 Tables C.12-3 and C.12-4). Forms of
/// ISO-2022-JP and ISO-2022-CN that DICOM does not define are written all the same.
const DESIGNATIONS: [(&[u8], Half, CodedSet); 24] = [
    (b"(B", Half::G0, CodedSet::Ascii),
    (b"(J", Half::G0, CodedSet::Ascii),
    (b"(I", Half::G0, CodedSet::Katakana),
    (b")I", Half::G1, CodedSet::Katakana),
    (b"-A", Half::G1, CodedSet::Latin1),
    (b"-B", Half::G1, CodedSet::Latin2),
    (b"-C", Half::G1, CodedSet::Latin3),
    (b"-D", Half::G1, CodedSet::Latin4),
    (b"-L", Half::G1, CodedSet::Cyrillic),
    (b"-G", Half::G1, CodedSet::Arabic),
    (b"-F", Half::G1, CodedSet::Greek),
    (b"-H", Half::G1, CodedSet::Hebrew),
    (b"-M", Half::G1, CodedSet::Latin5),
    (b"-b", Half::G1, CodedSet::Latin9),
    (b"-T", Half::G1, CodedSet::Thai),
    (b"$@", Half::G0, CodedSet::JisX0208),
    (b"$B", Half::G0, CodedSet::JisX0208),
    (b"$(B", Half::G0, CodedSet::JisX0208),
    (b"$(D", Half::G0, CodedSet::JisX0212),
    (b"$A", Half::G0, CodedSet::Gb2312),
    (b"$(A", Half::G0, CodedSet::Gb2312),
    (b"$(C", Half::G0, CodedSet::KsX1001),
    (b"$)A", Half::G1, CodedSet::Gb2312),
    (b"$)C", Half::G1, CodedSet::KsX1001),
];

/// Reads the bytes between two delimiters. `None` after an escape sequence that is not known, or
/// bytes that are not of the set in use.
///
/// `remembered`: the G1 set that is taken where none is in use. Writers bring a set into use once,
/// or only declare it, and rely on it after the next delimiter.
pub fn decode(bytes: &[u8], initial: Initial, remembered: &mut Option<CodedSet>) -> Option<String> {
    let mut out = String::with_capacity(bytes.len());
    let Initial { mut g0, mut g1 } = initial;
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let run = |of: fn(&u8) -> bool| rest.iter().take_while(|byte| of(byte)).count();
        let taken = match first {
            ESC => {
                let (half, set, length) = designation(&rest[1..])?;
                match half {
                    Half::G0 => g0 = set,
                    Half::G1 => {
                        g1 = Some(set);
                        *remembered = g1;
                    }
                }
                1 + length
            }
            b'\t' | b'\n' | 0x0C | b'\r' => {
                Initial { g0, g1 } = initial;
                out.push(char::from(first));
                1
            }
            // they shift to sets that DICOM does not use
            0x0E | 0x0F | 0x80..=0x9F => return None,
            0x21..=0x7E => {
                let length = run(|byte| (0x21..=0x7E).contains(byte));
                g0.decode(&rest[..length], &mut out)?;
                length
            }
            0xA0.. => {
                let length = run(|byte| *byte >= 0xA0);
                g1.or(*remembered)?.decode(&rest[..length], &mut out)?;
                length
            }
            _ => {
                out.push(char::from(first));
                1
            }
        };
        rest = &rest[taken..];
    }
    Some(out)
}

fn designation(rest: &[u8]) -> Option<(Half, CodedSet, usize)> {
    let found = DESIGNATIONS.iter().find(|(sequence, ..)| rest.starts_with(sequence))?;
    Some((found.1, found.2, found.0.len()))
}

/// Whether two bytes make a G0 character after this escape sequence; `None` if it is for G1.
pub fn doubles_g0(rest: &[u8]) -> Option<bool> {
    let (half, set, _) = designation(rest)?;
    (half == Half::G0).then(|| set.is_double())
}
