//! What encoder and decoder of a JPEG-LS scan must agree on: parameters, contexts and their
//! statistics (ITU-T T.87 Annex A and C.2.4.1.1). Names in capitals there are lower case here.

/// The statistics of a context are halved after so many samples, unless the codestream says otherwise.
const DEFAULT_RESET: i32 = 64;
/// The contexts of gradients; the two of run interruption follow.
const REGULAR: usize = 365;
const MIN_C: i32 = -128;
const MAX_C: i32 = 127;

/// The order of a run's code by the index of the run (T.87 A.2.1, J).
pub(super) const RUN_ORDER: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// The coding parameters of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    pub maxval: i32,
    /// How far a decoded sample may be from the encoded one.
    pub near: i32,
    pub thresholds: [i32; 3],
    pub reset: i32,
    /// How many values a prediction error has.
    pub range: i32,
    /// Bits of an escaped error.
    pub escape_bits: u32,
    /// The longest code of an error, in bits.
    pub limit: u32,
}

/// What a codestream may say of the parameters (LSE of type 1); zero means the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presets {
    pub maxval: u16,
    pub thresholds: [u16; 3],
    pub reset: u16,
}

impl Parameters {
    /// The parameters for samples of this precision; none if they contradict each other.
    pub fn new(precision: u8, near: u8, presets: Presets) -> Option<Self> {
        if !(2..=16).contains(&precision) {
            return None;
        }
        let highest = (1 << precision) - 1;
        let maxval = if presets.maxval == 0 { highest } else { i32::from(presets.maxval) };
        let near = i32::from(near);
        if maxval > highest || maxval < 1 || near > maxval / 2 {
            return None;
        }
        let defaults = default_thresholds(maxval, near);
        let mut thresholds = defaults;
        for (threshold, preset) in thresholds.iter_mut().zip(presets.thresholds) {
            if preset != 0 {
                *threshold = i32::from(preset);
            }
        }
        let ascending = [near + 1, thresholds[0], thresholds[1], thresholds[2], maxval];
        let reset = if presets.reset == 0 { DEFAULT_RESET } else { i32::from(presets.reset) };
        if (thresholds != defaults && !ascending.is_sorted()) || reset < 3 {
            return None;
        }
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bits = bits_for(maxval + 1).max(2);
        let limit = 2 * (bits + bits.max(8));
        Some(Self { maxval, near, thresholds, reset, range, escape_bits: bits_for(range), limit })
    }
}

impl Parameters {
    /// The signed region of a gradient (T.87 A.3.3).
    fn region(&self, gradient: i32) -> i8 {
        let [t1, t2, t3] = self.thresholds;
        let size = gradient.abs();
        let region = if size <= self.near {
            0
        } else if size < t1 {
            1
        } else if size < t2 {
            2
        } else if size < t3 {
            3
        } else {
            4
        };
        if gradient < 0 { -region } else { region }
    }
}

/// The least number of bits that tells so many values apart.
fn bits_for(values: i32) -> u32 {
    32 - (values - 1).leading_zeros()
}

fn default_thresholds(maxval: i32, near: i32) -> [i32; 3] {
    let within = |value: i32, low: i32| if value > maxval || value < low { low } else { value };
    let [first, second, third] = if maxval >= 128 {
        let factor = (maxval.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
    } else {
        let factor = 256 / (maxval + 1);
        [
            (3 / factor + 3 * near).max(2),
            (7 / factor + 5 * near).max(3),
            (21 / factor + 7 * near).max(4),
        ]
    };
    let first = within(first, near + 1);
    let second = within(second, first);
    [first, second, within(third, second)]
}

/// The samples around the one that is coded: left, above, above left, above right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbours {
    pub a: i32,
    pub b: i32,
    pub c: i32,
    pub d: i32,
}

impl Neighbours {
    /// The edge-detecting prediction.
    pub fn predict(self) -> i32 {
        let (low, high) = (self.a.min(self.b), self.a.max(self.b));
        if self.c >= high {
            low
        } else if self.c <= low {
            high
        } else {
            self.a + self.b - self.c
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Context {
    /// The sum of the sizes of errors.
    a: i32,
    /// The sum of errors, for bias.
    b: i32,
    /// The correction of a prediction.
    c: i32,
    /// How many samples.
    n: i32,
}

/// The statistics of a scan.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub parameters: Parameters,
    /// The regions of gradients, from the least to the largest that differ.
    regions: Vec<i8>,
    contexts: Vec<Context>,
    /// Negative errors of run interruption, by kind.
    negative: [i32; 2],
}

impl Model {
    pub fn new(parameters: Parameters) -> Self {
        let a = ((parameters.range + 32) / 64).max(2);
        let contexts = vec![Context { a, b: 0, c: 0, n: 1 }; REGULAR + 2];
        let furthest = parameters.thresholds[2];
        let regions = (-furthest..=furthest).map(|gradient| parameters.region(gradient)).collect();
        Self { parameters, regions, contexts, negative: [0; 2] }
    }

    /// The signed context of gradients; zero means a run.
    pub fn gradient_context(&self, around: Neighbours) -> i32 {
        let gradients = [around.d - around.b, around.b - around.c, around.c - around.a];
        let [first, second, third] = gradients.map(|gradient| self.quantise(gradient));
        81 * first + 9 * second + third
    }

    fn quantise(&self, gradient: i32) -> i32 {
        let furthest = self.parameters.thresholds[2];
        let index = gradient.clamp(-furthest, furthest) + furthest;
        self.regions[index as usize].into()
    }

    /// The corrected prediction in a signed context.
    pub fn correct(&self, prediction: i32, context: i32) -> i32 {
        let c = self.contexts[context.unsigned_abs() as usize].c;
        let corrected = prediction + if context < 0 { -c } else { c };
        corrected.clamp(0, self.parameters.maxval)
    }

    /// The order of the code in a context, and whether its mapping is turned round.
    pub fn order(&self, context: i32) -> (u32, bool) {
        let context = &self.contexts[context.unsigned_abs() as usize];
        let order = order_of(context.n, context.a);
        (order, self.parameters.near == 0 && order == 0 && 2 * context.b <= -context.n)
    }

    /// Learns from an error (T.87 A.6).
    pub fn learn(&mut self, context: i32, error: i32) {
        let (near, reset) = (self.parameters.near, self.parameters.reset);
        let context = &mut self.contexts[context.unsigned_abs() as usize];
        context.b += error * (2 * near + 1);
        context.a += error.abs();
        if context.n == reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        if context.b <= -context.n {
            context.b = (context.b + context.n).max(1 - context.n);
            context.c = (context.c - 1).max(MIN_C);
        } else if context.b > 0 {
            context.b = (context.b - context.n).min(0);
            context.c = (context.c + 1).min(MAX_C);
        }
    }

    /// The order of the code of a sample that ends a run; `alike` when its neighbours are.
    pub fn interruption_order(&self, alike: bool) -> u32 {
        let context = &self.contexts[REGULAR + usize::from(alike)];
        order_of(context.n, context.a + if alike { context.n >> 1 } else { 0 })
    }

    /// Which of the two signs of an error of this order has the odd code.
    pub fn odd_is_negative(&self, alike: bool, order: u32) -> bool {
        let negative = self.negative[usize::from(alike)];
        order != 0 || 2 * negative >= self.contexts[REGULAR + usize::from(alike)].n
    }

    /// Learns from the error and the code of a sample that ended a run (T.87 A.7.2.2).
    pub fn learn_interruption(&mut self, alike: bool, error: i32, code: i32) {
        let reset = self.parameters.reset;
        let negative = &mut self.negative[usize::from(alike)];
        let context = &mut self.contexts[REGULAR + usize::from(alike)];
        *negative += i32::from(error < 0);
        context.a += (code + 1 - i32::from(alike)) >> 1;
        if context.n == reset {
            context.a >>= 1;
            context.n >>= 1;
            *negative >>= 1;
        }
        context.n += 1;
    }
}

/// The least order, of 24 at most, that makes `n << order` no less than `a`.
fn order_of(n: i32, a: i32) -> u32 {
    let order = n.leading_zeros().saturating_sub(a.leading_zeros());
    (order + u32::from(n << order < a)).min(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_standard() {
        // T.87 table C.3: the thresholds of 8-bit samples; C.2.4.1.1.1 for the others.
        let of = |precision, near| {
            let parameters = Parameters::new(precision, near, Presets::default()).expect("valid");
            (parameters.thresholds, parameters.range, parameters.limit)
        };
        assert_eq!(of(8, 0), ([3, 7, 21], 256, 32));
        assert_eq!(of(12, 0).0, [18, 67, 276]);
        assert_eq!(of(16, 0), ([18, 67, 276], 65536, 64));
        assert_eq!(of(8, 3).1, 38);
        assert!(Parameters::new(1, 0, Presets::default()).is_none());
        assert!(Parameters::new(2, 3, Presets::default()).is_none());
    }
}
