//! Which profile, project and destinations an Original gets, or that it is dropped or held.
//!
//! ```text
//! routes, top to bottom:  no ─▶ next     yes ─▶ its targets, next     drop, hold or final ─▶ end
//! ```
//! Invariants: a condition that cannot be answered is never taken as met or as failed: the object is
//! held; a destination gets an object once, by the first route that names it; values of headers are
//! compared here and go nowhere else.

mod check;
mod condition;
mod explain;

pub use check::Warning;
pub use explain::Explained;

use crate::config::{Config, ConfigError, HeaderAttribute, Profile, Release, RouteAction};
use crate::deid::header::HeaderFact;
use condition::{Answer, Condition};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What is known of an object without its header. In a gateway all of it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    pub calling_ae_title: Option<&'a str>,
    pub called_ae_title: Option<&'a str>,
    pub peer: Option<IpAddr>,
    pub sop_class_uid: Option<&'a str>,
}

impl Known<'_> {
    /// Whether something that a gateway knows of every sender is left out.
    pub fn lacks_a_sender(&self) -> bool {
        self.calling_ae_title.is_none() || self.called_ae_title.is_none() || self.peer.is_none()
    }
}

/// What one object becomes at some destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub profile: Arc<Profile>,
    pub project: String,
    pub release: Release,
    /// Names of destinations.
    pub destinations: Vec<String>,
    /// Names of the routes that say so; none where no routes are configured.
    pub routes: Vec<String>,
}

/// What the routes say of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// At least one target.
    Deliver(Vec<Target>),
    /// The object ends, by this route.
    Drop(String),
    /// A person shall decide, by this route.
    Hold(String),
    /// No route matches.
    NoRoute,
    /// Attributes of the header must be read first.
    AskHeader,
    /// The header was read, and whether this route matches is open.
    Undecided(String),
}

/// One route, ready to be asked.
#[derive(Debug, Clone)]
struct Route {
    name: String,
    conditions: Vec<Condition>,
    action: RouteAction,
    profile: Arc<Profile>,
    profile_name: String,
    project: String,
    release: Release,
    destinations: Vec<String>,
    last: bool,
}

/// The routes of a configuration.
#[derive(Debug, Clone)]
pub struct Routes {
    routes: Vec<Route>,
    /// What they ask of headers.
    attributes: Vec<HeaderAttribute>,
}

impl Routes {
    /// Reads the profiles that the configuration names. Without `[[routes]]` every object goes to
    /// every destination.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let profiles = config.profiles()?;
        let profiles: BTreeMap<_, _> =
            profiles.into_iter().map(|(name, profile)| (name, Arc::new(profile))).collect();
        let find = |name: &str| {
            profiles.get(name).cloned().ok_or_else(|| {
                ConfigError::value("routes", format!("profile {name:?} was not read"))
            })
        };
        let mut routes = Self { routes: Vec::new(), attributes: Vec::new() };
        for route in &config.routes {
            let profile_name = route.profile.as_ref().unwrap_or(&config.deid.profile);
            let conditions = condition::all(route, &mut routes.attributes);
            routes.routes.push(Route {
                name: route.name.clone(),
                conditions,
                action: route.action,
                profile: find(profile_name)?,
                profile_name: profile_name.clone(),
                project: route.project.as_ref().unwrap_or(&config.deid.project).clone(),
                release: config.release(Some(route)),
                destinations: route.destinations.clone(),
                last: route.last,
            });
        }
        if config.routes.is_empty() {
            routes.routes.push(Route::for_everything(config, find(&config.deid.profile)?));
        }
        Ok(routes)
    }

    /// The profiles that objects are routed to.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.routes.iter().map(|route| route.profile.as_ref())
    }

    /// The attributes whose values `decide` may ask for, in the order in which it wants them.
    pub fn attributes(&self) -> &[HeaderAttribute] {
        &self.attributes
    }

    /// Where an object goes. `header` holds a fact for each of `attributes`, once it was read.
    pub fn decide(&self, known: &Known<'_>, header: Option<&[HeaderFact]>) -> Decision {
        let mut targets: Vec<Target> = Vec::new();
        for route in &self.routes {
            match route.answer(known, header) {
                Answer::No => continue,
                Answer::Unknown if header.is_none() && route.asks_header() => {
                    return Decision::AskHeader;
                }
                Answer::Unknown => return Decision::Undecided(route.name.clone()),
                Answer::Yes => {}
            }
            match route.action {
                RouteAction::Drop => return Decision::Drop(route.name.clone()),
                RouteAction::Hold => return Decision::Hold(route.name.clone()),
                RouteAction::Deliver => route.add_to(&mut targets),
            }
            if route.last {
                break;
            }
        }
        if targets.is_empty() { Decision::NoRoute } else { Decision::Deliver(targets) }
    }
}

impl Route {
    fn for_everything(config: &Config, profile: Arc<Profile>) -> Self {
        Self {
            name: String::new(),
            conditions: Vec::new(),
            action: RouteAction::Deliver,
            profile,
            profile_name: config.deid.profile.clone(),
            project: config.deid.project.clone(),
            release: config.release(None),
            destinations: config.destinations.iter().map(|d| d.name.clone()).collect(),
            last: false,
        }
    }

    /// Whether every condition is met; one that fails decides, whatever the others are.
    fn answer(&self, known: &Known<'_>, header: Option<&[HeaderFact]>) -> Answer {
        let answers = self.conditions.iter().map(|condition| condition.answer(known, header));
        answers.fold(Answer::Yes, Answer::and)
    }

    fn asks_header(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition, Condition::Header { .. }))
    }

    /// Whether an object that matches is not looked at by the routes below.
    fn ends(&self) -> bool {
        self.last || self.action != RouteAction::Deliver
    }

    /// One Job for each profile, project and release; a destination that an earlier route named has its own.
    fn add_to(&self, targets: &mut Vec<Target>) {
        let is_taken = |name: &String| targets.iter().any(|t| t.destinations.contains(name));
        let left: Vec<_> = self.destinations.iter().filter(|n| !is_taken(n)).cloned().collect();
        if left.is_empty() {
            return;
        }
        let named = !self.name.is_empty();
        let names = named.then(|| self.name.clone());
        let same = |target: &&mut Target| {
            target.project == self.project
                && target.profile == self.profile
                && target.release == self.release
        };
        match targets.iter_mut().find(same) {
            Some(target) => {
                target.destinations.extend(left);
                target.routes.extend(names);
            }
            None => targets.push(Target {
                profile: Arc::clone(&self.profile),
                project: self.project.clone(),
                release: self.release,
                destinations: left,
                routes: names.into_iter().collect(),
            }),
        }
    }
}

/// The routes of a file, for tests: a folder destination for each name.
#[cfg(test)]
fn routes(text: &str, destinations: &[&str]) -> Routes {
    #[derive(serde::Deserialize)]
    struct File {
        routes: Vec<crate::config::Route>,
    }
    let routes = toml::from_str::<File>(text).expect("routes").routes;
    let destinations =
        destinations.iter().map(|name| crate::config::Destination::folder(name, "./x")).collect();
    let config = Config { routes, destinations, ..Config::default() };
    Routes::new(&config).expect("profiles")
}

#[cfg(test)]
mod tests;
