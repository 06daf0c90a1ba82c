//! Postal addresses: a street with its number, a box, a ZIP code with its state.

use crate::deid::phi_text::reading::{Reading, Signs};
use crate::deid::phi_text::vocabulary::is_technique;

/// The most words of the name of a street.
const WORDS: usize = 3;

/// After the name of a street.
const AFTER: [&str; 19] = [
    "STREET",
    "AVENUE",
    "AVE",
    "ROAD",
    "RD",
    "LANE",
    "LN",
    "BOULEVARD",
    "BLVD",
    "DRIVE",
    "COURT",
    "TERRACE",
    "PARKWAY",
    "PKWY",
    "HIGHWAY",
    "HWY",
    "CRESCENT",
    "GROVE",
    "CLOSE",
];

/// Those that are nothing else, whatever the name is.
const SURE: [&str; 5] = ["STREET", "AVENUE", "ROAD", "BOULEVARD", "LANE"];

/// Also after it, and short for something else as well.
const DOUBTFUL_AFTER: [&str; 4] = ["ST", "DR", "CT", "WAY"];

/// Before the name of a street.
const BEFORE: [&str; 14] = [
    "RUE",
    "AVENUE",
    "BOULEVARD",
    "CALLE",
    "CARRER",
    "AVENIDA",
    "AVDA",
    "PLAZA",
    "PIAZZA",
    "VIALE",
    "RUA",
    "ULICA",
    "УЛИЦА",
    "CHEMIN",
];

/// The end of the name of a street that is one word with it, before the number.
const ENDINGS: [&str; 12] = [
    "STRASSE", "STR", "GASSE", "ALLEE", "PLATZ", "STRAAT", "GRACHT", "LAAN", "GATAN", "VEIEN",
    "GADE", "UTCA",
];

const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT \
    NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR";

/// The last run of an address that begins with the number of a house: `17 Elm Grove`, `12 rue X`.
pub(super) fn after_number(reading: &Reading, run: usize) -> Option<usize> {
    if reading.word(run).len() > 5 || !is_spaced(reading, run + 1) {
        return None;
    }
    if BEFORE.contains(&reading.word(run + 1)) {
        return names_after(reading, run + 1);
    }
    let mut named = false;
    for last in run + 1..=run + 1 + WORDS {
        let word = reading.word(last);
        if !reading.is(last, Signs::Letters) || !is_spaced(reading, last) {
            return None;
        }
        let doubtful = DOUBTFUL_AFTER.contains(&word)
            && reading.original(last).chars().any(char::is_lowercase);
        let sure = SURE.contains(&word) && is_capital(reading, last - 1) && last > run + 1;
        if sure || (named && (AFTER.contains(&word) || doubtful)) {
            // Larch Grove Road
            let more = is_spaced(reading, last + 1) && AFTER.contains(&reading.word(last + 1));
            return Some(last + usize::from(more));
        }
        named |= is_name(reading, last);
    }
    None
}

/// The last run of an address that begins with this word: `Hauptstr. 5`, `Calle Mayor 5`,
/// `P.O. Box 12`, `MA 02139`.
pub(super) fn at(reading: &Reading, run: usize) -> Option<usize> {
    let number = |run: usize| reading.is(run, Signs::Digits) && reading.word(run).len() <= 5;
    let word = reading.word(run);
    // all but these have their number next
    if !number(run + 1) && !["PO", "P"].contains(&word) && !BEFORE.contains(&word) {
        return None;
    }
    if word == "POSTFACH" && number(run + 1) {
        return Some(run + 1);
    }
    if word == "PO" || (word == "P" && reading.word(run + 1) == "O") {
        let at = if word == "PO" { run + 1 } else { run + 2 };
        return (reading.word(at) == "BOX" && number(at + 1)).then_some(at + 1);
    }
    let zip = word.len() == 2
        && reading.original(run).bytes().all(|byte| byte.is_ascii_uppercase())
        && reading.word(run + 1).len() == 5
        && number(run + 1)
        && reading.before(run + 1) == " ";
    if zip && STATES.split_whitespace().any(|state| state == word) {
        let more = reading.before(run + 2) == "-" && reading.word(run + 2).len() == 4;
        return Some(run + if more { 2 } else { 1 });
    }
    if BEFORE.contains(&word) && is_capital(reading, run + 1) {
        let last = names_after(reading, run)?;
        return number(last + 1).then_some(last + 1);
    }
    let whole = ENDINGS.iter().any(|end| word.len() > end.len() + 2 && word.ends_with(end));
    let apart = ["STRASSE", "STR", "GASSE"].contains(&word);
    let light = reading.before(run + 1).chars().all(|c| " .".contains(c));
    (whole && !apart && !is_technique(word) && light && number(run + 1)).then_some(run + 1)
}

/// The last of the words that are the name of a street, after the word for it.
fn names_after(reading: &Reading, street: usize) -> Option<usize> {
    let small = |run: usize| {
        ["DE", "DU", "LA", "LE", "DES", "DEL", "DA", "DO", "LOS", "L", "D"]
            .contains(&reading.word(run))
    };
    let mut last = street;
    while last < street + WORDS + 1
        && reading.before(last + 1).len() <= 2
        && (small(last + 1) || is_name(reading, last + 1))
    {
        last += 1;
    }
    (last > street && !small(last)).then_some(last)
}

fn is_name(reading: &Reading, run: usize) -> bool {
    is_capital(reading, run) && reading.word(run).len() > 2 && !is_technique(reading.word(run))
}

fn is_capital(reading: &Reading, run: usize) -> bool {
    reading.is(run, Signs::Letters)
        && reading.original(run).chars().next().is_some_and(char::is_uppercase)
}

fn is_spaced(reading: &Reading, run: usize) -> bool {
    let gap = reading.before(run);
    gap.contains(' ') && gap.len() <= 2
}
