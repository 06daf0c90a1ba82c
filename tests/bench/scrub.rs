//! How long the header takes: a file examined, its header scrubbed, and the result as the bytes of a
//! file, on one core, in this process and without reading its pixels. tests/bench/scrub.py runs this
//! beside other tools.
//!
//!     cargo bench --bench scrub -- FILE [SECONDS]

use deid_gateway::config::{Limits, PixelRule, Profile};
use deid_gateway::deid::apply::{Application, write_result};
use deid_gateway::deid::burned_in::BurnedInText;
use deid_gateway::deid::decide::decide;
use deid_gateway::deid::examine::{Seen, examine};
use deid_gateway::deid::header::{
    Expected, PatientIdentity, ProjectKey, Rulebook, SiteKey, Subject, facts, harvest, residue,
};
use deid_gateway::deid::phi_text::Known;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let file = arguments.next().expect("a DICOM file");
    let seconds: f64 = arguments.next().map_or(3.0, |text| text.parse().expect("seconds"));
    let scratch = tempfile::tempfile().expect("a file");
    let opened = File::open(&file).expect("readable");
    let mut output = Vec::new();
    let mut profile = Profile::named("basic").expect("shipped");
    let sop_class = sop_class(Path::new(&file));
    profile.pixels.insert(sop_class, PixelRule::Skip);
    let mut once = || scrub(&opened, &mut output, &scratch, &profile);
    let warm = Instant::now();
    while warm.elapsed() < Duration::from_millis(300) {
        once();
    }
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed().as_secs_f64() < seconds {
        once();
        count += 1;
    }
    let each = start.elapsed().as_secs_f64() / f64::from(count);
    println!("{:.1} objects/s, {:.3} ms each", 1.0 / each, each * 1e3);
    search(Path::new(&file), &profile, seconds);
}

/// What searching the text of the header for identifiers takes of it, the preparing of the
/// identifiers included, and what a text of 5 MB takes.
fn search(file: &Path, profile: &Profile, seconds: f64) {
    let header = dicom_object::OpenFileOptions::new()
        .read_until(dicom_dictionary_std::tags::PIXEL_DATA)
        .open_file(file)
        .expect("a DICOM file")
        .into_inner();
    let rulebook = Rulebook::new(profile).expect("it reads");
    let identifiers = harvest(&header, &rulebook);
    let key = ProjectKey::derive(&SiteKey::new([7; 32]), "bench");
    let patient = PatientIdentity::of(&header);
    let subject = Subject::derive(&key, &patient, profile.dates.shift_days);
    let facts = facts(&header);
    let expected = Expected {
        rulebook: &rulebook,
        facts: &facts,
        subject: &subject,
        identifiers: &identifiers,
    };
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed().as_secs_f64() < seconds {
        std::hint::black_box(residue(&header, &expected));
        count += 1;
    }
    let each = start.elapsed().as_secs_f64() / f64::from(count);
    println!("searched for {} identifiers in {:.3} ms", identifiers.0.len(), each * 1e3);
    let known = Known::new(&identifiers);
    let text = "Nodule in the left upper lobe, 12 mm, seen by the referrer. ".repeat(87_000);
    let start = Instant::now();
    let changed = known.clean(&text).is_changed();
    let seconds = start.elapsed().as_secs_f64();
    println!("a text of {} bytes in {seconds:.2} s, changed: {changed}", text.len());
}

fn scrub(file: &File, output: &mut Vec<u8>, scratch: &File, profile: &Profile) {
    let limits = Limits::default();
    let key = ProjectKey::derive(&SiteKey::new([7; 32]), "bench");
    let mut patient: Option<PatientIdentity> = None;
    let examination = examine(file, profile, &limits, scratch, &mut |seen| {
        if let Seen::Opened(opening) = seen {
            patient = Some(opening.patient);
        }
        Ok(())
    })
    .expect("examined");
    let patient = patient.expect("told first");
    let subject = Subject::derive(&key, &patient, profile.dates.shift_days);
    let redaction = decide(&examination, &BurnedInText::default(), profile).expect("decided");
    let identifiers = &examination.identifiers;
    let application = Application {
        profile,
        redaction: &redaction,
        identifiers,
        key: &key,
        subject: &subject,
        limits: &limits,
    };
    output.clear();
    write_result(file, output, scratch, application).expect("written");
}

fn sop_class(file: &Path) -> String {
    let object = dicom_object::OpenFileOptions::new()
        .read_until(dicom_dictionary_std::tags::PIXEL_DATA)
        .open_file(file)
        .expect("a DICOM file");
    object.meta().media_storage_sop_class_uid().trim_end_matches('\0').to_owned()
}
