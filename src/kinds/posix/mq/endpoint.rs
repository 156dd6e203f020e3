//! The ends of a POSIX queue: `mq_send(3)`, `mq_receive(3)`. The timeout of `mq_timedreceive(3)` is a time of the clock
//! on the wall, so it is not used: a timer interrupts the calls, see `sys::signal`. To poll(2) the queue would do
//! as well and be half as fast, for a blocked receiver is handed its message.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use nix::fcntl::OFlag;

use super::{KIND, PosixMq, name, with_slash};
use crate::kinds::capability::{
    Attempt, Bounded, EndpointSide, Incoming, Inspect, Messages, Outgoing, Query, Received,
    Receiver, Sender, Want, has,
};
use crate::kinds::inherited::Inherited;
use crate::model::{Class, Fault, Form, Locator, Mark, Param, Settings, Value, Wait};
use crate::model::{Shortage, Use};
use crate::sys::buffer::PageBuffer;
use crate::sys::mqueue::{self, Attributes, OpenFor};
use crate::sys::poll::{self, Woken};
use crate::sys::{file, signal};

static PRIORITY: Param = Param {
    name: "priority",
    metavar: "N",
    help: "Priority, 0 to 32767 (highest first)",
    form: Form::Count,
};

/// One less than MQ_PRIO_MAX.
const HIGHEST: u32 = 32767;

impl Messages for PosixMq {
    fn params(&self, end: EndpointSide) -> &'static [&'static Param] {
        static SEND: &[&Param] = &[&PRIORITY];
        match end {
            EndpointSide::Send => SEND,
            EndpointSide::Receive | EndpointSide::Peek => &[],
        }
    }

    fn sender(
        &self,
        _look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Outgoing, Fault> {
        let priority = checked_priority(settings.number(&PRIORITY).unwrap_or(0))?;
        let queue = OpenQueue::open(locator, OpenFor::Send)?;
        Ok(Outgoing::Messages(Box::new(PosixSender { queue, priority })))
    }

    fn receiver(
        &self,
        _look: &Query,
        locator: &Locator,
        _settings: &Settings,
    ) -> Result<Incoming, Fault> {
        let queue = OpenQueue::open(locator, OpenFor::Receive)?;
        let buffer = PageBuffer::new(queue.size);
        Ok(Incoming::Messages(Box::new(PosixReceiver { queue, buffer, length: 0 })))
    }

    fn copy(&self, look: &Query, locator: &Locator, _: &Settings) -> Result<Incoming, Fault> {
        let look = Query { want: Want::Only(&["messages", "bytes"]), ..*look };
        let found = self.find(&look, locator)?;
        let number = |name| match found.facts.get(name) {
            Some(Value::Count(number) | Value::Bytes(number)) => number.to_string(),
            _ => "an unknown number of".into(),
        };
        Err(Fault::usage(format!(
            "the kernel has no call that reads a message of a {} without removing it; {} messages of {} bytes in all are queued",
            KIND.about,
            number("messages"),
            number("bytes"),
        ))
        .hint("ipcctl recv takes messages; ipcctl show tells who waits for them"))
    }
}

fn checked_priority(priority: u64) -> Result<u32, Fault> {
    u32::try_from(priority)
        .ok()
        .filter(|priority| *priority <= HIGHEST)
        .ok_or_else(|| Fault::usage(format!("a priority is 0 to {HIGHEST}, not {priority}")))
}

/// The open files of a queue. Whether calls block belongs to the open file.
enum Ends {
    /// One on which they do not, and one on which they do.
    Own { now: OwnedFd, waits: OwnedFd },
    /// One that others share.
    Inherited { queue: OwnedFd, blocks: bool, back: Option<OwnedFd> },
}

/// How a call on a queue is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As the file was opened.
    AsOpened,
    /// Without waiting, however the file was opened.
    Now,
}

struct OpenQueue {
    ends: Ends,
    /// Bytes that one message may have.
    size: usize,
    /// Messages that it may hold.
    messages: usize,
}

impl OpenQueue {
    fn open(locator: &Locator, access: OpenFor) -> Result<Self, Fault> {
        if let Locator::Own(fd) = locator {
            return Self::inherited(*fd, access);
        }
        let path = with_slash(name(locator)?)?;
        loop {
            let now = mqueue::open_for(&path, access, false)?;
            let waits = mqueue::open_for(&path, access, true)?;
            // It may have been removed and made again in between.
            if file::stat(&now)?.inode != file::stat(&waits)?.inode {
                continue;
            }
            let shape = mqueue::attributes(now.as_fd())?;
            return Ok(Self::new(Ends::Own { now, waits }, shape));
        }
    }

    fn new(ends: Ends, shape: Attributes) -> Self {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self { ends, size: number(shape.message_size), messages: number(shape.max_messages) }
    }

    /// A queue that this program has open already. It need not have the right to open it.
    fn inherited(fd: u32, access: OpenFor) -> Result<Self, Fault> {
        let (one, shape) = inherited_queue(fd)?;
        one.check(access == OpenFor::Send)?;
        let back = if one.can_write() {
            None
        } else {
            // What cannot be delivered goes back where that is allowed.
            file::reopen(one.file.as_fd(), OFlag::O_WRONLY).ok()
        };
        let blocks = one.blocks();
        Ok(Self::new(Ends::Inherited { queue: one.file, blocks, back }, shape))
    }

    /// Any of the open files.
    fn file(&self) -> &OwnedFd {
        match &self.ends {
            Ends::Own { now: file, .. } | Ends::Inherited { queue: file, .. } => file,
        }
    }

    /// A queue that has lost its name is gone for everybody who comes later. Nobody is woken by that.
    fn check(&self) -> Result<(), Fault> {
        match file::stat(self.file()) {
            Ok(stat) if stat.links == 0 => Err(Fault::new(Class::NotFound, "it was removed")),
            _ => Ok(()),
        }
    }

    fn attempt<T>(
        &self,
        wait: Wait,
        ready: Ready,
        mut call: impl FnMut(BorrowedFd<'_>, Manner) -> io::Result<T>,
    ) -> Result<Attempt<T>, Fault> {
        let (queue, manner) = match (&self.ends, wait) {
            (Ends::Own { now, .. }, Wait::Not) => (now, Manner::AsOpened),
            (Ends::Inherited { queue, .. }, Wait::Not) => (queue, Manner::Now),
            (Ends::Inherited { queue, blocks: false, .. }, Wait::Until(_)) => {
                match self.poll(wait, ready)? {
                    Woken::Ready => (queue, Manner::Now),
                    Woken::Time => return self.check().map(|()| Attempt::Late),
                    Woken::Signal => return Ok(Attempt::Signal),
                }
            }
            (
                Ends::Own { waits: queue, .. } | Ends::Inherited { queue, .. },
                Wait::Until(until),
            ) => match signal::before_blocking(until)? {
                true => (queue, Manner::AsOpened),
                false => return Ok(Attempt::Signal),
            },
        };
        loop {
            return match call(queue.as_fd(), manner) {
                Ok(done) => Ok(Attempt::Done(done)),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    Ok(Attempt::Late)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.check()?;
                    match wait {
                        // What does not wait tells nothing by it.
                        Wait::Not => continue,
                        Wait::Until(_) => Ok(Attempt::Late),
                    }
                }
                Err(error) => Err(Fault::from_os(&error)),
            };
        }
    }

    /// Waits without a call that takes or sends.
    fn poll(&self, wait: Wait, ready: Ready) -> Result<Woken, Fault> {
        let until = match wait {
            Wait::Not => Some(Instant::now()),
            Wait::Until(until) => until,
        };
        Ok(ready(self.file().as_fd(), until)?)
    }

    fn send(&self, message: &[u8], priority: u32, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.attempt(wait, poll::writable, |queue, manner| match manner {
            Manner::AsOpened => mqueue::send(queue, message, priority),
            Manner::Now => mqueue::send_now(queue, message, priority),
        })
    }
}

/// Waits a while until a queue has room, or a message.
type Ready = fn(BorrowedFd<'_>, Option<Instant>) -> io::Result<Woken>;

fn inherited_queue(fd: u32) -> Result<(Inherited, Attributes), Fault> {
    let one = Inherited::open(fd)?;
    match mqueue::attributes(one.file.as_fd()) {
        Ok(shape) => Ok((one, shape)),
        Err(_) => Err(one.refusal("a POSIX message queue")),
    }
}

/// The name of an inherited queue, without its slash.
///
/// # Errors
/// It has none any more.
pub(super) fn inherited_name(fd: u32) -> Result<OsString, Fault> {
    let (one, _) = inherited_queue(fd)?;
    let stat = file::stat(&one.file)?;
    let text = std::fs::read_link(format!("/proc/self/fd/{fd}"))?;
    let name = text.file_name().map(OsStr::to_owned).unwrap_or_default();
    let open = mqueue::open(&with_slash(&name)?).and_then(|queue| file::stat(&queue));
    match open {
        Ok(found) if (found.device, found.inode) == (stat.device, stat.inode) => Ok(name),
        _ => Err(Fault::new(Class::NotFound, "the queue has lost its name, or cannot be opened")),
    }
}

struct PosixSender {
    queue: OpenQueue,
    priority: u32,
}

impl Sender for PosixSender {
    fn most(&self) -> usize {
        self.queue.size
    }

    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault> {
        let most = self.queue.size as u64;
        (length > most).then(|| {
            let has = has(length, or_more);
            Fault::new(
                Class::Limit,
                format!("{has} than the {most} that this queue was made for"),
            )
            .hint(
                "make the queue with a greater --message-size; fs.mqueue.msgsize_max is its limit",
            )
        })
    }

    fn has_word(&self, mark: Mark) -> bool {
        matches!(mark, Mark::Priority(_))
    }

    fn wait_for_room(&mut self, _length: usize, wait: Wait) -> Result<Attempt<usize>, Fault> {
        let woken = self.queue.poll(wait, poll::writable)?;
        self.queue.check()?;
        Ok(match woken {
            Woken::Ready => Attempt::Done(self.queue.size),
            Woken::Time => Attempt::Late,
            Woken::Signal => Attempt::Signal,
        })
    }

    fn full(&self, _length: u64) -> Option<Shortage> {
        let shape = mqueue::attributes(self.queue.file().as_fd()).ok()?;
        let short = Shortage {
            name: "the queue",
            unit: " messages",
            used: Use::Exactly(shape.messages),
            limit: shape.max_messages,
            more: 1,
            hint: String::new(),
        };
        Some(short).filter(Shortage::is_short)
    }

    fn send(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault> {
        let priority = match mark {
            Mark::None => self.priority,
            Mark::Priority(priority) => checked_priority(priority.into())?,
            Mark::Type(_) => {
                return Err(Fault::usage(format!("a {} has priorities, no types", KIND.about)));
            }
        };
        match self.refuse(message.len() as u64, false) {
            Some(refusal) => Err(refusal),
            None => self.queue.send(message, priority, wait),
        }
    }

    fn check(&mut self) -> Result<(), Fault> {
        self.queue.check()
    }
}

struct PosixReceiver {
    queue: OpenQueue,
    buffer: PageBuffer,
    length: usize,
}

impl Receiver for PosixReceiver {
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault> {
        let buffer = &mut self.buffer;
        let taken = self.queue.attempt(wait, poll::readable, |queue, manner| match manner {
            Manner::AsOpened => mqueue::receive(queue, buffer),
            Manner::Now => mqueue::receive_now(queue, buffer),
        })?;
        Ok(match taken {
            Attempt::Done((length, priority)) => {
                self.length = length;
                Attempt::Done(Received::Message(Mark::Priority(priority)))
            }
            Attempt::Late => Attempt::Late,
            Attempt::Signal => Attempt::Signal,
        })
    }

    /// The call wants room for the longest message that the queue may hold, so only that much tells anything.
    fn receive_up_to(&mut self, most: usize, wait: Wait) -> Result<Attempt<Bounded>, Fault> {
        if most >= self.queue.size {
            return Ok(match self.receive(wait)? {
                Attempt::Done(Received::Message(mark)) => Attempt::Done(Bounded::Taken(mark)),
                Attempt::Done(Received::End) | Attempt::Late => Attempt::Late,
                Attempt::Signal => Attempt::Signal,
            });
        }
        Ok(match self.queue.poll(wait, poll::readable)? {
            // What is in a queue without a name is still to be had.
            Woken::Ready => Attempt::Done(Bounded::Unmeasured),
            Woken::Time => self.queue.check().map(|()| Attempt::Late)?,
            Woken::Signal => Attempt::Signal,
        })
    }

    fn message(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    fn put_back(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault> {
        // In a queue without a name it would be lost with our descriptor.
        self.queue.check()?;
        let priority = match mark {
            Mark::Priority(priority) => priority,
            Mark::None | Mark::Type(_) => 0,
        };
        if let Ends::Inherited { back: Some(back), .. } = &self.queue.ends {
            return match mqueue::send(back.as_fd(), message, priority) {
                Ok(()) => Ok(Attempt::Done(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Attempt::Late),
                Err(error) => Err(Fault::from_os(&error)),
            };
        }
        self.queue.send(message, priority, wait).map_err(|fault| match fault.class {
            Class::Failed => Fault::new(Class::Denied, "permission denied to send to it"),
            _ => fault,
        })
    }

    fn queued(&self) -> Option<u64> {
        mqueue::attributes(self.queue.file().as_fd()).ok().map(|shape| shape.messages)
    }

    fn room(&self) -> (usize, usize) {
        (self.queue.messages, self.queue.messages.saturating_mul(self.queue.size))
    }
}
