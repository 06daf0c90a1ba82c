//! What goes over the pipe: length-prefixed messages, postcard-encoded.

use crate::config::{HeaderAttribute, Limits, ObjectFacts, Profile};
use crate::deid::accept::{Candidate, Verdict};
use crate::deid::examine::{Examination, LookedFrame};
use crate::deid::explain::Explanation;
use crate::deid::header::{HeaderFact, PatientIdentity, ProjectKey, Subject};
use crate::deid::hold::Hold;
use crate::deid::identifiers::Identifiers;
use crate::deid::picture::Picture;
use crate::deid::pixels::PixelLayout;
use crate::deid::redaction::Redaction;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// A message longer than this is a fault: a picture of the largest allowed frame is below it.
pub const MAX_MESSAGE_BYTES: u32 = 1 << 31;

/// What a child is for. Originals and results never meet in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Examine, apply, explain and ask: parses originals.
    Work,
    /// Verify: parses results alone.
    Verify,
}

impl Role {
    /// As it is spelled on the command line of the child.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Verify => "verify",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Work, Self::Verify].into_iter().find(|role| role.as_str() == name)
    }
}

/// One step for a child to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    Examine {
        input: PathBuf,
        scratch: PathBuf,
        profile: Profile,
        limits: Limits,
    },
    Apply {
        input: PathBuf,
        output: PathBuf,
        scratch: PathBuf,
        profile: Profile,
        redaction: Redaction,
        identifiers: Identifiers,
        key: ProjectKey,
        subject: Subject,
        limits: Limits,
    },
    Verify {
        candidate: PathBuf,
        scratch: PathBuf,
        profile: Profile,
        facts: ObjectFacts,
        redaction: Redaction,
        identifiers: Identifiers,
        subject: Subject,
        layout: Option<PixelLayout>,
        looked: Vec<LookedFrame>,
        limits: Limits,
    },
    Explain {
        input: PathBuf,
        scratch: PathBuf,
        profile: Profile,
        limits: Limits,
    },
    Ask {
        input: PathBuf,
        scratch: PathBuf,
        attributes: Vec<HeaderAttribute>,
        limits: Limits,
    },
}

impl Request {
    /// The role of the children that do it.
    pub fn role(&self) -> Role {
        match self {
            Self::Examine { .. } | Self::Apply { .. } | Self::Explain { .. } | Self::Ask { .. } => {
                Role::Work
            }
            Self::Verify { .. } => Role::Verify,
        }
    }
}

/// What a child answers: whose object it opened, any number of pictures, then one of the others.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Opened(PatientIdentity),
    Picture(Picture),
    Examined(Box<Examination>),
    Applied(Candidate),
    Verified(Verdict),
    Explained(Box<Explanation>),
    /// What routing asked of a header.
    Answered(Vec<HeaderFact>),
    Held(Hold),
    /// Input or output failed: the step may be tried again.
    Failed(String),
}

/// Writes one message.
pub fn write(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = encode(message)?;
    out.write_all(&bytes)?;
    out.flush()
}

/// One message with its length.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_extend(message, vec![0; 4]).map_err(|_| invalid())?;
    let length = u32::try_from(bytes.len() - 4).ok().filter(|length| *length <= MAX_MESSAGE_BYTES);
    let mut bytes = bytes;
    bytes[..4].copy_from_slice(&length.ok_or_else(invalid)?.to_le_bytes());
    Ok(bytes)
}

/// Reads one message; `None` at the end of the stream.
pub fn read<T: for<'de> Deserialize<'de>>(source: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match source.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_MESSAGE_BYTES {
        return Err(invalid());
    }
    let mut bytes = vec![0; length as usize];
    source.read_exact(&mut bytes)?;
    decode(&bytes).map(Some)
}

/// Decodes the content of one message. Its errors say nothing of the content.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|_| invalid())
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a message of this program")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    #[test]
    fn a_request_reads_back_as_it_was_written() {
        let request = Request::Examine {
            input: "in".into(),
            scratch: "scratch".into(),
            profile: Profile::named("basic").expect("shipped"),
            limits: Limits::default(),
        };
        let bytes = encode(&request).expect("encoded");
        let back: Request = read(&mut &bytes[..]).expect("read").expect("a message");
        assert_eq!(format!("{back:?}"), format!("{request:?}"));
        assert!(read::<Request>(&mut &b""[..]).expect("the end").is_none());
    }

    #[test]
    fn a_length_beyond_the_limit_allocates_nothing() {
        assert!(read::<Request>(&mut &[0xFF; 8][..]).is_err());
    }
}
