//! `ShiftRange`: by how many days the dates of a patient may move.

use serde::{Deserialize, Serialize};

/// A hundred years: what is shifted further may leave the four digits of a year.
const MAX_DAYS: i32 = 36_525;

/// Whole days, both ends included; written as `[-1825, -1]`. It holds a day other than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[i32; 2]", into = "[i32; 2]")]
pub struct ShiftRange {
    min_days: i32,
    max_days: i32,
}

/// What is wrong with a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a range of days is [first, last] within -{MAX_DAYS} to {MAX_DAYS}, with a day other than 0"
)]
pub struct NotAShiftRange;

impl ShiftRange {
    /// From the first to the last day.
    pub fn new(min_days: i32, max_days: i32) -> Result<Self, NotAShiftRange> {
        let within = -MAX_DAYS <= min_days && min_days <= max_days && max_days <= MAX_DAYS;
        let moves = (min_days, max_days) != (0, 0);
        if within && moves { Ok(Self { min_days, max_days }) } else { Err(NotAShiftRange) }
    }

    /// One of its days, never zero: `choice` counts through them again and again, so that a
    /// uniform choice among far more than the days gives each the same chance.
    pub fn day(self, choice: u128) -> i32 {
        let holds_zero = self.min_days <= 0 && 0 <= self.max_days;
        let days = (self.max_days - self.min_days + 1 - i32::from(holds_zero)) as u128;
        let day = self.min_days + (choice % days) as i32;
        // the days from zero on move up by one
        if holds_zero && day >= 0 { day + 1 } else { day }
    }
}

impl Default for ShiftRange {
    /// Up to five years back.
    fn default() -> Self {
        Self { min_days: -1825, max_days: -1 }
    }
}

impl TryFrom<[i32; 2]> for ShiftRange {
    type Error = NotAShiftRange;

    fn try_from([min_days, max_days]: [i32; 2]) -> Result<Self, NotAShiftRange> {
        Self::new(min_days, max_days)
    }
}

impl From<ShiftRange> for [i32; 2] {
    fn from(range: ShiftRange) -> Self {
        [range.min_days, range.max_days]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_but_zero_has_its_turn() {
        let days = |range: ShiftRange, n| (0..n).map(|c| range.day(c)).collect::<Vec<_>>();
        assert_eq!(days(ShiftRange::new(-2, 2).expect("a range"), 5), [-2, -1, 1, 2, -2]);
        assert_eq!(days(ShiftRange::new(0, 2).expect("a range"), 3), [1, 2, 1]);
        assert_eq!(days(ShiftRange::new(-2, 0).expect("a range"), 3), [-2, -1, -2]);
        assert_eq!(days(ShiftRange::new(3, 3).expect("a range"), 2), [3, 3]);
    }

    #[test]
    fn a_range_without_a_day_is_refused() {
        for [min, max] in [[0, 0], [1, 0], [-40_000, 0], [0, i32::MAX], [i32::MIN, i32::MAX]] {
            assert_eq!(ShiftRange::new(min, max), Err(NotAShiftRange));
        }
    }

    #[test]
    fn it_is_written_as_two_numbers() {
        let read: ShiftRange = serde_json::from_str("[-1825,-1]").expect("a range");
        assert_eq!(read, ShiftRange::default());
        assert_eq!(serde_json::to_string(&read).expect("written"), "[-1825,-1]");
        let wrong = serde_json::from_str::<ShiftRange>("[0,0]").expect_err("no day");
        assert!(wrong.to_string().contains("a day other than 0"), "{wrong}");
    }
}
