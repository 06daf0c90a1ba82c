//! `check`: is this configuration fit to run? Every finding says what is wrong and what to do.

mod audit;
mod aws;

use crate::config::{
    Config, Destination, DestinationKind, Documents, FaceRule, Mask, Profile, ProfileOption,
    SopClasses,
};
use crate::deid::header::Rulebook;
use crate::deid::header::rulebook::Reason;
use crate::dimse::store_scu::{Peer, StoreAssociation};
use crate::dimse::syntaxes;
use crate::patients::Patients;
use crate::recognise::Recogniser;
use crate::route::Routes;
use crate::site_key::{self, SiteKeyError};
use crate::tls::Certificate;
use crate::worker::Steps;
use std::path::Path;
use std::time::Duration;

/// Certificates that are over in fewer days are warned of.
const CERTIFICATE_WARN_DAYS: i64 = 30;

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
                findings.push(finding(what, described(&profile)));
                findings.extend(warnings(what, &profile));
            }
        }
        Err(error) => findings.push(finding("[deid]", Err(error.to_string()))),
    }
    findings.extend(masks(config));
    findings.push(finding("[deid] release", Ok(config.release(None).to_string())));
    findings.extend(routes(config));
    findings.extend([
        finding("[keys]", site_keys(config)),
        finding("[keys] lookup_file", lookup(config)),
        finding("[spool]", spool(&config.spool.directory)),
        finding("[intake]", ports(config).await),
        finding("[detection]", models(config).await),
        sandbox(config).await,
    ]);
    findings.extend(aws::services(config).await);
    findings.extend(access(config));
    if let Some(syslog) = &config.audit.syslog {
        findings.push(audit::messages(syslog).await);
    }
    for destination in &config.destinations {
        let outcome = reach(destination).await;
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

fn described(profile: &Profile) -> Result<String, String> {
    let skipped = profile.pixels.values().filter(|r| **r == crate::config::PixelRule::Skip).count();
    let pixels = match skipped {
        0 => "every SOP class is looked at".to_owned(),
        n => format!("pixels of {n} SOP classes are skipped and never claimed clean"),
    };
    Rulebook::new(profile).map_err(|error| error.to_string())?;
    let options: Vec<_> = profile.options.iter().map(|option| option.meaning()).collect();
    let options = if options.is_empty() { "no options".into() } else { options.join(", ") };
    Ok(format!("profile {:?}: {options}; {pixels}", profile.name))
}

/// What the profile lets out, or takes away, that no count of pixels or attributes shows.
fn warnings(what: &str, profile: &Profile) -> Vec<Finding> {
    let mut warnings: Vec<String> = of_faces_and_documents(profile).map(str::to_owned).collect();
    warnings.extend(profile.options.iter().filter_map(|option| limit_of(*option)));
    warnings.extend(weaker_rules(profile));
    let warning = |text| Finding { what: what.to_owned(), outcome: Outcome::Warning(text) };
    warnings.into_iter().map(warning).collect()
}

fn of_faces_and_documents(profile: &Profile) -> impl Iterator<Item = &'static str> {
    let heads = (profile.faces.head_volumes == FaceRule::Allow).then_some(
        "CT, MR and PET of the head pass and are not defaced: a face can be made from them; \
         [faces] head_volumes = \"hold\" holds them",
    );
    let photographs = (profile.faces.photographs == FaceRule::Allow).then_some(
        "photographs and scans of the body from outside pass with any face that they show; \
         [faces] photographs = \"hold\" holds them",
    );
    let documents = (profile.documents == Documents::Drop).then_some(
        "encapsulated documents are dropped: their objects pass with an empty document; \
         documents = \"hold\" holds them",
    );
    heads.into_iter().chain(photographs).chain(documents)
}

/// What an option promises and this version does otherwise.
fn limit_of(option: ProfileOption) -> Option<String> {
    let limit = match option {
        ProfileOption::CleanGraphics => {
            "curves are removed, and overlay planes with text as a whole"
        }
        ProfileOption::CleanDescriptors | ProfileOption::CleanStructuredContent => {
            "text loses the identifiers that are known from the header of the same object; a name \
             that stands in the text alone stays there"
        }
        _ => return None,
    };
    Some(format!("{}: {limit}", option.meaning()))
}

/// What a rule costs that does less than the Standard.
fn weaker_rules(profile: &Profile) -> Vec<String> {
    let Ok(rulebook) = Rulebook::new(profile) else { return Vec::new() };
    let warning = |index: usize| {
        let when = &rulebook.rules()[index].when;
        let objects =
            if when.is_always() { "any object".to_owned() } else { format!("objects of {when}") };
        let rule = rulebook.describe(Reason::Rule(index));
        format!(
            "{rule}: weaker than the Basic Profile; (113100, DCM) is not claimed for {objects}, and \
             De-identification Method names the rule"
        )
    };
    rulebook.ever_weaker_rules().into_iter().map(warning).collect()
}

fn site_keys(config: &Config) -> Result<String, String> {
    let path = &config.keys.site_key_file;
    if !path.exists() {
        return Ok(format!("{}: will be made at the first start", path.display()));
    }
    let secrets = site_key::look(&config.keys).map_err(|error| error.to_string())?;
    let epoch = config.keys.epoch;
    let of_project = |project: &str| {
        if site_key::closed_epochs(path, project)?.contains(&epoch) {
            return Err(SiteKeyError::Closed { project: project.to_owned(), epoch });
        }
        secrets.in_force(project)
    };
    let mut keys = Vec::new();
    for project in config.served_projects() {
        match of_project(project) {
            Ok(key) => keys.push(format!("project {project:?} key {}", key.key_id())),
            Err(error @ SiteKeyError::NoKeyYet { .. }) => keys.push(error.to_string()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(format!("{}: epoch {epoch}, {}", path.display(), keys.join("; ")))
}

fn lookup(config: &Config) -> Result<String, String> {
    let Some(path) = config.keys.lookup_file() else { return Ok("no lookup file".into()) };
    let patients = Patients::load(&config.keys).map_err(|error| error.to_string())?;
    Ok(format!("{}: {} patients", path.display(), patients.listed()))
}

/// The spool's directory is made for its owner alone, as `serve` makes it.
fn spool(directory: &Path) -> Result<String, String> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| format!("{}: cannot be made: {error}", directory.display()))?;
    writable(directory)
}

/// A directory that exists or can be made, and a file that can be made in it.
fn writable(directory: &Path) -> Result<String, String> {
    std::fs::create_dir_all(directory)
        .and_then(|()| tempfile::NamedTempFile::new_in(directory).map(|_| ()))
        .map_err(|error| format!("{}: not writable: {error}", directory.display()))?;
    Ok(format!("{}: writable", directory.display()))
}

async fn ports(config: &Config) -> Result<String, String> {
    let mut free = Vec::new();
    for address in config.intake.addresses() {
        match tokio::net::TcpListener::bind(address).await {
            Ok(_) => free.push(address.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                let what = "in use; by a gateway that is running, or change listen";
                return Err(format!("{address}: {what}"));
            }
            Err(error) => return Err(format!("{address}: {error}; change listen")),
        }
    }
    Ok(format!("{} as {}: free", free.join(" and "), config.intake.ae_title))
}

/// Who may send, and the certificates on both sides.
fn access(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let who = match config.senders.len() {
        0 if config.intake.open => Outcome::Warning(
            "open = true: whoever reaches the port may store, under any AE title".into(),
        ),
        0 => Outcome::Fine("nobody is listed: whoever is on this machine may store".into()),
        count => Outcome::Fine(format!("{count} listed; everybody else is rejected")),
    };
    findings.push(Finding { what: "[[senders]]".into(), outcome: who });
    for peer in config.intake.commitment_peers.iter().filter(|peer| peer.tls.is_none()) {
        let what = format!("commitment peer {:?}", peer.ae_title);
        let told =
            "is told in clear which of its objects are kept, by their UIDs; `tls` closes that";
        findings.push(Finding { what, outcome: Outcome::Warning(told.into()) });
    }
    for sender in config.senders.iter().filter(|sender| is_taken_at_its_word(sender)) {
        let what = format!("sender {:?}", sender.name);
        let told =
            "is known by its AE title alone, which anybody can use: add peer or a certificate";
        findings.push(Finding { what, outcome: Outcome::Warning(told.into()) });
    }
    if let Some(tls) = &config.intake.tls {
        let outcome = match crate::tls::Acceptor::new(tls) {
            Ok(acceptor) => until(&acceptor.certificate, tls.client_ca_file.is_some()),
            Err(error) => Outcome::Wrong(error.to_string()),
        };
        findings.push(Finding { what: "[intake.tls]".into(), outcome });
    }
    for destination in &config.destinations {
        let Some(file) = destination.tls.as_ref().and_then(|tls| tls.certificate_file.as_ref())
        else {
            continue;
        };
        let outcome = match Certificate::of_file(file) {
            Ok(certificate) => until(&certificate, true),
            Err(error) => Outcome::Wrong(error.to_string()),
        };
        let what = format!("destination {:?} tls", destination.name);
        findings.push(Finding { what, outcome });
    }
    findings
}

fn is_taken_at_its_word(sender: &crate::config::Sender) -> bool {
    sender.peer.is_none() && sender.password_hash.is_none() && !sender.needs_certificate()
}

/// How long a certificate of ours still is one.
fn until(certificate: &Certificate, is_mutual: bool) -> Outcome {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let days = certificate.days_left(since.map_or(0, |elapsed| elapsed.as_secs() as i64));
    match days {
        ..0 => Outcome::Wrong("the certificate is over: renew it, then send SIGHUP".into()),
        0..CERTIFICATE_WARN_DAYS => {
            Outcome::Warning(format!("the certificate is over in {days} days: renew it"))
        }
        _ if !is_mutual => Outcome::Warning(format!(
            "the certificate lasts {days} days; without client_ca_file senders show none"
        )),
        _ => Outcome::Fine(format!("the certificate lasts {days} days")),
    }
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

async fn reach(destination: &Destination) -> Result<String, String> {
    match destination.kind {
        DestinationKind::Folder => writable(&destination.path),
        DestinationKind::Dicom => echo(destination).await,
    }
}

/// C-ECHO (PS3.7 section 9.1.5).
async fn echo(destination: &Destination) -> Result<String, String> {
    let peer = Peer {
        address: destination.address.clone(),
        called_ae_title: destination.called_ae_title.clone(),
        calling_ae_title: destination.calling_ae_title.clone(),
        timeout: Duration::from_millis(destination.timeout_ms),
        tls: destination.tls.clone(),
    };
    let at = format!("{} at {}", peer.called_ae_title, peer.address);
    let failed = |error: crate::dimse::store_scu::ScuError| {
        format!("{at}: {error}; check address, AE titles and that it is running")
    };
    let pair = (syntaxes::VERIFICATION.to_owned(), syntaxes::IMPLICIT_VR_LE.to_owned());
    let mut association = StoreAssociation::establish(&peer, &[pair]).await.map_err(failed)?;
    let context = association
        .context_for(syntaxes::VERIFICATION, syntaxes::IMPLICIT_VR_LE)
        .ok_or_else(|| format!("{at}: it does not accept the Verification SOP Class"))?;
    match association.echo(context).await {
        Ok(0) => {
            association.release().await;
            Ok(format!("{at}: answers C-ECHO"))
        }
        Ok(status) => Err(format!("{at}: answers C-ECHO with status {status:04X}")),
        Err(error) => {
            association.abort().await;
            Err(failed(error))
        }
    }
}
