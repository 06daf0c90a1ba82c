//! Numbers that look random and are the same in every run: the generated study is always the same.

/// Knuth's linear congruential generator (MMIX), of which the upper bits are used.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Even, from 0 to 1.
    pub fn even(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    /// Normally distributed around 0 with deviation 1, nearly: the sum of twelve even numbers.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// Noise on a coarse grid, smooth between its points.
pub struct SmoothNoise {
    columns: usize,
    rows: usize,
    levels: Vec<f64>,
}

impl SmoothNoise {
    /// `columns` x `rows` points with deviation 1.
    pub fn new(columns: usize, rows: usize, noise: &mut Noise) -> Self {
        let levels = (0..columns * rows).map(|_| noise.normal()).collect();
        Self { columns, rows, levels }
    }

    /// The level at a place, both coordinates from 0 to 1.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let x = x.clamp(0.0, 1.0) * (self.columns - 1) as f64;
        let y = y.clamp(0.0, 1.0) * (self.rows - 1) as f64;
        let (column, row) = (x as usize, y as usize);
        let level = |dx: usize, dy: usize| {
            let column = (column + dx).min(self.columns - 1);
            self.levels[(row + dy).min(self.rows - 1) * self.columns + column]
        };
        let (right, below) = (x.fract(), y.fract());
        let upper = level(0, 0) * (1.0 - right) + level(1, 0) * right;
        let lower = level(0, 1) * (1.0 - right) + level(1, 1) * right;
        upper * (1.0 - below) + lower * below
    }
}

/// From 0 to 1 while `value` goes from `from` to `to`, without an edge.
pub fn smooth_step(from: f64, to: f64, value: f64) -> f64 {
    let part = ((value - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

/// A bell of height 1 around 0.
pub fn bell(distance: f64, width: f64) -> f64 {
    (-(distance / width).powi(2)).exp()
}

/// How far inside an ellipse: 0 at its centre, 1 on it.
pub fn in_ellipse((x, y): (f64, f64), centre: (f64, f64), radius: (f64, f64)) -> f64 {
    ((x - centre.0) / radius.0).hypot((y - centre.1) / radius.1)
}
