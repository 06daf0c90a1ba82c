//! What every test stands on: a site with its configuration, the gateway on it, peers, judges.
//!
//! Invariants: every wait has a condition and a deadline; every process ends with its test.

mod aws;
mod certificates;
mod committing;
mod faults;
mod gateway;
mod judges;
mod leaks;
mod objects;
mod orthanc;
mod process;
mod proxy;
mod repository;
mod research;
mod s3;
mod senders;
mod site;

pub use aws::{Asked, CREDENTIALS, Cloud, CloudFault};
pub use certificates::{Authority, Signed};
pub use committing::{Committing, ask_to_commit, hearing};
pub use faults::Faults;
pub use gateway::{Gateway, Ran};
pub use judges::{
    assert_absent, assert_not_readable, compare_decoded, compare_native, judge, judge_all,
    judge_blanked, judge_boxes, judge_dates, judge_document, judge_encoded, judge_filled,
    judge_graphics, judge_hidden, judge_native, read_values,
};
pub use leaks::{judge_leaks, leak_probe};
pub use objects::{
    Sample, bad_text, carriers, cloud, digests_by_uid, encoded, hidden, hostile, instance_number,
    mismatched, modified, mutants, native, renamed, sample, slow, transcoded, undecodable,
    undecodable_pixels, value,
};
pub use orthanc::Orthanc;
pub use process::{printed, python, run, run_python, wait_until};
pub use proxy::{Fault, Plan, Proxy};
pub use repository::Repository;
pub use research::{Misbehaving, Refusing, Storescp, free_port};
pub use s3::{BUCKET, S3};
pub use senders::{dcmsend, echoscu, pynetdicom, send_hostile, storescu, try_storescu};
pub use site::{Site, files_under};
