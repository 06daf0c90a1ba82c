//! The program itself: serving, or running one command.

use super::process::{Running, run, run_with_input, wait_until};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A gateway that listens.
pub struct Gateway {
    process: Running,
    pub port: u16,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Gateway {
    /// Starts `serve`; returns once it says where it listens.
    pub fn start(command: &mut Command, directory: &Path) -> Self {
        let number = std::fs::read_dir(directory).expect("the site's directory").count();
        let stdout = directory.join(format!("serve{number}.stdout"));
        let stderr = directory.join(format!("serve{number}.stderr"));
        command.arg("serve").stdin(Stdio::null());
        command.stdout(File::create(&stdout).expect("made"));
        command.stderr(File::create(&stderr).expect("made"));
        let process = Running(command.spawn().expect("the program starts"));
        let mut gateway = Self { process, port: 0, stdout, stderr };
        wait_until("the gateway says where it listens", || {
            gateway.port = listening(&gateway.stdout()).unwrap_or(0);
            assert!(gateway.port != 0 || gateway.is_running(), "stopped: {}", gateway.stderr());
            gateway.port != 0
        });
        gateway
    }

    /// What it printed.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).expect("its stdout")
    }

    /// The port that speaks TLS, where it is another one.
    pub fn tls_port(&self) -> u16 {
        let stdout = self.stdout();
        let says = |line: &str| Some(line.split_once("in TLS on ")?.1.to_owned());
        let address = stdout.lines().find_map(says).expect("it says so");
        address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
    }

    /// Where it is watched.
    pub fn observe_address(&self) -> String {
        let says = |line: &str| Some(line.strip_prefix("status page on http://")?.to_owned());
        wait_until("it says where it is watched", || {
            self.stdout().lines().any(|l| l.ends_with('/'))
        });
        let address = self.stdout().lines().find_map(says).expect("it says so");
        address.trim_end_matches('/').replace("0.0.0.0", "127.0.0.1")
    }

    /// What it logged.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stderr).expect("its stderr")).into_owned()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// The most memory that its parent process ever held, in KiB.
    pub fn peak_resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.trim().strip_suffix(" kB")).expect("a line");
        peak.parse().expect("a number")
    }

    fn is_running(&mut self) -> bool {
        self.process.0.try_wait().expect("a status").is_none()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_until("the gateway ends", || !self.is_running());
        self.process.0.wait().expect("a status")
    }

    /// Waits until a crash point has killed it.
    pub fn wait_killed(&mut self, at: &str) {
        let status = self.wait();
        assert_eq!(status.signal(), Some(9), "at {at}: {status}\n{}", self.stderr());
    }

    /// Kills it as `kill -9` does.
    pub fn kill(self) {
        drop(self);
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Asks it to read its configuration again; what it logged of that.
    pub fn reload(&self) -> String {
        const SAID: &str = "the configuration was ";
        let before = self.stderr().matches(SAID).count();
        self.signal(rustix::process::Signal::HUP);
        let lines = || {
            let stderr = self.stderr();
            let said =
                stderr.split_inclusive('\n').filter(|l| l.contains(SAID) && l.ends_with('\n'));
            said.map(str::to_owned).collect::<Vec<_>>()
        };
        wait_until("it says what became of the reload", || lines().len() > before);
        lines().pop().expect("a line")
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.process.0.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("sent");
    }

    /// Stops it and asserts that it ended well.
    pub fn stop(mut self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "{status}\n{}", self.stderr());
    }
}

fn listening(stdout: &str) -> Option<u16> {
    let line = stdout.split_inclusive('\n').find(|line| line.ends_with('\n'))?;
    let (address, _) = line.strip_prefix("listening on ")?.split_once(" as ")?;
    address.rsplit_once(':')?.1.parse().ok()
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Runs it to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = run(command.stdin(Stdio::null()));
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it to its end with this on its standard input.
    pub fn with_input(command: &mut Command, input: &str) -> Self {
        let output = run_with_input(command, input.as_bytes());
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts success and returns what was printed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Asserts this exit code and one line on stderr that says all of `words`.
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        // What was logged before the error is not the error.
        let lines: Vec<_> =
            self.stderr.lines().filter(|line| line.starts_with("deid-gateway: ")).collect();
        let [line] = lines[..] else { panic!("not one line: {self:?}") };
        for word in words {
            assert!(line.contains(word), "{word:?} is not said: {line}");
        }
        assert!(self.stderr.trim_end().ends_with(line), "more than one line: {self:?}");
    }
}
