//! Amazon Rekognition and Amazon Comprehend Medical: who is asked, how often, and at what cost.
//!
//! ```text
//! pictures, local lines ─▶ look ─▶ regions ─▶ sheet ─▶ rekognition ─┐
//!                  blocks of text ─▶ comprehend ────────────────────┤
//!                                                                   ▼
//!                              gate (breaker, pace) ─▶ costs (reserved) ─▶ the SDK
//! ```
//! Invariants: nothing is sent before its cost is reserved; credentials and calls are in the process that
//! never decodes an object; no failure means "no text"; what a service says of a request, which may quote
//! it, is never logged or kept, but its code; equal regions and equal passages are asked once.

mod comprehend;
mod costs;
mod counts;
mod failure;
mod gate;
mod look;
mod memory;
mod rekognition;
mod sheet;

pub use counts::{AwsCounts, Service};
pub use look::Look;

use self::costs::Costs;
use self::counts::Counts;
use self::gate::Gate;
use self::memory::Memory;
use self::sheet::RegionLine;
use super::classify::{AskError, StudyTag};
use crate::config::{Aws as Settings, Config, Engine};
use crate::deid::burned_in::PhiEntity;
use crate::phi::Phi;
use aws_config::{BehaviorVersion, Region, timeout::TimeoutConfig};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The file of costs where the configuration names none, in the directory of the spool.
const COSTS_FILE: &str = "aws-costs.sqlite";

/// The services, for the whole process.
pub struct Aws {
    settings: Settings,
    engine: Engine,
    clients: OnceCell<Clients>,
    rekognition: Gate,
    comprehend: Gate,
    costs: Costs,
    counts: Counts,
    regions: Memory<Vec<RegionLine>>,
    passages: Memory<Vec<PhiEntity>>,
}

struct Clients {
    rekognition: aws_sdk_rekognition::Client,
    comprehend: aws_sdk_comprehendmedical::Client,
}

impl Aws {
    /// What a configuration asks for; none where the embedded reader works alone. Nobody is asked yet.
    pub fn new(config: &Config) -> Option<Self> {
        if config.detection.engine == Engine::Local {
            return None;
        }
        let settings = config.aws.clone();
        let costs_file = match settings.costs_file.as_os_str().is_empty() {
            true => config.spool.directory.join(COSTS_FILE),
            false => PathBuf::from(&settings.costs_file),
        };
        Some(Self {
            engine: config.detection.engine,
            clients: OnceCell::new(),
            rekognition: Gate::new(Service::Rekognition.name(), &settings),
            comprehend: Gate::new(Service::Comprehend.name(), &settings),
            costs: Costs::new(costs_file, &settings),
            counts: Counts::default(),
            regions: Memory::new(),
            passages: Memory::new(),
            settings,
        })
    }

    /// For the pictures of one object, of this study.
    pub fn look(&self, study: StudyTag) -> Look<'_> {
        Look::new(self, study)
    }

    /// What was asked since the start.
    pub fn counts(&self) -> AwsCounts {
        let gates = [&self.rekognition, &self.comprehend].map(Gate::is_paused);
        let paused = counts::SERVICES.into_iter().zip(gates).collect();
        AwsCounts { limited: self.costs.limited(), paused, ..self.counts.take() }
    }

    /// Whether a service lets us in: a call about nothing of anybody.
    pub async fn probe(&self, service: Service) -> Result<(), AskError> {
        // A study of its own each time: what all of these cost is no study's.
        let mut study = StudyTag::default();
        getrandom::fill(&mut study.0)
            .map_err(|_| AskError::Unavailable("this machine has no randomness".into()))?;
        match service {
            Service::Rekognition => self.see_nothing(&study).await,
            Service::Comprehend => {
                let passage = [Phi::new("CHEST PA".to_owned())];
                self.entities(&passage, &study).await.map(|_| ())
            }
        }
    }

    /// How long an object waits that could not be asked about.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.settings.pause_ms)
    }

    /// Loads credentials and regions where the SDK looks for them; once.
    async fn clients(&self) -> &Clients {
        self.clients.get_or_init(|| connect(&self.settings)).await
    }

    /// Makes a call that costs so many millionths of a US dollar.
    async fn ask<T, E, R>(
        &self,
        service: Service,
        micro_dollars: u64,
        study: &StudyTag,
        call: impl Future<Output = Result<T, SdkError<E, R>>>,
    ) -> Result<T, AskError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let gate = match service {
            Service::Rekognition => &self.rekognition,
            Service::Comprehend => &self.comprehend,
        };
        gate.pass().await?;
        self.costs.reserve(*study, micro_dollars).await?;
        self.counts.spent(micro_dollars);
        let answer = call.await.map_err(|error| failure::of(gate.name(), &error));
        self.counts.asked(service, &answer);
        gate.heard(answer.as_ref().err());
        answer
    }
}

/// Clients with limits on every wait: the SDK has none on reading (measured: a silent server hung a call).
async fn connect(settings: &Settings) -> Clients {
    let provider = tls::Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(provider).build_https();
    let ms = Duration::from_millis;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(ms(settings.connect_timeout_ms))
        .read_timeout(ms(settings.attempt_timeout_ms))
        .operation_attempt_timeout(ms(settings.attempt_timeout_ms))
        .operation_timeout(ms(settings.operation_timeout_ms))
        .build();
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts);
    if !settings.region.is_empty() {
        loader = loader.region(Region::new(settings.region.clone()));
    }
    if !settings.profile.is_empty() {
        loader = loader.profile_name(settings.profile.clone());
    }
    let shared = loader.load().await;
    let mut rekognition = aws_sdk_rekognition::config::Builder::from(&shared);
    if !settings.rekognition_endpoint.is_empty() {
        rekognition = rekognition.endpoint_url(&settings.rekognition_endpoint);
    }
    let mut comprehend = aws_sdk_comprehendmedical::config::Builder::from(&shared);
    if !settings.comprehend_endpoint.is_empty() {
        comprehend = comprehend.endpoint_url(&settings.comprehend_endpoint);
    }
    Clients {
        rekognition: aws_sdk_rekognition::Client::from_conf(rekognition.build()),
        comprehend: aws_sdk_comprehendmedical::Client::from_conf(comprehend.build()),
    }
}

/// Millionths of a US dollar, rounded up.
fn micro_dollars(dollars: f64) -> u64 {
    (dollars * 1e6).ceil() as u64
}
