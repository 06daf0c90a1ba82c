//! Moving dates by whole days (PS3.15 Section E.3.6.2): every date of a patient by the same number,
//! so that intervals stay; times of day and time zones stay as they are (PS3.5 Section 6.2).

use chrono::{Days, NaiveDate};
use dicom_core::VR;

/// The value moved by `days`; `None` if it is no date, which then cannot stay.
pub fn shifted(vr: VR, value: &str, days: i32) -> Option<String> {
    let value = value.trim_matches(['\0', ' ']);
    match vr {
        VR::DA => range(value, is_range_dash_of_dates, |date| shift_date(date, days)),
        VR::DT => range(value, is_range_dash_of_date_times, |time| shift_date_time(time, days)),
        VR::TM => is_well_formed(VR::TM, value).then(|| value.to_string()),
        _ => None,
    }
}

/// Whether the value is a date, date and time or time of its VR, and nothing else beside it.
pub fn is_well_formed(vr: VR, value: &str) -> bool {
    let value = value.trim_matches(['\0', ' ']);
    match vr {
        VR::TM => range(value, |_| true, |time| is_time(time).then(String::new)).is_some(),
        vr => shifted(vr, value, 0).is_some(),
    }
}

/// Whether the value is an offset from UTC, as `+0130`.
pub fn is_zone(value: &str) -> bool {
    value.len() == 5 && value.starts_with(['+', '-']) && is_digits(&value[1..])
}

/// Applies `each` to the value, or to both ends of a range (PS3.4 Section C.2.2.2.5).
fn range(
    value: &str,
    parts: impl Fn(&str) -> bool,
    each: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let dash = value.match_indices('-').map(|(at, _)| at).find(|at| parts(&value[at + 1..]));
    let Some(at) = dash else { return each(value) };
    let (from, to) = (value[..at].trim(), value[at + 1..].trim());
    if from.is_empty() && to.is_empty() {
        return None;
    }
    let end = |end: &str| if end.is_empty() { Some(String::new()) } else { each(end) };
    Some(format!("{}-{}", end(from)?, end(to)?))
}

/// A dash before a whole date or at the end; in `1970-04-12`, which old software wrote, it is not.
fn is_range_dash_of_dates(rest: &str) -> bool {
    rest.is_empty() || rest.len() >= 8
}

/// A dash before a time zone (`-0500`) is none of a range.
fn is_range_dash_of_date_times(rest: &str) -> bool {
    rest.is_empty() || rest.len() > 4
}

fn shift_date(value: &str, days: i32) -> Option<String> {
    // ACR-NEMA wrote 1970.04.12
    let digits: String = match value.len() {
        10 if value.as_bytes()[4] == value.as_bytes()[7]
            && [b'.', b'-'].contains(&value.as_bytes()[4]) =>
        {
            value.chars().filter(char::is_ascii_digit).collect()
        }
        _ => value.to_string(),
    };
    if digits.len() != 8 {
        return None;
    }
    moved(&digits, days)
}

/// A date and time may end after any component; what is there keeps its precision.
fn shift_date_time(value: &str, days: i32) -> Option<String> {
    let zone_at = value.find(['+', '-']).unwrap_or(value.len());
    let (moment, zone) = value.split_at(zone_at);
    let (whole, fraction) = moment.split_once('.').unwrap_or((moment, ""));
    let zone_is_valid = zone.is_empty() || is_zone(zone);
    let fraction_is_valid = !moment.contains('.')
        || whole.len() == 14 && (1..=6).contains(&fraction.len()) && is_digits(fraction);
    if !zone_is_valid || !fraction_is_valid || !is_digits(whole) {
        return None;
    }
    let date = match whole.len() {
        4 => moved(&format!("{whole}0101"), days)?[..4].to_string(),
        6 => moved(&format!("{whole}01"), days)?[..6].to_string(),
        8 | 10 | 12 | 14 => {
            if !is_time(&whole[8..]) && whole.len() > 8 {
                return None;
            }
            moved(&whole[..8], days)? + &whole[8..]
        }
        _ => return None,
    };
    Some(format!("{date}{}{zone}", &moment[whole.len()..]))
}

/// `YYYYMMDD` moved by days; `None` if it is no day of the calendar, or leaves four-digit years.
fn moved(digits: &str, days: i32) -> Option<String> {
    if !is_digits(digits) {
        return None;
    }
    let (year, month, day) =
        (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..8].parse().ok()?);
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let by = Days::new(days.unsigned_abs().into());
    let date = if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) }?;
    let text = date.format("%Y%m%d").to_string();
    (text.len() == 8 && is_digits(&text) && !text.starts_with("0000")).then_some(text)
}

fn is_time(value: &str) -> bool {
    // ACR-NEMA wrote 12:30:59
    let plain = value.replace(':', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain.as_str(), ""));
    let pair = |at: usize, most: u8| {
        whole.get(at..at + 2).is_none_or(|pair| pair.parse::<u8>().is_ok_and(|n| n <= most))
    };
    let fraction_is_valid = !plain.contains('.')
        || whole.len() == 6 && (1..=6).contains(&fraction.len()) && is_digits(fraction);
    matches!(whole.len(), 2 | 4 | 6)
        && is_digits(whole)
        && pair(0, 23)
        && pair(2, 59)
        && pair(4, 60)
        && fraction_is_valid
}

fn is_digits(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_move_and_keep_their_form() {
        for (vr, value, expected) in [
            (VR::DA, "20240301", "20240229"),
            (VR::DA, "2024.03.01", "20240229"),
            (VR::DA, "2024-03-01", "20240229"),
            (VR::DA, "20240301-20240302", "20240229-20240301"),
            (VR::DA, "20240301-", "20240229-"),
            (VR::DT, "20240301", "20240229"),
            (VR::DT, "20240301123059.123456+0100", "20240229123059.123456+0100"),
            (VR::DT, "20240101120000-0500", "20231231120000-0500"),
            (VR::DT, "20240301120000-20240302120000", "20240229120000-20240301120000"),
            (VR::DT, "202403", "202402"),
            (VR::DT, "2024", "2023"),
            (VR::TM, "123059.5", "123059.5"),
            (VR::TM, "12:30:59", "12:30:59"),
        ] {
            assert_eq!(shifted(vr, value, -1).as_deref(), Some(expected), "{vr:?} {value}");
        }
    }

    #[test]
    fn what_is_no_date_does_not_stay() {
        for (vr, value) in [
            (VR::DA, "20240230"),
            (VR::DA, "HOPPER"),
            (VR::DA, "2024"),
            (VR::DA, "-"),
            (VR::DA, "20240301 HOPPER"),
            (VR::DT, "20240301253059"),
            (VR::DT, "20240301120000.1234567"),
            (VR::DT, "20240301120000+01:00"),
            (VR::DT, "2024030"),
            (VR::TM, "noon"),
            (VR::TM, "2460"),
            (VR::TM, "12305"),
            (VR::LO, "20240301"),
        ] {
            assert_eq!(shifted(vr, value, -1), None, "{vr:?} {value}");
        }
        assert_eq!(shifted(VR::DA, "00010101", -1), None);
        assert_eq!(shifted(VR::DA, "99991231", 1), None);
    }

    proptest! {
        #[test]
        fn intervals_stay(
            first in 0u32..40_000, later in 0u32..40_000, days in -36_500i32..36_500,
        ) {
            let date = |n: u32| {
                let start = NaiveDate::from_ymd_opt(1890, 1, 1).expect("a day");
                start + Days::new(n.into())
            };
            let moved = |n: u32| {
                let value = date(n).format("%Y%m%d").to_string();
                let moved = shifted(VR::DA, &value, days).expect("a date");
                NaiveDate::parse_from_str(&moved, "%Y%m%d").expect("a date")
            };
            prop_assert_eq!(moved(later) - moved(first), date(later) - date(first));
        }

        #[test]
        fn any_value_can_be_tried(value in ".{0,30}", days in -36_500i32..36_500) {
            for vr in [VR::DA, VR::DT, VR::TM] {
                if let Some(moved) = shifted(vr, &value, days) {
                    prop_assert!(is_well_formed(vr, &moved));
                }
            }
        }
    }
}
