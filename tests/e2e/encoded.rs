//! Compressed objects leave in the transfer syntax that they came in, or decoded, as the profile says.

use crate::harness::{
    Site, Storescp, compare_decoded, dcmsend, encoded, files_under, judge_encoded,
};
use std::path::{Path, PathBuf};

/// Makes the profile of a site say this of the transfer syntax.
pub fn ask_for(site: &Site, transfer_syntax: &str) {
    let path = site.path("profile.toml");
    let profile = std::fs::read_to_string(&path).expect("readable");
    let line = |value: &str| format!("transfer_syntax = \"{value}\"");
    let shipped = ["same", "explicit"].map(line);
    assert!(shipped.iter().any(|line| profile.contains(line)), "the profile names a syntax");
    let asked = shipped.iter().fold(profile, |p, l| p.replace(l, &line(transfer_syntax)));
    std::fs::write(&path, asked).expect("written");
}

/// The objects of encoded.py whose names say this, de-identified under a profile that says that of the
/// transfer syntax.
fn deidentified(transfer_syntax: &str, chosen: impl Fn(&str) -> bool) -> (Site, usize) {
    let site = Site::new();
    assert!(encoded(&site.path("in")) > 100, "every syntax, photometric and depth");
    ask_for(&site, transfer_syntax);
    for path in files_under(&site.path("in/objects")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if !chosen(&name) {
            std::fs::remove_file(path).expect("removed");
        }
    }
    let objects = files_under(&site.path("in/objects")).len();
    let (from, to) = (site.text("in/objects"), site.text("out"));
    let printed = site.run(&["deid", &from, "--out", &to]).ok();
    assert!(printed.starts_with(&format!("{objects} de-identified")), "{printed}");
    (site, objects)
}

#[test]
fn what_came_compressed_leaves_so_and_is_exact_outside_the_boxes() {
    let (site, _) = deidentified("same", |_| true);
    judge_encoded(&site.path("in"), &site.path("out"));
}

#[test]
fn a_profile_can_ask_for_explicit_vr_little_endian() {
    let (site, objects) = deidentified("explicit", |name| name.ends_with("-grey8"));
    assert!(objects > 10, "one of every syntax");
    let results = files_under(Path::new(&site.text("out")));
    assert_eq!(results.len(), objects);
    let stated = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0";
    for result in &results {
        let bytes = std::fs::read(result).expect("readable");
        assert!(bytes.windows(stated.len()).any(|part| part == stated), "{}", result.display());
    }
}

#[test]
fn a_destination_that_takes_no_compression_gets_the_same_values_decoded() {
    let mut site = Site::new();
    ask_for(&site, "same");
    encoded(&site.path("in"));
    let sent = files_under(&site.path("in/objects"));
    let colour = |path: &PathBuf| {
        // DCMTK does not know JPEG XL
        let name = path.to_string_lossy();
        name.ends_with("-rgb8.dcm") && !name.contains("jxl")
    };
    let sent: Vec<_> = sent.into_iter().filter(colour).collect();
    let research = Storescp::start(&site.path("research"));
    let folder = format!("name = \"folder\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"",
        research.port
    );
    site.destinations(&[&folder, &pacs]);
    let gateway = site.start();
    dcmsend(gateway.port, &sent);
    site.wait_ended(sent.len());
    assert_eq!(research.received().len(), sent.len());
    compare_decoded(&site.path("out"), &site.path("research"));
    gateway.stop();
}
