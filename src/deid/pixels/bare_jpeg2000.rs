//! A JPEG 2000 codestream without what no decoder needs: comments, pointers that would be wrong without
//! them, registrations, JP2 boxes, and what follows the end (ITU-T T.800 Annex A). The lengths of
//! tile-parts, which one transfer syntax asks for (PS3.5 10.18), are written anew where there were some.

use super::jpeg2000;

/// What a tile-part or the codestream ends with.
enum Header {
    /// The data of a tile-part follows.
    Data,
    /// A tile-part follows.
    TilePart,
}

/// The codestream alone, from SOC to EOC; none where it is not well formed or has no end.
pub(super) fn bare(data: &[u8]) -> Option<Vec<u8>> {
    let data = jpeg2000::bare(data).ok()?;
    let mut out = data.get(..2).filter(|soc| *soc == [0xFF, 0x4F])?.to_vec();
    let mut at = 2;
    let mut had_lengths = false;
    let Header::TilePart = copy_header(data, &mut at, &mut out, &mut had_lengths)? else {
        return None;
    };
    let behind_header = out.len();
    let mut lengths = Vec::new();
    loop {
        match *data.get(at..at + 2)? {
            [0xFF, 0xD9] => {
                out.extend([0xFF, 0xD9]);
                if had_lengths {
                    out.splice(behind_header..behind_header, tile_part_lengths(&lengths)?);
                }
                return Some(out);
            }
            [0xFF, 0x90] => lengths.push(copy_tile_part(data, &mut at, &mut out)?),
            _ => return None,
        }
    }
}

/// TLM segments (A.7.1): for each tile-part its tile, in two bytes, and its length, in four. None for more
/// than they can hold.
fn tile_part_lengths(lengths: &[[u8; 6]]) -> Option<Vec<u8>> {
    const TILE_PARTS: usize = (65_535 - 4) / 6;
    const SIZES: u8 = 0b0110_0000;
    let mut out = Vec::new();
    for (number, part) in lengths.chunks(TILE_PARTS).enumerate() {
        out.extend([0xFF, 0x55]);
        out.extend(((4 + 6 * part.len()) as u16).to_be_bytes());
        out.extend([u8::try_from(number).ok()?, SIZES]);
        out.extend_from_slice(part.as_flattened());
    }
    Some(out)
}

/// Copies the segments of a header that decoders need; `at` moves to what comes behind them.
fn copy_header(
    data: &[u8],
    at: &mut usize,
    out: &mut Vec<u8>,
    had_lengths: &mut bool,
) -> Option<Header> {
    loop {
        let [0xFF, marker] = *data.get(*at..*at + 2)? else { return None };
        match marker {
            0x93 => return Some(Header::Data),
            0x90 => return Some(Header::TilePart),
            _ => {}
        }
        let length = data.get(*at + 2..*at + 4)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = data.get(*at..*at + 2 + length)?;
        *at += segment.len();
        match marker {
            // SIZ, CAP, PRF, CPF, COD, COC, QCD, QCC, RGN, POC, PPM, PPT
            0x50 | 0x51 | 0x52 | 0x53 | 0x56 | 0x59 | 0x5C | 0x5D | 0x5E | 0x5F | 0x60 | 0x61 => {
                out.extend_from_slice(segment);
            }
            0x55 => *had_lengths = true,
            // PLM, PLT: of use only for skipping. CRG, COM: of none.
            0x57 | 0x58 | 0x63 | 0x64 => {}
            _ => return None,
        }
    }
}

/// Copies a tile-part, whose length is stated anew; the bytes of its tile and its length.
fn copy_tile_part(data: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Option<[u8; 6]> {
    let start = *at;
    let [.., l0, l1, l2, l3, _, _] = *data.get(start..start + 12)? else { return None };
    let stated = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    // Zero: as far as the end of the codestream, for the last one alone (A.4.2).
    let end = match stated {
        0 => data.windows(2).rposition(|marker| marker == [0xFF, 0xD9])?,
        _ => start.checked_add(stated)?,
    };
    let part = data.get(..end)?;
    let begin = out.len();
    out.extend_from_slice(part.get(start..start + 12)?);
    *at = start + 12;
    let Header::Data = copy_header(part, at, out, &mut false)? else { return None };
    out.extend_from_slice(part.get(*at..)?);
    *at = end;
    let length = u32::try_from(out.len() - begin).ok()?;
    out[begin + 6..begin + 10].copy_from_slice(&length.to_be_bytes());
    out.get(begin + 4..begin + 10)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &[u8] = include_bytes!("../../../testdata/pixels/grey-12.j2k");

    #[test]
    fn comments_and_what_follows_the_end_are_gone() {
        let clean = bare(PICTURE).expect("well formed");
        assert_eq!(bare(&clean), Some(clean.clone()), "nothing is left to take out");
        let comment = b"\xFF\x64\x00\x0C\x00\x01DOE^JOHN";
        let siz = u16::from_be_bytes([PICTURE[4], PICTURE[5]]);
        let behind_siz = 4 + usize::from(siz);
        let tile = PICTURE.windows(2).position(|m| m == [0xFF, 0x90]).expect("a tile-part");
        let mut planted = [
            &PICTURE[..behind_siz],
            comment,
            &PICTURE[behind_siz..tile + 12],
            comment,
            &PICTURE[tile + 12..],
            b"DOE^JOHN\xFF\xD9",
        ]
        .concat();
        let length = tile + comment.len() + 6;
        let stated = u32::from_be_bytes(planted[length..length + 4].try_into().expect("four"));
        let longer = stated + comment.len() as u32;
        planted[length..length + 4].copy_from_slice(&longer.to_be_bytes());
        assert_eq!(bare(&planted), Some(clean.clone()));
        let boxes = b"\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x11uuidDOE^JOHN!";
        let size = (PICTURE.len() as u32 + 8).to_be_bytes();
        let boxed = [&boxes[..], &size, b"jp2c", PICTURE].concat();
        assert_eq!(bare(&boxed), Some(clean));
    }

    #[test]
    fn lengths_of_tile_parts_are_right_again() {
        let tile = PICTURE.windows(2).position(|m| m == [0xFF, 0x90]).expect("a tile-part");
        let stale = b"\xFF\x55\x00\x10\x00\x60DOE^JOHN\0\0\0\x07";
        let planted = [&PICTURE[..tile], stale, &PICTURE[tile..]].concat();
        let clean = bare(PICTURE).expect("well formed");
        let begin = clean.windows(2).position(|m| m == [0xFF, 0x90]).expect("a tile-part");
        let length = ((clean.len() - 2 - begin) as u32).to_be_bytes();
        let lengths = [&b"\xFF\x55\x00\x0A\x00\x60\0\0"[..], &length].concat();
        let wanted = [&clean[..begin], &lengths, &clean[begin..]].concat();
        assert_eq!(bare(&planted), Some(wanted.clone()));
        assert_eq!(bare(&wanted), Some(wanted.clone()));
    }

    #[test]
    fn a_codestream_that_is_cut_has_no_bare_form() {
        for cut in 0..PICTURE.len() {
            assert_eq!(bare(&PICTURE[..cut]), None, "cut at {cut}");
        }
    }
}
