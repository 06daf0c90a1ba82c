//! The colour of blanked boxes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Red, green and blue, as displayed: `"black"`, `"white"`, or `"#rrggbb"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FillColour(pub [u8; 3]);

impl FillColour {
    /// Whether it is black, the default.
    pub fn is_black(self) -> bool {
        self.0 == [0; 3]
    }
}

impl TryFrom<String> for FillColour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no colour: \"black\", \"white\" or \"#rrggbb\"");
        match text.as_str() {
            "black" => return Ok(Self([0; 3])),
            "white" => return Ok(Self([255; 3])),
            _ => {}
        }
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = u32::from_str_radix(digits.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl From<FillColour> for String {
    fn from(colour: FillColour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for FillColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [0, 0, 0] => f.write_str("black"),
            [255, 255, 255] => f.write_str("white"),
            [red, green, blue] => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_reads_back_as_it_is_written_and_others_are_faults() {
        for (text, colour) in
            [("black", [0; 3]), ("white", [255; 3]), ("#1a2B3c", [0x1A, 0x2B, 0x3C])]
        {
            let read = FillColour::try_from(text.to_owned()).expect(text);
            assert_eq!(read, FillColour(colour));
            assert_eq!(FillColour::try_from(String::from(read)), Ok(read));
        }
        for text in ["", "red", "#12345", "#1234567", "#12345g", "#+12345", "#ééé"] {
            assert!(FillColour::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
