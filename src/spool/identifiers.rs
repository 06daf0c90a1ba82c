//! What the objects of a study and of a patient tell of them, united: each is searched for what any of
//! them tells.
//!
//! ```text
//! an object is opened ─▶ sets of its study and of its patient grow ─▶ what is known is frozen with its Job
//! ```
//! Invariants: only objects of the same study, or of the same patient (PatientID and issuer), tell
//! each other anything; what was known when work on a Job began is recorded before a result can be,
//! so that a repeat looks for the same; sets are bounded, whoever fills them; they go when nothing of
//! their study or patient was in the spool for `keep_identifiers_s`.

use super::local::LocalSpool;
use super::patients::{Admission, PatientHash, drop_job};
use super::sets::{SetHash, Sets, is_too_large, united};
use super::studies::{lone_hash, series_hash, study_hash};
use super::{SpoolError, UnixMs, crash_point};
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use crate::deid::opening::Opening;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;
use std::sync::Arc;

/// What one profile takes for an identifier another may let stay; these are identifiers for all.
const EVERYWHERE: [IdentifierKind; 2] = [IdentifierKind::Name, IdentifierKind::Id];

/// What is known of the patient and the study of an object, and how its record knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub identifiers: Identifiers,
    pub(super) set: SetHash,
}

/// The sets that may tell something of one Job.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Of its study and of its patients, under its profile.
    pub study: Option<SetHash>,
    pub patients: Vec<SetHash>,
    /// The same under other profiles.
    pub foreign: Vec<SetHash>,
}

impl Sources {
    /// What is recorded of a study and of its patients.
    pub fn find(
        c: &Connection,
        study: &[u8],
        patients: &[Vec<u8>],
        profile_digest: &str,
    ) -> rusqlite::Result<Self> {
        let mut found = Self::default();
        let mut statement = c.prepare_cached(
            "SELECT set_hash, profile_digest = ?2 FROM identifiers WHERE whose = ?1
             ORDER BY profile_digest",
        )?;
        for whose in std::iter::once(study).chain(patients.iter().map(Vec::as_slice)) {
            let rows = statement.query_map(params![whose, profile_digest], |row| {
                Ok((row.get::<_, SetHash>(0)?, row.get::<_, bool>(1)?))
            })?;
            for row in rows {
                match row? {
                    (set, true) if whose == study => found.study = Some(set),
                    (set, true) => found.patients.push(set),
                    (set, false) => found.foreign.push(set),
                }
            }
        }
        Ok(found)
    }

    /// All that is known, where `study` is what its study tells: of the rest, what fits.
    pub fn all(&self, sets: &Sets, study: Identifiers) -> Identifiers {
        let load = |hash: &SetHash| sets.load(hash);
        let patients: Vec<_> = self.patients.iter().filter_map(load).collect();
        let foreign = self.foreign.iter().filter_map(load).map(|set| set.of_kinds(&EVERYWHERE));
        let foreign: Vec<_> = foreign.collect();
        united(study, patients.iter().chain(&foreign))
    }
}

/// A Job that is to be admitted, and what its object tells.
struct Candidate {
    job: i64,
    own: Identifiers,
    exact: Vec<u8>,
    any: Vec<u8>,
    /// Where its Original does not know it.
    study: Option<Vec<u8>>,
    series: Option<Vec<u8>>,
    new_patient: Option<String>,
    now_ms: UnixMs,
}

/// What is recorded of it.
struct Found {
    study: Vec<u8>,
    profile_digest: String,
    excluded: bool,
    /// Only its study as a whole may be worked on, and is not yet.
    parks: bool,
    frozen: Option<SetHash>,
    sources: Sources,
}

/// What is to be recorded of it.
struct Plan {
    found: Found,
    /// Of its study, and of its patient; none where there is more than a limit allows.
    grown: Option<[Known; 2]>,
    known: Option<Known>,
    /// Whether every set that it names is on disk.
    is_there: bool,
}

impl LocalSpool {
    /// Records whose object a Job is, under which PatientID its result goes, and what identifies its
    /// patient; or drops it. From here on work on it counts as begun, should this process not survive
    /// it, unless it has to wait for its study.
    pub async fn admit(
        &self,
        job: i64,
        told: &Opening,
        new_patient: Option<String>,
        now_ms: UnixMs,
    ) -> Result<Admission, SpoolError> {
        let (key, study) = (&self.hash_key, told.study_instance_uid.reveal());
        let stated = !study.is_empty();
        let candidate = Candidate {
            job,
            own: told.identifiers.clone(),
            exact: PatientHash::exact(key, &told.patient).0,
            any: PatientHash::any_issuer(key, &told.patient).0,
            study: stated.then(|| study_hash(key, study)),
            series: stated.then(|| series_hash(key, study, told.series_instance_uid.reveal())),
            new_patient,
            now_ms,
        };
        let candidate = Arc::new(candidate);
        let reading = self.sets_lock.read().await;
        let Some(plan) = self.plan(&candidate).await? else { return Ok(Admission::Ended) };
        if plan.is_there {
            return self.record(&candidate, plan).await;
        }
        drop(reading);
        // Again, alone: what is known may have grown meanwhile.
        let _writing = self.sets_lock.write().await;
        let Some(plan) = self.plan(&candidate).await? else { return Ok(Admission::Ended) };
        let sets = self.sets.clone();
        let stored = tokio::task::spawn_blocking(move || {
            plan.sets().try_for_each(|set| sets.store(&set.identifiers).map(|_| ()))?;
            Ok::<_, SpoolError>(plan)
        });
        let plan = stored.await.map_err(|_| SpoolError::Stopped)??;
        crash_point("identifiers-synced");
        self.record(&candidate, plan).await
    }

    /// What is to be recorded; `None` if the Job does not wait any more.
    async fn plan(&self, candidate: &Arc<Candidate>) -> Result<Option<Plan>, SpoolError> {
        let (of, key) = (Arc::clone(candidate), self.hash_key);
        let found = self.database.call(move |c| find(c, &of, &key)).await?;
        let Some(found) = found else { return Ok(None) };
        let (of, sets) = (Arc::clone(candidate), self.sets.clone());
        let planned = tokio::task::spawn_blocking(move || Plan::new(found, &of.own, &sets));
        planned.await.map_err(|_| SpoolError::Stopped)?.map(Some)
    }

    async fn record(
        &self,
        candidate: &Arc<Candidate>,
        plan: Plan,
    ) -> Result<Admission, SpoolError> {
        let of = Arc::clone(candidate);
        let record = move |c: &Connection| record(c, &of, plan);
        let (admission, dropped) = self.database.call(record).await?;
        match admission {
            Admission::Parked => crash_point("parked"),
            _ => crash_point("admitted"),
        }
        self.remove_dropped(dropped);
        Ok(admission)
    }

    /// Forgets what identifies patients of whom nothing is in the spool, and nothing was after
    /// `before_ms`.
    pub async fn forget_identifiers(
        &self,
        before_ms: UnixMs,
        now_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let _writing = self.sets_lock.write().await;
        let query = move |c: &Connection| {
            // One that ended later than now did so before the clock was set back.
            c.execute(
                "DELETE FROM identifiers
                 WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE patient_hash = whose
                     AND (jobs.state IN ('waiting', 'ready', 'held')
                          OR jobs.updated_ms BETWEEN ?1 AND ?2))
                 AND NOT EXISTS (SELECT 1 FROM originals
                     LEFT JOIN jobs ON jobs.original = originals.id WHERE study_hash = whose
                     AND (originals.state = 'received' OR jobs.state IN ('waiting', 'ready', 'held')
                          OR jobs.updated_ms BETWEEN ?1 AND ?2))",
                params![before_ms, now_ms],
            )?;
            let mut statement = c.prepare_cached(
                "SELECT set_hash FROM identifiers UNION SELECT known_set FROM jobs
                 WHERE state IN ('waiting', 'ready', 'held') AND known_set IS NOT NULL",
            )?;
            let kept = statement.query_map([], |row| row.get(0))?;
            kept.collect::<rusqlite::Result<HashSet<SetHash>>>()
        };
        let kept = self.database.call(query).await?;
        let sets = self.sets.clone();
        let removed = tokio::task::spawn_blocking(move || sets.keep_only(&kept));
        removed.await.map_err(|_| SpoolError::Stopped)?
    }

    /// After a start: records that name a set which is not there are as if nothing had been told, and
    /// the objects are asked again.
    pub(super) async fn reconcile_sets(&self) -> Result<(), SpoolError> {
        let named = self.database.call(|c| {
            let mut statement = c.prepare(
                "SELECT set_hash FROM identifiers UNION SELECT known_set FROM jobs
                 WHERE state IN ('waiting', 'ready', 'held') AND known_set IS NOT NULL",
            )?;
            let named = statement.query_map([], |row| row.get::<_, SetHash>(0))?;
            named.collect::<rusqlite::Result<Vec<_>>>()
        });
        let missing: Vec<_> = named.await?.into_iter().filter(|s| !self.sets.has(s)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        tracing::error!(count = missing.len(), "sets of identifiers are gone: told again");
        let forget = move |c: &Connection| {
            for set in &missing {
                c.execute("DELETE FROM identifiers WHERE set_hash = ?1", [set])?;
                c.execute(
                    "UPDATE jobs SET known_set = NULL WHERE known_set = ?1 AND state = 'waiting'",
                    [set],
                )?;
            }
            // Whoever waits for a study is opened again, and tells.
            c.execute(
                "UPDATE jobs SET parked = 0, known_set = NULL, study_set = NULL
                 WHERE state = 'waiting' AND release_by != 'object' AND released_ms IS NULL",
                [],
            )
        };
        self.database.call(forget).await.map(|_| ())
    }
}

impl Plan {
    fn new(found: Found, own: &Identifiers, sets: &Sets) -> Result<Self, SpoolError> {
        let load = |hash: &SetHash| sets.load(hash).unwrap_or_default();
        let study = found.sources.study.as_ref().map(load).unwrap_or_default().united(own);
        if found.excluded || is_too_large(&study) {
            return Ok(Self { found, grown: None, known: None, is_there: true });
        }
        let patient = found.sources.patients.first().map(load).unwrap_or_default();
        let patient = united(own.clone(), [&patient]);
        let known = match found.frozen.as_ref().and_then(|hash| sets.load(hash)) {
            Some(frozen) => Some(frozen),
            None if found.parks => None,
            None => Some(found.sources.all(sets, study.clone())),
        };
        let named = |identifiers: Identifiers| {
            sets.hash(&identifiers).map(|set| Known { identifiers, set })
        };
        let grown = Some([named(study)?, named(patient)?]);
        let mut plan = Self { found, grown, known: known.map(named).transpose()?, is_there: false };
        let is_there = plan.sets().all(|known| sets.has(&known.set));
        plan.is_there = is_there;
        Ok(plan)
    }

    fn sets(&self) -> impl Iterator<Item = &Known> {
        self.grown.iter().flatten().chain(&self.known)
    }
}

fn find(c: &Connection, of: &Candidate, key: &[u8; 32]) -> rusqlite::Result<Option<Found>> {
    let row = c
        .prepare_cached(
            "SELECT originals.id, study_hash, profile_digest,
                    release_by != 'object' AND known_set IS NULL, known_set
             FROM jobs JOIN originals ON originals.id = jobs.original
             WHERE jobs.id = ?1 AND jobs.state = 'waiting'",
        )?
        .query_row([of.job], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<Vec<u8>>>(1)?,
                row.get::<_, String>(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .optional()?;
    let Some((original, study, profile_digest, parks, frozen)) = row else { return Ok(None) };
    let study = study.or_else(|| of.study.clone()).unwrap_or_else(|| lone_hash(key, &original));
    let sources = Sources::find(c, &study, std::slice::from_ref(&of.exact), &profile_digest)?;
    let excluded = excluded_by(c, of)?.is_some();
    Ok(Some(Found { study, profile_digest, excluded, parks, frozen, sources }))
}

/// Who excluded its patient.
fn excluded_by(c: &Connection, of: &Candidate) -> rusqlite::Result<Option<String>> {
    c.prepare_cached("SELECT who FROM excluded WHERE patient_hash IN (?1, ?2)")?
        .query_row(params![of.exact, of.any], |row| row.get(0))
        .optional()
}

type Dropped = Vec<(i64, Option<String>)>;

fn record(c: &Connection, of: &Candidate, plan: Plan) -> rusqlite::Result<(Admission, Dropped)> {
    let Plan { found, grown, known, .. } = plan;
    let recorded = c
        .prepare_cached(
            "UPDATE jobs SET patient_hash = ?2, patient_id_hash = ?3, new_patient = ?4,
             attempts = attempts + ?5, parked = ?6, known_set = coalesce(?7, known_set)
             WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute(params![
            of.job,
            of.exact,
            of.any,
            of.new_patient,
            !found.parks,
            found.parks && grown.is_some(),
            known.as_ref().map(|known| &known.set),
        ])?;
    if recorded == 0 {
        return Ok((Admission::Ended, Vec::new()));
    }
    c.prepare_cached(
        "UPDATE originals SET study_hash = ?2, series_hash = coalesce(?3, ?2)
         WHERE study_hash IS NULL AND id = (SELECT original FROM jobs WHERE id = ?1)",
    )?
    .execute(params![of.job, found.study, of.series])?;
    if let Some(who) = excluded_by(c, of)? {
        let ended = drop_job(c, of.job, &who, of.now_ms)?;
        return Ok((Admission::Dropped, vec![(of.job, ended)]));
    }
    let Some(grown) = grown else {
        // Somebody took its patient off the list meanwhile: it is admitted the next time.
        let admission = if found.excluded { Admission::Ended } else { Admission::TooMuch };
        return Ok((admission, Vec::new()));
    };
    for (whose, set) in [&found.study, &of.exact].into_iter().zip(&grown) {
        c.prepare_cached(
            "INSERT INTO identifiers (whose, profile_digest, set_hash) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET set_hash = ?3 WHERE set_hash != ?3",
        )?
        .execute(params![whose, found.profile_digest, set.set])?;
    }
    Ok((known.map_or(Admission::Parked, Admission::Admitted), Vec::new()))
}
