//! `eval headers KEY`.

use super::say;
use crate::config::Config;
use crate::eval::{self, Origin};
use anyhow::Context;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Eval {
    /// De-identify the sources that an answer key names, and score what became of each item.
    Headers {
        /// CSV or JSON Lines, as the README describes it; sources are relative to its folder.
        key: PathBuf,
        /// A shipped profile, or the path of a TOML file; without it, that of the configuration.
        #[arg(long)]
        profile: Option<String>,
        /// Where the results stay; without it they are removed again.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Write here which result belongs to which source. It identifies as much as the sources do.
        #[arg(long, value_name = "FILE", requires = "out")]
        mapping: Option<PathBuf>,
        /// Score results that are there, of any tool: a CSV of source and result.
        #[arg(long, value_name = "MAPPING", conflicts_with_all = ["profile", "out", "mapping"])]
        results: Option<PathBuf>,
        /// Write the failed items here: id, check and why, never a value.
        #[arg(long, value_name = "FILE")]
        failures: Option<PathBuf>,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: &Config, command: Eval) -> anyhow::Result<ExitCode> {
    let Eval::Headers { key, profile, out, mapping, results, failures, json } = command;
    let from = match results {
        Some(results) => Origin::Mapping(results),
        None => Origin::Deid { profile, out, mapping },
    };
    let progress = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let score = eval::run(config, &key, from, progress).await?;
    if let Some(file) = failures {
        let written = std::fs::write(&file, score.failures()?);
        written.with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let text = if json { score.json()? } else { score.table() };
    say(format_args!("{}", text.trim_end()));
    Ok(if score.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
