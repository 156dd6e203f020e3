//! The ends of a FIFO. Who opens one end waits for who opens the other: `fifo(7)`.
//!
//! The reading end is opened without waiting and polled, the writing end is opened as any writer would, with a
//! timer to interrupt it: each of them is what its peer waits for, and neither pretends to be the other one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, open, splice, tee};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::stat::Mode;

use super::{Fifo, existing};
use crate::kinds::borrowed::{Copied, content_of};
use crate::kinds::capability::{
    Attempt, ByteSink, ByteSource, EndpointSide, Flow, Incoming, Messages, Outgoing, Query,
    Received, Receiver, Sender, has,
};
use crate::kinds::file::id;
use crate::model::{Class, Fault, Form, Locator, Mark, Param, Settings, Wait};
use crate::sys::buffer::PageBuffer;
use crate::sys::poll::{self, Woken};
use crate::sys::{file, signal};

static PACKET: Param = Param {
    name: "packet",
    metavar: "",
    help: "Packets of up to 4096 bytes (O_DIRECT)",
    form: Form::Flag,
};

/// Bytes that a write may have for others not to come in between, and a packet: PIPE_BUF.
const PACKET_SIZE: usize = 4096;

/// Bytes to move at a time: as many as a pipe can be made to hold.
const BLOCK: usize = 1 << 20;

/// A writer that our opening has released gets so long to write before we say that there is nothing.
const GRACE: Duration = Duration::from_millis(100);

impl Messages for Fifo {
    fn params(&self, end: EndpointSide) -> &'static [&'static Param] {
        static PACKETS: &[&Param] = &[&PACKET];
        match end {
            EndpointSide::Send | EndpointSide::Receive => PACKETS,
            EndpointSide::Peek => &[],
        }
    }

    fn takes_back(&self) -> bool {
        false
    }

    fn sender(&self, _: &Query, locator: &Locator, settings: &Settings) -> Result<Outgoing, Fault> {
        let (handle, _) = existing(locator)?;
        let packets = settings.given(&PACKET);
        let writer = Writer { handle, packets, file: None };
        Ok(if packets {
            Outgoing::Messages(Box::new(writer))
        } else {
            Outgoing::Bytes(Box::new(writer))
        })
    }

    fn receiver(
        &self,
        _look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Incoming, Fault> {
        let (handle, _) = existing(locator)?;
        let reader = Reader::new(file::reopen(handle.as_fd(), OFlag::O_RDONLY)?);
        Ok(if settings.given(&PACKET) {
            let buffer = PageBuffer::new(PACKET_SIZE);
            Incoming::Messages(Box::new(Packets { reader, buffer, length: 0 }))
        } else {
            Incoming::Bytes(Box::new(reader))
        })
    }

    fn copy(&self, look: &Query, locator: &Locator, _: &Settings) -> Result<Incoming, Fault> {
        let (_, stat) = existing(locator)?;
        let copy = content_of(id(&stat), &look.processes.found(&super::FIFOS))?;
        Ok(Incoming::Bytes(Box::new(Copied(copy))))
    }
}

/// Who waits for a FIFO that has lost its name waits for nobody, and is not woken by that.
fn check(file: &OwnedFd) -> Result<(), Fault> {
    match file::stat(file) {
        Ok(stat) if stat.links == 0 => Err(Fault::new(Class::NotFound, "it was removed")),
        _ => Ok(()),
    }
}

/// What a wait for a descriptor says; a FIFO that was removed meanwhile is told.
fn woken(file: &OwnedFd, woken: Woken) -> Result<Attempt<()>, Fault> {
    match woken {
        Woken::Ready => Ok(Attempt::Done(())),
        Woken::Signal => Ok(Attempt::Signal),
        Woken::Time => check(file).map(|()| Attempt::Late),
    }
}

struct Writer {
    /// The FIFO, not opened.
    handle: OwnedFd,
    packets: bool,
    file: Option<OwnedFd>,
}

fn reader_gone() -> Fault {
    Fault::new(Class::Failed, "its last reader has gone")
}

impl Writer {
    /// Opens the writing end as soon as somebody has opened the reading end.
    fn open(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        if self.file.is_some() {
            return Ok(Attempt::Done(()));
        }
        let path = format!("/proc/self/fd/{}", self.handle.as_raw_fd());
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let flags = match wait {
            Wait::Not => flags | OFlag::O_NONBLOCK,
            Wait::Until(until) if signal::before_blocking(until)? => flags,
            Wait::Until(_) => return Ok(Attempt::Signal),
        };
        match open(path.as_str(), flags, Mode::empty()) {
            Ok(file) => {
                let direct = if self.packets { OFlag::O_DIRECT } else { OFlag::empty() };
                fcntl(&file, FcntlArg::F_SETFL(flags & OFlag::O_NONBLOCK | direct))
                    .map_err(io::Error::from)?;
                self.file = Some(file);
                Ok(Attempt::Done(()))
            }
            Err(Errno::ENXIO | Errno::EINTR) => check(&self.handle).map(|()| Attempt::Late),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn opened(&self) -> Result<&OwnedFd, Fault> {
        self.file.as_ref().ok_or_else(|| Fault::new(Class::Failed, "it was not opened"))
    }
}

/// Makes a call that blocks, under a timer, or does not: as the FIFO was opened.
fn attempt<T>(
    file: &OwnedFd,
    wait: Wait,
    mut call: impl FnMut(BorrowedFd<'_>) -> nix::Result<T>,
) -> Result<Attempt<T>, Fault> {
    if let Wait::Until(until) = wait
        && !signal::before_blocking(until)?
    {
        return Ok(Attempt::Signal);
    }
    loop {
        return match call(file.as_fd()) {
            Ok(done) => Ok(Attempt::Done(done)),
            Err(Errno::EAGAIN) => Ok(Attempt::Late),
            // What does not wait tells nothing by it.
            Err(Errno::EINTR) if wait == Wait::Not => continue,
            Err(Errno::EINTR) => check(file).map(|()| Attempt::Late),
            Err(Errno::EPIPE) => Err(reader_gone()),
            Err(error) => Err(io::Error::from(error).into()),
        };
    }
}

impl ByteSink for Writer {
    fn connect(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.open(wait)
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<Attempt<usize>, Fault> {
        attempt(self.opened()?, wait, |file| nix::unistd::write(file, bytes))
    }

    fn splice(
        &mut self,
        from: BorrowedFd<'_>,
        wait: Wait,
    ) -> Result<Option<Attempt<usize>>, Fault> {
        let file = self.opened()?;
        // Without a deadline the call itself may wait, for both ends.
        let blocks = wait == Wait::Until(None);
        let more = if blocks { SpliceFFlags::empty() } else { SpliceFFlags::SPLICE_F_NONBLOCK };
        let flags = SpliceFFlags::SPLICE_F_MOVE | more;
        let mut had_room = false;
        loop {
            if blocks && !signal::before_blocking(None)? {
                return Ok(Some(Attempt::Signal));
            }
            match splice(from, None, file, None, BLOCK, flags) {
                Ok(moved) => return Ok(Some(Attempt::Done(moved))),
                Err(Errno::EINTR) => continue,
                Err(Errno::EPIPE) => return Err(reader_gone()),
                // There is room, so somebody else has taken what was to be moved.
                Err(Errno::EAGAIN) if had_room => return Ok(None),
                Err(Errno::EAGAIN) => {}
                Err(Errno::EINVAL) => return Ok(None),
                Err(error) => return Err(io::Error::from(error).into()),
            }
            let Wait::Until(until) = wait else { return Ok(Some(Attempt::Late)) };
            match woken(file, poll::writable(file.as_fd(), until)?)? {
                Attempt::Done(()) => had_room = true,
                Attempt::Late => return Ok(Some(Attempt::Late)),
                Attempt::Signal => return Ok(Some(Attempt::Signal)),
            }
        }
    }
}

impl Sender for Writer {
    fn most(&self) -> usize {
        PACKET_SIZE
    }

    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault> {
        (length > PACKET_SIZE as u64).then(|| {
            let has = has(length, or_more);
            Fault::new(
                Class::Limit,
                format!("{has} than a packet can have ({PACKET_SIZE}, PIPE_BUF of the kernel)"),
            )
            .hint("without --packet a FIFO carries bytes of any length")
        })
    }

    fn has_word(&self, _mark: Mark) -> bool {
        false
    }

    fn wait_for_room(&mut self, _length: usize, wait: Wait) -> Result<Attempt<usize>, Fault> {
        match self.open(wait)? {
            Attempt::Done(()) => {}
            Attempt::Late => return Ok(Attempt::Late),
            Attempt::Signal => return Ok(Attempt::Signal),
        }
        let file = self.opened()?;
        let until = match wait {
            Wait::Not => Some(Instant::now()),
            Wait::Until(until) => until,
        };
        Ok(match woken(file, poll::writable(file.as_fd(), until)?)? {
            Attempt::Done(()) => Attempt::Done(PACKET_SIZE),
            Attempt::Late => Attempt::Late,
            Attempt::Signal => Attempt::Signal,
        })
    }

    fn send(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault> {
        if mark != Mark::None {
            return Err(Fault::usage("a FIFO has neither priorities nor types"));
        }
        if message.is_empty() {
            return Err(Fault::usage("a packet cannot be empty"));
        }
        if let Some(refusal) = self.refuse(message.len() as u64, false) {
            return Err(refusal);
        }
        match self.open(wait)? {
            Attempt::Done(()) => {}
            other => return Ok(other),
        }
        Ok(match self.write(message, wait)? {
            Attempt::Done(_) => Attempt::Done(()),
            Attempt::Late => Attempt::Late,
            Attempt::Signal => Attempt::Signal,
        })
    }

    fn check(&mut self) -> Result<(), Fault> {
        check(&self.handle)
    }
}

/// The reading end, opened without blocking.
struct Reader {
    file: OwnedFd,
    /// By now calls on it block.
    waits: bool,
    /// A writer has come since it was opened.
    met: bool,
    /// Tells of writers that come after the last one has gone, when `poll(2)` would say that again and again.
    edges: Option<Epoll>,
}

impl Reader {
    fn new(file: OwnedFd) -> Self {
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

/// A reading end on which each read is a packet.
struct Packets {
    reader: Reader,
    buffer: PageBuffer,
    length: usize,
}

impl Receiver for Packets {
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault> {
        loop {
            match self.reader.wait(wait)? {
                Attempt::Done(Flow::End) => return Ok(Attempt::Done(Received::End)),
                Attempt::Done(Flow::Bytes) => {}
                Attempt::Late => return Ok(Attempt::Late),
                Attempt::Signal => return Ok(Attempt::Signal),
            }
            // Another reader may have been faster.
            self.length = self.reader.read(&mut self.buffer)?;
            if self.length > 0 {
                return Ok(Attempt::Done(Received::Message(Mark::None)));
            }
        }
    }

    fn message(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    fn put_back(
        &mut self,
        _message: &[u8],
        _mark: Mark,
        _wait: Wait,
    ) -> Result<Attempt<()>, Fault> {
        Err(Fault::new(Class::Failed, "a FIFO takes nothing back"))
    }

    fn wait_for_sender(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.reader.wait_for_writer(wait)
    }

    fn queued(&self) -> Option<u64> {
        None
    }

    fn room(&self) -> (usize, usize) {
        (1, PACKET_SIZE)
    }
}
