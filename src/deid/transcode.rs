//! Decoding a result for a destination that does not take its transfer syntax.
//!
//! Invariants: what is written is the same object in Explicit VR Little Endian with native pixels, its
//! header changed in what describes them alone; it is read back, and compared sample by sample, and
//! element by element in the transfer syntax of the result, with what it was made of.

use super::examine::{StepError, pixel_limits};
use super::hold::{Hold, HoldReason};
use super::object::{inflate, plain_syntax, read_header, read_meta, scan_file, text_of};
use super::output::{OUTPUT_SYNTAX, write_file, write_header, write_native};
use super::pixels::{
    FrameSource, PixelElement, PixelLayout, PixelLocation, clear_unused_bits, write_layout,
};
use super::scan::{DataSetScanner, ElementHead, Encoding};
use crate::config::Limits;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};

/// What describes the form of pixels, and changes with it.
const FORM: [Tag; 3] =
    [tags::PHOTOMETRIC_INTERPRETATION, tags::PLANAR_CONFIGURATION, tags::LOSSY_IMAGE_COMPRESSION];

/// Writes the result in `input` to `output`, which is empty, with decoded pixels.
pub fn transcode(
    input: &File,
    output: &File,
    limits: &Limits,
    scratch: &File,
) -> Result<(), StepError> {
    let Opened { mut header, encoding, elements, frames: mut encoded } =
        Opened::new(input, limits, scratch)?;
    let layout = encoded.as_ref().map(|frames| frames.output_layout().clone());
    if let (Some(layout), Some(frames)) = (&layout, &encoded) {
        write_layout(&mut header, layout, frames.lossy());
    }
    let class = text_of(&header, tags::SOP_CLASS_UID);
    let instance = text_of(&header, tags::SOP_INSTANCE_UID);
    let mut out = BufWriter::new(output);
    let uids = [&*class, &*instance, OUTPUT_SYNTAX];
    write_file(&mut out, header, uids, |out, encoding| match &mut encoded {
        Some(frames) => write_native(out, frames, encoding, |_| Vec::new()),
        None => Ok(()),
    })?;
    out.flush()?;
    drop(out);
    let native = Opened::new(output, limits, scratch)?;
    let mut again = Vec::new();
    write_header(&mut again, native.header, encoding)?;
    let heads = scan_bytes(&again, encoding)?;
    if self::elements(&again, &heads) != elements {
        return Err(different("the header").into());
    }
    let (Some(mut encoded), Some(mut native)) = (encoded, native.frames) else {
        return if layout.is_none() { Ok(()) } else { Err(different("the pixels").into()) };
    };
    if Some(native.output_layout()) != layout.as_ref() {
        return Err(different("the pixels").into());
    }
    for index in 0..native.output_layout().frames {
        let mut frame = encoded.frame(index)?;
        clear_unused_bits(&mut frame, native.output_layout());
        if native.frame(index)? != frame {
            return Err(different("a frame").into());
        }
    }
    Ok(())
}

fn different(what: &str) -> Hold {
    Hold::new(HoldReason::VerificationFailed, format!("{what} is not what was decoded"))
}

/// A file that we wrote.
pub(super) struct Opened {
    pub header: InMemDicomObject,
    /// Of `elements`; not deflated.
    encoding: Encoding,
    /// The bytes of every element before the pixels, but of those that describe their form.
    elements: BTreeMap<Tag, Vec<u8>>,
    pub frames: Option<FrameSource>,
}

impl Opened {
    /// Opens a file; a deflated one is inflated into `scratch`.
    pub fn new(file: &File, limits: &Limits, scratch: &File) -> Result<Self, StepError> {
        let mut file = file.try_clone()?;
        let (transfer_syntax, mut start) = read_meta(&mut file)?;
        let mut encoding = Encoding::of_transfer_syntax(&transfer_syntax);
        if encoding.deflated {
            (file, _) = inflate(file, start, limits.max_inflated_bytes, scratch)?;
            (encoding.deflated, start) = (false, 0);
        }
        let (scan, heads) = scan_file(&mut file, start, encoding)?;
        if let Some(problem) = scan.problem {
            return Err(problem.hold().into());
        }
        if scan.truncated {
            return Err(malformed("the data set is cut").into());
        }
        let end = scan.pixels.map_or(scan.bytes, |span| span.start);
        let bytes = read_header(&mut file, start, end, limits)?;
        let syntax = TransferSyntaxRegistry.get(plain_syntax(encoding));
        let syntax = syntax.ok_or_else(|| malformed("its transfer syntax"))?;
        let header = InMemDicomObject::read_dataset_with_ts(&bytes[..], syntax)
            .map_err(|_| malformed("the header cannot be parsed"))?;
        let elements = elements(&bytes, &heads);
        let frames = match scan.pixels {
            None => None,
            Some(span) => {
                let element = PixelElement::from_tag(Tag(0x7FE0, span.element))
                    .ok_or_else(|| malformed("no pixels to decode"))?;
                let offset = start + span.value;
                let location = PixelLocation { offset, length: span.length, element };
                let limits = pixel_limits(limits);
                let layout = PixelLayout::read(&header, element, &limits)?;
                Some(FrameSource::open(file, &transfer_syntax, &layout, location, &limits)?)
            }
        };
        Ok(Self { header, encoding, elements, frames })
    }
}

fn malformed(what: &str) -> Hold {
    Hold::new(HoldReason::Malformed, what.to_owned())
}

/// The elements of a data set in memory.
fn scan_bytes(data_set: &[u8], encoding: Encoding) -> Result<Vec<(Tag, u64)>, Hold> {
    let mut heads = Vec::new();
    let mut scanner = DataSetScanner::new(encoding, data_set.len() as u64);
    scanner.feed(data_set, &mut |head: ElementHead| {
        if head.depth == 0 {
            heads.push((head.tag, head.start));
        }
    });
    let scan = scanner.finish();
    match scan.problem {
        Some(problem) => Err(problem.hold()),
        None if scan.truncated => Err(malformed("the data set is cut")),
        None => Ok(heads),
    }
}

fn elements(header: &[u8], heads: &[(Tag, u64)]) -> BTreeMap<Tag, Vec<u8>> {
    let before_pixels = heads.iter().filter(|(_, start)| *start < header.len() as u64);
    let ends = heads.iter().skip(1).map(|(_, start)| *start as usize);
    let ends = ends.chain(std::iter::once(header.len()));
    let element = |((tag, start), end): (&(Tag, u64), usize)| {
        let bytes = header.get(*start as usize..end.min(header.len()))?;
        (!FORM.contains(tag)).then(|| (*tag, bytes.to_vec()))
    };
    before_pixels.zip(ends).filter_map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    const SYNTAXES: [&str; 4] = [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.1",
    ];

    fn header() -> InMemDicomObject {
        let code = DataElement::new(tags::CODE_MEANING, VR::LO, "Schädel");
        let item = InMemDicomObject::from_element_iter([code]);
        let unknown = PrimitiveValue::U8([1, 2, 3, 4].into_iter().collect());
        let table = PrimitiveValue::U16([0x1234, 0xABCD].into_iter().collect());
        InMemDicomObject::from_element_iter([
            DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            DataElement::new(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.7"),
            DataElement::new(tags::SOP_INSTANCE_UID, VR::UI, "2.25.1"),
            DataElement::new(
                tags::PROCEDURE_CODE_SEQUENCE,
                VR::SQ,
                DataSetSequence::from(vec![item]),
            ),
            DataElement::new(Tag(0x0029, 0x0010), VR::LO, "ACME"),
            DataElement::new(Tag(0x0029, 0x1001), VR::UN, unknown),
            DataElement::new(tags::LUT_DATA, VR::OW, table),
        ])
    }

    /// A result in this syntax, without pixels, and what becomes of it.
    fn transcoded(syntax: &str) -> InMemDicomObject {
        let input = tempfile::tempfile().expect("a file");
        let uids = ["1.2.840.10008.5.1.4.1.1.7", "2.25.1", syntax];
        write_file(&mut &input, header(), uids, |_, _| Ok(())).expect("written");
        let output = tempfile::tempfile().expect("a file");
        let scratch = tempfile::tempfile().expect("a file");
        let limits = Limits::default();
        transcode(&input, &output, &limits, &scratch).expect(syntax);
        let opened = Opened::new(&output, &limits, &scratch).expect("it opens");
        assert!(opened.encoding.explicit_vr && !opened.encoding.big_endian, "{syntax}");
        opened.header
    }

    #[test]
    fn every_native_syntax_becomes_explicit_little_endian_with_the_same_elements() {
        for syntax in SYNTAXES {
            let found = transcoded(syntax);
            let words = found.element(tags::LUT_DATA).expect("there").to_multi_int::<u16>();
            assert_eq!(words.expect("words"), [0x1234, 0xABCD], "{syntax}");
            let unknown = found.element(Tag(0x0029, 0x1001)).expect("there");
            assert_eq!(unknown.to_bytes().expect("bytes")[..], [1, 2, 3, 4], "{syntax}");
            let codes = found.element(tags::PROCEDURE_CODE_SEQUENCE).expect("there");
            let code = codes.items().expect("items")[0].element(tags::CODE_MEANING);
            assert_eq!(code.expect("there").to_str().expect("text").trim(), "Schädel");
        }
    }
}
