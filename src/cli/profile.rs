//! `profile explain|list`.

use super::say;
use crate::config::{AttributePattern, Config, Profile as Chosen};
use crate::explain::{self, NotAnAttribute};
use crate::worker::Steps;
use clap::Subcommand;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Profile {
    /// What becomes of an attribute, or of every attribute of a file; never a value.
    Explain {
        /// A keyword of PS3.6, a tag, a path such as "RequestAttributesSequence > StudyID", or a
        /// DICOM file. A file with the name of an attribute is written ./NAME.
        what: String,
        /// A shipped profile, or the path of a TOML file; without it, that of the configuration.
        #[arg(long)]
        profile: Option<String>,
        /// The creator of a private attribute, whose tag is then written as (0029,xx10).
        #[arg(long)]
        creator: Option<String>,
    },
    /// The shipped profiles.
    List,
}

pub(super) async fn run(config: &Config, command: Profile) -> anyhow::Result<ExitCode> {
    let text = match command {
        Profile::List => explain::list(),
        Profile::Explain { what, profile, creator } => {
            let profile = match profile {
                Some(name) => Chosen::named(&name)?,
                None => config.profile()?,
            };
            explained(config, &profile, what, creator.as_deref()).await?
        }
    };
    say(format_args!("{}", text.trim_end()));
    Ok(ExitCode::SUCCESS)
}

async fn explained(
    config: &Config,
    profile: &Chosen,
    what: String,
    creator: Option<&str>,
) -> anyhow::Result<String> {
    match AttributePattern::try_from(what.clone()) {
        Ok(pattern) => Ok(explain::attribute(profile, &pattern, creator)?),
        Err(_) if Path::new(&what).is_file() => {
            let (steps, scratch) = (Steps::new(config), tempfile::tempdir()?);
            Ok(explain::file(&steps, profile, Path::new(&what), scratch.path()).await?)
        }
        Err(error) => Err(NotAnAttribute::Unknown(error).into()),
    }
}
