//! The child: limits first, then one request after the other until its stdin ends.

use super::protocol::{self, Reply, Request, Role};
use crate::deid::apply::{Application, apply};
use crate::deid::ask::ask;
use crate::deid::examine::{Seen, StepError, examine};
use crate::deid::explain::explain;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::verify::{Expectation, verify};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use std::io::{self, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Serves requests of one role; returns when the parent closes the pipe.
pub fn run(role: Role, memory_bytes: u64) -> io::Result<()> {
    confine(memory_bytes)?;
    // A panic's message may quote a value; the parent hears of it as a reply instead.
    std::panic::set_hook(Box::new(|_| {}));
    let mut requests = BufReader::new(io::stdin().lock());
    let mut replies = io::stdout().lock();
    while let Some(request) = protocol::read::<Request>(&mut requests)? {
        if request.role() != role {
            return Err(io::Error::other("a request for another role"));
        }
        let reply = catch_unwind(AssertUnwindSafe(|| serve(&request, &mut replies)))
            .unwrap_or_else(|_| Reply::Held(Hold::new(HoldReason::SandboxCrashed, "a panic")));
        protocol::write(&mut replies, &reply)?;
    }
    Ok(())
}

/// Core dumps off, not dumpable, gone with its parent, memory limited: before any input is read.
fn confine(memory_bytes: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for (resource, value) in [(Resource::Core, 0), (Resource::As, memory_bytes)] {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?;
    }
    Ok(())
}

fn serve(request: &Request, replies: &mut impl Write) -> Reply {
    #[cfg(debug_assertions)]
    faults::misbehave_if_asked(request);
    let done = match request {
        Request::Examine { input, scratch, profile, limits } => {
            let tell = &mut |seen| {
                let reply = match seen {
                    Seen::Patient(patient) => Reply::Opened(patient),
                    Seen::Picture(picture) => Reply::Picture(picture),
                };
                protocol::write(replies, &reply)
            };
            examine(input, profile, limits, scratch, tell).map(|e| Reply::Examined(Box::new(e)))
        }
        Request::Apply {
            input,
            output,
            scratch,
            profile,
            redaction,
            identifiers,
            key,
            subject,
            limits,
        } => {
            let application = Application { profile, redaction, identifiers, key, subject, limits };
            apply(input, output, scratch, application).map(Reply::Applied)
        }
        Request::Verify {
            candidate,
            scratch,
            profile,
            facts,
            redaction,
            identifiers,
            subject,
            layout,
            looked,
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
                limits,
            };
            let show = &mut |picture| protocol::write(replies, &Reply::Picture(picture));
            verify(candidate, scratch, expected, show).map(Reply::Verified)
        }
        Request::Explain { input, scratch, profile, limits } => {
            explain(input, profile, limits, scratch).map(|e| Reply::Explained(Box::new(e)))
        }
        Request::Ask { input, scratch, attributes, limits } => {
            ask(input, attributes, limits, scratch).map(Reply::Answered)
        }
    };
    match done {
        Ok(reply) => reply,
        Err(StepError::Hold(hold)) => Reply::Held(hold),
        Err(StepError::Io(error)) => Reply::Failed(format!("{:?}", error.kind())),
    }
}

/// What a hostile object could do to its child, on demand of a test; not in a release build.
#[cfg(debug_assertions)]
mod faults {
    use super::Request;

    /// `DEID_GATEWAY_SANDBOX_FAULT=KIND:UID` misbehaves on files that contain the UID.
    pub fn misbehave_if_asked(request: &Request) {
        let Ok(wanted) = std::env::var("DEID_GATEWAY_SANDBOX_FAULT") else { return };
        let Some((kind, uid)) = wanted.split_once(':') else { return };
        let (Request::Examine { input, .. } | Request::Ask { input, .. }) = request else { return };
        let bytes = std::fs::read(input).unwrap_or_default();
        if !bytes.windows(uid.len()).any(|window| window == uid.as_bytes()) {
            return;
        }
        match kind {
            "overflow" => {
                std::hint::black_box(recurse(1));
            }
            "allocate" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1u8; 16 << 20]);
                }
            }
            "hang" => loop {
                std::thread::park();
            },
            _ => panic!("an unknown fault"),
        }
    }

    #[allow(unconditional_recursion)]
    fn recurse(depth: u64) -> u64 {
        let frame = std::hint::black_box([depth; 64]);
        recurse(depth + 1) + frame[63]
    }
}
