//! A DCT-coded JPEG codestream taken apart into its scans, and the blocks of each (ITU-T T.81 Annexes A, B
//! and F). Sequential and Huffman-coded, 8 or 12 bits.

use super::bare_jpeg::entropy_coded;
use super::huffman::{MAX_CODE, size_of};
use super::huffman_read::{BitReader, Decoding};

/// Coefficients of a block, in zigzag order.
pub(super) type Block = [i32; 64];
/// The four tables of each class that a codestream may define.
type Tables<T> = [Option<T>; 4];

/// A component of the picture.
#[derive(Clone, Copy)]
struct Component {
    id: u8,
    horizontal: usize,
    vertical: usize,
    quantisation: usize,
}

/// A component in its scan.
pub(super) struct ScanComponent {
    /// Which one of the picture.
    pub index: usize,
    /// What the first coefficient is multiplied by.
    pub dc_step: i32,
    dc_table: usize,
    ac_table: usize,
    dc: Decoding,
    ac: Decoding,
}

/// One scan, with what it needs.
pub(super) struct Scan<'a> {
    /// The segments before it but Huffman tables; none before the first.
    pub before: Vec<u8>,
    /// The segment that begins it.
    pub header: Vec<u8>,
    components: Vec<ScanComponent>,
    restart_interval: usize,
    data: &'a [u8],
}

/// A codestream, taken apart.
pub(super) struct Stream<'a> {
    /// Everything before the first scan but Huffman tables.
    pub before: Vec<u8>,
    pub precision: u32,
    pub scans: Vec<Scan<'a>>,
    rows: usize,
    columns: usize,
    components: Vec<Component>,
}

/// What is in force when a scan begins.
struct Reading {
    before: Vec<u8>,
    dc: Tables<Decoding>,
    ac: Tables<Decoding>,
    dc_steps: Tables<i32>,
    restart_interval: usize,
}

impl<'a> Stream<'a> {
    /// Takes a codestream without what no decoder needs apart; none for another form.
    pub fn read(bare: &'a [u8]) -> Option<Self> {
        let mut stream = Self {
            before: bare.get(..2)?.to_vec(),
            precision: 0,
            scans: Vec::new(),
            rows: 0,
            columns: 0,
            components: Vec::new(),
        };
        let mut reading = Reading {
            before: Vec::new(),
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            dc_steps: [None; 4],
            restart_interval: 0,
        };
        let mut at = 2;
        loop {
            if *bare.get(at..at + 2)? == [0xFF, 0xD9] {
                return stream.is_whole().then_some(stream);
            }
            let [0xFF, marker, high, low] = *bare.get(at..at + 4)? else { return None };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let segment = bare.get(at..at + 2 + length)?;
            let body = segment.get(4..)?;
            at += segment.len();
            match marker {
                0xC0 | 0xC1 if stream.components.is_empty() => stream.read_frame_header(body)?,
                0xC4 => {
                    reading.read_huffman(body)?;
                    continue;
                }
                0xDB => reading.read_quantisation(body)?,
                0xDD => {
                    let interval = u16::from_be_bytes(body.try_into().ok()?);
                    reading.restart_interval = usize::from(interval);
                }
                0xDA => {
                    let data = entropy_coded(bare.get(at..)?, false)?;
                    at += data.len();
                    stream.read_scan(body, &mut reading, data)?;
                    continue;
                }
                0xE0 | 0xEE => {}
                _ => return None,
            }
            let first = stream.scans.is_empty();
            let before = if first { &mut stream.before } else { &mut reading.before };
            before.extend_from_slice(segment);
        }
    }

    fn read_frame_header(&mut self, body: &[u8]) -> Option<()> {
        let [precision @ (8 | 12), y0, y1, x0, x1, _, specs @ ..] = body else { return None };
        self.precision = u32::from(*precision);
        self.rows = usize::from(u16::from_be_bytes([*y0, *y1]));
        self.columns = usize::from(u16::from_be_bytes([*x0, *x1]));
        for spec in specs.chunks_exact(3) {
            let (horizontal, vertical) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
                return None;
            }
            let quantisation = spec[2].into();
            self.components.push(Component { id: spec[0], horizontal, vertical, quantisation });
        }
        matches!(self.components.len(), 1 | 3).then_some(())
    }

    /// A scan header. What it says of coefficients means nothing in a sequential scan, which has them all;
    /// encoders have written other things there, and it is set right.
    fn read_scan(&mut self, body: &[u8], reading: &mut Reading, data: &'a [u8]) -> Option<()> {
        let [count, rest @ ..] = body else { return None };
        let specs = rest.get(..2 * usize::from(*count)).filter(|specs| !specs.is_empty())?;
        let mut components = Vec::new();
        for spec in specs.chunks_exact(2) {
            let index = self.components.iter().position(|component| component.id == spec[0])?;
            let (dc_table, ac_table) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            components.push(ScanComponent {
                index,
                dc_step: (*reading.dc_steps.get(self.components[index].quantisation)?)?,
                dc_table,
                ac_table,
                dc: reading.dc.get(dc_table)?.clone()?,
                ac: reading.ac.get(ac_table)?.clone()?,
            });
        }
        // A component comes once, which also bounds the scans.
        let scanned = self.scans.iter().flat_map(|scan| &scan.components).chain(&components);
        let mut once = [false; 3];
        for component in scanned {
            if std::mem::replace(once.get_mut(component.index)?, true) {
                return None;
            }
        }
        let length = (6 + specs.len()) as u16;
        let header =
            [&[0xFF, 0xDA], &length.to_be_bytes()[..], &[*count], specs, &[0, 63, 0]].concat();
        let before = std::mem::take(&mut reading.before);
        let restart_interval = reading.restart_interval;
        self.scans.push(Scan { before, header, components, restart_interval, data });
        Some(())
    }

    /// Whether every component has its scan.
    fn is_whole(&self) -> bool {
        let scanned: usize = self.scans.iter().map(|scan| scan.components.len()).sum();
        scanned > 0 && scanned == self.components.len()
    }

    /// The sides of an MCU of all components, in blocks: a picture of one component has one block
    /// (A.2.2).
    fn mcu_blocks(&self) -> (usize, usize) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max();
        match self.components.len() {
            1 => (1, 1),
            _ => (most(|c| c.horizontal).unwrap_or(1), most(|c| c.vertical).unwrap_or(1)),
        }
    }

    /// The sides of an MCU of all components, in pixels.
    pub fn mcu_pixels(&self) -> (usize, usize) {
        let (horizontal, vertical) = self.mcu_blocks();
        (8 * horizontal, 8 * vertical)
    }

    /// How many pixels a sample of a subsampled component may reach beyond its block.
    pub fn reach(&self) -> u32 {
        let (horizontal, vertical) = self.mcu_blocks();
        let most = horizontal.max(vertical) as u32;
        if most > 1 { most } else { 0 }
    }

    /// How many MCUs a scan has side by side and below each other, and the pixels that each covers. A
    /// scan of one component has its blocks, without those that only fill up MCUs (A.2.2 and A.2.3).
    fn grid(&self, scan: &Scan<'_>) -> [usize; 4] {
        let (mut width, mut height) = self.mcu_pixels();
        if let ([only], true) = (&scan.components[..], self.components.len() > 1) {
            let component = self.components[only.index];
            // Sampling that does not divide has samples of no whole number of pixels.
            (width, height) = (width / component.horizontal, height / component.vertical);
        }
        [self.columns.div_ceil(width), self.rows.div_ceil(height), width, height]
    }

    /// Reads every block of a scan, lets `change` have it with the pixel at which its MCU begins, and
    /// hands it on. What follows the last one is left out. None where blocks are missing.
    pub fn transcode(
        &self,
        scan: &Scan<'_>,
        change: impl Fn(&ScanComponent, usize, usize, &mut Block),
        sink: &mut impl Sink,
    ) -> Option<()> {
        let [across, down, width, height] = self.grid(scan);
        let alone = scan.components.len() == 1;
        let blocks = |component: &ScanComponent| match (alone, self.components[component.index]) {
            (true, _) => 1,
            (false, component) => component.horizontal * component.vertical,
        };
        let mut bits = BitReader::new(scan.data);
        let count = scan.components.len();
        let (mut read_dc, mut written_dc) = (vec![0; count], vec![0; count]);
        for mcu in 0..across * down {
            if scan.restart_interval > 0 && mcu > 0 && mcu % scan.restart_interval == 0 {
                let number = (mcu / scan.restart_interval - 1) % 8;
                bits.restart(0xD0 + number as u8)?;
                sink.restart(0xD0 + number as u8);
                read_dc.fill(0);
                written_dc.fill(0);
            }
            let (x, y) = (mcu % across * width, mcu / across * height);
            for (index, component) in scan.components.iter().enumerate() {
                for _ in 0..blocks(component) {
                    let mut block = self.read_block(&mut bits, component)?;
                    read_dc[index] += block[0];
                    block[0] = read_dc[index];
                    change(component, x, y, &mut block);
                    let dc = block[0];
                    block[0] -= written_dc[index];
                    written_dc[index] = dc;
                    self.hand_on(&block, component, sink)?;
                }
            }
        }
        Some(())
    }

    /// The size of the largest difference of first coefficients, and of the largest other one (F.1.2).
    fn largest(&self) -> (usize, usize) {
        (self.precision as usize + 3, self.precision as usize + 2)
    }

    fn read_block(&self, bits: &mut BitReader<'_>, component: &ScanComponent) -> Option<Block> {
        let (largest_dc, largest_ac) = self.largest();
        let mut block = [0; 64];
        let size = component.dc.symbol(bits)?;
        if usize::from(size) > largest_dc {
            return None;
        }
        block[0] = bits.number(size.into())?;
        let mut at = 1;
        while at < 64 {
            let symbol = component.ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), symbol & 15);
            match (run, size) {
                (0, 0) => break,
                (15, 0) => at += 16,
                (_, 0) => return None,
                (_, size) if usize::from(size) > largest_ac => return None,
                (_, size) => {
                    at += run;
                    *block.get_mut(at)? = bits.number(size.into())?;
                    at += 1;
                }
            }
        }
        (at <= 64).then_some(block)
    }

    /// Codes the coefficients of a block (F.1.2); the first is a difference.
    fn hand_on(
        &self,
        block: &Block,
        component: &ScanComponent,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let size = size_of(block[0]);
        if size > self.largest().0 {
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
}

impl Reading {
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
}

/// Where symbols go.
pub(super) trait Sink {
    /// A symbol of a class and table of codes, with the bits of a number of this size behind it.
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, value: i32, size: usize);
    /// A restart marker.
    fn restart(&mut self, marker: u8);
}
