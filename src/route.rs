//! Which profile and destinations an Original gets. For now one answer for all: the configured ones.

use crate::config::{Config, ConfigError, Profile};

/// What one Original becomes.
#[derive(Debug, Clone)]
pub struct Route {
    pub profile: Profile,
    pub project: String,
    /// Names of destinations.
    pub destinations: Vec<String>,
}

/// The routes of a configuration.
#[derive(Debug, Clone)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Reads the profiles that the configuration names.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let destinations = config.destinations.iter().map(|d| d.name.clone()).collect();
        let profile = config.profile()?;
        Ok(Self(vec![Route { profile, project: config.deid.project.clone(), destinations }]))
    }

    /// The routes of an object; several when recipients get different profiles.
    pub fn of(&self, _sop_class_uid: &str) -> &[Route] {
        &self.0
    }
}
