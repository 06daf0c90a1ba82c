//! The orientation that EXIF states (CIPA DC-008, tag 0x0112), and pixels turned upright by it.

/// How a picture has to be turned and mirrored to stand upright; 1 is as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

const TAG: u16 = 0x0112;
/// An IFD is a short table; a longer one is damage.
const MOST_ENTRIES: u16 = 1024;

impl Orientation {
    /// What a TIFF header with its first IFD says; upright where it does not say so in this form.
    pub fn of_exif(tiff: &[u8]) -> Self {
        Self(read(tiff).filter(|value| (1..=8).contains(value)).unwrap_or(1))
    }

    /// What EXIF in a JPEG says, which is in its first APP1 of that name.
    pub fn of_jpeg(data: &[u8]) -> Self {
        let mut at = 2;
        while let Some([0xFF, marker, high, low]) = data.get(at..at + 4) {
            match marker {
                0xFF => {
                    at += 1; // a fill byte
                    continue;
                }
                0xD9 | 0xDA => break,
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let body = data.get(at + 4..at + 2 + length).unwrap_or_default();
            if let (0xE1, Some(tiff)) = (marker, body.strip_prefix(b"Exif\0\0")) {
                return Self::of_exif(tiff);
            }
            at += 2 + length;
        }
        Self(1)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    pub fn is_upright(self) -> bool {
        self.0 == 1
    }

    /// Whether rows become columns.
    pub fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// Pixels of so many bytes, `width` by `height`, turned upright.
    pub fn upright(self, data: &[u8], width: usize, height: usize, pixel: usize) -> Vec<u8> {
        let (to_width, to_height) =
            if self.swaps_sides() { (height, width) } else { (width, height) };
        let mut turned = Vec::with_capacity(data.len());
        for y in 0..to_height {
            for x in 0..to_width {
                let (from_x, from_y) = match self.0 {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    8 => (width - 1 - y, x),
                    _ => (x, y),
                };
                let at = (from_y * width + from_x) * pixel;
                turned.extend_from_slice(data.get(at..at + pixel).unwrap_or_default());
            }
        }
        turned
    }
}

fn read(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let two = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let four = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let first = four(4)? as usize;
    let entries = two(first)?.min(MOST_ENTRIES);
    (0..usize::from(entries)).find_map(|entry| {
        let at = first + 2 + 12 * entry;
        // SHORT, one value
        let is_it = two(at)? == TAG && two(at + 2)? == 3 && four(at + 4)? == 1;
        if is_it { u8::try_from(two(at + 8)?).ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(little: bool, value: u16) -> Vec<u8> {
        let two = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let four = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let order: &[u8] = if little { b"II" } else { b"MM" };
        let mut tiff = [order, &two(42), &four(8), &two(2)].concat();
        for (tag, value) in [(0x0100, 7), (TAG, value)] {
            tiff.extend([&two(tag)[..], &two(3), &four(1), &two(value), &[0, 0]].concat());
        }
        tiff
    }

    #[test]
    fn the_orientation_is_read_in_both_byte_orders_and_nonsense_is_upright() {
        for little in [false, true] {
            assert_eq!(Orientation::of_exif(&exif(little, 6)).number(), 6);
            assert!(Orientation::of_exif(&exif(little, 9)).is_upright());
            let whole = exif(little, 6);
            (0..whole.len() - 4).for_each(|cut| {
                assert!(Orientation::of_exif(&whole[..cut]).is_upright(), "{cut}");
            });
        }
        assert!(Orientation::of_exif(b"II*\0\xFF\xFF\xFF\xFF").is_upright());
    }

    #[test]
    fn every_orientation_turns_the_letter_f_upright() {
        // Each is the upright one (3 x 2: 123/456) as a camera of that orientation stores it.
        let stored: [(u8, usize, &[u8]); 8] = [
            (1, 3, b"123456"),
            (2, 3, b"321654"),
            (3, 3, b"654321"),
            (4, 3, b"456123"),
            (5, 2, b"142536"),
            (6, 2, b"362514"),
            (7, 2, b"635241"),
            (8, 2, b"415263"),
        ];
        for (number, width, data) in stored {
            let turned = Orientation(number).upright(data, width, 6 / width, 1);
            assert_eq!(turned, b"123456", "{number}");
        }
    }
}
