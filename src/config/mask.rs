//! Device masks: boxes that are blanked in every picture of a device, whatever is read there.
//!
//! They stand in a file of their own, or in a profile, and are part of the profile once it is read: so
//! they are frozen with each Job.

use super::{ConfigError, check_plain_name, rule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// Masks that one profile may have.
const MAX_MASKS: usize = 10_000;
/// Boxes that one mask may have.
const MAX_BOXES: usize = 100;

/// Boxes, and the objects whose pictures have them blanked. Texts are lists of patterns, as `CT|MR` or
/// `ACME*`; empty or absent: any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Its name in reports.
    pub name: String,
    /// Modality (0008,0060).
    #[serde(default)]
    pub modality: String,
    /// Manufacturer (0008,0070).
    #[serde(default)]
    pub manufacturer: String,
    /// Manufacturer's Model Name (0008,1090).
    #[serde(default)]
    pub model: String,
    /// Software Versions (0018,1020); one of several values has to fit.
    #[serde(default)]
    pub software_versions: String,
    /// SOP Class UID (0008,0016).
    #[serde(default)]
    pub sop_class: String,
    /// Rows (0028,0010).
    #[serde(default)]
    pub rows: Option<u16>,
    /// Columns (0028,0011).
    #[serde(default)]
    pub columns: Option<u16>,
    pub boxes: Vec<MaskBox>,
}

/// A rectangle of the frames from the first to the last one, in pixels: `left` and `top` are inside,
/// `right` and `bottom` are not. Frames are counted from 0, negative ones from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskBox {
    pub left: u32,
    pub top: u32,
    /// Absent: the right edge of the picture.
    #[serde(default)]
    pub right: Option<u32>,
    /// Absent: the lower edge of the picture.
    #[serde(default)]
    pub bottom: Option<u32>,
    #[serde(default)]
    pub first_frame: i64,
    #[serde(default = "the_last")]
    pub last_frame: i64,
}

fn the_last() -> i64 {
    -1
}

/// What is known of the device that made an object, and of its pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    pub modality: String,
    pub manufacturer: String,
    pub model: String,
    pub software_versions: Vec<String>,
    pub sop_class_uid: String,
    pub rows: u32,
    pub columns: u32,
}

impl Mask {
    /// Whether the object is one of those whose pictures are blanked.
    pub fn fits(&self, device: &DeviceFacts) -> bool {
        let one = |patterns: &str, value: &String| rule::fits(patterns, value);
        one(&self.modality, &device.modality)
            && one(&self.manufacturer, &device.manufacturer)
            && one(&self.model, &device.model)
            && one(&self.sop_class, &device.sop_class_uid)
            && (self.software_versions.is_empty()
                || device.software_versions.iter().any(|v| one(&self.software_versions, v)))
            && self.rows.is_none_or(|rows| u32::from(rows) == device.rows)
            && self.columns.is_none_or(|columns| u32::from(columns) == device.columns)
    }

    fn texts(&self) -> [(&'static str, &String); 5] {
        [
            ("modality", &self.modality),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("software_versions", &self.software_versions),
            ("sop_class", &self.sop_class),
        ]
    }

    /// What is wrong with the mask by itself.
    fn fault(&self) -> Option<String> {
        if check_plain_name("masks", &self.name).is_err() {
            return Some("name must be 1 to 64 letters, digits, - _ .".into());
        }
        let selects = self.texts().iter().any(|(_, text)| !text.is_empty());
        if !selects && self.rows.is_none() && self.columns.is_none() {
            return Some(
                "selects nothing: name a modality, manufacturer, model, software_versions, \
                 sop_class, rows or columns"
                    .into(),
            );
        }
        let empty = |text: &str| !text.is_empty() && text.split('|').any(|p| p.trim().is_empty());
        if let Some((key, _)) = self.texts().into_iter().find(|(_, text)| empty(text)) {
            return Some(format!("{key} has an empty alternative, which fits objects without it"));
        }
        match self.boxes.len() {
            1..=MAX_BOXES => self.boxes.iter().find_map(MaskBox::fault),
            _ => Some(format!("boxes must be 1 to {MAX_BOXES}")),
        }
    }
}

impl MaskBox {
    fn fault(&self) -> Option<String> {
        let (right, bottom) = (self.right.unwrap_or(u32::MAX), self.bottom.unwrap_or(u32::MAX));
        if self.left >= right || self.top >= bottom {
            return Some("a box must have left < right and top < bottom".into());
        }
        let (first, last) = (self.first_frame, self.last_frame);
        ((first < 0) == (last < 0) && first > last)
            .then(|| "a box must have first_frame <= last_frame".into())
    }
}

/// What is wrong with a list of masks.
pub(super) fn fault(masks: &[Mask]) -> Option<String> {
    if masks.len() > MAX_MASKS {
        return Some(format!("more than {MAX_MASKS} masks"));
    }
    let mut names = BTreeSet::new();
    for (index, mask) in masks.iter().enumerate() {
        if let Some(fault) = mask.fault() {
            return Some(format!("mask {} ({:?}) {fault}", index + 1, mask.name));
        }
        if !names.insert(&mask.name) {
            return Some(format!("two masks have the name {:?}", mask.name));
        }
    }
    None
}

/// Reads a file of masks.
pub fn read(file: &Path) -> Result<Vec<Mask>, ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        masks: Vec<Mask>,
    }
    let unreadable = |source| ConfigError::Unreadable { file: file.to_owned(), source };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let invalid = |line, message| ConfigError::Invalid { file: file.to_owned(), line, message };
    let read: File = toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes()[..before].iter().filter(|b| **b == b'\n').count() + 1;
        invalid(line, error.message().replace('\n', " "))
    })?;
    match fault(&read.masks) {
        Some(fault) => Err(invalid(1, fault)),
        None => Ok(read.masks),
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts().into_iter().filter(|(_, text)| !text.is_empty());
        let mut words: Vec<_> = texts.map(|(key, text)| format!("{key} {text}")).collect();
        words.extend(self.rows.map(|rows| format!("rows {rows}")));
        words.extend(self.columns.map(|columns| format!("columns {columns}")));
        let boxes = match self.boxes.len() {
            1 => "1 box".to_owned(),
            count => format!("{count} boxes"),
        };
        write!(f, "{}: {boxes}", words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Mask>, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_reads_and_so_does_its_example() {
        let shipped = include_str!("../../conf/masks.toml");
        assert_eq!(parse(shipped).expect("valid"), []);
        let example = shipped.lines().skip_while(|line| *line != "# [[masks]]");
        let example: Vec<_> = example.map(|line| line.trim_start_matches("# ")).collect();
        let masks = parse(&example.join("\n")).expect("valid");
        assert_eq!(masks.len(), 1);
        assert!(masks[0].texts().iter().all(|(_, text)| !text.is_empty()), "every selector");
        assert!(masks[0].rows.is_some() && masks[0].columns.is_some() && masks[0].boxes.len() > 1);
    }

    #[test]
    fn a_fault_is_named_with_its_mask() {
        let one = |rest: &str| parse(&format!("[[masks]]\nname = 'a'\n{rest}")).expect_err(rest);
        let boxes = "boxes = [{ left = 0, top = 0 }]\n";
        assert!(one("manufactuer = 'x'").contains(":3: unknown field"));
        assert!(one(boxes).contains("mask 1 (\"a\") selects nothing"));
        assert!(one("modality = 'US'\nboxes = []").contains("boxes must be 1 to"));
        assert!(one(&format!("modality = 'US|'\n{boxes}")).contains("empty alternative"));
        let with = |area: &str| one(&format!("modality = 'US'\nboxes = [{{ {area} }}]"));
        assert!(with("left = 5, top = 0, right = 5").contains("left < right"));
        assert!(with("left = 0, top = 0, first_frame = -1, last_frame = -2").contains("<="));
        assert!(with("left = -1, top = 0").contains(":4:"));
        let twice = format!("[[masks]]\nname = 'a'\nmodality = 'US'\n{boxes}").repeat(2);
        assert!(parse(&twice).expect_err("twice").contains("two masks"));
    }

    #[test]
    fn a_mask_fits_when_everything_that_it_names_does() {
        let text = "[[masks]]\nname = 'a'\nmodality = 'US|XA'\nmanufacturer = 'ACME*'\n\
                    software_versions = '3.*'\ncolumns = 640\nboxes = [{ left = 0, top = 0 }]";
        let mask = parse(text).expect("valid").remove(0);
        let device = DeviceFacts {
            modality: "us".into(),
            manufacturer: "Acme Medical".into(),
            software_versions: vec!["2.0".into(), "3.1".into()],
            columns: 640,
            rows: 480,
            ..DeviceFacts::default()
        };
        assert!(mask.fits(&device));
        assert!(!mask.fits(&DeviceFacts { columns: 641, ..device.clone() }));
        assert!(!mask.fits(&DeviceFacts { software_versions: vec![], ..device.clone() }));
        assert!(!mask.fits(&DeviceFacts { manufacturer: String::new(), ..device.clone() }));
        assert!(!mask.fits(&DeviceFacts { modality: "CT".into(), ..device }));
        assert_eq!(
            mask.to_string(),
            "modality US|XA, manufacturer ACME*, software_versions 3.*, columns 640: 1 box"
        );
    }
}
