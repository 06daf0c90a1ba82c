//! The only file that knows the order of the steps.
//!
//! ```text
//! open ─▶ examine ─▶ read the pictures ─▶ decide ─▶ apply ─▶ verify ─▶ read the result again ─▶ accept
//!  │ whose it is: excluded? listed?         ▲                                    │
//!  ▼                                        └──── text still readable: again ────┘  at most ROUNDS times
//! dropped
//! ```
//! Invariants: nothing but `accept` makes a `Deidentified`, and every failure on the way is a hold
//! or another try, never a pass; nobody's object is worked on before it is recorded whose it is.

mod queue;
mod report;
mod routing;

pub use crate::sandbox::RunError;
pub use queue::{Context, run};
pub use report::{ObjectReport, WorkReport};
pub use routing::{HeaderReader, RoutingContext, route};

use crate::config::{Config, Limits, Profile};
use crate::deid::accept::{Candidate, Deidentified, Verdict, accept};
use crate::deid::decide::{decide, decide_again};
use crate::deid::examine::Examination;
use crate::deid::explain::Explanation;
use crate::deid::header::{KeyRing, PatientIdentity, ProjectKey, Subject};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::picture::TextLine;
use crate::deid::redaction::Redaction;
use crate::patients::Patients;
use crate::recognise::{DetectError, Recogniser};
use crate::route::Routes;
use crate::sandbox::{Exchange, Pool, PoolLimits, Reply, Request, Role};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often a result may be blanked further before the object is held.
const ROUNDS: usize = 4;

/// One object to de-identify, and how.
pub struct Object<'a> {
    /// Its Part 10 file.
    pub input: &'a Path,
    /// A directory for nameless files.
    pub scratch: &'a Path,
    pub profile: &'a Profile,
    pub key: &'a ProjectKey,
}

impl Object<'_> {
    /// How its patient appears in the result.
    pub fn subject(&self, patients: &Patients, patient: &PatientIdentity) -> Result<Subject, Hold> {
        patients.subject(self.key, patient, self.profile.dates.shift_days)
    }
}

/// An object that a child has opened. Dropping it ends that child.
pub struct Opened<'a> {
    /// Whose it is.
    pub patient: PatientIdentity,
    exchange: Exchange<'a>,
}

/// What a reload replaces, all of it at once. A Job that was routed keeps its profile and key.
pub struct Current {
    pub routes: Routes,
    pub keys: KeyRing,
    pub patients: Patients,
    /// Whether an object with a known SOP Instance UID and other content is held.
    pub hold_changed: bool,
}

/// The steps and what they run on.
pub struct Steps {
    work: Pool,
    verify: Pool,
    recogniser: Arc<Recogniser>,
    limits: Limits,
}

impl Steps {
    /// The pools and the recogniser that a configuration asks for. Nothing is started yet.
    pub fn new(config: &Config) -> io::Result<Self> {
        let limits = PoolLimits {
            children: config.sandbox.workers,
            memory_bytes: config.sandbox.memory_bytes,
            timeout: Duration::from_millis(config.sandbox.timeout_ms),
            objects_per_child: config.sandbox.objects_per_child,
        };
        Ok(Self {
            work: Pool::new(Role::Work, limits.clone())?,
            verify: Pool::new(Role::Verify, limits)?,
            recogniser: Arc::new(Recogniser::new(config.detection.threads)),
            limits: config.limits.clone(),
        })
    }

    /// Has an object opened, to learn whose it is before anything is done with it.
    pub async fn open(&self, object: &Object<'_>) -> Result<Opened<'_>, RunError> {
        let request = Request::Examine {
            input: object.input.to_owned(),
            scratch: object.scratch.to_owned(),
            profile: object.profile.clone(),
            limits: self.limits.clone(),
        };
        let mut exchange = self.work.start(&request).await?;
        match exchange.next().await? {
            Reply::Opened(patient) => Ok(Opened { patient, exchange }),
            _ => Err(out_of_step()),
        }
    }

    /// De-identifies an object that was opened. `output` names the file of each round; the last
    /// one's is that of the result. Files of a failed or superseded round are removed.
    pub async fn deidentify(
        &self,
        object: &Object<'_>,
        opened: Opened<'_>,
        subject: &Subject,
        output: impl Fn(usize) -> PathBuf,
    ) -> Result<(Deidentified, WorkReport), RunError> {
        let (Reply::Examined(examination), read) = self.rest_of(opened.exchange).await? else {
            return Err(out_of_step());
        };
        examination.check_complete(&read.pictures)?;
        let mut redaction = decide(&examination, &read.lines, object.profile);
        for round in 1..=ROUNDS {
            let path = output(round);
            match self.round(object, subject, &path, &examination, &redaction).await {
                Ok(Round::Clean(candidate, verdict)) => {
                    let report = WorkReport {
                        redaction,
                        frames: examination.layout.as_ref().map_or(0, |layout| layout.frames),
                        header: candidate.header.clone(),
                        rounds: round,
                    };
                    return Ok((accept(*candidate, verdict)?, report));
                }
                Ok(Round::Again(more)) => {
                    let (boxes, before) = (more.boxes.len(), redaction.boxes.len());
                    tracing::debug!(round, before, boxes, "text is still readable");
                    tracing::trace!(added = ?more.boxes.iter().filter(|b| !redaction.boxes.contains(b)).collect::<Vec<_>>(), "boxes");
                    discard(&path);
                    redaction = more;
                }
                Err(error) => {
                    discard(&path);
                    return Err(error);
                }
            }
        }
        let detail = format!("text can still be read after {ROUNDS} rounds");
        Err(Hold::new(HoldReason::TextRemains, detail).into())
    }

    /// What would be done with an object, without doing it.
    pub async fn explain(
        &self,
        input: &Path,
        scratch: &Path,
        profile: &Profile,
    ) -> Result<Explanation, RunError> {
        let request = Request::Explain {
            input: input.to_owned(),
            scratch: scratch.to_owned(),
            profile: profile.clone(),
            limits: self.limits.clone(),
        };
        match self.work.start(&request).await?.next().await? {
            Reply::Explained(explanation) => Ok(*explanation),
            _ => Err(out_of_step()),
        }
    }

    async fn round(
        &self,
        object: &Object<'_>,
        subject: &Subject,
        output: &Path,
        examination: &Examination,
        redaction: &Redaction,
    ) -> Result<Round, RunError> {
        let apply = Request::Apply {
            input: object.input.to_owned(),
            output: output.to_owned(),
            scratch: object.scratch.to_owned(),
            profile: object.profile.clone(),
            redaction: redaction.clone(),
            identifiers: examination.identifiers.clone(),
            key: object.key.clone(),
            subject: subject.clone(),
            limits: self.limits.clone(),
        };
        let (Reply::Applied(candidate), _) = self.run(&self.work, &apply).await? else {
            return Err(out_of_step());
        };
        let verify = Request::Verify {
            candidate: output.to_owned(),
            scratch: object.scratch.to_owned(),
            profile: object.profile.clone(),
            facts: examination.facts.clone(),
            redaction: redaction.clone(),
            identifiers: examination.identifiers.clone(),
            subject: subject.clone(),
            layout: examination.layout.clone(),
            looked: examination.looked.clone(),
            limits: self.limits.clone(),
        };
        let (Reply::Verified(verdict), read) = self.run(&self.verify, &verify).await? else {
            return Err(out_of_step());
        };
        Ok(match decide_again(examination, redaction, &read.lines, object.profile) {
            None => Round::Clean(Box::new(candidate), verdict),
            Some(more) => Round::Again(more),
        })
    }

    /// One request, with every picture read as it comes.
    async fn run(&self, pool: &Pool, request: &Request) -> Result<(Reply, Read), RunError> {
        self.rest_of(pool.start(request).await?).await
    }

    async fn rest_of(&self, mut exchange: Exchange<'_>) -> Result<(Reply, Read), RunError> {
        let mut all = Read::default();
        loop {
            match exchange.next().await? {
                Reply::Picture(picture) => {
                    let frame = picture.frame;
                    let read = self.recogniser.read(picture).await;
                    all.lines.extend(read.map_err(|error| detection_failed(frame, &error))?);
                    *all.pictures.entry(frame).or_default() += 1;
                }
                reply => return Ok((reply, all)),
            }
        }
    }
}

/// What was read during one request.
#[derive(Default)]
struct Read {
    lines: Vec<TextLine>,
    /// The number of pictures by frame.
    pictures: BTreeMap<u32, u32>,
}

enum Round {
    Clean(Box<Candidate>, Verdict),
    Again(Redaction),
}

fn detection_failed(frame: u32, error: &DetectError) -> Hold {
    Hold::new(HoldReason::DetectionFailed, format!("frame {frame}: {error}"))
}

fn out_of_step() -> RunError {
    RunError::Failed("a child answered another question".into())
}

fn discard(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(kind = ?error.kind(), "an unfinished result could not be removed");
    }
}
