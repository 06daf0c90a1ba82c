//! Dates in text: what has the form of a date, and the further ways in which a known one is written.

use super::months::{is_filler, month};
use super::reading::{Reading, Signs};
use std::collections::HashSet;

/// Years that a date may have, so that a number is taken for one.
const YEARS: std::ops::RangeInclusive<u16> = 1870..=2100;
/// The first years of the eras of Japan, less one, with their letters.
const ERAS: [(&str, &str, u16); 5] = [
    ("明治", "M", 1867),
    ("大正", "T", 1911),
    ("昭和", "S", 1925),
    ("平成", "H", 1988),
    ("令和", "R", 2018),
];

/// A date of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        let (year, month, day) =
            (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
        is_day(month, day).then_some(Self { year, month, day })
    }
}

/// The dates of an object, ready for comparison.
#[derive(Default)]
pub(super) struct KnownDates {
    whole: HashSet<(u16, u8, u8)>,
    short: HashSet<(u8, u8, u8)>,
}

/// A date that a text writes: its last run, and whether it is one of the object's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub last: usize,
    pub known: bool,
}

/// What may be a date: year, month and day.
type Guess = (Year, u8, u8);

#[derive(Debug, Clone, Copy)]
enum Year {
    Whole(u16),
    Short(u8),
}

impl KnownDates {
    pub fn add(&mut self, date: CalendarDate) {
        self.whole.insert((date.year, date.month, date.day));
        self.short.insert(((date.year % 100) as u8, date.month, date.day));
    }

    pub fn has(&self, date: CalendarDate) -> bool {
        self.whole.contains(&(date.year, date.month, date.day))
    }

    fn knows(&self, (year, month, day): Guess) -> bool {
        match year {
            Year::Whole(year) => self.whole.contains(&(year, month, day)),
            Year::Short(year) => self.short.contains(&(year, month, day)),
        }
    }

    /// The date that begins at a run, with the time after it.
    pub fn at(&self, reading: &Reading, run: usize) -> Option<Written> {
        let found = self
            .numbers(reading, run)
            .or_else(|| self.spelled(reading, run))
            .or_else(|| self.ideographic(reading, run))
            .or_else(|| self.of_an_era(reading, run))
            .or_else(|| self.compact(reading, run))?;
        Some(Written { last: with_time(reading, found.last), ..found })
    }

    fn judged(&self, guesses: &[Option<Guess>], certain: bool, last: usize) -> Option<Written> {
        let mut possible =
            guesses.iter().flatten().filter(|guess| is_day(guess.1, guess.2)).peekable();
        let certain = certain && possible.peek().is_some();
        let known = possible.any(|guess| self.knows(*guess));
        (known || certain).then_some(Written { last, known })
    }

    /// `YYYYMMDD` with or without a time, `DDMMYYYY`, `MMDDYYYY`, and the same with a short year.
    fn compact(&self, reading: &Reading, run: usize) -> Option<Written> {
        let digits = reading.word(run);
        if !reading.is(run, Signs::Digits) || ![6, 8, 12, 14].contains(&digits.len()) {
            return None;
        }
        let pair = |at: usize| digits.get(at..at + 2).and_then(|two| two.parse::<u8>().ok());
        let of =
            |year: Option<Year>, month: Option<u8>, day: Option<u8>| Some((year?, month?, day?));
        if digits.len() == 6 {
            let short = |at| pair(at).map(Year::Short);
            let guesses = [
                of(short(0), pair(2), pair(4)),
                of(short(4), pair(2), pair(0)),
                of(short(4), pair(0), pair(2)),
            ];
            return self.judged(&guesses, false, run);
        }
        let four =
            |at: usize| digits.get(at..at + 4)?.parse::<u16>().ok().filter(|y| YEARS.contains(y));
        let whole = |at| four(at).map(Year::Whole);
        let first = of(whole(0), pair(4), pair(6));
        let certain = !is_in_chain(reading, run, run);
        if digits.len() > 8 {
            return self.judged(&[first], certain, run);
        }
        let guesses = [first, of(whole(4), pair(2), pair(0)), of(whole(4), pair(0), pair(2))];
        self.judged(&guesses, certain, run)
    }

    /// Three numbers with the same between them, in any usual order.
    fn numbers(&self, reading: &Reading, run: usize) -> Option<Written> {
        let last = run + 2;
        if !(run..=last).all(|run| reading.is(run, Signs::Digits)) {
            return None;
        }
        let between = |run| reading.before(run).trim_matches(' ');
        let (gap, second) = (between(run + 1), between(last));
        let spaced = gap.is_empty() && [run + 1, last].iter().all(|r| reading.before(*r) == " ");
        if gap != second || !(["/", "-", ".", "_", "\\"].contains(&gap) || spaced) {
            return None;
        }
        let [a, b, c] = [reading.word(run), reading.word(run + 1), reading.word(last)];
        let part = |text: &str| (text.len() <= 2).then(|| text.parse::<u8>().ok()).flatten();
        let year = |text: &str| {
            let year = (text.len() == 4).then(|| text.parse::<u16>().ok()).flatten();
            year.filter(|year| YEARS.contains(year)).map(Year::Whole)
        };
        let short = |text: &str| part(text).map(Year::Short);
        let of =
            |year: Option<Year>, month: &str, day: &str| Some((year?, part(month)?, part(day)?));
        let chained = is_in_chain(reading, run, last);
        let padded = [a, b, c].iter().filter(|text| text.len() == 2).count();
        let four = [of(year(a), b, c), of(year(a), c, b), of(year(c), a, b), of(year(c), b, a)];
        let certain = !chained && (!spaced || padded == 2);
        if let Some(found) = self.judged(&four, certain, last) {
            return Some(found);
        }
        // unpadded, a short year is believed only with slashes: 1.2.70 may be a version
        if padded == 3 || (gap == "/" && c.len() == 2) {
            let guesses = [
                of(short(c), a, b),
                of(short(c), b, a),
                of(short(a), b, c).filter(|_| padded == 3),
                of(short(a), c, b).filter(|_| padded == 3),
            ];
            let certain = !chained && padded == 3 && ["/", "."].contains(&gap);
            let day_first = guesses[..2].iter().flatten().any(|guess| is_day(guess.1, guess.2));
            return self.judged(&guesses, certain && day_first, last);
        }
        None
    }

    /// A month by its name: `12 Jan 1970`, `January 12th, 1970`, `3 de mayo de 1970`, `April 1970`.
    fn spelled(&self, reading: &Reading, run: usize) -> Option<Written> {
        // either begins with a month, or has one behind a number
        if !reading.is(run, Signs::Digits) && month(reading.word(run)).is_none() {
            return None;
        }
        let next = |run: usize| {
            let fillers = (run + 1..=run + 2).take_while(|run| is_filler(reading.word(*run)));
            run + 1 + fillers.count()
        };
        let day = |run: usize| {
            let word = reading.word(run);
            (reading.is(run, Signs::Digits) && word.len() <= 2).then(|| word.parse::<u8>().ok())?
        };
        let whole = |run: usize| {
            let word = reading.word(run);
            let year = (word.len() == 4).then(|| word.parse::<u16>().ok()).flatten();
            year.filter(|year| YEARS.contains(year)).map(Year::Whole)
        };
        let year = |run: usize| {
            whole(run).or_else(|| {
                (reading.word(run).len() == 2).then(|| day(run)).flatten().map(Year::Short)
            })
        };
        let named = |run: usize| month(reading.word(run));
        let (second, third) = (next(run), next(next(run)));
        // a name that is a month, before a date in numbers
        if self.numbers(reading, second).is_some() {
            return None;
        }
        let orders = [
            (year(third), named(second), day(run)),
            (year(third), named(run), day(second)),
            (whole(run), named(second), day(third)),
        ];
        for (year, month, day) in orders {
            if let Some(found) = year.zip(month).zip(day).and_then(|((year, month), day)| {
                self.judged(&[Some((year, month, day))], true, third)
            }) {
                return Some(found);
            }
        }
        let month_and_year = named(run).is_some() && whole(second).is_some();
        month_and_year.then_some(Written { last: second, known: false })
    }

    /// `1970年4月12日`, `昭和45年4月12日`, `1970년 4월 12일`.
    fn ideographic(&self, reading: &Reading, run: usize) -> Option<Written> {
        if !(run..=run + 2).any(|run| reading.is(run, Signs::Ideograph)) {
            return None;
        }
        let era = ERAS
            .iter()
            .find(|era| reading.is(run, Signs::Ideograph) && reading.folded(run, run + 1) == era.0);
        let start = if era.is_some() { run + 2 } else { run };
        let number = |run: usize| match reading.word(run) {
            "元" => Some(1),
            word if reading.is(run, Signs::Digits) => word.parse::<u16>().ok(),
            _ => None,
        };
        let marked = |run: usize, marks: [&str; 2]| marks.contains(&reading.word(run));
        let year = number(start).filter(|_| marked(start + 1, ["年", "년"]))?;
        let year = year.checked_add(era.map_or(0, |era| era.2))?;
        let month = number(start + 2).filter(|_| marked(start + 3, ["月", "월"]))?;
        let day = number(start + 4).filter(|_| marked(start + 5, ["日", "일"]));
        let last = start + if day.is_some() { 5 } else { 3 };
        let guess = (Year::Whole(year), u8::try_from(month).ok()?, day.unwrap_or(1).min(99) as u8);
        self.judged(&[Some(guess)], YEARS.contains(&year), last)
    }

    /// `S45.4.12`: only a known date is seen in it.
    fn of_an_era(&self, reading: &Reading, run: usize) -> Option<Written> {
        if !reading.is(run + 1, Signs::Digits) {
            return None;
        }
        let era = ERAS.iter().find(|era| reading.word(run) == era.1)?;
        let number = |at: usize| {
            let word = reading.word(run + at);
            reading.is(run + at, Signs::Digits).then(|| word.parse::<u16>().ok()).flatten()
        };
        let (year, month, day) = (number(1)?.checked_add(era.2)?, number(2)?, number(3)?);
        let joined = reading.before(run + 1).is_empty() && reading.before(run + 2).len() == 1;
        let guess = (Year::Whole(year), u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        joined.then(|| self.judged(&[Some(guess)], false, run + 3)).flatten()
    }
}

fn is_day(month: u8, day: u8) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Whether numbers go on beyond these, joined by points: a UID or a version.
pub(super) fn is_in_chain(reading: &Reading, first: usize, last: usize) -> bool {
    let joined = |run: usize| reading.before(run) == "." && reading.is(run, Signs::Digits);
    (first > 0 && joined(first) && reading.is(first - 1, Signs::Digits)) || joined(last + 1)
}

/// The last run of the time that follows a date, or of the date.
fn with_time(reading: &Reading, last: usize) -> usize {
    let is_t = reading.word(last + 1) == "T" && reading.before(last + 1).trim().is_empty();
    let first = last + if is_t { 2 } else { 1 };
    if !reading.is(first, Signs::Digits) {
        return last;
    }
    if is_t && reading.before(first).is_empty() && [4, 6].contains(&reading.word(first).len()) {
        return first;
    }
    let mut end = first;
    while end < first + 3
        && reading.is(end + 1, Signs::Digits)
        && (reading.before(end + 1) == ":" || (end > first && reading.before(end + 1) == "."))
    {
        end += 1;
    }
    let near = reading.before(first).chars().all(|c| c == ' ' || c == ',');
    if end > first && near && reading.word(first).len() <= 2 { end } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(String, bool)> {
        let mut known = KnownDates::default();
        known.add(CalendarDate::parse("19700412").expect("a date"));
        let reading = Reading::of(text);
        (0..reading.runs.len()).find_map(|run| {
            let written = known.at(&reading, run)?;
            Some((text[reading.range(run, written.last)].to_string(), written.known))
        })
    }

    #[test]
    fn a_known_date_is_found_in_every_usual_form() {
        for text in [
            "dob 19700412",
            "19700412113000",
            "1970-04-12",
            "12.04.1970",
            "12. 4. 1970",
            "12/4/1970",
            "4/12/1970",
            "04/12/70",
            "4/12/70",
            "70-04-12",
            "120470",
            "12 Apr 1970",
            "12-APR-70",
            "April 12, 1970",
            "12th of April 1970",
            "12 de abril de 1970",
            "12. April 1970",
            "12 avr. 1970",
            "12 апреля 1970",
            "12041970",
            "1970年4月12日",
            "昭和45年4月12日",
            "S45.4.12",
            "1970년 4월 12일",
            "12_04_1970",
        ] {
            assert!(found(text).is_some_and(|(_, known)| known), "{text}");
        }
    }

    #[test]
    fn a_date_goes_whole_with_its_time() {
        for (text, date) in [
            ("scan 1970-04-12T11:30:15.5 end", "1970-04-12T11:30:15.5"),
            ("on 03.02.1961 08:15 supine", "03.02.1961 08:15"),
            ("Jan 3, 1999 at", "Jan 3, 1999"),
            ("since May 2020", "May 2020"),
            ("seen 03/02/61.", "03/02/61"),
            ("for Tess May 03/02/1961", "03/02/1961"),
        ] {
            assert_eq!(found(text).expect("a date").0, date);
        }
    }

    #[test]
    fn numbers_that_are_no_date_are_left() {
        for text in [
            "1.2.840.19700413",
            "4.12.70",
            "119700412",
            "04/12-70",
            "12 1970 04",
            "1970",
            "5/10",
            "TR/TE 500/12",
            "1.5 mm",
            "10-20-30",
            "12.04.01.5",
            "may 5",
            "512 x 512",
            "0.5/1.5/70",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(CalendarDate::parse("19701341"), None);
        assert_eq!(CalendarDate::parse("1970"), None);
    }
}
