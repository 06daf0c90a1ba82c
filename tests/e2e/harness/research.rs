//! Peers that receive: the research PACS.

use super::process::{Running, python, start, wait_until};
use super::site::files_under;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn wait_listening(port: u16, process: &mut Running) {
    wait_until("the research PACS listens", || {
        let ended = process.0.try_wait().expect("a status");
        assert!(ended.is_none(), "the research PACS stopped: {ended:?}");
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

/// DCMTK `storescp`: writes every object that it receives as it came, repeats beside the first.
pub struct Storescp {
    _process: Running,
    pub port: u16,
    directory: PathBuf,
}

impl Storescp {
    /// Starts it on a free port.
    pub fn start(directory: &Path) -> Self {
        Self::start_on(free_port(), directory)
    }

    /// Starts it on this port.
    pub fn start_on(port: u16, directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("made");
        let mut command = Command::new("storescp");
        command.args(["--aetitle", "RESEARCH", "--bit-preserving", "--unique-filenames"]);
        command.args(["--promiscuous", "--output-directory"]).arg(directory).arg(port.to_string());
        let mut process = start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        wait_listening(port, &mut process);
        Self { _process: process, port, directory: directory.to_owned() }
    }

    /// Where it writes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What it has received, repeats included.
    pub fn received(&self) -> Vec<PathBuf> {
        files_under(&self.directory)
    }
}

/// A research PACS that answers every C-STORE with one status.
pub struct Refusing {
    _process: Running,
    pub port: u16,
}

impl Refusing {
    /// Starts it on this port; `status` as in `0xA900`.
    pub fn start_on(port: u16, status: &str) -> Self {
        let mut command = python("scp_refusing.py");
        command.arg(port.to_string()).args(["--status", status]);
        let mut process = start(command.stdout(Stdio::null()));
        wait_listening(port, &mut process);
        Self { _process: process, port }
    }
}
