//! The judges of tests/judges, which share no code with the gateway.

use super::objects::{Sample, instance_number};
use super::process::{printed, python, run, run_with_input};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Asserts that one delivered object is de-identified and otherwise what it was.
pub fn judge(source: &Path, result: &Path) {
    let judged = run(python("judge_delivered.py").arg(source).arg(result));
    assert!(judged.status.success(), "{}: {}", source.display(), printed(&judged));
}

/// Asserts that results are what [`super::encoded`] wrote, exact outside of black boxes.
pub fn judge_encoded(directory: &Path, results: &Path) {
    let judged = run(python("encoded.py").arg("judge").arg(directory).arg(results));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that nothing of what [`super::hidden`] wrote is left in results.
pub fn judge_hidden(directory: &Path, results: &Path) {
    let judged = run(python("hidden.py").arg("judge").arg(directory).arg(results));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that of two overlay planes the one without text stayed.
pub fn judge_graphics(directory: &Path, results: &Path) {
    let judged = run(python("hidden.py").arg("graphics").arg(directory).arg(results));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that results are what [`super::native`] wrote, exact outside of black boxes.
pub fn judge_native(directory: &Path, results: &Path) {
    let judged = run(python("native.py").arg("judge").arg(directory).arg(results));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that objects in Implicit VR Little Endian have the elements and values of results.
pub fn compare_native(results: &Path, implicit: &Path) {
    let judged = run(python("native.py").arg("compare").arg(results).arg(implicit));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that results are what [`super::undecodable_pixels`] wrote, with blank pictures.
pub fn judge_blanked(directory: &Path, results: &Path) {
    let judged = run(python("blanked.py").arg("judge").arg(directory).arg(results));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that in one result these boxes, in JSON, are blank, and everything else is what it was.
pub fn judge_boxes(source: &Path, result: &Path, boxes: &str) {
    let listed = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(listed.path(), boxes).expect("written");
    let mut judging = python("judge_delivered.py");
    let judged = run(judging.arg(source).arg(result).arg("--boxes").arg(listed.path()));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that a box of every frame of all results has a colour; says how many results there are of every
/// transfer syntax, by its name.
pub fn judge_filled(results: &Path, area: [u32; 4], colour: &str) -> serde_json::Value {
    let mut judging = python("filled.py");
    judging.arg(results).args(area.map(|side| side.to_string())).arg(colour);
    let judged = run(&mut judging);
    assert!(judged.status.success(), "{}", printed(&judged));
    let read: serde_json::Value = serde_json::from_slice(&judged.stdout).expect("JSON");
    read["syntaxes"].clone()
}

/// Asserts that native objects have the values of compressed ones.
pub fn compare_decoded(compressed: &Path, native: &Path) {
    let judged = run(python("encoded.py").arg("compare").arg(compressed).arg(native));
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// Asserts that the document of a result is a valid one of its kind, without content.
pub fn judge_document(result: &Path) {
    let judged = run(python("judge_document.py").arg(result));
    assert!(judged.status.success(), "{}: {}", result.display(), printed(&judged));
}

/// Asserts that exactly the samples were delivered, and judges all.
pub fn judge_all(samples: &[Sample], results: &[PathBuf]) {
    assert_eq!(samples.len(), results.len(), "delivered: {results:?}");
    let pairs = samples.iter().map(|sample| (&sample.path, result_of(sample, results)));
    let pairs = serde_json::to_vec(&pairs.collect::<Vec<_>>()).expect("paths are UTF-8");
    let judged = run_with_input(&mut python("judge_pairs.py"), &pairs);
    assert!(judged.status.success(), "{}", printed(&judged));
}

/// The one result that a sample became.
fn result_of<'a>(sample: &Sample, results: &'a [PathBuf]) -> &'a Path {
    let number = instance_number(&sample.path);
    let mine: Vec<_> = results.iter().filter(|r| instance_number(r) == number).collect();
    let [result] = mine[..] else { panic!("{number:?} was delivered {} times", mine.len()) };
    result
}

/// Asserts that none of the identifiers stands in these bytes, in any case.
pub fn assert_absent(identifiers: &[String], bytes: &[u8], what: &str) {
    let bytes = bytes.to_ascii_lowercase();
    for identifier in identifiers {
        let wanted = identifier.to_ascii_lowercase();
        let at = memchr::memmem::find(&bytes, wanted.as_bytes());
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
            panic!("{identifier} is in {what}: {}", String::from_utf8_lossy(around));
        }
    }
}

/// Asserts that Tesseract cannot read in the result what was to be hidden.
pub fn assert_not_readable(sample: &Sample, result: &Path) {
    let hidden: Vec<_> = sample.text.iter().filter(|t| t.hide).map(|t| t.string.as_str()).collect();
    assert!(!hidden.is_empty(), "the sample has burned-in text");
    // That it can be read in the source is what makes the judgement of the result worth something.
    for (path, must) in [(sample.path.as_path(), "--must-read"), (result, "--must-not-read")] {
        let thorough = ["--psm", "6", "11", "--scales", "2"];
        let judged = run(python("reread.py").arg(path).arg(must).args(&hidden).args(thorough));
        assert!(judged.status.success(), "{must} of {}: {}", path.display(), printed(&judged));
    }
}

/// Asserts that the dates of these (source, result) pairs, all of one patient, moved by one number of
/// days, and returns it.
pub fn judge_dates(pairs: &[(&Path, &Path)]) -> i64 {
    let files = pairs.iter().flat_map(|(source, result)| [source, result]);
    let judged = run(python("judge_dates.py").args(files));
    assert!(judged.status.success(), "{}", printed(&judged));
    let report: serde_json::Value = serde_json::from_slice(&judged.stdout).expect("JSON");
    report["days"].as_i64().expect("days")
}

/// The values of attributes of the top level by their keywords, as pydicom reads them.
pub fn read_values(path: &Path, keywords: &[&str]) -> BTreeMap<String, Vec<String>> {
    let read = run(python("read_values.py").arg(path).args(keywords));
    assert!(read.status.success(), "{}", printed(&read));
    serde_json::from_slice(&read.stdout).expect("JSON")
}
