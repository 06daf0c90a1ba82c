//! Who may use whom: the table of CONTRIBUTING.md, held against every path in src/.
//!
//! Read are `use crate::...` with its groups and every `crate::...` inside code; comments are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every module but the assembly, and what it may name: a module, or one item of it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("phi", &[]),
    ("pace", &[]),
    ("durations", &[]),
    ("tls", &["config"]),
    ("dimse", &["config", "phi", "tls"]),
    ("intake", &["config", "dimse", "pace", "spool", "tls", "deid::scan"]),
    // `Deidentified` and the reasons and details of holds are what it stores.
    // Whose an object is passes through to be hashed, and what identifies them to be kept.
    (
        "spool",
        &[
            "config",
            "deid::accept",
            "deid::redaction",
            "deid::hold",
            "deid::header::PatientIdentity",
            "deid::identifiers",
            "deid::opening",
            "phi",
        ],
    ),
    // What a child has read of a header, as `Phi`.
    ("route", &["config", "phi", "deid::header::HeaderFact"]),
    ("deid", &["config", "phi"]),
    // The plain types of the core that pass through it.
    ("recognise", &["config", "phi", "deid::picture", "deid::burned_in"]),
    // A request carries the profile and the limits.
    ("sandbox", &["config", "deid"]),
    // It makes subjects of patients and reads the site's own table of them.
    ("patients", &["config", "deid::header", "deid::hold"]),
    // What is classified passes through it as `Phi`.
    (
        "worker",
        &[
            "config",
            "durations",
            "spool",
            "route",
            "sandbox",
            "recognise",
            "deid",
            "patients",
            "phi",
        ],
    ),
    // A result that turns out damaged is held.
    // New UIDs pass through the type of commitments, which masks those of senders.
    ("forward", &["config", "dimse", "durations", "pace", "phi", "spool", "deid::hold"]),
    // As the worker, less the spool; the keys it loads itself, and outputs are named as a folder
    // destination names them. Paths are masked, for they may carry names.
    (
        "redact",
        &[
            "config",
            "deid",
            "forward::object_path",
            "patients",
            "phi",
            "recognise",
            "route",
            "sandbox",
            "site_key",
            "worker",
        ],
    ),
    // A person asks by PatientID: it becomes a hash or a pseudonym, and keys are listed and ended.
    // The report of an object has one form, whether the worker makes it or the spool kept it.
    (
        "admin",
        &[
            "config",
            "spool",
            "phi",
            "patients",
            "site_key",
            "deid::header::PatientIdentity",
            "worker::ObjectReport",
        ],
    ),
    // It runs `deid`, or the reading of pictures alone, and reads sources and results itself, after the
    // scan that every parser needs.
    (
        "eval",
        &[
            "config",
            "deid::picture",
            "deid::redaction",
            "deid::scan",
            "phi",
            "redact",
            "sandbox",
            "worker",
        ],
    ),
    // A person asks what a profile does: of the core, or of a child through the worker's pools.
    ("explain", &["config", "deid::explain", "deid::header", "deid::redaction", "worker"]),
    // It makes the key of the core, and logs that it did.
    ("site_key", &["config", "deid::header"]),
    // What the configuration says of destinations is told with their names.
    ("audit", &["config", "spool", "tls"]),
    // It only shows: counts of intake, spool and services, how long certificates last.
    ("observe", &["config", "durations", "intake", "recognise::aws", "spool", "tls"]),
    // An answer is one that the configuration file would take.
    ("init", &["config"]),
    ("logging", &["config"]),
];

/// What puts the modules together may use all of them.
const ASSEMBLY: &[&str] = &["lib", "main", "cli", "serve", "check", "demo"];

/// Crates that only these modules may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    // What services cost is recorded beside the spool.
    ("rusqlite", &["spool", "recognise"]),
    // The log names it to quiet it.
    ("aws_config", &["logging", "recognise", "redact"]),
    ("aws_sdk_rekognition", &["recognise"]),
    ("aws_sdk_comprehendmedical", &["recognise"]),
    ("aws_sdk_s3", &["redact"]),
    ("ort", &["recognise"]),
    ("rten", &["recognise"]),
    ("rten_imageproc", &["recognise"]),
    ("rten_tensor", &["recognise"]),
    ("dicom_ul", &["dimse", "intake"]),
    ("landlock", &["sandbox"]),
    ("seccompiler", &["sandbox"]),
];

#[test]
fn modules_use_only_what_the_table_allows() {
    let mut violations = Vec::new();
    for (module, file, code) in sources() {
        if ASSEMBLY.contains(&module.as_str()) {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = allowed else {
            violations.push(format!("{}: module {module} is not in the table", file.display()));
            continue;
        };
        for path in crate_paths(&code) {
            if !is_allowed(&path, &module, allowed) {
                violations.push(format!("{}: crate::{}", file.display(), path.join("::")));
            }
        }
    }
    assert!(violations.is_empty(), "not in the table:\n{}", violations.join("\n"));
}

#[test]
fn some_crates_are_named_in_their_module_alone() {
    let mut violations = Vec::new();
    for (module, file, code) in sources() {
        for (name, modules) in ONLY_IN {
            if !modules.contains(&module.as_str()) && words(&code).any(|word| word == *name) {
                violations.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(violations.is_empty(), "only in their module:\n{}", violations.join("\n"));
}

#[test]
fn the_table_names_modules_that_exist() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (module, _, _) in sources() {
        *seen.entry(module).or_default() += 1;
    }
    assert!(seen.values().sum::<usize>() > 80, "the sources were not found: {seen:?}");
    for (module, _) in MAY_USE {
        assert!(seen.contains_key(*module), "there is no module {module}");
    }
}

#[test]
fn paths_are_read_with_their_groups_and_without_comments() {
    let code = without_comments(
        "use crate::{check, deid::{scan::Encoding, hold}};\n// crate::spool\n\
         fn f() -> crate::phi::Phi<u8> { x(\"//\", crate::config::Config::load()) }",
    );
    let mut paths: Vec<_> = crate_paths(&code).iter().map(|path| path.join("::")).collect();
    paths.sort();
    let wanted =
        ["check", "config::Config::load", "deid::hold", "deid::scan::Encoding", "phi::Phi"];
    assert_eq!(paths, wanted);
    assert!(is_allowed(&["deid".into(), "scan".into()], "intake", &["deid::scan"]));
    assert!(!is_allowed(&["deid".into(), "apply".into()], "intake", &["deid::scan"]));
    assert!(!is_allowed(&["spool".into()], "deid", &["config", "phi"]));
}

/// A constant of the crate itself is nobody's module.
fn is_allowed(path: &[String], module: &str, allowed: &[&str]) -> bool {
    let Some(first) = path.first() else { return false };
    let constant = first.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    first == module
        || constant
        || allowed.iter().any(|entry| {
            let entry: Vec<_> = entry.split("::").collect();
            path.len() >= entry.len() && entry.iter().zip(path).all(|(a, b)| a == b)
        })
}

/// Every source file: its module, its path, its text without comments.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let walk = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"));
    let read = files.map(|entry| {
        let inside = entry.path().strip_prefix(&root).expect("under src").to_owned();
        let first = inside.components().next().expect("a name").as_os_str();
        let module = Path::new(first).file_stem().expect("a stem").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).expect("readable");
        (module, inside, without_comments(&text))
    });
    read.collect()
}

/// Line comments are cut where no string can be open: at the start of a line or after code without
/// a quotation mark.
fn without_comments(text: &str) -> String {
    let line = |line: &str| match line.find("//") {
        Some(at) if !line[..at].contains('"') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// Every path after `crate::`, groups expanded.
fn crate_paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_none_or(|c| !(c.is_alphanumeric() || c == '_')) {
            expand(&code[at + found.len()..], &[], &mut paths);
        }
    }
    paths
}

/// Reads one path or group from the start of `rest`; returns what follows it.
fn expand<'a>(rest: &'a str, prefix: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let rest = rest.trim_start();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            inner = expand(inner, prefix, paths).trim_start();
            match inner.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => inner = more,
                Some(more) => return more.trim_start().strip_prefix('}').unwrap_or_default(),
                None => return inner.strip_prefix('}').unwrap_or_default(),
            }
        }
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let mut path = prefix.to_vec();
    path.push(rest[..end].to_owned());
    match rest[end..].strip_prefix("::") {
        Some(more) if more.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => {
            expand(more, &path, paths)
        }
        _ => {
            paths.push(path);
            // `self as name`, `Item as Name`: the name is of no interest.
            let rest = &rest[end..];
            let alias = rest.trim_start().strip_prefix("as ");
            alias.map_or(rest, |alias| {
                alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
            })
        }
    }
}
