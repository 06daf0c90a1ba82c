//! Requests with their files: bytes over a Unix socket, open descriptors beside the first of them.
//!
//! Invariant: a child has what a request brings, and nothing that it could look for.

use super::protocol;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// Input, scratch and output.
const FILES_MAX: usize = 3;

/// The files of one request.
#[derive(Debug)]
pub struct Files {
    /// Open for reading alone.
    pub input: File,
    /// Without a name, for what has to be unpacked.
    pub scratch: File,
    /// Without a name, for a result.
    pub output: Option<File>,
}

impl Files {
    fn borrowed(&self) -> Vec<BorrowedFd<'_>> {
        let all = [Some(&self.input), Some(&self.scratch), self.output.as_ref()];
        all.into_iter().flatten().map(AsFd::as_fd).collect()
    }

    /// A look at how far the child is with them.
    pub(super) fn watched(&self) -> io::Result<Watched> {
        let all = [Some(&self.input), Some(&self.scratch), self.output.as_ref()];
        all.into_iter().flatten().map(File::try_clone).collect::<io::Result<_>>().map(Watched)
    }
}

/// Files that a child works on. Both sides have the same open files, whose position tells where the
/// child reads and writes: an object of many frames takes long without a word.
#[derive(Debug)]
pub(super) struct Watched(Vec<File>);

impl Watched {
    /// The position in each file; it changes with all that is read and written.
    pub(super) fn positions(&self) -> Vec<Option<u64>> {
        self.0.iter().map(|mut file| file.stream_position().ok()).collect()
    }
}

/// Sends one encoded message and the files that it speaks of.
pub(super) async fn send(to: &mut UnixStream, message: &[u8], files: &Files) -> io::Result<()> {
    let files = files.borrowed();
    let sent = to.async_io(Interest::WRITABLE, || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&files)) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let bytes = [IoSlice::new(message)];
        Ok(sendmsg(to.as_fd(), &bytes, &mut control, SendFlags::NOSIGNAL)?)
    });
    let sent = sent.await?;
    to.write_all(&message[sent..]).await
}

/// The next message and its files; `None` when the parent has closed the socket.
pub(super) fn receive<T: for<'de> serde::Deserialize<'de>>(
    mut socket: &File,
) -> io::Result<Option<(T, Files)>> {
    let mut length = [0; 4];
    let mut files = Vec::new();
    let mut read = 0;
    while read < length.len() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [IoSliceMut::new(&mut length[read..])];
        let received = recvmsg(socket, &mut bytes, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        if received.bytes == 0 && read == 0 {
            return Ok(None);
        }
        if received.bytes == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        read += received.bytes;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                files.extend(received.map(File::from));
            }
        }
    }
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut bytes)?;
    let mut files = files.into_iter();
    let (Some(input), Some(scratch)) = (files.next(), files.next()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    };
    let files = Files { input, scratch, output: files.next() };
    Ok(Some((protocol::decode(&bytes)?, files)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};
    use std::os::fd::OwnedFd;

    fn file(content: &str) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content.as_bytes()).expect("written");
        file.rewind().expect("rewound");
        file
    }

    fn content(mut file: &File) -> String {
        let mut text = String::new();
        file.read_to_string(&mut text).expect("readable");
        text
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_message_arrives_with_its_own_files() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("set");
        let mut ours = UnixStream::from_std(ours).expect("registered");
        let theirs = File::from(OwnedFd::from(theirs));
        let reader = std::thread::spawn(move || {
            let first = receive::<String>(&theirs).expect("read").expect("a message");
            let second = receive::<String>(&theirs).expect("read").expect("a message");
            assert!(receive::<String>(&theirs).expect("the end").is_none());
            (first, second)
        });
        let one = Files { input: file("i"), scratch: file("s"), output: None };
        let two = Files { input: file("j"), scratch: file("t"), output: Some(file("o")) };
        // Longer than a socket takes at once.
        let long = "x".repeat(1 << 20);
        send(&mut ours, &protocol::encode(&long).expect("encoded"), &one).await.expect("sent");
        send(&mut ours, &protocol::encode(&"2").expect("encoded"), &two).await.expect("sent");
        drop(ours);
        let ((first, files), (second, more)) = reader.join().expect("read");
        assert!(first == long && files.output.is_none());
        assert_eq!((content(&files.input), content(&files.scratch)), ("i".into(), "s".into()));
        assert_eq!((second.as_str(), content(&more.input)), ("2", "j".into()));
        assert_eq!(content(more.output.as_ref().expect("an output")), "o");
    }
}
