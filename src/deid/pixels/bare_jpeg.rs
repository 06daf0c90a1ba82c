//! JPEG and JPEG-LS codestreams without what no decoder needs: comments, application data, thumbnails,
//! EXIF, and what follows the end (ITU-T T.81 Annex B, T.87 Annex C).
//!
//! What stays is a list, not what goes: a segment that is not known is left out, and one whose length
//! is not that of its content is no segment of a codestream that may be kept.

/// Identifier, version, units and densities of JFIF, and a thumbnail of no size.
const JFIF: usize = 14;
/// Identifier, version, flags and transform of Adobe.
const ADOBE: usize = 12;

/// The codestream alone, from SOI to EOI; none where it is not well formed or has no end.
pub(super) fn bare(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.get(..2).filter(|soi| *soi == [0xFF, 0xD8])?.to_vec();
    let mut at = 2;
    let mut jpeg_ls = false;
    let (mut jfif, mut adobe) = (false, false);
    loop {
        let [0xFF, marker] = *data.get(at..at + 2)? else { return None };
        if marker == 0xFF {
            at += 1; // a fill byte
            continue;
        }
        if marker == 0xD9 {
            out.extend([0xFF, 0xD9]);
            return Some(out);
        }
        let length = data.get(at + 2..at + 4)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = data.get(at..at + 2 + length)?;
        let body = segment.get(4..)?;
        at += segment.len();
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") && !std::mem::replace(&mut jfif, true) => {
                out.extend([0xFF, 0xE0, 0, JFIF as u8 + 2]);
                out.extend_from_slice(body.get(..JFIF - 2)?);
                out.extend([0, 0]);
            }
            0xEE if body.starts_with(b"Adobe") && !std::mem::replace(&mut adobe, true) => {
                out.extend([0xFF, 0xEE, 0, ADOBE as u8 + 2]);
                out.extend_from_slice(body.get(..ADOBE)?);
            }
            0xC0..=0xC3 | 0xF7 if body.len() == 6 + 3 * usize::from(*body.get(5)?) => {
                jpeg_ls = marker == 0xF7;
                out.extend_from_slice(segment);
            }
            0xC4 if is_huffman(body) => out.extend_from_slice(segment),
            0xDB if is_quantisation(body) => out.extend_from_slice(segment),
            0xDC | 0xDD if body.len() == 2 => out.extend_from_slice(segment),
            0xF8 if body.len() == 11 && body[0] == 1 => out.extend_from_slice(segment),
            0xDA if body.len() == 4 + 2 * usize::from(*body.first()?) => {
                out.extend_from_slice(segment);
                let data = entropy_coded(data.get(at..)?, jpeg_ls)?;
                out.extend_from_slice(data);
                at += data.len();
            }
            0xE0..=0xEF | 0xFE | 0xF0..=0xF6 | 0xF9..=0xFD => {}
            _ => return None,
        }
    }
}

/// The segments of a bare codestream that say what its colours are, and the codestream without them.
pub(super) fn colours_apart(bare: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut colours, mut rest) = (Vec::new(), bare.get(..2).unwrap_or_default().to_vec());
    let mut at = 2;
    while let Some([0xFF, marker, high, low]) = bare.get(at..at + 4) {
        if *marker == 0xDA {
            break;
        }
        let length = 2 + usize::from(u16::from_be_bytes([*high, *low]));
        let to = if matches!(marker, 0xE0 | 0xEE) { &mut colours } else { &mut rest };
        to.extend_from_slice(bare.get(at..at + length).unwrap_or_default());
        at += length;
    }
    rest.extend_from_slice(bare.get(at..).unwrap_or_default());
    (colours, rest)
}

/// The data of a scan: up to a marker that is no restart.
pub(super) fn entropy_coded(data: &[u8], jpeg_ls: bool) -> Option<&[u8]> {
    let is_marker = |second: u8| match second {
        0xD0..=0xD7 => false,
        _ if jpeg_ls => second >= 0x80,
        _ => second != 0,
    };
    let end = data.windows(2).position(|pair| pair[0] == 0xFF && is_marker(pair[1]))?;
    Some(&data[..end])
}

/// Whether tables of codes fill the segment (T.81 B.2.4.2).
fn is_huffman(mut body: &[u8]) -> bool {
    while let [_, rest @ ..] = body {
        let Some((lengths, rest)) = rest.split_at_checked(16) else { return false };
        let values = lengths.iter().map(|count| usize::from(*count)).sum();
        let Some((_, rest)) = rest.split_at_checked(values) else { return false };
        body = rest;
    }
    true
}

/// Whether quantisation tables fill the segment (T.81 B.2.4.1).
fn is_quantisation(mut body: &[u8]) -> bool {
    while let [form, rest @ ..] = body {
        let Some((_, rest)) = rest.split_at_checked(if form >> 4 == 0 { 64 } else { 128 }) else {
            return false;
        };
        body = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &[u8] = include_bytes!("../../../testdata/pixels/ycbcr-422-jfif.jpg");

    fn planted() -> Vec<u8> {
        let segment = |marker: u8, body: &[u8]| {
            let length = (body.len() + 2) as u16;
            [&[0xFF, marker], &length.to_be_bytes()[..], body].concat()
        };
        let end = PICTURE.len() - 2;
        [
            &PICTURE[..2],
            &segment(0xFE, b"DOE^JOHN"),
            &PICTURE[2..20],
            &segment(0xE1, b"Exif\0\0DOE^JOHN"),
            &segment(0xE0, b"JFXX\0DOE^JOHN"),
            &PICTURE[20..end],
            &segment(0xFE, b"DOE^JOHN"),
            &PICTURE[end..],
            b"DOE^JOHN",
        ]
        .concat()
    }

    #[test]
    fn what_was_planted_is_gone_and_the_rest_is_as_it_was() {
        let clean = bare(PICTURE).expect("well formed");
        assert_eq!(bare(&planted()), Some(clean.clone()));
        assert_eq!(bare(&clean), Some(clean.clone()), "nothing is left to take out");
        assert!(!clean.windows(3).any(|part| part == b"DOE"));
        assert_eq!(clean, PICTURE, "it held nothing else");
    }

    #[test]
    fn bytes_hidden_behind_a_table_are_no_codestream_to_keep() {
        let table = PICTURE.windows(2).position(|m| m == [0xFF, 0xDB]).expect("a table");
        let mut stuffed = PICTURE.to_vec();
        let length = u16::from_be_bytes([stuffed[table + 2], stuffed[table + 3]]) + 3;
        stuffed[table + 2..table + 4].copy_from_slice(&length.to_be_bytes());
        let at = table + 2 + usize::from(length) - 3;
        stuffed.splice(at..at, *b"DOE");
        assert_eq!(bare(&stuffed), None);
        for cut in 0..PICTURE.len() {
            assert_eq!(bare(&PICTURE[..cut]), None, "cut at {cut}");
        }
    }
}
