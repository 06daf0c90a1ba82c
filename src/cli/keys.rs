//! `keys rotate|list|close`.

use super::{now_ms, say};
use crate::admin::keys;
use crate::config::{Config, Linkage};
use crate::site_key;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Add a key to the site key file; it comes into force once [keys] epoch says so.
    Rotate,
    /// The ids of the keys of every project of the configuration, by epoch; never a key.
    List,
    /// Destroy the own key of a project and epoch (linkage = "unlinkable"), for good.
    Close {
        #[arg(long)]
        project: String,
        #[arg(long)]
        epoch: u32,
    },
}

pub(super) async fn run(config: &Config, command: Keys) -> anyhow::Result<ExitCode> {
    match command {
        Keys::Rotate => rotate(config)?,
        Keys::List => say(format_args!("{}", keys::list(config)?.trim_end())),
        Keys::Close { project, epoch } => {
            let done = keys::close(config, &project, epoch, now_ms()).await?;
            say(format_args!("{}", done.trim_end()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn rotate(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        config.keys.linkage == Linkage::SiteKey,
        "with linkage = \"unlinkable\" every epoch gets a key of its own: set [keys] epoch to the \
         next number and restart"
    );
    let path = &config.keys.site_key_file;
    let epoch = site_key::rotate(path)?;
    say(format_args!(
        "epoch {epoch} was added to {}. Epoch {} stays in force until you\n\
         1. back up that file, with all of its lines,\n\
         2. set `epoch = {epoch}` under [keys] in the configuration,\n\
         3. restart the gateway.\n\
         Jobs that were routed before keep the key that they have.",
        path.display(),
        config.keys.epoch
    ));
    Ok(())
}
