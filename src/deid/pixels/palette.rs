//! The colours of PALETTE COLOR: the three lookup tables of the header, plain or segmented
//! (PS3.3 C.7.6.3.1.5 and C.7.9.2).

use super::attributes::mismatch;
use crate::deid::hold::Hold;
use dicom_core::{PrimitiveValue, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};

/// Lookup tables, one 8-bit colour for each entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Palette {
    /// The stored value that the first entry is for; smaller values show the first entry too.
    pub first: i32,
    /// Red, green and blue of each entry; at least one, at most 65,536.
    pub entries: Vec<[u8; 3]>,
}

const CHANNELS: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

impl Palette {
    /// Reads the three tables; they must have the same length and start.
    pub(super) fn read(header: &InMemDicomObject) -> Result<Self, Hold> {
        let mut tables = Vec::with_capacity(3);
        let mut form = None;
        for (descriptor, plain, segmented) in CHANNELS {
            let (count, first, bits) = read_descriptor(header, descriptor)?;
            if *form.get_or_insert((count, first)) != (count, first) {
                return Err(mismatch("the palette tables differ in length or start"));
            }
            let table = match words(header, plain, bits, count) {
                Some(table) => table,
                None => {
                    let data = words(header, segmented, bits, 0)
                        .ok_or_else(|| mismatch(format!("{plain} is missing")))?;
                    expand(&data, count)?
                }
            };
            if table.len() < count {
                return Err(mismatch(format!("{plain} is shorter than its descriptor says")));
            }
            tables.push(table);
        }
        let (count, first) = form.unwrap_or((0, 0));
        // Some writers promise 16 bits and use 8: leave out the bits that no entry uses, or every
        // colour would come out black.
        let highest = tables.iter().flat_map(|table| table.iter().take(count)).max();
        let used = (16 - highest.map_or(16, |entry| entry.leading_zeros())).max(8);
        let shown = |entry: u16| (entry >> (used - 8)) as u8;
        let entries =
            (0..count).map(|index| [0, 1, 2].map(|channel: usize| shown(tables[channel][index])));
        Ok(Self { first, entries: entries.collect() })
    }

    /// The colour of a stored value.
    pub fn colour(&self, stored: i64) -> [u8; 3] {
        let last = self.entries.len().saturating_sub(1) as i64;
        let index = (stored - i64::from(self.first)).clamp(0, last);
        self.entries.get(index as usize).copied().unwrap_or_default()
    }

    /// The stored value between `lowest` and `highest` whose colour is nearest to this one.
    pub fn nearest(&self, colour: [u8; 3], lowest: i64, highest: i64) -> i64 {
        let first = i64::from(self.first).clamp(lowest, highest);
        let last = (i64::from(self.first) + self.entries.len() as i64 - 1).clamp(first, highest);
        let distance = |stored: &i64| -> u32 {
            let apart = self.colour(*stored).into_iter().zip(colour).map(|(a, b)| a.abs_diff(b));
            apart.map(|difference| u32::from(difference).pow(2)).sum()
        };
        (first..=last).min_by_key(distance).unwrap_or(first)
    }

    /// The stored value between `lowest` and `highest` that is shown darkest.
    pub fn darkest(&self, lowest: i64, highest: i64) -> i64 {
        let first = i64::from(self.first).clamp(lowest, highest);
        let last = (i64::from(self.first) + self.entries.len() as i64 - 1).clamp(first, highest);
        let luminance = |stored: &i64| {
            let [red, green, blue] = self.colour(*stored).map(u32::from);
            299 * red + 587 * green + 114 * blue
        };
        (first..=last).min_by_key(luminance).unwrap_or(first)
    }
}

/// Number of entries, first stored value, bits of an entry (PS3.3 C.7.6.3.1.5).
pub(super) fn read_descriptor(
    header: &InMemDicomObject,
    tag: Tag,
) -> Result<(usize, i32, u16), Hold> {
    let bad = || mismatch(format!("{tag} is missing or malformed"));
    let element = header.get(tag).ok_or_else(bad)?;
    // VR SS or US, after Pixel Representation; some writers use the wrong one, so the words of
    // the first and third value are taken as unsigned whatever it says.
    let values = element.value().primitive().and_then(|v| v.to_multi_int::<i32>().ok());
    let values = values.ok_or_else(bad)?;
    let [count, first, bits] = values[..] else { return Err(bad()) };
    let count = match (count as u16, count) {
        (0, _) => 65_536,
        (count, _) => usize::from(count),
    };
    let bits = bits as u16;
    if !(8..=16).contains(&bits) {
        return Err(bad());
    }
    Ok((count, first, bits))
}

/// The table as 16-bit words, or unpacked if 8-bit entries are packed two to a word.
pub(super) fn words(
    header: &InMemDicomObject,
    tag: Tag,
    bits: u16,
    count: usize,
) -> Option<Vec<u16>> {
    let value = header.get(tag)?.value().primitive()?;
    let words: Vec<u16> = match value {
        PrimitiveValue::U8(bytes) => {
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        }
        PrimitiveValue::U16(words) => words.to_vec(),
        PrimitiveValue::I16(words) => words.iter().map(|word| *word as u16).collect(),
        _ => return None,
    };
    if words.is_empty() {
        return None;
    }
    if bits == 8 && words.len() < count {
        return Some(words.into_iter().flat_map(u16::to_le_bytes).map(u16::from).collect());
    }
    Some(words)
}

/// Expands discrete (0), linear (1) and indirect (2) segments to at most `count` entries.
fn expand(data: &[u16], count: usize) -> Result<Vec<u16>, Hold> {
    let mut table = Vec::new();
    let mut position = 0;
    while position < data.len() && table.len() < count {
        let segment = data.get(position..position + 3).ok_or_else(bad_segment)?;
        if segment[0] == 2 {
            let offset = data.get(position + 2..position + 4).ok_or_else(bad_segment)?;
            let start = usize::from(offset[0]) | usize::from(offset[1]) << 16;
            let mut inner = start;
            for _ in 0..segment[1] {
                inner = expand_one(data, inner, &mut table)?;
                if table.len() >= count {
                    break;
                }
            }
            position += 4;
        } else {
            position = expand_one(data, position, &mut table)?;
        }
    }
    Ok(table)
}

/// Expands the direct segment at `position`; returns where the next one begins.
fn expand_one(data: &[u16], position: usize, table: &mut Vec<u16>) -> Result<usize, Hold> {
    let header = data.get(position..position.saturating_add(3)).ok_or_else(bad_segment)?;
    let length = usize::from(header[1]);
    if length == 0 {
        // It would let a short table repeat nothing for hours.
        return Err(bad_segment());
    }
    match header[0] {
        0 => {
            let values = data.get(position + 2..position + 2 + length).ok_or_else(bad_segment)?;
            table.extend_from_slice(values);
            Ok(position + 2 + length)
        }
        1 => {
            let from = f64::from(*table.last().ok_or_else(bad_segment)?);
            let step = (f64::from(header[2]) - from) / length as f64;
            table.extend((1..=length).map(|i| (from + step * i as f64).round() as u16));
            Ok(position + 3)
        }
        _ => Err(bad_segment()),
    }
}

fn bad_segment() -> Hold {
    mismatch("a segmented palette is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_expand_to_what_the_standard_shows() {
        // PS3.3 C.7.9.2: discrete 0 0, linear to 100 in 4, then the linear one again.
        let data = [0, 2, 10, 20, 1, 4, 100, 2, 1, 4, 0];
        let table = expand(&data, 10).expect("well formed");
        assert_eq!(table, [10, 20, 40, 60, 80, 100, 100, 100, 100, 100]);
        assert!(expand(&[1, 4, 100], 4).is_err(), "a linear segment needs a start");
        assert!(expand(&[2, 1, 0, 0], 4).is_err(), "an indirect segment that names itself");
    }

    fn header(bits: u16, data: &[u16]) -> InMemDicomObject {
        use dicom_core::{DataElement, VR};
        let mut header = InMemDicomObject::new_empty();
        for (descriptor, plain, _) in CHANNELS {
            let form = PrimitiveValue::U16([data.len() as u16, 0, bits].into_iter().collect());
            header.put(DataElement::new(descriptor, VR::US, form));
            let data = PrimitiveValue::U16(data.iter().copied().collect());
            header.put(DataElement::new(plain, VR::OW, data));
        }
        header
    }

    #[test]
    fn entries_are_brought_to_8_bits_by_what_they_use() {
        let read = |bits, data: &[u16]| Palette::read(&header(bits, data)).map(|p| p.entries);
        assert_eq!(read(16, &[0, 0xFF00]), Ok(vec![[0; 3], [255; 3]]));
        assert_eq!(read(16, &[0, 200]), Ok(vec![[0; 3], [200; 3]]));
        assert_eq!(read(12, &[0x800, 0x400]), Ok(vec![[128; 3], [64; 3]]));
        assert_eq!(read(8, &[7, 9]), Ok(vec![[7; 3], [9; 3]]));
        let mut packed = header(8, &[0x0907]);
        for (descriptor, _, _) in CHANNELS {
            let form = PrimitiveValue::U16([2, 0, 8].into_iter().collect());
            packed.put(dicom_core::DataElement::new(descriptor, dicom_core::VR::US, form));
        }
        assert_eq!(Palette::read(&packed).map(|p| p.entries), Ok(vec![[7; 3], [9; 3]]));
        packed.remove_element(CHANNELS[2].1);
        assert!(Palette::read(&packed).is_err());
    }

    #[test]
    fn the_darkest_entry_is_one_that_the_pixel_can_hold() {
        let palette = Palette { first: 10, entries: vec![[9; 3], [8; 3], [0; 3]] };
        assert_eq!(palette.darkest(0, 255), 12);
        assert_eq!(palette.darkest(0, 11), 11);
        assert_eq!(palette.darkest(0, 5), 5);
        assert_eq!(palette.colour(0), [9; 3]);
        assert_eq!(palette.colour(99), [0; 3]);
    }
}
