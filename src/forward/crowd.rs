//! Why a destination turned an Association away: too many of them, this kind of object, or anybody.

use std::collections::HashMap;

/// So often an object is turned away alone, while others are taken, before it is unwanted.
const TIMES: u32 = 3;

/// What being turned away means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has enough of our Associations.
    Crowded,
    /// It takes others, and not this one.
    Unwanted,
    /// It may be that it takes nobody.
    Unknown,
}

/// What was turned away, and what was taken meanwhile.
#[derive(Debug, Default)]
pub struct Crowd {
    limit: Option<usize>,
    answered: u64,
    /// Of a delivery: how often, and `answered` at the last time.
    alone: HashMap<i64, (u32, u64)>,
}

impl Crowd {
    /// How many Associations it takes at once, as far as is known.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }

    /// It may take more by now.
    pub fn forget_limit(&mut self) {
        self.limit = None;
    }

    /// It answered about some object.
    pub fn answered(&mut self) {
        self.answered += 1;
    }

    /// A delivery was turned away while there were so many other Associations.
    pub fn turned_away(&mut self, delivery: i64, others: usize) -> Verdict {
        if others > 0 {
            self.limit = Some(others);
            return Verdict::Crowded;
        }
        let (times, answered) = self.alone.entry(delivery).or_insert((0, u64::MAX));
        // Counted anew only after another object was taken.
        if *answered != self.answered {
            (*times, *answered) = (*times + 1, self.answered);
        }
        if *times < TIMES {
            return Verdict::Unknown;
        }
        self.alone.remove(&delivery);
        Verdict::Unwanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_association_too_many_lowers_the_limit_until_it_is_quiet() {
        let mut crowd = Crowd::default();
        assert_eq!(crowd.turned_away(1, 2), Verdict::Crowded);
        assert_eq!(crowd.limit(), 2);
        crowd.forget_limit();
        assert_eq!(crowd.limit(), usize::MAX);
    }

    #[test]
    fn an_object_is_unwanted_only_if_others_are_taken_meanwhile() {
        let mut crowd = Crowd::default();
        for _ in 0..50 {
            assert_eq!(crowd.turned_away(1, 0), Verdict::Unknown, "nobody is taken");
        }
        crowd.answered();
        assert_eq!(crowd.turned_away(1, 0), Verdict::Unknown);
        assert_eq!(crowd.turned_away(2, 0), Verdict::Unknown, "another delivery");
        crowd.answered();
        assert_eq!(crowd.turned_away(1, 0), Verdict::Unwanted);
    }
}
