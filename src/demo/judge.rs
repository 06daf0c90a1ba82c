//! The judge: knows what was planted, and looks for it in what the research PACS received.

use super::DemoError;
use super::patient;
use super::pixels::Pixels;
use super::study::Sample;
use crate::deid::picture::PixelRect;
use crate::spool::JobReport;
use crate::worker::WorkReport;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::path::{Path, PathBuf};

/// A line is hidden when at most this part of its ink is as it was: the edge of a comma may stay.
const LEFT_OF_A_HIDDEN_LINE: f64 = 0.02;

/// A delivered object as it was received.
pub struct Received {
    pub sop_instance_uid: String,
    pub bytes: Vec<u8>,
    pub object: InMemDicomObject,
}

impl Received {
    /// Reads a Part 10 file.
    pub fn open(path: &Path) -> Result<Self, DemoError> {
        let unreadable =
            |error: String| DemoError::Unreadable(format!("{}: {error}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let object =
            dicom_object::open_file(path).map_err(|error| unreadable(error.to_string()))?;
        let object = object.into_inner();
        let uid = object.get(tags::SOP_INSTANCE_UID).and_then(|e| e.to_str().ok());
        let sop_instance_uid = uid.unwrap_or_default().trim_matches(['\0', ' ']).to_owned();
        Ok(Self { sop_instance_uid, bytes, object })
    }
}

/// What became of one object, by the gateway's account and by the judge's.
#[derive(Debug, Default)]
pub struct Fate {
    pub delivered: bool,
    /// Reason code and detail.
    pub held: Option<(String, String)>,
    pub new_sop_uid: Option<String>,
    pub took_ms: i64,
    /// Places with text that the gateway hid, lines that it kept, attributes that it scrubbed.
    pub hidden: usize,
    pub kept: usize,
    pub scrubbed: u64,
    /// What is wrong with what was received; empty when nothing is.
    pub faults: Vec<String>,
    /// Planted identifiers that are in the file.
    pub identifiers: Vec<&'static str>,
    /// Burned-in lines that identify: hidden, and all.
    pub identifying: (usize, usize),
    /// Burned-in lines of technique: untouched, and all.
    pub technique: (usize, usize),
}

impl Fate {
    /// Delivered, and nothing wrong with it.
    pub fn is_good(&self) -> bool {
        self.delivered && self.faults.is_empty()
    }
}

/// Judges one object by what was sent, what the gateway recorded and what was received.
pub fn judge(
    sample: &Sample,
    job: Option<&JobReport>,
    received: Option<&Received>,
) -> Result<Fate, DemoError> {
    let Some(job) = job else {
        let faults = vec!["the gateway has no record of it".into()];
        return Ok(Fate { faults, ..Fate::default() });
    };
    let mut fate = Fate {
        delivered: job.delivered,
        held: job.held.clone(),
        new_sop_uid: job.new_sop_uid.clone(),
        took_ms: job.took_ms,
        ..Fate::default()
    };
    let mut areas = Vec::new();
    if let Some(json) = &job.report {
        let report: WorkReport = serde_json::from_str(json).map_err(|error| {
            DemoError::Unreadable(format!("the report of job {}: {error}", job.job))
        })?;
        areas = report.redaction.boxes.iter().map(|b| b.area).collect();
        fate.hidden = places(&areas);
        fate.kept = report.redaction.kept.len();
        fate.scrubbed = report.header.changed();
    }
    match received {
        Some(received) => {
            look_for_identifiers(&received.bytes, &mut fate);
            compare_pixels(sample, received, &areas, &mut fate)?;
        }
        None if job.delivered => fate.faults.push("the research PACS does not have it".into()),
        None => {}
    }
    Ok(fate)
}

/// Boxes that mostly overlap are one place: a line may have been found in several renderings.
fn places(areas: &[PixelRect]) -> usize {
    let size = |r: &PixelRect| {
        u64::from(r.right.saturating_sub(r.left)) * u64::from(r.bottom.saturating_sub(r.top))
    };
    let overlap = |a: &PixelRect, b: &PixelRect| {
        let common = PixelRect {
            left: a.left.max(b.left),
            top: a.top.max(b.top),
            right: a.right.min(b.right),
            bottom: a.bottom.min(b.bottom),
        };
        2 * size(&common) > size(a).min(size(b))
    };
    let first =
        |(index, area): &(usize, &PixelRect)| !areas[..*index].iter().any(|b| overlap(area, b));
    areas.iter().enumerate().filter(first).count()
}

/// In every byte of the file, whatever its case.
fn look_for_identifiers(bytes: &[u8], fate: &mut Fate) {
    let upper: Vec<u8> = bytes.iter().map(u8::to_ascii_uppercase).collect();
    for identifier in patient::identifiers() {
        let wanted = identifier.to_ascii_uppercase();
        if upper.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            fate.identifiers.push(identifier);
            fate.faults.push(format!("the planted identifier {identifier:?} is in the file"));
        }
    }
}

fn compare_pixels(
    sample: &Sample,
    received: &Received,
    areas: &[PixelRect],
    fate: &mut Fate,
) -> Result<(), DemoError> {
    let (before, after) = (Pixels::of(&sample.object)?, Pixels::of(&received.object)?);
    for text in &sample.text {
        let same = after.same(&before, &text.ink);
        if !text.hide {
            fate.technique.0 += usize::from(same == text.ink.len());
            fate.technique.1 += 1;
            continue;
        }
        fate.identifying.1 += 1;
        if same as f64 > LEFT_OF_A_HIDDEN_LINE * text.ink.len() as f64 {
            fate.faults.push(format!("{:?} is still in the picture", text.string));
        } else {
            fate.identifying.0 += 1;
        }
    }
    let changed = after.changed_outside(&before, areas);
    if changed > 0 {
        fate.faults.push(format!("{changed} pixels outside of the hidden places changed"));
    }
    Ok(())
}

/// Opens what the research PACS has.
pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Received>, DemoError> {
    paths.iter().map(|path| Received::open(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::modality::encoded;
    use crate::demo::study::generate;

    fn job(sample: &Sample) -> JobReport {
        JobReport {
            job: 1,
            sop_class_uid: sample.sop_class_uid.into(),
            delivered: true,
            held: None,
            report: None,
            new_sop_uid: None,
            took_ms: 1,
        }
    }

    #[test]
    fn an_object_that_was_passed_on_as_it_was_is_no_success() {
        for sample in generate() {
            let bytes = encoded(&sample.object).expect("encodable");
            let object = sample.object.clone();
            let received = Received { sop_instance_uid: String::new(), bytes, object };
            let fate = judge(&sample, Some(&job(&sample)), Some(&received)).expect("judged");
            assert!(!fate.is_good());
            let said = fate.faults.join("\n");
            assert!(said.contains(patient::ID) && said.contains(patient::UID_ROOT), "{said}");
            let to_hide = sample.text.iter().filter(|text| text.hide).count();
            assert_eq!(said.matches("still in the picture").count(), to_hide);
        }
    }

    #[test]
    fn an_object_that_did_not_arrive_is_no_success() {
        let sample = generate().remove(2);
        assert!(!judge(&sample, Some(&job(&sample)), None).expect("judged").is_good());
        assert!(!judge(&sample, None, None).expect("judged").is_good());
    }

    #[test]
    fn boxes_that_mostly_overlap_are_one_place() {
        let area = |left, right| PixelRect { left, top: 0, right, bottom: 10 };
        assert_eq!(places(&[area(0, 10), area(2, 12), area(11, 21), area(30, 40)]), 3);
    }
}
