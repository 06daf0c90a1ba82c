//! The image of the Dockerfile: its steps, its health check and its end, without a container engine.

use crate::harness::{printed, run};
use std::path::Path;
use std::process::Command;

#[test]
fn the_steps_of_the_dockerfile_make_an_image_that_runs_and_says_that_it_is_healthy() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dockerfile");
    // What cargo has built already: `tests/dockerfile` alone builds it anew.
    let done = run(Command::new(script).arg("--binary").arg(env!("CARGO_BIN_EXE_deid-gateway")));
    assert!(done.status.success(), "{}", printed(&done));
    let said = String::from_utf8_lossy(&done.stdout);
    for step in ["HEALTHCHECK: healthy", "SIGTERM: exit code 0", "records and key are in volumes"] {
        assert!(said.lines().any(|line| line == step), "{step} is not said: {said}");
    }
    let is_closed = said.contains("without capabilities; its root: Read-only file system");
    assert_eq!(is_closed, rustix::process::geteuid().is_root(), "{said}");
}
