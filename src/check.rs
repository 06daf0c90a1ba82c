//! `check`: is this configuration fit to run? Every finding says what is wrong and what to do.

mod access;
mod audit;
mod aws;
mod destinations;
mod keys;
mod pacs;
mod ports;
mod profiles;
mod storage;
mod volume;

pub use pacs::to_enter;

use crate::config::{Config, Mask, SopClasses};
use crate::dimse::syntaxes;
use crate::recognise::Recogniser;
use crate::route::Routes;
use crate::worker::Steps;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: a section of the configuration, or a destination.
    pub what: String,
    pub outcome: Outcome,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Fine, and how.
    Fine(String),
    /// It will run; what a person must know who releases the results.
    Warning(String),
    /// Wrong, and what to do.
    Wrong(String),
}

fn finding(what: impl Into<String>, outcome: Result<String, String>) -> Finding {
    let outcome = outcome.map_or_else(Outcome::Wrong, Outcome::Fine);
    Finding { what: what.into(), outcome }
}

/// Looks at everything; the configuration itself was checked when it was loaded.
pub async fn run(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match config.profiles() {
        Ok(profiles) => {
            for (name, profile) in profiles {
                let what = if name == config.deid.profile { "[deid]" } else { "[[routes]]" };
                findings.push(finding(what, profiles::described(&profile)));
                findings.extend(profiles::warnings(what, &profile));
            }
        }
        Err(error) => findings.push(finding("[deid]", Err(error.to_string()))),
    }
    findings.extend(masks(config));
    findings.push(finding("[deid] release", Ok(config.release(None).to_string())));
    findings.extend(routes(config));
    findings.extend([
        finding("[keys]", keys::site_keys(config)),
        finding("[keys] lookup_file", keys::lookup(config)),
    ]);
    findings.extend(keys::token(config));
    findings.extend(storage::spool(config));
    findings.extend(ports::all(config).await);
    findings.extend([finding("[detection]", models(config).await), sandbox(config).await]);
    findings.extend(aws::services(config).await);
    findings.extend(access::access(config));
    if let Some(syslog) = &config.audit.syslog {
        findings.push(audit::messages(syslog).await);
    }
    for destination in &config.destinations {
        let outcome = destinations::reach(destination).await;
        findings.push(finding(format!("destination {:?}", destination.name), outcome));
    }
    findings
}

/// What is blanked in the pictures of known devices: the file, and each of its masks.
fn masks(config: &Config) -> Vec<Finding> {
    let what = "[deid] masks_file";
    match config.masks() {
        Ok(masks) if masks.is_empty() => vec![finding(what, Ok("no device masks".into()))],
        Ok(masks) => {
            let one = |mask: &Mask| finding(what, Ok(format!("{:?}: {mask}", mask.name)));
            masks.iter().map(one).collect()
        }
        Err(error) => vec![finding(what, Err(error.to_string()))],
    }
}

/// The table of routes, and what is odd in it.
fn routes(config: &Config) -> Vec<Finding> {
    if config.routes.is_empty() {
        return Vec::new();
    }
    let routes = match Routes::new(config) {
        Ok(routes) => routes,
        Err(error) => return vec![finding("[[routes]]", Err(error.to_string()))],
    };
    let of = |route: &str| format!("route {route:?}");
    let mut findings: Vec<_> =
        routes.table().into_iter().map(|(name, what)| finding(of(name), Ok(what))).collect();
    let rest = match routes.takes_everything() {
        true => "no object is left over",
        false => "what no route matches is held (no-route)",
    };
    findings.push(finding("[[routes]]", Ok(rest.into())));
    let warning = |what, text| Finding { what, outcome: Outcome::Warning(text) };
    findings.extend(routes.warnings().into_iter().map(|w| warning(of(&w.route), w.text)));
    for route in &config.routes {
        let uids = route.sop_class.iter().flat_map(SopClasses::uids);
        for uid in uids.filter(|uid| !syntaxes::is_storage(uid)) {
            let text = format!("SOP class {uid} is never received: it can never match");
            findings.push(warning(of(&route.name), text));
        }
    }
    let is_used = |name: &String| config.routes.iter().any(|r| r.destinations.contains(name));
    for destination in config.destinations.iter().filter(|d| !is_used(&d.name)) {
        let what = format!("destination {:?}", destination.name);
        findings.push(warning(what, "no route leads here".into()));
    }
    findings
}

async fn models(config: &Config) -> Result<String, String> {
    let recogniser = Recogniser::new(&config.detection);
    let runs_on = recogniser.load().await.map_err(|error| error.to_string())?;
    Ok(format!("the embedded models load, {} threads of {runs_on}", config.detection.threads))
}

/// What the kernel does for the children; without it, limits alone are in force.
async fn sandbox(config: &Config) -> Finding {
    let outcome = match Steps::new(config).confinement().await {
        Ok(confinement) if confinement.is_whole() => {
            Outcome::Fine(format!("child processes are confined: {confinement}"))
        }
        Ok(confinement) => Outcome::Warning(format!(
            "this kernel does not confine child processes: {confinement}; limits alone are in force"
        )),
        Err(error) => Outcome::Wrong(format!("child processes cannot start: {error}")),
    };
    Finding { what: "[sandbox]".into(), outcome }
}
