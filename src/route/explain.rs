//! Why each route matches an object or does not: conditions and configured patterns, never a value.

use super::condition::Answer;
use super::{Condition, Decision, Known, Route, Routes};
use crate::deid::header::HeaderFact;
use std::fmt::Write as _;

/// The answer of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub route: String,
    /// `matches`, `no`, `open`, or `not looked at`.
    pub answer: &'static str,
    /// What became of the object by it, or the conditions that speak against it.
    pub why: String,
}

impl Routes {
    /// What each route says, in their order.
    pub fn explain(&self, known: &Known<'_>, header: &[HeaderFact]) -> Vec<Explained> {
        let mut ended: Option<&str> = None;
        let mut all = Vec::new();
        for route in &self.routes {
            let (answer, why) = match (ended, route.answer(known, Some(header))) {
                (Some(by), _) => ("not looked at", format!("route {by:?} ends the looking")),
                (None, Answer::Yes) => ("matches", route.outcome()),
                (None, Answer::No) => ("no", route.against(known, header, Answer::No)),
                (None, Answer::Unknown) => ("open", route.against(known, header, Answer::Unknown)),
            };
            if answer == "matches" && route.ends() {
                ended = Some(&route.name);
            }
            all.push(Explained { route: route.name.clone(), answer, why });
        }
        all
    }
}

impl Route {
    /// Its conditions with this answer.
    fn against(&self, known: &Known<'_>, header: &[HeaderFact], answer: Answer) -> String {
        let those = self.conditions.iter().filter(|c| c.answer(known, Some(header)) == answer);
        let words: Vec<_> = those
            .map(|condition| match answer {
                Answer::Unknown => format!("{}: {}", condition.subject(), unknown(condition)),
                _ => format!("{} is not {}", condition.subject(), condition.wanted()),
            })
            .collect();
        words.join("; ")
    }
}

fn unknown(condition: &Condition) -> &'static str {
    match condition {
        Condition::Calling(_) => "not given, say --calling",
        Condition::Called(_) => "not given, say --called",
        Condition::Peer(_) => "not given, say --peer",
        Condition::SopClass(_) => "the file has none",
        Condition::Header { .. } => "its text cannot be decoded, or is too long to be compared",
    }
}

impl Decision {
    /// What becomes of the object.
    pub fn in_words(&self) -> String {
        match self {
            Self::Deliver(targets) => {
                let mut text = String::new();
                for target in targets {
                    let (profile, project) = (&target.profile.name, &target.project);
                    let destinations = target.destinations.join(", ");
                    let _ = write!(text, "to {destinations}: profile {profile}, project {project}");
                    text.push('\n');
                }
                text.trim_end().to_owned()
            }
            Self::Drop(route) => format!("dropped by route {route:?}"),
            Self::Hold(route) => format!("held by route {route:?} (held-by-route)"),
            Self::NoRoute => "held: no route matches (no-route)".into(),
            Self::Undecided(route) => format!(
                "it is open whether route {route:?} matches; a gateway holds what it cannot tell \
                 (route-undecided)"
            ),
            Self::AskHeader => "the header was not read".into(),
        }
    }
}
