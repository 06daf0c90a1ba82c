//! What a hostile object could have its child do, on demand of a test; not in a release build.
//!
//! `DEID_GATEWAY_SANDBOX_FAULT=KIND:UID` misbehaves on files that contain the UID, with `KIND=VALUE`
//! where a kind needs one, in the child that examines or, with `verify-KIND`, in the one that verifies. An attempt on something foreign that succeeds is a panic, and its object is
//! held; one that fails leaves the object to be delivered. `DEID_GATEWAY_SANDBOX_WITHOUT=seccomp`, or
//! `landlock`, or `seccomp landlock`, leaves these away, as on a kernel that does not have them.

use super::descriptors::Files;
use super::protocol::Request;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::sync::OnceLock;

/// What a child hands on to faults; everything else of the environment stays with the parent.
pub(super) const VARIABLES: [&str; 2] = [FAULT, WITHOUT];
const FAULT: &str = "DEID_GATEWAY_SANDBOX_FAULT";
const WITHOUT: &str = "DEID_GATEWAY_SANDBOX_WITHOUT";

/// Remembers across children that a fault has happened; opened while files can be.
static ONCE: OnceLock<File> = OnceLock::new();

static PARENT: OnceLock<u32> = OnceLock::new();

/// Whether this part of the confinement is left away.
pub(super) fn without(part: &str) -> bool {
    std::env::var(WITHOUT).is_ok_and(|parts| parts.split(' ').any(|name| name == part))
}

/// Before the confinement: what faults cannot ask for later.
pub(super) fn prepare() {
    let _ = PARENT.set(std::os::unix::process::parent_id());
    if let Some((kind, path, _)) = wanted()
        && kind.ends_with("once")
    {
        let file = OpenOptions::new().append(true).read(true).create(true).open(path);
        let _ = ONCE.set(file.expect("the file of `once`"));
    }
}

/// Kind, value and UID.
fn wanted() -> Option<(String, String, String)> {
    let wanted = std::env::var(FAULT).ok()?;
    let (fault, uid) = wanted.rsplit_once(':')?;
    let (kind, value) = fault.split_once('=').unwrap_or((fault, ""));
    Some((kind.into(), value.into(), uid.into()))
}

/// Misbehaves if this object is the one.
pub(super) fn misbehave_if_asked(request: &Request, files: &Files) {
    let Some((kind, value, uid)) = wanted() else { return };
    let (kind, of_step) = match kind.strip_prefix("verify-") {
        Some(kind) => (kind, matches!(request, Request::Verify { .. })),
        None => (kind.as_str(), matches!(request, Request::Examine { .. } | Request::Ask { .. })),
    };
    let mut bytes = Vec::new();
    let mut input = &files.input;
    let read = input.rewind().and_then(|()| input.read_to_end(&mut bytes));
    let is_it = bytes.windows(uid.len()).any(|window| window == uid.as_bytes());
    if !of_step || read.is_err() || !is_it {
        return;
    }
    match kind {
        "overflow" => overflow(),
        "once" => happen_once(),
        "allocate" => allocate(),
        "hang" => loop {
            std::thread::park();
        },
        "compute" => loop {
            std::hint::black_box(0);
        },
        "write" => files.scratch.set_len(1 << 40).expect("allowed"),
        "slow" => read_slowly(&files.input, value.parse().expect("a number of pauses")),
        _ => attempt(kind, &value, files),
    }
}

/// Tries to reach something foreign.
fn attempt(kind: &str, value: &str, files: &Files) {
    let reached = match kind {
        "connect" => std::net::TcpStream::connect(value).is_ok(),
        "listen" => std::net::TcpListener::bind("127.0.0.1:0").is_ok(),
        "datagram" => std::net::UdpSocket::bind("127.0.0.1:0").is_ok(),
        "unix-socket" => std::os::unix::net::UnixDatagram::unbound().is_ok(),
        "read-foreign" => File::open(value).is_ok(),
        "stat-foreign" => std::fs::metadata(value).is_ok(),
        "list-foreign" => std::fs::read_dir(value).is_ok(),
        "write-foreign" => File::create(value).is_ok(),
        "execute" => std::process::Command::new(value).status().is_ok(),
        "signal-parent" => signals_parent(),
        "write-input" => (&files.input).write_all(b"x").is_ok(),
        "raise-limit" => raises_limit(),
        _ => panic!("an unknown fault"),
    };
    assert!(!reached, "the fault succeeded");
}

fn signals_parent() -> bool {
    let parent = PARENT.get().and_then(|parent| i32::try_from(*parent).ok());
    let parent = parent.and_then(rustix::process::Pid::from_raw).expect("a parent");
    rustix::process::test_kill_process(parent).is_ok()
}

fn raises_limit() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let more = Rlimit { current: Some(16), maximum: Some(16) };
    setrlimit(Resource::Nofile, more).is_ok()
}

/// Reads on and on, a little at a time, and says nothing.
fn read_slowly(mut input: &File, pauses: u64) {
    for at in 0..pauses {
        // Sleeping is no system call of the list.
        let began = std::time::Instant::now();
        while began.elapsed() < std::time::Duration::from_millis(200) {
            std::hint::spin_loop();
        }
        input.seek(std::io::SeekFrom::Start(at)).expect("a file");
    }
}

fn happen_once() {
    let mut file = ONCE.get().expect("opened");
    let mut before = Vec::new();
    file.read_to_end(&mut before).expect("readable");
    if before.is_empty() {
        file.write_all(b"once").expect("written");
        overflow();
    }
}

fn allocate() {
    let mut all = Vec::new();
    loop {
        all.push(vec![1u8; 16 << 20]);
    }
}

fn overflow() {
    std::hint::black_box(recurse(1));
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + frame[63]
}
