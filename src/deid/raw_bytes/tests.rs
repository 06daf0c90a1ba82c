//! What a scrub that overlooks something would leave, in each encoding and place.

use super::*;
use crate::deid::identifiers::{Identifier, IdentifierKind};
use crate::phi::Phi;
use encoding_rs::{EUC_JP, EUC_KR, GB18030, SHIFT_JIS};
use std::io::Write;

fn identifiers() -> Identifiers {
    let name = |value: &str| (IdentifierKind::Name, value.to_owned());
    let all = [
        name("Hopperdahl^Jörgen"),
        name("Yamazaki^Ken=山崎^健一=ﾔﾏｻﾞｷ^ｹﾝｲﾁ"),
        name("Hong^Gildong=洪^吉洞=홍^길동"),
        name("Воронцов^Егор"),
        (IdentifierKind::Id, "QX-7734-901".to_owned()),
        (IdentifierKind::Date, "19610307".to_owned()),
    ];
    let identifier = |(kind, value)| Identifier { kind, value: Phi::new(value) };
    Identifiers(all.into_iter().map(identifier).collect())
}

/// An element of Explicit VR Little Endian.
fn element(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    out.extend(vr);
    if matches!(vr, b"OB" | b"UN" | b"OW") {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

fn places(before: &[u8], data_set: &[u8], pixels: &[u8], behind: &[u8]) -> Vec<Place> {
    let mut file = tempfile::tempfile().expect("a file");
    for part in [before, data_set, pixels, behind] {
        file.write_all(part).expect("written");
    }
    let start = (before.len() + data_set.len()) as u64;
    let pixels = start..start + pixels.len() as u64;
    let encoding = Encoding::of_transfer_syntax("1.2.840.10008.1.2.1");
    let data_set = before.len() as u64;
    let private_text = BTreeSet::new();
    let extent = Extent { encoding, data_set, pixels: Some(pixels), private_text };
    let identifiers = identifiers();
    let known = Known::new(&identifiers);
    let wanted =
        Wanted { identifiers: &identifiers, ours: &["Егор".to_owned()], known: &known };
    search(&mut file, &extent, wanted).expect("read").expect("few")
}

fn in_bulk(bytes: &[u8]) -> Vec<Place> {
    let noise = [&[0x01, 0x00, 0xFF, 0x10][..], bytes, &[0x00, 0x02, 0xFE]].concat();
    places(&[0; 132], &element((0x11, 0x1001), b"OB", &noise), b"", b"")
}

#[test]
fn an_identifier_is_found_in_bulk_data_in_every_encoding() {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let big = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| byte & 0x7F).collect::<Vec<u8>>();
    let part5 = encoding_rs::ISO_8859_5.encode("ВОРОНЦОВ").0.into_owned();
    for (what, bytes) in [
        ("ascii", b"hopperDAHL".to_vec()),
        ("latin 1", b"H\xD6PPE J\xF6rgen Hopperdahl".to_vec()),
        ("utf-8", "Воронцов".as_bytes().to_vec()),
        ("utf-8, upper case", "ЕГОР ВОРОНЦОВ".as_bytes().to_vec()),
        ("iso 8859-5", part5),
        ("utf-16", utf16("Hopperdahl")),
        ("utf-16, big endian", big("Воронцов")),
        ("shift-jis", SHIFT_JIS.encode("山崎健一").0.into_owned()),
        ("euc-jp", EUC_JP.encode("山崎^健一").0.into_owned()),
        (
            "iso 2022 jp",
            [&b"\x1b$B"[..], &escaped(&EUC_JP.encode("山崎健一").0), b"\x1b(B"].concat(),
        ),
        ("euc-kr", EUC_KR.encode("홍길동").0.into_owned()),
        ("gb18030", GB18030.encode("洪吉洞").0.into_owned()),
        ("an id", b"id: QX-7734-901.".to_vec()),
        ("a date", b"19610307".to_vec()),
    ] {
        let found = in_bulk(&bytes);
        assert!(!found.is_empty(), "{what}");
        assert_eq!(found[0].tag, Some(Tag(0x11, 0x1001)), "{what}");
    }
}

#[test]
fn nothing_is_found_where_nothing_is() {
    assert_eq!(in_bulk(b"grasshopperdahlia and others"), []);
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(in_bulk(&noise), []);
    // what the walk judges as text is left to it: a shifted date, a pseudonym, a mapped UID
    let text = element((8, 0x20), b"DA", b"19610307");
    assert_eq!(places(&[0; 132], &text, b"", b""), []);
}

#[test]
fn file_meta_gaps_and_the_end_are_searched_and_pixels_are_not() {
    let name = b"HOPPERDAHL";
    let image = element((8, 0x60), b"CS", b"CT");
    assert_eq!(places(name, &image, b"", b"")[0], Place { offset: 0, tag: None });
    assert_eq!(places(&[0; 132], &image, name, b""), []);
    let behind = places(&[0; 132], &image, &[7; 100], name);
    assert_eq!(behind.len(), 1);
    assert_eq!((behind[0].offset, behind[0].tag), (132 + image.len() as u64 + 100, None));
    // text in another encoding than the declared one
    let text = element((8, 0x1030), b"LO", "CT Воронцов".as_bytes());
    assert_eq!(places(&[0; 132], &text, b"", b"")[0].tag, Some(Tag(8, 0x1030)));
}

#[test]
fn an_identifier_across_two_pieces_is_found_once() {
    for shift in 0..12 {
        let mut bytes = vec![0; PIECE_BYTES - 6 + shift - 132 - 12];
        bytes.extend(b"\0Hopperdahl\0");
        let found = places(&[0; 132], &element((0x11, 0x1001), b"OB", &bytes), b"", b"");
        assert_eq!(found.len(), 1, "{shift}");
    }
}
