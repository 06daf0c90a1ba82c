//! Addresses of mail, pages and machines.

use crate::deid::phi_text::fold::folded;
use crate::deid::phi_text::reading::{Reading, Signs};
use crate::deid::phi_text::span::{Form, Span, Why};
use crate::deid::phi_text::vocabulary::is_technique;

/// The longest part of an address that is followed: a domain has at most 253 signs (RFC 1035).
const MAX_CHARS: usize = 254;

/// Ends of the names of sites that are written without anything before them. Those that are also
/// words of technique are left out, as `se` and `ch`.
const TOP_DOMAINS: [&str; 17] = [
    "com", "org", "net", "edu", "gov", "de", "fr", "at", "nl", "uk", "eu", "info", "health", "ca",
    "au", "nz", "jp",
];
/// The shortest word by which a site is known.
const MIN_SITE: usize = 4;
/// Versions of programs begin with a lower number.
const MIN_OCTET: u16 = 100;

/// The last run of an IPv4 address that begins here: four octets that are no version and no UID.
pub(super) fn machine(reading: &Reading, run: usize) -> Option<usize> {
    let last = run + 3;
    let octet = |run: usize| {
        let short = reading.is(run, Signs::Digits) && reading.word(run).len() <= 3;
        short.then(|| reading.word(run).parse::<u16>().ok()).flatten().filter(|octet| *octet < 256)
    };
    let first = octet(run)?;
    let joined = |run: usize| reading.before(run) == ".";
    let chained = (run > 0 && joined(run)) || (joined(last + 1) && last + 1 < reading.runs.len());
    let whole = (run + 1..=last).all(|run| joined(run) && octet(run).is_some());
    let labelled = run.checked_sub(1).is_some_and(|before| reading.word(before) == "IP");
    (whole && !chained && (first >= MIN_OCTET || labelled)).then_some(last)
}

/// Adds the names of sites: `www` is not before them, nor anything else.
fn sites(text: &str, spans: &mut Vec<Span>) {
    let in_name = |c: char| c.is_alphanumeric() || ".-".contains(c);
    for (at, _) in text.match_indices('.') {
        let top = head(&text[at + 1..], char::is_alphanumeric);
        let end = at + 1 + top;
        let goes_on = text[end..].starts_with(['.', '-', '_'])
            && text[end + 1..].starts_with(char::is_alphanumeric);
        if goes_on || !TOP_DOMAINS.contains(&&text[at + 1..end]) {
            continue;
        }
        let name = tail(&text[..at], in_name);
        let mut words = text[at - name..at].split(['.', '-']);
        if words.any(|word| word.chars().count() >= MIN_SITE && !is_technique(&folded(word))) {
            spans.push(Span { range: at - name..end, why: Why::Form(Form::Url) });
        }
    }
}

/// Adds every address in the text.
pub(super) fn spans(text: &str, spans: &mut Vec<Span>) {
    sites(text, spans);
    for (at, _) in text.match_indices('@') {
        let local = tail(&text[..at], |c| c.is_alphanumeric() || "._%+-".contains(c));
        let domain = head(&text[at + 1..], |c| c.is_alphanumeric() || ".-".contains(c));
        let domain = text[at + 1..at + 1 + domain].trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
        let named = top.chars().count() > 1 && top.chars().all(char::is_alphabetic);
        if local > 0 && named {
            let range = at - local..at + 1 + domain.len();
            spans.push(Span { range, why: Why::Form(Form::Email) });
        }
    }
    // what is inside an address already is not looked at again
    let mut end = 0;
    let in_page = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"'\\|".contains(c);
    for (at, _) in text.match_indices("://") {
        if at < end {
            continue;
        }
        let scheme = tail(&text[..at], |c| c.is_ascii_alphanumeric());
        let rest = if scheme > 1 { head(&text[at + 3..], in_page) } else { 0 };
        if rest > 0 {
            end = at + 3 + rest;
            let range = at - scheme..end;
            spans.push(Span { range, why: Why::Form(Form::Url) });
        }
    }
    let mut end = 0;
    for (at, www) in text.match_indices(['w', 'W']) {
        if at < end {
            continue;
        }
        let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric());
        let is_www = begins && text.get(at..at + 4).is_some_and(|t| t.eq_ignore_ascii_case("www."));
        let rest = if is_www { head(&text[at + www.len()..], in_page) } else { 0 };
        if rest > 4 {
            end = at + www.len() + rest;
            spans.push(Span { range: at..end, why: Why::Form(Form::Url) });
        }
    }
}

/// How many bytes at the end of a text fit.
fn tail(text: &str, fits: impl Fn(char) -> bool) -> usize {
    let chars = text.chars().rev().take(MAX_CHARS).take_while(|c| fits(*c));
    chars.map(char::len_utf8).sum()
}

/// How many bytes at its beginning fit.
fn head(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.chars().take(MAX_CHARS * 8).take_while(|c| fits(*c)).map(char::len_utf8).sum()
}
