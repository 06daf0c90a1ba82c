//! The frames of a result as a reader displays them first: for pictures beside it.

use super::examine::StepError;
use super::hold::{Hold, HoldReason};
use super::picture::Picture;
use super::pixels::{Frame, PixelLayout, Voi, clear_unused_bits, render};
use super::transcode::Opened;
use crate::config::Limits;
use std::fs::File;

/// Shows every frame of the result in `input`, once each and in their order; how many there are.
pub fn display(
    input: &File,
    limits: &Limits,
    scratch: &File,
    show: &mut impl FnMut(Picture) -> Result<(), StepError>,
) -> Result<u32, StepError> {
    let opened = Opened::new(input, limits, scratch)?;
    let Some(mut frames) = opened.frames else { return Ok(0) };
    let voi = Voi::read(&opened.header);
    let layout = frames.output_layout().clone();
    for index in 0..layout.frames {
        let mut frame = frames.frame(index)?;
        clear_unused_bits(&mut frame, &layout);
        show(displayed(&frame, &layout, &voi)?)?;
    }
    Ok(layout.frames)
}

/// In its colours, or by its own window; black if every pixel is the same.
fn displayed(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Result<Picture, Hold> {
    let pictures = match render(frame, layout, voi) {
        Err(hold) if hold.reason != HoldReason::DetectionFailed => return Err(hold),
        pictures => pictures.unwrap_or_default(),
    };
    let samples = if layout.samples_per_pixel == 3 || layout.palette.is_some() { 3 } else { 1 };
    let mut plain = pictures.into_iter().filter(|picture| !picture.enhanced);
    Ok(plain.find(|picture| picture.samples == samples).unwrap_or_else(|| Picture {
        frame: frame.index,
        width: layout.columns.into(),
        height: layout.rows.into(),
        samples: 1,
        enhanced: false,
        data: vec![0; layout.pixels() as usize],
    }))
}
