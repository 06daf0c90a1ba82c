//! What was spent, by day and study: reserved in a durable record before a call, so that no crash and no
//! other process of this site spends it twice.
//!
//! The file knows studies by keyed digests alone.

use crate::config::Aws as Settings;
use crate::recognise::classify::{AskError, StudyTag};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a study may come back and still count as the same.
const REMEMBERED_DAYS: i64 = 400;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS costs (
        day INTEGER NOT NULL, study BLOB NOT NULL, micro_dollars INTEGER NOT NULL,
        PRIMARY KEY (day, study)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS costs_of_study ON costs (study);";

pub struct Costs {
    file: PathBuf,
    limits: Limits,
    records: Arc<Mutex<Records>>,
    /// Calls that were not made, by the limit.
    limited: Arc<[AtomicU64; 2]>,
}

/// The limits, as metrics name them.
const LIMITS: [&str; 2] = ["day", "study"];

/// In millionths of a US dollar; 0: none.
#[derive(Clone, Copy)]
struct Limits {
    study: u64,
    day: u64,
}

#[derive(Default)]
struct Records {
    connection: Option<Connection>,
    /// The day of which it was told that its limit is reached.
    told: Option<i64>,
    /// The last study of which it was told.
    told_study: Option<StudyTag>,
}

/// Which limit is reached: its index in `LIMITS`.
type Reached = usize;

impl Costs {
    pub fn new(file: PathBuf, settings: &Settings) -> Self {
        let limits = Limits {
            study: super::micro_dollars(settings.max_cost_per_study),
            day: super::micro_dollars(settings.max_cost_per_day),
        };
        Self { file, limits, records: Arc::default(), limited: Arc::default() }
    }

    /// Records a cost, or says that the object has to wait.
    pub async fn reserve(&self, study: StudyTag, micro_dollars: u64) -> Result<(), AskError> {
        let (file, limits, records) = (self.file.clone(), self.limits, Arc::clone(&self.records));
        let reserved = tokio::task::spawn_blocking(move || {
            let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
            records.reserve(&file, limits, study, micro_dollars, today())
        });
        match reserved.await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(reached))) => {
                self.limited[reached].fetch_add(1, Ordering::Relaxed);
                Err(AskError::Unavailable(format!("max_cost_per_{} is reached", LIMITS[reached])))
            }
            Ok(Err(error)) => Err(AskError::Unavailable(format!("record of costs: {error}"))),
            Err(_) => Err(AskError::Unavailable("record of costs: stopped".into())),
        }
    }

    /// Calls that were not made because a limit was reached, since the start.
    pub fn limited(&self) -> Vec<(&'static str, u64)> {
        let counts = self.limited.iter().map(|count| count.load(Ordering::Relaxed));
        LIMITS.into_iter().zip(counts).collect()
    }
}

impl Records {
    fn reserve(
        &mut self,
        file: &Path,
        limits: Limits,
        study: StudyTag,
        micro_dollars: u64,
        day: i64,
    ) -> rusqlite::Result<Result<(), Reached>> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(open(file)?),
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sum = |sql: &str, of: &dyn rusqlite::ToSql| -> rusqlite::Result<u64> {
            transaction.query_row(sql, [of], |row| row.get::<_, i64>(0)).map(|sum| sum as u64)
        };
        let of_day = sum("SELECT COALESCE(SUM(micro_dollars), 0) FROM costs WHERE day = ?1", &day)?;
        let of_study = sum(
            "SELECT COALESCE(SUM(micro_dollars), 0) FROM costs WHERE study = ?1",
            &study.0.as_slice(),
        )?;
        let is_over = |limit: u64, spent: u64| limit > 0 && spent + micro_dollars > limit;
        if is_over(limits.day, of_day) {
            if self.told.replace(day) != Some(day) {
                tracing::error!("max_cost_per_day is reached: objects wait for tomorrow");
            }
            return Ok(Err(0));
        }
        if is_over(limits.study, of_study) {
            if self.told_study.replace(study) != Some(study) {
                tracing::error!("max_cost_per_study is reached: objects of a study wait");
            }
            return Ok(Err(1));
        }
        transaction.execute(
            "INSERT INTO costs VALUES (?1, ?2, ?3)
             ON CONFLICT (day, study) DO UPDATE SET micro_dollars = micro_dollars + ?3",
            params![day, study.0.as_slice(), micro_dollars as i64],
        )?;
        transaction.execute("DELETE FROM costs WHERE day < ?1", [day - REMEMBERED_DAYS])?;
        transaction.commit()?;
        Ok(Ok(()))
    }
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    if let Some(directory) = file.parent() {
        // If it cannot be made, opening says why.
        let _ = std::fs::create_dir_all(directory);
    }
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

/// Days since 1970, of UTC.
fn today() -> i64 {
    DateTime::<Utc>::from(SystemTime::now()).timestamp().div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_TESTS: Limits = Limits { study: 300, day: 500 };

    fn reserve(records: &mut Records, file: &Path, study: u8, cost: u64, day: i64) -> bool {
        let study = StudyTag([study; 16]);
        records.reserve(file, OF_TESTS, study, cost, day).expect("a record").is_ok()
    }

    #[test]
    fn limits_of_study_and_day_hold_also_after_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("new").join("costs.sqlite");
        let mut records = Records::default();
        assert!(reserve(&mut records, &file, 1, 300, 7));
        assert!(!reserve(&mut records, &file, 1, 1, 7), "the study has its limit");
        drop(records);
        let mut records = Records::default();
        assert!(!reserve(&mut records, &file, 1, 1, 8), "on another day as well");
        assert!(!reserve(&mut records, &file, 2, 201, 7), "the day has 200 left");
        assert!(reserve(&mut records, &file, 2, 200, 7));
        assert!(reserve(&mut records, &file, 3, 300, 8));
    }

    #[test]
    fn no_limit_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("costs.sqlite");
        let none = Limits { study: 0, day: 0 };
        let mut records = Records::default();
        for _ in 0..3 {
            let reserved = records.reserve(&file, none, StudyTag([0; 16]), 1 << 40, 1);
            assert!(reserved.expect("a record").is_ok());
        }
    }
}
