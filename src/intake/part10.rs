//! The Part 10 header that we write before a received data set (PS3.10 section 7.1).

use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// Preamble, prefix and File Meta Information of an object with these UIDs. It depends on them
/// alone, so that the same object received twice is the same file.
pub fn header(sop_class_uid: &str, sop_instance_uid: &str, transfer_syntax_uid: &str) -> Vec<u8> {
    let mut meta = Vec::with_capacity(256);
    meta.extend([0x02, 0x00, 0x01, 0x00, b'O', b'B', 0, 0, 2, 0, 0, 0, 0x00, 0x01]);
    element(&mut meta, 0x0002, b"UI", sop_class_uid, 0);
    element(&mut meta, 0x0003, b"UI", sop_instance_uid, 0);
    element(&mut meta, 0x0010, b"UI", transfer_syntax_uid, 0);
    element(&mut meta, 0x0012, b"UI", IMPLEMENTATION_CLASS_UID, 0);
    element(&mut meta, 0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, b' ');
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend([0x02, 0x00, 0x00, 0x00, b'U', b'L', 4, 0]);
    file.extend((meta.len() as u32).to_le_bytes());
    file.extend(meta);
    file
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
    fn the_header_reads_back_with_another_library() {
        let bytes = header("1.2.840.10008.5.1.4.1.1.7", "1.2.3", "1.2.840.10008.1.2.1");
        let meta = dicom_object::FileMetaTable::from_reader(&bytes[128..]).expect("valid");
        assert_eq!(meta.media_storage_sop_instance_uid(), "1.2.3");
        assert_eq!(meta.transfer_syntax(), "1.2.840.10008.1.2.1");
        assert_eq!(meta.implementation_class_uid(), IMPLEMENTATION_CLASS_UID);
    }
}
