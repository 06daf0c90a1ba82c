//! What a person must know of a table of routes before it runs: routes that never match, and
//! destinations that two routes name.

use super::{Route, Routes};
use crate::config::{ReleaseBy, RouteAction};
use std::fmt;

/// Something about one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub route: String,
    pub text: String,
}

impl Routes {
    /// Each route by its name, and in words.
    pub fn table(&self) -> Vec<(&str, String)> {
        self.routes.iter().map(|route| (route.name.as_str(), route.to_string())).collect()
    }

    /// Whether there is a route for whatever no other route matches.
    pub fn takes_everything(&self) -> bool {
        self.routes.iter().any(|route| route.conditions.is_empty())
    }

    /// Routes that can never match because an earlier one ends the looking, and destinations that
    /// would get an object twice.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let mut warn = |text| warnings.push(Warning { route: route.name.clone(), text });
            let earlier = &self.routes[..index];
            if let Some(other) = earlier.iter().find(|other| other.ends() && other.covers(route)) {
                warn(format!(
                    "it can never match: whatever it is for ends at route {:?} above it",
                    other.name
                ));
                continue;
            }
            for other in earlier.iter().filter(|other| other.may_also_match(route)) {
                let twice: Vec<_> = route.shared_destinations(other).collect();
                if !twice.is_empty() {
                    warn(format!(
                        "an object that route {:?} matches too goes to {} by that route alone, under \
                         its profile, project and release",
                        other.name,
                        twice.join(", ")
                    ));
                }
            }
        }
        warnings
    }
}

impl Route {
    /// Whether every object that `other` matches is matched by this one; `false` may be too careful.
    fn covers(&self, other: &Self) -> bool {
        let is_met = |mine: &super::Condition| other.conditions.iter().any(|c| mine.covers(c));
        self.conditions.iter().all(is_met)
    }

    /// Whether the looking goes on to `other` for what this one matches, under something else.
    fn may_also_match(&self, other: &Self) -> bool {
        let differs = self.profile_name != other.profile_name
            || self.project != other.project
            || self.release != other.release;
        let apart = self.conditions.iter().any(|a| other.conditions.iter().any(|b| a.apart(b)));
        let both_deliver =
            self.action == RouteAction::Deliver && other.action == RouteAction::Deliver;
        both_deliver && !self.last && differs && !apart
    }

    fn shared_destinations<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let mine = self.destinations.iter();
        mine.filter(|name| other.destinations.contains(name)).map(String::as_str)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who: Vec<_> = self.conditions.iter().map(ToString::to_string).collect();
        match who[..] {
            [] => f.write_str("every object")?,
            _ => f.write_str(&who.join(", "))?,
        }
        write!(f, " -> {}", self.outcome())
    }
}

impl Route {
    /// What becomes of an object that it matches.
    pub(super) fn outcome(&self) -> String {
        match self.action {
            RouteAction::Drop => "dropped".into(),
            RouteAction::Hold => "held".into(),
            RouteAction::Deliver => format!(
                "profile {}, project {}, to {}{}{}",
                self.profile_name,
                self.project,
                self.destinations.join(", "),
                match self.release.by {
                    ReleaseBy::Object => String::new(),
                    _ => format!(", {}", self.release),
                },
                if self.last { "; final" } else { "" }
            ),
        }
    }
}
