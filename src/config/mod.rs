//! One configuration: defaults, then a TOML file, then `DEID_GATEWAY__SECTION__KEY` variables.
//!
//! The structs here are the file's structs: every key has a default, an unknown key is an error
//! that names it and its line, and `Config::load` returns only what has been checked.

mod attribute;
mod audit;
mod aws;
mod carriers;
mod destination;
mod fill;
mod keys;
mod mask;
mod observe;
mod options;
mod profile;
mod release;
mod reload;
mod route;
mod route_patterns;
mod rule;
mod sender;
mod shift;
mod tls;
mod window;

pub use attribute::AttributePattern;
pub use audit::{Audit, AuditSyslog, SyslogTransport};
pub use aws::{Aws, Engine, Fallback};
pub use carriers::{Documents, FaceRule, Faces, Undecodable};
pub(crate) use destination::check_address;
pub use destination::{Destination, DestinationKind};
pub use fill::FillColour;
pub use keys::{Keys, Linkage, UnknownPatients};
pub use mask::{DeviceFacts, Mask, MaskBox};
pub use observe::Observe;
pub use options::ProfileOption;
pub use profile::{Hide, OutputSyntax, PixelRule, Profile, UnlistedText};
pub use release::{Release, ReleaseBy};
pub use route::{HeaderAttribute, HeaderCondition, Route, RouteAction};
pub(crate) use route_patterns::network_text;
pub use route_patterns::{Networks, Patterns, SopClasses};
pub use rule::{ObjectFacts, Rule, RuleAction, When};
pub use sender::{Fingerprint, Sender};
pub use shift::{NotAShiftRange, ShiftRange};
pub use tls::{DestinationTls, IntakeTls};
pub use window::{NotAWindow, Window, is_open};

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Prefix of the environment variables; sections and keys are separated by two underscores.
pub const ENVIRONMENT_PREFIX: &str = "DEID_GATEWAY";

/// What is wrong with a configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot read the configuration file: {source}", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {message}", file.display())]
    Invalid { file: PathBuf, line: usize, message: String },
    #[error("environment: {0} (variables are named {ENVIRONMENT_PREFIX}__SECTION__KEY)")]
    Environment(String),
    #[error("[{section}] {message}")]
    Value { section: String, message: String },
}

impl ConfigError {
    pub(crate) fn value(section: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Value { section: section.into(), message: message.into() }
    }
}

/// The whole configuration, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub serve: Serve,
    pub intake: Intake,
    pub spool: Spool,
    pub keys: Keys,
    pub deid: Deid,
    pub detection: Detection,
    pub aws: Aws,
    pub sandbox: Sandbox,
    pub limits: Limits,
    pub log: Log,
    pub observe: Observe,
    pub audit: Audit,
    pub destinations: Vec<Destination>,
    /// Who may store. Without any, whoever reaches the port, which then must be on loopback or `open`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<Sender>,
    /// Without any, every object goes to every destination.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// `[serve]`: the service as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Serve {
    pub stop_timeout_ms: u64,
}

/// `[intake]`: the C-STORE SCP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    pub listen: SocketAddr,
    pub ae_title: String,
    /// Whether everybody may store who reaches the port, from beyond loopback too.
    pub open: bool,
    pub max_associations: usize,
    /// Of one calling AE title at one address.
    pub max_associations_per_peer: usize,
    /// Of one such peer; 0 is no limit.
    pub max_objects_per_s: u32,
    /// Of one such peer; 0 is no limit.
    pub max_bytes_per_s: u64,
    /// A sender that is slower while it sends an object is cut; 0 is no limit.
    pub min_bytes_per_s: u64,
    pub max_pdu_bytes: u32,
    pub max_object_bytes: u64,
    pub min_free_bytes: u64,
    pub accept_timeout_ms: u64,
    pub idle_timeout_ms: u64,
    pub association_timeout_ms: u64,
    /// Whether senders may ask us to commit.
    pub storage_commitment: bool,
    /// How long such a request waits for the deliveries of its objects.
    pub commitment_wait_s: u64,
    pub commitment_peers: Vec<CommitmentPeer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<IntakeTls>,
}

impl Intake {
    /// Every address that is listened on.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let of_tls = self.tls.as_ref().and_then(|tls| tls.listen);
        std::iter::once(self.listen).chain(of_tls)
    }
}

/// A sender that asks us to commit, and where it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitmentPeer {
    pub ae_title: String,
    /// `host:port`.
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DestinationTls>,
}

/// What happens to an object whose SOP Instance UID arrived before with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChanged {
    /// It is held: it would carry the same new UID.
    Hold,
    /// It is processed and sent like any other.
    Send,
}

/// `[spool]`: where objects are kept until they are delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    pub directory: PathBuf,
    pub keep_delivered_s: u64,
    /// How long what identifies a patient is remembered after their last object left.
    pub keep_identifiers_s: u64,
    pub on_changed: OnChanged,
}

/// `[deid]`: how objects are de-identified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deid {
    pub profile: String,
    pub project: String,
    /// Device masks, for every profile; empty: none.
    pub masks_file: PathBuf,
    /// What leaves together.
    pub release: ReleaseBy,
    pub release_quiet_s: u64,
}

/// `[detection]`: the reading of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detection {
    pub engine: Engine,
    pub threads: usize,
    pub read_whole_every: u32,
    pub onnx_runtime: String,
}

/// `[sandbox]`: the child processes that parse and decode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    pub workers: usize,
    pub memory_bytes: u64,
    pub timeout_ms: u64,
    pub object_timeout_ms: u64,
    pub request_cpu_s: u64,
    pub objects_per_child: u32,
    pub require_confinement: bool,
}

/// `[limits]`: what one object may ask of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub max_header_bytes: u64,
    pub max_inflated_bytes: u64,
    pub max_frames: u32,
    pub max_frame_bytes: u64,
    pub max_pixel_bytes: u64,
    pub max_lines: usize,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub level: LogLevel,
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object.
    Json,
}

/// How much this program logs; other crates are capped at `warn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// As `tracing` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            serve: Serve::default(),
            intake: Intake::default(),
            spool: Spool::default(),
            keys: Keys::default(),
            deid: Deid::default(),
            detection: Detection::default(),
            aws: Aws::default(),
            sandbox: Sandbox::default(),
            limits: Limits::default(),
            log: Log::default(),
            observe: Observe::default(),
            audit: Audit::default(),
            destinations: vec![Destination::folder("research", "./var/research")],
            senders: Vec::new(),
            routes: Vec::new(),
        }
    }
}

impl Default for Serve {
    fn default() -> Self {
        Self { stop_timeout_ms: 45_000 }
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title: "DEID".into(),
            open: false,
            max_associations: 64,
            max_associations_per_peer: 16,
            max_objects_per_s: 0,
            max_bytes_per_s: 0,
            min_bytes_per_s: 1_000,
            max_pdu_bytes: 128 * 1024,
            max_object_bytes: 3 << 30,
            min_free_bytes: 1 << 30,
            accept_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            association_timeout_ms: 6 * 3_600_000,
            storage_commitment: false,
            commitment_wait_s: 86_400,
            commitment_peers: Vec::new(),
            tls: None,
        }
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            directory: "./var/spool".into(),
            keep_delivered_s: 3_600,
            keep_identifiers_s: 3_600,
            on_changed: OnChanged::Hold,
        }
    }
}

impl Default for Deid {
    fn default() -> Self {
        Self {
            profile: "basic".into(),
            project: "default".into(),
            masks_file: PathBuf::new(),
            release: ReleaseBy::Object,
            release_quiet_s: 300,
        }
    }
}

impl Default for Detection {
    fn default() -> Self {
        Self {
            engine: Engine::Local,
            threads: 2,
            read_whole_every: 32,
            onnx_runtime: "libonnxruntime.so".into(),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            workers: 2,
            memory_bytes: 2 << 30,
            timeout_ms: 300_000,
            object_timeout_ms: 4 * 3_600_000,
            request_cpu_s: 1_800,
            objects_per_child: 500,
            require_confinement: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: 128 << 20,
            max_inflated_bytes: 512 << 20,
            max_frames: 100_000,
            max_frame_bytes: 512 << 20,
            max_pixel_bytes: 4 << 30,
            max_lines: 200_000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}

impl Config {
    /// Defaults, then `file` if one is named, then the environment; checked.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(file) = file {
            let text = std::fs::read_to_string(file)
                .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
            locate_errors(file, &text)?;
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix(ENVIRONMENT_PREFIX)
            .prefix_separator("__")
            .separator("__");
        let layered = builder.add_source(environment).build();
        let config: Self = layered
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError::Environment(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// The profile that `[deid] profile` names.
    pub fn profile(&self) -> Result<Profile, ConfigError> {
        Profile::named(&self.deid.profile)?.with_masks(&self.masks()?)
    }

    /// The masks of `[deid] masks_file`.
    pub fn masks(&self) -> Result<Vec<Mask>, ConfigError> {
        match self.deid.masks_file.as_os_str().is_empty() {
            true => Ok(Vec::new()),
            false => mask::read(&self.deid.masks_file),
        }
    }

    /// Every profile that is named, by its name there: that of `[deid]`, then those of routes.
    pub fn profiles(&self) -> Result<BTreeMap<&str, Profile>, ConfigError> {
        let of_routes = self.routes.iter().filter_map(|route| route.profile.as_deref());
        let named = std::iter::once(self.deid.profile.as_str()).chain(of_routes);
        let named: BTreeSet<_> = named.collect();
        let masks = self.masks()?;
        let with_masks = |name| Ok((name, Profile::named(name)?.with_masks(&masks)?));
        named.into_iter().map(with_masks).collect()
    }

    /// The projects that objects are routed to.
    pub fn served_projects(&self) -> BTreeSet<&str> {
        let delivers = |route: &&Route| route.action == RouteAction::Deliver;
        let routes = self.routes.iter().filter(delivers);
        let mut projects: BTreeSet<_> =
            routes.map(|r| r.project.as_deref().unwrap_or(&self.deid.project)).collect();
        if self.routes.is_empty() {
            projects.insert(&self.deid.project);
        }
        projects
    }

    /// Those, and that of `[deid]`, which `deid` on the command line uses.
    pub fn projects(&self) -> BTreeSet<&str> {
        let mut projects = self.served_projects();
        projects.insert(&self.deid.project);
        projects
    }

    /// When what a route takes leaves; `None` is for what goes under `[deid]` alone.
    pub fn release(&self, route: Option<&Route>) -> Release {
        let by = route.and_then(|route| route.release);
        let quiet_s = route.and_then(|route| route.release_quiet_s);
        Release {
            by: by.unwrap_or(self.deid.release),
            quiet_s: quiet_s.unwrap_or(self.deid.release_quiet_s),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_ae_title("intake", &self.intake.ae_title)?;
        for peer in &self.intake.commitment_peers {
            check_ae_title("intake.commitment_peers", &peer.ae_title)?;
            destination::check_address("intake.commitment_peers", &peer.address)?;
            peer.tls.as_ref().map_or(Ok(()), |tls| tls.check("intake.commitment_peers"))?;
        }
        if self.intake.max_pdu_bytes < 4096 || self.intake.max_pdu_bytes > 1 << 20 {
            return Err(ConfigError::value("intake", "max_pdu_bytes must be 4096 to 1048576"));
        }
        for (key, value) in [
            ("accept_timeout_ms", self.intake.accept_timeout_ms),
            ("idle_timeout_ms", self.intake.idle_timeout_ms),
            ("association_timeout_ms", self.intake.association_timeout_ms),
        ] {
            if value == 0 {
                return Err(ConfigError::value("intake", format!("{key} must be positive")));
            }
        }
        for (section, key, value) in [
            ("intake", "max_associations", self.intake.max_associations),
            ("intake", "max_associations_per_peer", self.intake.max_associations_per_peer),
            ("detection", "threads", self.detection.threads),
            ("sandbox", "workers", self.sandbox.workers),
        ] {
            if value == 0 || value > 1024 {
                return Err(ConfigError::value(section, format!("{key} must be 1 to 1024")));
            }
        }
        if self.detection.read_whole_every == 0 {
            return Err(ConfigError::value("detection", "read_whole_every must be at least 1"));
        }
        if self.sandbox.memory_bytes < 256 << 20 {
            return Err(ConfigError::value("sandbox", "memory_bytes must be at least 268435456"));
        }
        for (key, value) in [
            ("timeout_ms", self.sandbox.timeout_ms),
            ("object_timeout_ms", self.sandbox.object_timeout_ms),
            ("request_cpu_s", self.sandbox.request_cpu_s),
        ] {
            // A year in milliseconds: beyond it, clocks may overflow.
            if value == 0 || value > 31_536_000_000 {
                return Err(ConfigError::value(
                    "sandbox",
                    format!("{key} must be 1 to 31536000000"),
                ));
            }
        }
        check_project("deid", &self.deid.project)?;
        release::check_quiet("deid", self.deid.release_quiet_s)?;
        self.keys.check(&self.spool.directory)?;
        self.observe.check()?;
        self.aws.check()?;
        self.audit.check()?;
        sender::check(&self.senders, &self.intake)?;
        destination::check(&self.destinations)?;
        route::check(&self.routes, &self.destinations)?;
        self.profiles().map(|_| ())
    }
}

/// It is a part of file names.
fn check_project(section: &str, project: &str) -> Result<(), ConfigError> {
    match (1..=64).contains(&project.len()) {
        true => Ok(()),
        false => Err(ConfigError::value(section, "project must be 1 to 64 bytes")),
    }
}

/// A name that stands in logs, records and command lines.
fn check_plain_name(section: &str, name: &str) -> Result<(), ConfigError> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    match is_plain && (1..=64).contains(&name.len()) {
        true => Ok(()),
        false => Err(ConfigError::value(section, "name must be 1 to 64 letters, digits, - _ .")),
    }
}

/// An AE title is 1 to 16 characters without control characters or backslash (PS3.5 section 6.2).
pub(crate) fn check_ae_title(section: &str, title: &str) -> Result<(), ConfigError> {
    let valid = (1..=16).contains(&title.len())
        && title.trim() == title
        && title.bytes().all(|b| (0x20..0x7F).contains(&b) && b != b'\\');
    if valid {
        return Ok(());
    }
    let message = format!("{title:?} is not an AE title: 1 to 16 printable ASCII characters");
    Err(ConfigError::value(section, message))
}

/// The `config` crate does not keep positions: the file is read once more for the line of an error.
fn locate_errors(file: &Path, text: &str) -> Result<(), ConfigError> {
    let Err(error) = toml::from_str::<Config>(text) else { return Ok(()) };
    let before = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..before].iter().filter(|b| **b == b'\n').count() + 1;
    let message = error.message().replace('\n', " ");
    Err(ConfigError::Invalid { file: file.to_owned(), line, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../conf/gateway.toml");

    fn load(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("written");
        Config::load(Some(file.path()))
    }

    #[test]
    fn the_shipped_file_states_every_option_with_its_default() {
        let shipped: toml::Table = toml::from_str(SHIPPED).expect("valid TOML");
        let default = toml::Table::try_from(Config::default()).expect("a table");
        assert!(shipped.len() >= 9, "the file must hold every section");
        assert_eq!(shipped, default);
    }

    #[test]
    fn the_shipped_example_of_a_route_is_one() {
        let example = SHIPPED.lines().skip_while(|line| *line != "# [[routes]]");
        let example: Vec<_> = example.map(|line| line.trim_start_matches("# ")).collect();
        let destination =
            "[[destinations]]\nname = \"research\"\nkind = \"folder\"\npath = \"x\"\n";
        let config = load(&format!("{destination}{}", example.join("\n"))).expect("a route");
        assert_eq!(config.routes.len(), 1);
        let written = toml::Table::try_from(&config.routes[0]).expect("a table");
        assert_eq!(written.len(), 14, "every option of a route is in the example");
        assert_eq!(config.projects().into_iter().collect::<Vec<_>>(), ["default", "trial-7"]);
        assert_eq!(config.served_projects().into_iter().collect::<Vec<_>>(), ["trial-7"]);
    }

    #[test]
    fn the_shipped_example_of_an_audit_record_repository_is_one() {
        let example = SHIPPED.lines().skip_while(|line| *line != "# [audit.syslog]");
        let example = example.take_while(|line| line.starts_with("# "));
        let example: Vec<_> = example.map(|line| line.trim_start_matches("# ")).collect();
        let config = load(&example.join("\n")).expect("a repository");
        let syslog = config.audit.syslog.expect("a repository");
        assert_eq!(toml::Table::try_from(&syslog).expect("a table").len(), 8, "every option");
        let clear = example.join("\n").replace("transport = \"tls\"", "transport = \"tcp\"");
        let error = load(&clear).expect_err("in clear").to_string();
        assert!(error.contains("tls goes with"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = load("[intake]\n\nlistn = \"127.0.0.1:1\"\n").expect_err("unknown key");
        let text = error.to_string();
        assert!(text.contains(":3: ") && text.contains("`listn`"), "{text}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line() {
        let text = load("[sandbox]\nworkers = \"two\"\n").expect_err("wrong type").to_string();
        assert!(text.contains(":2: "), "{text}");
        let text = load("[intake]\nae_title = \"MUCH TOO LONG A TITLE\"\n").expect_err("title");
        assert!(text.to_string().contains("AE title"), "{text}");
    }

    #[test]
    fn a_site_key_inside_the_spool_is_refused() {
        let text = load("[keys]\nsite_key_file = \"./var/spool/site.key\"\n").expect_err("inside");
        assert!(text.to_string().contains("outside the spool"), "{text}");
    }
}
