//! A JSON report of each DICOM result, named by its new SOP Instance UID: places and rules, never a value.

use crate::config::{Config, Profile};
use crate::deid::accept::Deidentified;
use crate::deid::header::ProjectKey;
use crate::deid::hold::{Hold, HoldReason};
use crate::worker::{ObjectReport, WorkReport};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::NamedTempFile;

pub(super) struct Reports {
    directory: PathBuf,
    project: String,
    key_id: String,
}

impl Reports {
    pub fn new(directory: PathBuf, config: &Config, key: &ProjectKey) -> Self {
        Self { directory, project: config.deid.project.clone(), key_id: key.key_id() }
    }

    /// Writes the report of a result beside those of others, without a name yet.
    pub fn write(
        &self,
        result: &Deidentified,
        profile: &Profile,
        work: &WorkReport,
    ) -> Result<NamedTempFile, Hold> {
        let report = ObjectReport {
            sop_instance_uid: result.sop_instance_uid().to_owned(),
            sop_class_uid: result.sop_class_uid().to_owned(),
            profile: profile.name.clone(),
            profile_sha256: profile.digest(),
            project: self.project.clone(),
            key_id: self.key_id.clone(),
            work,
        };
        let written = || -> std::io::Result<NamedTempFile> {
            // readable by whom the results are, and not by its owner alone
            let mode = std::fs::Permissions::from_mode(0o666);
            let mut file =
                tempfile::Builder::new().permissions(mode).tempfile_in(&self.directory)?;
            file.write_all(report.json()?.as_bytes())?;
            Ok(file)
        };
        written().map_err(|error| unreported(&error))
    }

    /// Gives it its name.
    pub fn keep(&self, report: NamedTempFile, of: &Deidentified) -> Result<(), Hold> {
        let to = self.directory.join(format!("{}.json", of.sop_instance_uid()));
        report.persist(to).map(|_| ()).map_err(|error| unreported(&error.error))
    }
}

fn unreported(error: &std::io::Error) -> Hold {
    let detail = format!("the reports folder cannot be written: {:?}", error.kind());
    Hold::new(HoldReason::VerificationFailed, detail)
}
