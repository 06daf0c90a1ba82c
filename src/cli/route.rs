//! `route explain|dropped|object`.

use super::say;
use crate::admin::route;
use crate::config::{Config, HeaderAttribute};
use crate::deid::header::HeaderFact;
use crate::phi::Phi;
use crate::route::{Decision, Known, Routes};
use crate::site_key;
use crate::spool::LocalSpool;
use crate::worker::HeaderReader;
use clap::Subcommand;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Route {
    /// Which routes match a DICOM file, and why the others do not; never a value of it.
    Explain {
        file: PathBuf,
        /// AE title of the sender.
        #[arg(long, value_name = "AE")]
        calling: Option<String>,
        /// AE title that the sender calls.
        #[arg(long, value_name = "AE")]
        called: Option<String>,
        /// Address of the sender.
        #[arg(long, value_name = "IP")]
        peer: Option<IpAddr>,
    },
    /// What routes have dropped.
    Dropped {
        /// By this route alone.
        #[arg(long)]
        route: Option<String>,
    },
    /// What became of an object, by its SOP Instance UID as received; `-` reads it from standard input.
    Object { sop_instance_uid: String },
}

pub(super) async fn run(config: &Config, command: Route) -> anyhow::Result<ExitCode> {
    let text = match command {
        Route::Explain { file, calling, called, peer } => {
            let known = Known {
                calling_ae_title: calling.as_deref(),
                called_ae_title: called.as_deref(),
                peer,
                sop_class_uid: None,
            };
            explain(config, &file, known).await?
        }
        Route::Dropped { route: name } => {
            let spool = LocalSpool::attach(&config.spool.directory)?;
            route::dropped(&spool, name).await?
        }
        Route::Object { mut sop_instance_uid } => {
            if sop_instance_uid == "-" {
                sop_instance_uid.clear();
                std::io::stdin().read_line(&mut sop_instance_uid)?;
            }
            let secrets = site_key::look(&config.keys)?;
            let spool = LocalSpool::attach(&config.spool.directory)?;
            route::object(&spool, &secrets.spool_key, &Phi::new(sop_instance_uid)).await?
        }
    };
    say(format_args!("{}", text.trim_end()));
    Ok(ExitCode::SUCCESS)
}

/// Asks the file for what the routes ask, in a child, and the routes for it.
async fn explain(config: &Config, file: &Path, known: Known<'_>) -> anyhow::Result<String> {
    let routes = Routes::new(config)?;
    let mut attributes = routes.attributes().to_vec();
    attributes.push(HeaderAttribute::sop_class_uid());
    let scratch = tempfile::tempdir()?;
    let reader = HeaderReader::new(config);
    let mut facts = reader.read(file, scratch.path(), &attributes).await?;
    let sop_class = match facts.pop() {
        Some(HeaderFact::Values(values)) => values.into_iter().next(),
        _ => None,
    };
    let sop_class_uid = sop_class.as_ref().map(|uid| uid.reveal().as_str());
    let known = Known { sop_class_uid, ..known };
    if config.routes.is_empty() {
        let decision = routes.decide(&known, Some(&facts));
        return Ok(format!("no [[routes]]: every object goes\n{}\n", decision.in_words()));
    }
    let mut text = String::new();
    for explained in routes.explain(&known, &facts) {
        let (name, answer, why) = (explained.route, explained.answer, explained.why);
        let _ = writeln!(text, "{name:<20}  {answer:<13}  {why}");
    }
    text.push('\n');
    text.push_str(&match routes.decide(&known, Some(&facts)) {
        Decision::Undecided(route) if known.lacks_a_sender() => {
            format!("open: whether route {route:?} matches is not known, see above")
        }
        decision => decision.in_words(),
    });
    Ok(text)
}
