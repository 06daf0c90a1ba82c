//! What was asked since the start, for the metrics.

use crate::recognise::classify::AskError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Rekognition,
    Comprehend,
}

#[derive(Default)]
pub struct Counts {
    /// By service and outcome.
    calls: [[AtomicU64; 3]; 2],
    micro_dollars: AtomicU64,
    characters: AtomicU64,
    remembered: AtomicU64,
    fallbacks: AtomicU64,
}

impl Service {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rekognition => "Amazon Rekognition",
            Self::Comprehend => "Amazon Comprehend Medical",
        }
    }
}

/// What was asked, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsCounts {
    /// The service, the outcome, and how often.
    pub calls: Vec<(&'static str, &'static str, u64)>,
    /// Reserved, by the prices of the configuration.
    pub micro_dollars: u64,
    /// Sent to Comprehend Medical.
    pub characters: u64,
    /// Regions and passages that were not asked about again.
    pub remembered: u64,
    /// Times that the embedded reader stood in.
    pub fallbacks: u64,
    /// The limit of costs, and how many calls were not made because it was reached.
    pub limited: Vec<(&'static str, u64)>,
    /// The service, and whether it is left alone after failures.
    pub paused: Vec<(&'static str, bool)>,
}

pub const SERVICES: [&str; 2] = ["rekognition", "comprehend-medical"];
const OUTCOMES: [&str; 3] = ["answered", "unavailable", "refused"];

impl Counts {
    pub fn asked<T>(&self, service: Service, answer: &Result<T, AskError>) {
        let outcome = match answer {
            Ok(_) => 0,
            Err(AskError::Unavailable(_)) => 1,
            Err(AskError::Refused(_)) => 2,
        };
        self.calls[service as usize][outcome].fetch_add(1, Ordering::Relaxed);
    }

    pub fn spent(&self, micro_dollars: u64) {
        self.micro_dollars.fetch_add(micro_dollars, Ordering::Relaxed);
    }

    pub fn sent(&self, characters: u64) {
        self.characters.fetch_add(characters, Ordering::Relaxed);
    }

    pub fn remembered(&self) {
        self.remembered.fetch_add(1, Ordering::Relaxed);
    }

    pub fn fell_back(&self) {
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
    }

    pub fn take(&self) -> AwsCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let calls = SERVICES.into_iter().zip(&self.calls).flat_map(|(service, calls)| {
            let each = OUTCOMES.into_iter().zip(calls);
            each.map(move |(outcome, calls)| (service, outcome, load(calls)))
        });
        AwsCounts {
            calls: calls.collect(),
            micro_dollars: load(&self.micro_dollars),
            characters: load(&self.characters),
            remembered: load(&self.remembered),
            fallbacks: load(&self.fallbacks),
            ..AwsCounts::default()
        }
    }
}
