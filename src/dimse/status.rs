//! The C-STORE statuses that this node answers and understands (PS3.4 table B.2-1, PS3.7 annex C).

/// Done, and durable.
pub const SUCCESS: u16 = 0x0000;
/// Processing failure.
pub const PROCESSING_FAILURE: u16 = 0x0110;
/// Duplicate SOP Instance: it is there already.
pub const DUPLICATE_SOP_INSTANCE: u16 = 0x0111;
/// No such SOP Instance.
pub const NO_SUCH_SOP_INSTANCE: u16 = 0x0112;
/// Invalid argument value.
pub const INVALID_ARGUMENT_VALUE: u16 = 0x0115;
/// No such SOP Class.
pub const NO_SUCH_SOP_CLASS: u16 = 0x0118;
/// The SOP Instance is of another SOP Class.
pub const CLASS_INSTANCE_CONFLICT: u16 = 0x0119;
/// No such action type.
pub const NO_SUCH_ACTION_TYPE: u16 = 0x0123;
/// Resource limitation.
pub const RESOURCE_LIMITATION: u16 = 0x0213;
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
    /// Success.
    Stored,
    /// Stored, with something to say about it.
    Warning,
    /// It has an object of this UID already.
    Duplicate,
    /// A failure that may pass: resources, processing.
    Transient,
    /// A failure that will repeat.
    Permanent,
}

/// Sorts a status of a C-STORE response. PS3.4 table B.2-1; statuses it does not list count as
/// transient, since an object must not be given up on a number nobody knows.
pub fn outcome(status: u16) -> Outcome {
    match status {
        SUCCESS => Outcome::Stored,
        // PS3.7 annex C: what is a warning; coercion, elements discarded, data set mismatch
        0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => Outcome::Warning,
        DUPLICATE_SOP_INSTANCE => Outcome::Duplicate,
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
        assert_eq!(outcome(0xB007), Outcome::Warning);
        assert_eq!(outcome(0xB123), Outcome::Warning);
        assert_eq!(outcome(0x0111), Outcome::Duplicate);
        assert_eq!(outcome(0xA700), Outcome::Transient);
        assert_eq!(outcome(0xA900), Outcome::Permanent);
        assert_eq!(outcome(0xC123), Outcome::Permanent);
        assert_eq!(outcome(0x0110), Outcome::Transient);
        assert_eq!(outcome(0xFE00), Outcome::Transient);
    }
}
