//! Native objects leave in the transfer syntax that they came in, byte by byte outside of the boxes.

use crate::encoded::ask_for;
use crate::harness::{
    Site, Storescp, compare_native, files_under, judge_native, native, pynetdicom,
};
use std::path::PathBuf;

#[test]
fn what_came_native_leaves_in_its_syntax_and_is_exact_outside_the_boxes() {
    let site = Site::new();
    site.write_profile("research-longitudinal", "");
    ask_for(&site, "same");
    let objects = native(&site.path("in"));
    let (from, to) = (site.text("in/objects"), site.text("out"));
    let printed = site.run(&["deid", &from, "--out", &to]).ok();
    assert!(printed.starts_with(&format!("{objects} de-identified")), "{printed}");
    judge_native(&site.path("in"), &site.path("out"));
}

#[test]
fn a_destination_of_implicit_vr_alone_gets_the_same_elements_and_values() {
    let mut site = Site::new();
    ask_for(&site, "same");
    native(&site.path("in"));
    let grey = |path: &PathBuf| path.to_string_lossy().ends_with("-grey8.dcm");
    let sent: Vec<_> = files_under(&site.path("in/objects")).into_iter().filter(grey).collect();
    let research = Storescp::of_implicit_vr(&site.path("research"));
    let folder = format!("name = \"folder\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"",
        research.port
    );
    site.destinations(&[&folder, &pacs]);
    let gateway = site.start();
    let answers = pynetdicom(gateway.port, &[], &sent);
    assert!(answers.iter().all(|answer| answer == "0x0000"), "{answers:?}");
    site.wait_ended(sent.len());
    assert_eq!(research.received().len(), sent.len());
    compare_native(&site.path("out"), &site.path("research"));
    gateway.stop();
}
