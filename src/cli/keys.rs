//! `keys rotate|list|close|hash-password`.

use super::{note, now_ms, say, who};
use crate::admin::keys;
use crate::config::{Config, Linkage};
use crate::site_key;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use clap::Subcommand;
use std::io::BufRead;
use std::process::ExitCode;

/// Longer ones do not fit the request of an Association.
const MAX_PASSWORD_BYTES: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Add a key to the site key file; it comes into force once [keys] epoch says so.
    Rotate,
    /// The ids of the keys of every project of the configuration, by epoch; never a key.
    List,
    /// Read a password from standard input; print the password_hash of [[senders]] for it.
    HashPassword,
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
        Keys::Rotate => {
            let epoch = rotate(config)?;
            let event = serde_json::json!({"event": "key-rotated", "epoch": epoch, "who": who()});
            note(config, event).await?;
        }
        Keys::List => say(format_args!("{}", keys::list(config)?.trim_end())),
        Keys::HashPassword => say(format_args!("{}", hash_password(std::io::stdin().lock())?)),
        Keys::Close { project, epoch } => {
            let done = keys::close(config, &project, epoch, who(), now_ms()).await?;
            say(format_args!("{}", done.trim_end()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Of one line; the end of the line is no part of the password.
fn hash_password(input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.take(MAX_PASSWORD_BYTES).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "no password on standard input");
    let hashed = Argon2::default().hash_password(password.as_bytes());
    Ok(hashed.map_err(|error| anyhow::anyhow!("it cannot be hashed: {error}"))?.to_string())
}

fn rotate(config: &Config) -> anyhow::Result<u32> {
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
    Ok(epoch)
}
