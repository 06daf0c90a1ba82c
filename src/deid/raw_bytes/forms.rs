//! The bytes that an identifier may be written as.

use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::deid::phi_text::Known;
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5,
    ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1254,
};
use std::collections::BTreeMap;

/// Shorter forms come about by chance: six bytes in any case do so once in 4,000 GB of noise.
pub const MIN_BYTES: usize = 6;
/// Longer text is found by its parts.
pub const MAX_BYTES: usize = 512;

/// Every encoding that bytes are read in: first those of one byte a character or of a boundary that
/// any reader finds. Latin 1 is within that of Windows, GBK in GB18030.
pub fn encodings() -> [&'static Encoding; 18] {
    [
        UTF_8,
        WINDOWS_1252,
        WINDOWS_1254,
        ISO_8859_2,
        ISO_8859_3,
        ISO_8859_4,
        ISO_8859_5,
        ISO_8859_6,
        ISO_8859_7,
        ISO_8859_8,
        ISO_8859_15,
        WINDOWS_874,
        WINDOWS_1251,
        SHIFT_JIS,
        EUC_JP,
        EUC_KR,
        GB18030,
        BIG5,
    ]
}

/// Where the encodings begin whose characters only a reader from the start can tell apart.
const DOUBLE: usize = 13;

/// How bytes are read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// An encoding of the Web, by its place in the list.
    Web(usize),
    Utf16Le,
    Utf16Be,
    /// The seven bits of two-byte sets after an escape sequence, as EUC of this one.
    Escaped(usize),
    /// Two-byte characters with the escape sequence that brings them into use (PS3.5 Section 6.1.2.5),
    /// as before each component of a name: with it, two characters are no chance.
    Designated(usize),
}

/// An identifier as bytes.
pub struct Form {
    pub bytes: Vec<u8>,
    pub codings: Vec<Coding>,
}

impl Coding {
    /// Bytes of the smallest unit.
    pub fn unit(self) -> usize {
        if matches!(self, Self::Utf16Le | Self::Utf16Be) { 2 } else { 1 }
    }

    /// Whether what stands before a text could swallow its first byte.
    pub fn reads_from_start(self) -> bool {
        matches!(self, Self::Escaped(_) | Self::Designated(_) | Self::Web(DOUBLE..))
    }

    /// The bytes as text; what is none are replacement characters.
    pub fn read(self, bytes: &[u8]) -> String {
        let web = |at: usize| encodings().get(at).copied().unwrap_or(UTF_8);
        match self {
            Self::Web(at) => web(at).decode_without_bom_handling(bytes).0.into_owned(),
            Self::Utf16Le => {
                encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned()
            }
            Self::Utf16Be => {
                encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()
            }
            Self::Designated(at) => {
                let bytes = bytes.strip_prefix(designation(web(at))).unwrap_or(bytes);
                let coding = if web(at) == EUC_JP { Self::Escaped(at) } else { Self::Web(at) };
                coding.read(bytes)
            }
            Self::Escaped(at) => {
                let right: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
                web(at).decode_without_bom_handling(&right).0.into_owned()
            }
        }
    }

    fn write(self, text: &str) -> Option<Vec<u8>> {
        let units = || text.encode_utf16();
        match self {
            Self::Web(at) => {
                let (bytes, _, failed) = encodings().get(at)?.encode(text);
                (!failed).then(|| bytes.into_owned())
            }
            Self::Utf16Le => Some(units().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16Be => Some(units().flat_map(u16::to_be_bytes).collect()),
            Self::Designated(at) => {
                let left = Self::Escaped(at).write(text)?;
                let page = *encodings().get(at)?;
                let right = || left.iter().map(|byte| byte | 0x80).collect::<Vec<u8>>();
                let bytes = if page == EUC_JP { left } else { right() };
                Some([designation(page), &bytes].concat())
            }
            Self::Escaped(at) => {
                let right = Self::Web(at).write(text)?;
                let doubled =
                    right.len().is_multiple_of(2) && right.iter().all(|b| (0xA1..0xFF).contains(b));
                doubled.then(|| right.iter().map(|byte| byte & 0x7F).collect())
            }
        }
    }

    /// Whether text that looks like ASCII is something else.
    pub fn hides(self) -> bool {
        !matches!(self, Self::Web(_))
    }

    fn all() -> impl Iterator<Item = Self> {
        let count = encodings().len();
        let doubled = |at: &usize| [EUC_JP, EUC_KR, GB18030].contains(&encodings()[*at]);
        let escaped = (DOUBLE..count).filter(doubled);
        let escaped = escaped.flat_map(|at| [Self::Escaped(at), Self::Designated(at)]);
        let wide = [Self::Utf16Le, Self::Utf16Be];
        (0..count).map(Self::Web).chain(wide).chain(escaped)
    }
}

/// What brings JIS X 0208 into G0, or KS X 1001 or GB 2312 into G1.
fn designation(page: &Encoding) -> &'static [u8] {
    match page {
        page if page == EUC_JP => b"\x1b$B",
        page if page == EUC_KR => b"\x1b$)C",
        _ => b"\x1b$)A",
    }
}

/// Every form of identifiers that tell by themselves, whatever stands around them, and are no part
/// of `ours`, which the site has put there.
pub fn forms(identifiers: &Identifiers, ours: &[String], known: &Known) -> Vec<Form> {
    let ours: Vec<String> = ours.iter().map(|text| text.to_uppercase()).collect();
    let mut found: BTreeMap<Vec<u8>, Vec<Coding>> = BTreeMap::new();
    for text in identifiers.0.iter().flat_map(texts) {
        let upper = text.to_uppercase();
        if ours.iter().any(|own| own.contains(&upper)) || known.find_known(&text).is_none() {
            continue;
        }
        // the search minds no case of ASCII letters, and all encodings write them alike
        let plain = text.is_ascii();
        let cases = [text.to_lowercase(), upper, capitalised(&text), text];
        for case in &cases[if plain { 3 } else { 0 }..] {
            for coding in Coding::all() {
                if plain && matches!(coding, Coding::Web(1..)) {
                    continue;
                }
                let Some(bytes) = coding.write(case) else { continue };
                if (MIN_BYTES..=MAX_BYTES).contains(&bytes.len()) {
                    let codings = found.entry(bytes).or_default();
                    if !codings.contains(&coding) {
                        codings.push(coding);
                    }
                }
            }
        }
    }
    found.into_iter().map(|(bytes, codings)| Form { bytes, codings }).collect()
}

/// As most names are written: the first letter of each word in upper case, and no other.
fn capitalised(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match inside {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        inside = c.is_alphanumeric();
    }
    out
}

/// How an identifier may be spelled.
fn texts(identifier: &Identifier) -> Vec<String> {
    let value = identifier.value.reveal();
    let mut texts = vec![value.clone()];
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    match identifier.kind {
        IdentifierKind::Name => {
            for group in value.split('=') {
                let parts: Vec<&str> = group.split('^').filter(|part| !part.is_empty()).collect();
                texts.extend(parts.iter().flat_map(|part| words(part)));
                texts.extend(parts.iter().map(|part| (*part).to_owned()));
                if let [family, given, ..] = parts[..] {
                    for separator in ["^", " ", ", ", "_", ""] {
                        texts.push(format!("{family}{separator}{given}"));
                        texts.push(format!("{given}{separator}{family}"));
                    }
                }
            }
        }
        IdentifierKind::Date => {
            if let (Some(year), Some(month), Some(day)) =
                (value.get(..4), value.get(4..6), value.get(6..8))
            {
                texts.push(format!("{year}-{month}-{day}"));
                texts.push(format!("{day}.{month}.{year}"));
                texts.push(format!("{day}/{month}/{year}"));
                texts.push(format!("{month}/{day}/{year}"));
            }
        }
        IdentifierKind::Id => texts.push(words(value).concat()),
        _ => texts.extend(value.lines().map(str::to_owned)),
    }
    texts.retain(|text| !text.trim().is_empty());
    texts
}
