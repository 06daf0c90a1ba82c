//! Processes that end with their test, and waiting for conditions.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before it counts as failed.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// How long a process that ends by itself may run: longer, because some read hundreds of files.
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// Waits until `condition` holds; panics with `what` at the deadline.
pub fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    wait_or_else(condition, || what.to_owned());
}

/// Waits until `condition` holds; panics at the deadline with what `state` says then.
pub fn wait_or_else(mut condition: impl FnMut() -> bool, state: impl FnOnce() -> String) {
    let began = Instant::now();
    while !condition() {
        if began.elapsed() > DEADLINE {
            panic!("not within {DEADLINE:?}: {}", state());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A child process that is killed when it is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a process to its end, which is killed at the deadline: a test that would wait for ever fails.
pub fn run(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let id = Pid::from_child(&child);
    let (ended, end) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if end.recv_timeout(RUN_LIMIT) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(id, Signal::KILL);
            }
        });
        let output = child.wait_with_output();
        drop(ended);
        let output = output.unwrap_or_else(|error| panic!("{name} cannot be waited for: {error}"));
        assert!(
            output.status.signal() != Some(Signal::KILL.as_raw()),
            "{name} was killed, or did not end within {RUN_LIMIT:?}: {}",
            printed(&output)
        );
        output
    })
}

/// Runs a peer to its end with these bytes on its stdin.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(input).and_then(|()| file.rewind()).expect("written");
    run(command.stdin(file))
}

/// Starts a peer.
pub fn start(command: &mut Command) -> Running {
    Running(spawn(command))
}

fn spawn(command: &mut Command) -> Child {
    // Without it Nagle's algorithm delays the last fragment of every object that DCMTK sends.
    command.env("TCP_NODELAY", "1");
    let name = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|error| {
        panic!("{name} cannot be started ({error}): run tests/install, which installs every peer")
    })
}

/// A judge or a peer of tests/judges in the tests' Python.
pub fn python(script: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = std::env::var_os("DEID_TEST_VENV")
        .map_or_else(|| root.join("target/test-venv"), |venv| root.join(PathBuf::from(venv)));
    let interpreter = venv.join("bin/python");
    assert!(
        interpreter.exists(),
        "{} is not there: run tests/install (DEID_TEST_VENV names another place)",
        interpreter.display()
    );
    let mut command = Command::new(interpreter);
    // Tesseract's threads wait for one another on a small machine.
    command.env("OMP_THREAD_LIMIT", "1");
    command.arg(root.join("tests/judges").join(script));
    command
}

/// What a process printed, for the message of a failed assertion.
pub fn printed(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs a script of tests/judges, which must find nothing wrong.
pub fn run_python(script: &str, arguments: &[&str]) {
    let output = run(python(script).args(arguments));
    assert!(output.status.success(), "{script} {arguments:?}: {}", printed(&output));
}
