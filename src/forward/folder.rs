//! A folder: `STUDY/SERIES/SOP.dcm` of the new UIDs.

use super::Sent;
use crate::spool::Ready;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The directory of objects that belong to no Study or Series (colour palettes and the like).
const NO_STUDY: &str = "no-study";

/// A folder destination.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Copies the object: written beside, synced, renamed, its directory synced.
    pub async fn send(&self, ready: &Ready) -> Sent {
        let from = ready.path().to_owned();
        let root = self.path.clone();
        let to =
            object_path(&root, ready.study_uid(), ready.series_uid(), ready.sop_instance_uid());
        let copied = tokio::task::spawn_blocking(move || match fs::create_dir_all(&root) {
            Ok(()) => place(&from, &to).map_err(of_object),
            Err(error) => Err(of_folder(error.kind())),
        });
        match copied.await {
            Ok(Ok(())) => Sent::Delivered { status: 0 },
            Ok(Err(sent)) => sent,
            Err(_) => Sent::TryLater { status: None, why: "the copy was stopped" },
        }
    }
}

fn of_folder(kind: ErrorKind) -> Sent {
    tracing::warn!(?kind, "the folder cannot be written");
    Sent::Unreachable { why: "the folder cannot be written" }
}

/// What befell one object says nothing of the next, unless the folder takes none at all: on a full
/// disk a smaller one may still have room.
fn of_object(error: io::Error) -> Sent {
    match error.kind() {
        kind @ (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => of_folder(kind),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Sent::TryLater { status: None, why: "it does not fit the folder's disk" }
        }
        kind => {
            tracing::warn!(?kind, "an object cannot be written to the folder");
            Sent::TryLater { status: None, why: "it cannot be written to the folder" }
        }
    }
}

/// Where an object with these new UIDs lies under `root`. They are ours: digits and dots.
pub fn object_path(root: &Path, study: &str, series: &str, sop_instance: &str) -> PathBuf {
    let part = |uid: &str| if uid.is_empty() { NO_STUDY.to_owned() } else { uid.to_owned() };
    root.join(part(study)).join(part(series)).join(format!("{sop_instance}.dcm"))
}

/// Copies `from` to `to`, durable and whole or not at all.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    let directory = to.parent().ok_or(ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    let partial = to.with_extension("part");
    let written = fs::copy(from, &partial)
        .and_then(|_| File::open(&partial)?.sync_all())
        .and_then(|()| fs::rename(&partial, to));
    if let Err(error) = written {
        // It would keep the room that the next object needs.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    // The directory's own name in its parents has to last as well.
    for ancestor in directory.ancestors().take(3) {
        if ancestor.as_os_str().is_empty() {
            break;
        }
        File::open(ancestor)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_no_part_and_stops_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let from = directory.path().join("from");
        fs::write(&from, "result").expect("written");
        let to = object_path(directory.path(), "1", "2", "3");
        // a directory where the file should be: the rename fails
        fs::create_dir_all(to.join("in the way")).expect("made");
        let error = place(&from, &to).expect_err("in the way");
        assert!(matches!(of_object(error), Sent::TryLater { status: None, .. }));
        assert!(!to.with_extension("part").exists());
        fs::remove_dir_all(&to).expect("removed");
        place(&from, &to).expect("placed");
        assert_eq!(fs::read(&to).expect("there"), b"result");
    }

    #[test]
    fn a_full_disk_is_the_objects_fault_and_a_forbidden_folder_is_not() {
        assert!(matches!(of_object(ErrorKind::StorageFull.into()), Sent::TryLater { .. }));
        assert!(matches!(of_object(ErrorKind::PermissionDenied.into()), Sent::Unreachable { .. }));
    }
}
