//! `audit verify`.

use super::say;
use crate::audit;
use crate::config::Config;
use crate::spool::{AuditHead, LocalSpool};
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Tell whether the log is whole: no line changed, taken out, put in, moved or cut off.
    Verify {
        /// Files of a log, in their order, wherever they are; without any, the log of the spool, whose
        /// records say how it must end.
        files: Vec<PathBuf>,
    },
}

pub(super) async fn run(config: &Config, command: Audit) -> anyhow::Result<ExitCode> {
    let Audit::Verify { files } = command;
    // The head before the files: lines that come meanwhile are behind it.
    let (files, head): (_, Option<AuditHead>) = match files.is_empty() {
        false => (files, None),
        true => {
            let spool = LocalSpool::attach(&config.spool.directory)?;
            super::read(&spool, "audit verify", serde_json::json!({})).await?;
            let head = spool.audit_head().await?;
            (audit::files(&config.audit.directory(&config.spool.directory))?, Some(head))
        }
    };
    let found = audit::verify(&files, head.as_ref())?;
    let (lines, files) = (found.lines, files.len());
    say(format_args!("{lines} lines in {files} files, from {} to {}", found.first, found.last));
    say(format_args!("the last one has the digest {}", found.sha256));
    if head.is_none() {
        say(format_args!("what may have followed it is not known: compare number and digest"));
    }
    Ok(ExitCode::SUCCESS)
}
