//! Peers of storage commitment: tests/judges/scp_commitment.py and scu_commitment.py.

use super::process::{Running, printed, python, run, start, wait_until};
use super::site::files_under;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A peer that says on its standard output what happens.
pub struct Talking {
    _process: Running,
    pub port: u16,
    log: PathBuf,
}

impl Talking {
    fn start(command: &mut Command, log: PathBuf) -> Self {
        let process = start(command.stdout(File::create(&log).expect("made")));
        let mut peer = Self { _process: process, port: 0, log };
        wait_until("the peer listens", || {
            let said = peer.said("listening").pop().and_then(|port| port.parse().ok());
            peer.port = said.unwrap_or(0);
            peer.port != 0
        });
        peer
    }

    /// What followed this word, for each time that it was said.
    pub fn said(&self, word: &str) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).expect("its log");
        let lines = log.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|rest| rest.trim().to_owned()).collect()
    }
}

/// A research PACS that commits.
pub struct Committing {
    pub peer: Talking,
    directory: PathBuf,
    port_file: PathBuf,
}

impl Committing {
    /// Starts it; `report` is `same` or `new`, the association that its results come on.
    pub fn start(directory: &Path, report: &str, arguments: &[&str]) -> Self {
        std::fs::create_dir_all(directory).expect("made");
        let port_file = directory.with_extension("gateway");
        let mut command = python("scp_commitment.py");
        command.args(["0", "--report", report]).arg("--out").arg(directory);
        command.arg("--gateway").arg(&port_file).args(arguments);
        let peer = Talking::start(&mut command, directory.with_extension("log"));
        Self { peer, directory: directory.to_owned(), port_file }
    }

    /// Where new associations go.
    pub fn knows_gateway(&self, port: u16) {
        let new = self.port_file.with_extension("new");
        std::fs::write(&new, port.to_string()).expect("written");
        std::fs::rename(new, &self.port_file).expect("renamed");
    }

    /// What it has stored, repeats included.
    pub fn received(&self) -> Vec<PathBuf> {
        files_under(&self.directory)
    }
}

/// A sender that hears what became of its requests.
pub fn hearing(directory: &Path) -> Talking {
    let mut command = python("scu_commitment.py");
    Talking::start(command.args(["hear", "0"]), directory.join("heard.log"))
}

/// Asks the gateway to commit; the status of the response.
pub fn ask_to_commit(port: u16, options: &[&str], files: &[impl AsRef<Path>]) -> String {
    let mut command = python("scu_commitment.py");
    command.arg("ask").arg(port.to_string()).args(options);
    let asked = run(command.args(files.iter().map(AsRef::as_ref)));
    assert!(asked.status.success(), "{}", printed(&asked));
    String::from_utf8_lossy(&asked.stdout).trim().to_owned()
}
