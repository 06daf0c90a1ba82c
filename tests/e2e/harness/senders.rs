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

/// DCMTK `storescu` towards a gateway that may die: whether every object was acknowledged.
pub fn try_storescu(port: u16, files: &[impl AsRef<Path>]) -> bool {
    let mut command = Command::new("storescu");
    command.args(["--timeout", "5", "--acse-timeout", "5", "--dimse-timeout", "5", "-aec", "DEID"]);
    command.arg("127.0.0.1").arg(port.to_string());
    run(command.args(files.iter().map(AsRef::as_ref))).status.success()
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

/// Sends by pynetdicom; the status or the word of each object, in order.
pub fn pynetdicom(port: u16, options: &[&str], files: &[impl AsRef<Path>]) -> Vec<String> {
    let mut command = python("send_pynetdicom.py");
    command.arg("127.0.0.1").arg(port.to_string()).arg("DEID").args(options);
    let sent = run(command.args(files.iter().map(AsRef::as_ref)));
    let words: Vec<_> = String::from_utf8_lossy(&sent.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert!(!words.is_empty(), "{}", printed(&sent));
    words
}

/// Sends the bare data set of an entry of hostile.py's listing; what the gateway answered.
pub fn send_hostile(port: u16, directory: &Path, entry: &serde_json::Value) -> String {
    let text = |key: &str| entry[key].as_str().expect("text").to_owned();
    let data_set = directory.join(text("dataset"));
    let options = [
        ("--raw-dataset", data_set.to_str().expect("ASCII").to_owned()),
        ("--ts", text("ts")),
        ("--sop-class", text("sop_class")),
        ("--sop-uid", text("sop_uid")),
    ];
    let options: Vec<_> = options.iter().flat_map(|(name, value)| [*name, value]).collect();
    let files: [&Path; 0] = [];
    pynetdicom(port, &options, &files).remove(0)
}
