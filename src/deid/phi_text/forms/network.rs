//! Addresses of mail and pages.

use crate::deid::phi_text::span::{Form, Span, Why};

/// The longest part of an address that is followed: a domain has at most 253 signs (RFC 1035).
const MAX_CHARS: usize = 254;

/// Adds every address in the text.
pub(super) fn spans(text: &str, spans: &mut Vec<Span>) {
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
