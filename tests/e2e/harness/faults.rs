//! A disk and a clock that fail on demand: `faults.c` between the gateway and its C library.

use super::process::{printed, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The faults of one gateway.
pub struct Faults {
    directory: PathBuf,
    library: String,
}

impl Faults {
    /// No fault yet.
    pub fn new(site: &Path) -> Self {
        let directory = site.join("faults");
        std::fs::create_dir(&directory).expect("made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/faults.c");
        let library = directory.join("library.so");
        let built = run(Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&library, &source])
            .arg("-ldl"));
        assert!(built.status.success(), "{}", printed(&built));
        Self { library: library.to_str().expect("ASCII").to_owned(), directory }
    }

    /// What the gateway has to be started with.
    pub fn environment(&self) -> [(&str, &str); 2] {
        let directory = self.directory.to_str().expect("ASCII");
        [("LD_PRELOAD", &self.library), ("DEID_TEST_FAULTS", directory)]
    }

    /// From now on this fault is there.
    pub fn set(&self, fault: &str, value: &str) {
        std::fs::write(self.directory.join(fault), value).expect("written");
    }

    /// From now on it is not.
    pub fn mend(&self, fault: &str) {
        std::fs::remove_file(self.directory.join(fault)).expect("removed");
    }
}
