-- The tables of version 4, for the test of the migration.
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

CREATE TABLE jobs (
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
) STRICT;

CREATE INDEX jobs_by_original ON jobs (original);
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_patient ON jobs (patient_hash) WHERE patient_hash IS NOT NULL;
CREATE INDEX jobs_by_patient_id ON jobs (patient_id_hash) WHERE patient_id_hash IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (attempts, id) WHERE state = 'waiting';
CREATE INDEX jobs_with_result ON jobs (updated_ms) WHERE result_kept = 1;

CREATE TABLE excluded (
    patient_hash    BLOB PRIMARY KEY,
    who             TEXT NOT NULL,
    at_ms           INTEGER NOT NULL
) STRICT;

CREATE INDEX originals_received ON originals (received_ms) WHERE state = 'received';
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

ALTER TABLE deliveries ADD COLUMN first_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN stored_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN transaction_uid TEXT;
CREATE INDEX deliveries_by_transaction ON deliveries (transaction_uid)
    WHERE transaction_uid IS NOT NULL;
CREATE INDEX deliveries_uncommitted ON deliveries (destination, stored_ms)
    WHERE stored_ms IS NOT NULL AND state = 'waiting';

CREATE TABLE destinations (
    name        TEXT PRIMARY KEY,
    paused_by   TEXT,
    paused_ms   INTEGER,
    retry_ms    INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    next_ms     INTEGER
) STRICT;

CREATE TABLE commitments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_uid TEXT NOT NULL,
    calling_ae      TEXT NOT NULL,
    payload         TEXT NOT NULL,
    received_ms     INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_ms         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX commitments_by_uid ON commitments (transaction_uid);

ALTER TABLE originals ADD COLUMN study_hash BLOB;
ALTER TABLE originals ADD COLUMN series_hash BLOB;
CREATE INDEX originals_by_study ON originals (study_hash, received_ms)
    WHERE study_hash IS NOT NULL;
ALTER TABLE jobs ADD COLUMN release_by TEXT NOT NULL DEFAULT 'object'
    CHECK (release_by IN ('object', 'series', 'study'));
ALTER TABLE jobs ADD COLUMN quiet_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN released_ms INTEGER;
ALTER TABLE jobs ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN known_set BLOB;
ALTER TABLE jobs ADD COLUMN study_set BLOB;
DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (attempts, id) WHERE state = 'waiting' AND parked = 0;
CREATE INDEX jobs_unreleased ON jobs (id) WHERE release_by != 'object' AND released_ms IS NULL
    AND state IN ('waiting', 'ready', 'held');

CREATE TABLE identifiers (
    whose           BLOB NOT NULL,
    profile_digest  TEXT NOT NULL,
    set_hash        BLOB NOT NULL,
    PRIMARY KEY (whose, profile_digest)
) STRICT, WITHOUT ROWID;
