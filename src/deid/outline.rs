//! What the parent learns of an object by itself: enough to say what must be done with its pixels.
//!
//! Invariant: nothing but the element scan and the reader of File Meta Information runs here, so
//! that the parent need not believe a child that decoded the object, and parses nothing itself.

use super::hold::{Hold, HoldReason};
use super::object::{encoding_at, read_meta};
use super::policy;
use super::redaction::PixelTreatment;
use super::scan::{DataSetScanner, ElementHead};
use crate::config::{Limits, Profile};
use dicom_core::Tag;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Where Pixel Data, Float and Double Float Pixel Data begin: what follows is not looked at.
const PIXELS: Tag = Tag(0x7FE0, 0x0008);
const PIECE_BYTES: usize = 64 * 1024;

/// The class of an object, and whether it has pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Of the data set; empty if it states none.
    pub sop_class_uid: String,
    pub has_pixels: bool,
}

impl Outline {
    /// Reads the file up to its pixels, but no longer header than the child that examines takes.
    pub fn read(file: &File, limits: &Limits) -> Result<Self, Hold> {
        let unreadable = |error: std::io::Error| {
            Hold::new(HoldReason::NotDicom, format!("the file cannot be read: {:?}", error.kind()))
        };
        let mut file = file.try_clone().map_err(unreadable)?;
        let (syntax, start) = read_meta(&mut file)?;
        let encoding = encoding_at(&mut file, &syntax, start)?;
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let limit = limits.max_inflated_bytes.max(u64::from(u32::MAX));
        let mut scanner = DataSetScanner::new(encoding, limit);
        let mut file = file.take(limits.max_header_bytes);
        let mut piece = vec![0; PIECE_BYTES];
        let mut at_pixels = false;
        while !at_pixels {
            match file.read(&mut piece).map_err(unreadable)? {
                0 => break,
                read => scanner.feed(&piece[..read], &mut |head: ElementHead| {
                    at_pixels |= head.depth == 0 && head.tag >= PIXELS;
                }),
            }
        }
        let scan = scanner.finish();
        let sop_class_uid = scan.sop_class_uid.as_str().to_owned();
        Ok(Self { sop_class_uid, has_pixels: scan.pixels.is_some() })
    }

    /// What a profile asks for; the child that examines must have come to the same.
    pub fn treatment(&self, profile: &Profile) -> PixelTreatment {
        policy::treatment(&self.sop_class_uid, self.has_pixels, profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PixelRule;
    use std::io::Write;

    fn outline(data_set: &[u8]) -> Outline {
        let mut file = tempfile::tempfile().expect("a file");
        let syntax = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0";
        for part in [&[0; 128][..], b"DICM", syntax, data_set] {
            file.write_all(part).expect("written");
        }
        Outline::read(&file, &Limits::default()).expect("a Part 10 file")
    }

    #[test]
    fn pixels_must_be_looked_at_unless_the_profile_skips_this_class() {
        let class = b"\x08\x00\x16\x00UI\x06\x001.2.3\0";
        let pixels = b"\xE0\x7F\x10\x00OW\0\0\x02\0\0\0\x01\x02";
        let found = outline(&[&class[..], pixels].concat());
        assert_eq!(found, Outline { sop_class_uid: "1.2.3".into(), has_pixels: true });
        let mut profile = Profile::named("basic").expect("shipped");
        assert_eq!(found.treatment(&profile), PixelTreatment::Looked);
        profile.pixels.insert("1.2.3".into(), PixelRule::Skip);
        assert_eq!(found.treatment(&profile), PixelTreatment::Skipped);
        assert_eq!(outline(class).treatment(&profile), PixelTreatment::Absent);
        assert_eq!(outline(pixels).treatment(&profile), PixelTreatment::Looked, "no class");
    }

    #[test]
    fn a_deflated_object_is_inflated_up_to_its_pixels() {
        let class = b"\x08\x00\x16\x00UI\x06\x001.2.3\0";
        let mut packer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(class).expect("packed");
        packer.write_all(b"\xE0\x7F\x10\x00OW\0\0\x02\0\0\0\x01\x02").expect("packed");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[0; 128]).expect("written");
        file.write_all(b"DICM\x02\x00\x10\x00UI\x16\x001.2.840.10008.1.2.1.99").expect("written");
        file.write_all(&packer.finish().expect("packed")).expect("written");
        let found = Outline::read(&file, &Limits::default()).expect("a Part 10 file");
        assert_eq!(found, Outline { sop_class_uid: "1.2.3".into(), has_pixels: true });
    }
}
