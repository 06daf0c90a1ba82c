//! What a Specific Character Set (0008,0005) declares, with the misspellings that are common.

use super::coded_set::CodedSet;
use super::iso2022::Initial;

/// A declaration, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Declaration {
    pub base: Base,
    /// A G1 set that a later value declares, or a double-byte one that is declared without the
    /// escape sequences that bring it into use.
    pub extension: Option<CodedSet>,
}

/// What the first value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// ISO_IR 192.
    Utf8,
    /// GB18030 and GBK, which it contains.
    Gb18030,
    /// The default repertoire, or nothing that is known.
    Default,
    /// A set of one byte a character, or two, in the right half.
    Right(CodedSet),
}

impl Declaration {
    /// Nothing is declared.
    pub const NONE: Self = Self { base: Base::Default, extension: None };

    /// Reads the values of the attribute.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut terms = values.into_iter().map(term);
        let base = terms.next().flatten().unwrap_or(Base::Default);
        let extension = terms.flatten().find_map(|term| match term {
            Base::Right(set) if !matches!(set, CodedSet::JisX0208 | CodedSet::JisX0212) => {
                Some(set)
            }
            _ => None,
        });
        Self { base, extension }
    }

    /// The sets in use before any escape sequence.
    pub fn initial(self) -> Initial {
        let g1 = match self.base {
            // they are G0 sets: text without an escape sequence has none of their characters
            Base::Right(CodedSet::JisX0208 | CodedSet::JisX0212) => None,
            Base::Right(set) => Some(set),
            Base::Utf8 | Base::Gb18030 | Base::Default => None,
        };
        Initial { g0: CodedSet::Ascii, g1 }
    }
}

/// One defined term, however it is spelled: `ISO_IR 100`, `ISO 2022 IR 100`, `ISO-IR 100`,
/// `iso_ir100`, `ISO 2022 100`, `ISO 8859-1`, `UTF-8`.
fn term(value: &str) -> Option<Base> {
    let letters: String =
        value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let rest = letters.strip_prefix("ISO").unwrap_or(&letters);
    let rest = rest.strip_prefix("2022").unwrap_or(rest);
    let rest = rest.strip_prefix("IR").unwrap_or(rest);
    let part = rest.strip_prefix("8859").and_then(|part| {
        let parts = [100, 101, 109, 110, 144, 127, 126, 138, 148];
        match part.parse::<usize>().ok()? {
            15 => Some(203),
            11 => Some(166),
            number => parts.get(number.checked_sub(1)?).copied(),
        }
    });
    match rest {
        "192" | "UTF8" | "10646" => return Some(Base::Utf8),
        "GB18030" | "GBK" | "GB2312" => return Some(Base::Gb18030),
        "EUCKR" | "KSC5601" | "KSX1001" => return Some(Base::Right(CodedSet::KsX1001)),
        "LATIN1" => return Some(Base::Right(CodedSet::Latin1)),
        _ => {}
    }
    match CodedSet::of_register(part.or_else(|| rest.parse().ok())?)? {
        CodedSet::Ascii => Some(Base::Default),
        set => Some(Base::Right(set)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_understood_however_it_is_spelled() {
        let base = |text: &str| Declaration::of(text.split('\\')).base;
        for spelled in ["ISO_IR 100", "ISO-IR 100", "ISO_IR100 ", "iso ir 100", "ISO 2022 IR 100"] {
            assert_eq!(base(spelled), Base::Right(CodedSet::Latin1), "{spelled}");
        }
        assert_eq!(base("ISO 8859-1"), Base::Right(CodedSet::Latin1));
        assert_eq!(base("ISO 2022 58"), Base::Right(CodedSet::Gb2312));
        for spelled in ["ISO_IR 192", "UTF-8", "ISO_IR192", "utf8", "ISO 2022 IR 192"] {
            assert_eq!(base(spelled), Base::Utf8, "{spelled}");
        }
        for unknown in ["", "ISO_IR 6", "ISO_IR 999", "HOPPER^JANE", "ISO 8859-0", "ISO 8859-99"] {
            assert_eq!(base(unknown), Base::Default, "{unknown}");
        }
    }

    #[test]
    fn a_later_value_is_an_extension_and_no_base() {
        let korean = Declaration::of(["", "ISO 2022 IR 149"]);
        assert_eq!(korean.base, Base::Default);
        assert_eq!(korean.extension, Some(CodedSet::KsX1001));
        let japanese = Declaration::of(["ISO 2022 IR 13", "ISO 2022 IR 87"]);
        assert_eq!(japanese.initial().g1, Some(CodedSet::Katakana));
        assert_eq!(japanese.extension, None);
    }
}
