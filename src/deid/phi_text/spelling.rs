//! The needles of one likeness, each spelling once, whatever the number of identifiers that are
//! written so: what a match costs does not grow with them.

use super::needles::{Needle, Role, Weight};
use std::collections::BTreeSet;

/// Against so many other spellings of the same likeness a match is held; the spelling that the text
/// has is always tried.
const MAX_ALIKE: usize = 16;

/// One way of writing, with all that it means.
pub(super) struct Spelling {
    pub folded: String,
    /// It may have zeros before it.
    pub number: bool,
    /// What it is by itself.
    pub roles: Vec<Role>,
    /// The word of names that it is, by its place in [`Bearers`], and how much it says.
    pub word: Option<(usize, Weight)>,
}

/// All spellings of one likeness, sorted.
pub(super) struct Spellings(Vec<Spelling>);

impl Spellings {
    /// Brings equal needles together, and notes whose names they are words of.
    pub fn of(needles: BTreeSet<Needle>, bearers: &mut Bearers) -> Self {
        let mut spellings: Vec<Spelling> = Vec::new();
        for Needle { folded, role } in needles {
            let number = matches!(role, Role::Number(_));
            if spellings.last().is_none_or(|last| last.folded != folded || last.number != number) {
                spellings.push(Spelling { folded, number, roles: Vec::new(), word: None });
            }
            let Some(spelling) = spellings.last_mut() else { continue };
            match role {
                Role::Word { person, word, weight } => {
                    // the weight is one of the spelling: it is the same for all
                    let (at, _) = *spelling.word.get_or_insert_with(|| (bearers.add(), weight));
                    bearers.name(at, (person, word));
                }
                role => spelling.roles.push(role),
            }
        }
        Self(spellings)
    }

    /// The spellings that a text of this likeness may stand for, its own first.
    pub fn possible<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Spelling> {
        let own = self.0.partition_point(|spelling| spelling.folded.as_str() < text);
        let own = self.0.iter().skip(own).take_while(move |spelling| spelling.folded == text);
        let others = self.0.iter().filter(move |spelling| spelling.folded != text);
        own.chain(others.take(MAX_ALIKE))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Spelling> {
        self.0.iter()
    }
}

/// By the place of a word: the persons in whose names it stands, and as which word, sorted.
#[derive(Default)]
pub(super) struct Bearers(Vec<Vec<(u32, u32)>>);

impl Bearers {
    fn add(&mut self) -> usize {
        self.0.push(Vec::new());
        self.0.len() - 1
    }

    fn name(&mut self, at: usize, whose: (u32, u32)) {
        if let Some(bearers) = self.0.get_mut(at) {
            let place = bearers.partition_point(|other| *other < whose);
            bearers.insert(place, whose);
        }
    }

    /// Whether two words stand in the name of one person; `apart`: as two words of it.
    pub fn share(&self, one: usize, other: usize, apart: bool) -> bool {
        let (Some(one), Some(other)) = (self.0.get(one), self.0.get(other)) else { return false };
        let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
        few.iter().any(|(person, word)| {
            let from = many.partition_point(|other| other.0 < *person);
            let theirs = many.iter().skip(from).take_while(|other| other.0 == *person);
            theirs.into_iter().any(|other| !apart || other.1 != *word)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::needles::Needles;
    use super::*;
    use crate::deid::identifiers::IdentifierKind;

    #[test]
    fn many_names_of_one_initial_are_one_spelling() {
        let mut needles = Needles::default();
        for number in 0..200_u8 {
            let word = |n: u8| char::from(b'A' + n % 26);
            let name = format!("N{}{}^V", word(number), word(number / 26));
            needles.add(IdentifierKind::Name, &name);
        }
        let mut bearers = Bearers::default();
        let spellings = needles.by_likeness.remove("N").expect("the initial");
        assert!(spellings.len() >= 200);
        assert_eq!(Spellings::of(spellings, &mut bearers).iter().count(), 1);
    }

    #[test]
    fn a_text_is_held_against_few_of_the_spellings_that_look_like_it_and_its_own() {
        let mut needles = Needles::default();
        for number in 0..1024_u32 {
            let of = |bit: u32| if number >> bit & 1 == 1 { 'I' } else { 'L' };
            needles.add(IdentifierKind::Name, &(0..10).map(of).collect::<String>());
        }
        let alike = needles.by_likeness.remove("IIIIIIIIII").expect("the likeness");
        let spellings = Spellings::of(alike, &mut Bearers::default());
        assert!(spellings.iter().count() >= 1024);
        let tried: Vec<_> = spellings.possible("LILLLLIIIL").collect();
        assert_eq!(tried.first().map(|spelling| &*spelling.folded), Some("LILLLLIIIL"));
        assert!(tried.len() <= MAX_ALIKE + 2);
    }
}
