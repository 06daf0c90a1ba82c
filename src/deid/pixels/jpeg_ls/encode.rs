//! Encoding a scan of JPEG-LS without loss (ITU-T T.87 Annex A and B).

use super::bits::BitWriter;
use super::decode::Lines;
use super::model::{Model, Neighbours, Parameters, RUN_ORDER};

/// The encoder of one scan.
pub(super) struct ScanEncoder {
    model: Model,
    bits: BitWriter,
}

impl ScanEncoder {
    /// `parameters` are those of a lossless scan.
    pub fn new(parameters: Parameters) -> Self {
        Self { model: Model::new(parameters), bits: BitWriter::default() }
    }

    pub fn finish(self) -> Vec<u8> {
        self.bits.finish()
    }

    /// Encodes the current line of one component.
    pub fn line(&mut self, lines: &Lines, run_index: &mut usize) {
        let line = lines.line();
        let mut x = 1;
        while x <= line.len() {
            let around = lines.around(x);
            let context = self.model.gradient_context(around);
            if context != 0 {
                self.regular(around, context, line[x - 1]);
                x += 1;
                continue;
            }
            let rest = &line[x - 1..];
            let run = rest.iter().take_while(|sample| **sample == around.a).count();
            self.run(run, run == rest.len(), run_index);
            x += run;
            if x <= line.len() {
                let above = lines.around(x).b;
                self.interruption(around.a, above, around.a == above, line[x - 1], *run_index);
                *run_index = run_index.saturating_sub(1);
                x += 1;
            }
        }
    }

    /// Encodes the current line of components that are interleaved by sample.
    pub fn pixels(&mut self, parts: &[Lines], run_index: &mut usize) {
        let columns = parts.first().map_or(0, |lines| lines.line().len());
        let mut x = 1;
        while x <= columns {
            let run = parts.iter().all(|l| self.model.gradient_context(l.around(x)) == 0);
            if !run {
                for lines in parts {
                    let around = lines.around(x);
                    let context = self.model.gradient_context(around);
                    self.regular(around, context, lines.line()[x - 1]);
                }
                x += 1;
                continue;
            }
            let same = |at: &usize| parts.iter().all(|l| l.line()[at - 1] == l.around(x).a);
            let run = (x..=columns).take_while(same).count();
            self.run(run, run == columns + 1 - x, run_index);
            x += run;
            if x <= columns {
                for lines in parts {
                    let around = lines.around(x);
                    self.interruption(around.a, around.b, false, lines.line()[x - 1], *run_index);
                }
                *run_index = run_index.saturating_sub(1);
                x += 1;
            }
        }
    }

    fn code(&mut self, code: i32, order: u32, limit: u32) {
        let code = code as u32;
        let escape_bits = self.model.parameters.escape_bits;
        let escape = limit - escape_bits - 1;
        let zeros = code >> order;
        let low = code & ((1 << order) - 1);
        if zeros + 1 + order <= 31 && zeros < escape {
            self.bits.put(1 << order | low, zeros + 1 + order);
        } else if zeros < escape {
            self.bits.zeros(zeros);
            self.bits.put(1, 1);
            self.bits.put(low, order);
        } else {
            self.bits.zeros(escape);
            self.bits.put(1, 1);
            self.bits.put(code - 1, escape_bits);
        }
    }

    /// Brings an error into the range around zero.
    fn reduce(&self, error: i32) -> i32 {
        let range = self.model.parameters.range;
        let error = if error < 0 { error + range } else { error };
        if error >= (range + 1) / 2 { error - range } else { error }
    }

    fn regular(&mut self, around: Neighbours, context: i32, sample: i32) {
        let prediction = self.model.correct(around.predict(), context);
        let error = sample - prediction;
        let error = self.reduce(if context < 0 { -error } else { error });
        let (order, turned) = self.model.order(context);
        let code = match (error >= 0, turned) {
            (true, false) => 2 * error,
            (false, false) => -2 * error - 1,
            (true, true) => 2 * error + 1,
            (false, true) => -2 * (error + 1),
        };
        self.code(code, order, self.model.parameters.limit);
        self.model.learn(context, error);
    }

    fn run(&mut self, mut length: usize, to_the_end: bool, run_index: &mut usize) {
        while length >= 1 << RUN_ORDER[*run_index] {
            self.bits.put(1, 1);
            length -= 1 << RUN_ORDER[*run_index];
            *run_index = (*run_index + 1).min(RUN_ORDER.len() - 1);
        }
        match (to_the_end, length) {
            (true, 0) => {}
            (true, _) => self.bits.put(1, 1),
            (false, _) => self.bits.put(length as u32, RUN_ORDER[*run_index] + 1),
        }
    }

    fn interruption(&mut self, left: i32, above: i32, alike: bool, sample: i32, run_index: usize) {
        let turned = !alike && left > above;
        let error = sample - if alike { left } else { above };
        let error = self.reduce(if turned { -error } else { error });
        let order = self.model.interruption_order(alike);
        let odd = error != 0 && (error < 0) == self.model.odd_is_negative(alike, order);
        let code = 2 * error.abs() - i32::from(alike) - i32::from(odd);
        let limit = self.model.parameters.limit - RUN_ORDER[run_index] - 1;
        self.code(code, order, limit);
        self.model.learn_interruption(alike, error, code);
    }
}
