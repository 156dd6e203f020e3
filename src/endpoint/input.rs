//! Standard input as a source of messages: what was read from it is in our hand alone, and lost if we are killed. From a pipe
//! no more than some messages are read at a time.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, SpliceFFlags, tee};

use super::StreamEnd;
use super::frame::Frame;
use super::frame_reader::FrameReader;
use crate::model::{Class, Fault};
use crate::sys::{file, poll, signal};

/// Messages that are read from a pipe at a time: SIGKILL costs no more than these.
const MOST: u64 = 64;

/// Bytes that are looked at for them, at least and at most.
const VIEWS: (usize, usize) = (1 << 9, 1 << 16);

/// Standard input.
pub(super) struct Input {
    /// Where a copy of what is in a pipe is looked at.
    view: Option<(OwnedFd, OwnedFd)>,
    /// Bytes that MOST messages are expected to have at most.
    expected: usize,
    copy: Vec<u8>,
}

impl Input {
    /// Standard input, with messages in this frame.
    pub(super) fn new(frame: Frame) -> Self {
        let is_pipe =
            frame != Frame::Raw && file::stat(io::stdin()).is_ok_and(|stat| stat.is(libc::S_IFIFO));
        let view = is_pipe.then(|| nix::unistd::pipe2(OFlag::O_CLOEXEC).ok()).flatten();
        Self { view, expected: 1 << 12, copy: Vec::new() }
    }

    /// Reads what comes next, for a reader that has no whole message any more.
    ///
    /// # Errors
    /// It cannot be read; [`StreamEnd::Signal`].
    pub(super) fn read(&mut self, reader: &mut FrameReader) -> Result<(), StreamEnd> {
        let most = self.look(reader)?.unwrap_or(usize::MAX);
        let room = reader.room();
        let length = room.len().min(most);
        let length = read_input(&mut room[..length])?;
        reader.filled(length);
        Ok(())
    }

    /// How many bytes the next messages have, if no more of them may be read.
    fn look(&mut self, reader: &FrameReader) -> Result<Option<usize>, StreamEnd> {
        let Some((from, to)) = &self.view else { return Ok(None) };
        let seen = blocking(|| {
            tee(io::stdin().as_fd(), to.as_fd(), self.expected, SpliceFFlags::empty())
        })?;
        if seen == 0 {
            return Ok(None);
        }
        self.copy.clear();
        self.copy.extend_from_slice(reader.rest());
        let has = self.copy.len();
        self.copy.resize(has + seen, 0);
        nix::unistd::read(from, &mut self.copy[has..]).map_err(io::Error::from)?;
        let (ends, messages) = reader.measured(&self.copy, MOST);
        self.expected = match messages {
            MOST => ends * 2,
            _ if seen == self.expected => self.expected * 2,
            _ => self.expected,
        }
        .clamp(VIEWS.0, VIEWS.1);
        // With no end in sight all of it is of one message.
        Ok(Some(if ends > has { ends - has } else { seen }))
    }
}

/// Makes a call that blocks until there is something to read, again and again.
fn blocking(mut call: impl FnMut() -> nix::Result<usize>) -> Result<usize, StreamEnd> {
    loop {
        if !signal::before_blocking(None)?
            && let Some(signal) = signal::ending()
        {
            return Err(StreamEnd::Signal(signal));
        }
        match call() {
            Ok(length) => return Ok(length),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                poll::readable(io::stdin().as_fd(), None)?;
            }
            Err(error) => {
                let cause = Fault::from_os(&error.into()).cause;
                let cause = format!("standard input cannot be read: {cause}");
                return Err(Fault::new(Class::Failed, cause).into());
            }
        }
    }
}

/// Reads what comes next on standard input.
pub(super) fn read_input(room: &mut [u8]) -> Result<usize, StreamEnd> {
    blocking(|| nix::unistd::read(io::stdin(), &mut *room))
}

/// Returns true if standard input is a file that keeps what was read from it.
pub(super) fn is_regular_file() -> bool {
    file::stat(io::stdin()).is_ok_and(|stat| stat.is(libc::S_IFREG))
}

/// Reads what is left in a pipe that nobody writes to any more: it goes when its last reader goes. A writer that is there can
/// take care of it.
pub(super) fn take_abandoned_input(rest: &mut Vec<u8>) {
    let input = io::stdin();
    if !file::stat(&input).is_ok_and(|stat| stat.is(libc::S_IFIFO)) {
        return;
    }
    let mut room = vec![0; 1 << 16];
    while matches!(poll::state(&input), Ok((true, true)))
        && let Ok(length @ 1..) = nix::unistd::read(&input, &mut room)
    {
        rest.extend_from_slice(&room[..length]);
    }
}
