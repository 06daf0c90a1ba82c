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
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use study::Sample;
use tokio::time::Instant;

/// Time for all objects, on a slow machine with a build for development.
const DEADLINE: Duration = Duration::from_secs(300);

const OK: &str = "OK: every object was delivered and verified.";
const FAILED: &str = "FAILED: not every object was delivered and verified; see above.";

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{}: {kind}; choose another with --out, or set TMPDIR", path.display())]
    Directory { path: PathBuf, kind: std::io::ErrorKind },
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
        move |error: std::io::Error| DemoError::Directory { path, kind: error.kind() }
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
    println!("  gateway        {} listens on {address}", site.gateway_ae_title);
    println!("  research PACS  RESEARCH listens on {}", site.research.address);
    let started = Instant::now();
    modality::send(&study, address, &site.gateway_ae_title).await?;
    println!(
        "  modality       {} has sent {} objects by C-STORE; all were answered 0000",
        modality::AE_TITLE,
        study.len()
    );
    println!("  working        reading, hiding, scrubbing, verifying, delivering ...");
    site.settled(study.len() as i64, started + DEADLINE).await?;
    let jobs = site.gateway.spool.reports().await?;
    site.gateway.stop().await;
    let received = judge::open_all(&site.research.stop().await?)?;
    println!("  done           in {:.1} s\n", started.elapsed().as_secs_f64());

    let of = |sample: &Sample| jobs.iter().find(|job| job.sop_class_uid == sample.sop_class_uid);
    let fates: Result<Vec<_>, _> = study
        .iter()
        .map(|sample| judge::judge(sample, of(sample), arrived(of(sample), &received)))
        .collect();
    let fates = fates?;
    println!("{}", table::render(&study, &fates));
    conclude(&fates, received.len());
    println!("\n  Pictures, before and after:");
    for sample in &study {
        if let Some(arrived) = arrived(of(sample), &received) {
            let both = pictures::write(out, sample.name, &sample.object, &arrived.object)?;
            println!("    {}", both.display());
        }
    }
    let good = received.len() == study.len() && fates.iter().all(Fate::is_good);
    println!("\n{}", if good { OK } else { FAILED });
    Ok(good)
}

fn arrived<'a>(job: Option<&JobReport>, received: &'a [Received]) -> Option<&'a Received> {
    let uid = job?.new_sop_uid.as_deref()?;
    received.iter().find(|received| received.sop_instance_uid == uid)
}

/// Says what the judge found.
fn conclude(fates: &[Fate], received: usize) {
    let found: BTreeSet<_> = fates.iter().flat_map(|fate| &fate.identifiers).collect();
    let sum = |count: fn(&Fate) -> (usize, usize)| {
        fates.iter().map(count).fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
    };
    let (hidden, to_hide) = sum(|fate| fate.identifying);
    let (untouched, technique) = sum(|fate| fate.technique);
    println!("  Looked for in what RESEARCH received, knowing what was planted:");
    let (found, planted) = (found.len(), patient::identifiers().len());
    println!("    {found} of {planted} identifiers are in the bytes of its {received} files");
    println!("    {hidden} of {to_hide} burned-in lines that identify are hidden");
    println!("    {untouched} of {technique} burned-in lines of technique are untouched");
}
