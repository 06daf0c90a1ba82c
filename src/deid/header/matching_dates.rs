//! Dates in text: the ways in which a known date may be written.

use super::matching::Run;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A date of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CalendarDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CalendarDate {
    /// Reads `YYYYMMDD`, or the older `YYYY.MM.DD` and `YYYY-MM-DD`.
    pub fn parse(value: &str) -> Option<Self> {
        let digits: String = value.chars().filter(|c| !['.', '-'].contains(c)).collect();
        let digits = digits.trim();
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let date = Self {
            year: digits[..4].parse().ok()?,
            month: digits[4..6].parse().ok()?,
            day: digits[6..].parse().ok()?,
        };
        ((1..=12).contains(&date.month) && (1..=31).contains(&date.day)).then_some(date)
    }

    /// `YYYYMMDD`, `DDMMYYYY`, `MMDDYYYY`, also with a time after the first.
    fn is_one_run(self, run: &str) -> bool {
        let (year, month, day) = (self.year, self.month, self.day);
        let first = format!("{year:04}{month:02}{day:02}");
        (run.starts_with(&first) && [8, 12, 14].contains(&run.len()))
            || run == format!("{day:02}{month:02}{year:04}")
            || run == format!("{month:02}{day:02}{year:04}")
    }

    /// Three numbers in any usual order, the year with four digits or two.
    fn is_three_numbers(self, runs: [&str; 3]) -> bool {
        let [a, b, c] = runs;
        let pair = |x: &str, y: &str| {
            let number = |text: &str| (text.len() <= 2).then(|| text.parse::<u8>().ok()).flatten();
            let (x, y) = (number(x), number(y));
            let (month, day) = (Some(self.month), Some(self.day));
            (x == day && y == month) || (x == month && y == day)
        };
        let long = format!("{:04}", self.year);
        let short = format!("{:02}", self.year % 100);
        (a == long && pair(b, c))
            || (c == long && pair(a, b))
            // a short year is only believed where all three are padded: 1.2.70 may be a version
            || (a.len() == 2 && b.len() == 2 && c.len() == 2 && c == short && pair(a, b))
            || (a.len() == 2 && b.len() == 2 && c.len() == 2 && a == short && pair(b, c))
    }

    /// A month by name between or before the numbers: `12 Jan 1970`, `January 12, 1970`.
    fn is_spelled(self, runs: [&str; 3]) -> bool {
        let named = |text: &str| text.starts_with(MONTHS[usize::from(self.month) - 1]);
        let day = |text: &str| text.len() <= 2 && text.parse() == Ok(self.day);
        let year = |text: &str| {
            text == format!("{:04}", self.year) || text == format!("{:02}", self.year % 100)
        };
        let [a, b, c] = runs;
        (day(a) && named(b) && year(c))
            || (named(a) && day(b) && year(c))
            || (year(a) && named(b) && day(c))
    }
}

/// Whether the runs of a text write one of the dates.
pub(super) fn contains_date(runs: &[Run], dates: &[CalendarDate]) -> bool {
    dates.iter().any(|date| {
        let alone = runs.iter().any(|run| run.digits && date.is_one_run(&run.text));
        alone
            || runs.windows(3).any(|three| {
                let texts = [&*three[0].text, &*three[1].text, &*three[2].text];
                if three.iter().all(|run| run.digits) {
                    let (first, second) = (three[1].gap.as_str(), three[2].gap.as_str());
                    first == second
                        && ["/", "-", ".", " "].contains(&first)
                        && date.is_three_numbers(texts)
                } else {
                    date.is_spelled(texts)
                }
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::matching::runs;
    use super::*;

    fn finds(text: &str) -> bool {
        let date = CalendarDate::parse("19700412").expect("a date");
        contains_date(&runs(text), &[date])
    }

    #[test]
    fn a_date_is_found_in_the_usual_forms() {
        for text in [
            "dob 19700412",
            "19700412113000",
            "1970-04-12",
            "12.04.1970",
            "12/4/1970",
            "4/12/1970",
            "04/12/70",
            "70-04-12",
            "12 Apr 1970",
            "12-APR-70",
            "April 12, 1970",
            "12041970",
        ] {
            assert!(finds(text), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_date_are_left() {
        for text in ["1.2.840.19700413", "4.12.70", "119700412", "04/12-70", "12 1970 04", "1970"] {
            assert!(!finds(text), "{text}");
        }
        assert_eq!(CalendarDate::parse("19701341"), None);
        assert_eq!(CalendarDate::parse("1970"), None);
    }
}
