//! The files of the steps. The parent alone knows their names.
//!
//! Invariants: a child gets an input that it cannot write, and writes to files without a name; a
//! result is a copy that was made after its child was done, so that no child has it open for writing
//! when it is verified, stored and sent.

use super::blocking;
use crate::config::Limits;
use crate::deid::hold::{Hold, HoldReason};
use crate::sandbox::{Files, RunError};
use std::fs::File;
use std::io::{self, ErrorKind, Seek};
use std::path::{Path, PathBuf};

/// The largest file that a child has a reason to write: a result, or what it inflates.
pub(super) fn largest_bytes(limits: &Limits) -> u64 {
    // Pixel Data of a result is below 4 GiB; a scrubbed header may be longer than it was.
    let result = u64::from(u32::MAX) + 4 * limits.max_header_bytes;
    // It is read beyond its limit to learn that it is longer.
    result.max(limits.max_inflated_bytes + 1)
}

/// An input. One that is not there, or not for us, is that input's fault.
pub(super) fn open(path: &Path) -> Result<File, RunError> {
    File::open(path).map_err(|error| match error.kind() {
        kind @ (ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory) => {
            Hold::new(HoldReason::NotDicom, format!("the file cannot be read: {kind:?}")).into()
        }
        kind => failed(kind),
    })
}

/// What a child needs that reads.
pub(super) fn of_input(input: &Path, scratch: &Path) -> Result<Files, RunError> {
    Ok(Files { input: open(input)?, scratch: nameless(scratch)?, output: None })
}

/// What a child needs that writes a result.
pub(super) fn with_output(input: &Path, scratch: &Path) -> Result<Files, RunError> {
    Ok(Files { output: Some(nameless(scratch)?), ..of_input(input, scratch)? })
}

fn nameless(directory: &Path) -> Result<File, RunError> {
    tempfile::tempfile_in(directory).map_err(|error| failed(error.kind()))
}

/// Gives what a child wrote a name: as a copy, which shares blocks where the file system can.
pub(super) async fn keep_output(files: Files, to: PathBuf) -> Result<(), RunError> {
    let Some(mut written) = files.output else { return Err(failed(ErrorKind::InvalidInput)) };
    let copy = move || -> io::Result<()> {
        written.rewind()?;
        let mut file = File::options().write(true).create(true).truncate(true).open(to)?;
        io::copy(&mut written, &mut file).map(|_| ())
    };
    blocking(copy).await?.map_err(|error| failed(error.kind()))
}

/// Removes a file of a round, if it is there.
pub(super) fn discard(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(kind = ?error.kind(), "an unfinished result could not be removed");
    }
}

fn failed(kind: ErrorKind) -> RunError {
    RunError::Failed(format!("{kind:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn a_child_that_goes_on_writing_changes_no_result() {
        let directory = tempfile::tempdir().expect("a directory");
        let (input, to) = (directory.path().join("in"), directory.path().join("out"));
        std::fs::write(&input, "original").expect("written");
        let files = with_output(&input, directory.path()).expect("open");
        assert!((&files.input).write_all(b"x").is_err(), "an input is read only");
        let mut of_child = files.output.as_ref().expect("there").try_clone().expect("a duplicate");
        of_child.write_all(b"result").expect("written");
        keep_output(files, to.clone()).await.expect("kept");
        of_child.write_all(b", and more").expect("written");
        of_child.rewind().and_then(|()| of_child.write_all(b"other!")).expect("written");
        assert_eq!(std::fs::read(&to).expect("readable"), b"result");
        let files = std::fs::read_dir(directory.path()).expect("readable").count();
        assert_eq!(files, 2, "nothing else has a name");
    }

    #[test]
    fn an_input_that_is_not_there_is_held() {
        let error = open(Path::new("/nowhere/at/all")).expect_err("not there");
        assert!(matches!(error, RunError::Hold(hold) if hold.reason == HoldReason::NotDicom));
    }
}
