//! `demo`: the whole way of three generated objects, through real sockets, children and reading.
//!
//! ```text
//! modality ─C-STORE─▶ gateway (as `serve` starts it) ─C-STORE─▶ research PACS ─▶ judge ─▶ table, pictures
//! ```
//! Invariants: everything lies in one temporary directory and listens on loopback alone; the judge
//! trusts no record of the gateway, but looks in the received files for what was planted.

mod canvas;
mod ct;
mod judge;
mod modality;
mod noise;
mod patient;
mod pictures;
mod pixels;
mod radiograph;
mod site;
mod study;
mod table;
mod ultrasound;

use crate::dimse::store_scu::ScuError;
use crate::serve::ServeError;
use crate::site_key::SiteKeyError;
use crate::spool::{JobReport, SpoolError};
use judge::{Fate, Received};
use site::Site;
use std::path::{Path, PathBuf};
use std::time::Duration;
use study::Sample;
use tokio::time::Instant;

/// Time for all objects, on a slow machine with a build for development.
const DEADLINE: Duration = Duration::from_secs(300);

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{}: {source}; choose another with --out, or set TMPDIR", path.display())]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("{}: {what}; choose another directory with --out", path.display())]
    Picture { path: PathBuf, what: String },
    #[error("the gateway did not start: {0}")]
    Gateway(#[from] ServeError),
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("sending to the gateway failed: {0}")]
    Sending(#[from] ScuError),
    #[error("the gateway did not take the {name}: {why}")]
    Refused { name: &'static str, why: String },
    #[error("after {} s only {settled} of {objects} objects were through", DEADLINE.as_secs())]
    Late { settled: i64, objects: i64 },
    #[error("an object of the demo: {0}")]
    Unreadable(String),
    #[error("interrupted")]
    Interrupted,
}

/// Runs the demo; whether every object was delivered, verified, and found clean by the judge.
pub async fn run(out: &Path, keep: bool) -> Result<bool, DemoError> {
    println!(
        "deid-gateway demo: three generated images with a made-up patient go through a real gateway\n\
         to a research PACS, all on this machine. Nothing is prepared: it is received, read, hidden,\n\
         scrubbed, verified and delivered now.\n"
    );
    let directory = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Directory { path, source }
    };
    let temporary = tempfile::Builder::new().prefix("deid-gateway-demo-").tempdir();
    let mut temporary = temporary.map_err(directory(&std::env::temp_dir()))?;
    std::fs::create_dir_all(out).map_err(directory(out))?;
    temporary.disable_cleanup(keep);
    // Dropped when interrupted, so that the directory goes as well.
    let good = tokio::select! {
        good = show(temporary.path(), out) => good?,
        _ = tokio::signal::ctrl_c() => return Err(DemoError::Interrupted),
    };
    if keep {
        println!("\nKept: {} (key, spools, what was received).", temporary.path().display());
    }
    Ok(good)
}

async fn show(temporary: &Path, out: &Path) -> Result<bool, DemoError> {
    let study = study::generate();
    let site = Site::start(temporary).await?;
    let address = site.gateway.address;
    println!("  gateway {} listens on {address}, delivers to the", site.gateway_ae_title);
    println!("  research PACS RESEARCH on {}", site.research.address);
    let started = Instant::now();
    modality::send(&study, address, &site.gateway_ae_title).await?;
    println!(
        "  {} has sent {} objects by C-STORE, all answered 0000",
        modality::AE_TITLE,
        study.len()
    );
    println!("  reading, hiding, scrubbing, verifying, delivering ...");
    site.settled(study.len() as i64, started + DEADLINE).await?;
    let jobs = site.gateway.spool.reports().await?;
    site.gateway.stop().await;
    let received = judge::open_all(&site.research.stop().await?)?;
    println!("  done in {:.1} s\n", started.elapsed().as_secs_f64());

    let mut fates = Vec::new();
    for sample in &study {
        let job = jobs.iter().find(|job| job.sop_class_uid == sample.sop_class_uid);
        let arrived = job.and_then(|job| arrived(job, &received));
        fates.push(judge::judge(sample, job, arrived)?);
        if let Some(arrived) = arrived {
            pictures::write(out, sample.name, &sample.object, &arrived.object)?;
        }
    }
    println!("{}", table::render(&study, &fates));
    Ok(conclude(&study, &fates, &received, out))
}

fn arrived<'a>(job: &JobReport, received: &'a [Received]) -> Option<&'a Received> {
    let uid = job.new_sop_uid.as_deref()?;
    received.iter().find(|received| received.sop_instance_uid == uid)
}

/// Says how it ended; whether it ended well.
fn conclude(study: &[Sample], fates: &[Fate], received: &[Received], out: &Path) -> bool {
    let technique = fates
        .iter()
        .map(|fate| fate.technique)
        .fold((0, 0), |sum, (kept, all)| (sum.0 + kept, sum.1 + all));
    let faults: usize = fates.iter().map(|fate| fate.faults.len()).sum();
    println!(
        "Looked for in every byte that RESEARCH received: {} planted identifiers, {}.",
        patient::identifiers().len(),
        if faults == 0 { "none found".into() } else { format!("{faults} faults") },
    );
    println!(
        "Technique burned into the pictures: {} of {} lines are untouched.",
        technique.0, technique.1
    );
    println!("Pictures (-before.png, -after.png, -both.png):");
    for sample in study {
        println!("  {}", out.join(format!("{}-both.png", sample.name)).display());
    }
    let good = received.len() == study.len() && fates.iter().all(Fate::is_good);
    if good {
        println!("\nOK: every object was delivered and verified.");
    } else {
        println!("\nFAILED: not every object was delivered and verified; see above.");
    }
    good
}
