//! What has to be the same in all files: days by patient, new by old.
//!
//! Invariant: where files disagree, the item that stands alone fails; where no side has more items than
//! every other, all of them fail.

use super::finding::{Failure, Finding};
use super::key::{Check, Item};
use crate::phi::Phi;
use std::collections::{BTreeMap, BTreeSet};

/// The findings of all items.
#[derive(Default)]
pub struct Ledger<'a> {
    items: Vec<(&'a Item, Option<Failure>)>,
    /// By check, as UIDs and PatientIDs have nothing to do with one another.
    claims: BTreeMap<Check, Vec<Claim>>,
}

/// That what was `from` is now `to`.
struct Claim {
    item: usize,
    from: Phi<String>,
    to: String,
}

impl<'a> Ledger<'a> {
    /// Notes what became of an item.
    pub fn take(&mut self, item: &'a Item, finding: Finding) {
        let index = self.items.len();
        let claims = self.claims.entry(item.check).or_default();
        let claim = |from: &Phi<String>, to: String| Claim { item: index, from: from.clone(), to };
        let failure = match finding {
            Finding::Passed => None,
            Finding::Failed(failure) => Some(failure),
            Finding::Moved { patient, days } => {
                claims.extend(days.iter().map(|days| claim(&patient, days.to_string())));
                None
            }
            Finding::Replaced(pairs) => {
                claims.extend(pairs.into_iter().map(|(from, to)| claim(&from, to)));
                None
            }
        };
        self.items.push((item, failure));
    }

    /// Every item, and why it failed.
    pub fn settle(mut self) -> Vec<(&'a Item, Option<Failure>)> {
        for (check, claims) in &self.claims {
            let ways = claims
                .iter()
                .map(|claim| (claim.from.reveal().as_str(), claim.to.as_str(), claim.item));
            let mut wrong = minority(ways.clone());
            let failure = match check {
                Check::DateShifted => Failure::OtherShift,
                _ => {
                    // two that were different are not one now
                    wrong.extend(minority(ways.map(|(from, to, item)| (to, from, item))));
                    Failure::Inconsistent
                }
            };
            for item in wrong {
                self.items[item].1.get_or_insert(failure);
            }
        }
        self.items
    }
}

/// The items that do not say what most items say of the same.
fn minority<'a>(claims: impl Iterator<Item = (&'a str, &'a str, usize)>) -> BTreeSet<usize> {
    let mut said: BTreeMap<&str, BTreeMap<&str, BTreeSet<usize>>> = BTreeMap::new();
    for (of, what, item) in claims {
        said.entry(of).or_default().entry(what).or_default().insert(item);
    }
    let mut wrong = BTreeSet::new();
    for answers in said.values().filter(|answers| answers.len() > 1) {
        let most = answers.values().map(BTreeSet::len).max().unwrap_or(0);
        let alone = answers.values().filter(|items| items.len() == most).count() == 1;
        let lost = answers.values().filter(|items| !alone || items.len() < most);
        wrong.extend(lost.flatten());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_that_stands_alone_is_wrong_and_without_a_majority_all_are() {
        let set = |items: &[usize]| items.iter().copied().collect::<BTreeSet<_>>();
        let most = [("a", "1", 0), ("a", "1", 1), ("a", "2", 2), ("b", "2", 3)];
        assert_eq!(minority(most.into_iter()), set(&[2]));
        let even = [("a", "1", 0), ("a", "2", 1), ("b", "3", 2)];
        assert_eq!(minority(even.into_iter()), set(&[0, 1]));
        assert_eq!(minority([("a", "1", 0), ("a", "1", 1)].into_iter()), set(&[]));
    }
}
