//! Logs to stderr: this program at the configured level, every other crate at `warn`,
//! because their messages may quote values; panics by their place alone.

use crate::config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging and mutes panic messages. Once per process.
pub fn start(log: &Log) {
    // Where there are no credentials, it warns at length; what is to be done we say ourselves.
    let directives = format!("warn,aws_config=error,deid_gateway={}", log.level.as_str());
    let filter = EnvFilter::try_new(&directives).unwrap_or_default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).with_ansi(false).try_init(),
    };
    if started.is_err() {
        eprintln!("deid-gateway: logging was started before");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(at = place.unwrap_or_default(), "a panic");
    }));
}

/// Core dumps off: they would hold identifiers.
pub fn forbid_core_dumps() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}
