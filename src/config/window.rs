//! `windows_utc`: the hours of a day in which a destination is sent to.
//!
//! In UTC: no hour of it is missing or comes twice, and it does not depend on the machine.

use serde::{Deserialize, Serialize};

const MINUTES_OF_DAY: u16 = 24 * 60;

/// From a minute of the day up to another, over midnight if that is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    from_minute: u16,
    to_minute: u16,
}

/// Text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no window: HH:MM-HH:MM in UTC, as in \"22:00-06:00\"")]
pub struct NotAWindow(String);

impl Window {
    fn contains(self, minute: u16) -> bool {
        if self.from_minute <= self.to_minute {
            (self.from_minute..self.to_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.to_minute
        }
    }
}

/// Whether one of the windows holds this time, in milliseconds since the epoch; none is always.
pub fn is_open(windows: &[Window], at_ms: i64) -> bool {
    let minute = at_ms.div_euclid(60_000).rem_euclid(i64::from(MINUTES_OF_DAY)) as u16;
    windows.is_empty() || windows.iter().any(|window| window.contains(minute))
}

fn minute_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    // 24:00 is the end of a day (ISO 8601)
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MINUTES_OF_DAY).then_some(minute)
}

impl TryFrom<String> for Window {
    type Error = NotAWindow;

    fn try_from(text: String) -> Result<Self, NotAWindow> {
        let parsed = text.split_once('-').and_then(|(from, to)| {
            Some(Self { from_minute: minute_of(from)?, to_minute: minute_of(to)? })
        });
        let is_some_time = |window: &Self| window.from_minute != window.to_minute;
        parsed.filter(is_some_time).ok_or(NotAWindow(text))
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{}", time(window.from_minute), time(window.to_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Window {
        Window::try_from(text.to_owned()).expect("a window")
    }

    fn at(hours: i64, minutes: i64) -> i64 {
        // some day of 2023
        1_700_006_400_000 / 86_400_000 * 86_400_000 + (hours * 60 + minutes) * 60_000
    }

    #[test]
    fn a_window_over_midnight_is_open_at_night() {
        let night = [window("22:00-06:00")];
        for (hours, minutes, open) in
            [(21, 59, false), (22, 0, true), (0, 0, true), (5, 59, true), (6, 0, false)]
        {
            assert_eq!(is_open(&night, at(hours, minutes)), open, "{hours}:{minutes}");
        }
        assert!(is_open(&[], at(12, 0)), "no window is always");
        assert!(is_open(&[window("00:00-24:00")], at(23, 59)));
        assert!(is_open(&night, -1), "a clock before 1970 has hours too");
    }

    #[test]
    fn a_window_is_written_as_it_was_read_and_nonsense_is_named() {
        assert_eq!(String::from(window("22:00-06:30")), "22:00-06:30");
        for text in ["", "22-06", "22:00", "25:00-01:00", "10:60-11:00", "10:00-10:00", "1:00-2:00"]
        {
            let error = Window::try_from(text.to_owned()).expect_err(text).to_string();
            assert!(error.contains("22:00-06:00"), "{error}");
        }
    }
}
