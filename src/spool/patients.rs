//! Whose objects Jobs are, and whose are not wanted.
//!
//! Invariants: the database knows patients as keyed hashes alone; a Job is recorded with its
//! patient before its pixels are read, and one of an excluded patient is dropped in that very
//! commit; dropped Jobs are never sent, and their files go.

use super::audit;
use super::deliveries::end_original;
use super::files;
use super::identifiers::Known;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use crate::deid::header::PatientIdentity;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, params};
use sha2::Sha256;

/// What a decision says of a dropped Job.
const DROPPED: &str = "drop: the patient is excluded";

/// Whose a Job is, as its record knows it.
pub(super) const IS_OF: &str = "(patient_hash = ?1 OR patient_id_hash = ?1)";

/// A patient, or everyone of a PatientID, as a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientHash(pub(super) Vec<u8>);

impl PatientHash {
    /// A patient of a PatientID and an issuer.
    pub fn exact(spool_key: &[u8; 32], patient: &PatientIdentity) -> Self {
        Self::of(spool_key, b"patient", &patient.parts())
    }

    /// Everyone of a PatientID, whatever issuer an object names.
    pub fn any_issuer(spool_key: &[u8; 32], patient: &PatientIdentity) -> Self {
        Self::of(spool_key, b"patient id", &patient.parts()[..1])
    }

    fn of(spool_key: &[u8; 32], kind: &[u8], parts: &[&[u8]]) -> Self {
        Self(parts_hash(spool_key, kind, parts))
    }

    /// All of it.
    pub fn hex(&self) -> String {
        files::hex(&self.0)
    }

    /// The beginning of it, to tell one from another.
    pub fn short(&self) -> String {
        short(&self.0)
    }
}

/// A keyed hash over parts of any length, apart from those of other kinds.
pub(super) fn parts_hash(key: &[u8; 32], kind: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes a key of any length, so this cannot fail; an empty hash would match nothing.
    let mac = Hmac::<Sha256>::new_from_slice(key);
    mac.map_or_else(
        |_| Vec::new(),
        |mut mac| {
            for part in std::iter::once(kind).chain(parts.iter().copied()) {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// The beginning of a hash, to tell one from another.
pub(super) fn short(hash: &[u8]) -> String {
    files::hex(&hash[..hash.len().min(6)])
}

/// Whether work on a Job may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// With all that is known of its patient.
    Admitted(Known),
    /// It waits until its study is complete.
    Parked,
    /// There is more to look for than a limit allows.
    TooMuch,
    /// Its patient is excluded: it was dropped.
    Dropped,
    /// Somebody ended it meanwhile.
    Ended,
}

/// An entry of the exclusion list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    pub patient: PatientHash,
    pub who: String,
    pub at_ms: UnixMs,
}

/// What an exclusion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excluded {
    /// Whether the patient was not on the list before.
    pub new: bool,
    /// Jobs that were dropped.
    pub dropped: usize,
}

impl LocalSpool {
    /// Puts a patient on the exclusion list; what is known to be theirs and not yet delivered
    /// everywhere is dropped.
    pub async fn exclude(
        &self,
        patient: PatientHash,
        who: String,
        now_ms: UnixMs,
    ) -> Result<Excluded, SpoolError> {
        let record = move |c: &Connection| {
            let new = c.execute(
                "INSERT OR IGNORE INTO excluded VALUES (?1, ?2, ?3)",
                params![patient.0, who, now_ms],
            )?;
            let open = format!(
                "SELECT id FROM jobs WHERE {IS_OF} AND state IN ('waiting', 'ready', 'held')"
            );
            let mut statement = c.prepare(&open)?;
            let jobs = statement.query_map([&patient.0], |row| row.get::<_, i64>(0))?;
            let mut dropped = Vec::new();
            for job in jobs.collect::<rusqlite::Result<Vec<_>>>()? {
                dropped.push((job, drop_job(c, job, &who, now_ms)?));
            }
            Ok((new == 1, dropped))
        };
        let (new, dropped) = self.database.call(record).await?;
        let excluded = Excluded { new, dropped: dropped.len() };
        self.remove_dropped(dropped);
        Ok(excluded)
    }

    /// Takes a patient off the list; whether they were on it. What was dropped stays dropped, and is
    /// processed when it is sent again.
    pub async fn include(
        &self,
        patient: PatientHash,
        who: String,
        now_ms: UnixMs,
    ) -> Result<bool, SpoolError> {
        let record = move |c: &Connection| {
            let taken = c.execute("DELETE FROM excluded WHERE patient_hash = ?1", [&patient.0])?;
            if taken == 1 {
                // The line of the record itself does not know who.
                let event = serde_json::json!({"event": "patient-steered", "what": "include",
                                               "patient": patient.hex(), "who": who});
                audit::record(c, &event, now_ms)?;
            }
            Ok(taken == 1)
        };
        self.database.call(record).await
    }

    /// The exclusion list, oldest first.
    pub async fn excluded(&self) -> Result<Vec<Exclusion>, SpoolError> {
        let query = |c: &Connection| {
            let mut statement =
                c.prepare("SELECT patient_hash, who, at_ms FROM excluded ORDER BY at_ms, rowid")?;
            let rows = statement.query_map([], |row| {
                let patient = PatientHash(row.get(0)?);
                Ok(Exclusion { patient, who: row.get(1)?, at_ms: row.get(2)? })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }

    pub(super) fn remove_dropped(&self, dropped: Vec<(i64, Option<String>)>) {
        for (job, original) in dropped {
            files::remove(&self.directories.result(job));
            self.remove_original(original);
        }
    }
}

/// Drops an open Job; returns the Original that this ended.
pub(super) fn drop_job(
    c: &Connection,
    job: i64,
    who: &str,
    now_ms: UnixMs,
) -> rusqlite::Result<Option<String>> {
    c.prepare_cached(
        "UPDATE jobs SET state = 'dropped', held_reason = NULL, held_detail = NULL,
         result_kept = 0, updated_ms = ?2 WHERE id = ?1",
    )?
    .execute(params![job, now_ms])?;
    c.prepare_cached("INSERT INTO decisions (job, who, at_ms, what) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![job, who, now_ms, DROPPED])?;
    end_original(c, job)
}

#[cfg(test)]
mod tests {
    use super::super::study_tests::told;
    use super::*;
    use crate::deid::hold::{Hold, HoldReason};
    use rusqlite::OptionalExtension;

    const KEY: [u8; 32] = [4; 32];

    async fn spool(directory: &std::path::Path) -> LocalSpool {
        LocalSpool::open(directory, KEY, 0).await.expect("opened")
    }

    /// A Job in this state, with one delivery, the file of its Original and that of its result.
    async fn job(spool: &LocalSpool, id: i64, state: &'static str) {
        let record = move |c: &Connection| {
            c.execute_batch(&format!(
                "INSERT OR IGNORE INTO profiles VALUES ('d', '{{}}');
                 INSERT INTO originals VALUES ('o{id}', x'01', 's', 1, 'c', 't', 'a', 'b', 'p', 5, 0,
                     'routed', NULL, NULL);
                 INSERT INTO jobs (id, original, profile, profile_digest, project, key_id, state,
                     sop_class, transfer_syntax, result_kept, updated_ms)
                     VALUES ({id}, 'o{id}', 'basic', 'd', 'trial', 'k', '{state}', 'c', 't', 1, 1);
                 INSERT INTO deliveries (id, job, destination, state, updated_ms)
                     VALUES ({id}, {id}, 'out', 'waiting', 1);"
            ))
        };
        spool.database.call(record).await.expect("recorded");
        for path in [spool.directories.original(&format!("o{id}")), spool.directories.result(id)] {
            std::fs::write(path, "bytes").expect("written");
        }
    }

    async fn known(spool: &LocalSpool, id: i64, patient: &PatientIdentity) {
        let hash = PatientHash::exact(&KEY, patient);
        let any = PatientHash::any_issuer(&KEY, patient);
        let sql = "UPDATE jobs SET patient_hash = ?2, patient_id_hash = ?3 WHERE id = ?1";
        let record = move |c: &Connection| c.execute(sql, params![id, hash.0, any.0]);
        spool.database.call(record).await.expect("recorded");
    }

    async fn state(spool: &LocalSpool, id: i64) -> String {
        let query = move |c: &Connection| {
            c.query_row("SELECT state FROM jobs WHERE id = ?1", [id], |row| row.get(0))
        };
        spool.database.call(query).await.expect("a job")
    }

    fn has_files(spool: &LocalSpool, id: i64) -> (bool, bool) {
        let original = spool.directories.original(&format!("o{id}"));
        (original.exists(), spool.directories.result(id).exists())
    }

    #[tokio::test]
    async fn every_open_job_of_an_excluded_patient_is_dropped_and_nobody_elses() {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(directory.path()).await;
        let (one, other) = (PatientIdentity::new("1", "N"), PatientIdentity::new("2", "N"));
        for (id, state, patient) in [
            (1, "waiting", &one),
            (2, "ready", &one),
            (3, "held", &one),
            (4, "ended", &one),
            (5, "ready", &other),
        ] {
            job(&spool, id, state).await;
            known(&spool, id, patient).await;
        }
        let who = || "me".to_owned();
        let hash = PatientHash::any_issuer(&KEY, &PatientIdentity::new(" 1", ""));
        let excluded = spool.exclude(hash.clone(), who(), 9).await.expect("excluded");
        assert_eq!(excluded, Excluded { new: true, dropped: 3 });
        for (id, expected) in
            [(1, "dropped"), (2, "dropped"), (3, "dropped"), (4, "ended"), (5, "ready")]
        {
            assert_eq!(state(&spool, id).await, expected, "{id}");
            let gone = expected == "dropped";
            assert_eq!(has_files(&spool, id), (!gone, !gone), "{id}");
        }
        let due = spool.due_deliveries("out", 9, Vec::new(), 9, 0).await.expect("due");
        assert_eq!(due.iter().map(|delivery| delivery.job).collect::<Vec<_>>(), [5]);
        let jobs = spool.jobs_of(hash).await.expect("jobs");
        assert_eq!(jobs.iter().map(|job| job.decisions.len()).collect::<Vec<_>>(), [1, 1, 1, 0]);
    }

    #[tokio::test]
    async fn a_dropped_job_stays_dropped_whatever_was_on_its_way() {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(directory.path()).await;
        let one = PatientIdentity::new("1", "");
        job(&spool, 1, "ready").await;
        known(&spool, 1, &one).await;
        let hash = PatientHash::exact(&KEY, &one);
        spool.exclude(hash.clone(), "me".into(), 2).await.expect("excluded");
        spool.delivered(1, 0, 3).await.expect("recorded");
        spool.refused(1, None, "no".into(), 3).await.expect("recorded");
        spool.delivered(1, 0, 4).await.expect("recorded");
        let hold = Hold::new(HoldReason::Refused, "no");
        spool.hold(1, hold, 5).await.expect("recorded");
        assert_eq!(state(&spool, 1).await, "dropped");
        // the destination has it all the same, and that is what is told
        let jobs = spool.jobs_of(hash).await.expect("jobs");
        assert_eq!(jobs[0].deliveries[0].state, "sent");
    }

    #[tokio::test]
    async fn nothing_of_an_excluded_patient_is_admitted_or_due() {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(directory.path()).await;
        let (one, other) = (PatientIdentity::new("1", "N"), PatientIdentity::new("1", "S"));
        let exact = PatientHash::exact(&KEY, &one);
        spool.exclude(exact.clone(), "me".into(), 2).await.expect("excluded");
        for (id, patient, admission) in [
            (1, &one, Some(Admission::Dropped)),
            (1, &one, Some(Admission::Ended)),
            (2, &other, None),
        ] {
            if admission != Some(Admission::Ended) {
                job(&spool, id, "waiting").await;
            }
            let told = told(patient, "1.2", &["ZQDOE^JANE"]);
            let admitted = spool.admit(id, &told, Some("X".into()), 3).await.expect("asked");
            match admission {
                Some(admission) => assert_eq!(admitted, admission),
                None => assert!(matches!(admitted, Admission::Admitted(_)), "{admitted:?}"),
            }
        }
        assert_eq!(has_files(&spool, 1), (false, false));
        assert_eq!(spool.jobs_of_nobody().await.expect("counted"), 0);
        // A record that contradicts the list is not sent.
        job(&spool, 3, "ready").await;
        known(&spool, 3, &one).await;
        assert!(spool.due_deliveries("out", 9, Vec::new(), 9, 0).await.expect("due").is_empty());
        assert!(matches!(spool.open_ready(3).await, Err(SpoolError::NoSuchRecord)));
        assert!(spool.include(exact.clone(), "me".into(), 2).await.expect("included"));
        assert!(!spool.include(exact, "me".into(), 3).await.expect("not there"));
        assert_eq!(spool.due_deliveries("out", 9, Vec::new(), 9, 0).await.expect("due").len(), 1);
    }

    #[tokio::test]
    async fn the_database_knows_patients_as_hashes_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(directory.path()).await;
        job(&spool, 1, "waiting").await;
        let patient = PatientIdentity::new("ZQPATIENT", "ZQISSUER");
        let told = told(&patient, "1.2.ZQ", &["ZQDOE^JANE"]);
        spool.admit(1, &told, Some("NEW-ONE".into()), 3).await.expect("admitted");
        let any = PatientHash::any_issuer(&KEY, &patient);
        spool.exclude(any, "me".into(), 3).await.expect("excluded");
        let query = |c: &Connection| {
            c.query_row("SELECT hex(patient_hash) || new_patient FROM jobs", [], |row| {
                row.get::<_, String>(0)
            })
            .optional()
        };
        let row = spool.database.call(query).await.expect("a row").expect("hashed");
        assert!(row.ends_with("NEW-ONE") && row.len() == 64 + 7, "{row}");
        for entry in std::fs::read_dir(directory.path()).expect("listed").flatten() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            assert!(!bytes.windows(2).any(|two| two == b"ZQ"), "{:?}", entry.path());
        }
    }
}
