//! The text of an object's pictures in reading order, with the place of every character.
//!
//! Invariants: a page has text of one frame alone, and no place of it twice, though several pictures of
//! a frame show it; lines side by side that are far apart do not run into each other; a range of a page
//! reaches every word that it overlaps, also where it begins in one line and ends in the next.

use super::phi_text::Why;
use super::picture::{PixelRect, TextLine};
use crate::phi::Phi;
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines that share more of the smaller one are the same place, read twice.
const SAME_PLACE: f32 = 0.3;
/// Lines of a block are no farther apart than this many times the height of a line, below each other
/// and side by side.
const BELOW: f32 = 0.9;
const BESIDE: f32 = 2.0;

/// One page of text.
#[derive(Debug)]
pub struct Page {
    /// Its lines, each in its own or after a space where they stand side by side.
    pub text: Phi<String>,
    /// The bytes of each block, which is read by itself.
    pub blocks: Vec<Range<usize>>,
    /// The lines, by their numbers, and the bytes of the page that each is.
    places: Vec<(usize, Range<usize>)>,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of the line among those that the pages were made of.
    pub line: usize,
    /// Bytes of its text.
    pub bytes: Range<usize>,
}

/// A part of a line that has to go.
#[derive(Debug, Clone)]
pub struct Marked<T = Why> {
    pub part: Part,
    pub why: T,
}

impl Page {
    /// The pages of all frames: as many of a frame as places of it were read, at most.
    pub fn of(lines: &[&TextLine]) -> Vec<Self> {
        let mut frames: BTreeMap<u32, Vec<Vec<usize>>> = BTreeMap::new();
        for (number, line) in lines.iter().enumerate() {
            let layers = frames.entry(line.frame).or_default();
            let is_taken = |other: &usize| is_same_place(line.area, lines[*other].area);
            match layers.iter_mut().find(|layer| !layer.iter().any(is_taken)) {
                Some(layer) => layer.push(number),
                None => layers.push(vec![number]),
            }
        }
        frames.into_values().flatten().map(|layer| Self::written(lines, layer)).collect()
    }

    fn written(lines: &[&TextLine], layer: Vec<usize>) -> Self {
        let (mut text, mut places, mut parts) = (String::new(), Vec::new(), Vec::new());
        for block in blocks(lines, layer) {
            let begin = text.len();
            for row in block {
                for number in row {
                    let begin = text.len();
                    text.push_str(lines[number].text.reveal());
                    places.push((number, begin..text.len()));
                    text.push(' ');
                }
                text.pop();
                text.push('\n');
            }
            parts.push(begin..text.len() - 1);
            text.push('\n');
        }
        Self { text: Phi::new(text), blocks: parts, places }
    }

    /// The bytes of the page that some code points of a block are.
    pub fn bytes(&self, block: usize, chars: Range<usize>) -> Range<usize> {
        let Some(block) = self.blocks.get(block) else { return 0..0 };
        let text = &self.text.reveal()[block.clone()];
        let byte = |at| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
        block.start + byte(chars.start)..block.start + byte(chars.end)
    }

    /// The parts of lines that a range of the page covers.
    pub fn parts(&self, range: Range<usize>) -> impl Iterator<Item = Part> + '_ {
        self.places.iter().filter_map(move |(line, place)| {
            let (begin, end) = (range.start.max(place.start), range.end.min(place.end));
            (begin < end)
                .then(|| Part { line: *line, bytes: begin - place.start..end - place.start })
        })
    }
}

/// The areas of a line that a part of it is: its words that are covered, even in part; the whole line
/// where a sign of the part is in no word that has a place.
pub fn areas(line: &TextLine, bytes: &Range<usize>) -> Vec<PixelRect> {
    let covered = |word: &Range<usize>| word.start < bytes.end && bytes.start < word.end;
    let words: Vec<_> = line.words.iter().filter(|word| covered(&word.bytes)).collect();
    let is_placed = |at: usize| words.iter().any(|word| word.bytes.contains(&at));
    let text = line.text.reveal().get(bytes.clone()).unwrap_or_default();
    let mut signs = text.char_indices().filter(|(_, sign)| !sign.is_whitespace());
    match !words.is_empty() && signs.all(|(at, _)| is_placed(bytes.start + at)) {
        true => words.into_iter().map(|word| word.area).collect(),
        false => vec![line.area],
    }
}

fn is_same_place(one: PixelRect, other: PixelRect) -> bool {
    let shared = one.shared(other) as f32;
    shared > SAME_PLACE * one.pixels().min(other.pixels()) as f32
}

/// The lines in blocks of rows, in reading order.
fn blocks(lines: &[&TextLine], mut layer: Vec<usize>) -> Vec<Vec<Vec<usize>>> {
    layer.sort_by_key(|number| (lines[*number].area.top, lines[*number].area.left));
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for number in layer {
        let area = lines[number].area;
        let near = |block: &Vec<usize>| block.iter().any(|o| is_near(area, lines[*o].area));
        let (mut joined, apart): (Vec<_>, Vec<_>) = blocks.into_iter().partition(near);
        joined.push(vec![number]);
        blocks = apart;
        blocks.push(joined.concat());
    }
    let corner = |block: &[usize]| {
        let top = block.iter().map(|number| lines[*number].area.top).min();
        (top, block.iter().map(|number| lines[*number].area.left).min())
    };
    blocks.sort_by_key(|block| corner(block));
    blocks.into_iter().map(|block| rows(lines, block)).collect()
}

fn rows(lines: &[&TextLine], mut block: Vec<usize>) -> Vec<Vec<usize>> {
    let middle = |number: usize| (lines[number].area.top + lines[number].area.bottom) / 2;
    block.sort_by_key(|number| (middle(*number), lines[*number].area.left));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for number in block {
        let within = |area: PixelRect| (area.top..area.bottom).contains(&middle(number));
        match rows.last_mut() {
            Some(row) if within(lines[row[0]].area) => row.push(number),
            _ => rows.push(vec![number]),
        }
    }
    rows.iter_mut().for_each(|row| row.sort_by_key(|number| lines[*number].area.left));
    rows
}

/// Whether two lines are of one block.
fn is_near(one: PixelRect, other: PixelRect) -> bool {
    let height = (one.bottom - one.top).max(other.bottom - other.top) as f32;
    let gap = |low: u32, high: u32| low.saturating_sub(high) as f32;
    let beside = gap(one.left, other.right).max(gap(other.left, one.right));
    let below = gap(one.top, other.bottom).max(gap(other.top, one.bottom));
    match beside > 0.0 {
        true => below == 0.0 && beside <= BESIDE * height,
        false => below <= BELOW * height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::picture::TextWord;

    fn line(frame: u32, text: &str, left: u32, top: u32) -> TextLine {
        let area = PixelRect {
            left,
            top,
            right: left + 10 * text.chars().count() as u32,
            bottom: top + 20,
        };
        TextLine {
            frame,
            area,
            text: Phi::new(text.into()),
            confidence: 0.9,
            unread: false,
            words: Vec::new(),
        }
    }

    fn texts(lines: &[TextLine]) -> Vec<String> {
        let lines: Vec<_> = lines.iter().collect();
        Page::of(&lines).into_iter().map(|page| page.text.reveal().clone()).collect()
    }

    #[test]
    fn lines_are_in_reading_order_and_columns_and_frames_apart() {
        let lines = [
            line(0, "DR WHO", 400, 10),
            line(0, "ANN", 12, 34),
            line(0, "SMITHSON", 10, 10),
            line(1, "OTHER", 10, 10),
            line(0, "65%", 70, 60),
            line(0, "GAIN", 10, 62),
        ];
        assert_eq!(texts(&lines), ["SMITHSON\nANN\nGAIN 65%\n\nDR WHO\n\n", "OTHER\n\n"]);
    }

    #[test]
    fn a_place_that_was_read_twice_is_on_two_pages() {
        let lines = [line(0, "SMITH", 10, 10), line(0, "SMlTH", 12, 11), line(0, "LEFT", 10, 34)];
        assert_eq!(texts(&lines), ["SMITH\nLEFT\n\n", "SMlTH\n\n"]);
    }

    #[test]
    fn a_range_over_two_lines_marks_both_and_code_points_are_no_bytes() {
        let lines = [line(0, "é😀 JÜRGEN", 10, 10), line(0, "MÜLLER LEFT", 10, 34)];
        let page = Page::of(&lines.iter().collect::<Vec<_>>()).remove(0);
        // "JÜRGEN\nMÜLLER": from the 4th code point, 13 of them
        let range = page.bytes(0, 3..16);
        assert_eq!(&page.text.reveal()[range.clone()], "JÜRGEN\nMÜLLER");
        let parts: Vec<_> = page.parts(range).collect();
        let text = |part: &Part| lines[part.line].text.reveal()[part.bytes.clone()].to_owned();
        assert_eq!(parts.iter().map(text).collect::<Vec<_>>(), ["JÜRGEN", "MÜLLER"]);
    }

    #[test]
    fn a_word_that_is_covered_in_part_goes_whole() {
        let mut both = line(0, "ANN SMITH", 10, 10);
        assert_eq!(areas(&both, &(0..2)), [both.area]);
        let word = |left, bytes| TextWord {
            area: PixelRect { left, right: left + 30, ..both.area },
            bytes,
        };
        let words = vec![word(10, 0..3), word(50, 4..9)];
        both.words = words;
        assert_eq!(areas(&both, &(6..7)), [both.words[1].area]);
        assert_eq!(areas(&both, &(2..5)).len(), 2);
        both.words.pop();
        assert_eq!(areas(&both, &(2..5)), [both.area], "a part of it has no place");
    }
}
