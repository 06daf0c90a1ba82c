//! `[aws]`: how Amazon Rekognition and Amazon Comprehend Medical are asked, where `[detection] engine` says
//! that they are.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Who reads text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The embedded reader; nothing leaves the machine.
    #[default]
    Local,
    /// Amazon Rekognition, where the embedded reader sees something like text; what both read is taken
    /// as Rekognition reads it.
    Aws,
    /// Both: what either finds counts.
    Both,
}

/// What becomes of an object while the services cannot be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// It waits.
    #[default]
    Wait,
    /// The embedded reader and the rules decide alone.
    Local,
}

/// `[aws]`: the services. Credentials come from where the SDK looks for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aws {
    /// Empty: as the environment or the profile say.
    pub region: String,
    /// A profile of the SDK's configuration files; empty: as the environment says.
    pub profile: String,
    /// Empty: that of the region.
    pub rekognition_endpoint: String,
    /// Empty: that of the region.
    pub comprehend_endpoint: String,
    /// The least confidence of a word that Rekognition tells, in percent.
    pub min_confidence: f32,
    /// The least score of an entity that Comprehend Medical tells.
    pub phi_detection_threshold: f32,
    /// Whether only what the embedded reader takes for text is sent.
    pub prefilter: bool,
    pub fallback: Fallback,
    /// To each service, by the whole gateway.
    pub requests_per_second: u32,
    pub connect_timeout_ms: u64,
    pub attempt_timeout_ms: u64,
    pub operation_timeout_ms: u64,
    /// After so many failures in a row nothing is asked for `pause_ms`.
    pub failures_to_pause: u32,
    pub pause_ms: u64,
    /// In US dollars; 0: no limit.
    pub max_cost_per_study: f64,
    /// In US dollars, by days of UTC; 0: no limit.
    pub max_cost_per_day: f64,
    /// What a picture costs at Rekognition, in US dollars.
    pub cost_per_image: f64,
    /// What a unit of 100 characters costs at Comprehend Medical, in US dollars.
    pub cost_per_unit: f64,
    /// Where costs are recorded; empty: beside the spool's records.
    pub costs_file: PathBuf,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            region: String::new(),
            profile: String::new(),
            rekognition_endpoint: String::new(),
            comprehend_endpoint: String::new(),
            min_confidence: 30.0,
            phi_detection_threshold: 0.0,
            prefilter: true,
            fallback: Fallback::Wait,
            requests_per_second: 5,
            connect_timeout_ms: 3_000,
            attempt_timeout_ms: 15_000,
            operation_timeout_ms: 45_000,
            failures_to_pause: 5,
            pause_ms: 30_000,
            max_cost_per_study: 1.0,
            max_cost_per_day: 50.0,
            cost_per_image: 0.001,
            cost_per_unit: 0.0014,
            costs_file: PathBuf::new(),
        }
    }
}

impl Aws {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let fault = |message: &str| Err(ConfigError::value("aws", message));
        if !(0.0..=100.0).contains(&self.min_confidence) {
            return fault("min_confidence must be 0 to 100");
        }
        if !(0.0..=1.0).contains(&self.phi_detection_threshold) {
            return fault("phi_detection_threshold must be 0.00 to 1.00");
        }
        if !(1..=1_000).contains(&self.requests_per_second) {
            return fault("requests_per_second must be 1 to 1000");
        }
        let times = [self.connect_timeout_ms, self.attempt_timeout_ms, self.operation_timeout_ms];
        if times.iter().chain([&self.pause_ms]).any(|ms| !(1..=3_600_000).contains(ms)) {
            return fault("each of the times must be 1 to 3600000 ms");
        }
        if self.failures_to_pause == 0 {
            return fault("failures_to_pause must be at least 1");
        }
        let costs = [
            self.max_cost_per_study,
            self.max_cost_per_day,
            self.cost_per_image,
            self.cost_per_unit,
        ];
        if costs.iter().any(|cost| !(0.0..=1e6).contains(cost)) {
            return fault("each of the costs must be 0 to 1000000 US dollars");
        }
        Ok(())
    }
}
