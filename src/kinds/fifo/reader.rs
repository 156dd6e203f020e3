//! The end of a FIFO where bytes come out, opened without waiting and polled.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice, tee};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::waiting::woken;
use crate::kinds::capability::{Attempt, ByteSource, Flow};
use crate::model::{Fault, Wait};
use crate::sys::{poll, signal};

/// The reading end, opened without blocking.
pub(super) struct Reader {
    file: OwnedFd,
    /// By now calls on it block.
    waits: bool,
    /// A writer has come since it was opened.
    met: bool,
    /// Tells of writers that come after the last one has gone, when `poll(2)` would say that again and again.
    edges: Option<Epoll>,
}

/// Bytes to move at a time: as many as a pipe can be made to hold.
const BLOCK: usize = 1 << 20;

/// A writer that our opening has released gets so long to write before we say that there is nothing.
const GRACE: Duration = Duration::from_millis(100);

impl Reader {
    /// Reads what is written from now on, and what is there.
    pub(super) fn new(file: OwnedFd) -> Self {
        Self { file, waits: false, met: false, edges: None }
    }

    fn state(&self) -> io::Result<Option<Flow>> {
        Ok(match poll::state(&self.file)? {
            (true, _) => Some(Flow::Bytes),
            (false, true) => Some(Flow::End),
            (false, false) => None,
        })
    }

    /// Returns true if there is a writer that has not written yet. Then a copy of nothing would have to wait.
    fn has_silent_writer(&self) -> bool {
        let Ok((_keep, to)) = nix::unistd::pipe() else { return false };
        tee(&self.file, &to, 1, SpliceFFlags::SPLICE_F_NONBLOCK) == Err(Errno::EAGAIN)
    }

    fn set_waits(&mut self, waits: bool) -> io::Result<()> {
        if waits != self.waits {
            let flags = if waits { OFlag::empty() } else { OFlag::O_NONBLOCK };
            fcntl(&self.file, FcntlArg::F_SETFL(flags))?;
            self.waits = waits;
        }
        Ok(())
    }

    fn found(&mut self) -> io::Result<Option<Flow>> {
        let state = self.state()?;
        self.met |= state.is_some();
        Ok(state)
    }
}

impl ByteSource for Reader {
    fn wait(&mut self, wait: Wait) -> Result<Attempt<Flow>, Fault> {
        loop {
            if let Some(flow) = self.found()? {
                return Ok(Attempt::Done(flow));
            }
            let until = match wait {
                Wait::Until(until) => until,
                Wait::Not if !self.met && self.has_silent_writer() => {
                    self.met = true;
                    Some(Instant::now() + GRACE)
                }
                Wait::Not => return Ok(Attempt::Late),
            };
            match woken(&self.file, poll::readable(self.file.as_fd(), until)?)? {
                Attempt::Done(()) => {}
                Attempt::Late => return Ok(Attempt::Late),
                Attempt::Signal => return Ok(Attempt::Signal),
            }
        }
    }

    fn wait_for_writer(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        let edges = match self.edges.take() {
            Some(edges) => edges,
            None => {
                let edges = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(io::Error::from)?;
                let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0);
                edges.add(&self.file, event).map_err(io::Error::from)?;
                edges
            }
        };
        let edges = self.edges.insert(edges);
        let Wait::Until(until) = wait else { return Ok(Attempt::Late) };
        loop {
            if poll::has_bytes(&self.file) {
                return Ok(Attempt::Done(()));
            }
            match woken(&self.file, poll::readable(edges.0.as_fd(), until)?)? {
                Attempt::Done(()) => {}
                other => return Ok(other),
            }
            // Takes the edge, so that the next one is waited for.
            let _ = edges.wait(&mut [EpollEvent::empty()], EpollTimeout::ZERO);
        }
    }

    fn read(&mut self, room: &mut [u8]) -> Result<usize, Fault> {
        self.set_waits(false)?;
        match nix::unistd::read(&self.file, room) {
            Ok(length) => Ok(length),
            Err(Errno::EAGAIN) => Ok(0),
            Err(Errno::EINTR) => self.read(room),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn look(&mut self, room: &mut [u8]) -> usize {
        let Ok((from, to)) = nix::unistd::pipe() else { return 0 };
        let flags = SpliceFFlags::SPLICE_F_NONBLOCK;
        match tee(&self.file, &to, room.len(), flags) {
            Ok(1..) => nix::unistd::read(&from, room).unwrap_or(0),
            _ => 0,
        }
    }

    fn splice(&mut self, to: BorrowedFd<'_>, waits: bool) -> io::Result<usize> {
        if waits && !signal::before_blocking(None)? {
            return Ok(0);
        }
        self.set_waits(waits)?;
        let more = if waits { SpliceFFlags::empty() } else { SpliceFFlags::SPLICE_F_NONBLOCK };
        match splice(&self.file, None, to, None, BLOCK, SpliceFFlags::SPLICE_F_MOVE | more) {
            Ok(moved) => Ok(moved),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
