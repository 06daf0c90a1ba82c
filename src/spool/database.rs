//! One thread owns the SQLite connection; operations that wait at the same time share one commit.
//!
//! An operation's answer is given only after the commit that holds it. When a commit fails the
//! thread answers `Broken` for good: a failed sync may have lost pages, so it is never retried.

use super::{SpoolError, schema};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use tokio::sync::oneshot;

/// Operations in one commit at the most.
const GROUP: usize = 128;

type Reply = Box<dyn FnOnce(Result<(), SpoolError>) + Send>;
type Operation = Box<dyn FnOnce(&Connection) -> Reply + Send>;

/// A handle to the database thread.
#[derive(Clone)]
pub(super) struct Database {
    operations: mpsc::Sender<Operation>,
    path: PathBuf,
}

impl Database {
    /// Opens or makes the database file.
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let connection =
            Connection::open(path).map_err(|error| SpoolError::Database(error.to_string()))?;
        schema::prepare(&connection)?;
        let (operations, received) = mpsc::channel();
        std::thread::Builder::new()
            .name("spool".into())
            .spawn(move || run(&connection, &received))
            .map_err(|error| SpoolError::file(path, "cannot start its thread", &error))?;
        Ok(Self { operations, path: path.to_owned() })
    }

    /// Runs `operation` inside a transaction; returns once it is committed. An error undoes what
    /// this operation wrote, and only that.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let (answer, answered) = oneshot::channel();
        let boxed: Operation = Box::new(move |connection| {
            let outcome = in_savepoint(connection, operation);
            Box::new(move |committed| {
                let outcome = committed.and(outcome.map_err(SpoolError::from));
                let _ = answer.send(outcome);
            })
        });
        self.operations.send(boxed).map_err(|_| SpoolError::Broken)?;
        answered.await.map_err(|_| SpoolError::Broken)?
    }
}

impl Database {
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
        match emptied.await.map_err(|_| SpoolError::Broken)?? {
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

fn run(connection: &Connection, operations: &mpsc::Receiver<Operation>) {
    let mut broken = false;
    while let Ok(first) = operations.recv() {
        let began = if broken { false } else { begin(connection) };
        let mut replies = vec![first(connection)];
        while replies.len() < GROUP {
            let Ok(next) = operations.try_recv() else { break };
            replies.push(next(connection));
        }
        let committed = began && connection.execute_batch("COMMIT").is_ok();
        if !committed {
            broken = true;
            let _ = connection.execute_batch("ROLLBACK");
            tracing::error!("the spool's database refused a commit; restart after mending it");
        }
        for reply in replies {
            reply(if committed { Ok(()) } else { Err(SpoolError::Broken) });
        }
    }
}

fn begin(connection: &Connection) -> bool {
    connection.execute_batch("BEGIN IMMEDIATE").is_ok()
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
}
