//! The pictures of one object, one after the other: what did not change is not read again.
//!
//! ```text
//! picture ─▶ one read whole before it? ─no──────────────────────────────────▶ read whole
//!              │ yes: what changed since?                                      ▲
//!              ├─ nothing, or nothing with more edges than known there ─▶ its lines stand
//!              ├─ lines that changed: their text is read anew ── unsure ───────┤
//!              ├─ more edges than known there: perhaps text ───────────────────┤
//!              └─ the last whole reading is `whole_every` pictures ago ────────┘
//! ```
//! Invariants: every picture is compared with one that was read whole, never with one that was not, so
//! that small changes add up; in doubt a picture is read whole; a line found in a picture read whole for no
//! other reason than its turn is taken to stand in all pictures since the one before, and the next turn
//! comes sooner.

use super::recogniser::blocking;
use super::strokes::{Strokes, Tiles};
use super::{DetectError, Recogniser};
use crate::deid::picture::{Picture, PixelRect, TextLine};
use std::sync::Arc;

/// Levels by which a pixel may differ and be the same: renderings of neighbouring frames are spread over
/// slightly different ranges.
const TOLERANCE: u8 = 4;
/// Larger pictures are not kept, and so each is read whole.
const KEPT_BYTES: usize = 32 << 20;
/// Most kinds of pictures of a frame that are followed.
const TRACKS: usize = 16;
/// With more changed lines, reading the whole costs no more.
const CHANGED_MAX: usize = 8;
/// A text that changed counts as read from this confidence on.
const SURE: f32 = 0.8;
/// Pixels by which letters that changed may stand beside those before.
const WOBBLE: u32 = 3;

/// Reads the pictures of one object in the order of their frames.
pub struct Sequence<'a> {
    recogniser: &'a Recogniser,
    whole_every: u32,
    frame: Option<u32>,
    /// Which picture of its frame comes next.
    position: usize,
    tracks: Vec<Option<Anchor>>,
}

/// The last picture that was read whole, of those at one position in their frames.
struct Anchor {
    picture: Picture,
    lines: Arc<Vec<TextLine>>,
    /// The most edges beside lines in all pictures that were read whole.
    edges: Strokes,
    /// Frames that stood for themselves since.
    since: Vec<u32>,
    /// After so many, the next is read whole.
    whole_every: u32,
}

/// What a picture is to those before it.
enum Judgement {
    /// Only these lines changed: their places in those of the anchor.
    Known { changed: Vec<usize>, same: bool },
    /// It may have other text.
    Other,
    /// It is its turn.
    Turn,
}

impl<'a> Sequence<'a> {
    /// A sequence in which at least every `whole_every`th picture is read whole.
    pub(super) fn new(recogniser: &'a Recogniser, whole_every: u32) -> Self {
        Self { recogniser, whole_every, frame: None, position: 0, tracks: Vec::new() }
    }

    /// The lines of text in a picture; and lines of frames before it that became known only now.
    pub async fn read(&mut self, picture: Picture) -> Result<Vec<TextLine>, DetectError> {
        self.position = if self.frame == Some(picture.frame) { self.position + 1 } else { 0 };
        self.frame = Some(picture.frame);
        let follows =
            self.whole_every > 1 && self.position < TRACKS && picture.data.len() <= KEPT_BYTES;
        if !follows {
            return self.recogniser.read(picture).await;
        }
        if self.tracks.len() <= self.position {
            self.tracks.resize_with(self.position + 1, || None);
        }
        match self.tracks[self.position].take() {
            None => self.begin(picture).await,
            Some(anchor) => self.follow(anchor, picture).await,
        }
    }

    /// Reads the first picture at its position.
    async fn begin(&mut self, picture: Picture) -> Result<Vec<TextLine>, DetectError> {
        let lines = Arc::new(self.recogniser.read(picture.clone()).await?);
        let of = Arc::clone(&lines);
        let whole_every = self.whole_every;
        let anchor = blocking(move || {
            let edges = Strokes::of(&picture, &areas(&of));
            Anchor { picture, lines: of, edges, since: Vec::new(), whole_every }
        });
        self.tracks[self.position] = Some(anchor.await?);
        Ok(lines.to_vec())
    }

    async fn follow(
        &mut self,
        anchor: Anchor,
        picture: Picture,
    ) -> Result<Vec<TextLine>, DetectError> {
        if (picture.width, picture.height, picture.samples, picture.enhanced)
            != (
                anchor.picture.width,
                anchor.picture.height,
                anchor.picture.samples,
                anchor.picture.enhanced,
            )
        {
            return self.begin(picture).await;
        }
        let frame = picture.frame;
        let (mut anchor, picture, judgement) = blocking(move || {
            let judgement = anchor.judge(&picture);
            (anchor, picture, judgement)
        })
        .await?;
        let turn = match judgement {
            Judgement::Known { changed, same } => {
                let again = self.again(&anchor, &picture, &changed).await?;
                if let Some(lines) = again {
                    if !same {
                        anchor.since.push(frame);
                    }
                    self.tracks[self.position] = Some(anchor);
                    return Ok(lines);
                }
                false
            }
            Judgement::Other => false,
            Judgement::Turn => true,
        };
        self.anew(anchor, picture, turn).await
    }

    /// Reads a picture whole and goes on from it.
    async fn anew(
        &mut self,
        anchor: Anchor,
        picture: Picture,
        turn: bool,
    ) -> Result<Vec<TextLine>, DetectError> {
        let lines = Arc::new(self.recogniser.read(picture.clone()).await?);
        let of = Arc::clone(&lines);
        let (anchor, missed) = blocking(move || anchor.replaced(picture, of, turn)).await?;
        self.tracks[self.position] = Some(anchor);
        Ok(lines.iter().cloned().chain(missed).collect())
    }

    /// The lines of a picture in which only `changed` ones of the anchor are not as they were; `None` if
    /// one of these cannot be read well.
    async fn again(
        &self,
        anchor: &Anchor,
        picture: &Picture,
        changed: &[usize],
    ) -> Result<Option<Vec<TextLine>>, DetectError> {
        let mut lines: Vec<TextLine> = anchor.lines.to_vec();
        lines.iter_mut().for_each(|line| line.frame = picture.frame);
        // What could not be read before goes whatever it is now.
        let read: Vec<usize> = changed.iter().copied().filter(|at| !lines[*at].unread).collect();
        if read.is_empty() {
            return Ok(Some(lines));
        }
        let areas = read.iter().map(|at| lines[*at].area).collect();
        let readings = self.recogniser.read_areas(picture.clone(), areas).await?;
        for (at, (text, confidence)) in read.into_iter().zip(readings) {
            let line = &mut lines[at];
            if confidence < SURE.min(line.confidence) {
                return Ok(None);
            }
            line.area = grown(line.area, picture);
            (line.text, line.confidence) = (text, confidence);
        }
        Ok(Some(lines))
    }
}

impl Anchor {
    fn judge(&self, picture: &Picture) -> Judgement {
        let tiles = Tiles::changed(&self.picture, picture, TOLERANCE);
        if tiles.is_empty() {
            let same = self.picture.data == picture.data;
            if !same && self.since.len() as u32 + 1 >= self.whole_every {
                return Judgement::Turn;
            }
            return Judgement::Known { changed: Vec::new(), same };
        }
        if self.since.len() as u32 + 1 >= self.whole_every {
            return Judgement::Turn;
        }
        let lines = areas(&self.lines);
        let changed: Vec<usize> = (0..lines.len())
            .filter(|at| differs(&self.picture, picture, grown(lines[*at], picture)))
            .collect();
        if changed.len() > CHANGED_MAX {
            return Judgement::Other;
        }
        match Strokes::within(picture, &lines, &tiles).has_more_than(&self.edges, &tiles) {
            true => Judgement::Other,
            false => Judgement::Known { changed, same: false },
        }
    }

    /// The anchor that a picture is from now on, and the lines that must be taken to stand in the pictures
    /// that were not read whole.
    fn replaced(
        mut self,
        picture: Picture,
        lines: Arc<Vec<TextLine>>,
        turn: bool,
    ) -> (Self, Vec<TextLine>) {
        let mut missed = Vec::new();
        if turn {
            for line in lines.iter().filter(|line| !is_known(line.area, &self.lines)) {
                let there =
                    self.since.iter().map(|frame| TextLine { frame: *frame, ..line.clone() });
                missed.extend(there);
            }
            if !missed.is_empty() {
                self.whole_every = (self.whole_every / 2).max(1);
                tracing::debug!(frame = picture.frame, "text that did not show as a change");
            }
        }
        self.edges.learn(&Strokes::of(&picture, &areas(&lines)));
        self.since.clear();
        (Self { picture, lines, ..self }, missed)
    }
}

fn areas(lines: &[TextLine]) -> Vec<PixelRect> {
    lines.iter().map(|line| line.area).collect()
}

fn grown(area: PixelRect, picture: &Picture) -> PixelRect {
    PixelRect {
        left: area.left.saturating_sub(WOBBLE),
        top: area.top.saturating_sub(WOBBLE),
        right: (area.right + WOBBLE).min(picture.width),
        bottom: (area.bottom + WOBBLE).min(picture.height),
    }
}

/// Whether some sample in `area` is not the same.
fn differs(one: &Picture, other: &Picture, area: PixelRect) -> bool {
    let samples = usize::from(one.samples);
    (area.top..area.bottom).any(|y| {
        let start = |x: u32| (y as usize * one.width as usize + x as usize) * samples;
        let range = start(area.left)..start(area.right);
        let pairs = one.data[range.clone()].iter().zip(&other.data[range]);
        pairs.into_iter().any(|(a, b)| a.abs_diff(*b) > TOLERANCE)
    })
}

/// Whether most of an area lies in areas of `lines`.
fn is_known(area: PixelRect, lines: &[TextLine]) -> bool {
    let (mut all, mut inside) = (0_u64, 0_u64);
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            all += 1;
            inside += u64::from(lines.iter().any(|line| line.area.contains(x, y)));
        }
    }
    inside * 4 >= all * 3
}

#[cfg(test)]
mod tests;
