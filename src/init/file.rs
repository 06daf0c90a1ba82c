//! The answers in `conf/gateway.toml`, whose comments and other defaults stay.

use super::answers::{Archive, NewSender, Senders, WrongAnswer};
use crate::config::{Engine, network_text};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// Every option with its default and what it is; a test of `config` sees to that.
const EVERY_OPTION: &str = include_str!("../../conf/gateway.toml");

const HEAD: &str = "\
# Written by `deid-gateway init`. Every other option is here with its default; delete what you do not change.
# The environment overrides the file: DEID_GATEWAY__INTAKE__LISTEN=0.0.0.0:11112

";

/// What a folder has no use for.
const OF_DICOM_ALONE: [&str; 9] = [
    "address",
    "called_ae_title",
    "calling_ae_title",
    "associations",
    "timeout_ms",
    "object_timeout_ms",
    "commitment",
    "commitment_wait_ms",
    "commitment_timeout_ms",
];

/// What a configuration shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub ae_title: String,
    pub port: u16,
    pub senders: Senders,
    pub archive: Archive,
    pub engine: Engine,
    /// Of AWS; empty: as the environment or the profile say.
    pub region: String,
    /// Where spool and keys go, an absolute path.
    pub directory: PathBuf,
}

/// The configuration file.
pub fn text(wanted: &Wanted) -> Result<String, WrongAnswer> {
    let mut document: DocumentMut =
        EVERY_OPTION.parse().map_err(|error| WrongAnswer::of(format!("{error}")))?;
    if let Some(first) = document["serve"].as_table_mut() {
        first.decor_mut().set_prefix(HEAD);
    }
    let engine = match wanted.engine {
        Engine::Local => "local",
        Engine::Aws => "aws",
        Engine::Both => "both",
    };
    let in_directory = |name: &str| utf8(&wanted.directory.join(name));
    for (section, key, value) in [
        ("intake", "listen", listen(wanted).to_string()),
        ("intake", "ae_title", wanted.ae_title.clone()),
        ("spool", "directory", in_directory("spool")?),
        ("keys", "site_key_file", in_directory("keys/site.key")?),
        ("detection", "engine", engine.to_owned()),
        ("aws", "region", wanted.region.clone()),
    ] {
        set(&mut document[section], key, &value);
    }
    destination(&mut document["destinations"][0], wanted)?;
    if !wanted.senders.0.is_empty() {
        document["senders"] = Item::ArrayOfTables(senders(&wanted.senders.0));
    }
    Ok(document.to_string())
}

/// On loopback where nobody else may send.
fn listen(wanted: &Wanted) -> SocketAddr {
    let address = match (wanted.senders.are_beyond_loopback(), wanted.senders.have_ipv6()) {
        (false, _) => IpAddr::from(Ipv4Addr::LOCALHOST),
        (true, false) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        // Linux takes IP version 4 there too.
        (true, true) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(address, wanted.port)
}

fn destination(section: &mut Item, wanted: &Wanted) -> Result<(), WrongAnswer> {
    let without: &[&str] = match &wanted.archive {
        Archive::Folder(path) => {
            set(section, "path", &utf8(path)?);
            &OF_DICOM_ALONE
        }
        Archive::Dicom { ae_title, address } => {
            set(section, "kind", "dicom");
            set(section, "address", address);
            set(section, "called_ae_title", ae_title);
            set(section, "calling_ae_title", &wanted.ae_title);
            &["path"]
        }
    };
    if let Some(table) = section.as_table_mut() {
        without.iter().for_each(|key| drop(table.remove(key)));
    }
    Ok(())
}

fn senders(all: &[NewSender]) -> ArrayOfTables {
    let mut taken = BTreeSet::new();
    let table = |(index, sender): (usize, &NewSender)| {
        let mut table = Table::new();
        if index == 0 {
            table.decor_mut().set_prefix("\n# Who may store; nobody else.\n");
        }
        table["name"] = toml_edit::value(name_of(sender, &mut taken));
        table["calling_ae_title"] = toml_edit::value(&sender.ae_title);
        table["peer"] = toml_edit::value(network_text(&sender.network));
        table
    };
    all.iter().enumerate().map(table).collect()
}

/// Its AE title in letters that names may have, and a number where that is taken.
fn name_of(sender: &NewSender, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = sender.ae_title.chars().map(plain).collect();
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    names.find(|name| taken.insert(name.clone())).unwrap_or(stem)
}

fn utf8(path: &Path) -> Result<String, WrongAnswer> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| WrongAnswer::of(format!("{}: not UTF-8", path.display())))
}

/// Sets a value that is there; the comment behind it keeps its column where it can.
fn set(section: &mut Item, key: &str, value: &str) {
    let Some(old) = section[key].as_value_mut() else { return };
    let suffix = old.decor().suffix().and_then(|raw| raw.as_str()).unwrap_or_default().to_owned();
    let length = |value: &Value| value.clone().decorated("", "").to_string().chars().count();
    let (before, comment) = (length(old), suffix.trim_start());
    let mut new = Value::from(value);
    let column = before + suffix.len() - comment.len();
    let spaces = column.saturating_sub(length(&new)).max(1);
    let behind = if comment.is_empty() { String::new() } else { " ".repeat(spaces) + comment };
    new.decor_mut().set_prefix(" ");
    new.decor_mut().set_suffix(behind);
    *old = new;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use proptest::prelude::*;

    fn wanted(senders: &str, archive: &str) -> Wanted {
        Wanted {
            ae_title: "GATEWAY".into(),
            port: 104,
            senders: senders.parse().expect("senders"),
            archive: archive.parse().expect("an archive"),
            engine: Engine::Local,
            region: String::new(),
            directory: "/srv/deid".into(),
        }
    }

    fn loaded(wanted: &Wanted) -> Config {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text(wanted).expect("a file")).expect("written");
        Config::load(Some(file.path())).expect("a configuration")
    }

    #[test]
    fn nothing_but_the_answers_differs_from_the_defaults() {
        let config =
            loaded(&wanted("PACS1@10.0.0.17,CT*@10.1.0.0/16", "RESEARCH@pacs.example:104"));
        assert_eq!(config.intake.listen.to_string(), "0.0.0.0:104");
        assert_eq!(config.senders[1].name, "CT-");
        assert_eq!(config.destinations[0].calling_ae_title, "GATEWAY");
        let mut expected = Config::default();
        expected.intake.listen = config.intake.listen;
        expected.intake.ae_title = "GATEWAY".into();
        expected.spool.directory = "/srv/deid/spool".into();
        expected.keys.site_key_file = "/srv/deid/keys/site.key".into();
        expected.senders = config.senders.clone();
        expected.destinations = config.destinations.clone();
        assert_eq!(config, expected);
    }

    #[test]
    fn who_may_send_from_nowhere_else_is_listened_to_on_loopback() {
        assert_eq!(loaded(&wanted("local", "./out")).intake.listen.to_string(), "127.0.0.1:104");
        let ipv6 = loaded(&wanted("A@fd00::1,B@10.0.0.1", "./out"));
        assert_eq!(ipv6.intake.listen.to_string(), "[::]:104");
    }

    #[test]
    fn comments_stay_in_their_columns_and_say_who_wrote_the_file() {
        let text = text(&wanted("A@10.0.0.1", "R@h:1")).expect("a file");
        assert!(text.starts_with("# Written by `deid-gateway init`"), "{text}");
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).expect("a line");
        assert_eq!(line("listen = ").find('#'), Some(36), "{}", line("listen = "));
        assert_eq!(line("ae_title = ").find('#'), Some(36));
        assert!(text.contains("# [[routes]]") && !text.contains("\npath = "), "{text}");
    }

    proptest! {
        #[test]
        fn every_answer_that_is_taken_makes_a_configuration_that_loads(
            title in "[ -~]{0,20}", from in "[A-Z*? @\"'\\\\]{0,9}@[0-9a-f.:/]{1,9}",
            to in "[A-Z \"']{0,9}@[a-z0-9.:\"\\\\-]{0,12}:[0-9]{0,6}", port in 1_u16..,
        ) {
            let Ok(ae_title) = super::super::ae_title(&title) else { return Ok(()) };
            let senders = from.parse().unwrap_or(Senders(Vec::new()));
            let archive = to.parse().unwrap_or(Archive::Folder("/out".into()));
            let wanted = Wanted { ae_title, port, senders, archive, ..wanted("local", "/out") };
            let config = loaded(&wanted);
            prop_assert_eq!(config.intake.ae_title, wanted.ae_title);
            prop_assert_eq!(config.senders.len(), wanted.senders.0.len());
        }
    }
}
