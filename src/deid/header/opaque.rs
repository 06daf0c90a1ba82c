//! Elements whose stated VR hides what they hold. Each is read as PS3.6 says it must be, or it
//! cannot be judged and goes.

use super::{safe_private, standard_vr};
use dicom_core::header::{Header, Tag};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use std::collections::BTreeSet;

/// The element as the dictionary, or the list of safe private attributes, reads it; `None` if it
/// contradicts that, or is opaque. `creator`: of a private attribute, where that is known.
///
/// VR UN is little endian whatever the transfer syntax (PS3.5 Section 6.2.2), and stays opaque
/// where the VR depends on other attributes.
pub(super) fn understood(element: InMemElement, creator: Option<&str>) -> Option<InMemElement> {
    let (tag, stated) = (element.tag(), element.vr());
    let vr = match creator {
        Some(creator) => private_vr(creator, tag, stated),
        None => standard_vr(tag)?.exact().unwrap_or(stated),
    };
    match element.value() {
        Value::Sequence(_) => return (vr == VR::SQ).then_some(element),
        Value::PixelSequence(_) => return is_pixel_data(tag).then_some(element),
        Value::Primitive(PrimitiveValue::Empty) => return Some(DataElement::empty(tag, vr)),
        Value::Primitive(_) if vr == VR::SQ => return None,
        Value::Primitive(_) => {}
    }
    let value = element.value().primitive()?;
    if is_text(value) {
        // a number or a bulk value that is written as text would be another element when reread
        return is_textual(vr).then(|| relabelled(element, vr));
    }
    if is_textual(stated) && !is_textual(vr) {
        // written as text, it would be read back as something else
        return None;
    }
    if stated == VR::UN || (is_textual(vr) && !matches!(vr, VR::DS | VR::IS)) {
        let PrimitiveValue::U8(bytes) = value else { return None };
        let value = from_bytes(vr, bytes)?;
        return Some(DataElement::new(tag, vr, value));
    }
    Some(element)
}

/// Gives private attributes of a data set in Implicit VR, at every level, the VR that the list of safe ones
/// states; what contradicts it stays opaque.
pub fn read_private(data_set: &mut InMemDicomObject) {
    let creators = safe_private::creators(data_set);
    let opaque = |e: &&InMemElement| e.vr() == VR::UN && e.tag().group() % 2 == 1;
    let read = data_set.iter().filter(opaque).filter_map(|element| {
        let creator = creators.get(&safe_private::creator_tag(element.tag())?)?;
        understood(element.clone(), Some(creator)).filter(|read| read.vr() != VR::UN)
    });
    for element in read.collect::<Vec<_>>() {
        data_set.put(element);
    }
    let sequences = data_set.iter().filter(|e| e.vr() == VR::SQ).map(Header::tag);
    for tag in sequences.collect::<Vec<_>>() {
        data_set.update_value(tag, |value| {
            value.items_mut().into_iter().flatten().for_each(read_private);
        });
    }
}

/// The tags of private attributes that hold text, at every level.
pub fn private_text(data_set: &InMemDicomObject) -> BTreeSet<Tag> {
    let is_text = |e: &&InMemElement| e.tag().group() % 2 == 1 && is_textual(e.vr());
    let mut tags: BTreeSet<Tag> = data_set.iter().filter(is_text).map(Header::tag).collect();
    for item in data_set.iter().flat_map(|e| e.items().unwrap_or_default()) {
        tags.append(&mut private_text(item));
    }
    tags
}

/// The VR of a private attribute is the stated one; where that says nothing, that of the list.
fn private_vr(creator: &str, tag: Tag, stated: VR) -> VR {
    let listed = safe_private::is_safe(creator, tag).flatten();
    if stated == VR::UN { listed.unwrap_or(stated) } else { stated }
}

/// Whether the attribute is one of the three of the Image Pixel Module (PS3.3 C.7.6.3).
pub(super) fn is_pixel_data(tag: Tag) -> bool {
    tag.group() == 0x7fe0 && [0x0008, 0x0009, 0x0010].contains(&tag.element())
}

/// Whether the VR holds characters.
pub(super) fn is_textual(vr: VR) -> bool {
    !matches!(
        vr,
        VR::AT
            | VR::FL
            | VR::FD
            | VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SL
            | VR::SQ
            | VR::SS
            | VR::SV
            | VR::UL
            | VR::UN
            | VR::US
            | VR::UV
    )
}

/// Whether the VR is free text, of which a backslash is a character (PS3.5 Section 6.4).
pub(super) fn is_single_valued(vr: VR) -> bool {
    matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR)
}

fn is_text(value: &PrimitiveValue) -> bool {
    matches!(
        value,
        PrimitiveValue::Str(_)
            | PrimitiveValue::Strs(_)
            | PrimitiveValue::Date(_)
            | PrimitiveValue::Time(_)
            | PrimitiveValue::DateTime(_)
    )
}

fn relabelled(element: InMemElement, vr: VR) -> InMemElement {
    if element.vr() == vr {
        return element;
    }
    DataElement::new(element.tag(), vr, element.into_value())
}

/// The value of a little endian encoding; text only if it is ASCII, since its character set is
/// not applied to an opaque value.
fn from_bytes(vr: VR, bytes: &[u8]) -> Option<PrimitiveValue> {
    macro_rules! numbers {
        ($kind:ident, $type:ty) => {{
            let chunks = bytes.chunks_exact(size_of::<$type>());
            if !chunks.remainder().is_empty() {
                return None;
            }
            let read = |chunk: &[u8]| Some(<$type>::from_le_bytes(chunk.try_into().ok()?));
            PrimitiveValue::$kind(chunks.map(read).collect::<Option<_>>()?)
        }};
    }
    Some(match vr {
        VR::OB => PrimitiveValue::U8(bytes.iter().copied().collect()),
        VR::US => numbers!(U16, u16),
        VR::SS => numbers!(I16, i16),
        VR::UL => numbers!(U32, u32),
        VR::SL => numbers!(I32, i32),
        VR::FL => numbers!(F32, f32),
        VR::FD => numbers!(F64, f64),
        vr if is_textual(vr) && bytes.is_ascii() => {
            let text = std::str::from_utf8(bytes).ok()?.trim_end_matches(['\0', ' ']);
            PrimitiveValue::from(text)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::dicom_value;
    use dicom_dictionary_std::tags;

    fn opaque(tag: Tag, bytes: &[u8]) -> Option<InMemElement> {
        let value = PrimitiveValue::U8(bytes.iter().copied().collect());
        understood(DataElement::new(tag, VR::UN, value), None)
    }

    #[test]
    fn an_unknown_vr_is_read_as_the_dictionary_says() {
        let rows = opaque(tags::ROWS, &[0, 2]).expect("a number");
        assert_eq!((rows.vr(), rows.to_int::<u16>().expect("an int")), (VR::US, 512));
        let view = opaque(tags::VIEW_NAME, b"LAT ").expect("text");
        assert_eq!((view.vr(), &*view.to_str().expect("text")), (VR::SH, "LAT"));
    }

    #[test]
    fn private_attributes_without_a_vr_are_read_as_the_list_says() {
        let tag = Tag(0x7053, 0x1000);
        let un = |tag, bytes: &[u8]| {
            DataElement::new(tag, VR::UN, PrimitiveValue::U8(bytes.iter().copied().collect()))
        };
        let creator = || DataElement::new(Tag(0x7053, 0x0010), VR::LO, "Philips PET Private Group");
        let item = InMemDicomObject::from_element_iter([creator(), un(tag, b"2.5 ")]);
        let items = dicom_core::value::DataSetSequence::from(vec![item]);
        let mut header = InMemDicomObject::from_element_iter([
            DataElement::new(tags::PROCEDURE_CODE_SEQUENCE, VR::SQ, items),
            creator(),
            un(tag, b"1.5 "),
            un(Tag(0x7053, 0x1099), b"9 "),
        ]);
        read_private(&mut header);
        let read = header.element(tag).expect("there");
        assert_eq!((read.vr(), &*read.to_str().expect("text")), (VR::DS, "1.5"));
        let codes = header.element(tags::PROCEDURE_CODE_SEQUENCE).expect("there");
        assert_eq!(codes.items().expect("items")[0].element(tag).expect("there").vr(), VR::DS);
        assert_eq!(header.element(Tag(0x7053, 0x1099)).expect("there").vr(), VR::UN);
        assert!(private_text(&header).contains(&tag));
    }

    #[test]
    fn what_contradicts_the_dictionary_is_not_understood() {
        assert_eq!(opaque(tags::PROCEDURE_CODE_SEQUENCE, b"\xfe\xff\x00\xe0"), None);
        assert_eq!(opaque(tags::ROWS, &[1]), None);
        assert_eq!(opaque(tags::VIEW_NAME, "Müller".as_bytes()), None);
        assert_eq!(understood(DataElement::new(tags::ROWS, VR::LO, "HOPPER"), None), None);
        let private = DataElement::new(Tag(0x0009, 0x0010), VR::LO, dicom_value!(Str, "X"));
        assert_eq!(understood(private, None), None);
    }
}
