//! Series and studies that leave as a whole: when they are complete, and when they may go.
//!
//! ```text
//! Job: to be opened ─▶ parked ─▶ in work ─▶ ready ─▶ released: its deliveries are due
//!                        ▲  when nothing came for the quiet time │  with all the others, in one commit
//!                        └────── something new is known ─────────┘
//! ```
//! A group are the Jobs of one study (or series) under one project, key, profile and `release` that
//! were not released yet. Invariants: no object of a group is worked on before all of them told what
//! identifies their patient, and none leaves unless all of them are ready and were searched for all
//! that is known of the study; a Job that is held, and an Original of the study that is not routed,
//! keep the group here; what comes after a release makes a group of its own.

use super::identifiers::Sources;
use super::local::LocalSpool;
use super::patients::{parts_hash, short};
use super::sets::SetHash;
use super::{SpoolError, UnixMs, crash_point};
use rusqlite::{Connection, Row, params};

/// What came with version 4: what objects tell each other, and when they leave.
///
/// `study_hash` and `series_hash` are keyed hashes, there once they are known. `quiet_ms` and
/// `release_by` are frozen when routed; `parked` says that a Job waits for its study; `known_set` names
/// what its object is searched for, and `study_set` what its study told then. `whose` is a study or a
/// patient.
pub(super) const STUDIES_4: &str = "
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
";

/// The groups, each with what decides on it. By the index of those that were not released: others may
/// be many, and this is asked twice a second.
const GROUPS: &str = "
SELECT o.study_hash, iif(j.release_by = 'series', o.series_hash, NULL), j.project, j.key_id,
       j.profile_digest, j.release_by, max(j.quiet_ms),
       sum(j.state = 'waiting' AND j.parked = 0 AND j.known_set IS NULL),
       sum(j.state = 'waiting'), sum(j.state = 'ready'), sum(j.state = 'held'),
       sum(j.state IN ('waiting', 'ready') AND j.study_set IS NOT s.set_hash),
       min(o.received_ms), max(o.received_ms)
FROM jobs AS j INDEXED BY jobs_unreleased JOIN originals AS o ON o.id = j.original
LEFT JOIN identifiers AS s ON s.whose = o.study_hash AND s.profile_digest = j.profile_digest
WHERE j.release_by != 'object' AND j.released_ms IS NULL AND j.state IN ('waiting', 'ready', 'held')
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 13";

/// The Jobs of a group.
const OF_GROUP: &str = "id IN
    (SELECT j.id FROM originals AS o JOIN jobs AS j ON j.original = o.id
     WHERE o.study_hash = ?1 AND (?2 IS NULL OR o.series_hash = ?2) AND j.project = ?3
     AND j.key_id = ?4 AND j.profile_digest = ?5 AND j.release_by = ?6 AND j.released_ms IS NULL)";

/// Where a study or series is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StudyState {
    /// Objects of it came within the quiet time, or are not routed yet.
    Coming,
    /// Objects are opened, for what they tell.
    Opening,
    /// Work on it may begin, or has to begin again.
    Complete,
    /// Objects are in work, or wait for it.
    Working,
    /// The rest is ready, and some are held.
    HeldBack,
    /// All are ready.
    Ready,
}

/// A study or series that has not left, without any value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingStudy {
    /// The beginning of its keyed hash.
    pub study: String,
    /// The same of the series, where series leave.
    pub series: Option<String>,
    pub project: String,
    pub state: StudyState,
    pub waiting: i64,
    pub ready: i64,
    pub held: i64,
    pub first_ms: UnixMs,
    pub last_ms: UnixMs,
}

#[derive(Debug, Clone)]
struct Group {
    study: Option<Vec<u8>>,
    series: Option<Vec<u8>>,
    project: String,
    key_id: String,
    profile_digest: String,
    release_by: String,
    quiet_ms: UnixMs,
    to_open: i64,
    waiting: i64,
    ready: i64,
    held: i64,
    /// Not searched for all that the study tells.
    behind: i64,
    first_ms: UnixMs,
    last_ms: UnixMs,
}

/// How records know a study.
pub(super) fn study_hash(key: &[u8; 32], study_instance_uid: &str) -> Vec<u8> {
    parts_hash(key, b"study", &[study_instance_uid.as_bytes()])
}

/// How they know a series of it.
pub(super) fn series_hash(key: &[u8; 32], study: &str, series: &str) -> Vec<u8> {
    parts_hash(key, b"series", &[study.as_bytes(), series.as_bytes()])
}

/// How they know what an object without a study is alone in.
pub(super) fn lone_hash(key: &[u8; 32], original: &str) -> Vec<u8> {
    parts_hash(key, b"lone object", &[original.as_bytes()])
}

impl LocalSpool {
    /// Releases the studies and series that are ready as a whole, and lets work begin on those that
    /// are complete; returns how many objects were released.
    pub async fn keep_studies(&self, now_ms: UnixMs) -> Result<usize, SpoolError> {
        let look = move |c: &Connection| {
            let (mut released, mut complete) = (0, Vec::new());
            for group in groups(c)? {
                match group.state(c, now_ms)? {
                    StudyState::Ready => released += group.release(c, now_ms)?,
                    StudyState::Complete => complete.push(group),
                    _ => {}
                }
            }
            Ok((released, complete))
        };
        let (released, complete) = self.database.call(look).await?;
        if released > 0 {
            crash_point("study-released");
            self.deliveries_changed.send_modify(|count| *count += 1);
        }
        for group in complete {
            self.begin(group).await?;
        }
        Ok(released)
    }

    /// Freezes what is known of a group, and lets work on it begin.
    async fn begin(&self, group: Group) -> Result<(), SpoolError> {
        let _writing = self.sets_lock.write().await;
        let of = group.clone();
        let (sources, study_set) = self.database.call(move |c| of.sources(c)).await?;
        let sets = self.sets.clone();
        let known = tokio::task::spawn_blocking(move || {
            let study = study_set.as_ref().and_then(|hash| sets.load(hash));
            let Some(study) = study else { return Ok(None) };
            let known = sources.all(&sets, study);
            Ok::<_, SpoolError>(study_set.zip(Some(sets.store(&known)?)))
        });
        let known = known.await.map_err(|_| SpoolError::Stopped)??;
        let record = move |c: &Connection| match &known {
            Some((study_set, known_set)) => group.begin(c, study_set, known_set),
            // What it told is gone: its objects are asked again.
            None => group.ask_again(c),
        };
        self.database.call(record).await?;
        crash_point("study-complete");
        self.jobs_changed.notify_one();
        Ok(())
    }

    /// The studies and series that have not left, those that wait longest first.
    pub async fn waiting_studies(&self, now_ms: UnixMs) -> Result<Vec<WaitingStudy>, SpoolError> {
        let query = move |c: &Connection| {
            let groups = groups(c)?.into_iter();
            groups.map(|group| Ok(group.told(group.state(c, now_ms)?))).collect()
        };
        self.database.call(query).await
    }
}

fn groups(c: &Connection) -> rusqlite::Result<Vec<Group>> {
    let mut statement = c.prepare_cached(GROUPS)?;
    let rows = statement.query_map([], Group::read)?;
    rows.collect()
}

impl Group {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            study: row.get(0)?,
            series: row.get(1)?,
            project: row.get(2)?,
            key_id: row.get(3)?,
            profile_digest: row.get(4)?,
            release_by: row.get(5)?,
            quiet_ms: row.get(6)?,
            to_open: row.get(7)?,
            waiting: row.get(8)?,
            ready: row.get(9)?,
            held: row.get(10)?,
            behind: row.get(11)?,
            first_ms: row.get(12)?,
            last_ms: row.get(13)?,
        })
    }

    fn state(&self, c: &Connection, now_ms: UnixMs) -> rusqlite::Result<StudyState> {
        // What was received later than now was so before the clock was set back: within the quiet
        // time it counts, beyond that it is not waited for.
        let quiet = self.quiet_ms.max(1);
        let coming: bool = c
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM originals WHERE study_hash = ?1
                 AND (?2 IS NULL OR series_hash = ?2)
                 AND (state = 'received' OR received_ms BETWEEN ?3 AND ?4))",
            )?
            .query_row(
                params![self.study, self.series, now_ms - quiet + 1, now_ms + quiet],
                |row| row.get(0),
            )?;
        Ok(match self {
            _ if coming => StudyState::Coming,
            Self { to_open: 1.., .. } => StudyState::Opening,
            Self { behind: 1.., .. } => StudyState::Complete,
            Self { waiting: 1.., .. } => StudyState::Working,
            Self { held: 1.., .. } => StudyState::HeldBack,
            _ if self.is_undecided(c)? => StudyState::HeldBack,
            _ => StudyState::Ready,
        })
    }

    /// Whether an object of it is held that was routed nowhere: it may belong to it.
    fn is_undecided(&self, c: &Connection) -> rusqlite::Result<bool> {
        c.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM originals AS o JOIN jobs AS j ON j.original = o.id
             WHERE o.study_hash = ?1 AND (?2 IS NULL OR o.series_hash = ?2)
             AND j.state = 'held' AND j.profile_digest = '')",
        )?
        .query_row(params![self.study, self.series], |row| row.get(0))
    }

    fn sources(&self, c: &Connection) -> rusqlite::Result<(Sources, Option<SetHash>)> {
        let study = self.study.as_deref().unwrap_or_default();
        let mut statement = c.prepare_cached(&format!(
            "SELECT DISTINCT patient_hash FROM jobs WHERE patient_hash IS NOT NULL AND {OF_GROUP}
             ORDER BY patient_hash"
        ))?;
        let patients = statement.query_map(self.key(), |row| row.get(0))?;
        let patients = patients.collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
        let sources = Sources::find(c, study, &patients, &self.profile_digest)?;
        let study_set = sources.study.clone();
        Ok((sources, study_set))
    }

    /// What `OF_GROUP` asks for.
    fn key(&self) -> impl rusqlite::Params + '_ {
        rusqlite::params_from_iter(self.values())
    }

    fn values(&self) -> [&dyn rusqlite::ToSql; 6] {
        [
            &self.study,
            &self.series,
            &self.project,
            &self.key_id,
            &self.profile_digest,
            &self.release_by,
        ]
    }

    /// What was ready and did not know all of it is made again.
    fn begin(
        &self,
        c: &Connection,
        study_set: &SetHash,
        known_set: &SetHash,
    ) -> rusqlite::Result<()> {
        let again = "state = 'ready' AND known_set IS NOT ?8";
        let mut values = self.values().to_vec();
        values.extend([study_set as &dyn rusqlite::ToSql, known_set]);
        c.prepare_cached(&format!(
            "UPDATE jobs SET state = iif({again}, 'waiting', state),
             result_kept = iif({again}, 0, result_kept), attempts = iif({again}, 0, attempts),
             next_ms = iif({again}, 0, next_ms), parked = 0, known_set = ?8, study_set = ?7
             WHERE {OF_GROUP} AND study_set IS NOT ?7
             AND (state = 'ready' OR (state = 'waiting' AND (parked = 1 OR known_set IS NOT NULL)))"
        ))?
        .execute(rusqlite::params_from_iter(values))?;
        Ok(())
    }

    fn ask_again(&self, c: &Connection) -> rusqlite::Result<()> {
        c.prepare_cached(&format!(
            "UPDATE jobs SET state = 'waiting', result_kept = 0, parked = 0, known_set = NULL,
             study_set = NULL WHERE {OF_GROUP} AND state IN ('waiting', 'ready')"
        ))?
        .execute(self.key())?;
        Ok(())
    }

    fn release(&self, c: &Connection, now_ms: UnixMs) -> rusqlite::Result<usize> {
        let mut values = self.values().to_vec();
        values.push(&now_ms);
        c.prepare_cached(&format!(
            "UPDATE jobs SET released_ms = ?7 WHERE {OF_GROUP} AND state = 'ready'"
        ))?
        .execute(rusqlite::params_from_iter(values))
    }

    fn told(&self, state: StudyState) -> WaitingStudy {
        WaitingStudy {
            study: self.study.as_deref().map_or_else(|| "unknown".into(), short),
            series: self.series.as_deref().map(short),
            project: self.project.clone(),
            state,
            waiting: self.waiting,
            ready: self.ready,
            held: self.held,
            first_ms: self.first_ms,
            last_ms: self.last_ms,
        }
    }
}
