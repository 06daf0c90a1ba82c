//! Characters as they are compared: without case, accents and width, and without the differences
//! that typing and optical reading do not see.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Whether the character is only a part of the one before it: a mark, or a vowel or final of Hangul.
pub(super) fn continues(c: char) -> bool {
    !c.is_ascii() && (is_combining_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}'))
}

/// Gives the letters and digits of one character with its marks: compatibility forms, no
/// diacritics, upper case.
pub(super) fn fold(cluster: &str, mut each: impl FnMut(char)) {
    let plain = cluster.nfkd().filter(|c| !is_combining_mark(*c)).nfc();
    for c in plain.flat_map(char::to_uppercase) {
        match c {
            'Æ' => "AE".chars().for_each(&mut each),
            'Œ' => "OE".chars().for_each(&mut each),
            'Þ' => "TH".chars().for_each(&mut each),
            'Ø' => each('O'),
            'Ł' => each('L'),
            'Đ' | 'Ð' => each('D'),
            // a digit of any script is that digit
            c => match c.to_digit(10).or_else(|| decimal(c)) {
                Some(digit) => each(char::from_digit(digit, 10).unwrap_or(c)),
                None if c.is_alphanumeric() => each(c),
                None => each(' '),
            },
        }
    }
}

/// Decimal digits outside ASCII, as far as they stand in records: Arabic, Persian, Devanagari,
/// Bengali and Thai.
fn decimal(c: char) -> Option<u32> {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{966}'..='\u{96f}' => 0x966,
        '\u{9e6}'..='\u{9ef}' => 0x9e6,
        '\u{e50}'..='\u{e59}' => 0xe50,
        _ => return None,
    };
    Some(c as u32 - zero)
}

/// A whole text, folded.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    clusters(text, |_, cluster| match cluster.as_bytes() {
        [byte] if byte.is_ascii_alphanumeric() => folded.push(byte.to_ascii_uppercase().into()),
        [_] => {}
        _ => fold(cluster, |c| folded.extend(Some(c).filter(|c| *c != ' '))),
    });
    folded
}

/// Gives each character with its marks, and where it begins.
pub(super) fn clusters<'a>(text: &'a str, mut each: impl FnMut(usize, &'a str)) {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if at > start && !continues(c) {
            each(start, &text[start..at]);
            start = at;
        }
    }
    if start < text.len() {
        each(start, &text[start..]);
    }
}

/// One sign for all that look alike: 0 and O, 1, I and L, 2 and Z, 5 and S, 6 and G, 8 and B, and the
/// capitals that Latin shares with Cyrillic and Greek.
pub(super) fn likeness(c: char) -> char {
    match c {
        '0' | 'О' | 'Ο' => 'O',
        '1' | 'L' | 'І' | 'Ӏ' | 'Ι' => 'I',
        '2' | 'Ζ' => 'Z',
        '5' | 'Ѕ' => 'S',
        '6' => 'G',
        '8' | 'В' | 'Β' => 'B',
        'А' | 'Α' => 'A',
        'С' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'Р' | 'Ρ' => 'P',
        'Т' | 'Τ' => 'T',
        'У' | 'Υ' => 'Y',
        'Х' | 'Χ' => 'X',
        c => c,
    }
}

/// A folded text by its likenesses, sign by sign.
pub(super) fn alike(folded: &str) -> String {
    folded.chars().map(likeness).collect()
}

/// Whether the character is of a script that puts no space between words.
pub(super) fn is_wordless(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_width_and_ligatures_make_no_difference() {
        assert_eq!(
            folded("Mu\u{308}ller ﬁ Ｊａｎｅ Bjørn Łódź Straße"),
            "MULLERFIJANEBJORNLODZSTRASSE"
        );
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), folded("한"));
        assert_eq!(folded("١٩٧٠"), "1970");
    }

    #[test]
    fn what_looks_alike_is_alike() {
        assert_eq!(alike(&folded("МRNОO12345")), alike("MRN0012345"));
        assert_eq!(alike("HOPPER"), alike(&folded("h0ррer")));
    }
}
