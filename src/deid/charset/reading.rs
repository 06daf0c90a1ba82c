//! How the text of one declaration is read: as declared, or as it can only be meant.
//!
//! Declarations are wrong in practice. Only what cannot be chance overrules one, and it is decided
//! for all text under it together, so that a name reads the same wherever it stands.

use super::coded_set::{CodedSet, strictly};
use super::declaration::{Base, Declaration};
use super::guess::{self, is_suspicious};
use super::iso2022::{self, ESC};
use encoding_rs::{EUC_KR, Encoding, GB18030, SHIFT_JIS, WINDOWS_1252};

/// Stands before what could not be decoded: a character for each byte.
pub const UNREAD: char = '\u{FFFD}';

/// How text beyond ASCII is decoded where no escape sequence says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Declared,
    Utf8,
    Foreign(&'static Encoding),
    /// The declaration is wrong, and what was meant cannot be told.
    Distrusted,
}

/// How the text under one declaration is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    declaration: Declaration,
    method: Method,
}

impl Reading {
    /// Decides by all values under the declaration that are beyond ASCII and without escapes.
    pub fn decide(declaration: Declaration, values: &[Vec<u8>]) -> Self {
        let mut reading = Self { declaration, method: Method::Declared };
        reading.method = reading.method_for(values);
        reading
    }

    fn method_for(self, values: &[Vec<u8>]) -> Method {
        let is_utf8 = |value: &Vec<u8>| std::str::from_utf8(value).is_ok();
        let other: Vec<&[u8]> =
            values.iter().filter(|value| !is_utf8(value)).map(Vec::as_slice).collect();
        let fails =
            |value: &[u8]| self.text(value, &mut self.declaration.extension.clone()).is_none();
        let failed = values.iter().any(|value| fails(value));
        if self.declaration.base == Base::Utf8 {
            let foreign = guess::foreign(&other).filter(|_| other.len() == values.len());
            return foreign.map_or(Method::Declared, Method::Foreign);
        }
        if other.is_empty() && !values.is_empty() && !self.prefers_utf8() {
            let sure = failed || guess::weight_as_utf8(values) >= self.least_weight();
            return if sure { Method::Utf8 } else { Method::Declared };
        }
        let suspicious = self.prefers_utf8() && other.iter().any(|value| is_suspicious(value));
        if !suspicious && !other.iter().any(|value| fails(value)) {
            return Method::Declared;
        }
        let japanese = self.declaration.base == Base::Right(CodedSet::Katakana)
            && other.iter().all(|value| strictly(SHIFT_JIS, value).is_some());
        match guess::foreign(&other).or(japanese.then_some(SHIFT_JIS)) {
            Some(encoding) => Method::Foreign(encoding),
            None if suspicious => Method::Distrusted,
            None => Method::Declared,
        }
    }

    /// The G1 set that is taken before any is brought into use.
    pub fn extension(&self) -> Option<CodedSet> {
        self.declaration.extension
    }

    /// Whether valid UTF-8 is taken for such, value by value.
    fn prefers_utf8(self) -> bool {
        match self.declaration.base {
            Base::Default => self.declaration.extension.is_none(),
            Base::Right(set) => set.is_latin_like(),
            Base::Utf8 | Base::Gb18030 => false,
        }
    }

    /// What must speak for UTF-8 against a declaration that can be true: of two-byte characters
    /// more are UTF-8 by chance.
    fn least_weight(self) -> usize {
        match self.declaration.base {
            Base::Right(set) if !set.is_double() => 3,
            _ => 6,
        }
    }

    /// The text of one component of a value; after [`UNREAD`] its bytes, if it cannot be told.
    pub fn component(&self, bytes: &[u8], remembered: &mut Option<CodedSet>) -> String {
        self.text(bytes, remembered).unwrap_or_else(|| {
            std::iter::once(UNREAD).chain(bytes.iter().map(|byte| char::from(*byte))).collect()
        })
    }

    fn text(&self, bytes: &[u8], remembered: &mut Option<CodedSet>) -> Option<String> {
        if bytes.contains(&ESC) || bytes.iter().any(|byte| matches!(byte, 0x0E | 0x0F)) {
            return iso2022::decode(bytes, self.declaration.initial(), remembered);
        }
        if bytes.is_ascii() {
            return Some(bytes.iter().copied().map(char::from).collect());
        }
        let utf8 = || std::str::from_utf8(bytes).ok().map(str::to_owned);
        match self.method {
            Method::Utf8 => utf8(),
            Method::Foreign(encoding) => utf8()
                .filter(|_| self.prefers_utf8() || self.declaration.base == Base::Utf8)
                .or_else(|| strictly(encoding, bytes)),
            Method::Distrusted => utf8(),
            Method::Declared if self.prefers_utf8() => {
                utf8().or_else(|| self.declared(bytes, remembered))
            }
            Method::Declared => self.declared(bytes, remembered).or_else(utf8),
        }
    }

    /// Text without an escape sequence, as declared.
    fn declared(&self, bytes: &[u8], remembered: &mut Option<CodedSet>) -> Option<String> {
        match self.declaration.base {
            Base::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Base::Gb18030 => strictly(GB18030, bytes),
            // Korean Windows writes more syllables than KS X 1001 has
            Base::Right(CodedSet::KsX1001) => strictly(EUC_KR, bytes),
            Base::Right(_) | Base::Default => {
                let mut implied = remembered.or(self.assumed());
                let text = iso2022::decode(bytes, self.declaration.initial(), &mut implied);
                let windows = || self.windows(bytes);
                text.or_else(windows)
            }
        }
    }

    /// What undeclared bytes are taken for, as other readers do.
    fn assumed(&self) -> Option<CodedSet> {
        (self.declaration.base == Base::Default).then_some(CodedSet::Latin1)
    }

    /// Western text with the quotation marks and dashes of Windows.
    fn windows(&self, bytes: &[u8]) -> Option<String> {
        let western = match self.declaration.base {
            Base::Default => self.declaration.extension.is_none(),
            Base::Right(set) => set == CodedSet::Latin1,
            _ => false,
        };
        (western && guess::is_typography(bytes)).then(|| strictly(WINDOWS_1252, bytes)).flatten()
    }

    /// How many bytes the character at the start takes, as far as delimiters are concerned: the
    /// second byte of some looks like one.
    pub fn step(&self, bytes: &[u8], g0_is_double: bool) -> usize {
        let pair = match (self.method, self.declaration.base) {
            _ if g0_is_double => {
                bytes.len() > 1 && bytes[..2].iter().all(|b| (0x21..0x7F).contains(b))
            }
            (Method::Foreign(encoding), _) if encoding == SHIFT_JIS => {
                matches!(bytes[0], 0x81..=0x9F | 0xE0..=0xFC)
            }
            (Method::Foreign(_), _) | (Method::Declared, Base::Gb18030) => bytes[0] >= 0x81,
            _ => false,
        };
        if pair { 2.min(bytes.len()) } else { 1 }
    }
}
