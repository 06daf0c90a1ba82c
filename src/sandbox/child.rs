//! The child: confinement first, then one request after the other until its stdin ends.

use super::confine::{ChildLimits, confine, grant_cpu};
use super::descriptors::{self, Files};
use super::protocol::{self, Reply, Request, Role};
use crate::config::Limits;
use crate::deid::apply::{Application, apply};
use crate::deid::ask::ask;
use crate::deid::display::display;
use crate::deid::examine::{Seen, StepError, examine};
use crate::deid::explain::explain;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::image_file;
use crate::deid::opening;
use crate::deid::picture::Picture;
use crate::deid::transcode::transcode;
use crate::deid::verify::{Expectation, verify};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Serves requests of one role; returns when the parent closes the socket.
pub fn run(role: Role, limits: ChildLimits) -> io::Result<()> {
    #[cfg(debug_assertions)]
    super::faults::prepare();
    let confinement = confine(limits)?;
    // A panic's message may quote a value; the parent hears of it as a reply instead.
    std::panic::set_hook(Box::new(|_| {}));
    let requests = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut replies = io::stdout().lock();
    protocol::write(&mut replies, Reply::Ready(confinement))?;
    while let Some((request, files)) = descriptors::receive::<Request>(&requests)? {
        if request.role() != role {
            return Err(io::Error::other("a request for another role"));
        }
        grant_cpu(limits.request_cpu_s)?;
        let reply = catch_unwind(AssertUnwindSafe(|| serve(&request, &files, &mut replies)))
            .unwrap_or_else(|_| Reply::Held(Hold::new(HoldReason::SandboxCrashed, "a panic")));
        protocol::write(&mut replies, reply)?;
    }
    Ok(())
}

fn serve(request: &Request, files: &Files, replies: &mut impl Write) -> Reply {
    #[cfg(debug_assertions)]
    super::faults::misbehave_if_asked(request, files);
    let Files { input, scratch, output } = files;
    let done = match request {
        Request::Examine { profile, limits } => {
            let tell = &mut |seen| match seen {
                Seen::Opened(opening) => {
                    Ok(protocol::write(&mut *replies, Reply::Opened(opening))?)
                }
                Seen::Picture(picture) => show(&mut *replies, picture, limits),
            };
            examine(input, profile, limits, scratch, tell).map(|e| Reply::Examined(Box::new(e)))
        }
        Request::Apply { profile, redaction, identifiers, key, subject, limits } => {
            let application = Application { profile, redaction, identifiers, key, subject, limits };
            match output {
                Some(output) => apply(input, output, scratch, application).map(Reply::Applied),
                None => Err(io::Error::from(io::ErrorKind::InvalidInput).into()),
            }
        }
        Request::Verify {
            profile,
            facts,
            redaction,
            identifiers,
            subject,
            layout,
            looked,
            encoded,
            limits,
        } => {
            let layout = layout.as_ref();
            let expected = Expectation {
                profile,
                facts,
                redaction,
                identifiers,
                subject,
                layout,
                looked,
                encoded,
                limits,
            };
            let show = &mut |picture| show(&mut *replies, picture, limits);
            verify(input, scratch, expected, show).map(Reply::Verified)
        }
        Request::Harvest { profile, limits } => opening::open(input, profile, limits, scratch)
            .map(|opening| Reply::Harvested(Box::new(opening))),
        Request::Explain { profile, limits } => {
            explain(input, profile, limits, scratch).map(|e| Reply::Explained(Box::new(e)))
        }
        Request::Ask { attributes, limits } => {
            ask(input, attributes, limits, scratch).map(Reply::Answered)
        }
        Request::Transcode { limits } => match output {
            Some(output) => transcode(input, output, limits, scratch).map(|()| Reply::Transcoded),
            None => Err(io::Error::from(io::ErrorKind::InvalidInput).into()),
        },
        Request::Display { limits } => {
            let show = &mut |picture| show(&mut *replies, picture, limits);
            display(input, limits, scratch, show).map(Reply::Displayed)
        }
        Request::ExamineImage { limits } => {
            let show = &mut |picture| show(&mut *replies, picture, limits);
            image_file::examine(input, limits, show).map(|e| Reply::ImageExamined(Box::new(e)))
        }
        Request::ApplyImage { work, limits } => match output {
            Some(output) => image_file::apply(input, output, work, limits)
                .map(|candidate| Reply::ImageApplied(Box::new(candidate))),
            None => Err(io::Error::from(io::ErrorKind::InvalidInput).into()),
        },
        Request::VerifyImage { work, candidate, limits } => {
            let show = &mut |picture| show(&mut *replies, picture, limits);
            image_file::verify(input, work, candidate, limits, show).map(Reply::ImageVerified)
        }
    };
    match done {
        Ok(reply) => reply,
        Err(StepError::Hold(hold)) => Reply::Held(hold),
        Err(StepError::Io(error)) => Reply::Failed(format!("{:?}", error.kind())),
    }
}

/// Hands out a picture that the parent will take.
fn show(replies: &mut impl Write, picture: Picture, limits: &Limits) -> Result<(), StepError> {
    if picture.data.len() as u64 > limits.max_frame_bytes {
        let frame = picture.frame;
        let detail = format!("the picture of frame {frame} is larger than max_frame_bytes");
        return Err(Hold::new(HoldReason::LimitExceeded, detail).into());
    }
    Ok(protocol::write(replies, Reply::Picture(picture))?)
}
