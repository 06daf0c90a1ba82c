//! The answers as a person gives them: at the prompt, or behind a flag.

use crate::config::{ConfigError, Engine, check_address, check_ae_title};
use ipnet::IpNet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Stands for nobody but the programs of this machine.
const THIS_MACHINE: &str = "local";

/// Why an answer is none, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongAnswer(String);

impl WrongAnswer {
    pub(super) fn of(what: String) -> Self {
        Self(what)
    }
}

impl From<ConfigError> for WrongAnswer {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Value { message, .. } => Self(message),
            other => Self(other.to_string()),
        }
    }
}

/// An AE title (PS3.5 section 6.2).
pub fn ae_title(text: &str) -> Result<String, WrongAnswer> {
    check_ae_title("", text)?;
    Ok(text.to_owned())
}

/// A port of TCP that can be told to others.
pub fn port(text: &str) -> Result<u16, WrongAnswer> {
    match text.parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(WrongAnswer(format!("{text:?} is no port: 1 to 65535"))),
    }
}

/// Who reads text.
pub fn engine(text: &str) -> Result<Engine, WrongAnswer> {
    match text {
        "local" => Ok(Engine::Local),
        "aws" => Ok(Engine::Aws),
        "both" => Ok(Engine::Both),
        _ => Err(WrongAnswer(format!("{text:?} is no engine: local, aws or both"))),
    }
}

/// One that may send: its AE title, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSender {
    pub ae_title: String,
    pub network: IpNet,
}

/// Who may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senders(pub Vec<NewSender>);

impl Senders {
    /// Whether one of them is on another machine.
    pub fn are_beyond_loopback(&self) -> bool {
        self.0.iter().any(|sender| !sender.network.addr().is_loopback())
    }

    /// Whether one of them has an address of IP version 6.
    pub fn have_ipv6(&self) -> bool {
        self.0.iter().any(|sender| sender.network.addr().is_ipv6())
    }
}

impl FromStr for Senders {
    type Err = WrongAnswer;

    /// `AE@ADDRESS`, several with commas between them; `local` for none.
    fn from_str(text: &str) -> Result<Self, WrongAnswer> {
        if text.trim() == THIS_MACHINE {
            return Ok(Self(Vec::new()));
        }
        text.split(',').map(|one| sender(one.trim())).collect::<Result<_, _>>().map(Self)
    }
}

fn sender(text: &str) -> Result<NewSender, WrongAnswer> {
    let (title, place) = text.rsplit_once('@').ok_or_else(|| {
        let example = "PACS1@10.0.0.17 or CT*@10.1.0.0/16";
        WrongAnswer(format!("{text:?} is no AE@ADDRESS, as {example}; nor {THIS_MACHINE:?}"))
    })?;
    check_ae_title("", title)?;
    let address = |_| place.parse::<IpAddr>().map(IpNet::from);
    let network = place.parse::<IpNet>().or_else(address).map_err(|_| {
        WrongAnswer(format!(
            "{place:?} is no IP address or network: a sender is known by that, not by a name"
        ))
    })?;
    Ok(NewSender { ae_title: title.to_owned(), network })
}

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archive {
    /// `AE@HOST:PORT`.
    Dicom { ae_title: String, address: String },
    /// Any other text that looks like a path.
    Folder(PathBuf),
}

impl FromStr for Archive {
    type Err = WrongAnswer;

    fn from_str(text: &str) -> Result<Self, WrongAnswer> {
        if let Some((title, address)) = text.rsplit_once('@') {
            check_ae_title("", title)?;
            check_address("", address)?;
            return Ok(Self::Dicom { ae_title: title.to_owned(), address: address.to_owned() });
        }
        match text.contains('/') {
            true => Ok(Self::Folder(text.into())),
            false => Err(WrongAnswer(format!(
                "{text:?} is neither AE@HOST:PORT, as RESEARCH@pacs.example.org:104, nor the path of a \
                 folder, as /srv/research"
            ))),
        }
    }
}
