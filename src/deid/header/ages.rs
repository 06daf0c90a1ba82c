//! Ages over 89 are told as 90, as HIPAA's Safe Harbor asks (45 CFR 164.514(b)(2)(i)(C)); also where
//! an option or a rule keeps ages.

use chrono::NaiveDate;

/// The highest age that is told.
const HIGHEST_YEARS: u32 = 89;
/// All ages above.
pub const OVER: &str = "090Y";

/// An age string (PS3.5 Section 6.2, AS) that may stay; `None` if it is no age.
pub fn told(value: &str) -> Option<String> {
    let trimmed = value.trim_matches(['\0', ' ']);
    let (digits, unit) = match trimmed.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => trimmed.split_at(at),
        // some software leaves the unit out and means years
        None => (trimmed, "Y"),
    };
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    let count: u32 = digits.parse().ok()?;
    let years = match unit {
        "D" => count / 366,
        "W" => count / 53,
        "M" => count / 12,
        "Y" => count,
        _ => return None,
    };
    Some(if years > HIGHEST_YEARS { OVER.to_string() } else { value.to_string() })
}

/// Whether a birth date tells of more than 89 years at a later date, both `YYYYMMDD`.
pub fn tells_over(birth: &str, at: &str) -> bool {
    let date = |text: &str| NaiveDate::parse_from_str(text.trim(), "%Y%m%d").ok();
    match (date(birth), date(at)) {
        (Some(birth), Some(at)) => at.years_since(birth).is_some_and(|years| years > HIGHEST_YEARS),
        // nothing shows that it does not
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_up_to_89_stay_and_all_above_are_90() {
        for age in ["089Y", "89Y", "001D", "999M", "012W", "45", "000Y"] {
            assert_eq!(told(age).as_deref(), Some(age));
        }
        for age in ["090Y", "091Y", "120Y", "999Y", "90Y", "101"] {
            assert_eq!(told(age).as_deref(), Some(OVER), "{age}");
        }
        for text in ["", "Y", "45 HOPPER", "0045Y", "45Q", "-1Y"] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn a_birth_date_tells_the_age_too() {
        assert!(!tells_over("19340301", "20240229"));
        assert!(tells_over("19340301", "20240301"));
        assert!(tells_over("19340301", ""));
    }
}
