//! Overlay planes (PS3.3 C.9) under the Clean Graphics Option: one in which no text was found stays.
//!
//! Invariants: a plane that stays is made anew from its sides, origin and bits, and nothing else of its
//! group stays; one that is embedded in pixels, malformed or larger than a frame may be is none, and goes;
//! `take` accepts exactly what `put` writes.

use super::hold::{Hold, HoldReason};
use super::picture::Picture;
use crate::config::Limits;
use dicom_core::header::{Header, Tag};
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The groups that planes can have (PS3.5 Section 7.6).
const GROUPS: std::ops::RangeInclusive<u16> = 0x6000..=0x601E;
const ROWS: u16 = 0x0010;
const COLUMNS: u16 = 0x0011;
const NUMBER_OF_FRAMES: u16 = 0x0015;
const TYPE: u16 = 0x0040;
const ORIGIN: u16 = 0x0050;
const IMAGE_FRAME_ORIGIN: u16 = 0x0051;
const BITS_ALLOCATED: u16 = 0x0100;
const BIT_POSITION: u16 = 0x0102;
const DATA: u16 = 0x3000;

/// What is left of a plane: what displays it, and no word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Plane {
    group: u16,
    rows: u16,
    columns: u16,
    /// Of a plane of several frames: their number, and the frame that the first belongs to.
    frames: Option<(u32, u16)>,
    /// Graphics, or else a region of interest.
    graphics: bool,
    origin: [i16; 2],
    /// One for each pixel, frame by frame without a gap; none is set behind the last.
    bits: Vec<u8>,
}

/// A plane that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayPlane {
    pub group: u16,
    /// SHA-256 of all that stays of it.
    pub sha256: [u8; 32],
}

/// The planes of an object, each with the pictures of its frames, whose index is `first` and so on.
pub fn look(
    header: &InMemDicomObject,
    limits: &Limits,
    first: u32,
) -> impl Iterator<Item = (OverlayPlane, Vec<Picture>)> {
    (first..)
        .zip(planes(header, limits))
        .map(|(index, plane)| (plane.seen(), plane.pictures(index)))
}

/// Takes the planes that are to stay out of a header, and with them all that their groups hold: words
/// about a plane do not stay with it.
pub fn take_staying(
    header: &mut InMemDicomObject,
    staying: &[OverlayPlane],
    limits: &Limits,
) -> Result<Vec<Staying>, Hold> {
    let found: Vec<_> =
        planes(header, limits).into_iter().filter(|p| staying.contains(&p.seen())).collect();
    if found.len() != staying.len() {
        return Err(failed("an overlay plane is not the one that was looked at"));
    }
    for plane in &found {
        let of_group = header.iter().map(|element| element.tag());
        let of_group: Vec<_> = of_group.filter(|tag| tag.group() == plane.group).collect();
        for tag in of_group {
            header.remove_element(tag);
        }
    }
    Ok(found.into_iter().map(Staying).collect())
}

/// A plane that stays.
pub struct Staying(Plane);

/// Puts planes into a scrubbed header; what else there is of planes, comments on those that went, goes.
pub fn put(header: &mut InMemDicomObject, staying: Vec<Staying>) {
    let of_planes = header.iter().map(|element| element.tag());
    let of_planes: Vec<_> = of_planes.filter(|tag| tag.group() >> 8 == 0x60).collect();
    for tag in of_planes {
        header.remove_element(tag);
    }
    for Staying(plane) in staying {
        plane.elements().into_iter().for_each(|element| drop(header.put(element)));
    }
}

/// Takes out of the header of a result what `put` puts there; a hold if anything of it differs.
pub fn take(
    header: &mut InMemDicomObject,
    staying: &[OverlayPlane],
    limits: &Limits,
) -> Result<(), Hold> {
    if staying.is_empty() {
        return Ok(());
    }
    let is_of_plane = |element: &&DataElement<InMemDicomObject>| {
        staying.iter().any(|plane| plane.group == element.tag().group())
    };
    let before: Vec<_> = header.iter().filter(is_of_plane).cloned().collect();
    for Staying(plane) in take_staying(header, staying, limits)? {
        let written = plane.elements();
        let of_group: Vec<_> =
            before.iter().filter(|element| element.tag().group() == plane.group).collect();
        let same = |tag: Tag| {
            // Text is padded to an even length in a file.
            let value = |element: &DataElement<InMemDicomObject>| {
                element.value().primitive().map(|value| value.to_bytes().trim_ascii_end().to_vec())
            };
            let read = of_group.iter().find(|element| element.tag() == tag).map(|e| value(e));
            let wanted = written.iter().find(|element| element.tag() == tag).map(value);
            read.is_some() && read == wanted
        };
        if of_group.len() != written.len() || !written.iter().all(|element| same(element.tag())) {
            return Err(failed("an overlay plane with more than its bits"));
        }
    }
    Ok(())
}

fn failed(detail: &str) -> Hold {
    Hold::new(HoldReason::VerificationFailed, detail)
}

fn planes(header: &InMemDicomObject, limits: &Limits) -> Vec<Plane> {
    GROUPS.step_by(2).filter_map(|group| Plane::read(header, group, limits)).collect()
}

impl Plane {
    fn read(header: &InMemDicomObject, group: u16, limits: &Limits) -> Option<Self> {
        let element = |number| header.get(Tag(group, number));
        let number = |number| element(number)?.to_int::<u16>().ok();
        let (rows, columns) = (number(ROWS)?, number(COLUMNS)?);
        let count = match element(NUMBER_OF_FRAMES) {
            Some(count) => count.to_int::<u32>().ok()?,
            None => 1,
        };
        let pixels = u64::from(rows) * u64::from(columns) * u64::from(count);
        let fits = pixels <= limits.max_frame_bytes && count <= limits.max_frames;
        let alone = number(BITS_ALLOCATED)? == 1 && number(BIT_POSITION)? == 0;
        if pixels == 0 || !fits || !alone {
            return None;
        }
        let mut bits = element(DATA)?.value().primitive()?.to_bytes().into_owned();
        let wanted = usize::try_from(pixels.div_ceil(8)).ok()?;
        if bits.len() < wanted {
            return None;
        }
        bits.truncate(wanted);
        if let (1.., Some(last)) = (pixels % 8, bits.last_mut()) {
            *last &= (1 << (pixels % 8)) - 1;
        }
        bits.resize(wanted.next_multiple_of(2), 0);
        let origin = element(ORIGIN)?.to_multi_int::<i16>().ok()?;
        let first = number(IMAGE_FRAME_ORIGIN).unwrap_or(1);
        Some(Self {
            group,
            rows,
            columns,
            frames: element(NUMBER_OF_FRAMES).map(|_| (count, first)),
            graphics: element(TYPE)?.to_str().ok()?.trim() != "R",
            origin: origin.try_into().ok()?,
            bits,
        })
    }

    fn seen(&self) -> OverlayPlane {
        let bytes = postcard::to_allocvec(self).unwrap_or_default();
        OverlayPlane { group: self.group, sha256: Sha256::digest(bytes).into() }
    }

    /// Every frame that is not empty or full, as it would be drawn over the pixels.
    fn pictures(&self, index: u32) -> Vec<Picture> {
        let (rows, columns) = (usize::from(self.rows), usize::from(self.columns));
        let pixels = rows * columns;
        let frame = |number: u32| {
            let first = number as usize * pixels;
            let bit = |at: usize| self.bits[at / 8] >> (at % 8) & 1 == 1;
            (first..first + pixels).map(|at| if bit(at) { u8::MAX } else { 0 }).collect::<Vec<_>>()
        };
        let count = self.frames.map_or(1, |(count, _)| count);
        let frames = (0..count).map(frame);
        let drawn = frames.filter(|data| data.windows(2).any(|pair| pair[0] != pair[1]));
        let picture = |data| Picture {
            frame: index,
            width: columns as u32,
            height: rows as u32,
            samples: 1,
            enhanced: false,
            data,
        };
        drawn.map(picture).collect()
    }

    fn elements(&self) -> Vec<DataElement<InMemDicomObject>> {
        let element = |number, vr, value| DataElement::new(Tag(self.group, number), vr, value);
        let short = |number, value: u16| element(number, VR::US, PrimitiveValue::from(value));
        let kind = if self.graphics { "G" } else { "R" };
        let data = self.bits.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        let mut elements = vec![
            short(ROWS, self.rows),
            short(COLUMNS, self.columns),
            element(TYPE, VR::CS, PrimitiveValue::from(kind)),
            element(ORIGIN, VR::SS, PrimitiveValue::I16(self.origin.to_vec().into())),
            short(BITS_ALLOCATED, 1),
            short(BIT_POSITION, 0),
            element(DATA, VR::OW, PrimitiveValue::U16(data.collect())),
        ];
        if let Some((count, first)) = self.frames {
            let count = PrimitiveValue::from(count.to_string());
            elements.push(element(NUMBER_OF_FRAMES, VR::IS, count));
            elements.push(short(IMAGE_FRAME_ORIGIN, first));
        }
        elements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(group: u16, bits: &[u8]) -> InMemDicomObject {
        let plane = Plane {
            group,
            rows: 2,
            columns: 5,
            frames: None,
            graphics: true,
            origin: [1, 1],
            bits: bits.to_vec(),
        };
        InMemDicomObject::from_element_iter(plane.elements())
    }

    fn looked(header: &InMemDicomObject) -> Vec<(OverlayPlane, Vec<Picture>)> {
        look(header, &Limits::default(), 7).collect()
    }

    #[test]
    fn a_plane_is_shown_as_it_is_drawn_and_stays_as_its_bits_alone() {
        let mut original = header(0x6002, &[0b0010_0001, 0b1111_1110]);
        let label = DataElement::new(Tag(0x6002, 0x1500), VR::LO, "MARPLE");
        original.put(label);
        let [(plane, pictures)] = &looked(&original)[..] else { panic!("not one plane") };
        assert_eq!((pictures[0].frame, pictures[0].width, pictures[0].height), (7, 5, 2));
        assert_eq!(pictures[0].data, [255, 0, 0, 0, 0, 255, 0, 0, 0, 255]);
        let limits = Limits::default();
        let staying = take_staying(&mut original, std::slice::from_ref(plane), &limits);
        let mut result = InMemDicomObject::new_empty();
        put(&mut result, staying.expect("the plane"));
        assert!(original.get(Tag(0x6002, 0x1500)).is_none(), "its label goes");
        assert_eq!(looked(&result)[0].0, *plane, "bits behind the last pixel tell nothing");
        let mut more = result.clone();
        more.put(DataElement::new(Tag(0x6002, 0x1500), VR::LO, "MARPLE"));
        assert!(take(&mut more, std::slice::from_ref(plane), &limits).is_err());
        assert!(take(&mut result, std::slice::from_ref(plane), &limits).is_ok());
        assert_eq!(result.iter().count(), 0);
        assert!(take(&mut result, std::slice::from_ref(plane), &limits).is_err(), "it is gone");
    }

    #[test]
    fn planes_that_cannot_be_shown_are_none() {
        assert!(looked(&header(0x6004, &[])).is_empty(), "without bits");
        let mut embedded = header(0x6004, &[1, 0]);
        embedded.put(DataElement::new(Tag(0x6004, 0x0100), VR::US, PrimitiveValue::from(16_u16)));
        assert!(looked(&embedded).is_empty());
        assert!(looked(&header(0x6020, &[1, 0])).is_empty(), "a group that is none");
        assert_eq!(looked(&header(0x6004, &[0, 0]))[0].1, [], "empty ones need no look");
    }
}
