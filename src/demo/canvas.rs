//! A picture that is being made: shades, then text that knows where its ink is.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// Coverage of a pixel from which it counts as ink.
const INK: u8 = 128;

/// A line of text on a picture, and whether the gateway has to hide it.
#[derive(Debug, Clone)]
pub struct PlacedText {
    pub string: String,
    /// Its pixels, as positions in the frame.
    pub ink: Vec<usize>,
    pub hide: bool,
}

/// How a line of text is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Pen<const N: usize> {
    pub size: RasterHeight,
    /// Pixels for each pixel of the font.
    pub scale: u32,
    pub ink: [u16; N],
}

/// A picture of `N` samples per pixel.
pub struct Canvas<const N: usize> {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<[u16; N]>,
    pub text: Vec<PlacedText>,
}

impl<const N: usize> Canvas<N> {
    /// A picture whose every pixel is what `shade` says of its column and row.
    pub fn shaded(width: u32, height: u32, mut shade: impl FnMut(u32, u32) -> [u16; N]) -> Self {
        let rows = 0..height;
        let pixels = rows.flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = pixels.map(|(x, y)| shade(x, y)).collect();
        Self { width, height, pixels, text: Vec::new() }
    }

    /// Text that identifies somebody.
    pub fn identifying(&mut self, at: (u32, u32), string: &str, pen: Pen<N>) {
        self.write(at, string, pen, true);
    }

    /// Text that every profile for research wants to keep.
    pub fn technical(&mut self, at: (u32, u32), string: &str, pen: Pen<N>) {
        self.write(at, string, pen, false);
    }

    fn write(&mut self, (left, top): (u32, u32), string: &str, pen: Pen<N>, hide: bool) {
        let mut ink = Vec::new();
        let mut x = left;
        for character in string.chars() {
            let Some(glyph) = get_raster(character, FontWeight::Regular, pen.size) else {
                continue;
            };
            let (width, height) =
                (glyph.width() as u32 * pen.scale, glyph.height() as u32 * pen.scale);
            for (dx, dy) in (0..height).flat_map(|dy| (0..width).map(move |dx| (dx, dy))) {
                let (column, row) = (dx / pen.scale, dy / pen.scale);
                let cover = glyph.pixel(column as usize, row as usize).unwrap_or(0);
                let (x, y) = (x + dx, top + dy);
                if cover == 0 || x >= self.width || y >= self.height {
                    continue;
                }
                let index = (y * self.width + x) as usize;
                self.pixels[index] = blended(self.pixels[index], pen.ink, cover);
                if cover >= INK {
                    ink.push(index);
                }
            }
            x += width;
        }
        self.text.push(PlacedText { string: string.to_owned(), ink, hide });
    }
}

fn blended<const N: usize>(under: [u16; N], ink: [u16; N], cover: u8) -> [u16; N] {
    let cover = u32::from(cover);
    let blend = |i: usize| (u32::from(under[i]) * (255 - cover) + u32::from(ink[i]) * cover) / 255;
    std::array::from_fn(|i| blend(i) as u16)
}
