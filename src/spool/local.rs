//! The spool of one node: SQLite and one file per object in a directory.

use super::database::Database;
use super::files::{self, Directories};
use super::jobs::hold_job;
use super::originals::PART;
use super::sets::Sets;
use super::{SpoolError, UnixMs};
use crate::deid::hold::{Hold, HoldReason};
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::Connection;
use sha2::Sha256;
use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::Path;
use tokio::sync::{Notify, RwLock, watch};

/// The records and payloads of one gateway.
pub struct LocalSpool {
    pub(super) database: Database,
    pub(super) directories: Directories,
    pub(super) hash_key: [u8; 32],
    /// What identifies patients.
    pub(super) sets: Sets,
    /// Shared by those who name sets that are there, alone for who adds or removes some.
    pub(super) sets_lock: RwLock<()>,
    /// Signalled when an Original may wait to be routed.
    pub originals_changed: Notify,
    /// Signalled when a Job may wait to be worked on.
    pub jobs_changed: Notify,
    /// Changes when a delivery may be due; every destination subscribes.
    pub deliveries_changed: watch::Sender<u64>,
    _lock: Option<File>,
}

impl LocalSpool {
    /// Opens the spool for a gateway: one at a time, reconciled with its files.
    pub async fn open(
        directory: &Path,
        hash_key: [u8; 32],
        now_ms: UnixMs,
    ) -> Result<Self, SpoolError> {
        let lock = lock(directory)?;
        let directories = Directories::prepare(directory)?;
        let database = directory.join("spool.sqlite");
        if !database.exists() && !names(&directories.originals, "dcm")?.is_empty() {
            return Err(SpoolError::RecordsGone { database });
        }
        let spool = Self::connect(directory, directories, hash_key, Some(lock))?;
        spool.check_key().await?;
        spool.reconcile(now_ms).await?;
        spool.reconcile_sets().await?;
        spool.reconcile_commitments().await?;
        Ok(spool)
    }

    /// Whether there is a spool in a directory.
    pub fn is_at(directory: &Path) -> bool {
        directory.join("spool.sqlite").exists()
    }

    /// Opens the records of a spool that a gateway may be using, for looking and deciding only.
    pub fn attach(directory: &Path) -> Result<Self, SpoolError> {
        let database = directory.join("spool.sqlite");
        if !Self::is_at(directory) {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(SpoolError::file(database, "there is no spool here", &missing));
        }
        let directories = Directories {
            originals: directory.join("originals"),
            results: directory.join("results"),
            work: directory.join("work"),
            identifiers: directory.join("identifiers"),
        };
        Self::connect(directory, directories, [0; 32], None)
    }

    fn connect(
        directory: &Path,
        directories: Directories,
        hash_key: [u8; 32],
        lock: Option<File>,
    ) -> Result<Self, SpoolError> {
        let database = Database::open(&directory.join("spool.sqlite"))?;
        Ok(Self {
            database,
            sets: Sets::new(&directories.identifiers, hash_key),
            sets_lock: RwLock::new(()),
            directories,
            hash_key,
            originals_changed: Notify::new(),
            jobs_changed: Notify::new(),
            deliveries_changed: watch::Sender::new(0),
            _lock: lock,
        })
    }

    /// A directory of the spool for files that are never recorded; emptied at each start.
    pub fn scratch(&self) -> &Path {
        &self.directories.work
    }

    /// Bytes that a new payload could still use.
    pub fn free_bytes(&self) -> Result<u64, SpoolError> {
        let path = &self.directories.originals;
        let stat = rustix::fs::statvfs(path)
            .map_err(|e| SpoolError::file(path, "cannot ask for free space", &e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    pub(super) fn keyed_hash(&self, uid: &str) -> Vec<u8> {
        keyed_hash(&self.hash_key, uid)
    }

    /// After a crash: unfinished files go, payloads without a record are recorded again, records
    /// without a payload are held.
    async fn reconcile(&self, now_ms: UnixMs) -> Result<(), SpoolError> {
        let open = self.database.call(|c| {
            let mut statement = c.prepare("SELECT id FROM originals WHERE state != 'ended'")?;
            let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
            ids.collect::<rusqlite::Result<HashSet<_>>>()
        });
        let open = open.await?;
        for id in names(&self.directories.originals, PART)? {
            files::remove(&self.directories.original(&id).with_extension(PART));
        }
        let present = names(&self.directories.originals, "dcm")?;
        for id in present.difference(&open) {
            self.resolve(id.clone(), now_ms).await?;
        }
        let missing: Vec<String> = open.difference(&present).cloned().collect();
        if !missing.is_empty() {
            tracing::error!(count = missing.len(), "records without their payload: held");
        }
        self.database.call(move |c| hold_missing(c, &missing, now_ms)).await?;
        self.remove_unrecorded_results().await?;
        tracing::info!(open = open.len(), "spool opened");
        Ok(())
    }

    /// A payload that no open record names: its record has ended, or was lost.
    async fn resolve(&self, id: String, now_ms: UnixMs) -> Result<(), SpoolError> {
        let of_id = id.clone();
        let sql = "SELECT count(*) > 0 FROM originals WHERE id = ?1";
        let ended = self.database.call(move |c| c.query_row(sql, [of_id], |row| row.get(0)));
        if ended.await? {
            files::remove(&self.directories.original(&id));
        } else if self.adopt(id, now_ms).await? {
            tracing::warn!("a payload without a record was recorded again");
        } else {
            tracing::error!("a file among the originals that is none: left alone");
        }
        Ok(())
    }

    async fn remove_unrecorded_results(&self) -> Result<(), SpoolError> {
        let kept = self.database.call(|c| {
            let mut statement = c.prepare("SELECT id FROM jobs WHERE result_kept = 1")?;
            let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
            ids.map(|id| id.map(|id| id.to_string())).collect::<rusqlite::Result<HashSet<_>>>()
        });
        for id in names(&self.directories.results, "dcm")?.difference(&kept.await?) {
            files::remove(&self.directories.results.join(format!("{id}.dcm")));
        }
        Ok(())
    }

    /// A spool belongs to one site key: under another its hashes would know nothing any more.
    async fn check_key(&self) -> Result<(), SpoolError> {
        let found = self.keyed_hash("the key of this spool");
        let check = found.clone();
        let stored = self.database.call(move |c| {
            c.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?1)", [&check])?;
            let sql = "SELECT value FROM meta WHERE name = 'key'";
            c.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0))
        });
        if stored.await? == found { Ok(()) } else { Err(SpoolError::OtherKey) }
    }
}

/// How the database knows a UID.
pub(super) fn keyed_hash(key: &[u8; 32], uid: &str) -> Vec<u8> {
    // HMAC takes a key of any length, so this cannot fail; an empty hash would match nothing.
    let mac = Hmac::<Sha256>::new_from_slice(key);
    mac.map(|mut mac| {
        mac.update(uid.as_bytes());
        mac.finalize().into_bytes().to_vec()
    })
    .unwrap_or_default()
}

fn hold_missing(c: &Connection, missing: &[String], now_ms: UnixMs) -> rusqlite::Result<()> {
    let hold = Hold::new(HoldReason::StorageDamaged, "the payload file is gone");
    for id in missing {
        let mut statement = c.prepare_cached("SELECT id FROM jobs WHERE original = ?1")?;
        let jobs = statement.query_map([id], |row| row.get::<_, i64>(0))?;
        for job in jobs.collect::<rusqlite::Result<Vec<_>>>()? {
            hold_job(c, job, &hold, now_ms)?;
        }
    }
    Ok(())
}

/// The names, without it, of the files of a directory that have this extension.
fn names(directory: &Path, extension: &str) -> Result<HashSet<String>, SpoolError> {
    let read = std::fs::read_dir(directory)
        .map_err(|e| SpoolError::file(directory, "cannot list this directory", &e))?;
    let paths = read.flatten().map(|entry| entry.path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    let stems = wanted.filter_map(|path| path.file_stem()?.to_str().map(str::to_owned));
    Ok(stems.collect())
}

fn lock(directory: &Path) -> Result<File, SpoolError> {
    files::private_directory(directory)?;
    let path = directory.join("lock");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|e| SpoolError::file(&path, "cannot make this file", &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse(directory.to_owned())),
        Err(TryLockError::Error(e)) => Err(SpoolError::file(&path, "cannot lock", &e)),
    }
}
