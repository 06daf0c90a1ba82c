//! Memory does not grow with an object: neither the parent's nor its children's.
//!
//! `tests/bench/large.py` does the same with objects of 2 GB; docs/performance.md has its figures.

use crate::harness::{printed, python, run};

fn needs_no_more_memory_than_a_small_one(object: &str) {
    let mut command = python("../bench/large.py");
    command.args([
        "--binary",
        env!("CARGO_BIN_EXE_deid-gateway"),
        "--mib",
        "160",
        "--flat",
        object,
    ]);
    let measured = run(&mut command);
    assert!(measured.status.success(), "{}", printed(&measured));
}

#[test]
fn a_native_object_of_many_frames_needs_no_more_memory_than_one_of_few() {
    needs_no_more_memory_than_a_small_one("native-small-frames");
}

#[test]
fn an_encapsulated_object_of_many_frames_needs_no_more_memory_than_one_of_few() {
    needs_no_more_memory_than_a_small_one("rle-small-frames");
}
