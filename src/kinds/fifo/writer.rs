//! The end of a FIFO where messages go in. A message of up to PIPE_BUF bytes is written whole or not at all by the kernel; a
//! longer one when the pipe is empty and can hold it, with other senders kept out by `flock(2)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, open, splice};
use nix::sys::stat::Mode;

use super::waiting::{check, woken};
use crate::kinds::capability::{Attempt, ByteSink, Sender, has};
use crate::model::{Class, Encoded, Fault, LockLine, LockTaker, Mark, Shortage, Use, Wait};
use crate::sys::pipe::PIPE_BUF;
use crate::sys::{file, pipe, poll, signal};

/// The writing end.
pub(super) struct Writer {
    /// The FIFO, not opened.
    handle: OwnedFd,
    packets: bool,
    /// Other senders of long messages are not kept out.
    forced: bool,
    file: Option<OwnedFd>,
    /// Since when other senders of long messages are kept out.
    locked: Option<Instant>,
    /// Since when they are in the way.
    waiting: Option<Instant>,
}

/// Bytes to move at a time: as many as a pipe can be made to hold.
const BLOCK: usize = 1 << 20;

/// Room beyond a long message: for what others write in the moment between the look at the pipe and the write.
const SLACK: usize = 1 << 16;

/// So long another sender of long messages is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long a sender of many long messages keeps others out, and lets them in.
const TURN: Duration = Duration::from_millis(20);
const BETWEEN_TURNS: Duration = Duration::from_millis(1);

/// So long a look at the pipe waits for the next one, at first and at most: there is no call that waits until it is empty.
const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// So often it is looked at before the first pause: a reader that is there is fast.
const LOOKS: u32 = 64;

fn reader_gone() -> Fault {
    Fault::new(Class::Failed, "its last reader has gone")
}

impl Writer {
    /// The end of this FIFO, not opened yet.
    pub(super) fn new(handle: OwnedFd, packets: bool, forced: bool) -> Self {
        Self { handle, packets, forced, file: None, locked: None, waiting: None }
    }

    /// Keeps other senders of long messages out.
    fn lock(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        if self.locked.is_some() || self.forced {
            return Ok(Attempt::Done(()));
        }
        let since = *self.waiting.get_or_insert_with(Instant::now);
        loop {
            let blocks = wait != Wait::Not && since.elapsed() < PATIENCE;
            let end = since + PATIENCE;
            let end = match wait {
                Wait::Until(Some(until)) => end.min(until),
                _ => end,
            };
            let blocks = blocks && signal::before_blocking(Some(end))?;
            match file::lock(self.opened()?, blocks) {
                Ok(()) => {
                    (self.locked, self.waiting) = (Some(Instant::now()), None);
                    return Ok(Attempt::Done(()));
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) => {}
                // Without locks nobody is kept out.
                Err(_) => return Ok(Attempt::Done(())),
            }
            if wait == Wait::Not || since.elapsed() >= PATIENCE {
                let cause = format!("{} sends a long message to it", self.other_sender());
                return Err(Fault::new(Class::WouldBlock, cause)
                    .hint("--force does not wait for it, and mixes the two"));
            }
            if signal::ending().is_some() {
                return Ok(Attempt::Signal);
            }
            if wait.is_over() {
                return Ok(Attempt::Late);
            }
        }
    }

    /// Who has the lock, as far as the kernel tells.
    fn other_sender(&self) -> String {
        let stat = file::stat(&self.handle).ok();
        let text = std::fs::read("/proc/locks").unwrap_or_default();
        let mut lines = text.split(|byte| *byte == b'\n').filter_map(LockLine::parse);
        // Another file system has a file of the same number.
        let is_it = |line: &LockLine| {
            stat.as_ref().is_some_and(|stat| {
                (stat.device, stat.inode) == (line.file.device, line.file.inode)
            })
        };
        let held = lines.find(|line| !line.waits && is_it(line));
        match held.map(|line| line.lock.taker) {
            Some(LockTaker::Pid(pid)) => {
                let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
                format!("process {pid} ({})", Encoded(name.trim_ascii_end()))
            }
            _ => "another process".to_owned(),
        }
    }

    /// Waits until all of a message of `least` bytes has room, so that one call writes it, and as much of `most` as can be.
    fn wait_for_emptiness(
        &self,
        (least, most): (usize, usize),
        wait: Wait,
    ) -> Result<Attempt<usize>, Fault> {
        let file = self.opened()?.as_fd();
        let capacity = |wanted| {
            let now = pipe::capacity(file)?;
            let enough = now >= wanted as u64;
            Ok::<_, io::Error>(if enough {
                now
            } else {
                pipe::enlarge(file, wanted).unwrap_or(now)
            })
        };
        let holds = match capacity(most.saturating_add(SLACK))? {
            holds if holds < least as u64 => capacity(least)?,
            holds => holds,
        };
        if holds < least as u64 {
            return match wait {
                // It goes in parts, as the reader takes them.
                Wait::Until(None) => Ok(Attempt::Done(least)),
                _ => Err(Fault::new(
                    Class::Limit,
                    format!(
                        "it has {least} bytes, more than the {holds} that the pipe can hold at once"
                    ),
                )
                .hint("raise fs.pipe-max-size, or leave out --timeout and --nonblock")),
            };
        }
        let certain = usize::try_from(holds).unwrap_or(usize::MAX).saturating_sub(SLACK);
        let room = most.min(certain).max(least);
        let look_around = Instant::now() + signal::LOOK;
        let (mut looks, mut pause) = (0, FIRST_PAUSE);
        loop {
            if poll::is_abandoned(file) {
                return Err(reader_gone());
            }
            if pipe::queued(file)? == 0 {
                return Ok(Attempt::Done(room));
            }
            if signal::ending().is_some() {
                return Ok(Attempt::Signal);
            }
            if wait == Wait::Not || wait.is_over() || look_around <= Instant::now() {
                return check(&self.handle).map(|()| Attempt::Late);
            }
            looks += 1;
            if looks < LOOKS {
                yield_now();
            } else {
                sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

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

    /// Bytes in the pipe, and how many it can hold.
    fn use_of_room(&self) -> Option<(u64, u64)> {
        let file = self.file.as_ref()?.as_fd();
        Some((pipe::queued(file).ok()?, pipe::capacity(file).ok()?))
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

    fn reserve(&mut self, least: usize, most: usize, wait: Wait) -> Result<Attempt<usize>, Fault> {
        match self.lock(wait)? {
            Attempt::Done(()) => self.wait_for_emptiness((least, most), wait),
            Attempt::Late => Ok(Attempt::Late),
            Attempt::Signal => Ok(Attempt::Signal),
        }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<Attempt<usize>, Fault> {
        attempt(self.opened()?, wait, |file| nix::unistd::write(file, bytes))
    }

    fn write_on(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let file = self.opened()?;
        // The timer interrupts the call whatever has come.
        signal::before_blocking(None)?;
        match nix::unistd::write(file, bytes) {
            Ok(length) => Ok(length),
            Err(Errno::EINTR) => check(file).map(|()| 0),
            Err(Errno::EAGAIN) => {
                sleep(FIRST_PAUSE);
                Ok(0)
            }
            Err(Errno::EPIPE) => Err(reader_gone()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn release(&mut self, all: bool) {
        if self.locked.is_none_or(|since| !all && since.elapsed() < TURN) {
            return;
        }
        if let Some(file) = &self.file {
            let _ = file::unlock(file);
        }
        self.locked = None;
        if !all {
            // Who waits for it is awake by then.
            sleep(BETWEEN_TURNS);
        }
    }

    fn full(&self, length: u64) -> Option<String> {
        let (queued, capacity) = self.use_of_room()?;
        let figures = format!("{queued} of {capacity} bytes in use, {length} more are needed");
        Some(match queued.saturating_add(length) > capacity {
            true => format!("it is full: {figures}"),
            false if length > PIPE_BUF as u64 => format!(
                "it is not empty: {figures}, which go in as a whole only when it is (above {PIPE_BUF})"
            ),
            // Each write begins a page of its own unless it fits into the last one.
            false => format!("it is full: {figures}, and its pages are taken"),
        })
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
        PIPE_BUF
    }

    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault> {
        (length > PIPE_BUF as u64).then(|| {
            let has = has(length, or_more);
            Fault::new(
                Class::Limit,
                format!("{has} than a packet can have ({PIPE_BUF}, PIPE_BUF of the kernel)"),
            )
            .hint("without --packet a FIFO carries bytes of any length")
        })
    }

    fn has_word(&self, _mark: Mark) -> bool {
        false
    }

    fn full(&self, length: u64) -> Option<Shortage> {
        let (used, limit) = self.use_of_room()?;
        let used = Use::Exactly(used);
        let (name, unit, hint) = ("the FIFO", " bytes", String::new());
        Some(Shortage { name, unit, used, limit, more: length, hint }).filter(Shortage::is_short)
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
            Attempt::Done(()) => Attempt::Done(PIPE_BUF),
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
