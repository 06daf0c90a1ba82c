//! What is proposed to a destination, and in which form it then gets an object.

use crate::dimse::store_scu::{MAX_CONTEXTS, StoreAssociation};
use crate::dimse::syntaxes::{EXPLICIT_VR_LE, IMPLICIT_VR_LE};
use std::collections::BTreeSet;

/// SOP class and transfer syntax.
pub type Pair = (String, String);

/// How an object goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Not the bytes that were verified: the same object with decoded pixels, in Explicit VR Little
    /// Endian.
    pub decoded: bool,
    /// The same elements in Implicit VR Little Endian.
    pub implicit_vr: bool,
}

/// The forms that an object of this transfer syntax has, best first, with their transfer syntaxes.
pub fn forms(transfer_syntax: &str) -> impl Iterator<Item = (Form, &str)> {
    let decoded = transfer_syntax != EXPLICIT_VR_LE;
    let as_stored = (Form { decoded: false, implicit_vr: false }, transfer_syntax);
    let explicit = decoded.then_some((Form { decoded, implicit_vr: false }, EXPLICIT_VR_LE));
    let implicit = (Form { decoded, implicit_vr: true }, IMPLICIT_VR_LE);
    let implicit = (transfer_syntax != IMPLICIT_VR_LE).then_some(implicit);
    std::iter::once(as_stored).chain(explicit).chain(implicit)
}

/// Every form of `pair`, then of the `batch`, as far as one Association has room for them.
pub fn proposal(pair: &Pair, batch: &BTreeSet<Pair>) -> BTreeSet<Pair> {
    let mut proposed = BTreeSet::new();
    for (class, syntax) in std::iter::once(pair).chain(batch) {
        for (_, form) in forms(syntax) {
            if proposed.len() < MAX_CONTEXTS {
                proposed.insert((class.clone(), form.to_owned()));
            }
        }
    }
    proposed
}

/// The best form of `pair` that the peer accepted, with its context.
pub fn accepted(association: &StoreAssociation, (class, syntax): &Pair) -> Option<(Form, u8)> {
    forms(syntax).find_map(|(form, ts)| Some((form, association.context_for(class, ts)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(class: usize, syntax: &str) -> Pair {
        (format!("1.2.{class}"), syntax.to_owned())
    }

    #[test]
    fn native_objects_are_offered_in_the_default_transfer_syntax_too() {
        let proposed = proposal(&pair(1, EXPLICIT_VR_LE), &BTreeSet::new());
        let wanted = [pair(1, IMPLICIT_VR_LE), pair(1, EXPLICIT_VR_LE)];
        assert_eq!(proposed, BTreeSet::from(wanted));
        let compressed = pair(1, "1.2.840.10008.1.2.4.70");
        let proposed = proposal(&compressed, &BTreeSet::new());
        let native = [pair(1, IMPLICIT_VR_LE), pair(1, EXPLICIT_VR_LE)];
        assert_eq!(proposed, BTreeSet::from_iter(native.into_iter().chain([compressed])));
        let best: Vec<_> = forms("1.2.840.10008.1.2.4.70").map(|(form, _)| form.decoded).collect();
        assert_eq!(best, [false, true, true], "as it is, where that is taken");
        let implicit: Vec<_> = forms(IMPLICIT_VR_LE).map(|(form, _)| form.implicit_vr).collect();
        assert_eq!(implicit, [false, false], "what is in Implicit VR is not made so once more");
    }

    #[test]
    fn an_association_is_never_offered_more_than_it_can_number() {
        let batch: BTreeSet<_> = (0..200).map(|class| pair(class, EXPLICIT_VR_LE)).collect();
        let mine = pair(999, EXPLICIT_VR_LE);
        let proposed = proposal(&mine, &batch);
        assert_eq!(proposed.len(), MAX_CONTEXTS);
        assert!(proposed.contains(&mine) && proposed.contains(&pair(999, IMPLICIT_VR_LE)));
    }
}
