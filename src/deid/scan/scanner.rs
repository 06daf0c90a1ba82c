//! The push scanner of one data set: a state machine over heads and values.

use super::{ElementHead, Encoding, MAX_DEPTH, MAX_ELEMENTS, PixelSpan, Problem, Scan, UidBytes};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

/// A nested sequence is two levels of the stack, itself and its item.
const MAX_LEVELS: usize = 2 * MAX_DEPTH;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const SOP_CLASS_UID: Tag = Tag(0x0008, 0x0016);
const SOP_INSTANCE_UID: Tag = Tag(0x0008, 0x0018);
const STUDY_INSTANCE_UID: Tag = Tag(0x0020, 0x000D);
const SERIES_INSTANCE_UID: Tag = Tag(0x0020, 0x000E);
/// Whose values are read.
const CAPTURED: [Tag; 4] =
    [SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID];
const UNDEFINED: u32 = 0xFFFF_FFFF;

#[derive(Clone, Copy)]
enum Level {
    Sequence,
    Item,
    Fragments,
}

#[derive(Clone, Copy)]
struct Open {
    level: Level,
    end: Option<u64>,
    explicit_vr: bool,
}

enum State {
    Head,
    Value { left: u64, capture: Option<Tag> },
    Done,
}

/// The push scanner of one data set.
pub(super) struct Scanner {
    encoding: Encoding,
    max_value_bytes: u64,
    at: u64,
    head: [u8; 12],
    head_filled: usize,
    stack: [Option<Open>; MAX_LEVELS],
    depth: usize,
    state: State,
    pub(super) scan: Scan,
}

impl Scanner {
    /// A scanner for a data set whose values may declare at most `max_value_bytes`.
    pub fn new(encoding: Encoding, max_value_bytes: u64) -> Self {
        Self {
            encoding,
            max_value_bytes,
            at: 0,
            head: [0; 12],
            head_filled: 0,
            stack: [None; MAX_LEVELS],
            depth: 0,
            state: State::Head,
            scan: Scan {
                sop_class_uid: UidBytes::EMPTY,
                sop_instance_uid: UidBytes::EMPTY,
                study_instance_uid: UidBytes::EMPTY,
                series_instance_uid: UidBytes::EMPTY,
                pixels: None,
                elements: 0,
                deepest: 0,
                bytes: 0,
                problem: None,
                truncated: false,
            },
        }
    }

    /// Takes the next bytes of the data set and shows every element head to `visit`.
    pub fn feed(&mut self, mut bytes: &[u8], visit: &mut impl FnMut(ElementHead)) {
        while !bytes.is_empty() {
            match self.state {
                State::Done => {
                    self.at += bytes.len() as u64;
                    return;
                }
                State::Value { left, capture } => {
                    let taken = left.min(bytes.len() as u64) as usize;
                    self.capture(capture, &bytes[..taken]);
                    self.at += taken as u64;
                    bytes = &bytes[taken..];
                    let left = left - taken as u64;
                    self.state =
                        if left == 0 { State::Head } else { State::Value { left, capture } };
                }
                State::Head => {
                    if self.head_filled == 0 {
                        self.close_ended();
                    }
                    let taken = (self.head_needed() - self.head_filled).min(bytes.len());
                    self.head[self.head_filled..self.head_filled + taken]
                        .copy_from_slice(&bytes[..taken]);
                    self.head_filled += taken;
                    self.at += taken as u64;
                    bytes = &bytes[taken..];
                    if self.head_filled == self.head_needed() {
                        self.head_filled = 0;
                        if let Err(problem) = self.interpret(visit) {
                            self.scan.problem = Some(problem);
                            self.state = State::Done;
                        }
                    }
                }
            }
        }
    }

    /// Ends the data set.
    pub fn finish(mut self) -> Scan {
        if self.head_filled == 0 {
            self.close_ended();
        }
        self.scan.bytes = self.at;
        // Some senders fill up to a block of their own: fewer zeros than an element are no element.
        let in_a_head = self.head[..self.head_filled].iter().any(|byte| *byte != 0);
        let in_the_middle =
            in_a_head || self.depth > 0 || matches!(self.state, State::Value { .. });
        self.scan.truncated = self.scan.problem.is_none() && in_the_middle;
        self.scan
    }

    fn number(&self, from: usize, bytes: usize) -> u32 {
        let fold = |acc: u32, b: &u8| (acc << 8) | u32::from(*b);
        let slice = &self.head[from..from + bytes];
        if self.encoding.big_endian {
            slice.iter().fold(0, fold)
        } else {
            slice.iter().rev().fold(0, fold)
        }
    }

    fn tag(&self) -> Tag {
        Tag(self.number(0, 2) as u16, self.number(2, 2) as u16)
    }

    fn explicit_here(&self) -> bool {
        let top = self.depth.checked_sub(1).and_then(|i| self.stack[i]);
        top.map_or(self.encoding.explicit_vr, |open| open.explicit_vr)
    }

    fn head_needed(&self) -> usize {
        if self.head_filled < 8 { 8 } else { self.head_size() }
    }

    /// The whole head, known once its first 8 bytes are there: 12 for the VRs with a 32-bit length.
    fn head_size(&self) -> usize {
        let long = self.tag().group() != 0xFFFE
            && self.explicit_here()
            && !has_short_length([self.head[4], self.head[5]]);
        if long { 12 } else { 8 }
    }

    fn close_ended(&mut self) {
        while let Some(open) = self.depth.checked_sub(1).and_then(|i| self.stack[i]) {
            if open.end != Some(self.at) {
                return;
            }
            self.depth -= 1;
        }
    }

    fn interpret(&mut self, visit: &mut impl FnMut(ElementHead)) -> Result<(), Problem> {
        let tag = self.tag();
        let start = self.at - self.head_size() as u64;
        if self.scan.pixels.is_some() && self.depth == 0 && self.head == [0; 12] {
            // Behind the pixels nothing is used: zeros there are a sender's padding.
            self.state = State::Done;
            return Ok(());
        }
        self.scan.elements += 1;
        if self.scan.elements > MAX_ELEMENTS {
            return Err(Problem::Limit { what: "more elements than the limit", at: start });
        }
        if tag.group() == 0xFFFE {
            return self.delimiter(tag, self.number(4, 4), start);
        }
        let top = self.depth.checked_sub(1).and_then(|i| self.stack[i]);
        if matches!(top, Some(Open { level: Level::Sequence | Level::Fragments, .. })) {
            return Err(Problem::Malformed { what: "an element outside an item", at: start });
        }
        let (vr, length) = self.vr_and_length(tag, start)?;
        visit(ElementHead { tag, depth: self.depth / 2, start });
        self.element(tag, vr, length, start)
    }

    fn vr_and_length(&self, tag: Tag, start: u64) -> Result<([u8; 2], u32), Problem> {
        if !self.explicit_here() {
            return Ok((implicit_vr(tag), self.number(4, 4)));
        }
        let vr = [self.head[4], self.head[5]];
        if !vr.iter().all(u8::is_ascii_uppercase) {
            return Err(Problem::Malformed { what: "a VR that is not two letters", at: start });
        }
        let length = if has_short_length(vr) { self.number(6, 2) } else { self.number(8, 4) };
        Ok((vr, length))
    }

    fn element(&mut self, tag: Tag, vr: [u8; 2], length: u32, start: u64) -> Result<(), Problem> {
        let is_pixels = self.depth == 0
            && tag.group() == 0x7FE0
            && matches!(tag.element(), 0x0008 | 0x0009 | 0x0010);
        if is_pixels && self.scan.pixels.is_none() {
            let length = (length != UNDEFINED).then_some(u64::from(length));
            let element = tag.element();
            self.scan.pixels = Some(PixelSpan { element, start, value: self.at, length });
        }
        if &vr == b"SQ" || (&vr == b"UN" && length == UNDEFINED) {
            // PS3.5 section 6.2.2: UN of undefined length is a sequence in Implicit VR Little Endian.
            let explicit_vr = self.explicit_here() && &vr == b"SQ";
            return self.open(Level::Sequence, length, explicit_vr, start);
        }
        if length == UNDEFINED {
            if !matches!(&vr, b"OB" | b"OW") {
                return Err(Problem::Malformed { what: "an undefined length", at: start });
            }
            return self.open(Level::Fragments, length, self.explicit_here(), start);
        }
        let wanted = self.depth == 0 && CAPTURED.contains(&tag);
        self.value(u64::from(length), wanted.then_some(tag), start)
    }

    fn delimiter(&mut self, tag: Tag, length: u32, start: u64) -> Result<(), Problem> {
        let top = self.depth.checked_sub(1).and_then(|i| self.stack[i]);
        let malformed = Problem::Malformed { what: "a delimiter out of place", at: start };
        match (tag, top.map(|open| open.level)) {
            (ITEM, Some(Level::Sequence)) => {
                self.open(Level::Item, length, self.explicit_here(), start)
            }
            (ITEM, Some(Level::Fragments)) if length != UNDEFINED => {
                self.value(u64::from(length), None, start)
            }
            (ITEM_END, Some(Level::Item))
            | (SEQUENCE_END, Some(Level::Sequence | Level::Fragments))
                if top.is_some_and(|open| open.end.is_none()) =>
            {
                self.depth -= 1;
                Ok(())
            }
            _ => Err(malformed),
        }
    }

    fn open(
        &mut self,
        level: Level,
        length: u32,
        explicit_vr: bool,
        start: u64,
    ) -> Result<(), Problem> {
        let end = if length == UNDEFINED {
            None
        } else {
            Some(self.checked_end(u64::from(length), start)?)
        };
        if self.depth == MAX_LEVELS {
            return Err(Problem::Limit {
                what: "sequences nested deeper than the limit",
                at: start,
            });
        }
        self.stack[self.depth] = Some(Open { level, end, explicit_vr });
        self.depth += 1;
        self.scan.deepest = self.scan.deepest.max(self.depth);
        Ok(())
    }

    fn value(&mut self, length: u64, capture: Option<Tag>, start: u64) -> Result<(), Problem> {
        self.checked_end(length, start)?;
        if let Some(tag) = capture {
            *self.captured(tag) = UidBytes::EMPTY;
        }
        if length > 0 {
            self.state = State::Value { left: length, capture };
        }
        Ok(())
    }

    fn checked_end(&self, length: u64, start: u64) -> Result<u64, Problem> {
        if length > self.max_value_bytes {
            return Err(Problem::Limit { what: "a declared length beyond the limit", at: start });
        }
        let end = self.at + length;
        let parents = self.stack[..self.depth].iter().flatten().filter_map(|open| open.end);
        if parents.min().is_some_and(|limit| end > limit) {
            return Err(Problem::Malformed {
                what: "a length beyond the enclosing one",
                at: start,
            });
        }
        Ok(end)
    }

    fn captured(&mut self, tag: Tag) -> &mut UidBytes {
        match tag {
            SOP_CLASS_UID => &mut self.scan.sop_class_uid,
            STUDY_INSTANCE_UID => &mut self.scan.study_instance_uid,
            SERIES_INSTANCE_UID => &mut self.scan.series_instance_uid,
            _ => &mut self.scan.sop_instance_uid,
        }
    }

    fn capture(&mut self, tag: Option<Tag>, bytes: &[u8]) {
        let Some(tag) = tag else { return };
        let uid = self.captured(tag);
        let taken = bytes.len().min(uid.bytes.len() - uid.length);
        uid.bytes[uid.length..uid.length + taken].copy_from_slice(&bytes[..taken]);
        uid.length += taken;
    }
}

fn has_short_length(vr: [u8; 2]) -> bool {
    // PS3.5 section 7.1.2; an unknown VR is read with a 32-bit length, as section 6.2 asks.
    matches!(
        &vr,
        b"AE"
            | b"AS"
            | b"AT"
            | b"CS"
            | b"DA"
            | b"DS"
            | b"DT"
            | b"FL"
            | b"FD"
            | b"IS"
            | b"LO"
            | b"LT"
            | b"PN"
            | b"SH"
            | b"SL"
            | b"SS"
            | b"ST"
            | b"TM"
            | b"UI"
            | b"UL"
            | b"US"
    )
}

fn implicit_vr(tag: Tag) -> [u8; 2] {
    if tag.group() == 0x7FE0 {
        return *b"OW";
    }
    let entry = StandardDataDictionary.by_tag(tag);
    match entry.map(|e| e.vr().relaxed()) {
        Some(VR::SQ) => *b"SQ",
        Some(VR::OB | VR::OW) => *b"OW",
        Some(_) => *b"LO",
        None => *b"UN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXPLICIT: Encoding = Encoding { explicit_vr: true, big_endian: false, deflated: false };
    const IMPLICIT: Encoding = Encoding { explicit_vr: false, big_endian: false, deflated: false };

    fn scan(encoding: Encoding, bytes: &[u8], piece: usize) -> Scan {
        let mut scanner = Scanner::new(encoding, 1 << 30);
        for part in bytes.chunks(piece) {
            scanner.feed(part, &mut |_| {});
        }
        scanner.finish()
    }

    fn short(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(tag.0.to_le_bytes());
        out.extend(tag.1.to_le_bytes());
        out.extend(vr);
        out.extend((value.len() as u16).to_le_bytes());
        out.extend(value);
        out
    }

    fn sequences(levels: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..levels {
            out.extend([0x08, 0x00, 0x15, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
            out.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
        }
        for _ in 0..levels {
            out.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
        out
    }

    #[test]
    fn uids_and_pixel_data_are_found_however_the_stream_is_cut() {
        let mut bytes = short((8, 0x16), b"UI", b"1.2.840.10008.5.1.4.1.1.7\0");
        bytes.extend(short((8, 0x18), b"UI", b"1.2.3.4\0"));
        bytes.extend(sequences(3));
        let pixels_at = bytes.len() as u64;
        bytes.extend([0xE0, 0x7F, 0x10, 0x00, b'O', b'W', 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]);
        for piece in [1, 2, 3, 7, 1000] {
            let scan = scan(EXPLICIT, &bytes, piece);
            assert_eq!(scan.sop_instance_uid.as_str(), "1.2.3.4");
            assert_eq!(scan.sop_class_uid.as_str(), "1.2.840.10008.5.1.4.1.1.7");
            let pixels = scan.pixels.expect("pixel data");
            assert_eq!((pixels.start, pixels.value), (pixels_at, pixels_at + 12));
            assert_eq!(pixels.length, Some(4));
            assert!(!scan.truncated && scan.problem.is_none());
        }
    }

    #[test]
    fn two_thousand_nested_sequences_are_a_limit_not_a_recursion() {
        let scan = scan(EXPLICIT, &sequences(2000), 4096);
        assert!(matches!(scan.problem, Some(Problem::Limit { .. })));
    }

    #[test]
    fn a_declared_length_of_four_gigabytes_is_a_limit() {
        let bytes = [0x10, 0, 0x10, 0, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 1, 2];
        assert!(matches!(scan(EXPLICIT, &bytes, 5).problem, Some(Problem::Limit { .. })));
    }

    #[test]
    fn an_implicit_sequence_of_known_length_is_entered() {
        let mut item = vec![0xFE, 0xFF, 0x00, 0xE0, 8, 0, 0, 0];
        item.extend([0x08, 0, 0x18, 0, 0, 0, 0, 0]);
        let mut bytes = vec![0x08, 0, 0x15, 0x11, item.len() as u8, 0, 0, 0];
        bytes.extend(&item);
        assert_eq!(scan(IMPLICIT, &bytes, 3).deepest, 2);
    }

    #[test]
    fn an_item_longer_than_its_sequence_is_malformed() {
        let mut bytes = vec![0x08, 0, 0x15, 0x11, b'S', b'Q', 0, 0, 12, 0, 0, 0];
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 200, 0, 0, 0, 1, 2, 3, 4]);
        assert!(matches!(scan(EXPLICIT, &bytes, 64).problem, Some(Problem::Malformed { .. })));
    }

    #[test]
    fn zeros_behind_a_whole_data_set_do_not_truncate_it() {
        let mut bytes = short((8, 0x18), b"UI", b"1.2.3.4\0");
        for count in [1, 2, 7, 8, 11] {
            let filled = [bytes.as_slice(), &vec![0; count]].concat();
            assert!(!scan(EXPLICIT, &filled, 5).truncated, "{count} zeros");
        }
        bytes.extend([0xE0, 0x7F, 0x10, 0x00, b'O', b'W', 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]);
        for count in [1, 8, 12, 13, 4096] {
            let scan = scan(EXPLICIT, &[bytes.as_slice(), &vec![0; count]].concat(), 1000);
            assert!(!scan.truncated && scan.problem.is_none(), "{count} zeros");
        }
        let cut = [bytes.as_slice(), &[8, 0, 5, 0]].concat();
        assert!(scan(EXPLICIT, &cut, 3).truncated, "half an element is not padding");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_one_answer(
            bytes in prop::collection::vec(any::<u8>(), 0..600), piece in 1usize..50,
        ) {
            for encoding in [EXPLICIT, IMPLICIT] {
                let (a, b) = (scan(encoding, &bytes, piece), scan(encoding, &bytes, 1000));
                prop_assert_eq!((a.problem, a.truncated, a.elements), (b.problem, b.truncated, b.elements));
            }
        }

        #[test]
        fn a_data_set_cut_inside_an_element_is_truncated(cut in 1usize..1000) {
            let mut bytes = short((8, 0x16), b"UI", b"1.2.840.10008.5.1.4.1.1.7\0");
            let whole = bytes.len();
            bytes.extend(short((8, 0x18), b"UI", b"1.2.3.4\0"));
            let cut = cut % bytes.len();
            let expected = cut != 0 && cut != whole;
            prop_assert_eq!(scan(EXPLICIT, &bytes[..cut], 7).truncated, expected);
        }
    }
}
