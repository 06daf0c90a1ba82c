//! The C-STORE statuses that this node answers and understands (PS3.4 table B.2-1, PS3.7 annex C).

/// Done, and durable.
pub const SUCCESS: u16 = 0x0000;
/// Refused: out of resources; the sender may try again.
pub const OUT_OF_RESOURCES: u16 = 0xA700;
/// Error: the data set does not match the SOP Class or Instance of the command.
pub const DATA_SET_MISMATCH: u16 = 0xA900;
/// Error: cannot understand (a truncated data set).
pub const CANNOT_UNDERSTAND: u16 = 0xC000;
/// Refused: SOP Class not supported (PS3.7 section C.5.6 for DIMSE-C requests).
pub const SOP_CLASS_NOT_SUPPORTED: u16 = 0x0122;
/// Unrecognized operation.
pub const UNRECOGNIZED_OPERATION: u16 = 0x0211;

/// What a C-STORE status means for whoever sent the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Success, or a warning with the object stored.
    Stored,
    /// A failure that may pass: resources, processing.
    Transient,
    /// A failure that will repeat.
    Permanent,
}

/// Sorts a status of a C-STORE response. PS3.4 table B.2-1; statuses it does not list count as
/// transient, since an object must not be given up on a number nobody knows.
pub fn outcome(status: u16) -> Outcome {
    match status {
        SUCCESS | 0xB000 | 0xB006 | 0xB007 | 0x0001 | 0x0107 | 0x0116 => Outcome::Stored,
        0xA900..=0xA9FF | 0xC000..=0xCFFF => Outcome::Permanent,
        0x0105 | 0x0106 | 0x0117 | 0x0119 | 0x0122 | 0x0124 | 0x0210..=0x0212 => Outcome::Permanent,
        _ => Outcome::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_sorted_as_ps3_4_lists_them() {
        assert_eq!(outcome(0x0000), Outcome::Stored);
        assert_eq!(outcome(0xB007), Outcome::Stored);
        assert_eq!(outcome(0xA700), Outcome::Transient);
        assert_eq!(outcome(0xA900), Outcome::Permanent);
        assert_eq!(outcome(0xC123), Outcome::Permanent);
        assert_eq!(outcome(0x0110), Outcome::Transient);
    }
}
