//! What was written to a pipe and not read yet. Who writes can see how much that is, whether anybody may still read it, and
//! can take it back: `pipe(7)`, FIONREAD of `ioctl(2)`, `tee(2)`.

use std::os::fd::{AsFd, OwnedFd};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, tee};

use super::StreamEnd;
use super::deadline::Deadline;
use super::stdout::{LAST_CHANCE, RawStdout};
use crate::sys::{file, pipe, poll, signal};

/// So long a look at the pipe waits for the next one, at first and at most: there is no call that waits until it is empty.
const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// So often it is looked at before the first pause.
const LOOKS: u32 = 20;

/// Standard output where it is a pipe that is read by somebody else.
pub(super) struct UnreadPipe {
    /// Bytes that it can hold.
    capacity: usize,
    /// Others write to it, too: what is in it may be theirs.
    shared: bool,
    /// Until then its readers may read what is in it, once it is time to end.
    grace: Option<Instant>,
}

/// What is left of our bytes where nobody will read them.
pub(super) enum UnreadBytes {
    /// So many of the last bytes.
    Known(usize),
    /// Nobody can tell, for others wrote to it.
    Unknown,
}

impl UnreadPipe {
    /// Standard output, if it is a pipe whose other end it is not, too.
    pub(super) fn of(output: &RawStdout) -> Option<Self> {
        let fd = output.file();
        let flags = fcntl(fd, FcntlArg::F_GETFL).ok()?;
        let writes = flags & libc::O_ACCMODE == libc::O_WRONLY;
        let is_pipe = file::stat(fd).is_ok_and(|stat| stat.is(libc::S_IFIFO));
        let capacity = pipe::capacity(fd).ok()?;
        let capacity = usize::try_from(capacity).ok()?;
        (writes && is_pipe).then_some(Self { capacity, shared: false, grace: None })
    }

    /// Bytes that may be unread at any time: none of those before them is.
    pub(super) fn capacity(&mut self, output: &RawStdout) -> usize {
        let now = pipe::capacity(output.file()).ok().and_then(|now| usize::try_from(now).ok());
        self.capacity = self.capacity.max(now.unwrap_or(0));
        self.capacity
    }

    /// Returns true if others were seen to write to it. What it has taken counts as delivered then.
    pub(super) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Waits until all of it is read. After a signal, and when the time is over, a reader that does not read is not waited
    /// for any longer.
    ///
    /// # Errors
    /// [`StreamEnd::Unread`], [`StreamEnd::Signal`], [`StreamEnd::Late`].
    pub(super) fn wait(
        &mut self,
        output: &RawStdout,
        patience: &Deadline,
    ) -> Result<(), StreamEnd> {
        let (mut last, mut looks, mut pause) = (u64::MAX, 0, FIRST_PAUSE);
        while !self.shared {
            let Ok(unread @ 1..) = pipe::queued(output.file()) else { break };
            // Nobody but others can have added to it.
            self.shared = unread > last;
            last = unread;
            if output.is_unread() {
                return Err(StreamEnd::Unread);
            }
            let end = match signal::ending() {
                Some(signal) => Some(StreamEnd::Signal(signal)),
                None => patience.is_over().then_some(StreamEnd::Late),
            };
            if let Some(end) = end
                && *self.grace.get_or_insert_with(|| Instant::now() + LAST_CHANCE) <= Instant::now()
            {
                return Err(end);
            }
            looks += 1;
            if looks < LOOKS {
                yield_now();
            } else {
                poll::abandoned_within(output.file(), pause)?;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        Ok(())
    }

    /// What is left in it of `ours`, which were written last, after its readers have gone.
    pub(super) fn left(&self, output: &RawStdout, ours: &[u8]) -> UnreadBytes {
        let unread = pipe::queued(output.file()).ok().and_then(|n| usize::try_from(n).ok());
        let Some(unread) = unread.filter(|_| !self.shared) else { return UnreadBytes::Unknown };
        let count = unread.min(ours.len());
        match self.read_end(output).and_then(|end| self.look(&end, unread)) {
            Some(seen) if !seen.ends_with(&ours[ours.len() - count..]) => UnreadBytes::Unknown,
            // Where it cannot be looked at, it is taken for ours.
            _ => UnreadBytes::Known(count),
        }
    }

    /// Takes the bytes out of it again that its readers, who are there, have not read: how many of the last of `ours`.
    pub(super) fn take_back(&mut self, output: &RawStdout, ours: &[u8]) -> UnreadBytes {
        let unread = pipe::queued(output.file()).ok().and_then(|n| usize::try_from(n).ok());
        let Some(unread) = unread.filter(|_| !self.shared) else { return UnreadBytes::Unknown };
        if unread == 0 {
            return UnreadBytes::Known(0);
        }
        let Some(end) = self.read_end(output) else { return UnreadBytes::Unknown };
        let is_ours = |bytes: &[u8]| ours.ends_with(bytes);
        if !self.look(&end, unread).is_some_and(|seen| is_ours(&seen)) {
            return UnreadBytes::Unknown;
        }
        let mut taken = vec![0; unread];
        let mut length = 0;
        while length < unread
            && let Ok(more @ 1..) = nix::unistd::read(&end, &mut taken[length..])
        {
            length += more;
        }
        taken.truncate(length);
        if is_ours(&taken) {
            return UnreadBytes::Known(length);
        }
        // Somebody else wrote to it in between: there is as much room as was taken.
        let _ = output.write(&taken, &mut 0);
        UnreadBytes::Unknown
    }

    fn read_end(&self, output: &RawStdout) -> Option<OwnedFd> {
        file::reopen(output.file(), OFlag::O_RDONLY).ok()
    }

    /// A copy of what is in it.
    fn look(&self, end: &OwnedFd, length: usize) -> Option<Vec<u8>> {
        let (from, to) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).ok()?;
        let size = i32::try_from(self.capacity).ok()?;
        let _ = fcntl(&to, FcntlArg::F_SETPIPE_SZ(size));
        let copied = tee(end.as_fd(), to.as_fd(), length, SpliceFFlags::SPLICE_F_NONBLOCK).ok()?;
        let mut seen = vec![0; copied];
        let length = nix::unistd::read(&from, &mut seen).ok()?;
        (length == copied && copied == seen.len()).then_some(seen)
    }
}
