//! `Deidentified`: a result that was verified. `accept` is its only constructor.

use super::header::Report;
use super::hold::{Hold, HoldReason};
use super::pixels::FrameDigest;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What `apply` wrote, by its own account; nothing leaves on the strength of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// SHA-256 of the file in hexadecimal, taken while writing.
    pub sha256: String,
    pub bytes: u64,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    /// New UIDs.
    pub study_uid: String,
    pub series_uid: String,
    pub sop_instance_uid: String,
    /// What each frame that was encoded must decode to.
    pub encoded: BTreeMap<u32, FrameDigest>,
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
    /// The first frame that is not what was encoded, as another library decodes it.
    pub not_given_back: Option<u32>,
}

/// A verified result. It cannot be deserialised, copied or built elsewhere.
#[derive(Debug)]
pub struct Deidentified {
    path: PathBuf,
    verdict: Verdict,
}

/// Accepts a candidate whose verdict speaks of the very same file: the one at `path`, which the
/// caller chose and which no child can write.
pub fn accept(
    path: PathBuf,
    candidate: &Candidate,
    verdict: Verdict,
) -> Result<Deidentified, Hold> {
    if let Some(frame) = verdict.not_given_back {
        let detail = format!("another decoder does not give back frame {frame}");
        return Err(Hold::new(HoldReason::VerificationFailed, detail));
    }
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
    Ok(Deidentified { path, verdict })
}

impl Deidentified {
    /// Holds a result whose file is no longer the one that was verified.
    pub fn check_intact(&self) -> Result<(), Hold> {
        let found = File::open(&self.path).and_then(|mut file| {
            let mut hasher = Sha256::new();
            let mut buffer = vec![0; 256 * 1024];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(hasher.finalize()),
                    read => hasher.update(&buffer[..read]),
                }
            }
        });
        let found = found.map(|digest| digest.iter().map(|b| format!("{b:02x}")).collect());
        match found {
            Ok::<String, _>(found) if found == self.verdict.sha256 => Ok(()),
            _ => {
                let detail = "the file of the result is not the one that was verified";
                Err(Hold::new(HoldReason::VerificationFailed, detail))
            }
        }
    }

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
    fn a_result_that_changed_after_its_verdict_is_held() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "abc").expect("written");
        // FIPS 180-2, appendix B.1.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into();
        let verdict = Verdict {
            sha256,
            bytes: 3,
            sop_class_uid: String::new(),
            transfer_syntax_uid: String::new(),
            study_uid: String::new(),
            series_uid: String::new(),
            sop_instance_uid: String::new(),
            not_given_back: None,
        };
        let result = Deidentified { path: file.path().to_owned(), verdict };
        assert_eq!(result.check_intact(), Ok(()));
        std::fs::write(file.path(), "abd").expect("written");
        let hold = result.check_intact().expect_err("changed");
        assert_eq!(hold.reason, HoldReason::VerificationFailed);
    }

    #[test]
    fn a_verdict_on_another_file_accepts_nothing() {
        let candidate = Candidate {
            sha256: "aa".into(),
            bytes: 2,
            sop_class_uid: "1".into(),
            transfer_syntax_uid: "2".into(),
            study_uid: "3".into(),
            series_uid: "4".into(),
            sop_instance_uid: "5".into(),
            encoded: BTreeMap::new(),
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
            not_given_back: None,
        };
        assert!(accept("x".into(), &candidate, verdict.clone()).is_ok());
        let other = Verdict { sha256: "ab".into(), ..verdict.clone() };
        let hold = accept("x".into(), &candidate, other).expect_err("another digest");
        assert_eq!(hold.reason, HoldReason::VerificationFailed);
        let unlike = Verdict { not_given_back: Some(0), ..verdict };
        let hold = accept("x".into(), &candidate, unlike).expect_err("another frame");
        assert_eq!(hold.reason, HoldReason::VerificationFailed);
    }
}
