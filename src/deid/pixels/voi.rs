//! How the object asks to be displayed: every window and lookup table (PS3.3 C.11.1, C.11.2,
//! C.7.6.16.2.9 and 10). A reader is offered all of them by name, not the first alone.

use super::attributes::decimals;
use super::palette::{read_descriptor, words};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// The windows and tables of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voi {
    /// Those of every frame.
    shared: Vec<Look>,
    /// Those from the per-frame functional groups, by frame.
    per_frame: Vec<Vec<Look>>,
}

/// One way to display stored values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    Window(Window),
    Table(Table),
}

/// Stored values that are shown black and white; `black > white` if the rescale slope is negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub black: f64,
    pub white: f64,
}

/// The grey of stored values, one after the other once they are rescaled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    rescale: Rescale,
    first: i32,
    greys: Vec<u8>,
}

impl Table {
    /// The grey of a stored value; outside of the table, that of its nearest end.
    pub(super) fn grey(&self, stored: f64) -> u8 {
        let at = stored * self.rescale.slope + self.rescale.intercept - f64::from(self.first);
        // `as` clips, and takes NaN to 0.
        let at = (at.round() as usize).min(self.greys.len().saturating_sub(1));
        self.greys.get(at).copied().unwrap_or(0)
    }
}

impl Voi {
    /// Reads every window and table of the object and, in enhanced objects, of each frame. One that
    /// makes no sense is none: the full range is rendered in any case.
    pub fn read(header: &InMemDicomObject) -> Self {
        let group = |sequence: Tag| header.get(sequence).and_then(|groups| groups.items());
        let shared_group =
            group(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).and_then(|groups| groups.first());
        let mut shared = looks(Some(header), Some(header));
        shared.extend(looks(macro_of(shared_group, VOI), macro_of(shared_group, RESCALE)));
        let per_frame = group(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap_or_default();
        let per_frame = per_frame.iter().map(|frame| {
            let either = |sequence| {
                macro_of(Some(frame), sequence).or_else(|| macro_of(shared_group, sequence))
            };
            looks(either(VOI), either(RESCALE))
        });
        Self { shared, per_frame: per_frame.collect() }
    }

    /// The windows and tables of one frame, with duplicates; its own first.
    pub(super) fn of_frame(&self, frame: u32) -> impl Iterator<Item = &Look> {
        self.per_frame.get(frame as usize).into_iter().flatten().chain(&self.shared)
    }
}

const VOI: Tag = tags::FRAME_VOILUT_SEQUENCE;
const RESCALE: Tag = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;

fn macro_of(group: Option<&InMemDicomObject>, sequence: Tag) -> Option<&InMemDicomObject> {
    group?.get(sequence)?.items()?.first()
}

/// Stored values to those that windows and tables speak of.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rescale {
    slope: f64,
    intercept: f64,
}

const AS_STORED: Rescale = Rescale { slope: 1.0, intercept: 0.0 };

/// A lookup table of the header (PS3.3 C.11.1.1 and C.11.2.1.1).
struct Lut {
    first: i32,
    entries: Vec<u16>,
}

impl Lut {
    fn read(item: &InMemDicomObject) -> Option<Self> {
        let (count, first, bits) = read_descriptor(item, tags::LUT_DESCRIPTOR).ok()?;
        let mut entries = words(item, tags::LUT_DATA, bits, count)?;
        entries.truncate(count);
        Some(Self { first, entries })
    }

    fn at(&self, value: f64) -> f64 {
        let at = (value - f64::from(self.first)).round() as usize;
        self.entries.get(at.min(self.entries.len() - 1)).copied().unwrap_or(0).into()
    }

    /// Every entry through `shown`, spread from black to white.
    fn spread(&self, rescale: Rescale, shown: impl Fn(f64) -> f64) -> Option<Look> {
        let shown: Vec<f64> = self.entries.iter().map(|entry| shown(f64::from(*entry))).collect();
        let (low, high) = shown
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        let grey = |value: &f64| ((value - low) / (high - low) * 255.0).round() as u8;
        let greys: Vec<u8> = shown.iter().map(grey).collect();
        (low < high).then_some(Look::Table(Table { rescale, first: self.first, greys }))
    }
}

/// What `voi` and the Modality LUT Module of `modality` ask for.
fn looks(voi: Option<&InMemDicomObject>, modality: Option<&InMemDicomObject>) -> Vec<Look> {
    let items = |object: Option<&InMemDicomObject>, sequence| {
        let items = object.and_then(|object| object.get(sequence)?.items());
        items.unwrap_or_default().iter().filter_map(Lut::read).collect::<Vec<_>>()
    };
    let windows = windows(voi);
    let tables = items(voi, tags::VOILUT_SEQUENCE);
    if let Some(lut) = items(modality, tags::MODALITY_LUT_SEQUENCE).first() {
        let alone = lut.spread(AS_STORED, |value| value);
        let cut = |window: &Window| {
            let window = *window;
            let length = (window.white - window.black).max(f64::MIN_POSITIVE);
            lut.spread(AS_STORED, move |v| ((v - window.black) / length).clamp(0.0, 1.0))
        };
        let through = |table: &Lut| lut.spread(AS_STORED, |value| table.at(value));
        let cut = windows.iter().filter_map(cut);
        return cut.chain(tables.iter().filter_map(through)).chain(alone).collect();
    }
    let first = |tag| modality.and_then(|object| decimals(object, tag).next().flatten());
    let slope = first(tags::RESCALE_SLOPE).unwrap_or(1.0);
    let intercept = first(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    if slope == 0.0 {
        return vec![];
    }
    let stored = |value: f64| (value - intercept) / slope;
    let windows = windows.into_iter().filter_map(|window| {
        let window = Window { black: stored(window.black), white: stored(window.white) };
        (window.black.is_finite() && window.white.is_finite()).then_some(Look::Window(window))
    });
    let rescale = Rescale { slope, intercept };
    windows.chain(tables.iter().filter_map(|lut| lut.spread(rescale, |value| value))).collect()
}

/// The linear windows of PS3.3 C.11.2.1.2. A malformed one costs no other.
fn windows(voi: Option<&InMemDicomObject>) -> Vec<Window> {
    let Some(voi) = voi else { return vec![] };
    let pairs = decimals(voi, tags::WINDOW_CENTER).zip(decimals(voi, tags::WINDOW_WIDTH));
    let window = |(center, width): (Option<f64>, Option<f64>)| {
        let (center, width) = (center?, width?.max(1.0));
        let half = (width - 1.0) / 2.0;
        Some(Window { black: center - 0.5 - half, white: center - 0.5 + half })
    };
    pairs.filter_map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    fn object(values: &[(Tag, &str)]) -> InMemDicomObject {
        let element = |(tag, text): &(Tag, &str)| DataElement::new(*tag, VR::DS, *text);
        InMemDicomObject::from_element_iter(values.iter().map(element))
    }

    fn nest(sequence: Tag, item: InMemDicomObject) -> InMemDicomObject {
        let items = DataSetSequence::from(vec![item]);
        InMemDicomObject::from_element_iter([DataElement::new(sequence, VR::SQ, items)])
    }

    #[test]
    fn every_window_is_brought_back_to_stored_values() {
        let header = object(&[
            (tags::WINDOW_CENTER, "40\\300"),
            (tags::WINDOW_WIDTH, "401\\2000"),
            (tags::RESCALE_SLOPE, "2"),
            (tags::RESCALE_INTERCEPT, "-1024"),
        ]);
        let voi = Voi::read(&header);
        let windows: Vec<&Look> = voi.of_frame(7).collect();
        let window = |black, white| Look::Window(Window { black, white });
        assert_eq!(windows, [&window(431.75, 631.75), &window(162.0, 1161.5)]);
    }

    #[test]
    fn frames_have_windows_of_their_own() {
        let own = object(&[(tags::WINDOW_CENTER, "10.5"), (tags::WINDOW_WIDTH, "1")]);
        let header = nest(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, nest(VOI, own));
        let voi = Voi::read(&header);
        let own = Look::Window(Window { black: 10.0, white: 10.0 });
        assert_eq!(voi.of_frame(0).collect::<Vec<_>>(), [&own]);
        assert_eq!(voi.of_frame(1).next(), None);
    }

    #[test]
    fn a_window_that_makes_no_sense_is_none() {
        for (center, width, slope) in [("NaN", "5", "1"), ("1", "x", "1"), ("1", "5", "0")] {
            let header = object(&[
                (tags::WINDOW_CENTER, center),
                (tags::WINDOW_WIDTH, width),
                (tags::RESCALE_SLOPE, slope),
            ]);
            assert_eq!(Voi::read(&header).of_frame(0).next(), None);
        }
    }

    fn lut(descriptor: [u16; 3], data: &[u16]) -> InMemDicomObject {
        let words = |words: &[u16]| PrimitiveValue::U16(words.into());
        InMemDicomObject::from_element_iter([
            DataElement::new(tags::LUT_DESCRIPTOR, VR::US, words(&descriptor)),
            DataElement::new(tags::LUT_DATA, VR::OW, words(data)),
        ])
    }

    fn greys(header: &InMemDicomObject, stored: &[f64]) -> Vec<Vec<u8>> {
        let voi = Voi::read(header);
        let tables = voi.of_frame(0).map(|look| match look {
            Look::Table(table) => stored.iter().map(|value| table.grey(*value)).collect(),
            Look::Window(window) => panic!("{window:?}"),
        });
        tables.collect()
    }

    #[test]
    fn a_lookup_table_of_the_object_is_a_way_to_display_it() {
        let mut header = nest(tags::VOILUT_SEQUENCE, lut([3, 10, 12], &[0, 4000, 2000]));
        header.put(DataElement::new(tags::RESCALE_INTERCEPT, VR::DS, "-1000"));
        let stored = [0.0, 1010.0, 1011.0, 1012.0, 5000.0];
        assert_eq!(greys(&header, &stored), [[0, 0, 255, 128, 128]]);
    }

    #[test]
    fn windows_and_tables_look_through_the_modality_table() {
        let mut header = nest(tags::MODALITY_LUT_SEQUENCE, lut([4, 0, 16], &[0, 10, 20, 1000]));
        header.put(DataElement::new(tags::WINDOW_CENTER, VR::DS, "10.5"));
        header.put(DataElement::new(tags::WINDOW_WIDTH, VR::DS, "21"));
        header.extend(nest(tags::VOILUT_SEQUENCE, lut([2, 10, 8], &[7, 9])));
        let shown = greys(&header, &[0.0, 1.0, 2.0, 3.0]);
        assert_eq!(shown, [[0, 128, 255, 255], [0, 0, 255, 255], [0, 3, 5, 255]]);
    }

    #[test]
    fn tables_that_make_no_sense_are_none() {
        for item in [lut([3, 0, 12], &[]), lut([3, 0, 99], &[1, 2, 3]), lut([2, 0, 8], &[5, 5])] {
            assert!(greys(&nest(tags::VOILUT_SEQUENCE, item), &[0.0]).is_empty());
        }
    }
}
