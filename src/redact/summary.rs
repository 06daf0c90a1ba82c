//! What became of the inputs: counts, a table of what was hidden, and JSON.
//!
//! Invariant: no text of a picture and no path of an input, unless they were asked for.

use super::Place;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::redaction::{BoxReason, Redaction};
use crate::phi::Phi;
use crate::worker::Found;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The lower ends of the bands of scores, in percent.
const BANDS: [u8; 4] = [95, 80, 50, 0];

/// A result.
#[derive(Debug)]
pub struct Done {
    pub place: Place,
    /// The place without what identifies: below the output, or the name alone.
    pub output: String,
    /// Whether its name had to be replaced.
    pub renamed: bool,
    pub redaction: Redaction,
    pub found: Vec<Found>,
}

/// What became of one input.
#[derive(Debug)]
pub enum End {
    Done(Box<Done>),
    /// Its result is there.
    Skipped {
        output: String,
    },
    Held(Hold),
    /// It could not be had, or its result not be stored.
    Failed(String),
}

/// One input and its end.
#[derive(Debug)]
pub struct Told {
    /// Among all inputs, from 1.
    pub position: usize,
    /// A path may itself carry a name.
    pub input: Phi<Place>,
    pub end: End,
}

/// An input that was held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldInput {
    /// Among all inputs, from 1.
    pub position: usize,
    /// A path may itself carry a name.
    pub path: Phi<Place>,
    /// Why it was held.
    pub detail: String,
}

/// What became of the inputs.
#[derive(Debug, Default)]
pub struct Summary {
    pub delivered: usize,
    pub skipped: usize,
    /// Results whose names had to be replaced.
    pub renamed: usize,
    pub boxes: usize,
    /// Where the result of each input is, of those that are files.
    pub results: BTreeMap<Phi<PathBuf>, PathBuf>,
    /// The held inputs by reason.
    pub held: BTreeMap<HoldReason, Vec<HeldInput>>,
    /// Those that could not be had or stored.
    pub failed: Vec<HeldInput>,
    /// All of them, in their order.
    pub told: Vec<Told>,
}

impl Summary {
    pub(super) fn add(&mut self, told: Told) {
        let held = |detail: &str| HeldInput {
            position: told.position,
            path: told.input.clone(),
            detail: detail.to_owned(),
        };
        match &told.end {
            End::Done(done) => {
                self.delivered += 1;
                self.renamed += usize::from(done.renamed);
                self.boxes += done.redaction.count();
                if let (Place::File(from), Place::File(to)) = (told.input.reveal(), &done.place) {
                    self.results.insert(Phi::new(from.clone()), to.clone());
                }
            }
            End::Skipped { .. } => self.skipped += 1,
            End::Held(hold) => {
                self.held.entry(hold.reason).or_default().push(held(&hold.detail));
            }
            End::Failed(why) => self.failed.push(held(why)),
        }
        self.told.push(told);
    }

    pub(super) fn sort(&mut self) {
        self.held.values_mut().for_each(|inputs| inputs.sort());
        self.failed.sort();
        self.told.sort_by_key(|told| told.position);
    }

    /// Whether every input has its result.
    pub fn is_clean(&self) -> bool {
        self.held.is_empty() && self.failed.is_empty()
    }

    /// How many inputs were held.
    pub fn held_count(&self) -> usize {
        self.held.values().map(Vec::len).sum()
    }

    /// What was hidden, by its kind and by how well it was read; empty if that was nothing.
    pub fn table(&self) -> String {
        let mut counts: BTreeMap<String, [usize; BANDS.len()]> = BTreeMap::new();
        for found in self.found() {
            let band = BANDS.iter().position(|from| found.score_percent >= *from).unwrap_or(0);
            counts.entry(kind(found.reason)).or_default()[band] += 1;
        }
        if counts.is_empty() {
            return String::new();
        }
        let mut table = format!(
            "{:<24}{:>9}{:>9}{:>9}{:>9}\n",
            "hidden, by score", ">= 95 %", ">= 80 %", ">= 50 %", "< 50 %"
        );
        for (kind, counts) in counts {
            let [a, b, c, d] = counts;
            table += &format!("{kind:<24}{a:>9}{b:>9}{c:>9}{d:>9}\n");
        }
        table
    }

    /// The text that was hidden, a line for each; for whoever asked to see it.
    pub fn text(&self) -> String {
        let line = |told: &Told, found: &Found| {
            let (kind, score) = (kind(found.reason), found.score_percent);
            format!("input {}: {kind}, {score} %: {}\n", told.position, found.text.reveal())
        };
        let all = self.told.iter().flat_map(|told| match &told.end {
            End::Done(done) => done.found.iter().map(|one| line(told, one)).collect(),
            _ => Vec::new(),
        });
        all.collect()
    }

    fn found(&self) -> impl Iterator<Item = &Found> {
        self.told.iter().flat_map(|told| match &told.end {
            End::Done(done) => done.found.as_slice(),
            _ => &[],
        })
    }

    /// The same for programs.
    pub fn json(&self, show_paths: bool) -> Value {
        let input = |told: &Told| {
            let mut value = match &told.end {
                End::Done(done) => json!({
                    "status": "done",
                    "output": if show_paths { done.place.to_string() } else { done.output.clone() },
                    "renamed": done.renamed,
                    "boxes": done.redaction.boxes,
                    "masks": done.redaction.masks,
                    "pixels": done.redaction.treatment,
                }),
                End::Skipped { output } => json!({ "status": "skipped", "output": output }),
                End::Held(hold) => json!({
                    "status": "held", "reason": hold.reason, "detail": hold.detail,
                }),
                End::Failed(why) => json!({ "status": "failed", "detail": why }),
            };
            value["position"] = told.position.into();
            if show_paths {
                value["input"] = told.input.reveal().to_string().into();
            }
            value
        };
        json!({
            "done": self.delivered,
            "skipped": self.skipped,
            "held": self.held_count(),
            "failed": self.failed.len(),
            "boxes": self.boxes,
            "inputs": self.told.iter().map(input).collect::<Vec<_>>(),
        })
    }
}

/// What a box hides, in words.
fn kind(reason: BoxReason) -> String {
    match serde_json::to_value(reason) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(map)) => {
            let of = map.values().next().and_then(Value::as_str).unwrap_or_default();
            let name = map.keys().next().map_or("", String::as_str);
            format!("{name} {of}")
        }
        _ => "other".into(),
    }
}
