//! What is told of one object: how, under which profile and key, and what was done to it.
//!
//! Invariant: places, actions, rules and counts; never a value of the object. The UID is that of
//! the result.

use crate::deid::header::Report;
use crate::deid::redaction::Redaction;
use crate::worker::Found;
use serde::{Deserialize, Serialize};

/// What was done to one object, without any value of it: kept with the Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkReport {
    pub redaction: Redaction,
    pub frames: u32,
    /// What was done to the header: paths, actions, rules.
    pub header: Report,
    /// How often the result was read again before nothing was left to hide.
    pub rounds: usize,
    /// What was hidden: for whoever sits before the program, and never recorded.
    #[serde(skip)]
    pub found: Vec<Found>,
}

/// The report of a result as it is handed to a person. `W` is a [`WorkReport`], or one as the spool
/// kept it.
#[derive(Debug, Serialize)]
pub struct ObjectReport<W> {
    /// Of the result.
    pub sop_instance_uid: String,
    pub sop_class_uid: String,
    pub profile: String,
    /// Over the content of the profile: two reports with one digest were made by the same rules.
    pub profile_sha256: String,
    pub project: String,
    pub key_id: String,
    #[serde(flatten)]
    pub work: W,
}

impl<W: Serialize> ObjectReport<W> {
    /// As JSON with a line break at its end.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
