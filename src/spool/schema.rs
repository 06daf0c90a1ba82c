//! The tables, and their version.

use super::audit::AUDIT_5;
use super::destinations::FORWARD_3;
use super::studies::STUDIES_4;
use super::{SpoolError, migrate};
use rusqlite::Connection;

/// Of the tables below.
const VERSION: i64 = 5;

const TABLES: &str = "
CREATE TABLE originals (
    id              TEXT PRIMARY KEY,
    sop_hash        BLOB NOT NULL,
    sha256          TEXT NOT NULL,
    bytes           INTEGER NOT NULL,
    sop_class       TEXT NOT NULL,
    transfer_syntax TEXT NOT NULL,
    calling_ae      TEXT NOT NULL,
    called_ae       TEXT NOT NULL,
    peer            TEXT NOT NULL,
    received_ms     INTEGER NOT NULL,
    changed         INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('received', 'routed', 'ended'))
) STRICT;
CREATE INDEX originals_by_sop ON originals (sop_hash);
CREATE INDEX originals_open ON originals (state) WHERE state != 'ended';

CREATE TABLE profiles (digest TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job         INTEGER NOT NULL REFERENCES jobs (id),
    destination TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_ms     INTEGER NOT NULL DEFAULT 0,
    status      INTEGER,
    updated_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_by_job ON deliveries (job);
CREATE INDEX deliveries_waiting ON deliveries (destination, next_ms) WHERE state = 'waiting';

CREATE TABLE decisions (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    job     INTEGER NOT NULL REFERENCES jobs (id),
    who     TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    what    TEXT NOT NULL
) STRICT;
";

/// `attempts` counts how often work on it began and came to no end, `next_ms` is when it may begin
/// again. `route` names the routes by which a Job was made or dropped, joined by commas; a Job without
/// a profile has the empty one. `patient_hash` and `patient_id_hash` are keyed hashes of whose object it is, with and without the
/// issuer; they are there once the object was opened. `new_patient` is the PatientID of the result.
pub(super) const JOBS_COLUMNS: &str = "(
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    original        TEXT NOT NULL REFERENCES originals (id),
    profile         TEXT NOT NULL,
    profile_digest  TEXT NOT NULL REFERENCES profiles (digest),
    project         TEXT NOT NULL,
    key_id          TEXT NOT NULL,
    state           TEXT NOT NULL
                    CHECK (state IN ('waiting', 'ready', 'held', 'ended', 'rejected', 'dropped')),
    held_reason     TEXT,
    held_detail     TEXT,
    report          TEXT,
    result_sha256   TEXT,
    result_bytes    INTEGER,
    sop_class       TEXT,
    transfer_syntax TEXT,
    new_study       TEXT,
    new_series      TEXT,
    new_sop         TEXT,
    result_kept     INTEGER NOT NULL DEFAULT 0,
    updated_ms      INTEGER NOT NULL,
    patient_hash    BLOB,
    patient_id_hash BLOB,
    new_patient     TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_ms         INTEGER NOT NULL DEFAULT 0,
    route           TEXT
) STRICT;";

pub(super) const JOBS_INDEXES: &str = "
CREATE INDEX jobs_by_original ON jobs (original);
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_patient ON jobs (patient_hash) WHERE patient_hash IS NOT NULL;
CREATE INDEX jobs_by_patient_id ON jobs (patient_id_hash) WHERE patient_id_hash IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (attempts, id) WHERE state = 'waiting';
CREATE INDEX jobs_with_result ON jobs (updated_ms) WHERE result_kept = 1;
";

/// What came with version 2 beside the columns of `jobs`.
pub(super) const PATIENTS: &str = "
CREATE TABLE excluded (
    patient_hash    BLOB PRIMARY KEY,
    who             TEXT NOT NULL,
    at_ms           INTEGER NOT NULL
) STRICT;
";

/// What came with version 3 beside the columns of `jobs`: `meta` tells a spool's key from another.
pub(super) const RELIABILITY: &str = "
CREATE INDEX originals_received ON originals (received_ms) WHERE state = 'received';
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
";

/// Sets the durability of the connection; makes the tables of a new database, or brings those of an
/// earlier version up to this one.
pub(super) fn prepare(connection: &Connection) -> Result<(), SpoolError> {
    let database = |error: rusqlite::Error| SpoolError::Database(error.to_string());
    pragmas(connection).map_err(database)?;
    if version(connection).map_err(database)? != VERSION {
        // Tables are replaced below, and what refers to them stays.
        connection.pragma_update(None, "foreign_keys", "OFF").map_err(database)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(database)?;
        // Asked again: another process may have been faster.
        let found = version(connection).map_err(database)?;
        let sql = match found {
            0 => format!(
                "{TABLES} CREATE TABLE jobs {JOBS_COLUMNS} {JOBS_INDEXES} {PATIENTS} {RELIABILITY}
                 {FORWARD_3} {STUDIES_4} {AUDIT_5}"
            ),
            1 => format!("{} {FORWARD_3} {STUDIES_4} {AUDIT_5}", migrate::from_1()),
            2 => format!("{} {FORWARD_3} {STUDIES_4} {AUDIT_5}", migrate::from_2()),
            3 => format!("{STUDIES_4} {AUDIT_5}"),
            4 => AUDIT_5.to_owned(),
            VERSION => String::new(),
            _ => return Err(SpoolError::Schema { found, known: VERSION }),
        };
        let sql = format!("{sql} PRAGMA user_version = {VERSION}; COMMIT;");
        connection.execute_batch(&sql).map_err(database)?;
    }
    connection.pragma_update(None, "foreign_keys", "ON").map_err(database)
}

fn pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
