//! Objects to send, and looking at objects that arrived.

use super::process::{printed, python, run};
use super::site::files_under;
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of sample.py, with what was planted in it.
pub struct Sample {
    pub path: PathBuf,
    pub sop_uid: String,
    pub identifiers: Vec<String>,
    pub text: Vec<Text>,
}

/// Burned-in text of a sample.
pub struct Text {
    pub string: String,
    pub hide: bool,
    /// Left, top, right, bottom.
    pub area: [usize; 4],
}

/// Writes samples, such as `["--ct", "3"]`.
pub fn sample(directory: &Path, arguments: &[&str]) -> Vec<Sample> {
    samples(directory, python("sample.py").arg(directory).args(arguments))
}

/// Writes objects whose text services read, such as `["slices", "12"]`.
pub fn cloud(directory: &Path, arguments: &[&str]) -> Vec<Sample> {
    samples(directory, python("cloud.py").arg(directory).args(arguments))
}

fn samples(directory: &Path, command: &mut Command) -> Vec<Sample> {
    let listing = listing(command);
    let text = |value: &serde_json::Value| Text {
        string: string(&value["string"]),
        hide: value["hide"].as_bool().expect("a flag"),
        area: serde_json::from_value(value["box"].clone()).expect("four sides"),
    };
    let one = |entry: &serde_json::Value| Sample {
        path: directory.join(string(&entry["file"])),
        sop_uid: string(&entry["sop_uid"]),
        identifiers: entry["identifiers"].as_array().expect("a list").iter().map(string).collect(),
        text: entry["text"].as_array().expect("a list").iter().map(text).collect(),
    };
    listing.as_array().expect("a list").iter().map(one).collect()
}

/// Writes the hostile objects; the listing of hostile.py by name.
pub fn hostile(directory: &Path) -> serde_json::Value {
    listing(python("hostile.py").arg(directory))
}

/// Writes an object of each kind that the gateway cannot read; the listing of carriers.py by name.
pub fn carriers(directory: &Path) -> serde_json::Value {
    listing(python("carriers.py").arg(directory))
}

/// Writes compressed objects with text in one frame, into `objects`; how many.
pub fn encoded(directory: &Path) -> usize {
    let written = listing(python("encoded.py").arg("make").arg(directory));
    written["objects"].as_u64().expect("a number") as usize
}

/// Writes objects with text in every place that carries pixels; for what each may be held.
pub fn hidden(directory: &Path) -> BTreeMap<String, Vec<String>> {
    let written = listing(python("hidden.py").arg("make").arg(directory));
    serde_json::from_value(written).expect("the listing of hidden.py")
}

/// Writes objects whose codestreams are not what their headers say; how many.
pub fn mismatched(directory: &Path) -> usize {
    listing(python("mismatched.py").arg(directory)).as_array().expect("a list").len()
}

/// Writes an object that decodes for minutes.
pub fn slow(directory: &Path) -> PathBuf {
    listing(python("mismatched.py").arg(directory).arg("slow"));
    directory.join("slow.dcm")
}

/// Writes objects in every native transfer syntax with text in one frame, into `objects`; how many.
pub fn native(directory: &Path) -> usize {
    let written = listing(python("native.py").arg("make").arg(directory));
    written["objects"].as_u64().expect("a number") as usize
}

/// Writes objects whose pixels cannot be decoded, into `objects`; how many.
pub fn undecodable_pixels(directory: &Path) -> usize {
    let written = listing(python("blanked.py").arg("make").arg(directory));
    written["objects"].as_u64().expect("a number") as usize
}

/// Writes objects with text that breaks rules; the listing of bad_text.py by name.
pub fn bad_text(directory: &Path) -> serde_json::Value {
    listing(python("bad_text.py").arg(directory))
}

/// Writes so many mutated copies of small public objects.
pub fn mutants(directory: &Path, count: usize) {
    let mut command = python("mutate.py");
    listing(command.arg(directory).args(["--count", &count.to_string()]));
}

fn listing(command: &mut Command) -> serde_json::Value {
    let written = run(command);
    assert!(written.status.success(), "{}", printed(&written));
    serde_json::from_slice(&written.stdout).expect("JSON")
}

fn string(value: &serde_json::Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// A copy of an object with elements changed by `dcmodify`, such as `(0008,0016)=1.2.3`.
pub fn modified(source: &Path, name: &str, changes: &[&str]) -> PathBuf {
    let copy = source.with_file_name(name);
    std::fs::copy(source, &copy).expect("copied");
    let mut command = Command::new("dcmodify");
    command.arg("--no-backup");
    for change in changes {
        command.args(["--insert", change]);
    }
    let changed = run(command.arg(&copy));
    assert!(changed.status.success(), "{}", printed(&changed));
    copy
}

/// A copy of an object under another SOP Instance UID of the same length.
pub fn renamed(sample: &Sample, number: usize, to: &Path) {
    let mut bytes = std::fs::read(&sample.path).expect("a sample");
    let uid = sample.sop_uid.as_bytes();
    let digits = format!("{number:08}");
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(uid.len()).position(|window| window == uid) {
        let end = at + found + uid.len();
        bytes[end - digits.len()..end].copy_from_slice(digits.as_bytes());
        at = end;
    }
    assert!(at > 0, "the UID is in the file");
    std::fs::write(to, bytes).expect("written");
}

/// A copy of an object made by a DCMTK encoder, such as `dcmcrle`.
pub fn transcoded(source: &Path, encoder: &str) -> PathBuf {
    let copy = source.with_extension(format!("{encoder}.dcm"));
    let encoded = run(Command::new(encoder).arg(source).arg(&copy));
    assert!(encoded.status.success(), "{}", printed(&encoded));
    copy
}

/// A copy of an object in a form that no decoder here reads: it says that it is video.
pub fn undecodable(source: &Path) -> PathBuf {
    const MPEG2_MAIN_LEVEL: &str = "1.2.840.10008.1.2.4.100";
    let copy = source.with_extension("mpeg2.dcm");
    let encoded = transcoded(source, "dcmcrle");
    let mut object = dicom_object::open_file(&encoded).expect("readable");
    object.update_meta(|meta| meta.transfer_syntax = MPEG2_MAIN_LEVEL.into());
    object.write_to_file(&copy).expect("written");
    std::fs::remove_file(encoded).expect("removed");
    copy
}

fn header(path: &Path) -> dicom_object::DefaultDicomObject {
    dicom_object::OpenFileOptions::new()
        .read_until(tags::PIXEL_DATA)
        .open_file(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of an attribute of the top level.
pub fn value(path: &Path, tag: dicom_core::Tag) -> String {
    let object = header(path);
    object.element(tag).expect("present").to_str().expect("text").trim_end().to_owned()
}

/// Series Number and Instance Number: they survive de-identification.
pub fn instance_number(path: &Path) -> (u32, u32) {
    let object = header(path);
    let number = |tag| object.element(tag).expect("present").to_int().expect("a number");
    (number(tags::SERIES_NUMBER), number(tags::INSTANCE_NUMBER))
}

/// Every object under a directory by its SOP Instance UID, with the digests of all its copies: one
/// digest means that a repeat had the same bytes.
pub fn digests_by_uid(directory: &Path) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut found: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for path in files_under(directory) {
        let bytes = std::fs::read(&path).expect("readable");
        let meta = dicom_object::FileMetaTable::from_reader(&bytes[128..]).expect("a Part 10 file");
        let uid = meta.media_storage_sop_instance_uid().to_owned();
        found.entry(uid).or_default().insert(Sha256::digest(&bytes).to_vec());
    }
    found
}
