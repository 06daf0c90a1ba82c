//! One thread owns the SQLite connection; operations that wait at the same time share one commit.
//!
//! Invariants: an operation runs inside a transaction or not at all, and its answer is given only
//! after the commit that holds it. `Busy`, `Full` and `Stopped` say that nothing was written;
//! `Broken`, that it cannot be known. After a commit that failed in an unknown way the thread takes
//! nothing more: a failed sync may have lost pages, so it is never retried.

use super::{SpoolError, schema};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use tokio::sync::oneshot;

/// Operations in one commit at the most.
const GROUP: usize = 128;

type Reply = Box<dyn FnOnce(Result<(), SpoolError>) + Send>;
/// Without a connection there is no transaction, and nothing is run.
type Operation = Box<dyn FnOnce(Option<&Connection>) -> Reply + Send>;

/// A handle to the database thread.
#[derive(Clone)]
pub(super) struct Database {
    operations: mpsc::Sender<Operation>,
    path: PathBuf,
    stopped: Arc<AtomicBool>,
}

impl Database {
    /// Opens or makes the database file.
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let connection =
            Connection::open(path).map_err(|error| SpoolError::Database(error.to_string()))?;
        schema::prepare(&connection)?;
        let (operations, received) = mpsc::channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        std::thread::Builder::new()
            .name("spool".into())
            .spawn(move || run(&connection, &received, &flag))
            .map_err(|error| SpoolError::file(path, "cannot start its thread", &error))?;
        Ok(Self { operations, path: path.to_owned(), stopped })
    }

    /// Runs `operation` inside a transaction; returns once it is committed. An error undoes what
    /// this operation wrote, and only that.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let (answer, answered) = oneshot::channel();
        let boxed: Operation = Box::new(move |connection| {
            let outcome = connection.map(|connection| in_savepoint(connection, operation));
            Box::new(move |committed| {
                let outcome = committed.and_then(|()| match outcome {
                    Some(outcome) => outcome.map_err(SpoolError::from),
                    None => Err(SpoolError::Stopped),
                });
                let _ = answer.send(outcome);
            })
        });
        self.operations.send(boxed).map_err(|_| SpoolError::Stopped)?;
        answered.await.map_err(|_| SpoolError::Broken)?
    }

    /// Whether it takes nothing more until a restart.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Moves everything from the journal into the database, and leaves the journal empty: it holds
    /// what records were before.
    pub(super) async fn empty_journal(&self) -> Result<(), SpoolError> {
        let path = self.path.clone();
        let emptied = tokio::task::spawn_blocking(move || -> rusqlite::Result<bool> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
            let busy = "PRAGMA wal_checkpoint(TRUNCATE)";
            Ok(connection.query_row(busy, [], |row| row.get::<_, i64>(0))? == 0)
        });
        match emptied.await.map_err(|_| SpoolError::Stopped)?? {
            true => Ok(()),
            false => Err(SpoolError::Database("in use; stop what reads it and repeat this".into())),
        }
    }
}

impl From<rusqlite::Error> for SpoolError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Self::NoSuchRecord,
            other => Self::Database(other.to_string()),
        }
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    operation: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT operation")?;
    let outcome = operation(connection);
    let end = match outcome {
        Ok(_) => "RELEASE operation",
        Err(_) => "ROLLBACK TO operation; RELEASE operation",
    };
    connection.execute_batch(end)?;
    outcome
}

fn run(connection: &Connection, operations: &mpsc::Receiver<Operation>, stopped: &AtomicBool) {
    while let Ok(first) = operations.recv() {
        let began = match stopped.load(Ordering::Relaxed) {
            true => Err(SpoolError::Stopped),
            false => connection.execute_batch("BEGIN IMMEDIATE").map_err(|e| not_written(&e)),
        };
        let open = began.is_ok().then_some(connection);
        let mut replies = vec![first(open)];
        while replies.len() < GROUP && !is_undone(open) {
            let Ok(next) = operations.try_recv() else { break };
            replies.push(next(open));
        }
        let outcome = began.and_then(|()| commit(connection, stopped));
        for reply in replies {
            reply(outcome.clone());
        }
    }
}

/// Whether SQLite rolled the whole transaction back, as it does when a write fails: the operations
/// before it are undone too, and one after it would be outside of any.
fn is_undone(open: Option<&Connection>) -> bool {
    open.is_some_and(Connection::is_autocommit)
}

fn commit(connection: &Connection, stopped: &AtomicBool) -> Result<(), SpoolError> {
    if is_undone(Some(connection)) {
        tracing::error!("the spool's database could not be written: undone");
        return Err(SpoolError::Full);
    }
    let Err(error) = connection.execute_batch("COMMIT") else { return Ok(()) };
    // SQLite undoes by itself what it could not write.
    let undone = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) && undone {
        tracing::error!("no room for the spool's database");
        return Err(SpoolError::Full);
    }
    stopped.store(true, Ordering::Relaxed);
    tracing::error!("the spool's database refused a commit; restart after mending it");
    Err(SpoolError::Broken)
}

/// Why a transaction could not begin.
fn not_written(error: &rusqlite::Error) -> SpoolError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SpoolError::Busy,
        Some(ErrorCode::DiskFull) => SpoolError::Full,
        _ => SpoolError::Database(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_operation_undoes_only_itself() {
        let directory = tempfile::tempdir().expect("a directory");
        let database = Database::open(&directory.path().join("spool.sqlite")).expect("opened");
        let insert = |digest: &'static str, fail: bool| {
            let database = database.clone();
            async move {
                database
                    .call(move |c| {
                        c.execute("INSERT INTO profiles VALUES (?1, '{}')", [digest])?;
                        if fail { Err(rusqlite::Error::InvalidQuery) } else { Ok(()) }
                    })
                    .await
            }
        };
        let (a, b, c) = tokio::join!(insert("a", false), insert("b", true), insert("c", false));
        assert!(a.is_ok() && b.is_err() && c.is_ok());
        let count = database
            .call(|c| c.query_row("SELECT count(*) FROM profiles", [], |row| row.get::<_, i64>(0)));
        assert_eq!(count.await.expect("counted"), 2);
    }

    async fn insert(database: &Database, digest: &str) -> Result<(), SpoolError> {
        let digest = digest.to_owned();
        let sql = "INSERT INTO profiles VALUES (?1, '{}')";
        database.call(move |c| c.execute(sql, [&digest]).map(|_| ())).await
    }

    async fn profiles(database: &Database) -> i64 {
        let sql = "SELECT count(*) FROM profiles";
        let count = database.call(move |c| c.query_row(sql, [], |row| row.get(0))).await;
        count.expect("counted")
    }

    #[tokio::test]
    async fn while_another_process_holds_the_database_nothing_is_written_and_afterwards_all_goes_on()
     {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("spool.sqlite");
        let database = Database::open(&path).expect("opened");
        let quick = "PRAGMA busy_timeout = 20";
        database.call(move |c| c.query_row(quick, [], |_| Ok(()))).await.expect("set");
        let other = Connection::open(&path).expect("opened");
        other.execute_batch("BEGIN IMMEDIATE").expect("held");
        let refused = insert(&database, "a").await;
        assert!(matches!(refused, Err(SpoolError::Busy)), "{refused:?}");
        assert!(!database.is_stopped());
        other.execute_batch("COMMIT").expect("given back");
        assert_eq!(profiles(&database).await, 0);
        insert(&database, "a").await.expect("written");
        assert_eq!(profiles(&database).await, 1);
    }

    #[tokio::test]
    async fn a_database_that_may_not_grow_undoes_and_goes_on_when_it_may() {
        let directory = tempfile::tempdir().expect("a directory");
        let database = Database::open(&directory.path().join("spool.sqlite")).expect("opened");
        let pages = |count: i64| format!("PRAGMA max_page_count = {count}");
        let limit = pages(1);
        database.call(move |c| c.query_row(&limit, [], |_| Ok(()))).await.expect("set");
        let large = "x".repeat(1 << 20);
        let refused = insert(&database, &large).await;
        assert!(matches!(refused, Err(SpoolError::Full)), "{refused:?}");
        assert!(!database.is_stopped());
        let limit = pages(1 << 20);
        database.call(move |c| c.query_row(&limit, [], |_| Ok(()))).await.expect("set");
        assert_eq!(profiles(&database).await, 0);
        insert(&database, &large).await.expect("written");
        assert_eq!(profiles(&database).await, 1);
    }
}
