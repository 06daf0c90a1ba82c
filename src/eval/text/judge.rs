//! One picture: which of its lines were found, how they were read, and which pixels go.

use super::truth::{Image, Line};
use crate::deid::picture::{PixelRect, TextLine};
use crate::eval::data_set::DataSet;
use crate::eval::pixels::Raster;
use crate::worker::Look;
use std::path::Path;

/// This part of a line's ink makes it found, or hidden.
const FOUND: f32 = 0.9;
/// A line that may stay has stayed if no more of its ink is gone.
const STAYED: f32 = 0.1;
/// Pixels of the picture around a miss, on its page.
const AROUND: u32 = 24;

/// What became of a line.
pub struct LineVerdict {
    /// In every frame that has it, its ink is under what was read.
    pub found: bool,
    /// The frames that have it, and those of them in which it was found.
    pub frames: (usize, usize),
    /// In every frame, under boxes that go.
    pub hidden: bool,
    /// In every frame, clear of them.
    pub stayed: bool,
    /// Letters that are in no reading of it, and letters in all, where it was found and read.
    pub wrong: Option<(usize, usize)>,
    /// Where it was not found, or not hidden: frame and picture.
    pub miss: Option<Miss>,
}

/// A part of a frame, as RGB.
pub struct Miss {
    pub frame: u32,
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

/// What became of a picture.
pub struct ImageVerdict {
    pub held: bool,
    pub frames: u32,
    pub lines: Vec<LineVerdict>,
    /// Pixels of the file, and those of them that go though they have no text.
    pub pixels: u64,
    pub hidden_without_text: u64,
}

/// An error says why the truth cannot be that of the file.
pub type Verdict = Result<ImageVerdict, &'static str>;

/// Judges a picture; without a look, it was held.
pub fn judge(image: &Image, path: &Path, look: Option<&Look>) -> Verdict {
    let object = DataSet::open(path)?;
    let raster = Raster::of(&object.object);
    let raster = raster.ok_or("it has no Pixel Data that can be read")?;
    let [width, height, frames] = raster.size();
    let inside = |line: &Line| {
        line.frames.1 <= frames
            && line.ink.iter().all(|(row, column, length)| {
                *row < height && column.saturating_add(*length) <= width
            })
    };
    if !image.lines.iter().all(inside) {
        return Err("a line is not inside of the picture");
    }
    let Some(look) = look else {
        return Ok(ImageVerdict {
            held: true,
            frames,
            lines: Vec::new(),
            pixels: 0,
            hidden_without_text: 0,
        });
    };
    let seen = Seen::of(look, frames);
    let lines = image.lines.iter().map(|line| {
        let verdict = judge_line(line, &seen);
        let missed = !verdict.found || (!line.keep && !verdict.hidden);
        let miss = missed.then(|| picture(line, &seen, &raster));
        LineVerdict { miss, ..verdict }
    });
    let lines = lines.collect();
    let area = u64::from(width) * u64::from(height);
    Ok(ImageVerdict {
        held: false,
        frames,
        lines,
        pixels: area * u64::from(frames),
        hidden_without_text: (0..frames).map(|f| surplus(f, image, &seen, width)).sum(),
    })
}

/// What was seen, by frame.
struct Seen<'a> {
    lines: Vec<Vec<&'a TextLine>>,
    boxes: Vec<Vec<PixelRect>>,
}

impl<'a> Seen<'a> {
    fn of(look: &'a Look, frames: u32) -> Self {
        let frames = frames as usize;
        let mut seen = Self { lines: vec![Vec::new(); frames], boxes: vec![Vec::new(); frames] };
        for line in &look.lines {
            if let Some(lines) = seen.lines.get_mut(line.frame as usize) {
                lines.push(line);
            }
        }
        for hidden in &look.redaction.boxes {
            if let Some(boxes) = seen.boxes.get_mut(hidden.frame as usize) {
                boxes.push(hidden.area);
            }
        }
        seen
    }

    fn areas(&self, frame: u32) -> Vec<PixelRect> {
        self.lines[frame as usize].iter().map(|line| line.area).collect()
    }
}

fn judge_line(line: &Line, seen: &Seen<'_>) -> LineVerdict {
    let frames = line.frames.0..line.frames.1;
    let hidden = |frame: u32| covered(line, &seen.boxes[frame as usize]);
    let found_in =
        frames.clone().filter(|frame| covered(line, &seen.areas(*frame)) >= FOUND).count();
    let found = found_in == frames.len();
    let first = &seen.lines[line.frames.0 as usize];
    LineVerdict {
        found,
        frames: (frames.len(), found_in),
        hidden: frames.clone().all(|frame| hidden(frame) >= FOUND),
        stayed: frames.clone().all(|frame| hidden(frame) <= STAYED),
        wrong: if found { wrong(line, first) } else { None },
        miss: None,
    }
}

/// The part of a line's ink that is in one of `areas`.
fn covered(line: &Line, areas: &[PixelRect]) -> f32 {
    let pixels = line.ink.iter().flat_map(|(row, column, length)| {
        (*column..*column + *length).map(move |column| (column, *row))
    });
    let (mut all, mut inside) = (0_u32, 0_u32);
    for (x, y) in pixels {
        all += 1;
        inside += u32::from(areas.iter().any(|area| area.contains(x, y)));
    }
    inside as f32 / all.max(1) as f32
}

/// Letters that differ in the reading nearest to the truth, of those that touch the line.
fn wrong(line: &Line, read: &[&TextLine]) -> Option<(usize, usize)> {
    let [left, top, right, bottom] = line.area;
    let letters = |text: &str| -> Vec<char> {
        text.chars().filter(|letter| !letter.is_whitespace()).collect()
    };
    let truth = letters(line.text.reveal());
    let touching = read.iter().filter(|other| {
        let area = other.area;
        area.left < right && left < area.right && area.top < bottom && top < area.bottom
    });
    let readings = touching.map(|other| letters(other.text.reveal())).filter(|r| !r.is_empty());
    let distances = readings.map(|reading| distance(&truth, &reading));
    distances.min().map(|wrong| (wrong.min(truth.len()), truth.len()))
}

/// Insertions, deletions and replacements between two texts.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

/// Pixels of a frame that go and are in no line's box, with a little room around it.
fn surplus(frame: u32, image: &Image, seen: &Seen<'_>, width: u32) -> u64 {
    let boxes = &seen.boxes[frame as usize];
    let there = image.lines.iter().filter(|l| (l.frames.0..l.frames.1).contains(&frame));
    let text: Vec<PixelRect> = there
        .map(|line| {
            let [left, top, right, bottom] = line.area;
            let room = (line.height / 2.0).ceil() as u32 + 6;
            PixelRect {
                left: left.saturating_sub(room),
                top: top.saturating_sub(room),
                right: right.saturating_add(room),
                bottom: bottom.saturating_add(room),
            }
        })
        .collect();
    let mut gone = std::collections::BTreeSet::new();
    for area in boxes {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                if !text.iter().any(|text| text.contains(x, y)) {
                    gone.insert(u64::from(y) * u64::from(width) + u64::from(x));
                }
            }
        }
    }
    gone.len() as u64
}

/// The first frame in which a line was missed, around it.
fn picture(line: &Line, seen: &Seen<'_>, raster: &Raster<'_>) -> Miss {
    let missed = |frame: &u32| {
        let areas =
            if line.keep { seen.areas(*frame) } else { seen.boxes[*frame as usize].clone() };
        covered(line, &areas) < FOUND
    };
    let frame = (line.frames.0..line.frames.1).find(missed).unwrap_or(line.frames.0);
    let [left, top, right, bottom] = line.area;
    let area = [
        left.saturating_sub(AROUND),
        top.saturating_sub(AROUND),
        right.saturating_add(AROUND),
        bottom.saturating_add(AROUND),
    ];
    let (width, height, rgb) = raster.picture(frame as usize, area.map(|side| side as usize));
    Miss { frame, width: width as u32, height: height as u32, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phi::Phi;

    fn line(frames: (u32, u32)) -> Line {
        Line {
            text: Phi::new("JO 1".into()),
            keep: false,
            height: 7.0,
            contrast: 40.0,
            turned: 0.0,
            frames,
            area: [10, 10, 20, 12],
            ink: vec![(10, 10, 10), (11, 10, 10)],
        }
    }

    fn read(frame: u32, right: u32, text: &str) -> TextLine {
        let area = PixelRect { left: 8, top: 8, right, bottom: 14 };
        TextLine {
            frame,
            area,
            text: Phi::new(text.into()),
            confidence: 0.9,
            unread: false,
            words: Vec::new(),
        }
    }

    #[test]
    fn a_line_is_found_where_nearly_all_of_its_ink_is_in_every_frame() {
        let (whole, part) = (read(0, 20, "J01"), read(1, 18, "JO1"));
        let seen = |lines: Vec<Vec<&'static TextLine>>| Seen { boxes: vec![vec![]; 2], lines };
        let (whole, part): (&'static _, &'static _) =
            (Box::leak(Box::new(whole)), Box::leak(Box::new(part)));
        let verdict = judge_line(&line((0, 2)), &seen(vec![vec![whole], vec![whole]]));
        assert!(verdict.found && !verdict.hidden && verdict.stayed);
        assert_eq!(verdict.wrong, Some((1, 3)));
        assert!(!judge_line(&line((0, 2)), &seen(vec![vec![whole], vec![part]])).found);
        assert!(judge_line(&line((0, 1)), &seen(vec![vec![whole], vec![part]])).found);
    }

    #[test]
    fn a_distance_counts_every_edit() {
        let distance = |a: &str, b: &str| {
            distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        assert_eq!(
            [distance("", "ab"), distance("kitten", "sitting"), distance("a", "a")],
            [2, 3, 0]
        );
    }

    #[test]
    fn what_goes_beside_text_is_counted_once() {
        let image = Image { file: String::new(), lines: vec![line((0, 1))] };
        let area = PixelRect { left: 100, top: 100, right: 110, bottom: 110 };
        let boxes = vec![vec![area, area, PixelRect { left: 8, top: 8, right: 22, bottom: 14 }]];
        let seen = Seen { lines: vec![vec![]], boxes };
        assert_eq!(surplus(0, &image, &seen, 200), 100);
    }
}
