//! Peers that receive: the research PACS.

use super::process::{Running, python, start, wait_until};
use super::site::files_under;
use std::fs::File;
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
        Self::start_with(port, directory, &[])
    }

    /// One that speaks TLS alone, with these options.
    pub fn in_tls(directory: &Path, options: &[&str]) -> Self {
        Self::start_with(free_port(), directory, options)
    }

    /// One that takes Implicit VR Little Endian alone.
    pub fn of_implicit_vr(directory: &Path) -> Self {
        Self::start_with(free_port(), directory, &["--implicit"])
    }

    fn start_with(port: u16, directory: &Path, options: &[&str]) -> Self {
        std::fs::create_dir_all(directory).expect("made");
        let mut command = Command::new("storescp");
        command.args(["--aetitle", "RESEARCH", "--bit-preserving", "--unique-filenames"]);
        command
            .args(options)
            .args(["--promiscuous", "--output-directory"])
            .arg(directory)
            .arg(port.to_string());
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

/// A research PACS that behaves badly: tests/judges/scp_misbehaving.py.
pub struct Misbehaving {
    _process: Running,
    pub port: u16,
    log: PathBuf,
    directory: PathBuf,
}

impl Misbehaving {
    /// Starts it on a free port; `directory` gets what it stores in the end.
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        std::fs::create_dir_all(directory).expect("made");
        let log = directory.with_extension("log");
        let mut command = python("scp_misbehaving.py");
        command.arg("0").args(arguments).arg("--out").arg(directory);
        let process = start(command.stdout(File::create(&log).expect("made")));
        let mut peer = Self { _process: process, port: 0, log, directory: directory.to_owned() };
        wait_until("the misbehaving PACS listens", || {
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

    /// What it has stored, repeats included.
    pub fn received(&self) -> Vec<PathBuf> {
        let mut files = files_under(&self.directory);
        files.retain(|path| path.extension().is_some_and(|extension| extension == "dcm"));
        files
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
