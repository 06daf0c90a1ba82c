//! A data set in Explicit VR Little Endian, read as Implicit VR Little Endian (PS3.5 annexes A.1, A.2).
//!
//! Only element headers are written anew: the same tags in the same order, every value byte for byte
//! as it was read. Sequences and items are written with undefined length, so that a reader without
//! a dictionary knows them. What has no such form (encapsulated Pixel Data, UN of undefined length,
//! group lengths) is an error and never dropped.

use std::io::{self, ErrorKind, Read};

const UNDEFINED: u32 = 0xFFFF_FFFF;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const ITEM_END: [u8; 4] = [0xFE, 0xFF, 0x0D, 0xE0];
const SEQUENCE_END: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];
/// Deeper nesting was refused when the object was received.
const MAX_DEPTH: usize = 64;

/// The data set of `source`, header by header; errors are `InvalidData` or of `source`.
pub struct ImplicitVr<R> {
    source: R,
    /// Bytes taken from `source`.
    taken: u64,
    /// Of the value that is passed on.
    value_left: u64,
    header: Vec<u8>,
    header_at: usize,
    open: Vec<Level>,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sequence,
    Item,
}

#[derive(Clone, Copy)]
struct Level {
    kind: Kind,
    /// Where it ends in `source`, if it says so.
    end: Option<u64>,
}

impl<R: Read> ImplicitVr<R> {
    /// `source` begins with the first element of the data set.
    pub fn new(source: R) -> Self {
        Self {
            source,
            taken: 0,
            value_left: 0,
            header: Vec::with_capacity(16),
            header_at: 0,
            open: Vec::new(),
            ended: false,
        }
    }

    /// Writes the next header into `header`, or notes the end.
    fn advance(&mut self) -> io::Result<()> {
        self.header.clear();
        self.header_at = 0;
        if let Some(level) = self.open.last()
            && level.end == Some(self.taken)
        {
            return self.close(level.kind);
        }
        let Some(tag) = self.tag()? else {
            self.ended = true;
            return if self.open.is_empty() { Ok(()) } else { Err(contradiction()) };
        };
        let inside_sequence = self.open.last().is_some_and(|l| l.kind == Kind::Sequence);
        match tag {
            ITEM | ITEM_END | SEQUENCE_END => self.delimiter(tag),
            _ if inside_sequence => Err(contradiction()),
            _ => self.element(tag),
        }
    }

    fn delimiter(&mut self, tag: [u8; 4]) -> io::Result<()> {
        let length = u32::from_le_bytes(self.take()?);
        let top = self.open.last().copied();
        match (tag, top) {
            (ITEM, Some(Level { kind: Kind::Sequence, .. })) => {
                self.enter(Kind::Item, length)?;
                self.write(ITEM, UNDEFINED);
                Ok(())
            }
            (ITEM_END, Some(Level { kind: Kind::Item, end: None })) if length == 0 => {
                self.close(Kind::Item)
            }
            (SEQUENCE_END, Some(Level { kind: Kind::Sequence, end: None })) if length == 0 => {
                self.close(Kind::Sequence)
            }
            _ => Err(contradiction()),
        }
    }

    fn element(&mut self, tag: [u8; 4]) -> io::Result<()> {
        let vr: [u8; 2] = self.take()?;
        let is_long = matches!(
            &vr,
            b"OB"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"OW"
                | b"SQ"
                | b"SV"
                | b"UC"
                | b"UN"
                | b"UR"
                | b"UT"
                | b"UV"
        );
        let length = if is_long {
            let [_, _, a, b, c, d] = self.take::<6>()?;
            u32::from_le_bytes([a, b, c, d])
        } else {
            u32::from(u16::from_le_bytes(self.take()?))
        };
        if !vr.iter().all(u8::is_ascii_uppercase) || tag[2..] == [0, 0] {
            return Err(contradiction());
        }
        if vr == *b"SQ" {
            self.enter(Kind::Sequence, length)?;
            self.write(tag, UNDEFINED);
            return Ok(());
        }
        if length == UNDEFINED || !self.fits(length) {
            return Err(contradiction());
        }
        self.write(tag, length);
        self.value_left = u64::from(length);
        Ok(())
    }

    fn enter(&mut self, kind: Kind, length: u32) -> io::Result<()> {
        if self.open.len() == MAX_DEPTH || (length != UNDEFINED && !self.fits(length)) {
            return Err(contradiction());
        }
        let end = (length != UNDEFINED).then(|| self.taken + u64::from(length));
        self.open.push(Level { kind, end });
        Ok(())
    }

    /// Whether so many bytes end where everything around them has not ended.
    fn fits(&self, length: u32) -> bool {
        let end = self.taken + u64::from(length);
        self.open.iter().all(|level| level.end.is_none_or(|limit| end <= limit))
    }

    fn close(&mut self, kind: Kind) -> io::Result<()> {
        self.open.pop();
        self.write(if kind == Kind::Item { ITEM_END } else { SEQUENCE_END }, 0);
        Ok(())
    }

    fn write(&mut self, tag: [u8; 4], length: u32) {
        self.header.extend(tag);
        self.header.extend(length.to_le_bytes());
    }

    /// The next tag; none at the end of the data set.
    fn tag(&mut self) -> io::Result<Option<[u8; 4]>> {
        let mut tag = [0; 4];
        let read = loop {
            match self.source.read(&mut tag) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Ok(None);
        }
        self.source.read_exact(&mut tag[read..])?;
        self.taken += 4;
        Ok(Some(tag))
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.taken += N as u64;
        Ok(bytes)
    }
}

impl<R: Read> Read for ImplicitVr<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let pending = &self.header[self.header_at..];
            if !pending.is_empty() {
                let count = pending.len().min(buffer.len());
                buffer[..count].copy_from_slice(&pending[..count]);
                self.header_at += count;
                return Ok(count);
            }
            if self.value_left > 0 && !buffer.is_empty() {
                let wanted =
                    buffer.len().min(usize::try_from(self.value_left).unwrap_or(usize::MAX));
                let count = self.source.read(&mut buffer[..wanted])?;
                if count == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                self.value_left -= count as u64;
                self.taken += count as u64;
                return Ok(count);
            }
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            self.advance()?;
        }
    }
}

fn contradiction() -> io::Error {
    ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value, value::DataSetSequence};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;
    use dicom_transfer_syntax_registry::entries::{
        EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
    };
    use proptest::prelude::*;

    fn implicit(explicit: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        ImplicitVr::new(explicit).read_to_end(&mut bytes).map(|_| bytes)
    }

    fn explicit(object: &InMemDicomObject) -> Vec<u8> {
        let mut bytes = Vec::new();
        object
            .write_dataset_with_ts(&mut bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased())
            .expect("written");
        bytes
    }

    fn text(tag: Tag, vr: VR, value: String) -> DataElement<InMemDicomObject> {
        DataElement::new(tag, vr, PrimitiveValue::from(value))
    }

    fn object(names: &[String], pixels: &[u16], depth: usize) -> InMemDicomObject {
        let mut object = InMemDicomObject::new_empty();
        object.put(text(tags::SOP_INSTANCE_UID, VR::UI, "2.25.1".into()));
        object.put(text(tags::PATIENT_NAME, VR::PN, names.join("^")));
        object.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(pixels.len() as u16)));
        let short = |name: &String| name.chars().take(16).collect::<String>();
        let items = names.iter().map(|name| {
            let mut item = match depth {
                0 => InMemDicomObject::new_empty(),
                _ => self::object(
                    &names[..names.len().min(1)],
                    &pixels[..pixels.len().min(2)],
                    depth - 1,
                ),
            };
            item.put(text(tags::CODE_VALUE, VR::SH, short(name)));
            item
        });
        let items: Vec<_> = items.collect();
        object.put(DataElement::new(
            tags::PROCEDURE_CODE_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(items),
        ));
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
        object
    }

    proptest! {
        #[test]
        fn another_library_reads_the_same_elements(
            names in prop::collection::vec("[A-Z]{0,9}", 0..4),
            pixels in prop::collection::vec(any::<u16>(), 1..50),
            depth in 0usize..4,
        ) {
            let object = object(&names, &pixels, depth);
            let bytes = implicit(&explicit(&object)).expect("possible");
            let read = InMemDicomObject::read_dataset_with_ts(
                &bytes[..],
                &IMPLICIT_VR_LITTLE_ENDIAN.erased(),
            )
            .expect("a data set");
            // what a reader makes of both forms, and both written in one form
            let again = InMemDicomObject::read_dataset_with_ts(
                &explicit(&object)[..],
                &EXPLICIT_VR_LITTLE_ENDIAN.erased(),
            )
            .expect("a data set");
            prop_assert_eq!(explicit(&read), explicit(&again));
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = implicit(&bytes);
        }

        #[test]
        fn the_size_of_reads_makes_no_difference(size in 1usize..40) {
            let bytes = explicit(&object(&["A".into(), "B".into()], &[1, 2, 3], 2));
            let mut reader = ImplicitVr::new(&bytes[..]);
            let mut found: Vec<u8> = Vec::new();
            let mut buffer = vec![0; size];
            loop {
                match reader.read(&mut buffer).expect("possible") {
                    0 => break,
                    count => found.extend(&buffer[..count]),
                }
            }
            prop_assert_eq!(found, implicit(&bytes).expect("possible"));
        }
    }

    #[test]
    fn defined_and_undefined_lengths_give_the_same() {
        // (0008,1032) with one item of (0008,0100), both ways
        let element = [8, 0, 0, 1, b'S', b'H', 2, 0, b'A', b' '];
        let sequence = [8, 0, 0x32, 0x10, b'S', b'Q', 0, 0];
        let defined = [&sequence[..], &[18, 0, 0, 0], &ITEM, &[10, 0, 0, 0], &element].concat();
        let open = [0xFF; 4];
        let ends = [&ITEM_END[..], &[0; 4], &SEQUENCE_END, &[0; 4]].concat();
        let undefined = [&sequence[..], &open, &ITEM, &open, &element, &ends].concat();
        let bytes = implicit(&defined).expect("possible");
        assert_eq!(bytes, implicit(&undefined).expect("possible"));
        let header = [8, 0, 0x32, 0x10, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(bytes[..8], header);
    }

    #[test]
    fn what_has_no_implicit_form_is_an_error() {
        let encapsulated = [0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
        assert!(implicit(&encapsulated).is_err());
        let unknown = [9, 0, 0x10, 0, b'U', b'N', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
        assert!(implicit(&unknown).is_err());
        let group_length = [8, 0, 0, 0, b'U', b'L', 4, 0, 1, 0, 0, 0];
        assert!(implicit(&group_length).is_err());
        let value: PrimitiveValue = dicom_value!(Str, "CHEST");
        let mut object = InMemDicomObject::new_empty();
        object.put(DataElement::new(tags::BODY_PART_EXAMINED, VR::CS, value));
        let mut cut = explicit(&object);
        cut.pop();
        assert!(implicit(&cut).is_err(), "an element that ends too early");
    }
}
