//! Text that Amazon Rekognition reads and Amazon Comprehend Medical marks, through the real SDK, and how
//! little of it has to be asked.

use crate::harness::{
    Asked, CREDENTIALS, Cloud, Sample, Site, Storescp, assert_absent, assert_not_readable, cloud,
    judge, judge_all, sample, storescu,
};
use dicom_dictionary_std::tags;
use std::path::Path;

/// Sends samples through a gateway that asks, and stops it; what it logged.
fn through(site: &Site, samples: &[Sample]) -> String {
    let gateway = site.start_with(&CREDENTIALS);
    let paths: Vec<_> = samples.iter().map(|sample| sample.path.as_path()).collect();
    storescu(gateway.port, &[], &paths);
    // Each has the whole time of a wait: reading takes turns.
    for ended in 1..=samples.len() {
        site.wait_jobs(|site| site.jobs().get("ended").is_some_and(|jobs| *jobs >= ended));
    }
    let log = gateway.stderr();
    gateway.stop();
    for sample in samples {
        assert_absent(&sample.identifiers, log.as_bytes(), "the log");
    }
    log
}

/// The samples of an area, row by row, of an object of one frame and native pixels.
fn area(path: &Path, [left, top, right, bottom]: [usize; 4]) -> Vec<Vec<u8>> {
    let object = dicom_object::open_file(path).expect("readable");
    let number = |tag| object.element(tag).expect("present").to_int::<usize>().expect("a number");
    let bytes = number(tags::BITS_ALLOCATED) / 8 * number(tags::SAMPLES_PER_PIXEL);
    let row = number(tags::COLUMNS) * bytes;
    let pixels = object.element(tags::PIXEL_DATA).expect("pixels").to_bytes().expect("bytes");
    let row = |y: usize| pixels[y * row + left * bytes..y * row + right * bytes].to_vec();
    (top..bottom).map(row).collect()
}

/// Asserts that every text to hide is one value, and every other text what it was.
fn judge_text(sample: &Sample, result: &Path) {
    for text in &sample.text {
        let (before, after) = (area(&sample.path, text.area), area(result, text.area));
        match text.hide {
            true => {
                let mut values = after.iter().flatten();
                let first = values.next().expect("pixels");
                assert!(values.all(|value| value == first), "text at {:?} is left", text.area);
            }
            false => assert_eq!(before, after, "technique at {:?} changed", text.area),
        }
    }
}

#[test]
fn a_radiograph_loses_names_ids_and_dates_and_keeps_technique_through_both_services() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "phi");
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let samples = cloud(&site.path("in"), &["radiograph"]);
    through(&site, &samples);
    let received = research.received();
    judge(&samples[0].path, &received[0]);
    judge_text(&samples[0], &received[0]);
    assert_not_readable(&samples[0], &received[0]);
    let classified = aws.texts().concat();
    assert!(classified.contains("OKONKWO"), "Comprehend Medical was asked");
    assert!(aws.calls(Asked::Rekognition) <= 2, "{}", aws.calls(Asked::Rekognition));
    assert!(aws.calls(Asked::Comprehend) <= 1, "{}", aws.calls(Asked::Comprehend));
}

#[test]
fn colour_and_pictures_that_are_not_square_lose_what_identifies_and_nothing_else() {
    let aws = Cloud::start();
    let site = aws.site("both", "phi");
    let samples = sample(&site.path("in"), &["--us", "1", "--cr", "1"]);
    through(&site, &samples);
    judge_all(&samples, &site.delivered());
    for sample in &samples {
        let results = site.delivered();
        let mine = |path: &&std::path::PathBuf| {
            crate::harness::instance_number(path) == crate::harness::instance_number(&sample.path)
        };
        judge_text(sample, results.iter().find(mine).expect("delivered"));
    }
}

#[test]
fn slices_without_text_are_not_asked_about_and_one_banner_once_however_many_show_it() {
    let aws = Cloud::start();
    let site = aws.site("aws", "all-text");
    let plain = sample(&site.path("plain"), &["--ct", "6"]);
    through(&site, &plain);
    assert_eq!((aws.calls(Asked::Rekognition), aws.calls(Asked::Comprehend)), (0, 0));
    // That the count does not depend on the number is what 6 show: the region is the same in all.
    let site = aws.site("aws", "all-text");
    let samples = cloud(&site.path("in"), &["slices", "6"]);
    through(&site, &samples);
    judge_all(&samples, &site.delivered());
    assert!((1..=10).contains(&aws.calls(Asked::Rekognition)), "{:?}", aws.pictures());
    assert_not_readable(&samples[0], &site.delivered()[0]);
}

#[test]
fn a_cine_of_a_hundred_frames_takes_five_calls_at_most() {
    let aws = Cloud::start();
    let site = aws.site("aws", "all-text");
    let samples = cloud(&site.path("in"), &["cine", "100"]);
    through(&site, &samples);
    judge_all(&samples, &site.delivered());
    assert!((1..=5).contains(&aws.calls(Asked::Rekognition)), "{:?}", aws.pictures());
}

#[test]
fn two_radiographs_take_four_and_two_calls_at_most_and_verifying_takes_none() {
    let aws = Cloud::start();
    let mut site = aws.site("both", "phi");
    let samples = sample(&site.path("in"), &["--cr", "2"]);
    through(&site, &samples);
    let calls = (aws.calls(Asked::Rekognition), aws.calls(Asked::Comprehend));
    assert!(calls.0 <= 4 && calls.1 <= 2, "{calls:?}");
    // Without the pre-filter every picture of an original is sent whole; those of results, which are
    // others, would be too.
    site = aws.site("both", "all-text");
    site.set("aws.prefilter", false);
    let samples = sample(&site.path("in"), &["--us", "1"]);
    let before = aws.calls(Asked::Rekognition);
    through(&site, &samples);
    assert_eq!(aws.calls(Asked::Rekognition) - before, 1, "{:?}", aws.pictures());
}

#[test]
fn a_page_of_more_words_than_are_told_is_asked_about_in_parts() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "all-text");
    site.set("aws.prefilter", false);
    site.set("aws.attempt_timeout_ms", 60_000);
    site.set("aws.operation_timeout_ms", 100_000);
    let samples = cloud(&site.path("in"), &["dense", "150"]);
    through(&site, &samples);
    judge_text(&samples[0], &site.delivered()[0]);
    assert!(aws.untold_words() > 0, "one picture had more words than are told");
    assert!(aws.calls(Asked::Rekognition) >= 5, "it was cut: {:?}", aws.pictures());
}
