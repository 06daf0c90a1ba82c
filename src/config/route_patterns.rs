//! What conditions of routes compare with: patterns of text, networks, SOP classes.
//!
//! Each is one text or a list of them in the file, and is never empty: a condition that nothing can
//! meet is an error, not a route that never matches.

use dicom_core::dictionary::{UidDictionary, UidDictionaryEntry};
use dicom_dictionary_std::StandardSopClassDictionary;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use wildmatch::WildMatch;

/// Longer ones would be compared with values that are read no further.
const MAX_PATTERN_CHARS: usize = 256;
/// The characters of a UID (PS3.5 section 9.1).
const MAX_UID_CHARS: usize = 64;

/// As a file writes it.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn not_empty(self) -> Result<Vec<String>, String> {
        let all = match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        };
        if all.is_empty() || all.iter().any(|text| trimmed(text).is_empty()) {
            return Err("an empty list or text matches nothing: leave it out; for an attribute \
                        without a value write present = false"
                .into());
        }
        Ok(all)
    }
}

/// One or several patterns of text: `*` is any text, `?` any character. Letter case, and spaces at
/// the ends, do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "Vec<String>")]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Whether one of them fits the value.
    pub fn fits(&self, value: &str) -> bool {
        let value = folded(value);
        self.0.iter().any(|pattern| WildMatch::new(&folded(pattern)).matches(&value))
    }

    /// Whether these fit every value that `other` fits; `false` may be an answer too careful.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|theirs| self.0.iter().any(|mine| pattern_covers(mine, theirs)))
    }

    /// Whether no value fits both.
    pub fn apart(&self, other: &Self) -> bool {
        !self.0.iter().any(|mine| other.0.iter().any(|theirs| have_a_text_in_common(mine, theirs)))
    }

    /// The first that fits no text of at most `chars` characters.
    pub fn too_long_for(&self, chars: usize) -> Option<&str> {
        let least = |text: &str| trimmed(text).chars().filter(|c| *c != '*').count();
        self.0.iter().map(String::as_str).find(|text| least(text) > chars)
    }

    /// The first with this character.
    pub fn with_char(&self, wanted: char) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|text| text.contains(wanted))
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\0'])
}

fn folded(text: &str) -> String {
    trimmed(text).to_uppercase()
}

/// Whether pattern `a` fits whatever pattern `b` fits: only a `*` of `a` takes up a `*` of `b`.
fn pattern_covers(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (folded(a).chars().collect(), folded(b).chars().collect());
    // covered[j]: the part of `a` that was gone through covers the first j characters of `b`.
    let mut covered = vec![false; b.len() + 1];
    covered[0] = true;
    for from in a {
        let mut next = vec![false; b.len() + 1];
        for j in 0..=b.len() {
            next[j] = match from {
                '*' => covered[j] || (j > 0 && next[j - 1]),
                _ if j == 0 || b[j - 1] == '*' => false,
                '?' => covered[j - 1],
                letter => covered[j - 1] && b[j - 1] == letter,
            };
        }
        covered = next;
    }
    covered[b.len()]
}

/// Whether some text fits both patterns.
fn have_a_text_in_common(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (folded(a).chars().collect(), folded(b).chars().collect());
    // common[i][j]: the rest of `a` from i and the rest of `b` from j have one.
    let mut common = vec![vec![false; b.len() + 1]; a.len() + 1];
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            common[i][j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some('*'), theirs) => common[i + 1][j] || (theirs.is_some() && common[i][j + 1]),
                (mine, Some('*')) => common[i][j + 1] || (mine.is_some() && common[i + 1][j]),
                (Some(x), Some(y)) => (x == y || *x == '?' || *y == '?') && common[i + 1][j + 1],
                _ => false,
            };
        }
    }
    common[0][0]
}

impl TryFrom<OneOrMany> for Patterns {
    type Error = String;

    fn try_from(written: OneOrMany) -> Result<Self, String> {
        let all = written.not_empty()?;
        let is_wrong = |text: &&String| {
            text.chars().count() > MAX_PATTERN_CHARS || text.chars().any(char::is_control)
        };
        match all.iter().find(is_wrong) {
            Some(_) => Err(format!(
                "a pattern has at most {MAX_PATTERN_CHARS} characters and no control character"
            )),
            None => Ok(Self(all)),
        }
    }
}

impl From<Patterns> for Vec<String> {
    fn from(patterns: Patterns) -> Self {
        patterns.0
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("|"))
    }
}

/// One or several networks, `10.1.0.0/16`, or addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "Vec<String>")]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether the address is in one of them. An IPv4 address that came over IPv6 is one of IPv4.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address in `other` is in one of these; `false` may be an answer too careful.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|theirs| self.0.iter().any(|mine| mine.contains(theirs)))
    }

    /// Whether no address is in both.
    pub fn apart(&self, other: &Self) -> bool {
        let meet = |a: &IpNet, b: &IpNet| a.contains(b) || b.contains(a);
        !self.0.iter().any(|mine| other.0.iter().any(|theirs| meet(mine, theirs)))
    }
}

impl TryFrom<OneOrMany> for Networks {
    type Error = String;

    fn try_from(written: OneOrMany) -> Result<Self, String> {
        let network = |text: String| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            let network = text.parse::<IpNet>().map(|network| network.trunc());
            network.or_else(|_| address()).map_err(|_| {
                format!("{text:?} is no network: write 10.1.0.0/16, 2001:db8::/32 or an address")
            })
        };
        written.not_empty()?.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Networks> for Vec<String> {
    fn from(networks: Networks) -> Self {
        networks.0.iter().map(network_text).collect()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(network_text).collect();
        f.write_str(&all.join("|"))
    }
}

/// As a person writes it: one address has no length of a prefix.
pub(crate) fn network_text(network: &IpNet) -> String {
    match network.prefix_len() == network.max_prefix_len() {
        true => network.addr().to_string(),
        false => network.to_string(),
    }
}

/// One or several SOP classes: UIDs, keywords or names of PS3.6, or patterns of those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "Vec<String>")]
pub struct SopClasses {
    written: Vec<String>,
    /// The same, with UIDs in the place of keywords and names.
    patterns: Patterns,
}

impl SopClasses {
    /// Whether one of them is the class of this UID.
    pub fn fit(&self, uid: &str) -> bool {
        let uid = trimmed(uid);
        let entry = StandardSopClassDictionary.by_uid(uid);
        let names = entry.is_some_and(|entry| {
            self.patterns.fits(entry.alias()) || self.patterns.fits(entry.name())
        });
        names || self.patterns.fits(uid)
    }

    /// Whether these fit every class that `other` fits; `false` may be an answer too careful.
    pub fn covers(&self, other: &Self) -> bool {
        let is_uid = |text: &String| !text.contains(['*', '?']);
        match other.patterns.0.iter().all(is_uid) {
            true => other.patterns.0.iter().all(|uid| self.fit(uid)),
            false => self.patterns.covers(&other.patterns),
        }
    }

    /// Whether no class fits both; `false` may be an answer too careful.
    pub fn apart(&self, other: &Self) -> bool {
        let exact = |classes: &Self| classes.uids().count() == classes.written.len();
        exact(self) && exact(other) && self.uids().all(|uid| !other.fit(uid))
    }

    /// The UIDs, without patterns.
    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.patterns.0.iter().map(String::as_str).filter(|text| !text.contains(['*', '?']))
    }
}

/// The UID of a SOP class that is written as UID, keyword or name; a pattern as it stands.
fn sop_class(text: &str) -> Result<String, String> {
    let text = trimmed(text);
    let is_uid = text.len() <= MAX_UID_CHARS
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if is_uid || text.contains(['*', '?']) {
        return Ok(text.to_owned());
    }
    // The keyword of a name: its words, each with a capital, without anything between.
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let keyword: String = words
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars)
        })
        .collect();
    let entry = StandardSopClassDictionary.by_keyword(&keyword);
    entry.map(|entry| entry.uid().to_owned()).ok_or_else(|| {
        format!(
            "{text:?} is no SOP class: write a UID, a keyword (CTImageStorage) or a name of PS3.6, \
             or a pattern of one with * and ?"
        )
    })
}

impl TryFrom<OneOrMany> for SopClasses {
    type Error = String;

    fn try_from(written: OneOrMany) -> Result<Self, String> {
        let written = written.not_empty()?;
        let patterns = written.iter().map(|text| sop_class(text)).collect::<Result<_, _>>()?;
        Ok(Self { written, patterns: Patterns(patterns) })
    }
}

impl From<SopClasses> for Vec<String> {
    fn from(classes: SopClasses) -> Self {
        classes.written
    }
}

impl fmt::Display for SopClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patterns(all: &[&str]) -> Patterns {
        let all = all.iter().map(|text| (*text).to_owned()).collect();
        OneOrMany::Many(all).try_into().expect("patterns")
    }

    fn classes(text: &str) -> Result<SopClasses, String> {
        OneOrMany::One(text.to_owned()).try_into()
    }

    fn networks(text: &str) -> Result<Networks, String> {
        OneOrMany::One(text.to_owned()).try_into()
    }

    #[test]
    fn case_and_padding_do_not_matter() {
        let ct = patterns(&["CT*", " mr1 "]);
        for value in ["ct", "CT7 ", " CT", "MR1", "mr1\0"] {
            assert!(ct.fits(value), "{value:?}");
        }
        for value in ["", "XCT", "MR12", "MR"] {
            assert!(!ct.fits(value), "{value:?}");
        }
    }

    #[test]
    fn a_sop_class_is_a_uid_a_keyword_a_name_or_a_pattern() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        for text in [ct, "CTImageStorage", "CT Image Storage", "ct*", "*.1.1.2", "*Image Storage"] {
            assert!(classes(text).expect(text).fit(ct), "{text}");
        }
        let dx = "1.2.840.10008.5.1.4.1.1.1.1";
        let name = "Digital X-Ray Image Storage - For Presentation";
        assert!(classes(name).expect("a name").fit(dx));
        assert!(!classes("MRImageStorage").expect("a keyword").fit(ct));
        assert!(classes("CT Picture").expect_err("unknown").contains("keyword"));
        assert!(classes("CT*").expect("x").covers(&classes("CTImageStorage").expect("y")));
    }

    #[test]
    fn an_address_is_in_a_network_also_when_it_came_over_ipv6() {
        let ten = networks("10.1.2.3/8").expect("a network");
        assert!(ten.contain("10.200.0.1".parse().expect("an address")));
        assert!(ten.contain("::ffff:10.200.0.1".parse().expect("an address")));
        assert!(!ten.contain("11.0.0.1".parse().expect("an address")));
        let one = networks("10.9.9.9").expect("an address");
        assert!(ten.covers(&one) && !one.covers(&ten));
        assert!(networks("10.0.0.0/33").expect_err("wrong").contains("no network"));
    }

    #[test]
    fn what_can_match_nothing_is_refused() {
        for written in [
            OneOrMany::Many(Vec::new()),
            OneOrMany::One(" ".into()),
            OneOrMany::One("A\tB".into()),
            OneOrMany::One("A".repeat(MAX_PATTERN_CHARS + 1)),
        ] {
            assert!(Patterns::try_from(written).is_err());
        }
        assert_eq!(patterns(&["CT*", &"A".repeat(17)]).too_long_for(16), Some(&*"A".repeat(17)));
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        for (wide, narrow) in
            [("*", "*"), ("*", "A?*"), ("CT*", "ct1"), ("CT*", "CT?"), ("?*", "A*"), ("A?", "A?")]
        {
            assert!(pattern_covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("CT", "CT*"), ("?", "*"), ("A?", "A*"), ("B*", "A*"), ("?A", "A?")]
        {
            assert!(!pattern_covers(wide, narrow), "{wide} {narrow}");
        }
    }

    proptest! {
        #[test]
        fn what_is_apart_has_nothing_in_common(
            a in "[AB*?]{1,5}", b in "[AB*?]{1,5}", value in "[AB]{0,5}",
        ) {
            let (a, b) = (patterns(&[&a]), patterns(&[&b]));
            prop_assert_eq!(a.apart(&b), b.apart(&a));
            prop_assert!(!(a.apart(&b) && a.fits(&value) && b.fits(&value)));
            prop_assert!(!a.apart(&a));
        }

        #[test]
        fn what_is_covered_fits(
            wide in "[AB*?]{1,6}", narrow in "[AB*?]{1,6}", value in "[AB]{0,6}",
        ) {
            if pattern_covers(&wide, &narrow) && patterns(&[&narrow]).fits(&value) {
                prop_assert!(patterns(&[&wide]).fits(&value));
            }
        }

        #[test]
        fn nothing_that_a_file_writes_makes_it_panic(text in ".{0,300}") {
            let _ = (classes(&text), networks(&text));
            if let Ok(found) = Patterns::try_from(OneOrMany::One(text.clone())) {
                let _ = found.fits(&text);
                prop_assert!(found.covers(&found));
            }
        }
    }
}
