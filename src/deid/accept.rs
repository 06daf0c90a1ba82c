//! `Deidentified`: a result that was verified. `accept` is its only constructor.

use super::header::Report;
use super::hold::{Hold, HoldReason};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `apply` wrote, by its own account; nothing leaves on the strength of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal, taken while writing.
    pub sha256: String,
    pub bytes: u64,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    /// New UIDs.
    pub study_uid: String,
    pub series_uid: String,
    pub sop_instance_uid: String,
    /// What was done to the header.
    pub header: Report,
}

/// What `verify`, in a process that never parsed the original, found of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// SHA-256 of the file as it was read back.
    pub sha256: String,
    pub bytes: u64,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    pub study_uid: String,
    pub series_uid: String,
    pub sop_instance_uid: String,
}

/// A verified result. It cannot be deserialised, copied or built elsewhere.
#[derive(Debug)]
pub struct Deidentified {
    path: PathBuf,
    verdict: Verdict,
}

/// Accepts a candidate whose verdict speaks of the very same file.
pub fn accept(candidate: Candidate, verdict: Verdict) -> Result<Deidentified, Hold> {
    let same = candidate.sha256 == verdict.sha256
        && candidate.bytes == verdict.bytes
        && candidate.sop_class_uid == verdict.sop_class_uid
        && candidate.transfer_syntax_uid == verdict.transfer_syntax_uid
        && candidate.study_uid == verdict.study_uid
        && candidate.series_uid == verdict.series_uid
        && candidate.sop_instance_uid == verdict.sop_instance_uid;
    if !same {
        let detail = "the verdict speaks of another file than the one that was written";
        return Err(Hold::new(HoldReason::VerificationFailed, detail));
    }
    Ok(Deidentified { path: candidate.path, verdict })
}

impl Deidentified {
    /// The Part 10 file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn sha256(&self) -> &str {
        &self.verdict.sha256
    }

    pub fn bytes(&self) -> u64 {
        self.verdict.bytes
    }

    pub fn sop_class_uid(&self) -> &str {
        &self.verdict.sop_class_uid
    }

    pub fn transfer_syntax_uid(&self) -> &str {
        &self.verdict.transfer_syntax_uid
    }

    /// The new Study Instance UID.
    pub fn study_uid(&self) -> &str {
        &self.verdict.study_uid
    }

    /// The new Series Instance UID.
    pub fn series_uid(&self) -> &str {
        &self.verdict.series_uid
    }

    /// The new SOP Instance UID.
    pub fn sop_instance_uid(&self) -> &str {
        &self.verdict.sop_instance_uid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_on_another_file_accepts_nothing() {
        let candidate = Candidate {
            path: "x".into(),
            sha256: "aa".into(),
            bytes: 2,
            sop_class_uid: "1".into(),
            transfer_syntax_uid: "2".into(),
            study_uid: "3".into(),
            series_uid: "4".into(),
            sop_instance_uid: "5".into(),
            header: Report::default(),
        };
        let verdict = Verdict {
            sha256: "aa".into(),
            bytes: 2,
            sop_class_uid: "1".into(),
            transfer_syntax_uid: "2".into(),
            study_uid: "3".into(),
            series_uid: "4".into(),
            sop_instance_uid: "5".into(),
        };
        assert!(accept(candidate.clone(), verdict.clone()).is_ok());
        let other = Verdict { sha256: "ab".into(), ..verdict };
        let hold = accept(candidate, other).expect_err("another digest");
        assert_eq!(hold.reason, HoldReason::VerificationFailed);
    }
}
