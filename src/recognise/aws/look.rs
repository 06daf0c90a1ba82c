//! What Rekognition reads in the pictures of one object.
//!
//! The embedded reader has looked first: where it sees something like text, a region is cut out, once for
//! all pictures of a frame that show the same there. Regions are collected and asked about together.
//! Invariants: a region whose very pixels were read before is not asked about again; without the
//! pre-filter every picture is asked about whole; what the embedded reader found and Rekognition did not
//! stays a line.

use super::memory::Key;
use super::sheet::{Region, RegionLine, tiles};
use super::{AskError, Aws, StudyTag};
use crate::config::{Engine, Fallback};
use crate::deid::burned_in::is_text;
use crate::deid::picture::{Picture, PixelRect, TextLine, TextWord};
use std::collections::HashMap;
use std::sync::Arc;

/// What a region has around its lines, as a part of the height of a line.
const MARGIN: f32 = 0.6;
/// Regions are asked about when so many bytes of them wait.
const WAITING_BYTES: usize = 32 << 20;
/// A line of the embedded reader is told by Rekognition as well when this part of it is.
const COVERED: f32 = 0.7;
/// Regions that share more than this of the smaller one show the same place.
const SAME_PLACE: f32 = 0.5;

/// Collects what is to be read, and what was.
pub struct Look<'a> {
    aws: &'a Aws,
    study: StudyTag,
    frame: Option<u32>,
    of_frame: Vec<Candidate>,
    places: Vec<(u32, PixelRect, Key)>,
    waiting: Vec<(Key, Region)>,
    answers: HashMap<Key, Arc<Vec<RegionLine>>>,
    local: Vec<TextLine>,
    /// The services cannot be asked, and the embedded reader may stand in.
    local_alone: bool,
}

/// A part of a picture that may be asked about.
struct Candidate {
    frame: u32,
    area: PixelRect,
    /// What the embedded reader reads there: letters and digits.
    says: String,
    confidence: f32,
    region: Region,
}

impl<'a> Look<'a> {
    pub(super) fn new(aws: &'a Aws, study: StudyTag) -> Self {
        Self {
            aws,
            study,
            frame: None,
            of_frame: Vec::new(),
            places: Vec::new(),
            waiting: Vec::new(),
            answers: HashMap::new(),
            local: Vec::new(),
            local_alone: false,
        }
    }

    /// Takes a picture, and the lines that the embedded reader found in it or, late, in those before it.
    pub async fn see(&mut self, picture: &Picture, lines: Vec<TextLine>) -> Result<(), AskError> {
        if self.frame.replace(picture.frame) != Some(picture.frame) {
            self.settle();
        }
        let here = lines.iter().filter(|line| line.frame == picture.frame);
        // What the decision takes for noise is not worth a question.
        let here: Vec<_> = here.filter(|line| is_text(line)).collect();
        match self.aws.settings.prefilter {
            true => {
                for (area, lines) in regions(&here, picture) {
                    self.candidates(picture, area, &lines);
                }
            }
            false => {
                let whole =
                    PixelRect { left: 0, top: 0, right: picture.width, bottom: picture.height };
                self.candidates(picture, whole, &here);
            }
        }
        self.local.extend(lines);
        let bytes = |region: &Region| region.data.len();
        let waiting: usize = self.waiting.iter().map(|(_, region)| bytes(region)).sum();
        if waiting > WAITING_BYTES { self.ask().await } else { Ok(()) }
    }

    /// All lines of all pictures.
    pub async fn finish(mut self) -> Result<Vec<TextLine>, AskError> {
        self.settle();
        self.ask().await?;
        if self.local_alone {
            return Ok(self.local);
        }
        let mut read = Vec::new();
        for (frame, area, key) in &self.places {
            let Some(lines) = self.answers.get(key) else { continue };
            read.extend(lines.iter().map(|line| placed(line, *frame, *area)));
        }
        if self.aws.engine == Engine::Aws {
            let is_told = |line: &TextLine| is_covered(line, &read);
            self.local.retain(|line| !is_told(line));
        }
        read.append(&mut self.local);
        Ok(read)
    }

    fn candidates(&mut self, picture: &Picture, area: PixelRect, lines: &[&TextLine]) {
        for area in tiles(area) {
            let lines: Vec<_> =
                lines.iter().copied().filter(|line| line.area.shared(area) > 0).collect();
            let signs = lines.iter().flat_map(|line| line.text.reveal().chars());
            let says = signs.filter(|c| c.is_alphanumeric()).collect();
            let sum: f32 = lines.iter().map(|line| line.confidence).sum();
            let confidence = sum / lines.len().max(1) as f32;
            let region = Region::cut(picture, area, &lines);
            let frame = picture.frame;
            self.of_frame.push(Candidate { frame, area, says, confidence, region });
        }
    }

    /// Of the pictures of a frame, the one in which a place reads best stands for those that say the same.
    fn settle(&mut self) {
        let mut candidates = std::mem::take(&mut self.of_frame);
        candidates.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        let mut chosen: Vec<(PixelRect, String)> = Vec::new();
        for Candidate { frame, area, says, region, .. } in candidates {
            let same = |(other, said): &(PixelRect, String)| {
                let shared = area.shared(*other) as f32;
                *said == says && shared > SAME_PLACE * area.pixels().min(other.pixels()) as f32
            };
            // Without a pre-filter it is not for the embedded reader to say what is alike.
            if self.aws.settings.prefilter && chosen.iter().any(same) {
                continue;
            }
            chosen.push((area, says));
            let size = [region.width.to_le_bytes(), region.height.to_le_bytes()].concat();
            let key = self.aws.regions.key(&[&size, &region.data]);
            self.places.push((frame, area, key));
            if self.answers.contains_key(&key) || self.waiting.iter().any(|(k, _)| *k == key) {
                self.aws.counts.remembered();
            } else if let Some(answer) = self.aws.regions.get(&key) {
                self.aws.counts.remembered();
                self.answers.insert(key, answer);
            } else {
                self.waiting.push((key, region));
            }
        }
    }

    async fn ask(&mut self) -> Result<(), AskError> {
        let (keys, regions): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().unzip();
        if regions.is_empty() || self.local_alone {
            return Ok(());
        }
        match self.aws.read(regions, &self.study, 0).await {
            Ok(read) => {
                for (key, lines) in keys.into_iter().zip(read) {
                    let lines = Arc::new(lines);
                    self.aws.regions.put(key, Arc::clone(&lines));
                    self.answers.insert(key, lines);
                }
                Ok(())
            }
            Err(AskError::Unavailable(_)) if self.aws.settings.fallback == Fallback::Local => {
                self.aws.counts.fell_back();
                self.local_alone = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// The parts of a picture around its lines: lines whose surroundings touch are in one.
fn regions<'l>(lines: &[&'l TextLine], picture: &Picture) -> Vec<(PixelRect, Vec<&'l TextLine>)> {
    let mut regions: Vec<(PixelRect, Vec<&TextLine>)> = Vec::new();
    for line in lines {
        let (width, height) = (line.area.right - line.area.left, line.area.bottom - line.area.top);
        let margin = (MARGIN * width.min(height) as f32).ceil() as u32 + 4;
        let area = PixelRect {
            left: line.area.left.saturating_sub(margin),
            top: line.area.top.saturating_sub(margin),
            right: (line.area.right + margin).min(picture.width),
            bottom: (line.area.bottom + margin).min(picture.height),
        };
        let mut joined = (area, vec![*line]);
        // What was joined may touch what did not before.
        while let Some(at) = regions.iter().position(|(other, _)| other.shared(joined.0) > 0) {
            let (other, lines) = regions.swap_remove(at);
            joined.0 = joined.0.around(other);
            joined.1.extend(lines);
        }
        regions.push(joined);
    }
    regions.sort_by_key(|(area, _)| *area);
    regions
}

fn placed(line: &RegionLine, frame: u32, region: PixelRect) -> TextLine {
    let at = |area: PixelRect| area.moved(region.left, region.top);
    let words = line.words.iter();
    let words = words.map(|word| TextWord { area: at(word.area), bytes: word.bytes.clone() });
    TextLine {
        frame,
        area: at(line.area),
        text: line.text.clone(),
        confidence: line.confidence,
        unread: false,
        words: words.collect(),
    }
}

/// Whether most of a line lies in lines that were read.
fn is_covered(line: &TextLine, read: &[TextLine]) -> bool {
    let areas: Vec<_> =
        read.iter().filter(|other| other.frame == line.frame).map(|other| other.area).collect();
    let mut inside = 0_u64;
    for y in line.area.top..line.area.bottom {
        for x in line.area.left..line.area.right {
            inside += u64::from(areas.iter().any(|area| area.contains(x, y)));
        }
    }
    inside as f32 >= COVERED * line.area.pixels() as f32
}
