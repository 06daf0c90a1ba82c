//! What goes over socket and pipe: length-prefixed messages, postcard-encoded.
//!
//! Invariants: a request names no path; an answer is bounded before it is read.

use super::confine::Confinement;
use crate::config::{HeaderAttribute, Limits, ObjectFacts, Profile};
use crate::deid::accept::{Candidate, Verdict};
use crate::deid::examine::{Examination, LookedFrame};
use crate::deid::explain::Explanation;
use crate::deid::header::{HeaderFact, ProjectKey, Subject};
use crate::deid::hold::Hold;
use crate::deid::identifiers::Identifiers;
use crate::deid::image_file::{ImageCandidate, ImageExamination, ImageVerdict, ImageWork};
use crate::deid::opening::Opening;
use crate::deid::picture::Picture;
use crate::deid::pixels::{FrameDigest, PixelLayout};
use crate::deid::redaction::Redaction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a child is for. Originals and results never meet in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Examine, harvest, apply, explain and ask: parses originals.
    Work,
    /// Verify and transcode: parses results alone.
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

/// One step for a child to do, with the files that come with it: input and scratch, for `Apply`
/// and `Transcode` an output as well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    Examine {
        profile: Profile,
        limits: Limits,
    },
    /// What `Examine` tells first, and nothing else.
    Harvest {
        profile: Profile,
        limits: Limits,
    },
    Apply {
        profile: Profile,
        redaction: Redaction,
        identifiers: Identifiers,
        key: ProjectKey,
        subject: Subject,
        limits: Limits,
    },
    Verify {
        profile: Profile,
        facts: ObjectFacts,
        redaction: Redaction,
        identifiers: Identifiers,
        subject: Subject,
        layout: Option<PixelLayout>,
        looked: Vec<LookedFrame>,
        encoded: BTreeMap<u32, FrameDigest>,
        limits: Limits,
    },
    Explain {
        profile: Profile,
        limits: Limits,
    },
    Ask {
        attributes: Vec<HeaderAttribute>,
        limits: Limits,
    },
    /// Decodes a result into an output.
    Transcode {
        limits: Limits,
    },
    /// Shows each frame of a result as it is displayed.
    Display {
        limits: Limits,
    },
    /// The three steps for a picture that is a file of its own.
    ExamineImage {
        limits: Limits,
    },
    ApplyImage {
        work: ImageWork,
        limits: Limits,
    },
    VerifyImage {
        work: ImageWork,
        candidate: ImageCandidate,
        limits: Limits,
    },
}

impl Request {
    /// The role of the children that do it.
    pub fn role(&self) -> Role {
        match self {
            Self::Examine { .. }
            | Self::Harvest { .. }
            | Self::Apply { .. }
            | Self::Explain { .. }
            | Self::Ask { .. }
            | Self::ExamineImage { .. }
            | Self::ApplyImage { .. } => Role::Work,
            Self::Verify { .. }
            | Self::Transcode { .. }
            | Self::Display { .. }
            | Self::VerifyImage { .. } => Role::Verify,
        }
    }
}

/// What a child answers: once that it is ready, and then to each request whose object it opened, any
/// number of pictures, and one of the others.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Nothing was read yet; what the child can no longer do.
    Ready(Confinement),
    Opened(Box<Opening>),
    Picture(Picture),
    Examined(Box<Examination>),
    Harvested(Box<Opening>),
    Applied(Candidate),
    Verified(Verdict),
    Explained(Box<Explanation>),
    /// What routing asked of a header.
    Answered(Vec<HeaderFact>),
    Transcoded,
    /// So many frames were shown.
    Displayed(u32),
    ImageExamined(Box<ImageExamination>),
    ImageApplied(Box<ImageCandidate>),
    ImageVerified(ImageVerdict),
    Held(Hold),
    /// Input or output failed: the step may be tried again.
    Failed(String),
}

/// The longest answers that a parent takes.
#[derive(Debug, Clone, Copy)]
pub struct AnswerLimits {
    /// Of what is decoded: everything but the samples of a picture.
    pub message_bytes: u64,
    /// Of the samples of a picture.
    pub picture_bytes: u64,
}

/// A message with its length before it.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(|_| invalid())?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| invalid())?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Writes one answer: its length, that of the samples, then both. Samples are not encoded, so that
/// they exist once on either side.
pub fn write(out: &mut impl Write, mut reply: Reply) -> io::Result<()> {
    let samples = match &mut reply {
        Reply::Picture(picture) => std::mem::take(&mut picture.data),
        _ => Vec::new(),
    };
    let message = encode(&reply)?;
    let length = u32::try_from(samples.len()).map_err(|_| invalid())?;
    out.write_all(&message[..4])?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&message[4..])?;
    out.write_all(&samples)?;
    out.flush()
}

/// Reads one answer. Memory is used as bytes arrive: what a child does not send costs nothing.
pub async fn read(from: &mut (impl AsyncRead + Unpin), limits: AnswerLimits) -> io::Result<Reply> {
    let lengths = (from.read_u32_le().await?, from.read_u32_le().await?);
    let (message, samples) = (u64::from(lengths.0), u64::from(lengths.1));
    if message > limits.message_bytes || samples > limits.picture_bytes {
        return Err(invalid());
    }
    let mut reply = decode(&take(from, lengths.0).await?)?;
    match &mut reply {
        Reply::Picture(picture) => picture.data = take(from, lengths.1).await?,
        _ if samples > 0 => return Err(invalid()),
        _ => {}
    }
    Ok(reply)
}

async fn take(from: &mut (impl AsyncRead + Unpin), length: u32) -> io::Result<Vec<u8>> {
    let length = length as usize;
    // Address space, not memory: pages come into being when they are written.
    let mut bytes = Vec::with_capacity(length);
    let mut rest = from.take(length as u64);
    while bytes.len() < length {
        if rest.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
    }
    Ok(bytes)
}

/// Decodes one message. Its errors say nothing of the content.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|_| invalid())
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a message of this program")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: AnswerLimits = AnswerLimits { message_bytes: 100, picture_bytes: 12 };

    fn picture(bytes: usize) -> Picture {
        let data = vec![7; bytes];
        Picture { frame: 3, width: 2, height: 2, samples: 3, enhanced: false, data }
    }

    async fn passed(reply: Reply) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        write(&mut bytes, reply).expect("written");
        read(&mut &bytes[..], LIMITS).await
    }

    #[tokio::test]
    async fn an_answer_reads_back_as_it_was_written() {
        let back = passed(Reply::Picture(picture(12))).await.expect("read");
        assert!(matches!(back, Reply::Picture(back) if back == picture(12)));
        let back = passed(Reply::Failed("x".into())).await.expect("read");
        assert!(matches!(back, Reply::Failed(kind) if kind == "x"));
    }

    #[tokio::test]
    async fn an_answer_beyond_the_limits_is_not_read() {
        let kind = |read: io::Result<Reply>| read.map(|_| ()).map_err(|error| error.kind());
        let invalid = Err(io::ErrorKind::InvalidData);
        assert_eq!(kind(passed(Reply::Picture(picture(13))).await), invalid);
        assert_eq!(kind(passed(Reply::Failed("x".repeat(100))).await), invalid);
        let samples_of_nothing = [[2, 0, 0, 0], [1, 0, 0, 0], [8, 0, 1, 1]].concat();
        assert_eq!(kind(read(&mut &samples_of_nothing[..], LIMITS).await), invalid);
    }

    #[tokio::test]
    async fn an_answer_that_ends_early_is_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, Reply::Picture(picture(12))).expect("written");
        bytes.pop();
        let error = read(&mut &bytes[..], LIMITS).await.expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
