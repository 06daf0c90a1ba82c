//! What was done to a header: paths, actions and rules, never a value.

use super::rulebook::{Reason, Rulebook};
use dicom_core::header::Tag;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Different attributes that a report tells apart; a header with more is told in part.
const MAX_NODES: usize = 20_000;

/// What was done to one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    Kept,
    Removed,
    /// It could not be read as its VR, or as a date or age, and is gone.
    RemovedUnreadable,
    Emptied,
    /// A dummy took its place.
    Replaced,
    Pseudonymised,
    UidsReplaced,
    DatesShifted,
    /// Identifiers were taken out of it.
    Cleaned,
    /// An age over 89 is told as 90.
    AgeCapped,
    /// It was written in a form that PS3.5 does not know, and is now in one that it knows.
    Repaired,
}

impl Done {
    /// As a report spells it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Removed => "removed",
            Self::RemovedUnreadable => "removed-unreadable",
            Self::Emptied => "emptied",
            Self::Replaced => "replaced",
            Self::Pseudonymised => "pseudonymised",
            Self::UidsReplaced => "uids-replaced",
            Self::DatesShifted => "dates-shifted",
            Self::Cleaned => "cleaned",
            Self::AgeCapped => "age-capped",
            Self::Repaired => "repaired",
        }
    }
}

/// One line of a report: an attribute wherever it stands in items of the same sequences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// As `(0040,0275).(0008,0104)`.
    pub path: String,
    pub action: Done,
    pub rule: String,
    /// In how many items, or values of a repeated sequence.
    pub count: u32,
}

/// The report of one header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub entries: Vec<Entry>,
    /// Attributes beyond what a report tells apart.
    pub untold: u64,
}

impl Report {
    /// How many attributes met this.
    pub fn count(&self, done: Done) -> u64 {
        let entries = self.entries.iter().filter(|entry| entry.action == done);
        entries.map(|entry| u64::from(entry.count)).sum()
    }

    /// Tells of what happened outside the scrub; nothing if it did not.
    pub fn add(&mut self, path: &str, action: Done, rule: &str, count: usize) {
        if count > 0 {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.entries.push(Entry { path: path.into(), action, rule: rule.into(), count });
        }
    }

    /// How many attributes are not what they were.
    pub fn changed(&self) -> u64 {
        let entries = self.entries.iter().filter(|entry| entry.action != Done::Kept);
        entries.map(|entry| u64::from(entry.count)).sum::<u64>() + self.untold
    }
}

/// Collects a report: a tree of tags, so that a header of a million items costs one look each.
pub(super) struct Recorder {
    nodes: Vec<Node>,
    untold: u64,
}

/// Where in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(usize);

struct Node {
    tag: Tag,
    parent: usize,
    children: BTreeMap<Tag, usize>,
    counts: BTreeMap<(Done, Reason), u32>,
}

impl Recorder {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn new() -> Self {
        let root =
            Node { tag: Tag(0, 0), parent: 0, children: BTreeMap::new(), counts: BTreeMap::new() };
        Self { nodes: vec![root], untold: 0 }
    }

    /// The node of an attribute below another; the root stands for those beyond the limit.
    pub(super) fn child(&mut self, of: NodeId, tag: Tag) -> NodeId {
        if let Some(child) = self.nodes[of.0].children.get(&tag) {
            return NodeId(*child);
        }
        if self.nodes.len() >= MAX_NODES {
            return Self::ROOT;
        }
        let child = self.nodes.len();
        let node = Node { tag, parent: of.0, children: BTreeMap::new(), counts: BTreeMap::new() };
        self.nodes.push(node);
        self.nodes[of.0].children.insert(tag, child);
        NodeId(child)
    }

    pub(super) fn record(&mut self, at: NodeId, done: Done, reason: Reason) {
        if at == Self::ROOT {
            self.untold += 1;
            return;
        }
        *self.nodes[at.0].counts.entry((done, reason)).or_default() += 1;
    }

    pub(super) fn finish(&self, rulebook: &Rulebook) -> Report {
        let mut entries = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for ((action, reason), count) in &node.counts {
                let rule = rulebook.describe(*reason);
                entries.push(Entry {
                    path: self.path(index),
                    action: *action,
                    rule,
                    count: *count,
                });
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Report { entries, untold: self.untold }
    }

    fn path(&self, index: usize) -> String {
        let node = &self.nodes[index];
        match node.parent {
            0 => node.tag.to_string(),
            parent => format!("{}.{}", self.path(parent), node.tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;
    use dicom_dictionary_std::tags;

    #[test]
    fn an_action_is_spelt_as_in_a_report() {
        for done in [Done::Kept, Done::RemovedUnreadable, Done::UidsReplaced, Done::AgeCapped] {
            assert_eq!(serde_json::to_value(done).expect("JSON"), done.code());
        }
    }

    #[test]
    fn items_of_one_sequence_are_told_together() {
        let rulebook = Rulebook::new(&Profile::named("basic").expect("shipped")).expect("it reads");
        let mut recorder = Recorder::new();
        let sequence = recorder.child(Recorder::ROOT, tags::PROCEDURE_CODE_SEQUENCE);
        for _ in 0..3 {
            let meaning = recorder.child(sequence, tags::CODE_MEANING);
            recorder.record(meaning, Done::Kept, Reason::Unlisted);
        }
        let report = recorder.finish(&rulebook);
        assert_eq!(report.entries.len(), 1);
        assert_eq!(report.entries[0].path, "(0008,1032).(0008,0104)");
        assert_eq!((report.entries[0].count, report.changed()), (3, 0));
    }

    #[test]
    fn a_header_of_countless_attributes_is_told_in_part() {
        let rulebook = Rulebook::new(&Profile::named("basic").expect("shipped")).expect("it reads");
        let mut recorder = Recorder::new();
        for n in 0..30_000u16 {
            let node = recorder.child(Recorder::ROOT, Tag(0x0009, n));
            recorder.record(node, Done::Removed, Reason::Private);
        }
        let report = recorder.finish(&rulebook);
        assert_eq!(report.entries.len() as u64 + report.untold, 30_000);
        assert_eq!(report.changed(), 30_000);
    }
}
