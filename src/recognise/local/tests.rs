//! Text drawn with a bitmap font on synthetic pictures: found, read and covered, or rightly not.

use super::*;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

fn detector() -> &'static LocalDetector {
    static DETECTOR: OnceLock<LocalDetector> = OnceLock::new();
    DETECTOR.get_or_init(|| LocalDetector::load(2, "").unwrap())
}

/// A picture, and the ink of each line drawn on it.
struct Page {
    picture: Picture,
    lines: Vec<(&'static str, Vec<(u32, u32)>)>,
}

impl Page {
    fn new(width: u32, height: u32, samples: u8, level: impl Fn(u32, u32) -> u8) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let data = pixels.flat_map(|(x, y)| vec![level(x, y); usize::from(samples)]).collect();
        let picture = Picture { frame: 7, width, height, samples, enhanced: false, data };
        Self { picture, lines: Vec::new() }
    }

    fn flat(width: u32, height: u32, samples: u8, level: u8) -> Self {
        Self::new(width, height, samples, |_, _| level)
    }

    /// `text` in `level`, with its top left corner at (`x`, `y`); `down`: turned to the right.
    fn write(
        mut self,
        at: [u32; 2],
        text: &'static str,
        size: RasterHeight,
        level: u8,
        down: bool,
    ) -> Self {
        let mut ink = Vec::new();
        let mut start = 0;
        for letter in text.chars() {
            let glyph = get_raster(letter, FontWeight::Regular, size).unwrap();
            for (row, line) in glyph.rows().enumerate() {
                for (column, strength) in line.iter().enumerate() {
                    let (along, across) = (start + column as u32, row as u32);
                    let last = size.val() as u32 - 1;
                    let (x, y) = if down { (last - across, along) } else { (along, across) };
                    if *strength > 0 {
                        self.blend(at[0] + x, at[1] + y, level, *strength);
                    }
                    if *strength > 100 {
                        ink.push((at[0] + x, at[1] + y));
                    }
                }
            }
            start += glyph.width() as u32;
        }
        self.lines.push((text, ink));
        self
    }

    fn blend(&mut self, x: u32, y: u32, level: u8, strength: u8) {
        let samples = usize::from(self.picture.samples);
        let at = (y * self.picture.width + x) as usize * samples;
        for value in &mut self.picture.data[at..at + samples] {
            let (new, old) = (u32::from(level), u32::from(*value));
            let part = u32::from(strength);
            *value = ((new * part + old * (255 - part)) / 255) as u8;
        }
    }

    /// Every line was read once and its ink is covered; nothing else was found.
    fn check(&self) {
        let found = detector().read(&self.picture).unwrap();
        for (text, ink) in &self.lines {
            let reading: Vec<&TextLine> =
                found.iter().filter(|line| folded(line.text.reveal()) == folded(text)).collect();
            assert_eq!(reading.len(), 1, "{text} among {:?}", readings(&found));
            assert!(reading[0].confidence > 0.5 && reading[0].frame == 7);
            let inside = ink.iter().filter(|(x, y)| reading[0].area.contains(*x, *y)).count();
            assert!(inside * 100 >= ink.len() * 95, "{text}: {inside} of {}", ink.len());
        }
        assert_eq!(found.len(), self.lines.len(), "{:?}", readings(&found));
    }
}

/// Drawn text names nobody, so a failed test may show it.
fn readings(lines: &[TextLine]) -> Vec<(&String, PixelRect)> {
    lines.iter().map(|line| (line.text.reveal(), line.area)).collect()
}

fn folded(text: &str) -> String {
    let letters = text.nfkc().filter(|letter| letter.is_alphanumeric());
    letters
        .flat_map(char::to_uppercase)
        .map(|letter| if letter == 'O' { '0' } else { letter })
        .collect()
}

/// Repeatable noise of `range` levels above `base`.
fn noise(base: u8, range: u32) -> impl Fn(u32, u32) -> u8 {
    move |x, y| {
        let mut bits = x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
        base + ((bits ^ (bits >> 13)) % range) as u8
    }
}

use RasterHeight::{Size16, Size24, Size32};

#[test]
fn light_text_on_dark_grey_is_read_at_every_size_and_at_the_borders() {
    Page::flat(512, 384, 1, 12)
        .write([0, 0], "MRN0012345", Size16, 220, false)
        .write([300, 60], "DOE^JANE", Size24, 200, false)
        .write([40, 160], "2019-04-30 11:52", Size32, 255, false)
        .write([432, 368], "F 047Y 3T", Size16, 160, false)
        .check();
}

#[test]
fn dark_text_on_light_colour_is_read() {
    Page::flat(400, 300, 3, 230)
        .write([10, 20], "SMITH, ROBERT", Size16, 20, false)
        .write([90, 120], "ACC 7719023", Size24, 60, false)
        .write([30, 260], "CENTRAL HOSPITAL", Size32, 0, false)
        .check();
}

#[test]
fn text_on_noise_is_read() {
    Page::new(480, 320, 1, noise(20, 60))
        .write([200, 12], "KOWALSKI^ANNA", Size16, 240, false)
        .write([16, 240], "DOB 02/11/1957", Size24, 230, false)
        .check();
    Page::new(480, 320, 3, noise(170, 60))
        .write([24, 100], "PATIENT 99120", Size32, 10, false)
        .check();
}

#[test]
fn text_that_runs_downwards_is_read() {
    Page::flat(300, 400, 1, 10)
        .write([4, 20], "GARCIA^MARIA", Size24, 210, true)
        .write([250, 60], "MRN8820417", Size16, 255, true)
        .check();
}

#[test]
fn small_text_in_the_overlap_of_two_pieces_is_found_once() {
    // Pieces of a side of 2000 meet at 920..1080, those of 1800 at 820..980.
    Page::new(2000, 1800, 1, noise(10, 12))
        .write([900, 880], "OKAFOR^CHIDI 1984-07-12", Size16, 200, false)
        .write([1700, 1780], "ID 440917", Size16, 200, false)
        .check();
}

#[test]
fn a_line_longer_than_the_overlap_is_found_once() {
    let text = "NAME DOE^JANE MRN 0012345 DOB 1957-11-02 CENTRAL HOSPITAL";
    Page::flat(1600, 200, 1, 0).write([340, 90], text, Size32, 220, false).check();
}

#[test]
fn pictures_without_text_have_no_lines() {
    Page::new(512, 512, 1, |x, y| ((x + y) / 4) as u8).check();
    Page::new(400, 300, 3, noise(0, 255)).check();
    Page::new(300, 300, 1, |x, y| {
        let from_centre = (f64::from(x) - 150.0).hypot(f64::from(y) - 150.0);
        if (100.0..112.0).contains(&from_centre) { 200 } else { 30 }
    })
    .check();
}

#[test]
fn thin_and_tiny_pictures_have_no_lines() {
    for (width, height) in [(1, 1), (3, 2), (1, 700), (700, 1), (31, 33), (3000, 2)] {
        for samples in [1, 3] {
            Page::new(width, height, samples, noise(0, 255)).check();
        }
    }
}

#[test]
fn lines_in_scripts_without_a_dictionary_are_found_unread() {
    let bytes = include_bytes!("../../../testdata/pixels/scripts.png");
    let image = image::load_from_memory(bytes).unwrap().to_luma8();
    let (width, height) = image.dimensions();
    let data = image.into_raw();
    let picture = Picture { frame: 0, width, height, samples: 1, enhanced: false, data };
    let found = detector().read(&picture).unwrap();
    for (number, script) in
        ["Cyrillic", "Greek", "Arabic", "Devanagari", "Hangul", "Thai"].iter().enumerate()
    {
        let rows = number as u32 * 48..(number as u32 + 1) * 48;
        let pixels = rows.flat_map(|y| (0..width).map(move |x| (x, y)));
        let ink = pixels.filter(|(x, y)| picture.data[(y * width + x) as usize] > 100);
        let ink: Vec<(u32, u32)> = ink.collect();
        let covered = |(x, y): &&(u32, u32)| found.iter().any(|line| line.area.contains(*x, *y));
        let inside = ink.iter().filter(covered).count();
        assert!(inside * 100 >= ink.len() * 95, "{script}: {inside} of {}", ink.len());
    }
    assert!(found.iter().filter(|line| line.unread).count() >= 2, "{:?}", readings(&found));
    assert!(found.iter().all(|line| line.unread == line.text.reveal().is_empty()));
}

#[test]
fn single_letters_of_an_enhanced_picture_are_noise() {
    let mut page = Page::flat(320, 160, 1, 120)
        .write([20, 20], "DOE^JANE", Size24, 255, false)
        .write([240, 110], "A", Size24, 255, false);
    page.check();
    page.picture.enhanced = true;
    page.lines.pop();
    page.check();
}

#[test]
fn the_number_of_threads_does_not_change_the_result() {
    let page = Page::new(320, 200, 1, noise(20, 60))
        .write([30, 20], "DOE^JANE", Size16, 220, false)
        .write([60, 120], "12.03.1944", Size24, 220, false);
    let alone = LocalDetector::load(1, "").unwrap().read(&page.picture).unwrap();
    assert_eq!(alone.len(), 2);
    for _ in 0..2 {
        assert_eq!(detector().read(&page.picture).unwrap(), alone);
    }
}

#[test]
fn lines_that_say_the_same_in_the_same_place_become_one() {
    let line = |text: &str, left, right| TextLine {
        frame: 0,
        area: PixelRect { left, top: 10, right, bottom: 30 },
        text: Phi::new(text.to_owned()),
        confidence: 0.9,
        unread: false,
        words: Vec::new(),
    };
    let lines = vec![
        line("JANE", 60, 112),
        line("DOE^JANE", 10, 110),
        line("JANE", 200, 240),
        line("JOHN", 60, 112),
    ];
    let kept = without_duplicates(lines);
    assert_eq!(readings(&kept).len(), 3);
    assert_eq!(kept[0].area, PixelRect { left: 10, top: 10, right: 112, bottom: 30 });
}
