//! The only file that knows the order of the steps.
//!
//! ```text
//! open ─▶ examine ─▶ read the pictures ─▶ classify ─▶ decide ─▶ apply ─▶ verify ─▶ read the result again ─▶ accept
//!  │ whose it is: excluded? listed?         ▲                                    │
//!  ▼                                        └──── text still readable: again ────┘  at most ROUNDS times
//! dropped
//! ```
//! Invariants: nothing but `accept` makes a `Deidentified`, and every failure on the way is a hold
//! or another try, never a pass; nobody's object is worked on before it is recorded whose it is; what
//! a child says of an object is compared with what the parent can know; every object has an end.

mod files;
mod found;
mod image;
mod queue;
mod reading;
mod report;
mod routing;
mod studies;
mod transcoding;
mod turns;

pub use crate::sandbox::{Confinement, RunError};
pub use found::Found;
pub use image::{ImageFile, ImageReport};
pub use queue::{Context, run};
pub use report::{ObjectReport, WorkReport};
pub use routing::{HeaderReader, RoutingContext, route};
pub use studies::keep_studies;
pub use transcoding::Transcoder;

use turns::{Turn, Turns};

use crate::config::{Config, Limits, OutputSyntax, Profile, Undecodable};
use crate::deid::accept::{Candidate, Deidentified, Verdict, accept};
use crate::deid::decide::{decide, decide_again};
use crate::deid::examine::Examination;
use crate::deid::explain::Explanation;
use crate::deid::header::{KeyRing, PatientIdentity, ProjectKey, Subject};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::Identifiers;
use crate::deid::opening::Opening;
use crate::deid::outline::Outline;
use crate::deid::picture::TextLine;
use crate::deid::redaction::{PixelTreatment, Redaction};
use crate::durations::StepDurations;
use crate::patients::Patients;
use crate::recognise::aws::Aws;
use crate::recognise::{DetectError, Recogniser, StudyTag};
use crate::route::Routes;
use crate::sandbox::{
    AnswerLimits, ChildLimits, Exchange, Pool, PoolLimits, Reply, Request, Role, Stopped,
};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a result may be blanked further before the object is held.
const ROUNDS: usize = 4;
/// What a child tells of a frame besides its pictures, at most.
const FRAME_BYTES: u64 = 64;

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
    /// Whose it is, and what it tells of them.
    pub told: Opening,
    exchange: Exchange<'a>,
    outline: Outline,
    turn: Turn<'a>,
    /// When the object has had its time.
    deadline: Instant,
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
    /// Services that read beside the embedded reader; never to verify.
    aws: Option<Arc<Aws>>,
    turns: Turns,
    durations: StepDurations,
    object_timeout: Duration,
    limits: Limits,
}

impl Steps {
    /// The pools and the recogniser that a configuration asks for. Nothing is started yet.
    pub fn new(config: &Config) -> Self {
        let limits = pool_limits(config);
        Self {
            turns: Turns::new(limits.timeout),
            work: Pool::new(Role::Work, limits.clone()),
            verify: Pool::new(Role::Verify, limits),
            recogniser: Arc::new(Recogniser::new(&config.detection)),
            aws: Aws::new(config).map(Arc::new),
            durations: StepDurations::default(),
            object_timeout: Duration::from_millis(config.sandbox.object_timeout_ms),
            limits: config.limits.clone(),
        }
    }

    /// The services that are asked, if any are.
    pub fn aws(&self) -> Option<&Arc<Aws>> {
        self.aws.as_ref()
    }

    /// How long steps took.
    pub fn durations(&self) -> &StepDurations {
        &self.durations
    }

    /// How long an object waits that a service could not be asked about.
    pub fn pause(&self) -> Duration {
        self.aws.as_ref().map_or(Duration::ZERO, |aws| aws.pause())
    }

    /// Loads what reads pictures, now and not with the first of them.
    pub async fn load(&self) -> Result<(), DetectError> {
        self.recogniser.load().await.map(|_| ())
    }

    /// How this kernel confines children; an error where that is less than the configuration asks.
    pub async fn confinement(&self) -> io::Result<Confinement> {
        self.work.confinement().await
    }

    /// Has an object opened, to learn whose it is before anything is done with it.
    pub async fn open(&self, object: &Object<'_>) -> Result<Opened<'_>, RunError> {
        match self.open_at(object, self.turns.beside().await).await {
            Err(Stopped::Killed(hold)) => {
                tell_again(&hold);
                Ok(self.open_at(object, self.turns.alone().await).await?)
            }
            opened => Ok(opened?),
        }
    }

    async fn open_at<'a>(
        &'a self,
        object: &Object<'_>,
        turn: Turn<'a>,
    ) -> Result<Opened<'a>, Stopped> {
        let deadline = Instant::now() + self.object_timeout;
        let (input, limits) = (files::open(object.input)?, self.limits.clone());
        let outline = blocking(move || Outline::read(&input, &limits)).await??;
        let profile = object.profile.clone();
        let request = Request::Examine { profile, limits: self.limits.clone() };
        let files = files::of_input(object.input, object.scratch)?;
        let opening = async {
            let mut exchange = self.work.start(&request, &files).await?;
            Ok((exchange.next().await?, exchange))
        };
        match self.durations.of("open", self.in_time(deadline, opening)).await? {
            (Reply::Opened(told), exchange) => {
                Ok(Opened { told: *told, exchange, outline, turn, deadline })
            }
            _ => Err(out_of_step().into()),
        }
    }

    /// What an object tells before its pixels, and nothing else.
    pub async fn harvest(&self, object: &Object<'_>) -> Result<Opening, RunError> {
        match self.harvest_at(object, self.turns.beside().await).await {
            Err(Stopped::Killed(hold)) => {
                tell_again(&hold);
                Ok(self.harvest_at(object, self.turns.alone().await).await?)
            }
            told => Ok(told?),
        }
    }

    async fn harvest_at(&self, object: &Object<'_>, _turn: Turn<'_>) -> Result<Opening, Stopped> {
        let deadline = Instant::now() + self.object_timeout;
        let (profile, limits) = (object.profile.clone(), self.limits.clone());
        let request = Request::Harvest { profile, limits };
        let files = files::of_input(object.input, object.scratch)?;
        let asked = async { self.work.start(&request, &files).await?.next().await };
        match self.in_time(deadline, asked).await? {
            Reply::Harvested(told) => Ok(*told),
            _ => Err(out_of_step().into()),
        }
    }

    /// De-identifies an object that was opened, looking for what it tells and for what others told
    /// (`known`). `output` names the file of each round; the last
    /// one's is that of the result. Files of a failed or superseded round are removed.
    pub async fn deidentify(
        &self,
        object: &Object<'_>,
        opened: Opened<'_>,
        known: &Identifiers,
        subject: &Subject,
        output: impl Fn(usize) -> PathBuf,
    ) -> Result<(Deidentified, WorkReport), RunError> {
        let (told, was_alone) = (opened.told.clone(), opened.turn.is_alone());
        match self.attempt(object, opened, known, subject, &output).await {
            Err(Stopped::Killed(hold)) if !was_alone => {
                tell_again(&hold);
                let again = self.open_at(object, self.turns.alone().await).await?;
                if again.told != told {
                    return Err(out_of_step());
                }
                Ok(self.attempt(object, again, known, subject, &output).await?)
            }
            done => Ok(done?),
        }
    }

    /// One try at an object, within its time; what it leaves unfinished is removed.
    async fn attempt(
        &self,
        object: &Object<'_>,
        opened: Opened<'_>,
        known: &Identifiers,
        subject: &Subject,
        output: &impl Fn(usize) -> PathBuf,
    ) -> Result<(Deidentified, WorkReport), Stopped> {
        let Opened { told, exchange, outline, turn: _turn, deadline } = opened;
        let identifiers = told.knowing(known);
        let study = study_tag(object.key, &told);
        let about = (identifiers, study);
        let rounds = self.rounds(object, exchange, &outline, about, subject, output);
        let done = self.in_time(deadline, rounds).await;
        if done.is_err() {
            (1..=ROUNDS).for_each(|round| files::discard(&output(round)));
        }
        done
    }

    async fn rounds(
        &self,
        object: &Object<'_>,
        exchange: Exchange<'_>,
        outline: &Outline,
        (identifiers, study): (Identifiers, StudyTag),
        subject: &Subject,
        output: &impl Fn(usize) -> PathBuf,
    ) -> Result<(Deidentified, WorkReport), Stopped> {
        let reading = self.rest_of(exchange, Some(study));
        let (Reply::Examined(mut examination), read) = self.durations.of("read", reading).await?
        else {
            return Err(out_of_step().into());
        };
        // From here on it is worked on as if it had told all that is known.
        examination.identifiers = examination.identifiers.united(&identifiers);
        examination.check_complete(&read.pictures)?;
        check_treatment(outline, object.profile, examination.treatment)?;
        let (examination, profile) = (Arc::new(*examination), object.profile.clone());
        let of = Arc::clone(&examination);
        let classifying = self.classified(read.lines, object.profile, study);
        let text = self.durations.of("classify", classifying).await?;
        let deciding = blocking(move || {
            let redaction = decide(&of, &text, &profile)?;
            let found = found::found(&text, &redaction);
            Ok::<_, Hold>((redaction, found))
        });
        let (mut redaction, found) = self.durations.of("decide", deciding).await??;
        let mut profile = Cow::Borrowed(object.profile);
        let mut round = 0;
        while round < ROUNDS {
            round += 1;
            let path = output(round);
            let made = Object { profile: &profile, ..*object };
            match self.round(&made, subject, &path, &examination, &redaction).await? {
                Round::Unlike(frame) if profile.transfer_syntax == OutputSyntax::Same => {
                    tracing::warn!(
                        frame,
                        "another decoder does not give a frame back: the object leaves decoded"
                    );
                    files::discard(&path);
                    profile.to_mut().transfer_syntax = OutputSyntax::Explicit;
                }
                Round::Unlike(frame) => {
                    let detail = format!("another decoder does not give back frame {frame}");
                    return Err(Hold::new(HoldReason::VerificationFailed, detail).into());
                }
                Round::Clean(candidate, verdict) => {
                    if verdict.sop_class_uid != outline.sop_class_uid {
                        let detail = "the SOP class of the result is not that of the object";
                        return Err(Hold::new(HoldReason::VerificationFailed, detail).into());
                    }
                    let report = WorkReport {
                        redaction,
                        frames: examination.layout.as_ref().map_or(0, |layout| layout.frames),
                        header: candidate.header.clone(),
                        rounds: round,
                        found,
                    };
                    return Ok((accept(path, &candidate, verdict)?, report));
                }
                Round::Again(more) => {
                    let (boxes, before) = (more.boxes.len(), redaction.boxes.len());
                    tracing::debug!(round, before, boxes, "text is still readable");
                    tracing::trace!(added = ?more.boxes.iter().filter(|b| !redaction.boxes.contains(b)).collect::<Vec<_>>(), "boxes");
                    files::discard(&path);
                    redaction = more;
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
        let request = Request::Explain { profile: profile.clone(), limits: self.limits.clone() };
        let files = files::of_input(input, scratch)?;
        match self.work.start(&request, &files).await?.next().await? {
            Reply::Explained(explanation) => Ok(*explanation),
            _ => Err(out_of_step()),
        }
    }

    /// What is read in an object's pictures and decided of it, without a result.
    pub async fn look(
        &self,
        input: &Path,
        scratch: &Path,
        profile: &Profile,
    ) -> Result<Look, RunError> {
        let request = Request::Examine { profile: profile.clone(), limits: self.limits.clone() };
        let files = files::of_input(input, scratch)?;
        let looking = async {
            let mut exchange = self.work.start(&request, &files).await?;
            if !matches!(exchange.next().await?, Reply::Opened(_)) {
                return Err(out_of_step().into());
            }
            let study = StudyTag::default();
            let (Reply::Examined(examination), read) = self.rest_of(exchange, Some(study)).await?
            else {
                return Err(out_of_step().into());
            };
            examination.check_complete(&read.pictures)?;
            let lines = read.lines.clone();
            let text = self.classified(read.lines, profile, study).await?;
            let (of, profile) = (*examination, profile.clone());
            let frames = of.layout.as_ref().map_or(0, |layout| layout.frames);
            let redaction = blocking(move || decide(&of, &text, &profile)).await?;
            Ok(Look { lines, redaction: redaction?, frames })
        };
        Ok(self.in_time(Instant::now() + self.object_timeout, looking).await?)
    }

    async fn round(
        &self,
        object: &Object<'_>,
        subject: &Subject,
        output: &Path,
        examination: &Arc<Examination>,
        redaction: &Redaction,
    ) -> Result<Round, Stopped> {
        let apply = Request::Apply {
            profile: object.profile.clone(),
            redaction: redaction.clone(),
            identifiers: examination.identifiers.clone(),
            key: object.key.clone(),
            subject: subject.clone(),
            limits: self.limits.clone(),
        };
        let files = files::with_output(object.input, object.scratch)?;
        let writing = self.run(&self.work, &apply, &files);
        let (Reply::Applied(candidate), _) = self.durations.of("write", writing).await? else {
            return Err(out_of_step().into());
        };
        files::keep_output(files, output.to_owned()).await?;
        let verify = Request::Verify {
            profile: object.profile.clone(),
            facts: examination.facts.clone(),
            redaction: redaction.clone(),
            identifiers: examination.identifiers.clone(),
            subject: subject.clone(),
            layout: examination.layout.clone(),
            looked: examination.looked.clone(),
            encoded: candidate.encoded.clone(),
            limits: self.limits.clone(),
        };
        let files = files::of_input(output, object.scratch)?;
        let verifying = self.run(&self.verify, &verify, &files);
        let (Reply::Verified(verdict), read) = self.durations.of("verify", verifying).await? else {
            return Err(out_of_step().into());
        };
        if let Some(frame) = verdict.not_given_back {
            return Ok(Round::Unlike(frame));
        }
        let (of, before) = (Arc::clone(examination), redaction.clone());
        let (lines, profile) = (read.lines, object.profile.clone());
        let more = blocking(move || decide_again(&of, &before, &lines, &profile)).await?;
        Ok(match more {
            None => Round::Clean(Box::new(candidate), verdict),
            Some(more) => Round::Again(more),
        })
    }

    /// Ends what takes longer than an object may. The child that works on it is killed.
    async fn in_time<T>(
        &self,
        deadline: Instant,
        work: impl Future<Output = Result<T, Stopped>>,
    ) -> Result<T, Stopped> {
        tokio::time::timeout_at(deadline, work).await.unwrap_or_else(|_| {
            let detail = format!("not done in {} ms in all", self.object_timeout.as_millis());
            Err(Hold::new(HoldReason::SandboxTimeout, detail).into())
        })
    }
}

fn pool_limits(config: &Config) -> PoolLimits {
    let (sandbox, limits) = (&config.sandbox, &config.limits);
    PoolLimits {
        children: sandbox.workers,
        child: ChildLimits {
            memory_bytes: sandbox.memory_bytes,
            file_bytes: files::largest_bytes(limits),
            request_cpu_s: sandbox.request_cpu_s,
        },
        answers: AnswerLimits {
            message_bytes: limits.max_header_bytes + FRAME_BYTES * u64::from(limits.max_frames),
            picture_bytes: limits.max_frame_bytes,
        },
        timeout: Duration::from_millis(sandbox.timeout_ms),
        objects_per_child: sandbox.objects_per_child,
        require_confinement: sandbox.require_confinement,
    }
}

/// A child that is no longer ours could say that nothing has to be looked at.
fn check_treatment(
    outline: &Outline,
    profile: &Profile,
    treatment: PixelTreatment,
) -> Result<(), Hold> {
    // Where the profile allows it, blanking is all that a child can do to pixels besides.
    let blanked = treatment == PixelTreatment::Blanked
        && outline.has_pixels
        && profile.undecodable == Undecodable::Blank;
    if outline.treatment(profile) == treatment || blanked {
        return Ok(());
    }
    let detail = "what was done with the pixels is not what the profile says for the SOP class";
    Err(Hold::new(HoldReason::VerificationFailed, detail))
}

fn tell_again(hold: &Hold) {
    let detail = &hold.detail;
    tracing::warn!(reason = %hold.reason, detail, "a child ended: its object is tried once more, alone");
}

/// Runs a long computation where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    computation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Hold> {
    let stopped = |_| Hold::new(HoldReason::SandboxCrashed, "a computation stopped");
    tokio::task::spawn_blocking(computation).await.map_err(stopped)
}

/// What was read in an object, and what is to become of its pixels.
pub struct Look {
    pub lines: Vec<TextLine>,
    pub redaction: Redaction,
    pub frames: u32,
}

enum Round {
    Clean(Box<Candidate>, Verdict),
    Again(Redaction),
    /// This frame was encoded, and another decoder gives something else back.
    Unlike(u32),
}

/// What stands for a study where costs are counted; it tells nobody which study that is.
fn study_tag(key: &ProjectKey, told: &Opening) -> StudyTag {
    let pseudonym = key.value_pseudonym("costs", told.study_instance_uid.reveal(), 16);
    let mut tag = StudyTag::default();
    tag.0.iter_mut().zip(pseudonym.bytes()).for_each(|(to, byte)| *to = byte);
    tag
}

fn out_of_step() -> RunError {
    RunError::Failed("a child answered another question".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_did_not_look_at_the_pixels_is_not_believed() {
        let profile = Profile::named("basic").expect("shipped");
        let outline = Outline { sop_class_uid: "1.2.3".into(), has_pixels: true };
        let check = |treatment| check_treatment(&outline, &profile, treatment);
        assert_eq!(check(PixelTreatment::Looked), Ok(()));
        for treatment in [PixelTreatment::Skipped, PixelTreatment::Absent] {
            let hold = check(treatment).expect_err("they were to be looked at");
            assert_eq!(hold.reason, HoldReason::VerificationFailed);
        }
    }
}
