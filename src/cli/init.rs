//! `init`: five questions, or flags, make a configuration; then it is checked.

use super::{run_check, say};
use crate::config::{Config, Engine};
use crate::init::{self, Archive, Senders, Wanted, WrongAnswer};
use crate::logging;
use anyhow::Context;
use clap::Args;
use dialoguer::{Input, Select};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

/// What is written when no `--config` names it.
const DEFAULT_FILE: &str = "gateway.toml";
/// Where systemd keeps what a service of this name stores.
const STATE_DIRECTORY: &str = "/var/lib/deid-gateway";
/// The registered port of DICOM without privileges (PS3.8 section 9.1.1).
const PORT: u16 = 11112;
const ENGINES: [(&str, &str); 3] = [
    ("local", "embedded: nothing leaves this machine"),
    ("aws", "Amazon Rekognition and Comprehend Medical: pictures leave this machine (docs/aws.md)"),
    ("both", "what either of them finds"),
];

#[derive(Debug, Args)]
pub struct Init {
    /// The AE title of the gateway.
    #[arg(long, value_name = "TITLE", value_parser = init::ae_title)]
    ae_title: Option<String>,
    /// Its port for DICOM.
    #[arg(long, value_parser = init::port)]
    port: Option<u16>,
    /// Who may send: PACS1@10.0.0.17, several with commas between them, * and ? in titles, networks
    /// as 10.1.0.0/16; `local` is whoever runs on this machine.
    #[arg(long, value_name = "AE@ADDRESS,...", value_parser = Senders::from_str)]
    senders: Option<Senders>,
    /// Where results go: RESEARCH@pacs.example.org:104, or the path of a folder.
    #[arg(long, value_name = "AE@HOST:PORT", value_parser = Archive::from_str)]
    destination: Option<Archive>,
    /// Who reads burned-in text: local, aws or both.
    #[arg(long, value_parser = init::engine)]
    engine: Option<Engine>,
    /// The region of the services of AWS; without it, what the environment or the profile say.
    #[arg(long, default_value = "", hide_default_value = true)]
    region: String,
    /// Where spool and keys go [default: var beside the configuration; below /etc: /var/lib/deid-gateway]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Write the file, and do not look whether it is fit.
    #[arg(long)]
    no_check: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{}: exists, and is not written over: move it, or name another with --config", .0.display())]
    Exists(PathBuf),
    #[error("nobody can be asked here: say {0}")]
    NobodyToAsk(&'static str),
    #[error(transparent)]
    Wrong(#[from] WrongAnswer),
}

/// Asks what no flag says, writes, loads and checks; the exit code is that of `check`.
pub(super) fn run(
    runtime: &tokio::runtime::Runtime,
    file: Option<&Path>,
    asked: Init,
) -> anyhow::Result<ExitCode> {
    let file = std::path::absolute(file.unwrap_or(Path::new(DEFAULT_FILE)))?;
    if file.exists() {
        return Err(InitError::Exists(file).into());
    }
    let directory = match &asked.directory {
        Some(directory) => std::path::absolute(directory)?,
        None if file.starts_with("/etc") => STATE_DIRECTORY.into(),
        None => file.with_file_name("var"),
    };
    let no_check = asked.no_check;
    let text = init::text(&answers(asked, directory)?).map_err(InitError::from)?;
    init::write(&file, &text).with_context(|| format!("{}: cannot be written", file.display()))?;
    say(format_args!("{} is written.", file.display()));
    let config = Config::load(Some(&file))?;
    if no_check {
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!(""));
    logging::start(&config.log);
    let code = runtime.block_on(run_check(&config));
    say(format_args!(
        "\nCheck again: deid-gateway check --config {0}\nStart:       deid-gateway serve --config {0}",
        file.display()
    ));
    Ok(code)
}

/// Answers of flags, of a person, and where both are silent the defaults. Who may send and where it goes
/// have none: nobody is let in, and nothing sent, by oversight.
fn answers(asked: Init, directory: PathBuf) -> anyhow::Result<Wanted> {
    let is_asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let missing = |flag| match is_asked {
        true => Ok(()),
        false => Err(InitError::NobodyToAsk(flag)),
    };
    let ae_title = match asked.ae_title {
        Some(title) => title,
        None if !is_asked => "DEID".to_owned(),
        None => ask("AE title of this gateway", Some("DEID"), init::ae_title)?,
    };
    let port = match asked.port {
        Some(port) => port,
        None if !is_asked => PORT,
        None => ask("Port for DICOM", Some("11112"), init::port)?,
    };
    let senders = match asked.senders {
        Some(senders) => senders,
        None => {
            missing("--senders AE@ADDRESS, or --senders local")?;
            let question = "Who may send, as PACS1@10.0.0.17 (commas between several)";
            ask(question, Some("local"), Senders::from_str)?
        }
    };
    let archive = match asked.destination {
        Some(archive) => archive,
        None => {
            missing("--destination AE@HOST:PORT, or --destination /a/folder")?;
            let question = "Where results go, as RESEARCH@pacs.example.org:104 or /a/folder";
            ask(question, None, Archive::from_str)?
        }
    };
    let engine = match asked.engine {
        Some(engine) => engine,
        None if !is_asked => Engine::Local,
        None => ask_engine()?,
    };
    let archive = match archive {
        // The service may run elsewhere than this command.
        Archive::Folder(path) => Archive::Folder(std::path::absolute(path)?),
        dicom => dicom,
    };
    Ok(Wanted { ae_title, port, senders, archive, engine, region: asked.region, directory })
}

/// Asks until the answer is one.
fn ask<T>(
    question: &str,
    default: Option<&str>,
    read: fn(&str) -> Result<T, WrongAnswer>,
) -> anyhow::Result<T> {
    let is_answer = |text: &String| read(text).map(|_| ());
    let mut input = Input::<String>::new().with_prompt(question).validate_with(is_answer);
    if let Some(default) = default {
        input = input.default(default.to_owned());
    }
    Ok(read(&input.interact_text()?)?)
}

fn ask_engine() -> anyhow::Result<Engine> {
    let shown = ENGINES.map(|(name, what)| format!("{name}: {what}"));
    let question = Select::new().with_prompt("Who reads burned-in text").items(shown).default(0);
    Ok(init::engine(ENGINES[question.interact()?].0)?)
}
