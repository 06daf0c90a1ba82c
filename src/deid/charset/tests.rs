//! The examples of the Standard, wrong declarations, and any bytes at all.

use super::*;
use crate::deid::scan::Encoding;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use encoding_rs::{EUC_JP, EUC_KR, GB18030, GBK, SHIFT_JIS};
use proptest::prelude::*;

fn element(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(tag.0.to_le_bytes());
    out.extend(tag.1.to_le_bytes());
    out.extend(vr);
    if matches!(vr, b"UT" | b"SQ" | b"UC") {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

fn read(bytes: &[u8]) -> InMemDicomObject {
    let encoding = Encoding::of_transfer_syntax("1.2.840.10008.1.2.1");
    let syntax = EXPLICIT_VR_LITTLE_ENDIAN.erased();
    decode(raw::parse(bytes.to_vec(), encoding, &syntax).expect("it parses"))
}

/// Values under a declaration, decoded: PatientName, StudyDescription and PatientComments.
fn texts(declared: &str, name: &[u8], description: &[u8], comments: &[u8]) -> [String; 3] {
    let mut bytes = element((8, 5), b"CS", declared.as_bytes());
    bytes.extend(element((8, 0x1030), b"LO", description));
    bytes.extend(element((0x10, 0x10), b"PN", name));
    bytes.extend(element((0x10, 0x4000), b"LT", comments));
    let object = read(&bytes);
    [tags::PATIENT_NAME, tags::STUDY_DESCRIPTION, tags::PATIENT_COMMENTS].map(|tag| {
        object.element(tag).expect("there").value().to_raw_str().expect("text").into_owned()
    })
}

fn name(declared: &str, bytes: &[u8]) -> String {
    texts(declared, bytes, b"", b"")[0].clone()
}

#[test]
fn the_japanese_korean_and_chinese_examples_of_the_standard_are_read() {
    // PS3.5 H.3.1, H.3.2, I.2, J.3, J.4, K.2, L.2
    for (declared, bytes, text) in [
        ("\\ISO 2022 IR 87", &b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"[..],
         "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO 2022 IR 13\\ISO 2022 IR 87",
         b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
         "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("\\ISO 2022 IR 149",
         b"Hong^Gildong=\x1b$)C\xFB\xF3^\x1b$)C\xD1\xCE\xD4\xD7=\x1b$)C\xC8\xAB^\x1b$)C\xB1\xE6\xB5\xBF",
         "Hong^Gildong=洪^吉洞=홍^길동"),
        ("\\ISO 2022 IR 58",
         b"Zhang^XiaoDong=\x1b$)A\xD5\xC5^\x1b$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="),
        ("GB18030", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="),
        ("GBK", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東=".as_bytes(), "Wang^XiaoDong=王^小東="),
    ] {
        assert_eq!(name(declared, bytes), text, "{declared}");
    }
}

#[test]
fn every_single_byte_set_is_read() {
    for (term, byte, text) in [
        ("ISO_IR 100", 0xE4, 'ä'),
        ("ISO_IR 101", 0xB3, 'ł'),
        ("ISO_IR 109", 0xA1, 'Ħ'),
        ("ISO_IR 110", 0xF7, '÷'),
        ("ISO_IR 144", 0xC6, 'Ц'),
        ("ISO_IR 127", 0xC8, 'ب'),
        ("ISO_IR 126", 0xE1, 'α'),
        ("ISO_IR 138", 0xF9, 'ש'),
        ("ISO_IR 148", 0xF0, 'ğ'),
        ("ISO_IR 203", 0xBD, 'œ'),
        ("ISO_IR 13", 0xD4, 'ﾔ'),
        ("ISO_IR 166", 0xC1, 'ม'),
        ("ISO 2022 IR 144", 0xC6, 'Ц'),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", 0xE4, 'ä'),
    ] {
        assert_eq!(name(term, &[b'A', byte]), format!("A{text}"), "{term}");
    }
    let mixed = b"\x1b-Ab\xFCrgen^\x1b-L\xBB\xEE\xDA\xE1\xD5\xDC\xD1\xE3\xE0\xD3";
    assert_eq!(name("ISO 2022 IR 100\\ISO 2022 IR 144", mixed), "bürgen^Люксембург");
}

#[test]
fn sets_end_at_delimiters_and_are_remembered_where_no_set_is_in_use() {
    // PS3.5 J.3: an escape sequence in each line
    let lines = b"\x1b$)C\xB1\xE8\xC8\xF1\xC1\xDF\r\n\x1b$)C\xB3\xBB";
    assert_eq!(texts("\\ISO 2022 IR 149", b"", b"", lines)[2], "김희중\r\n내");
    // written once, or never
    let once = b"\x1b$)C\xC8\xAB^\xB1\xE6\xB5\xBF";
    for bytes in [&once[..], b"\xC8\xAB^\xB1\xE6\xB5\xBF"] {
        assert_eq!(name("\\ISO 2022 IR 149", bytes), "홍^길동");
        assert_eq!(name("ISO 2022 IR 149", bytes), "홍^길동");
    }
    // a Latin set comes back behind the delimiter
    assert_eq!(name("ISO 2022 IR 100\\ISO 2022 IR 144", b"\x1b-L\xBB^\xFC"), "Л^ü");
}

#[test]
fn a_delimiter_inside_a_character_is_none() {
    // 表 ends in 5CH in Shift-JIS, 乗 has 5EH in JIS X 0208 and 乗 others 5CH in GBK
    let gbk = GBK.encode("乗\\猏").0.into_owned();
    assert_eq!(texts("GBK", b"", &gbk, b"")[1], "乗\\猏");
    let jis = b"\x1b$B>h0\\\x1b(B^A";
    assert_eq!(name("\\ISO 2022 IR 87", jis), "乗移^A");
    let wrong = SHIFT_JIS.encode("東京表示\\胸部表").0.into_owned();
    assert_eq!(texts("ISO_IR 13", b"", &wrong, b"")[1], "東京表示\\胸部表");
}

#[test]
fn items_have_sets_of_their_own_or_that_around_them() {
    let item = |inside: &[u8]| {
        let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
        item.extend((inside.len() as u32).to_le_bytes());
        item.extend(inside);
        item
    };
    let own = [element((8, 5), b"CS", b"ISO_IR 144"), element((8, 0x104), b"LO", b"\xC6\xD8")];
    let items = [item(&own.concat()), item(&element((8, 0x104), b"LO", b"\xE4\xF6"))].concat();
    let bytes = [
        element((8, 5), b"CS", b"ISO_IR 100"),
        element((8, 0x1032), b"SQ", &items),
        element((0x10, 0x10), b"PN", b"B\xE4r^A"),
    ]
    .concat();
    let object = read(&bytes);
    let items =
        object.element(tags::PROCEDURE_CODE_SEQUENCE).expect("there").items().expect("items");
    let meaning =
        |at: usize| items[at].element(tags::CODE_MEANING).expect("there").to_str().expect("text");
    assert_eq!((&*meaning(0), &*meaning(1)), ("Ци", "äö"));
    assert_eq!(object.element(tags::PATIENT_NAME).expect("there").to_str().expect("text"), "Bär^A");
    assert_eq!(items[0].element(tags::SPECIFIC_CHARACTER_SET).expect("kept").vr(), VR::CS);
}

#[test]
fn wrong_declarations_are_read_as_they_can_only_be_meant() {
    let utf8 = "Bär^Jörg".as_bytes();
    for declared in ["", "ISO_IR 6", "ISO_IR 100", "ISO_IR 999", "nonsense"] {
        assert_eq!(name(declared, utf8), "Bär^Jörg", "{declared}");
        assert_eq!(name(declared, b"B\xE4r^J\xF6rg"), "Bär^Jörg", "{declared}");
    }
    assert_eq!(name("ISO_IR 101", "Król^Zażółć".as_bytes()), "Król^Zażółć");
    assert_eq!(name("GB18030", "王^小东".as_bytes()), "王^小东");
    let [name, description, _] = texts(
        "ISO_IR 100",
        &SHIFT_JIS.encode("柴崎^健一郎").0,
        &SHIFT_JIS.encode("胸部ルーチン").0,
        b"",
    );
    assert_eq!((&*name, &*description), ("柴崎^健一郎", "胸部ルーチン"));
    let [name, description, _] = texts(
        "ISO_IR 100",
        &EUC_KR.encode("김^철수").0,
        &EUC_KR.encode("복부 조영증강 검사").0,
        b"",
    );
    assert_eq!((&*name, &*description), ("김^철수", "복부 조영증강 검사"));
    let [name, description, _] =
        texts("", &GBK.encode("赵^建国").0, &GBK.encode("胸部平扫增强").0, b"");
    assert_eq!((&*name, &*description), ("赵^建国", "胸部平扫增强"));
    // quotation marks of Windows
    assert_eq!(texts("ISO_IR 100", b"", b"patient\x92s H\xE4nde", b"")[1], "patient’s Hände");
    // a Polish word that would be UTF-8 by chance
    assert_eq!(texts("ISO_IR 101", b"", b"R\xD3\xAFA", b"")[1], "RÓŻA");
}

#[test]
fn what_cannot_be_decoded_is_marked_and_stays_different() {
    for (declared, bytes) in [
        ("ISO_IR 192", &b"B\xE4r"[..]),
        ("ISO_IR 192", b"B\xC3"),
        // an unpaired surrogate
        ("ISO_IR 192", b"B\xED\xA0\x80"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3E\x1b(B"),
        ("\\ISO 2022 IR 87", b"\x1b"),
        ("\\ISO 2022 IR 87", b"\x1b$Z;3ED\x1b(B"),
        ("\\ISO 2022 IR 87", b"\x0e;3ED\x0f"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xC8"),
        ("ISO_IR 13", b"\xF0\xFF"),
        ("GB18030", b"\xCD"),
        // M\u{fc}ller in a code page of DOS
        ("", b"M\x81ller"),
        // too little to tell what it is
        ("ISO_IR 100", b"\xB1\xE8\xC3\xB6\xBC\xF6"),
    ] {
        let read = texts(declared, b"", bytes, b"")[1].clone();
        assert!(read.starts_with(UNREAD) && !is_read(&read), "{declared} {bytes:?}");
        let other = texts(declared, b"", &[b"A", bytes].concat(), b"")[1].clone();
        assert_ne!(read, other);
    }
    // the rest of a name is read
    let broken = name("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3E\x1b(B^\x1b$BB@O:\x1b(B");
    assert!(broken.starts_with("Yamada^Tarou=\u{FFFD}") && broken.ends_with("^太郎"), "{broken}");
}

#[test]
fn a_wrong_declaration_is_wrong_for_short_values_too() {
    let [name, description, _] =
        texts("ISO_IR 100", b"\xB1\xE8^\xC3\xB6\xBC\xF6", b"\xB1\xE8 CHEST", b"");
    assert!(!is_read(&name) && !is_read(&description));
    // Latin signs do not look so
    let plain = texts("ISO_IR 100", b"\xC4\xD6\xDC^\xDF", b"\xB1 5\xB0 \xABHals\xBB 10 \xB5m", b"");
    assert!(plain.iter().all(|text| is_read(text)), "{plain:?}");
}

#[test]
fn nothing_else_is_touched_and_no_tag_hides_text() {
    let bytes = [
        element((8, 5), b"CS", b"ISO_IR 144\\"),
        element((8, 0x60), b"CS", b"CT\xC6"),
        // the tag under which a declaration is parsed
        element((9, 5), b"CS", b"ISO_IR 101"),
        element((0x10, 0x10), b"PN", b"\xC6"),
        element((0x10, 0x20), b"LO", b"A\\B "),
    ]
    .concat();
    let object = read(&bytes);
    let text =
        |tag| object.element(tag).expect("there").value().to_raw_str().expect("text").into_owned();
    assert_eq!(text(tags::MODALITY), "CT\u{C6}");
    assert_eq!(text(tags::PATIENT_NAME), "Ц");
    assert_eq!(text(tags::PATIENT_ID), "A\\B ");
    assert_eq!(text(tags::SPECIFIC_CHARACTER_SET), "ISO_IR 144\\");
}

/// The text in ISO-2022-JP.
fn jis(text: &str) -> Vec<u8> {
    let euc = EUC_JP.encode(text).0;
    let kanji: Vec<u8> = euc.iter().map(|byte| byte & 0x7F).collect();
    [&b"\x1b$B"[..], &kanji, b"\x1b(B"].concat()
}

proptest! {
    #[test]
    fn any_bytes_under_any_declaration_are_read_without_loss(
        declared in "[ -~]{0,20}|(ISO_IR (6|13|100|144|166|192)|GBK|GB18030)(\\\\ISO 2022 IR (13|58|87|149|159))?",
        name in prop::collection::vec(any::<u8>(), 0..40),
        other in prop::collection::vec(prop_oneof![Just(0x1B), Just(b'$'), Just(b'\\'), any::<u8>()], 0..60),
    ) {
        let declared = declared.as_str();
        let read = texts(declared, &name, &other, &other);
        if name.is_ascii() && !name.iter().any(|b| matches!(b, 0x1B | 0x0E | 0x0F)) {
            prop_assert_eq!(raw::bytes_of(&read[0]), name);
        }
    }

    #[test]
    fn text_of_each_set_comes_back(
        japanese in "[ぁ-んァ-ヶ亜-腕]{1,12}", korean in "[가-힝]{6,12}", chinese in "[一-龥]{1,12}",
        cyrillic in "[А-Яа-я]{1,12}", greek in "[Α-Ρα-ρ]{1,12}", latin in "[À-ÖØ-öø-ÿ]{1,12}",
        any in "[^\\x00-\\x1f\\\\\u{7f}-\u{9f}\u{fffd}]{1,20}",
    ) {
        let read = |declared: &str, bytes: &[u8]| texts(declared, b"", bytes, b"")[1].clone();
        if !EUC_JP.encode(&japanese).2 && !japanese.contains(|c: char| c > '\u{9fa5}') {
            let bytes = jis(&japanese);
            // the supplement of JIS X 0212 has three bytes
            if EUC_JP.encode(&japanese).0.iter().all(|byte| *byte != 0x8F) {
                prop_assert_eq!(read("\\ISO 2022 IR 87", &bytes), japanese);
            }
        }
        prop_assert_eq!(read("ISO 2022 IR 149", &EUC_KR.encode(&korean).0), korean);
        prop_assert_eq!(read("GB18030", &GB18030.encode(&chinese).0), chinese.clone());
        prop_assert_eq!(read("GBK", &GBK.encode(&chinese).0), chinese);
        let part5: Vec<u8> = cyrillic.chars().map(|c| (c as u32 - 0x410 + 0xB0) as u8).collect();
        prop_assert_eq!(read("\\ISO 2022 IR 144", &[&b"\x1b-L"[..], &part5].concat()), cyrillic);
        let (part7, _, failed) = encoding_rs::ISO_8859_7.encode(&greek);
        if !failed {
            prop_assert_eq!(read("\\ISO 2022 IR 126", &[&b"\x1b-F"[..], &part7].concat()), greek.clone());
        }
        let part1: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        prop_assert_eq!(read("\\ISO 2022 IR 100", &[&b"\x1b-A"[..], &part1].concat()), latin.clone());
        prop_assert_eq!(read("ISO_IR 192", any.as_bytes()), any);
    }
}
