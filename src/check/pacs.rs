//! What a person enters in the PACS and in the archive, from the configuration.

use crate::config::{Config, Destination, DestinationKind, Sender};
use std::net::SocketAddr;

/// The lines, a section for each side.
pub fn to_enter(config: &Config) -> String {
    let mut lines =
        vec!["Enter in each PACS or modality that sends, as a storage destination:".to_owned()];
    let mut row = |what: &str, value: &str| lines.push(format!("  {what:<16}{value}"));
    row("AE title", &config.intake.ae_title);
    row("host", &host(config.intake.listen));
    row("port", &ports(config));
    row("TLS", tls(config));
    row("transfer syntax", "as stored");
    row("commitment", if config.intake.storage_commitment { "can be asked for" } else { "off" });
    if config.senders.is_empty() {
        row("its AE title", "any");
    }
    for sender in &config.senders {
        row("its AE title", &of_sender(sender));
    }
    let dicom = |one: &&Destination| one.kind == DestinationKind::Dicom;
    for destination in config.destinations.iter().filter(dicom) {
        lines.push(format!(
            "Enter in {} at {}, as one that may store:",
            destination.called_ae_title, destination.address
        ));
        lines.push(format!("  {:<16}{}", "AE title", destination.calling_ae_title));
        lines.push(format!("  {:<16}{}", "host", this_machine()));
        if destination.commitment {
            let reports = format!("to port {}", config.intake.listen.port());
            lines.push(format!("  {:<16}{reports}", "commitment"));
        }
    }
    lines.join("\n")
}

fn host(listen: SocketAddr) -> String {
    match listen.ip() {
        ip if ip.is_loopback() => format!("{ip} (nothing but this machine reaches it)"),
        ip if ip.is_unspecified() => this_machine(),
        ip => ip.to_string(),
    }
}

fn this_machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{name} (this machine), or its address")
}

fn ports(config: &Config) -> String {
    match config.intake.tls.as_ref().and_then(|tls| tls.listen) {
        None => config.intake.listen.port().to_string(),
        Some(tls) => format!("{}, or {} with TLS", config.intake.listen.port(), tls.port()),
    }
}

fn tls(config: &Config) -> &'static str {
    match &config.intake.tls {
        None => "no",
        Some(tls) if tls.client_ca_file.is_some() => "yes, with a certificate of its own",
        Some(_) => "yes",
    }
}

fn of_sender(sender: &Sender) -> String {
    let any = || "any".to_owned();
    let mut said = sender.calling_ae_title.as_ref().map_or_else(any, ToString::to_string);
    let called = sender.called_ae_title.as_ref().map(|called| format!(", calling us {called}"));
    let from = sender.peer.as_ref().map(|peer| format!(", from {peer}"));
    let user = sender.username.as_ref().map(|_| ", with a user name and password".to_owned());
    let certificate = sender.needs_certificate().then(|| ", with its certificate".to_owned());
    said.extend([called, from, user, certificate].into_iter().flatten());
    format!("{said} (sender {:?})", sender.name)
}
