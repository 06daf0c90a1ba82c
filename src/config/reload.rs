//! Which options a running gateway can take over, and which need a restart.

use super::Config;

impl Config {
    /// The options of `new` that differ from these and that only a start reads, as `section.key`.
    /// Everything that is not named here is among them.
    pub fn restart_needed(&self, new: &Self) -> Vec<String> {
        let mut rest = new.clone();
        rest.routes.clone_from(&self.routes);
        rest.destinations.clone_from(&self.destinations);
        rest.deid.clone_from(&self.deid);
        rest.senders.clone_from(&self.senders);
        rest.intake.open = self.intake.open;
        if let (Some(old), Some(new)) = (&self.intake.tls, &mut rest.intake.tls)
            && old.listen == new.listen
        {
            new.clone_from(old);
        }
        rest.keys.lookup_file.clone_from(&self.keys.lookup_file);
        rest.keys.unknown_patients = self.keys.unknown_patients;
        rest.spool.on_changed = self.spool.on_changed;
        // Who may report commitments is known to intake from the start.
        let asked = |config: &Self| -> Vec<_> {
            config.destinations.iter().filter(|d| d.commitment).cloned().collect()
        };
        if asked(self) != asked(new) {
            return vec!["a destination with commitment".into()];
        }
        if rest == *self {
            return Vec::new();
        }
        let table = |config: &Self| toml::Table::try_from(config).unwrap_or_default();
        let mut named = Vec::new();
        differing(&table(self), &table(&rest), "", &mut named);
        if named.is_empty() {
            named.push("an option".into());
        }
        named
    }
}

fn differing(old: &toml::Table, new: &toml::Table, prefix: &str, named: &mut Vec<String>) {
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    for key in keys {
        let name = format!("{prefix}{key}");
        match (old.get(key), new.get(key)) {
            (Some(toml::Value::Table(a)), Some(toml::Value::Table(b))) => {
                differing(a, b, &format!("{name}."), named);
            }
            (a, b) if a != b => named.push(name),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Destination, OnChanged, UnknownPatients};

    #[test]
    fn what_only_a_start_reads_is_named() {
        let old = Config::default();
        let mut new = old.clone();
        new.intake.ae_title = "OTHER".into();
        new.keys.epoch = 2;
        new.deid.project = "other".into();
        assert_eq!(old.restart_needed(&new), ["intake.ae_title", "keys.epoch"]);
    }

    #[test]
    fn what_a_reload_takes_over_needs_no_restart() {
        let old = Config::default();
        let mut new = old.clone();
        new.deid.profile = "strict".into();
        new.deid.project = "other".into();
        new.deid.release = crate::config::ReleaseBy::Study;
        new.destinations = vec![Destination::folder("other", "./other")];
        new.keys.lookup_file = "table.csv".into();
        new.keys.unknown_patients = UnknownPatients::Hold;
        new.spool.on_changed = OnChanged::Send;
        new.intake.open = true;
        assert_eq!(old.restart_needed(&new), Vec::<String>::new());
        new.destinations[0].commitment = true;
        assert_eq!(old.restart_needed(&new), ["a destination with commitment"]);
    }
}
