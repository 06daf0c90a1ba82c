//! One installation in a temporary directory: its configuration and what lies in its folders.

use super::gateway::{Gateway, Ran};
use super::process::wait_or_else;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// CT and retired Ultrasound: the profile of these tests does not look at their pixels, for speed.
const SKIPPED: [&str; 2] = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6"];

/// A site: spool, keys, profile, configuration and a folder destination `out`.
pub struct Site {
    directory: tempfile::TempDir,
    pub config: toml::Table,
}

impl Site {
    /// A site whose profile skips the pixels of CT, with a folder as its only destination.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut site = Self { directory, config: toml::Table::new() };
        site.write_profile("basic", "");
        for (key, value) in [
            ("intake.listen", "127.0.0.1:0".to_owned()),
            ("spool.directory", site.text("spool")),
            ("keys.site_key_file", site.text("keys/site.key")),
            ("deid.profile", site.text("profile.toml")),
            ("log.level", "debug".to_owned()),
        ] {
            site.set(key, value);
        }
        site.set("intake.min_free_bytes", 1 << 20);
        site.deliver_to_folder();
        site
    }

    /// A path of this site.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A path of this site, as configuration files spell it.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("temporary directories are ASCII").to_owned()
    }

    /// Makes the profile of this site a copy of a shipped one that skips the pixels of CT, with
    /// more TOML at its end.
    pub fn write_profile(&self, shipped: &str, more: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = root.join("conf/profiles").join(shipped).with_extension("toml");
        let shipped = std::fs::read_to_string(shipped).expect("a shipped profile");
        // its last section is [pixels]
        let skipped = SKIPPED.map(|uid| format!("\"{uid}\" = \"skip\"\n")).concat();
        let profile = format!("{shipped}\n{skipped}\n{more}");
        std::fs::write(self.path("profile.toml"), profile).expect("written");
    }

    /// Sets `section.key`.
    pub fn set(&mut self, key: &str, value: impl Into<toml::Value>) {
        let (section, key) = key.split_once('.').expect("section.key");
        let table = self.config.entry(section).or_insert_with(|| toml::Table::new().into());
        table.as_table_mut().expect("a section").insert(key.to_owned(), value.into());
    }

    /// Makes the folder `out` the only destination.
    pub fn deliver_to_folder(&mut self) {
        let path = self.text("out");
        self.destinations(&[&format!("name = \"out\"\nkind = \"folder\"\npath = \"{path}\"")]);
    }

    /// Makes a C-STORE SCP the only destination, tried again quickly.
    pub fn deliver_to_port(&mut self, port: u16) {
        self.deliver_to_port_with(port, "");
    }

    /// The same with more TOML in its section.
    pub fn deliver_to_port_with(&mut self, port: u16, more: &str) {
        let address = format!("127.0.0.1:{port}");
        self.destinations(&[&format!(
            "name = \"research\"\nkind = \"dicom\"\naddress = \"{address}\"\n\
             called_ae_title = \"RESEARCH\"\nretry_min_ms = 50\nretry_max_ms = 200\n{more}"
        )]);
    }

    /// Sets all destinations, each the TOML of one section.
    pub fn destinations(&mut self, sections: &[&str]) {
        let parsed = sections.iter().map(|s| s.parse::<toml::Table>().expect("TOML").into());
        self.config.insert("destinations".into(), toml::Value::Array(parsed.collect()));
    }

    /// Sets all routes, each the TOML of one section.
    pub fn routes(&mut self, sections: &[&str]) {
        let parsed = sections.iter().map(|s| s.parse::<toml::Table>().expect("TOML").into());
        self.config.insert("routes".into(), toml::Value::Array(parsed.collect()));
    }

    /// Sets all senders, each the TOML of one section.
    pub fn senders(&mut self, sections: &[&str]) {
        let parsed = sections.iter().map(|s| s.parse::<toml::Table>().expect("TOML").into());
        self.config.insert("senders".into(), toml::Value::Array(parsed.collect()));
    }

    /// Makes these folders of the site the destinations, each by its name.
    pub fn folders(&mut self, names: &[&str]) {
        let folder = |name: &&str| {
            let path = self.text(name);
            format!("name = \"{name}\"\nkind = \"folder\"\npath = \"{path}\"")
        };
        let sections: Vec<_> = names.iter().map(folder).collect();
        self.destinations(&sections.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Writes the configuration file.
    pub fn write_config(&self) -> PathBuf {
        let path = self.path("gateway.toml");
        std::fs::write(&path, self.config.to_string()).expect("written");
        path
    }

    /// The program with this site's configuration.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deid-gateway"));
        command.arg("--config").arg(self.write_config()).current_dir(self.directory.path());
        command
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments))
    }

    /// Starts the gateway and waits until it listens.
    pub fn start(&self) -> Gateway {
        self.start_with(&[])
    }

    /// Starts the gateway with these environment variables.
    pub fn start_with(&self, environment: &[(&str, &str)]) -> Gateway {
        Gateway::start(self.command().envs(environment.iter().copied()), self.directory.path())
    }

    /// What is in the folder destination: every file.
    pub fn delivered(&self) -> Vec<PathBuf> {
        files_under(&self.path("out"))
    }

    /// Payloads of Originals in the spool.
    pub fn originals(&self) -> Vec<PathBuf> {
        files_under(&self.path("spool/originals"))
    }

    /// How many Originals are recorded, ended ones included.
    pub fn recorded_originals(&self) -> usize {
        self.count("SELECT 'all', count(*) FROM originals").get("all").copied().unwrap_or(0)
    }

    /// How many Jobs are in each state.
    pub fn jobs(&self) -> BTreeMap<String, usize> {
        self.count("SELECT state, count(*) FROM jobs GROUP BY state")
    }

    /// How many Jobs are held for each reason.
    pub fn held(&self) -> BTreeMap<String, usize> {
        self.count("SELECT held_reason, count(*) FROM jobs WHERE state = 'held' GROUP BY 1")
    }

    /// Waits until so many Jobs are held for this reason.
    pub fn wait_held(&self, reason: &str, count: usize) {
        self.wait_jobs(|site| site.held().get(reason) == Some(&count));
    }

    /// Waits until every recorded object has been delivered.
    pub fn wait_ended(&self, count: usize) {
        self.wait_jobs(|site| site.jobs() == BTreeMap::from([("ended".to_owned(), count)]));
    }

    /// Waits until the Jobs are as they should be.
    pub fn wait_jobs(&self, as_wanted: impl Fn(&Self) -> bool) {
        let state = || format!("jobs: {:?}; held: {:?}", self.jobs(), self.held());
        wait_or_else(|| as_wanted(self), state);
    }

    /// The bytes of the spool's database and of its journal.
    pub fn database(&self) -> Vec<u8> {
        let files = files_under(&self.path("spool")).into_iter();
        let database = files.filter(|path| path.to_string_lossy().contains("spool.sqlite"));
        database.flat_map(|path| std::fs::read(path).expect("readable")).collect()
    }

    /// What a query of the records counts, by a name.
    pub fn count(&self, query: &str) -> BTreeMap<String, usize> {
        let path = self.path("spool/spool.sqlite");
        if !path.exists() {
            return BTreeMap::new();
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .expect("the spool's database opens");
        connection.busy_timeout(super::process::DEADLINE).expect("set");
        let mut statement = connection.prepare(query).expect("a query of this schema");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize)));
        rows.expect("rows").collect::<Result<_, _>>().expect("a count")
    }
}

/// Every file under a directory, in order; none when it is not there.
pub fn files_under(directory: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    walk.flatten().filter(|e| e.file_type().is_file()).map(|e| e.into_path()).collect()
}
