//! `study list`.

use super::{now_ms, say};
use crate::admin::studies;
use crate::config::Config;
use crate::spool::LocalSpool;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Study {
    /// Series and studies that leave as a whole and have not left: one line for each.
    List,
}

pub(super) async fn run(config: &Config, command: Study) -> anyhow::Result<ExitCode> {
    let spool = LocalSpool::attach(&config.spool.directory)?;
    match command {
        Study::List => {
            say(format_args!("{}", studies::list(&spool, now_ms()).await?.trim_end()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
