//! `patient find|exclude|include|excluded`: what left of one person, and whose objects are dropped.
//!
//! Invariant: who is asked for is hashed or made a pseudonym at once, and is neither shown nor
//! stored nor logged.

use super::time::utc;
use crate::config::{Config, Keys, Linkage, ShiftRange};
use crate::deid::header::PatientIdentity;
use crate::patients::Patients;
use crate::phi::Phi;
use crate::site_key::{self, SiteKeyError, SiteSecrets};
use crate::spool::{Excluded, LocalSpool, PatientHash, PatientJob, SpoolError, UnixMs};
use std::fmt::Write as _;

/// Who is asked for. Without an issuer it is everyone of this PatientID.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: Phi<String>,
    pub issuer: Option<Phi<String>>,
}

impl Person {
    fn identity(&self) -> PatientIdentity {
        let issuer = self.issuer.as_ref().map_or("", |issuer| issuer.reveal());
        PatientIdentity::new(self.id.reveal(), issuer)
    }

    /// How the spool knows them.
    pub fn hash(&self, secrets: &SiteSecrets) -> PatientHash {
        let (key, identity) = (&secrets.spool_key, self.identity());
        match self.issuer {
            Some(_) => PatientHash::exact(key, &identity),
            None => PatientHash::any_issuer(key, &identity),
        }
    }
}

/// The PatientIDs that results of every project of the configuration have, under every epoch.
pub fn pseudonyms(
    config: &Config,
    secrets: &SiteSecrets,
    patients: &Patients,
    person: &Person,
) -> Result<String, SiteKeyError> {
    let mut text = String::new();
    for project in config.projects() {
        text.push_str(&of_project(&config.keys, project, secrets, patients, person)?);
    }
    if patients.lists(&person.identity()) {
        text.push_str("The lookup file lists this patient; it may have said otherwise before.\n");
    }
    if person.issuer.is_none() {
        text.push_str(
            "An object that names an issuer has another PatientID than these: see its job, or give \
             --issuer.\n",
        );
    }
    Ok(text)
}

fn of_project(
    keys: &Keys,
    project: &str,
    secrets: &SiteSecrets,
    patients: &Patients,
    person: &Person,
) -> Result<String, SiteKeyError> {
    let identity = person.identity();
    let mut text = format!("PatientID in results of project {project:?}:\n");
    for found in secrets.keys.of_project(project) {
        let (epoch, key_id) = (found.epoch, found.key.key_id());
        // An unknown patient who is held has no result at all.
        let subject = patients.subject(&found.key, &identity, ShiftRange::default());
        let id = subject.map_or_else(|hold| hold.to_string(), |subject| subject.patient_id);
        let is_in_force = (epoch, found.linkage) == (keys.epoch, keys.linkage);
        let note = [
            if found.linkage == Linkage::Unlinkable { "  unlinkable" } else { "" },
            if is_in_force { "  in force" } else { "" },
        ];
        let _ = writeln!(text, "  epoch {epoch}  key {key_id}  {id}{}", note.concat());
    }
    for epoch in site_key::closed_epochs(&keys.site_key_file, project)? {
        let _ = writeln!(text, "  epoch {epoch}  closed: nothing links any more  unlinkable");
    }
    Ok(text)
}

/// Every Job of a person, and what each destination has of it.
pub async fn records(spool: &LocalSpool, person: PatientHash) -> Result<String, SpoolError> {
    let jobs = spool.jobs_of(person).await?;
    let mut text = match jobs.len() {
        0 => "No job of this patient is recorded.\n".to_owned(),
        1 => "1 job of this patient:\n".to_owned(),
        count => format!("{count} jobs of this patient:\n"),
    };
    jobs.iter().for_each(|job| describe(&mut text, job));
    text.push_str(&unopened(spool).await?);
    Ok(text)
}

/// Excludes a person; what was dropped, and what was delivered before.
pub async fn exclude(
    spool: &LocalSpool,
    person: PatientHash,
    who: String,
    now_ms: UnixMs,
) -> Result<String, SpoolError> {
    let Excluded { new, dropped } = spool.exclude(person.clone(), who, now_ms).await?;
    let mut text = match new {
        true => format!("excluded; {dropped} open jobs dropped\n"),
        false => format!("was excluded before; {dropped} open jobs dropped\n"),
    };
    let is_out = |job: &PatientJob| job.deliveries.iter().any(|one| one.state == "sent");
    let out: Vec<_> = spool.jobs_of(person).await?.into_iter().filter(is_out).collect();
    match out.len() {
        0 => text.push_str("Nothing was delivered before.\n"),
        count => {
            let _ =
                writeln!(text, "{count} delivered before, to be withdrawn at their destinations:");
        }
    }
    out.iter().for_each(|job| describe(&mut text, job));
    text.push_str("What was being sent just now is shown by `patient find` once it is through.\n");
    text.push_str(&unopened(spool).await?);
    Ok(text)
}

/// The exclusion list, without saying who is on it.
pub async fn excluded(spool: &LocalSpool) -> Result<String, SpoolError> {
    let list = spool.excluded().await?;
    let mut text = format!("{} excluded\n", list.len());
    for entry in list {
        let (hash, since) = (entry.patient.short(), utc(entry.at_ms));
        let _ = writeln!(text, "  {hash}  since {since}  by {}", entry.who);
    }
    Ok(text)
}

async fn unopened(spool: &LocalSpool) -> Result<String, SpoolError> {
    Ok(match spool.jobs_of_nobody().await? {
        0 => String::new(),
        count => format!(
            "{count} open jobs have not been opened: whose they are is known when they run.\n"
        ),
    })
}

fn describe(text: &mut String, job: &PatientJob) {
    let state = match &job.held_reason {
        Some(reason) => format!("{} ({reason})", job.state),
        None => job.state.clone(),
    };
    let (received, changed) = (utc(job.received_ms), utc(job.updated_ms));
    let _ = writeln!(text, "\njob {}  {state}  received {received}  changed {changed}", job.id);
    let (project, key, profile) = (&job.project, &job.key_id, &job.profile);
    let _ = writeln!(text, "  project    {project}  key {key}  profile {profile}");
    for (name, value) in [
        ("PatientID", &job.new_patient),
        ("study", &job.new_study),
        ("series", &job.new_series),
        ("object", &job.new_sop),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<9}  {value}");
        }
    }
    let is_over = matches!(job.state.as_str(), "rejected" | "dropped");
    for delivery in &job.deliveries {
        let what = match delivery.state.as_str() {
            "sent" => "delivered",
            "waiting" if is_over => "not sent",
            other => other,
        };
        let (destination, at) = (&delivery.destination, utc(delivery.updated_ms));
        let _ = writeln!(text, "  {what:<9}  {destination}  {at}");
    }
    for decision in &job.decisions {
        let (who, what, at) = (&decision.who, &decision.what, utc(decision.at_ms));
        let _ = writeln!(text, "  decision   {what}  by {who}  {at}");
    }
}
