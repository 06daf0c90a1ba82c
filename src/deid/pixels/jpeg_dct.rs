//! Blanking parts of a DCT-coded JPEG without decoding it (ITU-T T.81 Annex F): the coefficients of blocks
//! under a box are replaced, and all others are written again as they were read. No second loss.
//!
//! Taken is what modalities write: sequential, Huffman-coded, 8 bits, one scan. Whole MCUs become black,
//! so more than the box changes.

use super::fill::{fill, is_filled};
use super::huffman::{BitWriter, MAX_CODE, Table, size_of};
use super::jpeg;
use super::layout::PixelLayout;
use super::source::Frame;
use crate::deid::picture::PixelRect;

/// Coefficients of a block, in zigzag order.
type Block = [i32; 64];
/// The four tables of each class that a codestream may define.
type Tables<T> = [Option<T>; 4];

/// What black is in each component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Black {
    /// The lowest value in the first component; those of colour differences are in their middle.
    Luminance,
    /// The lowest value in every component.
    Lowest,
    /// The highest value, of the only component.
    Highest,
}

/// A codestream with black MCUs, and what of its picture may have changed.
pub(super) struct Redacted {
    pub codestream: Vec<u8>,
    /// Whole MCUs, with the border into which subsampled colours reach.
    pub changed: Vec<PixelRect>,
}

/// Blanks the boxes of a frame in its bare codestream; none if a decoder does not find them black and
/// everything else as it was.
pub(super) fn redact_frame(
    bare: &[u8],
    boxes: &[PixelRect],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Option<Vec<u8>> {
    let black = jpeg::Codestream::read(bare).ok()?.black(source)?;
    let redacted = redact(bare, boxes, black)?;
    let decoded = |codestream: &[u8]| {
        Some(Frame { index: 0, data: jpeg::decode(codestream, source, output).ok()? })
    };
    let (mut before, mut after) = (decoded(bare)?, decoded(&redacted.codestream)?);
    if !boxes.iter().all(|area| is_filled(&after, output, *area)) {
        return None;
    }
    for area in &redacted.changed {
        fill(&mut before, output, *area);
        fill(&mut after, output, *area);
    }
    (before == after).then_some(redacted.codestream)
}

/// Blanks every MCU that a box touches; `bare` is a codestream without what no decoder needs. None for
/// a form that is not taken here.
pub(super) fn redact(bare: &[u8], boxes: &[PixelRect], black: Black) -> Option<Redacted> {
    let stream = Stream::read(bare)?;
    let reach = stream.reach();
    let (width, height) = stream.mcu_pixels();
    let hit: Vec<PixelRect> = boxes.iter().map(|area| grown(*area, reach, width, height)).collect();
    let is_hit = |column: usize, row: usize| {
        let (x, y) = ((column * width) as u32, (row * height) as u32);
        hit.iter().any(|area| area.contains(x, y))
    };
    let mut counts = [[[0_u64; 256]; 4]; 2];
    stream.transcode(is_hit, black, &mut Count(&mut counts))?;
    let mut out = stream.before.clone();
    let tables = counts.map(|class| class.map(|counts| Table::best(&counts)));
    for (class, tables) in (0..).zip(&tables) {
        for (id, table) in (0..).zip(tables).filter(|(_, table)| !table.symbols.is_empty()) {
            table.write(class << 4 | id, &mut out);
        }
    }
    out.extend_from_slice(stream.scan_header);
    let mut writer = Write { tables: &tables, bits: BitWriter::new(out) };
    stream.transcode(is_hit, black, &mut writer)?;
    writer.bits.marker(0xD9);
    let border = |area: &PixelRect| PixelRect {
        left: area.left.saturating_sub(reach),
        top: area.top.saturating_sub(reach),
        right: area.right.saturating_add(reach),
        bottom: area.bottom.saturating_add(reach),
    };
    let changed = hit.iter().map(border).collect();
    Some(Redacted { codestream: writer.bits.finish(), changed })
}

/// A box with what reaches into it, out to whole MCUs.
fn grown(area: PixelRect, reach: u32, width: usize, height: usize) -> PixelRect {
    let (width, height) = (width as u32, height as u32);
    let down = |at: u32, unit: u32| at.saturating_sub(reach) / unit * unit;
    let up = |at: u32, unit: u32| at.saturating_add(reach).div_ceil(unit).saturating_mul(unit);
    PixelRect {
        left: down(area.left, width),
        top: down(area.top, height),
        right: up(area.right, width),
        bottom: up(area.bottom, height),
    }
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    horizontal: usize,
    vertical: usize,
    quantisation: u8,
    dc_table: usize,
    ac_table: usize,
}

/// A codestream, taken apart.
struct Stream<'a> {
    /// Everything before the scan but Huffman tables.
    before: Vec<u8>,
    scan_header: &'a [u8],
    data: &'a [u8],
    rows: usize,
    columns: usize,
    components: Vec<Component>,
    dc: Tables<Decoding>,
    ac: Tables<Decoding>,
    /// What the first coefficient is multiplied by, by table.
    dc_steps: Tables<i32>,
    restart_interval: usize,
}

impl<'a> Stream<'a> {
    fn read(bare: &'a [u8]) -> Option<Self> {
        let mut stream = Self {
            before: bare.get(..2)?.to_vec(),
            scan_header: &[],
            data: &[],
            rows: 0,
            columns: 0,
            components: Vec::new(),
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            dc_steps: [None; 4],
            restart_interval: 0,
        };
        let mut at = 2;
        loop {
            let [0xFF, marker, high, low] = *bare.get(at..at + 4)? else { return None };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let segment = bare.get(at..at + 2 + length)?;
            let body = segment.get(4..)?;
            at += segment.len();
            match marker {
                0xC0 | 0xC1 => stream.read_frame_header(body)?,
                0xC4 => {
                    stream.read_huffman(body)?;
                    continue;
                }
                0xDB => stream.read_quantisation(body)?,
                0xDD => {
                    stream.restart_interval =
                        usize::from(u16::from_be_bytes(body.try_into().ok()?));
                }
                0xDA => {
                    stream.read_scan_header(body)?;
                    stream.scan_header = segment;
                    // The scan is the only one: what follows is its data and the end.
                    let data = bare.get(at..)?;
                    stream.data = data.strip_suffix(&[0xFF, 0xD9])?;
                    return Some(stream);
                }
                0xE0 | 0xEE => {}
                _ => return None,
            }
            stream.before.extend_from_slice(segment);
        }
    }

    fn read_frame_header(&mut self, body: &[u8]) -> Option<()> {
        let [8, y0, y1, x0, x1, _, specs @ ..] = body else { return None };
        self.rows = usize::from(u16::from_be_bytes([*y0, *y1]));
        self.columns = usize::from(u16::from_be_bytes([*x0, *x1]));
        for spec in specs.chunks_exact(3) {
            let (horizontal, vertical) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
                return None;
            }
            self.components.push(Component {
                id: spec[0],
                horizontal,
                vertical,
                quantisation: spec[2],
                dc_table: 0,
                ac_table: 0,
            });
        }
        matches!(self.components.len(), 1 | 3).then_some(())
    }

    fn read_scan_header(&mut self, body: &[u8]) -> Option<()> {
        let [count, rest @ ..] = body else { return None };
        let specs = rest.get(..2 * usize::from(*count))?;
        if rest[specs.len()..] != [0, 63, 0] || usize::from(*count) != self.components.len() {
            return None;
        }
        for (component, spec) in self.components.iter_mut().zip(specs.chunks_exact(2)) {
            if component.id != spec[0] {
                return None;
            }
            component.dc_table = usize::from(spec[1] >> 4);
            component.ac_table = usize::from(spec[1] & 15);
            self.dc.get(component.dc_table)?.as_ref()?;
            self.ac.get(component.ac_table)?.as_ref()?;
            (*self.dc_steps.get(usize::from(component.quantisation))?)?;
        }
        Some(())
    }

    fn read_huffman(&mut self, mut body: &[u8]) -> Option<()> {
        while let [form, rest @ ..] = body {
            let (lengths, rest) = rest.split_at_checked(MAX_CODE)?;
            let count = lengths.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let tables = if form >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(form & 15))? = Some(Decoding::new(lengths, symbols)?);
            body = rest;
        }
        Some(())
    }

    fn read_quantisation(&mut self, mut body: &[u8]) -> Option<()> {
        while let [form, rest @ ..] = body {
            let wide = form >> 4 != 0;
            let (table, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let step =
                if wide { u16::from_be_bytes([table[0], table[1]]) } else { table[0].into() };
            let step = i32::from(step);
            *self.dc_steps.get_mut(usize::from(form & 15))? = (step > 0).then_some(step);
            body = rest;
        }
        Some(())
    }

    /// The sides of an MCU in blocks: a scan of one component has one block (A.2.2).
    fn mcu_blocks(&self) -> (usize, usize) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max();
        match self.components.len() {
            1 => (1, 1),
            _ => (most(|c| c.horizontal).unwrap_or(1), most(|c| c.vertical).unwrap_or(1)),
        }
    }

    fn mcu_pixels(&self) -> (usize, usize) {
        let (horizontal, vertical) = self.mcu_blocks();
        (8 * horizontal, 8 * vertical)
    }

    /// How many pixels a sample of a subsampled component may reach beyond its block.
    fn reach(&self) -> u32 {
        let (horizontal, vertical) = self.mcu_blocks();
        let most = horizontal.max(vertical) as u32;
        if most > 1 { most } else { 0 }
    }

    /// The first coefficient of a black block of a component.
    fn black(&self, index: usize, black: Black) -> i32 {
        let step = self.dc_steps[usize::from(self.components[index].quantisation)].unwrap_or(1);
        // Eight times the distance from the middle, in whole steps: decoders cut what is beyond.
        match black {
            Black::Luminance if index > 0 => 0,
            Black::Luminance | Black::Lowest => -((1024 + step - 1) / step),
            Black::Highest => (1016 + step - 1) / step,
        }
    }

    /// Reads every block, makes those black that are hit, and hands them on.
    fn transcode(
        &self,
        is_hit: impl Fn(usize, usize) -> bool,
        black: Black,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let (width, height) = self.mcu_pixels();
        let (across, down) = (self.columns.div_ceil(width), self.rows.div_ceil(height));
        let mut bits = BitReader { data: self.data, at: 0, cache: 0, valid: 0 };
        let count = self.components.len();
        let (mut read_dc, mut written_dc) = (vec![0; count], vec![0; count]);
        for mcu in 0..across * down {
            if self.restart_interval > 0 && mcu > 0 && mcu % self.restart_interval == 0 {
                let number = (mcu / self.restart_interval - 1) % 8;
                bits.restart(0xD0 + number as u8)?;
                sink.restart(0xD0 + number as u8);
                read_dc.fill(0);
                written_dc.fill(0);
            }
            let hit = is_hit(mcu % across, mcu / across);
            for (index, component) in self.components.iter().enumerate() {
                let blocks = if count == 1 { 1 } else { component.horizontal * component.vertical };
                for _ in 0..blocks {
                    let mut block = self.read_block(&mut bits, component)?;
                    read_dc[index] += block[0];
                    block[0] = read_dc[index];
                    if hit {
                        block = [0; 64];
                        block[0] = self.black(index, black);
                    }
                    let dc = block[0];
                    block[0] -= written_dc[index];
                    written_dc[index] = dc;
                    hand_on(&block, component, sink)?;
                }
            }
        }
        bits.at_end().then_some(())
    }

    fn read_block(&self, bits: &mut BitReader<'_>, component: &Component) -> Option<Block> {
        let mut block = [0; 64];
        let size = self.dc[component.dc_table].as_ref()?.symbol(bits)?;
        if size > 11 {
            return None;
        }
        block[0] = bits.number(size.into())?;
        let table = self.ac[component.ac_table].as_ref()?;
        let mut at = 1;
        while at < 64 {
            let symbol = table.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), symbol & 15);
            match (run, size) {
                (0, 0) => break,
                (15, 0) => at += 16,
                (_, 1..=10) => {
                    at += run;
                    *block.get_mut(at)? = bits.number(size.into())?;
                    at += 1;
                }
                _ => return None,
            }
        }
        (at <= 64).then_some(block)
    }
}

/// Codes the coefficients of a block (F.1.2); the first is a difference.
fn hand_on(block: &Block, component: &Component, sink: &mut impl Sink) -> Option<()> {
    let size = size_of(block[0]);
    if size > 11 {
        return None;
    }
    sink.symbol(0, component.dc_table, size, block[0], size);
    let mut zeros = 0;
    for value in &block[1..] {
        if *value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            sink.symbol(1, component.ac_table, 0xF0, 0, 0);
            zeros -= 16;
        }
        let size = size_of(*value);
        sink.symbol(1, component.ac_table, zeros << 4 | size, *value, size);
        zeros = 0;
    }
    if zeros > 0 {
        sink.symbol(1, component.ac_table, 0, 0, 0);
    }
    Some(())
}

/// Where symbols go.
trait Sink {
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, value: i32, size: usize);
    fn restart(&mut self, marker: u8);
}

struct Count<'a>(&'a mut [[[u64; 256]; 4]; 2]);

impl Sink for Count<'_> {
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, _: i32, _: usize) {
        self.0[class][table][symbol] += 1;
    }

    fn restart(&mut self, _: u8) {}
}

struct Write<'a> {
    tables: &'a [[Table; 4]; 2],
    bits: BitWriter,
}

impl Sink for Write<'_> {
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, value: i32, size: usize) {
        self.tables[class][table].put(symbol, &mut self.bits);
        if size > 0 {
            self.bits.put_number(value, size);
        }
    }

    fn restart(&mut self, marker: u8) {
        self.bits.marker(marker);
    }
}

/// A Huffman table for decoding (F.2.2.3).
struct Decoding {
    /// The first code of each length, the first symbol of it, and how many there are.
    lengths: [(u32, usize, u32); MAX_CODE],
    symbols: Vec<u8>,
}

impl Decoding {
    fn new(lengths: &[u8], symbols: &[u8]) -> Option<Self> {
        let (mut code, mut first) = (0_u32, 0);
        let mut found = [(0, 0, 0); MAX_CODE];
        for (index, count) in lengths.iter().enumerate() {
            found[index] = (code, first, u32::from(*count));
            first += usize::from(*count);
            code += u32::from(*count);
            if code > 1 << (index + 1) {
                return None;
            }
            code <<= 1;
        }
        Some(Self { lengths: found, symbols: symbols.to_vec() })
    }

    fn symbol(&self, bits: &mut BitReader<'_>) -> Option<u8> {
        let mut code = 0;
        for (first_code, first_symbol, count) in self.lengths {
            code = code << 1 | bits.take(1)?;
            if code.wrapping_sub(first_code) < count {
                return self.symbols.get(first_symbol + (code - first_code) as usize).copied();
            }
        }
        None
    }
}

struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
    cache: u64,
    valid: u32,
}

impl BitReader<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.valid < count {
            let byte = *self.data.get(self.at)?;
            if byte == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return None; // a marker
                }
                self.at += 1;
            }
            self.at += 1;
            self.cache = self.cache << 8 | u64::from(byte);
            self.valid += 8;
        }
        self.valid -= count;
        let value = (self.cache >> self.valid) as u32;
        self.cache &= (1 << self.valid) - 1;
        Some(value)
    }

    /// A number of this size (F.2.2.1).
    fn number(&mut self, size: u32) -> Option<i32> {
        if size == 0 {
            return Some(0);
        }
        let bits = self.take(size)? as i32;
        Some(if bits < 1 << (size - 1) { bits - (1 << size) + 1 } else { bits })
    }

    /// Passes the padding and a restart marker.
    fn restart(&mut self, marker: u8) -> Option<()> {
        (self.cache, self.valid) = (0, 0);
        if self.data.get(self.at..self.at + 2)? != [0xFF, marker] {
            return None;
        }
        self.at += 2;
        Some(())
    }

    fn at_end(&self) -> bool {
        self.at == self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::bare_jpeg::bare;
    use crate::deid::pixels::layout::tests::layout;

    /// 96 x 64 pixels each: subsampled both ways with restart markers, not subsampled, and grey.
    const PICTURES: [(&str, &[u8]); 3] = [
        ("YBR_FULL_422", include_bytes!("../../../testdata/pixels/ycbcr-420-restart.jpg")),
        ("YBR_FULL", include_bytes!("../../../testdata/pixels/ycbcr-444.jpg")),
        ("MONOCHROME2", include_bytes!("../../../testdata/pixels/grey-dct.jpg")),
    ];

    fn forms(stated: &str, codestream: &[u8]) -> (PixelLayout, PixelLayout) {
        let source = layout(stated, 64, 96, 8);
        let read = jpeg::Codestream::read(codestream).expect("well formed");
        let output = read.output(&source).expect("agrees");
        (source, output)
    }

    #[test]
    fn a_box_becomes_black_and_far_from_it_nothing_changes() {
        let boxes = [
            PixelRect { left: 33, top: 17, right: 47, bottom: 30 },
            PixelRect { left: 90, top: 60, right: 96, bottom: 64 },
        ];
        for (stated, picture) in PICTURES {
            let picture = bare(picture).expect("well formed");
            let (source, output) = forms(stated, &picture);
            let redacted = redact_frame(&picture, &boxes, &source, &output).expect(stated);
            assert_eq!(bare(&redacted), Some(redacted.clone()), "{stated}");
            let decode = |data: &[u8]| jpeg::decode(data, &source, &output).expect("decodes");
            let (before, after) = (decode(&picture), decode(&redacted));
            let samples = usize::from(output.samples_per_pixel);
            let changed = (0..64 * 96).filter(|at| {
                let range = at * samples..(at + 1) * samples;
                before[range.clone()] != after[range]
            });
            let area: Vec<_> = changed.map(|at| (at % 96, at / 96)).collect();
            assert!(area.contains(&(40, 20)) && area.contains(&(95, 63)), "{stated}");
            let near = |x: usize, y: usize| (14..66).contains(&x) && y < 50 || x > 75 && y > 40;
            assert!(area.iter().all(|(x, y)| near(*x, *y)), "{stated}: {area:?}");
        }
    }

    #[test]
    fn without_boxes_every_coefficient_is_written_again() {
        for (stated, picture) in PICTURES {
            let picture = bare(picture).expect("well formed");
            let again = redact(&picture, &[], Black::Lowest).expect(stated).codestream;
            let (source, output) = forms(stated, &picture);
            let decode = |data: &[u8]| jpeg::decode(data, &source, &output).expect("decodes");
            assert_eq!(decode(&again), decode(&picture), "{stated}");
        }
    }

    #[test]
    fn bytes_behind_the_last_block_and_cut_scans_are_not_taken() {
        let picture = bare(PICTURES[1].1).expect("well formed");
        let end = picture.len() - 2;
        let stuffed = [&picture[..end], b"DOE^JOHN", &picture[end..]].concat();
        assert!(redact(&stuffed, &[], Black::Lowest).is_none());
        for cut in (0..end).step_by(7) {
            let cut = [&picture[..cut], &[0xFF, 0xD9]].concat();
            assert!(redact(&cut, &[], Black::Lowest).is_none());
        }
    }
}
