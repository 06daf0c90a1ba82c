//! A folder: `STUDY/SERIES/SOP.dcm` of the new UIDs.

use super::Sent;
use crate::spool::Ready;
use std::fs::{self, File};
use std::io;
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
        let to = object_path(
            &self.path,
            ready.study_uid(),
            ready.series_uid(),
            ready.sop_instance_uid(),
        );
        let copied = tokio::task::spawn_blocking(move || place(&from, &to)).await;
        match copied {
            Ok(Ok(())) => Sent::Delivered { status: 0 },
            Ok(Err(error)) => {
                tracing::warn!(kind = ?error.kind(), "the folder cannot be written");
                Sent::Unreachable { why: "the folder cannot be written" }
            }
            Err(_) => Sent::Unreachable { why: "the copy was stopped" },
        }
    }
}

/// Where an object with these new UIDs lies under `root`. They are ours: digits and dots.
pub fn object_path(root: &Path, study: &str, series: &str, sop_instance: &str) -> PathBuf {
    let part = |uid: &str| if uid.is_empty() { NO_STUDY.to_owned() } else { uid.to_owned() };
    root.join(part(study)).join(part(series)).join(format!("{sop_instance}.dcm"))
}

/// Copies `from` to `to`, durable and whole or not at all.
pub(super) fn place(from: &Path, to: &Path) -> io::Result<()> {
    let directory = to.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    let partial = to.with_extension("part");
    fs::copy(from, &partial)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, to)?;
    // The directory's own name in its parents has to last as well.
    for ancestor in directory.ancestors().take(3) {
        if ancestor.as_os_str().is_empty() {
            break;
        }
        File::open(ancestor)?.sync_all()?;
    }
    Ok(())
}
