//! The palette of a PNG: the colour of boxes goes into it, and what no pixel shows goes out of it.

use super::png::Png;
use super::{ImageWork, failed};
use crate::deid::hold::Hold;

impl Png {
    /// Which entries of the palette the pixels use, but those in the areas.
    pub(super) fn used(&self, but: Option<&ImageWork>) -> [bool; 256] {
        let mut used = [false; 256];
        let width = usize::from(self.raster.layout.columns).max(1);
        for (at, index) in self.raster.frame.data.iter().enumerate() {
            let is_in = |work: &ImageWork| {
                let (x, y) = ((at % width) as u32, (at / width) as u32);
                work.areas.iter().any(|area| area.contains(x, y))
            };
            if !used[usize::from(*index)] && !but.is_some_and(is_in) {
                used[usize::from(*index)] = true;
            }
        }
        used
    }

    pub(super) fn add_to_palette(&mut self, work: &ImageWork, used: &[bool; 256]) {
        let most = 1 << self.raster.layout.bits_stored;
        let Some(palette) = &mut self.raster.layout.palette else { return };
        let unused = |(index, _): &(usize, &mut [u8; 3])| !used[*index];
        let mut has_room = false;
        for (index, entry) in palette.entries.iter_mut().enumerate().filter(unused) {
            *entry = work.colour.0;
            if let Some(alpha) = self.raster.palette_alpha.get_mut(index) {
                *alpha = 0xFF;
            }
            has_room = true;
        }
        if !has_room && !work.areas.is_empty() && palette.entries.len() < most {
            palette.entries.push(work.colour.0);
        }
    }

    /// Checks that the palette of a result holds no colour that is not shown, but one.
    pub fn check_palette(&self) -> Result<(), Hold> {
        let Some(palette) = &self.raster.layout.palette else { return Ok(()) };
        let used = self.used(None);
        let mut unused = palette.entries.iter().enumerate().filter(|(index, _)| !used[*index]);
        let first = unused.next().map(|(_, entry)| entry);
        match unused.all(|(_, entry)| Some(entry) == first) {
            true => Ok(()),
            false => Err(failed("colours that no pixel has")),
        }
    }
}
