//! What routing makes of an Original: Jobs, one that waits for a person without a profile, or its end.
//!
//! A Job without a profile (`UNROUTED`) is the place of an Original that no route takes: it is held,
//! and when a person lets it run again, the Original is routed anew and the first of its Jobs takes
//! that place, with the decisions on it. One that a route dropped keeps that place as its record.

use super::deliveries::{end_job_if_delivered, end_original};
use super::local::{LocalSpool, keyed_hash};
use super::{SpoolError, UnixMs, crash_point};
use crate::config::{Profile, Release};
use crate::deid::hold::Hold;
use rusqlite::{Connection, OptionalExtension, params};

/// The digest of no profile.
pub(super) const UNROUTED: &str = "profile_digest = ''";

/// What routing decided for some destinations of one Original.
#[derive(Debug, Clone)]
pub struct Routed {
    pub profile: Profile,
    pub project: String,
    /// Of the project key in force: the Job keeps it.
    pub key_id: String,
    pub release: Release,
    /// Names of destinations.
    pub destinations: Vec<String>,
    /// Names of the routes, where there are any.
    pub route: Option<String>,
}

/// What becomes of one Original.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Its Jobs; `held` makes them wait for a person at once.
    Jobs { jobs: Vec<Routed>, held: Option<Hold> },
    /// It waits for a person, who may have it routed anew.
    Unrouted { hold: Hold, route: Option<String> },
    /// A route drops it: it ends, and its payload goes.
    Dropped { route: String },
}

/// The fate of an Original.
#[derive(Debug, Clone)]
pub struct Routing {
    pub original: String,
    pub fate: Fate,
}

/// An object that a route dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedByRoute {
    pub job: i64,
    pub route: String,
    pub sop_class_uid: String,
    pub calling_ae: String,
    pub received_ms: UnixMs,
    pub dropped_ms: UnixMs,
}

/// What became of objects with one SOP Instance UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectJob {
    pub job: i64,
    pub state: String,
    pub held_reason: Option<String>,
    pub route: Option<String>,
    pub project: String,
    pub received_ms: UnixMs,
    pub updated_ms: UnixMs,
}

impl LocalSpool {
    /// Records the fates of these Originals in one commit. One that was routed before is left alone.
    pub async fn route(&self, routings: Vec<Routing>, now_ms: UnixMs) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "UPDATE originals SET state = 'routed' WHERE id = ?1 AND state = 'received'",
            )?;
            let mut ended = Vec::new();
            for Routing { original, fate } in &routings {
                if statement.execute([original])? > 0 {
                    ended.extend(record_fate(c, original, fate, now_ms)?);
                }
            }
            Ok(ended)
        };
        let ended = self.database.call(record).await?;
        crash_point("routed");
        ended.into_iter().for_each(|original| self.remove_original(Some(original)));
        self.jobs_changed.notify_one();
        Ok(())
    }

    /// What routes dropped, newest first; of one route, or of all.
    pub async fn dropped_by_routes(
        &self,
        route: Option<String>,
        limit: usize,
    ) -> Result<Vec<DroppedByRoute>, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare(&format!(
                "SELECT jobs.id, route, originals.sop_class, calling_ae, received_ms, updated_ms
                 FROM jobs JOIN originals ON originals.id = jobs.original
                 WHERE jobs.state = 'dropped' AND {UNROUTED} AND (?1 IS NULL OR route = ?1)
                 ORDER BY jobs.id DESC LIMIT ?2"
            ))?;
            let rows = statement.query_map(params![route, limit as i64], |row| {
                Ok(DroppedByRoute {
                    job: row.get(0)?,
                    route: row.get(1)?,
                    sop_class_uid: row.get(2)?,
                    calling_ae: row.get(3)?,
                    received_ms: row.get(4)?,
                    dropped_ms: row.get(5)?,
                })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }

    /// How many objects each route dropped.
    pub async fn drops_by_route(&self) -> Result<Vec<(String, i64)>, SpoolError> {
        let query = |c: &Connection| {
            let mut statement = c.prepare(&format!(
                "SELECT route, count(*) FROM jobs WHERE state = 'dropped' AND {UNROUTED}
                 GROUP BY route ORDER BY route"
            ))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        self.database.call(query).await
    }

    /// The Jobs of every object that arrived with this SOP Instance UID, oldest first.
    pub async fn jobs_of_object(
        &self,
        spool_key: &[u8; 32],
        sop_instance_uid: &str,
    ) -> Result<Vec<ObjectJob>, SpoolError> {
        let hash = keyed_hash(spool_key, sop_instance_uid);
        let query = move |c: &Connection| {
            let mut statement = c.prepare(
                "SELECT jobs.id, jobs.state, held_reason, route, project, received_ms, updated_ms
                 FROM jobs JOIN originals ON originals.id = jobs.original
                 WHERE sop_hash = ?1 ORDER BY jobs.id",
            )?;
            let rows = statement.query_map([hash], |row| {
                Ok(ObjectJob {
                    job: row.get(0)?,
                    state: row.get(1)?,
                    held_reason: row.get(2)?,
                    route: row.get(3)?,
                    project: row.get(4)?,
                    received_ms: row.get(5)?,
                    updated_ms: row.get(6)?,
                })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }
}

/// Makes the records of a fate; returns the Original that it ended.
fn record_fate(
    c: &Connection,
    original: &str,
    fate: &Fate,
    now_ms: UnixMs,
) -> rusqlite::Result<Option<String>> {
    let place: Option<i64> = c
        .prepare_cached(&format!("SELECT id FROM jobs WHERE original = ?1 AND {UNROUTED}"))?
        .query_row([original], |row| row.get(0))
        .optional()?;
    let mut row = JobRow { original, now_ms, ..JobRow::default() };
    match fate {
        Fate::Jobs { jobs, held } => {
            let mut places = place.into_iter();
            let mut ended = None;
            for job in jobs {
                ended = insert_job(c, &row, job, held.as_ref(), places.next())?.or(ended);
            }
            Ok(ended)
        }
        Fate::Unrouted { hold, route } => {
            row.state = "held";
            row.held = Some((hold.reason.code(), &hold.detail));
            row.route = route.as_deref();
            row.write(c, place).map(|_| None)
        }
        Fate::Dropped { route } => {
            row.state = "dropped";
            row.route = Some(route);
            let job = row.write(c, place)?;
            c.prepare_cached(
                "INSERT INTO decisions (job, who, at_ms, what) VALUES (?1, ?2, ?3, 'drop')",
            )?
            .execute(params![job, format!("route {route}"), now_ms])?;
            end_original(c, job)
        }
    }
}

/// A Job as routing makes it.
#[derive(Default)]
struct JobRow<'a> {
    original: &'a str,
    profile: &'a str,
    /// Empty: it has none.
    profile_digest: &'a str,
    profile_json: &'a str,
    project: &'a str,
    key_id: &'a str,
    state: &'a str,
    held: Option<(&'a str, &'a str)>,
    route: Option<&'a str>,
    release: Release,
    now_ms: UnixMs,
}

impl JobRow<'_> {
    /// Writes it, into the place of a Job without a profile if there is one; its number.
    fn write(&self, c: &Connection, place: Option<i64>) -> rusqlite::Result<i64> {
        c.prepare_cached("INSERT OR IGNORE INTO profiles VALUES (?1, ?2)")?
            .execute([self.profile_digest, self.profile_json])?;
        c.prepare_cached(
            "INSERT INTO jobs (id, original, profile, profile_digest, project, key_id, state,
             held_reason, held_detail, route, updated_ms, release_by, quiet_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET profile = ?3, profile_digest = ?4, project = ?5,
             key_id = ?6, state = ?7, held_reason = ?8, held_detail = ?9, route = ?10,
             updated_ms = ?11, release_by = ?12, quiet_ms = ?13
             RETURNING id",
        )?
        .query_row(
            params![
                place,
                self.original,
                self.profile,
                self.profile_digest,
                self.project,
                self.key_id,
                self.state,
                self.held.map(|(reason, _)| reason),
                self.held.map(|(_, detail)| detail),
                self.route,
                self.now_ms,
                self.release.by.as_str(),
                self.release.quiet_s.saturating_mul(1_000).min(i64::MAX as u64) as i64,
            ],
            |row| row.get(0),
        )
    }
}

fn insert_job(
    c: &Connection,
    row: &JobRow<'_>,
    routed: &Routed,
    held: Option<&Hold>,
    place: Option<i64>,
) -> rusqlite::Result<Option<String>> {
    let digest = routed.profile.digest();
    let json = serde_json::to_string(&routed.profile)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let row = JobRow {
        original: row.original,
        profile: &routed.profile.name,
        profile_digest: &digest,
        profile_json: &json,
        project: &routed.project,
        key_id: &routed.key_id,
        state: if held.is_some() { "held" } else { "waiting" },
        held: held.map(|hold| (hold.reason.code(), hold.detail.as_str())),
        route: routed.route.as_deref(),
        release: routed.release,
        now_ms: row.now_ms,
    };
    let job = row.write(c, place)?;
    for destination in &routed.destinations {
        c.prepare_cached(
            "INSERT INTO deliveries (job, destination, state, updated_ms)
             VALUES (?1, ?2, 'waiting', ?3)",
        )?
        .execute(params![job, destination, row.now_ms])?;
    }
    match routed.destinations[..] {
        [] => end_job_if_delivered(c, job, row.now_ms),
        _ => Ok(None),
    }
}
