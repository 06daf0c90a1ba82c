//! Peers that send: DCMTK and pynetdicom.

use super::process::{printed, python, run};
use std::path::Path;
use std::process::{Command, Output};

/// The gateway's C-ECHO by DCMTK.
pub fn echoscu(port: u16) -> Output {
    run(Command::new("echoscu").args(["-aec", "DEID", "127.0.0.1"]).arg(port.to_string()))
}

/// DCMTK `storescu`; `options` such as `-xr`.
pub fn storescu(port: u16, options: &[&str], files: &[impl AsRef<Path>]) {
    dcmtk(Command::new("storescu").args(options), port, files);
}

/// DCMTK `dcmsend`.
pub fn dcmsend(port: u16, files: &[impl AsRef<Path>]) {
    dcmtk(&mut Command::new("dcmsend"), port, files);
}

fn dcmtk(command: &mut Command, port: u16, files: &[impl AsRef<Path>]) {
    command.args(["-aec", "DEID", "127.0.0.1"]).arg(port.to_string());
    let sent = run(command.args(files.iter().map(AsRef::as_ref)));
    assert!(sent.status.success(), "{}", printed(&sent));
}

/// A pynetdicom sender, ready to run.
pub fn pynetdicom_command(port: u16, options: &[&str], files: &[impl AsRef<Path>]) -> Command {
    let mut command = python("send_pynetdicom.py");
    command.arg("127.0.0.1").arg(port.to_string()).arg("DEID").args(options);
    command.args(files.iter().map(AsRef::as_ref));
    command
}

/// Sends by pynetdicom; the status or the word of each object, in order.
pub fn pynetdicom(port: u16, options: &[&str], files: &[impl AsRef<Path>]) -> Vec<String> {
    let sent = run(&mut pynetdicom_command(port, options, files));
    let words: Vec<_> = String::from_utf8_lossy(&sent.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert!(!words.is_empty(), "{}", printed(&sent));
    words
}
