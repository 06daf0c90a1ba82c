//! The command line: what can be asked, and the exit code of each answer.

mod audit;
mod destination;
mod eval;
mod health;
mod init;
mod keys;
mod patient;
mod profile;
mod redact;
mod route;
mod study;

use crate::admin::held::{self, Decision};
use crate::admin::{reports, status};
use crate::check::Outcome;
use crate::config::{Config, ConfigError, Log, LogLevel};
use crate::deid::hold::HoldReason;
use crate::eval::EvalError;
use crate::explain::NotAnAttribute;
use crate::redact::RedactError;
use crate::sandbox::{self, ChildLimits, Role};
use crate::serve::{Gateway, ServeError, ServiceManager};
use crate::spool::{HeldSelection, LocalSpool};
use crate::{check, demo, logging};
use clap::{Args, CommandFactory, Parser, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Between two screens of `status --watch`.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// De-identifies DICOM on its way to research.
#[derive(Debug, Parser)]
#[command(name = "deid-gateway", version, about)]
pub struct Cli {
    /// Configuration file; without it the defaults of conf/gateway.toml hold.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive by C-STORE, de-identify, verify, forward.
    Serve,
    /// De-identify files, folders and S3 objects: DICOM, PNG and JPEG.
    Redact(redact::Redact),
    /// The same, with results named by their new UIDs.
    Deid(redact::Redact),
    /// Show the whole way of three generated objects; needs no configuration.
    Demo {
        /// Where pictures of before and after go.
        #[arg(long, default_value = "./demo-out")]
        out: PathBuf,
        /// Leave the temporary spools, and what was received, for looking.
        #[arg(long)]
        keep: bool,
    },
    /// Write a configuration from five answers, asked for or given by flags, and check it.
    Init(init::Init),
    /// Look whether the configuration is fit to run, and say what to enter in the PACS.
    Check,
    /// What is where, what waits for whom, and what is held, on one screen.
    Status {
        /// Show it again every two seconds, until it is interrupted.
        #[arg(long)]
        watch: bool,
    },
    /// Ask the running gateway whether it takes objects: exit code 0 if so, else 1 and why.
    Health,
    /// Look at held objects and decide on them.
    #[command(subcommand)]
    Held(Held),
    /// See how destinations are doing, and pause, resume or retry them.
    #[command(subcommand)]
    Destination(destination::Destination),
    /// What was done to an object that has a verified result: JSON, never a value.
    Report {
        /// A job's number, or the SOP Instance UID of the result.
        of: String,
    },
    /// Find what was delivered of a patient, and drop whose objects are not wanted.
    #[command(subcommand)]
    Patient(patient::Patient),
    /// What a profile does, and by which rule.
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Which routes match an object, and what they did.
    #[command(subcommand)]
    Route(route::Route),
    /// What waits to leave as a whole, where `release` says so.
    #[command(subcommand)]
    Study(study::Study),
    /// Score the reading of pictures, or de-identification against an answer key.
    Eval(eval::Eval),
    /// The log of what happened to every object.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The keys that pseudonyms are made with.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print what a shell completes this command with.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, in roff: `deid-gateway man > deid-gateway.1`.
    Man,
    /// A child process of the gateway; not for people.
    #[command(hide = true)]
    SandboxChild { role: String, memory_bytes: u64, file_bytes: u64, request_cpu_s: u64 },
}

#[derive(Debug, Subcommand)]
enum Held {
    /// One line for each.
    List {
        /// Only those with this reason code.
        #[arg(long, value_parser = reason)]
        reason: Option<HoldReason>,
    },
    /// All there is to know without a value of the object.
    Show(Selection),
    /// Run again from the original, through every step.
    Reprocess(Selection),
    /// Give up: the object is not sent, and its original is removed.
    Reject(Selection),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Selection {
    /// A job's number, as `held list` shows it.
    job: Option<i64>,
    /// Every job with this reason code.
    #[arg(long, value_parser = reason)]
    reason: Option<HoldReason>,
    /// Every held job.
    #[arg(long)]
    all: bool,
}

impl Selection {
    fn held(&self) -> HeldSelection {
        match (self.job, self.reason) {
            (Some(job), _) => HeldSelection::Job(job),
            (None, Some(reason)) => HeldSelection::Reason(reason),
            (None, None) => HeldSelection::All,
        }
    }
}

fn reason(code: &str) -> Result<HoldReason, String> {
    let known = || HoldReason::ALL.map(HoldReason::code).join(", ");
    HoldReason::from_code(code).ok_or_else(|| format!("no such reason; there are: {}", known()))
}

/// Runs one command.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::SandboxChild { role, memory_bytes, file_bytes, request_cpu_s } = cli.command {
        let role = Role::from_name(&role).ok_or_else(|| anyhow::anyhow!("no such role"))?;
        sandbox::child::run(role, ChildLimits { memory_bytes, file_bytes, request_cpu_s })?;
        return Ok(ExitCode::SUCCESS);
    }
    match cli.command {
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut for_people(), "deid-gateway", &mut text);
            return Ok(print(&text));
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(for_people()).render(&mut text)?;
            return Ok(print(&text));
        }
        _ => {}
    }
    logging::forbid_core_dumps()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = run_in(&runtime, cli);
    // A picture may be in reading for minutes. What has to last is on disk already.
    runtime.shutdown_background();
    done
}

fn run_in(runtime: &tokio::runtime::Runtime, cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::Demo { out, keep } = &cli.command {
        anyhow::ensure!(cli.config.is_none(), "demo brings its own configuration: omit --config");
        logging::start(&Log { level: LogLevel::Warn, ..Log::default() });
        let good = runtime.block_on(demo::run(out, *keep))?;
        return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if let Command::Init(asked) = cli.command {
        return init::run(runtime, cli.config.as_deref(), asked);
    }
    let config = Config::load(cli.config.as_deref())?;
    logging::start(&config.log);
    runtime.block_on(async {
        match cli.command {
            Command::Serve => serve(&config, cli.config.as_deref()).await,
            Command::Redact(asked) => {
                redact::run(&config, cli.config.is_some(), false, asked).await
            }
            Command::Deid(asked) => redact::run(&config, cli.config.is_some(), true, asked).await,
            Command::Check => Ok(run_check(&config).await),
            Command::Status { watch } => status(&config, watch).await,
            Command::Health => health::run(&config.observe).await,
            Command::Held(command) => run_held(&config, command).await,
            Command::Destination(command) => destination::run(&config, command).await,
            Command::Report { of } => {
                let spool = LocalSpool::attach(&config.spool.directory)?;
                let text = reports::report(&spool, &of).await?;
                let of =
                    of.parse().map_or_else(|_| json!({"sop": of}), |job: i64| json!({"job": job}));
                read(&spool, "report", of).await?;
                say(format_args!("{}", text.trim_end()));
                Ok(ExitCode::SUCCESS)
            }
            Command::Patient(command) => patient::run(&config, command).await,
            Command::Profile(command) => profile::run(&config, command).await,
            Command::Route(command) => route::run(&config, command).await,
            Command::Study(command) => study::run(&config, command).await,
            Command::Eval(command) => eval::run(&config, command).await,
            Command::Audit(command) => audit::run(&config, command).await,
            Command::Keys(command) => keys::run(&config, command).await,
            Command::Demo { .. }
            | Command::Init(_)
            | Command::Completions { .. }
            | Command::Man
            | Command::SandboxChild { .. } => Ok(ExitCode::FAILURE),
        }
    })
}

fn where_it_listens(gateway: &Gateway, config: &Config) -> String {
    let (address, title) = (gateway.address, &config.intake.ae_title);
    match (&config.intake.tls, gateway.tls_address) {
        (None, _) => format!("listening on {address} as {title}"),
        (Some(_), None) => format!("listening on {address} as {title}, in TLS"),
        (Some(_), Some(tls)) => format!("listening on {address} as {title}, and in TLS on {tls}"),
    }
}

async fn serve(config: &Config, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let mut manager = ServiceManager::from_environment();
    let mut gateway = Gateway::start(config).await?;
    say(format_args!("{}", where_it_listens(&gateway, config)));
    if let Some(address) = gateway.observe_address {
        say(format_args!("status page on http://{address}/"));
    }
    manager.ready();
    let died = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            part = gateway.part_died() => break Some(part),
            _ = hangup.recv() => {
                manager.reloading();
                reload(&mut gateway, file).await;
                manager.ready();
            }
            () = manager.tick() => manager.tell_alive(&gateway.spool).await,
        }
    };
    manager.stopping();
    tracing::info!("stopping");
    gateway.stop().await;
    match died {
        None => Ok(ExitCode::SUCCESS),
        Some(part) => anyhow::bail!("{part} ended by itself: start the gateway again"),
    }
}

/// SIGHUP: the configuration is read again, and is in force whole or not at all.
async fn reload(gateway: &mut Gateway, file: Option<&Path>) {
    let reloaded = match Config::load(file) {
        Ok(config) => gateway.reload(&config).await.map_err(anyhow::Error::from),
        Err(error) => Err(error.into()),
    };
    match reloaded {
        Ok(()) => {
            tracing::info!("the configuration was reloaded");
            let event = serde_json::json!({"event": "reloaded"});
            if let Err(error) = gateway.spool.audit(event, now_ms()).await {
                tracing::error!(%error, "the reload could not be recorded");
            }
        }
        Err(error) => {
            let why = format!("{error:#}");
            tracing::error!(why, "the configuration was not reloaded; the old one stays in force");
        }
    }
}

async fn run_check(config: &Config) -> ExitCode {
    let findings = check::run(config).await;
    let mut code = ExitCode::SUCCESS;
    for finding in findings {
        match finding.outcome {
            Outcome::Fine(how) => say(format_args!("ok     {}  {how}", finding.what)),
            Outcome::Warning(what) => say(format_args!("warn   {}  {what}", finding.what)),
            Outcome::Wrong(what) => {
                say(format_args!("WRONG  {}  {what}", finding.what));
                code = ExitCode::FAILURE;
            }
        }
    }
    say(format_args!("\n{}", check::to_enter(config).trim_end()));
    code
}

async fn status(config: &Config, watch: bool) -> anyhow::Result<ExitCode> {
    let spool = LocalSpool::attach(&config.spool.directory)?;
    let names: Vec<_> = config.destinations.iter().map(|one| one.name.clone()).collect();
    loop {
        let least = config.intake.min_free_bytes;
        let is_told = config.audit.syslog.is_some();
        let text = status::text(&spool, &names, least, is_told, now_ms()).await?;
        if !watch {
            say(format_args!("{}", text.trim_end()));
            return Ok(ExitCode::SUCCESS);
        }
        // The screen is cleared as `clear` does it.
        say(format_args!("\x1b[H\x1b[2J{}", text.trim_end()));
        tokio::time::sleep(WATCH_PAUSE).await;
    }
}

async fn run_held(config: &Config, command: Held) -> anyhow::Result<ExitCode> {
    let spool = LocalSpool::attach(&config.spool.directory)?;
    match command {
        Held::List { reason } => {
            let selection = reason.map_or(HeldSelection::All, HeldSelection::Reason);
            read(&spool, "held list", json!({"reason": reason.map(HoldReason::code)})).await?;
            say(format_args!("{}", held::list(&spool, selection).await?.trim_end()));
        }
        Held::Show(selection) => {
            let reason = selection.reason.map(HoldReason::code);
            read(&spool, "held show", json!({"job": selection.job, "reason": reason})).await?;
            say(format_args!("{}", held::show(&spool, selection.held()).await?.trim_end()))
        }
        Held::Reprocess(selection) => {
            let met = decide(&spool, &selection, Decision::Reprocess).await?;
            say(format_args!("{met} will run again"));
        }
        Held::Reject(selection) => {
            let met = decide(&spool, &selection, Decision::Reject).await?;
            say(format_args!("{met} rejected"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(
    spool: &LocalSpool,
    selection: &Selection,
    decision: Decision,
) -> anyhow::Result<usize> {
    Ok(held::decide(spool, selection.held(), decision, who(), now_ms()).await?)
}

/// Records that somebody looked, and at what.
async fn read(spool: &LocalSpool, what: &str, mut of: Value) -> anyhow::Result<()> {
    of["event"] = "read".into();
    of["what"] = what.into();
    of["who"] = who().into();
    Ok(spool.audit(of, now_ms()).await?)
}

/// Records what was done beside the spool, where there is one.
async fn note(config: &Config, event: Value) -> anyhow::Result<()> {
    if LocalSpool::is_at(&config.spool.directory) {
        LocalSpool::attach(&config.spool.directory)?.audit(event, now_ms()).await?;
    }
    Ok(())
}

/// Who decides, for the record.
fn who() -> String {
    std::env::var("USER").unwrap_or_else(|_| "unknown".into())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}

/// Prints a line; a reader that has gone (`| head`) is no fault.
fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The command line without what is not for people: completions would offer it.
fn for_people() -> clap::Command {
    let whole = Cli::command();
    let visible = whole.get_subcommands().filter(|one| !one.is_hide_set()).cloned();
    let mut shown = clap::Command::new("deid-gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .args(whole.get_arguments().cloned())
        .subcommands(visible);
    shown = shown.about(whole.get_about().cloned().unwrap_or_default());
    shown
}

/// Prints a document; a reader that has gone is no fault.
fn print(text: &[u8]) -> ExitCode {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text);
    ExitCode::SUCCESS
}

/// The exit code of an error: 2 when the configuration or what was asked for is wrong, 1 otherwise.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let is_configuration = error.is::<ConfigError>()
        || error.is::<init::InitError>()
        || error.is::<NotAnAttribute>()
        || error.downcast_ref().is_some_and(EvalError::is_bad_input)
        || matches!(error.downcast_ref(), Some(ServeError::Config(_)))
        || matches!(error.downcast_ref(), Some(RedactError::Config(_)));
    if is_configuration { ExitCode::from(2) } else { ExitCode::FAILURE }
}
