//! What the search for identifiers costs: in all texts of the header of one file, and in one long text.
//!
//!     cargo bench --bench scan -- FILE [SECONDS]
//!
//! The header is the original one, in which most texts are still there; the identifiers are those that
//! `examine` takes from it. Counted is making them ready and finding them; a text of 1, 5 and 25 MB is
//! cleaned of them, and has one in every third line. Times are processor time of this process.

use deid_gateway::config::{Limits, PixelRule, Profile};
use deid_gateway::deid::examine::examine;
use deid_gateway::deid::identifiers::{IdentifierKind, Identifiers};
use deid_gateway::deid::phi_text::Known;
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, OpenFileOptions};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::hint::black_box;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let file = arguments.next().expect("a DICOM file");
    let seconds: f64 = arguments.next().map_or(3.0, |text| text.parse().expect("seconds"));
    let object =
        OpenFileOptions::new().read_until(tags::PIXEL_DATA).open_file(&file).expect("a DICOM file");
    let class = object.meta().media_storage_sop_class_uid().trim_end_matches('\0').to_owned();
    let identifiers = identifiers(&file, class);
    let mut texts = Vec::new();
    collect(&object, &mut texts);
    let search = || {
        let known = Known::new(&identifiers);
        texts.iter().filter(|text| known.find(text).is_some()).count()
    };
    let prepare = || Known::new(&identifiers);
    let (search_ms, prepare_ms) = (mean_ms(seconds, search), mean_ms(seconds, prepare));
    println!(
        "{search_ms:.3} ms a header: {} identifiers made ready in {prepare_ms:.3} ms, {} texts, {} with one",
        identifiers.0.len(),
        texts.len(),
        search()
    );
    let known = Known::new(&identifiers);
    for megabytes in [1, 5, 25] {
        let text = long_text(&identifiers, megabytes * 1_000_000);
        let start = processor_time();
        let cleaned = black_box(known.clean(&text));
        let took = (processor_time() - start).as_secs_f64() * 1e3;
        println!(
            "text of {megabytes:2} MB: {took:7.0} ms, {:5.1} ms a MB, {} found",
            took / megabytes as f64,
            cleaned.removed.len()
        );
    }
}

fn identifiers(file: &str, sop_class: String) -> Identifiers {
    let scratch = tempfile::tempfile().expect("a file");
    let mut profile = Profile::named("tcia-like").expect("shipped");
    profile.pixels.insert(sop_class, PixelRule::Skip);
    let file = File::open(file).expect("readable");
    let limits = Limits::default();
    examine(&file, &profile, &limits, &scratch, &mut |_| Ok(())).expect("examined").identifiers
}

/// Every string of the data set, at every level.
fn collect(data_set: &InMemDicomObject, texts: &mut Vec<String>) {
    for element in data_set.iter() {
        if let Some(items) = element.items() {
            items.iter().for_each(|item| collect(item, texts));
        } else if let Ok(values) = element.to_multi_str() {
            texts.extend(values.iter().map(|value| value.trim().to_owned()));
        }
    }
}

/// Lines as a report has them, one in three with an identifier in it.
fn long_text(identifiers: &Identifiers, bytes: usize) -> String {
    let names = identifiers.0.iter().filter(|identifier| identifier.kind != IdentifierKind::Date);
    let names: Vec<&str> = names.map(|identifier| identifier.value.reveal().as_str()).collect();
    let lines = [
        "No focal lesion of the liver, spleen and pancreas, 12 mm cyst of the left kidney.",
        "Compared with the study before, the nodule in segment 6 did not change.",
        "Discussed with",
    ];
    let mut text = String::with_capacity(bytes + 200);
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(lines[number % lines.len()]);
        if number % lines.len() == 2 {
            text.push(' ');
            text.push_str(&names[number % names.len()].replace('^', " "));
        }
        text.push_str("\r\n");
    }
    text
}

/// What this process has had of the processors: what else the machine does plays no part.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The mean of many runs, after some to warm up.
fn mean_ms<T>(seconds: f64, mut once: impl FnMut() -> T) -> f64 {
    let mut repeated = |seconds: f64| {
        let (start, mut count) = (processor_time(), 0_u32);
        loop {
            black_box(once());
            count += 1;
            let took = (processor_time() - start).as_secs_f64();
            if took >= seconds {
                return took * 1e3 / f64::from(count);
            }
        }
    };
    repeated(0.3);
    repeated(seconds)
}
