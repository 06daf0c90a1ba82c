//! `eval DIR` and `eval headers KEY`.

use super::say;
use crate::config::Config;
use crate::eval::{self, Origin};
use anyhow::Context;
use clap::{Args, Subcommand};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Eval {
    #[command(flatten)]
    text: TextArgs,
    #[command(subcommand)]
    headers: Option<Headers>,
}

/// How well text in pictures is found, read and hidden.
#[derive(Debug, Args)]
struct TextArgs {
    /// A folder of pictures, and truth.json, which says what text they have (README).
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A shipped profile, or the path of a TOML file; without it, that of the configuration.
    #[arg(long)]
    profile: Option<String>,
    /// Write a page with what was missed as pictures. It identifies as much as they do.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write what was missed: a line each, of the files' names and never a text.
    #[arg(long, value_name = "FILE")]
    misses: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Headers {
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
    let Some(headers) = command.headers else {
        return text(config, command.text).await;
    };
    let Headers::Headers { key, profile, out, mapping, results, failures, json } = headers;
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

async fn text(config: &Config, arguments: TextArgs) -> anyhow::Result<ExitCode> {
    let TextArgs { folder, profile, html, misses, json } = arguments;
    let folder = folder.context("which folder?")?;
    let progress = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let score = eval::text::run(config, &folder, profile, progress).await?;
    if let Some(file) = html {
        write_private(&file, &score.page())?;
    }
    if let Some(file) = misses {
        write_private(&file, &score.misses())?;
    }
    let text = if json { score.json()? } else { score.table() };
    say(format_args!("{}", text.trim_end()));
    Ok(ExitCode::SUCCESS)
}

/// For the owner's eyes.
fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let open =
        std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(file);
    let written = open.and_then(|mut to| to.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", file.display()))
}
