//! What bytes under a wrong declaration are, where that can be told safely.

use super::coded_set::strictly;
use encoding_rs::{EUC_KR, Encoding, GBK, SHIFT_JIS};
use std::collections::HashSet;

/// So many different characters are not of one kind by chance.
const MIN_DISTINCT: usize = 6;

/// How much speaks for UTF-8, in different sequences; a long one counts twice. All values are valid.
pub fn weight_as_utf8(values: &[Vec<u8>]) -> usize {
    let chars: HashSet<char> = values
        .iter()
        .filter_map(|value| std::str::from_utf8(value).ok())
        .flat_map(|text| text.chars().filter(|c| !c.is_ascii()))
        .collect();
    chars.iter().map(|c| if c.len_utf8() > 2 { 2 } else { 1 }).sum()
}

/// Whether Latin text would look like this by chance: it has not many signs side by side, but text
/// of two bytes a character has.
pub fn is_suspicious(bytes: &[u8]) -> bool {
    bytes.split(u8::is_ascii).any(|run| {
        let signs = run.iter().filter(|byte| matches!(byte, 0xA1..=0xBF)).count();
        run.len() >= 4 && signs >= 2
    })
}

/// Whether all that keeps the bytes from being Latin 1 is quotation marks, dashes and an ellipsis
/// between letters and spaces.
pub fn is_typography(bytes: &[u8]) -> bool {
    let ascii = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at));
        byte.is_none_or(u8::is_ascii)
    };
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        0x85 | 0x91..=0x94 | 0x96 | 0x97 => ascii(at.checked_sub(1)) && ascii(Some(at + 1)),
        0x80..=0x9F => false,
        _ => true,
    })
}

/// The encoding of values that are not what they are declared to be.
pub fn foreign(values: &[&[u8]]) -> Option<&'static Encoding> {
    if values.is_empty() {
        return None;
    }
    if are_shift_jis(values) {
        return Some(SHIFT_JIS);
    }
    let pairs = pairs(values)?;
    let leads = |range: std::ops::RangeInclusive<u8>| {
        pairs.iter().all(|pair| range.contains(&pair[0]) || (0xA1..=0xA3).contains(&pair[0]))
    };
    let letters = pairs.iter().filter(|pair| pair[0] >= 0xB0).count();
    let decodes = |encoding| values.iter().all(|value| strictly(encoding, value).is_some());
    if letters < MIN_DISTINCT {
        None
    } else if leads(0xB0..=0xC8) {
        // Hangul; of as many frequent Chinese characters some come later
        decodes(EUC_KR).then_some(EUC_KR)
    } else if leads(0xB0..=0xD7) {
        decodes(GBK).then_some(GBK)
    } else {
        None
    }
}

/// The different pairs of bytes, if all text is pairs of bytes from A1H.
fn pairs(values: &[&[u8]]) -> Option<HashSet<[u8; 2]>> {
    let mut pairs = HashSet::new();
    for run in values.iter().flat_map(|value| value.split(u8::is_ascii)) {
        for pair in run.chunks(2) {
            let pair: [u8; 2] = pair.try_into().ok()?;
            if pair[0] < 0xA1 || pair[1] < 0xA1 {
                return None;
            }
            pairs.insert(pair);
        }
    }
    Some(pairs)
}

/// Japanese as Windows writes it: frequent characters, and words of them. A single one beside
/// Latin letters may be a letter with an accent of some other code page.
fn are_shift_jis(values: &[&[u8]]) -> bool {
    let (mut alone, mut in_words) = (0, 0);
    for value in values {
        let Some(text) = strictly(SHIFT_JIS, value) else { return false };
        let frequent = |c: char| {
            c.is_ascii()
                || matches!(c, '\u{3000}'..='\u{30FF}' | '\u{FF01}'..='\u{FF9F}' | '\u{4E00}'..='\u{9FFF}')
        };
        let rare = value_leads(value).any(|lead| !matches!(lead, 0x81..=0x83 | 0x88..=0x98));
        if rare || !text.chars().all(frequent) {
            return false;
        }
        let is_word = |c: char| matches!(c, '\u{3041}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}');
        for word in text.split(|c: char| !is_word(c)) {
            match word.chars().count() {
                0 => {}
                1 => alone += 1,
                count => in_words += count,
            }
        }
    }
    in_words > alone
}

/// The first bytes of two-byte characters.
fn value_leads(value: &[u8]) -> impl Iterator<Item = u8> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *value.get(at)?;
            if matches!(byte, 0x81..=0x9F | 0xE0..=0xFC) {
                at += 2;
                return Some(byte);
            }
            at += 1;
        }
    })
}
