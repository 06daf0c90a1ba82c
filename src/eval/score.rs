//! The score as a table, as JSON, and the failed items by their ids.

use super::finding::Failure;
use super::key::{Check, Item};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How the items of one check did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub items: usize,
    pub passed: usize,
    pub failed: usize,
}

impl Tally {
    fn add(&mut self, passed: bool) {
        self.items += 1;
        match passed {
            true => self.passed += 1,
            false => self.failed += 1,
        }
    }

    /// Percent of the items that passed; never 100 where one failed.
    fn percent(self) -> String {
        if self.items == 0 {
            return "-".into();
        }
        let hundredths = self.passed * 10_000 / self.items;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// How all items did.
#[derive(Debug, Default)]
pub struct Score {
    checks: BTreeMap<Check, Tally>,
    failures: Vec<(String, Check, Failure)>,
    /// Sources without a result, by why.
    missing: BTreeMap<String, usize>,
}

impl Score {
    pub(super) fn new(missing: BTreeMap<String, usize>) -> Self {
        Self { missing, ..Self::default() }
    }

    pub(super) fn add(&mut self, item: &Item, failure: Option<Failure>) {
        self.checks.entry(item.check).or_default().add(failure.is_none());
        if let Some(failure) = failure {
            self.failures.push((item.id.clone(), item.check, failure));
        }
    }

    /// Whether every item passed.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty()
    }

    fn of(&self, check: Check) -> Tally {
        self.checks.get(&check).copied().unwrap_or_default()
    }

    fn all(&self) -> Tally {
        self.checks.values().fold(Tally::default(), |all, one| Tally {
            items: all.items + one.items,
            passed: all.passed + one.passed,
            failed: all.failed + one.failed,
        })
    }

    /// A line a check, and the sum.
    pub fn table(&self) -> String {
        let mut text =
            format!("{:<17}{:>7}{:>8}{:>8}{:>9}\n", "check", "items", "passed", "failed", "%");
        let all = [("all", self.all())];
        let checks = Check::ALL.map(|check| (check.name(), self.of(check)));
        for (name, tally) in checks.into_iter().chain(all) {
            let Tally { items, passed, failed } = tally;
            let percent = tally.percent();
            let _ = writeln!(text, "{name:<17}{items:>7}{passed:>8}{failed:>8}{percent:>9}");
        }
        for (why, count) in &self.missing {
            let _ = writeln!(text, "{count} without a result: {why}");
        }
        text
    }

    /// The same as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let checks = Check::ALL.map(|check| (check.name(), self.of(check)));
        let checks: BTreeMap<_, _> = checks.into_iter().collect();
        let whole = serde_json::json!({
            "checks": checks,
            "all": self.all(),
            "without_result": self.missing,
        });
        Ok(serde_json::to_string_pretty(&whole)? + "\n")
    }

    /// The failed items as CSV: `id`, `check`, `why`.
    pub fn failures(&self) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "check", "why"])?;
        for (id, check, failure) in &self.failures {
            writer.write_record([id, check.name(), failure.code()])?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_among_many_is_no_hundred_percent() {
        let tally = Tally { items: 100_000, passed: 99_999, failed: 1 };
        assert_eq!(tally.percent(), "99.99");
        assert_eq!(Tally { items: 3, passed: 3, failed: 0 }.percent(), "100.00");
        assert_eq!(Tally::default().percent(), "-");
    }
}
