//! Numbers of telephones, by their groups or by a label.

use crate::deid::phi_text::labels::is_of_telephones;
use crate::deid::phi_text::reading::{Reading, Signs};

/// The most groups that a number is written in.
const GROUPS: usize = 6;
/// A number has as many digits (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The last run of a telephone number that begins with these digits.
pub(super) fn at(reading: &Reading, run: usize) -> Option<usize> {
    let labelled = is_labelled(reading, run);
    let gap = reading.before(run);
    let international = gap.ends_with('+') || gap.ends_with("+(");
    let first = reading.word(run);
    if !labelled && !international && first.len() > 5 {
        return None;
    }
    let preceded = gap == "." && run.checked_sub(1).is_some_and(|r| reading.is(r, Signs::Digits));
    if !labelled && preceded {
        return None;
    }
    if !labelled && !international && !first.starts_with('0') && first.len() != 3 && first != "1" {
        return None;
    }
    let mut lengths = [first.len(), 0, 0, 0, 0, 0];
    let joined = (1..GROUPS).take_while(|group| is_joined(reading, run + group));
    let mut count = 1;
    for group in joined {
        lengths[group] = reading.word(run + group).len();
        count = group + 1;
    }
    let groups = &lengths[..count];
    let total: usize = groups.iter().sum();
    let last = run + groups.len() - 1;
    if (labelled && total >= 5) || (international && DIGITS.contains(&total)) {
        return Some(last);
    }
    let gaps = |from: usize, to: usize| (from..=to).map(|run| reading.before(run));
    // (555) 010-9999, 555-010-9999, 1-555-010-9999
    let start = if groups.first() == Some(&1) && first == "1" { 1 } else { 0 };
    if groups.get(start..start + 3) == Some(&[3, 3, 4][..]) {
        let end = run + start + 2;
        let marked = gaps(run + start + 1, end).all(|gap| gap.contains(['-', '.', ')', '/']));
        let bracketed = reading.before(run + start).ends_with('(');
        if (marked || bracketed) && groups.get(start + 3).is_none() {
            return Some(end);
        }
    }
    let trunk = first.starts_with('0') && groups.len() > 1;
    let pairs = groups.iter().all(|group| *group == 2) && total == 10;
    let area = first.len() >= 3 && (9..=13).contains(&total);
    (trunk && (pairs || area)).then_some(last)
}

fn is_joined(reading: &Reading, run: usize) -> bool {
    let gap = reading.before(run);
    reading.is(run, Signs::Digits)
        && !gap.is_empty()
        && gap.len() <= 3
        && gap.chars().all(|c| " -./()".contains(c))
}

/// Whether `tel`, `fax` and the like stand before, with at most `no.` between.
fn is_labelled(reading: &Reading, run: usize) -> bool {
    let near = |run: usize| {
        let gap = reading.before(run);
        gap.chars().count() <= 4 && gap.chars().all(|c| " :.#=+()".contains(c))
    };
    let word = |back: usize| run.checked_sub(back).map_or("", |run| reading.word(run));
    near(run)
        && (is_of_telephones(word(1))
            || (["NO", "NR", "NUMBER"].contains(&word(1))
                && near(run - 1)
                && is_of_telephones(word(2))))
}
