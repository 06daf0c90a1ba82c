//! The Part 10 header that we write before a received data set (PS3.10 section 7.1), and read back
//! from a payload whose record was lost.

use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// What a C-STORE command and its Presentation Context say of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub sop_class_uid: String,
    /// Identifies the object at its sender: stored in the payload and as a keyed hash, and nowhere else.
    pub sop_instance_uid: String,
    pub transfer_syntax_uid: String,
}

/// Bytes before the File Meta Information: preamble, prefix, group length.
const META: usize = 144;
/// A longer File Meta Information was not written here.
const MAX_META_BYTES: usize = 8192;

impl Identity {
    /// Preamble, prefix and File Meta Information. They depend on these UIDs alone, so that the same
    /// object received twice is the same file.
    pub(super) fn header(&self) -> Vec<u8> {
        let mut meta = Vec::with_capacity(256);
        meta.extend([0x02, 0x00, 0x01, 0x00, b'O', b'B', 0, 0, 2, 0, 0, 0, 0x00, 0x01]);
        element(&mut meta, 0x0002, b"UI", &self.sop_class_uid, 0);
        element(&mut meta, 0x0003, b"UI", &self.sop_instance_uid, 0);
        element(&mut meta, 0x0010, b"UI", &self.transfer_syntax_uid, 0);
        element(&mut meta, 0x0012, b"UI", IMPLEMENTATION_CLASS_UID, 0);
        element(&mut meta, 0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, b' ');
        let mut file = vec![0; 128];
        file.extend(b"DICM");
        file.extend([0x02, 0x00, 0x00, 0x00, b'U', b'L', 4, 0]);
        file.extend((meta.len() as u32).to_le_bytes());
        file.extend(meta);
        file
    }

    /// What the beginning of a payload says, if it is a header of ours.
    pub(super) fn of_header(file: &[u8]) -> Option<Self> {
        let length = u32::from_le_bytes(file.get(META - 4..META)?.try_into().ok()?) as usize;
        let mut meta = file.get(META..META + length.min(MAX_META_BYTES))?;
        meta = meta.get(14..)?;
        let mut next = |number: u16| {
            let (head, rest) = meta.split_at_checked(8)?;
            let length = usize::from(u16::from_le_bytes([head[6], head[7]]));
            let (value, rest) = rest.split_at_checked(length)?;
            meta = rest;
            let known = head[..4] == [2, 0, number.to_le_bytes()[0], number.to_le_bytes()[1]];
            let text = std::str::from_utf8(value).ok().filter(|_| known)?;
            Some(text.trim_end_matches('\0').to_owned())
        };
        Some(Self {
            sop_class_uid: next(0x0002)?,
            sop_instance_uid: next(0x0003)?,
            transfer_syntax_uid: next(0x0010)?,
        })
    }
}

fn element(out: &mut Vec<u8>, element: u16, vr: &[u8; 2], value: &str, padding: u8) {
    // A UID of the peer's may be longer than the Standard allows; it stays a valid file.
    let value = &value.as_bytes()[..value.len().min(1024)];
    out.extend([0x02, 0x00]);
    out.extend(element.to_le_bytes());
    out.extend(vr);
    out.extend((value.len() as u16).next_multiple_of(2).to_le_bytes());
    out.extend(value);
    if value.len() % 2 == 1 {
        out.push(padding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_reads_back_here_and_with_another_library() {
        let identity = Identity {
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.7".into(),
            sop_instance_uid: "1.2.3".into(),
            transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
        };
        let mut bytes = identity.header();
        bytes.extend(b"and its data set");
        assert_eq!(Identity::of_header(&bytes), Some(identity));
        assert_eq!(Identity::of_header(&bytes[..150]), None);
        assert_eq!(Identity::of_header(&[0xFF; 300]), None);
        let meta = dicom_object::FileMetaTable::from_reader(&bytes[128..]).expect("valid");
        assert_eq!(meta.media_storage_sop_instance_uid(), "1.2.3");
        assert_eq!(meta.transfer_syntax(), "1.2.840.10008.1.2.1");
        assert_eq!(meta.implementation_class_uid(), IMPLEMENTATION_CLASS_UID);
    }
}
