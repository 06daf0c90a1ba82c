//! The coded character sets of PS3.3 C.12.1.1.2, and how their bytes are read.

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, WINDOWS_874, WINDOWS_1254,
};

/// A set that can be in use as G0 (bytes below 80H) or G1 (bytes from A0H).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodedSet {
    /// ISO 646, and the Roman half of JIS X 0201. That has a yen sign and an overline where
    /// ASCII has a backslash and a tilde; DICOM and other readers take them for these.
    Ascii,
    /// The katakana half of JIS X 0201.
    Katakana,
    /// ISO_IR 100.
    Latin1,
    /// ISO_IR 101.
    Latin2,
    /// ISO_IR 109.
    Latin3,
    /// ISO_IR 110.
    Latin4,
    /// ISO_IR 144.
    Cyrillic,
    /// ISO_IR 127.
    Arabic,
    /// ISO_IR 126.
    Greek,
    /// ISO_IR 138.
    Hebrew,
    /// ISO_IR 148.
    Latin5,
    /// ISO_IR 203.
    Latin9,
    /// ISO_IR 166.
    Thai,
    /// ISO 2022 IR 87.
    JisX0208,
    /// ISO 2022 IR 159.
    JisX0212,
    /// ISO 2022 IR 149.
    KsX1001,
    /// ISO 2022 IR 58.
    Gb2312,
}

impl CodedSet {
    /// The set with a number in the International Register.
    pub fn of_register(number: u32) -> Option<Self> {
        Some(match number {
            6 | 14 => Self::Ascii,
            13 => Self::Katakana,
            100 => Self::Latin1,
            101 => Self::Latin2,
            109 => Self::Latin3,
            110 => Self::Latin4,
            144 => Self::Cyrillic,
            127 => Self::Arabic,
            126 => Self::Greek,
            138 => Self::Hebrew,
            148 => Self::Latin5,
            203 => Self::Latin9,
            166 => Self::Thai,
            87 => Self::JisX0208,
            159 => Self::JisX0212,
            149 => Self::KsX1001,
            58 => Self::Gb2312,
            _ => return None,
        })
    }

    /// Whether two bytes make a character.
    pub fn is_double(self) -> bool {
        matches!(self, Self::JisX0208 | Self::JisX0212 | Self::KsX1001 | Self::Gb2312)
    }

    /// Whether letters are beyond BFH, and signs below, so that UTF-8 makes no words of it.
    pub fn is_latin_like(self) -> bool {
        matches!(self, Self::Ascii | Self::Latin1 | Self::Latin5 | Self::Latin9)
    }

    /// The table of the sets whose bytes, from A0H, are those of an encoding of the Web.
    fn table(self) -> Option<&'static Encoding> {
        Some(match self {
            Self::Latin2 => ISO_8859_2,
            Self::Latin3 => ISO_8859_3,
            Self::Latin4 => ISO_8859_4,
            Self::Cyrillic => ISO_8859_5,
            Self::Arabic => ISO_8859_6,
            Self::Greek => ISO_8859_7,
            Self::Hebrew => ISO_8859_8,
            // it differs from ISO 8859-9 below A0H alone
            Self::Latin5 => WINDOWS_1254,
            Self::Latin9 => ISO_8859_15,
            Self::Thai => WINDOWS_874,
            Self::KsX1001 => EUC_KR,
            Self::Gb2312 => GBK,
            _ => return None,
        })
    }

    /// Appends what the bytes mean, whichever half of the code table they are in; `None` if some
    /// are not of this set.
    pub fn decode(self, bytes: &[u8], out: &mut String) -> Option<()> {
        match self {
            Self::Ascii => out.extend(bytes.iter().map(|byte| char::from(byte & 0x7F))),
            Self::Latin1 => out.extend(bytes.iter().map(|byte| char::from(byte | 0x80))),
            Self::Katakana => {
                for byte in bytes {
                    let at = (byte | 0x80).checked_sub(0xA1).filter(|at| *at < 0x3F)?;
                    out.push(char::from_u32(0xFF61 + u32::from(at))?);
                }
            }
            _ if self.is_double() => {
                let mut right = Vec::with_capacity(bytes.len() / 2 * 3);
                let pairs = bytes.chunks_exact(2);
                if !pairs.remainder().is_empty() {
                    return None;
                }
                for pair in pairs {
                    let pair = [pair[0] | 0x80, pair[1] | 0x80];
                    if pair.iter().any(|byte| !(0xA1..=0xFE).contains(byte)) {
                        return None;
                    }
                    if self == Self::JisX0212 {
                        right.push(0x8F);
                    }
                    right.extend(pair);
                }
                let text = strictly(self.table().unwrap_or(EUC_JP), &right)?;
                if self == Self::JisX0208 {
                    out.extend(text.chars().map(of_jis));
                } else {
                    out.push_str(&text);
                }
            }
            _ => {
                let right: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
                out.push_str(&strictly(self.table()?, &right)?);
            }
        }
        Some(())
    }
}

/// The text, if every byte of it is of the encoding.
pub fn strictly(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(std::borrow::Cow::into_owned)
}

/// Where the table of the Web follows a vendor and not JIS X 0208.
fn of_jis(c: char) -> char {
    match c {
        '\u{FF5E}' => '\u{301C}',
        '\u{FF0D}' => '\u{2212}',
        '\u{2225}' => '\u{2016}',
        '\u{FFE0}' => '\u{A2}',
        '\u{FFE1}' => '\u{A3}',
        '\u{FFE2}' => '\u{AC}',
        c => c,
    }
}
