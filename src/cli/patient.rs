//! `patient find|exclude|include|excluded`.

use super::{note, now_ms, say, who};
use crate::admin::patients::{self, Person};
use crate::config::Config;
use crate::patients::Patients;
use crate::phi::Phi;
use crate::site_key;
use crate::spool::LocalSpool;
use clap::{Args, Subcommand};
use serde_json::json;
use std::convert::Infallible;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Patient {
    /// Their PatientIDs in results, and what was delivered where.
    Find(Who),
    /// Drop their objects from now on, and what is not delivered yet.
    Exclude(Who),
    /// Take them off the exclusion list.
    Include(Who),
    /// The exclusion list.
    Excluded,
}

#[derive(Debug, Args)]
pub struct Who {
    /// PatientID as the hospital knows it; `-` reads it from standard input.
    #[arg(long, value_name = "ID", value_parser = phi, allow_hyphen_values = true)]
    id: Phi<String>,
    /// Issuer of the PatientID; without it every issuer, and objects that name none.
    #[arg(long, value_name = "ISSUER", value_parser = phi)]
    issuer: Option<Phi<String>>,
}

fn phi(text: &str) -> Result<Phi<String>, Infallible> {
    Ok(Phi::new(text.to_owned()))
}

impl Who {
    fn person(self) -> anyhow::Result<Person> {
        let mut id = self.id;
        if id.reveal() == "-" {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            id = Phi::new(line);
        }
        anyhow::ensure!(!id.reveal().trim().is_empty(), "--id is empty");
        Ok(Person { id, issuer: self.issuer })
    }
}

pub(super) async fn run(config: &Config, command: Patient) -> anyhow::Result<ExitCode> {
    let spool = || LocalSpool::attach(&config.spool.directory);
    let text = match command {
        Patient::Find(of) => {
            let person = of.person()?;
            let secrets = site_key::look(&config.keys)?;
            let table = Patients::load(&config.keys)?;
            let pseudonyms = patients::pseudonyms(config, &secrets, &table, &person)?;
            let hash = person.hash(&secrets);
            // Before anything is shown; without a spool there is no log.
            let event = json!({"event": "read", "what": "patient find", "patient": hash.hex(),
                               "who": who()});
            note(config, event).await?;
            say(format_args!("{}", pseudonyms.trim_end()));
            patients::records(&spool()?, hash).await?
        }
        Patient::Exclude(person) => {
            let hash = person.person()?.hash(&site_key::look(&config.keys)?);
            patients::exclude(&spool()?, hash, who(), now_ms()).await?
        }
        Patient::Include(person) => {
            let hash = person.person()?.hash(&site_key::look(&config.keys)?);
            let was_excluded = spool()?.include(hash, who(), now_ms()).await?;
            anyhow::ensure!(
                was_excluded,
                "not on the exclusion list; it must be given as it was excluded, with or without \
                 --issuer"
            );
            "included again; what was dropped is processed when it is sent again".into()
        }
        Patient::Excluded => patients::excluded(&spool()?).await?,
    };
    say(format_args!("{}", text.trim_end()));
    Ok(ExitCode::SUCCESS)
}
