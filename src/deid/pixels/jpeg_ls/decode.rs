//! Decoding the scans of a JPEG-LS codestream, lossless or near-lossless (ITU-T T.87 Annex A and B).

use super::bits::{BitReader, Damaged};
use super::model::{Model, Neighbours, Parameters, RUN_ORDER};

/// One component of an image, with a border that stands for what is around it.
pub(super) struct Lines {
    above: Vec<i32>,
    current: Vec<i32>,
}

impl Lines {
    pub fn new(columns: usize) -> Self {
        Self { above: vec![0; columns + 2], current: vec![0; columns + 2] }
    }

    /// Begins a line; the samples of it are from index 1.
    pub fn begin(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
        let last = self.above.len() - 1;
        self.above[last] = self.above[last - 1];
        self.current[0] = self.above[1];
    }

    pub fn around(&self, x: usize) -> Neighbours {
        let above = &self.above[x - 1..x + 2];
        Neighbours { a: self.current[x - 1], b: above[1], c: above[0], d: above[2] }
    }

    pub fn put(&mut self, x: usize, sample: i32) {
        self.current[x] = sample;
    }

    /// The samples of the line.
    pub fn line(&self) -> &[i32] {
        &self.current[1..self.current.len() - 1]
    }

    /// The samples of the line, to be set before it is encoded.
    pub fn line_mut(&mut self) -> &mut [i32] {
        let last = self.current.len() - 1;
        &mut self.current[1..last]
    }
}

/// The decoder of one scan.
pub(super) struct ScanDecoder<'a> {
    model: Model,
    bits: BitReader<'a>,
}

impl<'a> ScanDecoder<'a> {
    pub fn new(data: &'a [u8], parameters: Parameters) -> Self {
        Self { model: Model::new(parameters), bits: BitReader::new(data) }
    }

    /// Decodes the current line of one component.
    pub fn line(&mut self, lines: &mut Lines, run_index: &mut usize) -> Result<(), Damaged> {
        let columns = lines.line().len();
        let mut x = 1;
        while x <= columns {
            let around = lines.around(x);
            let context = self.model.gradient_context(around);
            if context != 0 {
                let sample = self.regular(around, context)?;
                lines.put(x, sample);
                x += 1;
                continue;
            }
            let run = self.run(columns + 1 - x, run_index)?;
            for at in x..x + run {
                lines.put(at, around.a);
            }
            x += run;
            if x <= columns {
                let above = lines.around(x).b;
                let alike = (around.a - above).abs() <= self.model.parameters.near;
                let sample = self.interruption(around.a, above, alike, *run_index)?;
                lines.put(x, sample);
                *run_index = run_index.saturating_sub(1);
                x += 1;
            }
        }
        Ok(())
    }

    /// Decodes the current line of components that are interleaved by sample.
    pub fn pixels(&mut self, parts: &mut [Lines], run_index: &mut usize) -> Result<(), Damaged> {
        let columns = parts.first().map_or(0, |lines| lines.line().len());
        let mut x = 1;
        while x <= columns {
            let run = parts.iter().all(|l| self.model.gradient_context(l.around(x)) == 0);
            if !run {
                for lines in parts.iter_mut() {
                    let around = lines.around(x);
                    let context = self.model.gradient_context(around);
                    let sample = self.regular(around, context)?;
                    lines.put(x, sample);
                }
                x += 1;
                continue;
            }
            let run = self.run(columns + 1 - x, run_index)?;
            for lines in parts.iter_mut() {
                let value = lines.around(x).a;
                for at in x..x + run {
                    lines.put(at, value);
                }
            }
            x += run;
            if x <= columns {
                for lines in parts.iter_mut() {
                    let around = lines.around(x);
                    let sample = self.interruption(around.a, around.b, false, *run_index)?;
                    lines.put(x, sample);
                }
                *run_index = run_index.saturating_sub(1);
                x += 1;
            }
        }
        Ok(())
    }

    /// A code with so many bits of a number behind its zeros (T.87 A.5.3).
    fn code(&mut self, order: u32, limit: u32) -> Result<i32, Damaged> {
        let escape = limit - self.model.parameters.escape_bits - 1;
        let zeros = self.bits.zeros(escape)?;
        let code = if zeros < escape {
            let low = self.bits.take(order)?;
            u64::from(zeros) << order | u64::from(low)
        } else {
            u64::from(self.bits.take(self.model.parameters.escape_bits)?) + 1
        };
        // No encoder has errors beyond the range, and statistics that grow without end would
        // overflow.
        let most = 2 * self.model.parameters.range as u64 + 2;
        if code > most { Err(Damaged) } else { Ok(code as i32) }
    }

    fn regular(&mut self, around: Neighbours, context: i32) -> Result<i32, Damaged> {
        let prediction = self.model.correct(around.predict(), context);
        let (order, turned) = self.model.order(context);
        let code = self.code(order, self.model.parameters.limit)?;
        let error = match (code & 1 != 0, turned) {
            (false, false) => code >> 1,
            (true, false) => -((code + 1) >> 1),
            (true, true) => code >> 1,
            (false, true) => -(code >> 1) - 1,
        };
        self.model.learn(context, error);
        Ok(self.reconstruct(prediction, if context < 0 { -error } else { error }))
    }

    fn reconstruct(&self, prediction: i32, error: i32) -> i32 {
        let Parameters { maxval, near, range, .. } = self.model.parameters;
        let step = 2 * near + 1;
        let mut sample = prediction + error * step;
        if sample < -near {
            sample += range * step;
        } else if sample > maxval + near {
            sample -= range * step;
        }
        sample.clamp(0, maxval)
    }

    /// The length of a run that may have as many as `left` samples.
    fn run(&mut self, left: usize, run_index: &mut usize) -> Result<usize, Damaged> {
        let mut length = 0;
        while self.bits.take(1)? == 1 {
            let part = (1 << RUN_ORDER[*run_index]).min(left - length);
            length += part;
            if part == 1 << RUN_ORDER[*run_index] {
                *run_index = (*run_index + 1).min(RUN_ORDER.len() - 1);
            }
            if length == left {
                return Ok(length);
            }
        }
        length += self.bits.take(RUN_ORDER[*run_index])? as usize;
        // The sample that ends it is inside the line.
        if length < left { Ok(length) } else { Err(Damaged) }
    }

    fn interruption(
        &mut self,
        left: i32,
        above: i32,
        alike: bool,
        run_index: usize,
    ) -> Result<i32, Damaged> {
        let order = self.model.interruption_order(alike);
        let limit = self.model.parameters.limit - RUN_ORDER[run_index] - 1;
        let code = self.code(order, limit)?;
        let doubled = code + i32::from(alike);
        let size = (doubled + 1) >> 1;
        let negative = (doubled & 1 != 0) == self.model.odd_is_negative(alike, order);
        let error = if negative { -size } else { size };
        self.model.learn_interruption(alike, error, code);
        let prediction = if alike { left } else { above };
        let turned = !alike && left > above;
        Ok(self.reconstruct(prediction, if turned { -error } else { error }))
    }
}
