//! Regions of pictures on sheets that Rekognition takes: several small ones on one, with gutters between.
//!
//! Invariants: a region is on a sheet once and whole; what is read in a gutter belongs to the region that
//! holds most of it; small letters are enlarged by whole factors, so that places are exact.

use crate::deid::picture::{Picture, PixelRect, TextLine, TextWord};
use crate::phi::Phi;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::collections::BTreeMap;

/// The longest side of a region; larger ones are cut.
pub const REGION_SIDE: u32 = 1600;
/// What parts of a cut region share: more than most words are long.
const OVERLAP: u32 = 240;
/// The sides of a sheet.
const SHEET_SIDE: u32 = 1664;
/// Rekognition takes nothing smaller.
const SHEET_SIDE_MIN: u32 = 80;
const GUTTER: u32 = 24;
/// So many words may be expected on a sheet: Rekognition tells 100 at most.
const EXPECTED_WORDS: usize = 60;
/// Lines lower than this many pixels are enlarged.
const LOW: u32 = 18;
const ENLARGED: u32 = 2;
/// A word's box is grown by so many pixels: services draw them tightly.
const PAD: f32 = 2.0;

/// A part of a picture.
#[derive(Clone)]
pub struct Region {
    pub width: u32,
    pub height: u32,
    /// RGB, row by row.
    pub data: Vec<u8>,
    /// How many words the embedded reader saw in it.
    pub words: usize,
    /// Whether its letters are small.
    pub small: bool,
}

/// A line that was read in a region, with places in it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionLine {
    pub text: Phi<String>,
    pub area: PixelRect,
    pub confidence: f32,
    pub words: Vec<TextWord>,
}

/// A word as Rekognition tells it, with ratios of the sheet.
#[derive(Debug, Clone)]
pub struct Word {
    pub text: Phi<String>,
    /// The number of its line.
    pub line: i32,
    /// 0 to 1.
    pub confidence: f32,
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

/// Where a region lies on its sheet.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Among all regions.
    region: usize,
    left: u32,
    top: u32,
    scale: u32,
    /// On the sheet.
    width: u32,
    height: u32,
}

/// Regions that are sent together.
pub struct Sheet {
    width: u32,
    height: u32,
    places: Vec<Place>,
}

impl Region {
    /// Cuts a part out of a picture; `lines` are those that the embedded reader found in it.
    pub fn cut(picture: &Picture, area: PixelRect, lines: &[&TextLine]) -> Self {
        let samples = usize::from(picture.samples);
        let mut data = Vec::with_capacity(area.pixels() as usize * 3);
        for y in area.top..area.bottom {
            let at = |x: u32| (y as usize * picture.width as usize + x as usize) * samples;
            let row = &picture.data[at(area.left)..at(area.right)];
            match samples {
                1 => data.extend(row.iter().flat_map(|grey| [*grey; 3])),
                _ => data.extend_from_slice(row),
            }
        }
        let words = lines.iter().map(|line| line.text.reveal().split_whitespace().count().max(2));
        let height = |line: &&TextLine| {
            let (width, height) =
                (line.area.right - line.area.left, line.area.bottom - line.area.top);
            width.min(height)
        };
        Self {
            width: area.right - area.left,
            height: area.bottom - area.top,
            data,
            words: words.sum(),
            small: lines.iter().map(height).min().is_some_and(|height| height < LOW),
        }
    }

    fn scale(&self) -> u32 {
        let fits = self.width.max(self.height) * ENLARGED <= REGION_SIDE;
        if self.small && fits { ENLARGED } else { 1 }
    }

    /// This region in four parts that overlap, each with its corner; none if it is too small for that.
    pub fn quarters(&self) -> Option<Vec<(u32, u32, Self)>> {
        let half = |side: u32| side / 2 + OVERLAP.min(side / 4) / 2;
        let (width, height) = (half(self.width), half(self.height));
        if width < SHEET_SIDE_MIN || height < SHEET_SIDE_MIN {
            return None;
        }
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let part = |(right, lower): (u32, u32)| {
            let (left, top) = (right * (self.width - width), lower * (self.height - height));
            let row = |y: u32| {
                let at = |x: u32| (y as usize * self.width as usize + x as usize) * 3;
                &self.data[at(left)..at(left + width)]
            };
            let data = (top..top + height).flat_map(|y| row(y).iter().copied()).collect();
            let words = self.words / 2;
            (left, top, Self { width, height, data, words, small: self.small })
        };
        Some(corners.map(part).into())
    }
}

impl Sheet {
    /// Puts regions on as few sheets as their sides and words allow, in rows.
    pub fn pack(regions: &[Region]) -> Vec<Self> {
        let mut sheets: Vec<Self> = Vec::new();
        let (mut left, mut top, mut row_height, mut words) = (GUTTER, GUTTER, 0, 0);
        for (number, region) in regions.iter().enumerate() {
            let scale = region.scale();
            let (width, height) = (region.width * scale, region.height * scale);
            if left > GUTTER && left + width + GUTTER > SHEET_SIDE {
                (left, top, row_height) = (GUTTER, top + row_height + GUTTER, 0);
            }
            let is_full = words > 0 && words + region.words > EXPECTED_WORDS
                || top > GUTTER && top + height + GUTTER > SHEET_SIDE;
            if is_full || sheets.is_empty() {
                sheets.push(Self { width: 0, height: 0, places: Vec::new() });
                (left, top, row_height, words) = (GUTTER, GUTTER, 0, 0);
            }
            let Some(sheet) = sheets.last_mut() else { continue };
            sheet.places.push(Place { region: number, left, top, scale, width, height });
            sheet.width = sheet.width.max(left + width + GUTTER).max(SHEET_SIDE_MIN);
            sheet.height = sheet.height.max(top + height + GUTTER).max(SHEET_SIDE_MIN);
            left += width + GUTTER;
            row_height = row_height.max(height);
            words += region.words;
        }
        sheets
    }

    /// The numbers of its regions.
    pub fn regions(&self) -> Vec<usize> {
        self.places.iter().map(|place| place.region).collect()
    }

    /// The sheet as an RGB PNG of 8 bits; none if it cannot be encoded.
    pub fn png(&self, regions: &[Region]) -> Option<Vec<u8>> {
        let mut sheet = RgbImage::new(self.width, self.height);
        for place in &self.places {
            let region = &regions[place.region];
            let source = RgbImage::from_raw(region.width, region.height, region.data.clone())?;
            let scaled = match place.scale {
                1 => source,
                _ => image::imageops::resize(
                    &source,
                    place.width,
                    place.height,
                    image::imageops::FilterType::CatmullRom,
                ),
            };
            image::imageops::replace(&mut sheet, &scaled, place.left.into(), place.top.into());
        }
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
            .write_image(&sheet, self.width, self.height, ExtendedColorType::Rgb8)
            .ok()?;
        Some(png)
    }

    /// The lines of each of its regions, of words that were read on the sheet. A line that runs over a gutter
    /// is one in each.
    pub fn lines(&self, words: &[Word], regions: &[Region]) -> Vec<(usize, Vec<RegionLine>)> {
        let mut of_places: Vec<BTreeMap<i32, Vec<(&Word, PixelRect)>>> =
            vec![BTreeMap::new(); self.places.len()];
        for word in words {
            let Some((index, area)) = self.place_of(word, regions) else { continue };
            of_places[index].entry(word.line).or_default().push((word, area));
        }
        let lines = |words: Vec<(&Word, PixelRect)>| line(&words);
        self.places
            .iter()
            .zip(of_places)
            .map(|(place, of)| (place.region, of.into_values().filter_map(lines).collect()))
            .collect()
    }

    /// The place that holds most of a word, and the word's box in its region.
    fn place_of(&self, word: &Word, regions: &[Region]) -> Option<(usize, PixelRect)> {
        let (width, height) = (self.width as f32, self.height as f32);
        let (left, top) = (word.left * width, word.top * height);
        let (right, bottom) = (left + word.width * width, top + word.height * height);
        let shared = |place: &Place| {
            let within = |low: f32, high: f32, begin: u32, side: u32| {
                (high.min((begin + side) as f32) - low.max(begin as f32)).max(0.0)
            };
            within(left, right, place.left, place.width)
                * within(top, bottom, place.top, place.height)
        };
        let (index, place) = self
            .places
            .iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| shared(one).total_cmp(&shared(other)))?;
        let region = &regions[place.region];
        let scale = place.scale as f32;
        let near = |at: f32, begin: u32| (((at - begin as f32) / scale) - PAD).floor().max(0.0);
        let far = |at: f32, begin: u32| (((at - begin as f32) / scale) + PAD).ceil().max(0.0);
        let area = PixelRect {
            left: near(left, place.left) as u32,
            top: near(top, place.top) as u32,
            right: far(right, place.left) as u32,
            bottom: far(bottom, place.top) as u32,
        };
        Some((index, area.clipped(region.width, region.height)?))
    }
}

fn line(words: &[(&Word, PixelRect)]) -> Option<RegionLine> {
    let (mut text, mut placed) = (String::new(), Vec::new());
    for (word, area) in words {
        if !text.is_empty() {
            text.push(' ');
        }
        let begin = text.len();
        text.push_str(word.text.reveal());
        placed.push(TextWord { area: *area, bytes: begin..text.len() });
    }
    let area = words.iter().map(|(_, area)| *area).reduce(|one, other| one.around(other))?;
    let confidence = words.iter().map(|(word, _)| word.confidence).sum::<f32>();
    let confidence = confidence / words.len() as f32;
    Some(RegionLine { text: Phi::new(text), area, confidence, words: placed })
}

/// An area in parts no longer than a region may be, which overlap.
pub fn tiles(area: PixelRect) -> Vec<PixelRect> {
    let steps = |begin: u32, end: u32| {
        let mut steps = Vec::new();
        let mut at = begin;
        loop {
            let last = (at + REGION_SIDE).min(end);
            steps.push((at, last));
            if last == end {
                return steps;
            }
            at = last - OVERLAP;
        }
    };
    let columns = steps(area.left, area.right);
    let rows = steps(area.top, area.bottom);
    let tile = |(top, bottom): (u32, u32)| {
        let row = columns.iter().map(move |(left, right)| PixelRect {
            left: *left,
            top,
            right: *right,
            bottom,
        });
        row.collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(tile).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(width: u32, height: u32, small: bool) -> Region {
        let data = vec![7; (width * height * 3) as usize];
        Region { width, height, data, words: 2, small }
    }

    fn word(text: &str, line: i32, left: f32, top: f32, width: f32, height: f32) -> Word {
        Word { text: Phi::new(text.into()), line, confidence: 0.9, left, top, width, height }
    }

    #[test]
    fn a_word_is_found_again_in_its_region_also_when_that_is_not_square_and_enlarged() {
        let regions = [region(300, 40, false), region(100, 50, true)];
        let sheets = Sheet::pack(&regions);
        assert_eq!(sheets.len(), 1);
        let sheet = &sheets[0];
        // The second stands to the right of the first, twice as large.
        let place = sheet.places[1];
        assert_eq!((place.left, place.top, place.width, place.height), (348, 24, 200, 100));
        let ratio = |x: u32, side: u32| x as f32 / side as f32;
        let words = [word(
            "ANN",
            1,
            ratio(place.left + 20, sheet.width),
            ratio(place.top + 10, sheet.height),
            ratio(60, sheet.width),
            ratio(30, sheet.height),
        )];
        let lines = sheet.lines(&words, &regions);
        assert!(lines[0].1.is_empty());
        let area = lines[1].1[0].area;
        let inner = PixelRect { left: 10, top: 5, right: 40, bottom: 20 };
        assert_eq!(area.around(inner), area, "the box holds the word");
        assert!(area.pixels() < 2 * inner.pixels(), "{area:?}");
    }

    #[test]
    fn a_line_over_a_gutter_is_one_in_each_region() {
        let regions = [region(100, 40, false), region(100, 40, false)];
        let sheet = &Sheet::pack(&regions)[0];
        let (width, height) = (sheet.width as f32, sheet.height as f32);
        let at = |text, left: f32| {
            word(text, 5, left / width, 30.0 / height, 40.0 / width, 20.0 / height)
        };
        let lines = sheet.lines(&[at("ONE", 30.0), at("TWO", 150.0)], &regions);
        assert_eq!(lines[0].1[0].text.reveal(), "ONE");
        assert_eq!(lines[1].1[0].text.reveal(), "TWO");
    }

    #[test]
    fn sheets_are_full_by_sides_or_by_words_and_never_too_small() {
        let many: Vec<_> = (0..100).map(|_| region(300, 40, false)).collect();
        let sheets = Sheet::pack(&many);
        assert_eq!(sheets.len(), 4, "60 words a sheet");
        let large: Vec<_> = (0..3).map(|_| region(1600, 1600, false)).collect();
        assert_eq!(Sheet::pack(&large).len(), 3);
        let tiny = [region(3, 2, false)];
        let sheet = &Sheet::pack(&tiny)[0];
        assert!(sheet.width >= 80 && sheet.height >= 80);
        let png = sheet.png(&tiny).expect("a PNG");
        assert_eq!(image::load_from_memory(&png).expect("reads").to_rgb8().width(), 80);
        let regions: Vec<usize> = sheets.iter().flat_map(Sheet::regions).collect();
        assert_eq!(regions, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn large_areas_are_cut_into_parts_that_overlap() {
        let area = PixelRect { left: 0, top: 0, right: 4000, bottom: 1000 };
        let tiles = tiles(area);
        assert_eq!(tiles.len(), 3);
        assert!(tiles.windows(2).all(|pair| pair[0].right - pair[1].left == OVERLAP));
        assert_eq!(tiles.iter().copied().reduce(PixelRect::around), Some(area));
        let quarters = region(400, 200, false).quarters().expect("large enough");
        assert_eq!(quarters.len(), 4);
        let (left, top, last) = &quarters[3];
        assert_eq!((left + last.width, top + last.height), (400, 200));
        assert!(region(100, 100, false).quarters().is_none());
    }
}
