//! The window that the object asks to be displayed with (PS3.3 C.11.2, C.7.6.16.2.9 and 10).

use super::attributes::decimal;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// The windows of an object, in stored values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voi {
    /// The window of every frame that has none of its own.
    shared: Option<Window>,
    /// Windows from the per-frame functional groups, by frame.
    per_frame: Vec<Option<Window>>,
}

/// Stored values that are shown black and white; `black > white` if the rescale slope is negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub black: f64,
    pub white: f64,
}

impl Voi {
    /// Reads the first window of the object and, in enhanced objects, of each frame. A window that
    /// makes no sense is none: the full range is rendered in any case.
    pub fn read(header: &InMemDicomObject) -> Self {
        let group = |sequence: Tag| header.get(sequence).and_then(|groups| groups.items());
        let shared_group =
            group(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).and_then(|groups| groups.first());
        let shared = window(Some(header), Some(header))
            .or_else(|| window(macro_of(shared_group, VOI), macro_of(shared_group, RESCALE)));
        let per_frame = group(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap_or_default();
        let per_frame = per_frame.iter().map(|frame| {
            let either = |sequence| {
                macro_of(Some(frame), sequence).or_else(|| macro_of(shared_group, sequence))
            };
            window(either(VOI), either(RESCALE))
        });
        Self { shared, per_frame: per_frame.collect() }
    }

    /// The window of one frame.
    pub(super) fn of_frame(&self, frame: u32) -> Option<Window> {
        self.per_frame.get(frame as usize).copied().flatten().or(self.shared)
    }
}

const VOI: Tag = tags::FRAME_VOILUT_SEQUENCE;
const RESCALE: Tag = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;

fn macro_of(group: Option<&InMemDicomObject>, sequence: Tag) -> Option<&InMemDicomObject> {
    group?.get(sequence)?.items()?.first()
}

/// The linear window of PS3.3 C.11.2.1.2, brought back through the rescale to stored values.
fn window(voi: Option<&InMemDicomObject>, rescale: Option<&InMemDicomObject>) -> Option<Window> {
    let center = decimal(voi?, tags::WINDOW_CENTER)?;
    let width = decimal(voi?, tags::WINDOW_WIDTH)?.max(1.0);
    let of_rescale = |tag| rescale.and_then(|object| decimal(object, tag));
    let slope = of_rescale(tags::RESCALE_SLOPE).unwrap_or(1.0);
    let intercept = of_rescale(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    let lut = rescale.is_some_and(|object| object.get(tags::MODALITY_LUT_SEQUENCE).is_some());
    if slope == 0.0 || lut {
        return None;
    }
    let stored = |value: f64| (value - intercept) / slope;
    let (black, white) = (center - 0.5 - (width - 1.0) / 2.0, center - 0.5 + (width - 1.0) / 2.0);
    let window = Window { black: stored(black), white: stored(white) };
    (window.black.is_finite() && window.white.is_finite()).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, VR};

    fn object(values: &[(Tag, &str)]) -> InMemDicomObject {
        let element = |(tag, text): &(Tag, &str)| DataElement::new(*tag, VR::DS, *text);
        InMemDicomObject::from_element_iter(values.iter().map(element))
    }

    fn nest(sequence: Tag, item: InMemDicomObject) -> InMemDicomObject {
        let items = DataSetSequence::from(vec![item]);
        InMemDicomObject::from_element_iter([DataElement::new(sequence, VR::SQ, items)])
    }

    #[test]
    fn the_first_window_is_brought_back_to_stored_values() {
        let header = object(&[
            (tags::WINDOW_CENTER, "40\\300"),
            (tags::WINDOW_WIDTH, "401\\2000"),
            (tags::RESCALE_SLOPE, "2"),
            (tags::RESCALE_INTERCEPT, "-1024"),
        ]);
        let window = Voi::read(&header).of_frame(7).expect("a window");
        assert_eq!((window.black, window.white), (431.75, 631.75));
    }

    #[test]
    fn frames_have_windows_of_their_own() {
        let own = object(&[(tags::WINDOW_CENTER, "10.5"), (tags::WINDOW_WIDTH, "1")]);
        let header = nest(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, nest(VOI, own));
        let voi = Voi::read(&header);
        assert_eq!(voi.of_frame(0), Some(Window { black: 10.0, white: 10.0 }));
        assert_eq!(voi.of_frame(1), None);
    }

    #[test]
    fn a_window_that_makes_no_sense_is_none() {
        for (center, width, slope) in [("NaN", "5", "1"), ("1", "x", "1"), ("1", "5", "0")] {
            let header = object(&[
                (tags::WINDOW_CENTER, center),
                (tags::WINDOW_WIDTH, width),
                (tags::RESCALE_SLOPE, slope),
            ]);
            assert_eq!(Voi::read(&header).of_frame(0), None);
        }
    }
}
