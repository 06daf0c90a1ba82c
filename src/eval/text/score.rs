//! How all lines did, by what makes a line hard, as a table and as JSON.

use super::judge::{ImageVerdict, Miss};
use super::page;
use super::truth::{Image, Line};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Contrast from which it is no longer low.
const NORMAL_CONTRAST: f32 = 41.0;

/// Lines, and how many of them were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recall {
    pub lines: usize,
    pub found: usize,
}

impl Recall {
    fn add(&mut self, found: bool) {
        self.lines += 1;
        self.found += usize::from(found);
    }
}

/// The score of a folder.
#[derive(Debug, Default, Serialize)]
pub struct TextScore {
    pub images: usize,
    pub held: usize,
    pub frames: u64,
    /// Milliseconds of all pictures, from opening to the decision.
    pub ms: u128,
    /// Recall by group: `all`, and `height`, `contrast`, `turned` with their values.
    pub recall: BTreeMap<String, Recall>,
    /// Lines counted in every frame that has them.
    pub in_frames: Recall,
    /// Lines that may not stay, and how many are hidden.
    pub hidden: Recall,
    /// Lines that may stay, and how many did.
    pub stayed: Recall,
    /// Images with lines of 10 pixels and more that may not stay, and how many have them all hidden.
    pub clean_images: Recall,
    /// Letters of lines that were found and read, and wrong ones.
    pub letters: usize,
    pub wrong_letters: usize,
    /// Pixels of images without text, and of these what is hidden.
    pub blank_pixels: u64,
    pub blank_hidden: u64,
    /// Further pixels that are hidden in images with text.
    pub text_pixels: u64,
    pub text_hidden: u64,
    #[serde(skip)]
    misses: Vec<Missed>,
}

/// A line that was missed.
pub(super) struct Missed {
    /// Of the image, as the truth names it.
    pub file: String,
    pub what: &'static str,
    pub height: f32,
    pub contrast: f32,
    pub turned: f32,
    pub picture: Miss,
}

impl std::fmt::Debug for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Missed({})", self.what)
    }
}

impl TextScore {
    pub(super) fn add(&mut self, image: &Image, verdict: ImageVerdict, took: Duration) {
        self.images += 1;
        self.frames += u64::from(verdict.frames);
        self.ms += took.as_millis();
        if verdict.held {
            self.held += 1;
            return;
        }
        let (pixels, hidden) = match image.lines.is_empty() {
            true => (&mut self.blank_pixels, &mut self.blank_hidden),
            false => (&mut self.text_pixels, &mut self.text_hidden),
        };
        *pixels += verdict.pixels;
        *hidden += verdict.hidden_without_text;
        let mut clean = None;
        for (line, verdict) in image.lines.iter().zip(verdict.lines) {
            for group in groups(line) {
                self.recall.entry(group).or_default().add(verdict.found);
            }
            self.in_frames.lines += verdict.frames.0;
            self.in_frames.found += verdict.frames.1;
            match line.keep {
                true => self.stayed.add(verdict.stayed),
                false => self.hidden.add(verdict.hidden),
            }
            if !line.keep && line.height >= 10.0 {
                clean = Some(clean.unwrap_or(true) && verdict.hidden);
            }
            if let Some((wrong, letters)) = verdict.wrong {
                self.wrong_letters += wrong;
                self.letters += letters;
            }
            if let Some(picture) = verdict.miss {
                let what = if verdict.found { "found, and not hidden" } else { "not found" };
                let Line { height, contrast, turned, .. } = *line;
                let file = image.file.clone();
                self.misses.push(Missed { file, what, height, contrast, turned, picture });
            }
        }
        if let Some(clean) = clean {
            self.clean_images.add(clean);
        }
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} images ({} held), {} frames, {} ms a frame\n\n{:<24}{:>7}{:>8}{:>9}\n",
            self.images,
            self.held,
            self.frames,
            self.ms / u128::from(self.frames.max(1)),
            "lines found",
            "lines",
            "found",
            "%"
        );
        for (group, recall) in &self.recall {
            let _ = writeln!(text, "{}", row(group, *recall));
        }
        let _ = writeln!(text, "{}", row("all, frame by frame", self.in_frames));
        let missed = self.clean_images.lines - self.clean_images.found;
        let bound = upper_bound(missed, self.clean_images.lines);
        let _ = writeln!(text, "\n{}", row("hidden, of what must go", self.hidden));
        let _ = writeln!(text, "{}", row("stayed, of technique", self.stayed));
        let _ = writeln!(text, "{}", row("clean images, >= 10 px", self.clean_images));
        let _ = writeln!(text, "not clean, 95 % upper bound: {:.3} %", 100.0 * bound);
        let part = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
        let right = 100.0 - part(self.wrong_letters as u64, self.letters as u64);
        let _ = writeln!(text, "letters right, of {}: {right:.2} %", self.letters);
        let blank = part(self.blank_hidden, self.blank_pixels);
        let _ = writeln!(text, "hidden of images without text: {blank:.4} % of the area");
        let beside = part(self.text_hidden, self.text_pixels);
        let _ = writeln!(text, "hidden beside text: {beside:.4} % of the area");
        text
    }

    /// All figures.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// A page that needs no other file: the figures, and every miss as a picture.
    pub fn page(&self) -> String {
        page::page(&self.table(), &self.misses)
    }

    /// A line each: the file and what was missed in it, without a text.
    pub fn misses(&self) -> String {
        let line = |miss: &Missed| {
            let Missed { file, what, height, contrast, turned, picture } = miss;
            let frame = picture.frame;
            format!(
                "{file} frame {frame}: {what}, {height} px, {contrast} levels, turned {turned}\n"
            )
        };
        self.misses.iter().map(line).collect()
    }
}

fn row(name: &str, Recall { lines, found }: Recall) -> String {
    // Never 100 where one was missed.
    let hundredths = (found * 10_000).checked_div(lines);
    let percent = hundredths.map_or("-".into(), |h| format!("{}.{:02}", h / 100, h % 100));
    format!("{name:<24}{lines:>7}{found:>8}{percent:>9}")
}

/// The groups that a line is of.
fn groups(line: &Line) -> Vec<String> {
    let Line { height, contrast, turned, .. } = *line;
    let straight = turned.rem_euclid(90.0) == 0.0;
    let mut groups =
        vec!["all".into(), format!("height {height:>3}"), format!("contrast {contrast:>3}")];
    groups.push(match straight {
        true => format!("turned {turned:>3}"),
        false => "turned, not by quarters".into(),
    });
    if contrast < NORMAL_CONTRAST {
        groups.push("low contrast".into());
    } else if height >= 10.0 {
        groups.push("normal, >= 10 px".into());
    } else {
        groups.push("normal, < 10 px".into());
    }
    groups
}

/// The 95 % upper bound of a rate of which `missed` of `all` were seen (Clopper and Pearson, one-sided).
fn upper_bound(missed: usize, all: usize) -> f64 {
    if missed >= all {
        return 1.0;
    }
    // The chance of so few or fewer at rate `p`, summed from the logarithms of its terms.
    let few = |p: f64| {
        let mut term = all as f64 * (1.0 - p).ln();
        let mut sum = term.exp();
        for k in 1..=missed {
            term += ((all - k + 1) as f64 / k as f64).ln() + p.ln() - (1.0 - p).ln();
            sum += term.exp();
        }
        sum
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if few(middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_the_tables() {
        // Three over n where nothing was missed; 1 of 100 is 4.66 %.
        assert!((upper_bound(0, 3000) - 0.000_998).abs() < 2e-6);
        assert!((upper_bound(1, 100) - 0.0466).abs() < 1e-4);
        assert_eq!(upper_bound(0, 0), 1.0);
    }

    #[test]
    fn one_miss_is_never_a_hundred_percent() {
        assert!(row("x", Recall { lines: 100_000, found: 99_999 }).ends_with("99.99"));
        assert!(row("x", Recall { lines: 0, found: 0 }).ends_with('-'));
    }
}
