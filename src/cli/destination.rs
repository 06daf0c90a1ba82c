//! `destination list|pause|resume|retry`.

use super::{now_ms, say, who};
use crate::admin::destination::{self, Steer};
use crate::config::Config;
use crate::spool::LocalSpool;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Destination {
    /// One line for each: what waits, what was sent, what is wrong, when it is tried next.
    List,
    /// Send nothing more there until `resume`; it holds after a restart too.
    Pause { name: String },
    /// Send there again.
    Resume { name: String },
    /// Try everything that waits for it at once, whatever pause it is in.
    Retry { name: String },
}

pub(super) async fn run(config: &Config, command: Destination) -> anyhow::Result<ExitCode> {
    let spool = LocalSpool::attach(&config.spool.directory)?;
    let names: Vec<_> = config.destinations.iter().map(|one| one.name.clone()).collect();
    let (name, what) = match command {
        Destination::List => {
            let list = destination::list(&spool, &names, now_ms()).await?;
            say(format_args!("{}", list.trim_end()));
            return Ok(ExitCode::SUCCESS);
        }
        Destination::Pause { name } => (name, Steer::Pause),
        Destination::Resume { name } => (name, Steer::Resume),
        Destination::Retry { name } => (name, Steer::Retry),
    };
    let known = names.join(", ");
    anyhow::ensure!(names.contains(&name), "no such destination in the configuration: {known}");
    let told = destination::steer(&spool, &name, what, who(), now_ms()).await?;
    say(format_args!("{name}: {told}"));
    Ok(ExitCode::SUCCESS)
}
