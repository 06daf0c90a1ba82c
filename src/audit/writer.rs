//! Bringing events into the log. After a crash it goes on where the record of the spool says that it was:
//! what was written behind that is written again, the same.

use super::file_name;
use super::line::{BEGINNING, written};
use crate::spool::{LocalSpool, SpoolError};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Lines written at once.
const LINES: usize = 1000;
/// How often events are looked for.
const POLL: Duration = Duration::from_millis(500);
/// How long after a failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("{}: {source}", file.display())]
    File { file: PathBuf, source: io::Error },
}

/// Writes events until `stopping` turns true, and then those that are there.
pub async fn write(
    spool: Arc<LocalSpool>,
    directory: PathBuf,
    rotate_bytes: u64,
    mut stopping: watch::Receiver<bool>,
) {
    let mut failed = false;
    loop {
        let last = *stopping.borrow();
        let pause = match write_all(&spool, &directory, rotate_bytes).await {
            Ok(()) => {
                if std::mem::take(&mut failed) {
                    tracing::info!("the audit log is written again");
                }
                POLL
            }
            Err(error) => {
                // Events wait in the records of the spool: nothing of the trail is lost.
                if !std::mem::replace(&mut failed, true) {
                    tracing::error!(%error, "the audit log cannot be written: its events wait");
                }
                PAUSE
            }
        };
        if last {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

async fn write_all(
    spool: &LocalSpool,
    directory: &Path,
    rotate_bytes: u64,
) -> Result<(), WriteError> {
    let mut head = spool.audit_head().await?;
    loop {
        let events = spool.audit_events(LINES).await?;
        if events.is_empty() {
            return Ok(());
        }
        let (begun, directory) = (head.clone(), directory.to_owned());
        let done = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            let mut head = begun;
            let full = head.bytes >= rotate_bytes;
            let at = if full || head.seq == 0 { 0 } else { head.bytes };
            if at == 0 {
                head.file = file_name(events.first().map_or(1, |event| event.seq));
            }
            if head.seq == 0 {
                head.sha256 = BEGINNING.into();
            }
            for event in &events {
                // The rest comes with the next turn, into the next file.
                if !text.is_empty() && at + text.len() as u64 >= rotate_bytes {
                    break;
                }
                let (line, digest) = written(event, &head.sha256);
                text.push_str(&line);
                text.push('\n');
                (head.seq, head.sha256) = (event.seq, digest);
            }
            let file = directory.join(&head.file);
            head.bytes = append(&directory, &file, at, text.as_bytes())
                .map_err(|source| WriteError::File { file, source })?;
            Ok::<_, WriteError>(head)
        });
        head = done.await.map_err(|_| SpoolError::Stopped)??;
        spool.audit_written(head.clone()).await?;
    }
}

/// Writes behind the first `at` bytes of a file, and nothing stays behind that. A file that is shorter was
/// tampered with: what follows is written all the same, and `verify` tells. The length that it has then.
fn append(directory: &Path, path: &Path, at: u64, text: &[u8]) -> io::Result<u64> {
    std::fs::create_dir_all(directory)?;
    let mut file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    if length < at {
        tracing::error!(
            file = %path.display(),
            "the audit log is shorter than it was: somebody cut it; see `audit verify`"
        );
    }
    let at = at.min(length);
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(text)?;
    file.sync_all()?;
    File::open(directory)?.sync_all()?;
    Ok(at + text.len() as u64)
}
