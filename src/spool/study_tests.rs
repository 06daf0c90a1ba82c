//! What objects tell each other, and when studies leave: on a spool without a gateway.

use super::jobs::Job;
use super::*;
use crate::config::{Profile, Release, ReleaseBy};
use crate::deid::header::PatientIdentity;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::deid::opening::Opening;
use crate::phi::Phi;
use rusqlite::{Connection, params};

const KEY: [u8; 32] = [4; 32];
const QUIET_MS: UnixMs = 10_000;

/// What an object of a patient and a study tells: these names.
pub fn told(patient: &PatientIdentity, study: &str, names: &[&str]) -> Opening {
    let name = |name: &&str| Identifier {
        kind: IdentifierKind::Name,
        value: Phi::new((*name).to_owned()),
    };
    Opening {
        patient: patient.clone(),
        study_instance_uid: Phi::new(study.into()),
        series_instance_uid: Phi::new("1.9".into()),
        identifiers: Identifiers(names.iter().map(name).collect()),
        retained: Identifiers::default(),
    }
}

struct Trial {
    directory: tempfile::TempDir,
    spool: LocalSpool,
    release: ReleaseBy,
}

impl Trial {
    async fn new(release: ReleaseBy) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = LocalSpool::open(directory.path(), KEY, 0).await.expect("opened");
        Self { directory, spool, release }
    }

    /// What is left after a `kill -9`.
    async fn restarted(self) -> Self {
        let Self { directory, spool, release } = self;
        drop(spool);
        let spool = LocalSpool::open(directory.path(), KEY, 0).await.expect("opened again");
        Self { directory, spool, release }
    }

    /// Receives and routes an object; its Job.
    async fn receive(&self, sop: &str, study: &str, now_ms: UnixMs) -> i64 {
        self.receive_of(sop, study, "1.9", now_ms).await
    }

    async fn receive_of(&self, sop: &str, study: &str, series: &str, now_ms: UnixMs) -> i64 {
        self.accept(sop, study, series, now_ms).await;
        let original = self.spool.unrouted(1, Default::default()).await.expect("asked").remove(0);
        let routed = Routed {
            profile: Profile::named("basic").expect("shipped"),
            project: "trial".into(),
            key_id: "k".into(),
            release: Release { by: self.release, quiet_s: QUIET_MS as u64 / 1_000 },
            destinations: vec!["out".into()],
            route: None,
        };
        let fate = Fate::Jobs { jobs: vec![routed], held: None };
        let routing = Routing { original: original.id, fate };
        self.spool.route(vec![routing], now_ms).await.expect("routed");
        self.number("SELECT max(id) FROM jobs").await
    }

    /// Receives an object.
    async fn accept(&self, sop: &str, study: &str, series: &str, now_ms: UnixMs) {
        let identity = Identity {
            sop_class_uid: "1.2.3".into(),
            sop_instance_uid: sop.into(),
            transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
        };
        let mut file = self.spool.incoming(&identity).expect("a file");
        file.write(sop.as_bytes()).expect("written");
        let original = NewOriginal {
            sop_instance_uid: sop.into(),
            study_instance_uid: study.into(),
            series_instance_uid: series.into(),
            sop_class_uid: "1.2.3".into(),
            transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
            calling_ae: "A".into(),
            called_ae: "B".into(),
            peer: "127.0.0.1:1".into(),
        };
        self.spool.accept(file, original, now_ms).await.expect("accepted");
    }

    async fn number(&self, sql: &'static str) -> i64 {
        self.spool.database.call(move |c| c.query_row(sql, [], |row| row.get(0))).await.expect(sql)
    }

    async fn waiting(&self) -> Vec<Job> {
        self.spool.waiting_jobs(99, Vec::new(), 0, 1).await.expect("asked")
    }

    /// The Jobs that may be worked on, as far as more than telling is meant.
    async fn to_work(&self) -> Vec<i64> {
        self.waiting().await.into_iter().filter(|job| !job.tells_only).map(|job| job.id).collect()
    }

    async fn admit(&self, job: i64, told: &Opening) -> Admission {
        self.spool.admit(job, told, None, 1).await.expect("asked")
    }

    async fn known(&self, job: i64, told: &Opening) -> Known {
        match self.admit(job, told).await {
            Admission::Admitted(known) => known,
            other => panic!("not admitted: {other:?}"),
        }
    }

    async fn names(&self, job: i64, told: &Opening) -> Vec<String> {
        let known = self.known(job, told).await.identifiers;
        known.0.into_iter().map(|one| one.value.reveal().clone()).collect()
    }

    /// Makes a Job ready as the spool does, without the result that only `accept` can make.
    async fn ready(&self, job: i64, known: &Known) -> bool {
        let set = known.set.clone();
        let sql = "UPDATE jobs SET state = 'ready', result_kept = 1, result_sha256 = 'd',
                   sop_class = 'c', transfer_syntax = 't', updated_ms = 1
                   WHERE id = ?1 AND state = 'waiting' AND known_set IS ?2";
        let record = move |c: &Connection| c.execute(sql, params![job, set]);
        self.spool.database.call(record).await.expect("recorded") == 1
    }

    async fn due(&self) -> Vec<i64> {
        let due = self.spool.due_deliveries("out", 99, Vec::new(), 0, 1).await.expect("asked");
        due.into_iter().map(|delivery| delivery.job).collect()
    }

    async fn states(&self, now_ms: UnixMs) -> Vec<StudyState> {
        let studies = self.spool.waiting_studies(now_ms).await.expect("asked");
        studies.into_iter().map(|study| study.state).collect()
    }

    async fn keep(&self, now_ms: UnixMs) -> usize {
        self.spool.keep_studies(now_ms).await.expect("kept")
    }

    /// Everything under the spool's directory, names and contents.
    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in walkdir::WalkDir::new(self.directory.path()).into_iter().flatten() {
            all.extend(entry.path().as_os_str().as_encoded_bytes());
            all.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
        all
    }

    fn has(&self, value: &str) -> bool {
        memchr::memmem::find(&self.bytes(), value.as_bytes()).is_some()
    }
}

fn jane() -> PatientIdentity {
    PatientIdentity::new("1", "N")
}

/// A patient as an object without a PatientID has it.
fn nobody(study: &str) -> PatientIdentity {
    PatientIdentity::new(study, "STUDY WITHOUT A PATIENTID")
}

#[tokio::test]
async fn an_object_is_searched_for_what_its_study_and_its_patient_told_before_and_nobody_else() {
    let trial = Trial::new(ReleaseBy::Object).await;
    let ct = trial.receive("1", "S1", 1).await;
    assert_eq!(trial.names(ct, &told(&jane(), "S1", &["DOE"])).await, ["DOE"]);
    let capture = trial.receive("2", "S1", 1).await;
    assert_eq!(trial.names(capture, &told(&nobody("S1"), "S1", &[])).await, ["DOE"]);
    let other_study = trial.receive("3", "S2", 1).await;
    let names = trial.names(other_study, &told(&jane(), "S2", &["MAIDEN"])).await;
    assert_eq!(names, ["DOE", "MAIDEN"]);
    let other_patient = trial.receive("4", "S3", 1).await;
    let eve = PatientIdentity::new("2", "N");
    assert_eq!(trial.names(other_patient, &told(&eve, "S3", &["EVE"])).await, ["EVE"]);
    let same_id_elsewhere = trial.receive("5", "S4", 1).await;
    let other = PatientIdentity::new("1", "M");
    assert_eq!(trial.names(same_id_elsewhere, &told(&other, "S4", &[])).await, [""; 0]);
}

#[tokio::test]
async fn what_was_known_when_work_began_is_known_after_a_crash_and_no_more() {
    let trial = Trial::new(ReleaseBy::Object).await;
    let first = trial.receive("1", "S", 1).await;
    let known = trial.known(first, &told(&jane(), "S", &["DOE"])).await;
    let second = trial.receive("2", "S", 1).await;
    trial.known(second, &told(&jane(), "S", &["ALIAS"])).await;
    let trial = trial.restarted().await;
    assert_eq!(trial.known(first, &told(&jane(), "S", &["DOE"])).await, known);
    // Nothing of it was ever ready: a person who has it run again wants what is known by now.
    let hold = Hold::new(HoldReason::TextRemains, "x");
    trial.spool.hold(first, hold.clone(), 2).await.expect("held");
    trial.spool.reprocess(HeldSelection::Job(first), "me".into(), 3).await.expect("again");
    let more = trial.known(first, &told(&jane(), "S", &["DOE"])).await;
    assert_eq!(more.identifiers.0.len(), 2);
    // What was ready may have been sent: it is made again as it was.
    assert!(trial.ready(first, &more).await);
    trial.spool.hold(first, hold, 4).await.expect("held");
    let third = trial.receive("3", "S", 4).await;
    trial.known(third, &told(&jane(), "S", &["THIRD"])).await;
    trial.spool.reprocess(HeldSelection::Job(first), "me".into(), 5).await.expect("again");
    assert_eq!(trial.known(first, &told(&jane(), "S", &["DOE"])).await, more);
}

#[tokio::test]
async fn an_object_that_tells_more_than_a_limit_is_held_and_others_of_its_study_are_not() {
    let trial = Trial::new(ReleaseBy::Object).await;
    let many: Vec<_> = (0..=sets::MAX_IDENTIFIERS).map(|n| format!("N{n:05}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let hostile = trial.receive("1", "S", 1).await;
    assert_eq!(trial.admit(hostile, &told(&jane(), "S", &many)).await, Admission::TooMuch);
    let ct = trial.receive("2", "S", 1).await;
    assert_eq!(trial.names(ct, &told(&jane(), "S", &["DOE"])).await, ["DOE"]);
}

#[tokio::test]
async fn identifiers_are_in_no_file_once_nothing_of_the_patient_is_there() {
    let trial = Trial::new(ReleaseBy::Object).await;
    let job = trial.receive("1", "S", 1).await;
    let known = trial.known(job, &told(&jane(), "S", &["ZQCANARY^JANE"])).await;
    assert!(trial.ready(job, &known).await);
    trial.spool.forget_identifiers(9_000, 9_999).await.expect("forgotten");
    assert!(trial.has("ZQCANARY"), "its Job is open");
    let delivery = trial.number("SELECT id FROM deliveries").await;
    trial.spool.delivered(delivery, 0, 5_000).await.expect("delivered");
    trial.spool.forget_identifiers(4_000, 9_999).await.expect("forgotten");
    assert!(trial.has("ZQCANARY"), "it may be needed for what comes late");
    trial.spool.forget_identifiers(6_000, 9_999).await.expect("forgotten");
    assert!(!trial.has("ZQCANARY"));
    assert_eq!(trial.number("SELECT count(*) FROM identifiers").await, 0);
}

#[tokio::test]
async fn a_study_is_opened_whole_before_work_on_it_begins_and_leaves_at_once() {
    let trial = Trial::new(ReleaseBy::Study).await;
    // The capture first: it knows what the CT tells all the same.
    let capture = trial.receive("1", "S", 1_000).await;
    let ct = trial.receive("2", "S", 2_000).await;
    assert!(trial.waiting().await.iter().all(|job| job.tells_only));
    let of_capture = told(&nobody("S"), "S", &[]);
    let of_ct = told(&jane(), "S", &["DOE"]);
    assert_eq!(trial.admit(capture, &of_capture).await, Admission::Parked);
    trial.keep(2_000 + QUIET_MS).await;
    assert_eq!(trial.states(2_000 + QUIET_MS).await, [StudyState::Opening]);
    assert_eq!(trial.admit(ct, &of_ct).await, Admission::Parked);
    trial.keep(1_999 + QUIET_MS).await;
    assert_eq!(trial.states(1_999 + QUIET_MS).await, [StudyState::Coming]);
    assert_eq!(trial.to_work().await, [0; 0]);
    let now = 2_000 + QUIET_MS;
    trial.keep(now).await;
    assert_eq!(trial.states(now).await, [StudyState::Working]);
    assert_eq!(trial.to_work().await, [capture, ct]);
    assert_eq!(trial.names(capture, &of_capture).await, ["DOE"]);
    let known = trial.known(ct, &of_ct).await;
    assert!(trial.ready(ct, &known).await);
    assert_eq!((trial.keep(now).await, trial.due().await), (0, vec![]));
    // A restart changes nothing of it.
    let trial = trial.restarted().await;
    assert_eq!((trial.keep(now).await, trial.due().await), (0, vec![]));
    assert!(trial.ready(capture, &known).await);
    assert_eq!(trial.due().await, [0; 0], "ready, and not released");
    assert_eq!((trial.keep(now).await, trial.due().await), (2, vec![capture, ct]));
    assert_eq!(trial.states(now).await, []);
}

#[tokio::test]
async fn what_is_ready_is_made_again_when_a_later_object_of_the_study_tells_more() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let first = trial.receive("1", "S", 1_000).await;
    trial.admit(first, &told(&jane(), "S", &["DOE"])).await;
    let now = 1_000 + QUIET_MS;
    trial.keep(now).await;
    let known = trial.known(first, &told(&jane(), "S", &["DOE"])).await;
    assert!(trial.ready(first, &known).await);
    // It arrives before the study was looked at again.
    let second = trial.receive("2", "S", now).await;
    assert_eq!((trial.keep(now).await, trial.states(now).await), (0, vec![StudyState::Coming]));
    trial.admit(second, &told(&jane(), "S", &["ALIAS"])).await;
    let later = now + QUIET_MS;
    trial.keep(later).await;
    assert_eq!(trial.to_work().await, [first, second]);
    assert!(!trial.ready(first, &known).await, "a result that was searched for less");
    let names = trial.names(first, &told(&jane(), "S", &["DOE"])).await;
    assert_eq!(names, ["ALIAS", "DOE"]);
    // One that tells nothing new costs no second time.
    for job in [first, second] {
        let known = trial.known(job, &told(&jane(), "S", &["DOE"])).await;
        assert!(trial.ready(job, &known).await);
    }
    let third = trial.receive("3", "S", later).await;
    trial.admit(third, &told(&jane(), "S", &["DOE"])).await;
    trial.keep(later + QUIET_MS).await;
    assert_eq!(trial.to_work().await, [third]);
}

#[tokio::test]
async fn a_held_object_keeps_its_study_back_and_no_other_until_a_person_decides() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let mut jobs = Vec::new();
    for (sop, study) in [("1", "S"), ("2", "S"), ("3", "T")] {
        let job = trial.receive(sop, study, 1_000).await;
        trial.admit(job, &told(&jane(), study, &["DOE"])).await;
        jobs.push(job);
    }
    let now = 1_000 + QUIET_MS;
    trial.keep(now).await;
    let known = trial.known(jobs[1], &told(&jane(), "S", &["DOE"])).await;
    let hold = Hold::new(HoldReason::TextRemains, "x");
    trial.spool.hold(jobs[0], hold, now).await.expect("held");
    assert!(trial.ready(jobs[1], &known).await && trial.ready(jobs[2], &known).await);
    assert_eq!((trial.keep(now).await, trial.due().await), (1, vec![jobs[2]]));
    assert_eq!(trial.states(now).await, [StudyState::HeldBack]);
    let held = trial.spool.held(HeldSelection::All).await.expect("listed").remove(0);
    let waiting = trial.spool.waiting_studies(now).await.expect("listed").remove(0);
    assert_eq!((held.study, held.kept_back), (Some(waiting.study), 1));
    trial.spool.reject(HeldSelection::Job(jobs[0]), "me".into(), now).await.expect("rejected");
    assert_eq!((trial.keep(now).await, trial.due().await), (1, vec![jobs[1], jobs[2]]));
}

#[tokio::test]
async fn an_object_that_is_not_routed_or_routed_nowhere_keeps_its_study_here() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let job = trial.receive("1", "S", 1_000).await;
    trial.admit(job, &told(&jane(), "S", &["DOE"])).await;
    trial.keep(1_000 + QUIET_MS).await;
    let known = trial.known(job, &told(&jane(), "S", &["DOE"])).await;
    assert!(trial.ready(job, &known).await);
    trial.accept("2", "S", "1.9", 2_000).await;
    let now = 2_000 + QUIET_MS;
    assert_eq!((trial.keep(now).await, trial.states(now).await), (0, vec![StudyState::Coming]));
    let original = trial.spool.unrouted(1, Default::default()).await.expect("asked").remove(0);
    let hold = Hold::new(HoldReason::NoRoute, "x");
    let fate = Fate::Unrouted { hold, route: None };
    let routing = Routing { original: original.id, fate };
    trial.spool.route(vec![routing], now).await.expect("routed");
    assert_eq!((trial.keep(now).await, trial.states(now).await), (0, vec![StudyState::HeldBack]));
    let held = trial.spool.held(HeldSelection::All).await.expect("listed");
    assert_eq!(held[0].kept_back, 1);
    trial.spool.reject(HeldSelection::All, "me".into(), now).await.expect("rejected");
    assert_eq!((trial.keep(now).await, trial.due().await), (1, vec![job]));
}

#[tokio::test]
async fn a_series_leaves_without_the_others_of_its_study_and_knows_what_they_told() {
    let trial = Trial::new(ReleaseBy::Series).await;
    let first = trial.receive_of("1", "S", "A", 1_000).await;
    let second = trial.receive_of("2", "S", "B", 5_000).await;
    trial.admit(first, &told(&jane(), "S", &["DOE"])).await;
    trial.admit(second, &told(&jane(), "S", &["ALIAS"])).await;
    let now = 1_000 + QUIET_MS;
    trial.keep(now).await;
    assert_eq!(trial.states(now).await, [StudyState::Working, StudyState::Coming]);
    assert_eq!(trial.to_work().await, [first]);
    let known = trial.known(first, &told(&jane(), "S", &["DOE"])).await;
    assert_eq!(known.identifiers.0.len(), 2);
    assert!(trial.ready(first, &known).await);
    assert_eq!((trial.keep(now).await, trial.due().await), (1, vec![first]));
}

#[tokio::test]
async fn what_comes_after_a_release_waits_by_itself_and_knows_what_the_study_told() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let first = trial.receive("1", "S", 1_000).await;
    trial.admit(first, &told(&jane(), "S", &["DOE"])).await;
    let now = 1_000 + QUIET_MS;
    trial.keep(now).await;
    let known = trial.known(first, &told(&jane(), "S", &["DOE"])).await;
    assert!(trial.ready(first, &known).await);
    assert_eq!(trial.keep(now).await, 1);
    let late = trial.receive("2", "S", now).await;
    trial.admit(late, &told(&nobody("S"), "S", &[])).await;
    assert_eq!((trial.keep(now).await, trial.due().await), (0, vec![first]));
    trial.keep(now + QUIET_MS).await;
    assert_eq!(trial.names(late, &told(&nobody("S"), "S", &[])).await, ["DOE"]);
    assert!(trial.ready(late, &known).await);
    assert_eq!((trial.keep(now + QUIET_MS).await, trial.due().await), (1, vec![first, late]));
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_study_for_ever() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let day = 86_400_000;
    let job = trial.receive("1", "S", day).await;
    trial.admit(job, &told(&jane(), "S", &["DOE"])).await;
    trial.keep(1_000).await;
    assert_eq!(trial.states(1_000).await, [StudyState::Working]);
}

#[tokio::test]
async fn when_what_a_study_told_is_gone_its_objects_are_asked_again() {
    let trial = Trial::new(ReleaseBy::Study).await;
    let job = trial.receive("1", "S", 1_000).await;
    trial.admit(job, &told(&jane(), "S", &["DOE"])).await;
    let sets = trial.directory.path().join("identifiers");
    for entry in std::fs::read_dir(sets).expect("listed").flatten() {
        std::fs::remove_file(entry.path()).expect("removed");
    }
    let trial = trial.restarted().await;
    assert_eq!(trial.states(1_000 + QUIET_MS).await, [StudyState::Opening]);
    trial.admit(job, &told(&jane(), "S", &["DOE"])).await;
    trial.keep(1_000 + QUIET_MS).await;
    assert_eq!(trial.names(job, &told(&jane(), "S", &["DOE"])).await, ["DOE"]);
}
