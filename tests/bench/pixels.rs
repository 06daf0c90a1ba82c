//! What blanking an encapsulated object costs: every frame decoded, a box of it filled, and encoded again as
//! `transfer_syntax = "same"` does it, with the checks that belong to that. Once, so that the processor time
//! of the process can be measured from outside.
//!
//!     cargo bench --bench pixels -- FILE OUT [PASSES]
//!
//! Prints the processor time of a pass in milliseconds.

use deid_gateway::deid::picture::PixelRect;
use deid_gateway::deid::pixels::{
    FrameSource, PixelElement, PixelLayout, PixelLimits, PixelLocation, encapsulate,
};
use dicom_dictionary_std::tags;
use dicom_object::OpenFileOptions;
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let file = arguments.next().expect("a DICOM file with encapsulated pixels");
    let out = arguments.next().expect("where the pixels go");
    let passes: u32 = arguments.next().map_or(1, |text| text.parse().expect("a number"));
    let start = processor_time();
    for _ in 0..passes {
        blank(&file, &out);
    }
    println!("{:.1}", (processor_time() - start).as_secs_f64() * 1e3 / f64::from(passes));
}

fn blank(file: &str, out: &str) {
    let object =
        OpenFileOptions::new().read_until(tags::PIXEL_DATA).open_file(file).expect("a DICOM file");
    let syntax = object.meta().transfer_syntax().to_owned();
    let limits = PixelLimits::default();
    let element = PixelElement::Integer;
    let layout = PixelLayout::read(&object, element, &limits).expect("a layout");
    let head = b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF";
    let bytes = std::fs::read(file).expect("readable");
    let at = bytes.windows(head.len()).position(|part| part == head).expect("pixels");
    let location = PixelLocation { offset: (at + head.len()) as u64, length: None, element };
    drop(bytes);
    let opened = File::open(file).expect("readable");
    let mut source =
        FrameSource::open(opened, &syntax, &layout, location, &limits).expect("frames");
    let scratch = tempfile::tempfile().expect("a file");
    let area = PixelRect { left: 40, top: 40, right: 340, bottom: 80 };
    let encapsulated = encapsulate(&mut source, |_| vec![area], &scratch).expect("no hold");
    let encapsulated = encapsulated.expect("every frame has an encoder");
    let mut out = File::create(out).expect("writable");
    encapsulated.write(&scratch, &mut out).expect("written");
}

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
