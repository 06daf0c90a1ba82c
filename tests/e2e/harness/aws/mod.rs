//! Amazon Rekognition and Amazon Comprehend Medical as far as the gateway asks them, over HTTP, for the real SDK.
//!
//! ```text
//! SDK ─POST─▶ signed by our key? ─▶ the fault that is set ─▶ rekognition: reads the picture ─▶ words in JSON
//!                                                        └▶ comprehend: rules over the text ─▶ entities in CBOR
//! ```
//! Invariants: what is answered was read in the picture or found in the text that came; every request is
//! counted, whatever becomes of it; what the services refuse is refused.

mod comprehend;
mod rekognition;
mod wire;

use super::site::Site;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Runtime;

/// What the gateway needs in its environment, and nothing of this machine's own credentials.
pub const CREDENTIALS: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", KEY_ID),
    ("AWS_SECRET_ACCESS_KEY", "a-secret-of-these-tests"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_PROFILE", ""),
    ("NO_PROXY", "127.0.0.1"),
];
const KEY_ID: &str = "AKIATESTS";

/// Larger requests are refused.
const BODY_BYTES: usize = 16 << 20;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    Rekognition,
    Comprehend,
}

/// How a service fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudFault {
    /// As each of the two says that there were too many requests.
    Throttled,
    /// HTTP 503.
    Unavailable,
    /// Never answers.
    Silent,
    /// Begins an answer and goes silent.
    Hangs,
    /// Ends the connection within an answer.
    Truncated,
    /// Does not let us.
    AccessDenied,
}

/// What was asked so far.
#[derive(Default)]
struct Record {
    calls: HashMap<Asked, usize>,
    faults: HashMap<Asked, CloudFault>,
    /// Of each text that was classified, in code points.
    texts: Vec<String>,
    /// The sides of each picture that was read.
    pictures: Vec<(u32, u32)>,
    /// Words that were read beyond those that are told.
    untold_words: usize,
}

type Shared = Arc<Mutex<Record>>;

/// Both services on one port.
pub struct Cloud {
    record: Shared,
    address: String,
    _runtime: Runtime,
}

impl Cloud {
    /// Starts on a free port.
    pub fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let record = Shared::default();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .fallback(wire::answer)
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .with_state(Arc::clone(&record));
        runtime.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { record, address, _runtime: runtime }
    }

    /// A site that asks here, whose profile looks at every picture and hides this.
    pub fn site(&self, engine: &str, hide: &str) -> Site {
        let mut site = Site::new();
        let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/profiles/basic.toml");
        let profile = std::fs::read_to_string(profile).expect("the shipped profile");
        let (from, to) = ("hide = \"all-text\"", format!("hide = \"{hide}\""));
        assert!(profile.contains(from), "the shipped profile hides all text");
        std::fs::write(site.path("profile.toml"), profile.replace(from, &to)).expect("written");
        self.serves(&mut site, engine);
        site
    }

    fn serves(&self, site: &mut Site, engine: &str) {
        site.set("detection.engine", engine);
        site.set("aws.region", "us-east-1");
        site.set("aws.rekognition_endpoint", self.address.clone());
        site.set("aws.comprehend_endpoint", self.address.clone());
        site.set("aws.requests_per_second", 50);
        site.set("aws.pause_ms", 300);
    }

    /// From now on a service fails so, or works.
    pub fn fails(&self, service: Asked, fault: Option<CloudFault>) {
        let mut record = lock(&self.record);
        match fault {
            Some(fault) => record.faults.insert(service, fault),
            None => record.faults.remove(&service),
        };
    }

    /// How often a service was asked, repeats of the SDK included.
    pub fn calls(&self, service: Asked) -> usize {
        lock(&self.record).calls.get(&service).copied().unwrap_or(0)
    }

    /// The texts that were classified.
    pub fn texts(&self) -> Vec<String> {
        lock(&self.record).texts.clone()
    }

    /// The sides of the pictures that were read.
    pub fn pictures(&self) -> Vec<(u32, u32)> {
        lock(&self.record).pictures.clone()
    }

    /// How many words were read in pictures that had more than are told.
    pub fn untold_words(&self) -> usize {
        lock(&self.record).untold_words
    }
}

fn lock(record: &Shared) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
