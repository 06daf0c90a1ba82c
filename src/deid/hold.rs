//! Why an object waits for a person instead of leaving. A `Hold` names tags, counts and limits,
//! never a value of the object.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The reason codes, stable across versions: operators filter and script by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// No DICOM Part 10 file, or a data set that does not parse.
    NotDicom,
    /// The data ends inside an element, item or sequence.
    Truncated,
    /// The element stream breaks a rule of PS3.5 that the output could not keep.
    Malformed,
    /// Nesting, element count, declared length, frame count or decoded size beyond the limits.
    LimitExceeded,
    /// A transfer syntax that is not known here.
    TransferSyntaxUnknown,
    /// A SOP class whose content cannot be cleaned here (documents, recordings, raw data, ...).
    SopClassNotCleanable,
    /// A face may be recognised, and the profile holds such objects.
    RecognizableFace,
    /// Pixel Data in a transfer syntax for which there is no decoder, or at a URL.
    PixelsNotDecodable,
    /// Pixel Data whose size or codestream contradicts the header.
    PixelsMismatch,
    /// Text detection failed or timed out.
    DetectionFailed,
    /// An identifier of the patient is still in the header of the result.
    IdentifierRemains,
    /// Text that had to be hidden can still be read in the result.
    TextRemains,
    /// The result is not what was decided (geometry, boxes, digest, file format).
    VerificationFailed,
    /// The same SOP Instance UID arrived before with other content.
    ChangedDuplicate,
    /// The site's lookup file does not hold the patient.
    UnknownPatient,
    /// The key under which the Job was routed is not among the keys of the site.
    UnknownKey,
    /// The child process that handled the object crashed.
    SandboxCrashed,
    /// The child process exceeded its memory limit.
    SandboxMemory,
    /// The child process exceeded its time limit.
    SandboxTimeout,
    /// Work on it was begun again and again and came to no end: the disk had no room for its result,
    /// a step could not run, or the gateway itself did not survive it.
    StepFailed,
    /// The profile that was frozen with the Job cannot be read by this version of the program.
    ProfileUnreadable,
    /// The destination refused the object for good.
    Refused,
    /// A stored payload no longer has the digest that its record states.
    StorageDamaged,
    /// No route matches.
    NoRoute,
    /// A route holds it.
    HeldByRoute,
    /// A route asks of the header what could not be read.
    RouteUndecided,
}

impl HoldReason {
    /// Every reason, for `--reason` and the documentation.
    pub const ALL: [HoldReason; 26] = [
        Self::NotDicom,
        Self::Truncated,
        Self::Malformed,
        Self::LimitExceeded,
        Self::TransferSyntaxUnknown,
        Self::SopClassNotCleanable,
        Self::RecognizableFace,
        Self::PixelsNotDecodable,
        Self::PixelsMismatch,
        Self::DetectionFailed,
        Self::IdentifierRemains,
        Self::TextRemains,
        Self::VerificationFailed,
        Self::ChangedDuplicate,
        Self::UnknownPatient,
        Self::UnknownKey,
        Self::SandboxCrashed,
        Self::SandboxMemory,
        Self::SandboxTimeout,
        Self::StepFailed,
        Self::ProfileUnreadable,
        Self::Refused,
        Self::StorageDamaged,
        Self::NoRoute,
        Self::HeldByRoute,
        Self::RouteUndecided,
    ];

    /// The code as it is stored, printed and typed.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotDicom => "not-dicom",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::LimitExceeded => "limit-exceeded",
            Self::TransferSyntaxUnknown => "transfer-syntax-unknown",
            Self::SopClassNotCleanable => "sop-class-not-cleanable",
            Self::RecognizableFace => "recognizable-face",
            Self::PixelsNotDecodable => "pixels-not-decodable",
            Self::PixelsMismatch => "pixels-mismatch",
            Self::DetectionFailed => "detection-failed",
            Self::IdentifierRemains => "identifier-remains",
            Self::TextRemains => "text-remains",
            Self::VerificationFailed => "verification-failed",
            Self::ChangedDuplicate => "changed-duplicate",
            Self::UnknownPatient => "unknown-patient",
            Self::UnknownKey => "unknown-key",
            Self::SandboxCrashed => "sandbox-crashed",
            Self::SandboxMemory => "sandbox-memory",
            Self::SandboxTimeout => "sandbox-timeout",
            Self::StepFailed => "step-failed",
            Self::ProfileUnreadable => "profile-unreadable",
            Self::Refused => "refused",
            Self::StorageDamaged => "storage-damaged",
            Self::NoRoute => "no-route",
            Self::HeldByRoute => "held-by-route",
            Self::RouteUndecided => "route-undecided",
        }
    }

    /// The reason with this code, if there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// A reason code and what a person needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Hold {
    /// The stable code.
    pub reason: HoldReason,
    /// What was found and where, without any value of the object.
    pub detail: String,
}

impl Hold {
    /// A hold; `detail` must not quote a value of the object.
    pub fn new(reason: HoldReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_its_reason() {
        for reason in HoldReason::ALL {
            assert_eq!(HoldReason::from_code(reason.code()), Some(reason));
            let stored = serde_json::to_string(&reason).expect("a unit variant serialises");
            assert_eq!(stored, format!("\"{}\"", reason.code()));
        }
        assert_eq!(HoldReason::from_code("fine"), None);
    }
}
