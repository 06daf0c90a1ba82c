//! Private attributes that PS3.15 Section E.3.10 knows to be safe, and blocks of private attributes
//! (PS3.5 Section 7.8.1).

use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_object::InMemDicomObject;
use std::collections::HashMap;
use std::sync::LazyLock;

const SAFE: &str = include_str!("safe_private.csv");

/// (group, element without its block) of a creator.
type Safe = HashMap<&'static str, HashMap<(u16, u8), Option<VR>>>;

static READ: LazyLock<Safe> = LazyLock::new(|| read(SAFE).unwrap_or_default());

/// Whether the attribute of this creator is safe, and its VR where the table states it.
pub fn is_safe(creator: &str, tag: Tag) -> Option<Option<VR>> {
    READ.get(creator)?.get(&(tag.group(), tag.element() as u8)).copied()
}

/// The VR of a safe attribute of VR UN that the list says is text in a declared character set, which is to be
/// decoded before anything is judged; its creator is in the same data set.
pub fn text_vr(creators: &HashMap<Tag, String>, tag: Tag) -> Option<VR> {
    let vr = is_safe(creators.get(&creator_tag(tag)?)?, tag)??;
    matches!(vr, VR::SH | VR::LO | VR::ST | VR::LT | VR::UC | VR::UT | VR::PN).then_some(vr)
}

/// Whether any attribute of this creator is.
pub fn has_safe(creator: &str, group: u16) -> bool {
    READ.get(creator).is_some_and(|safe| safe.keys().any(|(of, _)| *of == group))
}

/// Whether the tag is that of a Private Creator.
pub fn is_creator(tag: Tag) -> bool {
    tag.group() % 2 == 1 && (0x10..=0xFF).contains(&tag.element())
}

/// Where the creator of a private attribute is named, in the same data set.
pub fn creator_tag(tag: Tag) -> Option<Tag> {
    (tag.group() % 2 == 1 && tag.element() >= 0x1000).then(|| Tag(tag.group(), tag.element() >> 8))
}

/// The creators of a data set by their tags.
pub fn creators(data_set: &InMemDicomObject) -> HashMap<Tag, String> {
    data_set
        .iter()
        .filter(|element| is_creator(element.tag()))
        .filter_map(|element| {
            let value = element.to_str().ok()?;
            Some((element.tag(), value.trim_matches(['\0', ' ']).to_string()))
        })
        .collect()
}

fn read(source: &'static str) -> Option<Safe> {
    let mut safe = Safe::new();
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.as_bytes());
    for record in reader.records() {
        let record = record.ok()?;
        let group = u16::from_str_radix(&record[0], 16).ok()?;
        let element = u8::from_str_radix(&record[1], 16).ok()?;
        let vr = match &record[3] {
            "" => None,
            // which of the two it is depends on the transfer syntax
            "OW/OB" => Some(VR::OB),
            code => Some(code.parse().ok()?),
        };
        // one string per creator lives as long as the table
        let creator: &'static str = match safe.get_key_value(&record[2]) {
            Some((creator, _)) => creator,
            None => record[2].to_string().leak(),
        };
        safe.entry(creator).or_default().insert((group, element), vr);
    }
    Some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_reads() {
        let safe = read(SAFE).expect("it reads");
        assert_eq!(safe.values().map(HashMap::len).sum::<usize>(), 479);
        assert!(read("group,element,creator,vr\n0019,10,X,QQ\n").is_none());
    }

    #[test]
    fn an_attribute_is_safe_in_any_block_of_its_creator_alone() {
        let suv = |block: u16| Tag(0x7053, block << 8);
        assert_eq!(is_safe("Philips PET Private Group", suv(0x10)), Some(Some(VR::DS)));
        assert_eq!(is_safe("Philips PET Private Group", suv(0x42)), Some(Some(VR::DS)));
        assert_eq!(is_safe("Other", suv(0x10)), None);
        assert_eq!(is_safe("Philips PET Private Group", Tag(0x7053, 0x1001)), None);
        assert_eq!(creator_tag(Tag(0x7053, 0x4200)), Some(Tag(0x7053, 0x0042)));
        assert_eq!(creator_tag(Tag(0x7053, 0x0042)), None);
    }
}
