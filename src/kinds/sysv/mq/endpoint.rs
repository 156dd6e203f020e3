//! The ends of a System V queue: `msgop(2)`. These calls have no timeout: a timer interrupts them, see
//! `sys::signal`.

use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{KIND, SOURCE, SysvMq, fault};
use crate::kinds::capability::{
    Attempt, Bounded, EndpointSide, Incoming, Messages, Outgoing, Query, Received, Receiver,
    Sender, has,
};
use crate::model::{Class, Fault, Form, Locator, Mark, Param, Settings, Wait};
use crate::model::{Shortage, Use};
use crate::sys::msg::{self, Buffer};
use crate::sys::signal;

static TYPE: Param = Param {
    name: "type",
    metavar: "N",
    help: "Type of the messages, 1 or above",
    form: Form::Count,
};
static CHOICE: Param = Param {
    name: "type",
    metavar: "N",
    help: "Only this type; 0: any; -N: lowest type up to N",
    form: Form::Integer,
};
static EXCEPT: Param =
    Param { name: "except", metavar: "", help: "All types but that of --type", form: Form::Flag };
static INDEX: Param = Param {
    name: "index",
    metavar: "I",
    help: "Start with this message, counted from 0 in order of arrival",
    form: Form::Count,
};

/// Bytes that a message may have in the buffer of a receiver at first: it grows when one is longer.
const FIRST_ROOM: usize = 8192;

/// The first type that a message can have, and that it has when nothing else was said.
const FIRST_TYPE: i64 = 1;

impl Messages for SysvMq {
    fn params(&self, end: EndpointSide) -> &'static [&'static Param] {
        static SEND: &[&Param] = &[&TYPE];
        static RECEIVE: &[&Param] = &[&CHOICE, &EXCEPT];
        static PEEK: &[&Param] = &[&INDEX];
        match end {
            EndpointSide::Send => SEND,
            EndpointSide::Receive => RECEIVE,
            EndpointSide::Peek => PEEK,
        }
    }

    fn sender(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Outgoing, Fault> {
        let kind = match settings.number(&TYPE).map(i64::try_from) {
            None => FIRST_TYPE,
            Some(Ok(kind @ FIRST_TYPE..)) => kind,
            Some(_) => return Err(Fault::usage("a type is 1 to 9223372036854775807")),
        };
        Ok(Outgoing::Messages(Box::new(QueueById::open(look, locator)?.sender(kind))))
    }

    fn receiver(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Incoming, Fault> {
        let selection = settings.integer(&CHOICE).unwrap_or(0);
        let flags = match settings.given(&EXCEPT) {
            false => 0,
            true if selection > 0 => libc::MSG_EXCEPT,
            true => {
                return Err(Fault::usage("--except needs --type with a type of 1 or above"));
            }
        };
        Ok(Incoming::Messages(Box::new(QueueById::open(look, locator)?.receiver(selection, flags))))
    }

    fn copy(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Incoming, Fault> {
        let index = settings.number(&INDEX).unwrap_or(0);
        let index =
            i64::try_from(index).map_err(|_| Fault::usage("no queue has so many messages"))?;
        let flags = libc::MSG_COPY | libc::IPC_NOWAIT;
        Ok(Incoming::Messages(Box::new(Copy(
            QueueById::open(look, locator)?.receiver(index, flags),
        ))))
    }
}

/// A queue by its id, which names it and no later one.
struct QueueById {
    id: u32,
    /// Bytes of messages that it may hold, where that could be read.
    max_bytes: Option<u64>,
}

impl QueueById {
    fn open(look: &Query, locator: &Locator) -> Result<Self, Fault> {
        let found = SOURCE.find(look, locator, false)?;
        Ok(Self { id: found.id, max_bytes: found.max_bytes })
    }

    fn sender(self, kind: i64) -> SysvSender {
        SysvSender { queue: self, kind, buffer: Buffer::new(FIRST_ROOM) }
    }

    fn receiver(self, selection: i64, flags: libc::c_int) -> SysvReceiver {
        let buffer = Buffer::new(max_message().clamp(FIRST_ROOM, 1 << 20));
        let back = QueueById { ..self };
        SysvReceiver { back: back.sender(FIRST_TYPE), selection, flags, buffer, length: 0 }
    }

    /// Returns true if it still exists. The slot of the id may hold a later queue.
    fn is_gone(&self) -> bool {
        match msg::stat_any(self.id) {
            Ok(found) => found.id != self.id,
            Err(_) => matches!(
                msg::stat(self.id).map_err(|error| error.raw_os_error()),
                Err(Some(libc::EINVAL | libc::EIDRM))
            ),
        }
    }

    /// What an errno means that sending and receiving share.
    fn fault(&self, error: &io::Error) -> Fault {
        match error.raw_os_error() {
            Some(libc::EIDRM) => removed(),
            Some(libc::EINVAL) if self.is_gone() => removed(),
            Some(libc::EINVAL) => Fault::from_os(error),
            _ => fault(error),
        }
    }

    fn status(&self) -> Option<msg::Queue> {
        let found = msg::stat_any(self.id).or_else(|_| msg::stat(self.id)).ok();
        found.filter(|found| found.id == self.id)
    }
}

fn removed() -> Fault {
    Fault::new(Class::NotFound, "it was removed")
}

/// MSGMAX: bytes of one message.
fn max_message() -> usize {
    let most = msg::limits().map_or(FIRST_ROOM as u64, |limits| limits.max_message);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Makes a call that may block and has no timeout; `blocked` is the errno with which it says that it would.
fn attempt<T>(
    wait: Wait,
    blocked: libc::c_int,
    mut call: impl FnMut(libc::c_int) -> io::Result<T>,
) -> io::Result<Attempt<T>> {
    let flags = match wait {
        Wait::Not => libc::IPC_NOWAIT,
        Wait::Until(until) if signal::before_blocking(until)? => 0,
        Wait::Until(_) => return Ok(Attempt::Signal),
    };
    loop {
        return match call(flags) {
            Ok(done) => Ok(Attempt::Done(done)),
            Err(error) if error.raw_os_error() == Some(blocked) => Ok(Attempt::Late),
            // What does not wait tells nothing by it.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => match wait {
                Wait::Not => continue,
                Wait::Until(_) => Ok(Attempt::Late),
            },
            Err(error) => Err(error),
        };
    }
}

/// So long a look at the room in a queue waits for the next one, at first and at most: there is no call that waits for it.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

struct SysvSender {
    queue: QueueById,
    kind: i64,
    buffer: Buffer,
}

impl SysvSender {
    fn kind(&self, mark: Mark) -> Result<i64, Fault> {
        match mark {
            Mark::None => Ok(self.kind),
            Mark::Type(kind @ FIRST_TYPE..) => Ok(kind),
            Mark::Type(kind) => Err(Fault::usage(format!("a type is 1 or above, not {kind}"))),
            Mark::Priority(_) => {
                Err(Fault::usage(format!("a {} has types, no priorities", KIND.about)))
            }
        }
    }
}

impl Sender for SysvSender {
    fn most(&self) -> usize {
        let room = self.queue.max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        max_message().min(room.unwrap_or(usize::MAX))
    }

    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault> {
        let most = max_message() as u64;
        let has = has(length, or_more);
        if length > most {
            let cause = format!("{has} than MSGMAX ({most})");
            return Some(Fault::new(Class::Limit, cause).hint("raise kernel.msgmax"));
        }
        let room = self.queue.max_bytes.filter(|room| length > *room)?;
        let cause = format!("{has} than the queue may hold in all ({room})");
        Some(Fault::new(Class::Limit, cause).hint("raise it with ipcctl set --max-bytes"))
    }

    fn has_word(&self, mark: Mark) -> bool {
        matches!(mark, Mark::Type(_))
    }

    fn wait_for_room(&mut self, length: usize, wait: Wait) -> Result<Attempt<usize>, Fault> {
        let look_around = Instant::now() + signal::LOOK;
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(status) = self.queue.status() else {
                if self.queue.is_gone() {
                    return Err(removed());
                }
                // It may not be looked at: only sending tells.
                return Ok(Attempt::Done(self.most()));
            };
            self.queue.max_bytes = status.max_bytes;
            let room = status.max_bytes.unwrap_or(u64::MAX).saturating_sub(status.bytes);
            // Messages without bytes count, too.
            let counts = status.messages < status.max_bytes.unwrap_or(u64::MAX);
            if counts && length as u64 <= room {
                return Ok(Attempt::Done(usize::try_from(room).unwrap_or(usize::MAX)));
            }
            if signal::ending().is_some() {
                return Ok(Attempt::Signal);
            }
            if wait.is_over() || look_around <= Instant::now() {
                return Ok(Attempt::Late);
            }
            // A signal that comes right before it is seen after it: the pause is short.
            sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn full(&self, length: u64) -> Option<Shortage> {
        let id = self.queue.id;
        let now = msg::stat_any(id).or_else(|_| msg::stat(id)).ok().filter(|now| now.id == id)?;
        // The kernel holds both against the same number: msgsnd(2).
        let limit = now.max_bytes.or(self.queue.max_bytes)?;
        let short = |unit, used, more| Shortage {
            name: "the queue",
            unit,
            used: Use::Exactly(used),
            limit,
            more,
            hint: String::new(),
        };
        let limits = [short(" bytes", now.bytes, length), short(" messages", now.messages, 1)];
        limits.into_iter().find(Shortage::is_short)
    }

    fn send(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault> {
        let kind = self.kind(mark)?;
        // A message that can never fit would wait for ever.
        if self.queue.max_bytes.is_some_and(|room| message.len() as u64 > room)
            && let Some(refusal) = self.refuse(message.len() as u64, false)
        {
            return Err(refusal);
        }
        if self.buffer.room() < message.len() {
            self.buffer = Buffer::new(message.len());
        }
        let (id, buffer) = (self.queue.id, &mut self.buffer);
        attempt(wait, libc::EAGAIN, |flags| msg::send(id, buffer, kind, message, flags)).map_err(
            |error| match error.raw_os_error() {
                Some(libc::EINVAL) => {
                    let fault = self.queue.fault(&error);
                    self.refuse(message.len() as u64, false)
                        .filter(|_| fault.class != Class::NotFound)
                        .unwrap_or(fault)
                }
                _ => self.queue.fault(&error),
            },
        )
    }

    fn check(&mut self) -> Result<(), Fault> {
        // Sending to a queue that is gone says so.
        Ok(())
    }
}

struct SysvReceiver {
    /// The way back into the same queue.
    back: SysvSender,
    selection: i64,
    flags: libc::c_int,
    buffer: Buffer,
    length: usize,
}

impl SysvReceiver {
    fn take(&mut self, wait: Wait) -> Result<Attempt<Received>, io::Error> {
        loop {
            let (id, selection, flags) = (self.back.queue.id, self.selection, self.flags);
            let buffer = &mut self.buffer;
            let taken = attempt(wait, libc::ENOMSG, |more| {
                msg::receive(id, buffer, selection, flags | more)
            });
            match taken {
                Ok(Attempt::Done((length, kind))) => {
                    self.length = length;
                    return Ok(Attempt::Done(Received::Message(Mark::Type(kind))));
                }
                Ok(Attempt::Late) => return Ok(Attempt::Late),
                Ok(Attempt::Signal) => return Ok(Attempt::Signal),
                // It stays in the queue, and there is room for it the next time.
                Err(error) if error.raw_os_error() == Some(libc::E2BIG) => self.grow(),
                Err(error) => return Err(error),
            }
        }
    }

    /// Bytes of the next message, which stays; more than any can have when it is above MSGMAX.
    fn next_length(&self) -> Option<usize> {
        let flags = libc::MSG_COPY | libc::IPC_NOWAIT;
        let mut room = Buffer::new(max_message());
        match msg::receive(self.back.queue.id, &mut room, 0, flags) {
            Ok((length, _)) => Some(length),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Some(usize::MAX),
            Err(_) => None,
        }
    }

    fn grow(&mut self) {
        let held = msg::stat_any(self.back.queue.id).map_or(0, |queue| queue.bytes);
        let held = usize::try_from(held).unwrap_or(0);
        self.buffer = Buffer::new(held.max(self.buffer.room().saturating_mul(2)));
    }
}

impl Receiver for SysvReceiver {
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault> {
        self.take(wait).map_err(|error| self.back.queue.fault(&error))
    }

    fn receive_up_to(&mut self, most: usize, wait: Wait) -> Result<Attempt<Bounded>, Fault> {
        let (id, selection, flags) = (self.back.queue.id, self.selection, self.flags);
        if self.buffer.room() < most {
            self.buffer = Buffer::new(most);
        }
        let buffer = &mut self.buffer;
        let taken = attempt(wait, libc::ENOMSG, |more| {
            msg::receive_up_to(id, buffer, most, selection, flags | more)
        });
        match taken {
            Ok(Attempt::Done((length, kind))) => {
                self.length = length;
                Ok(Attempt::Done(Bounded::Taken(Mark::Type(kind))))
            }
            Ok(Attempt::Late) => Ok(Attempt::Late),
            Ok(Attempt::Signal) => Ok(Attempt::Signal),
            Err(error) if error.raw_os_error() == Some(libc::E2BIG) => {
                Ok(Attempt::Done(Bounded::Longer(self.next_length())))
            }
            Err(error) => Err(self.back.queue.fault(&error)),
        }
    }

    fn message(&self) -> &[u8] {
        self.buffer.bytes(self.length)
    }

    fn put_back(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.back.send(message, mark, wait)
    }

    fn queued(&self) -> Option<u64> {
        self.back.queue.status().map(|found| found.messages)
    }

    fn room(&self) -> (usize, usize) {
        let bytes = self.back.queue.max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let bytes = bytes.unwrap_or(FIRST_ROOM);
        (bytes, bytes)
    }
}

/// A receiver that leaves everything where it is: MSG_COPY. The selection is the index of the next message.
struct Copy(SysvReceiver);

impl Receiver for Copy {
    fn receive(&mut self, _wait: Wait) -> Result<Attempt<Received>, Fault> {
        match self.0.take(Wait::Not) {
            Ok(Attempt::Done(found)) => {
                self.0.selection += 1;
                Ok(Attempt::Done(found))
            }
            Ok(_) => Ok(Attempt::Done(Received::End)),
            Err(error) => Err(match error.raw_os_error() {
                Some(libc::ENOSYS) => Fault::new(
                    Class::Failed,
                    "this kernel has no way to look at a message without taking it (MSG_COPY)",
                ),
                Some(libc::EINVAL) if !self.0.back.queue.is_gone() => {
                    let (index, most) = (self.0.selection, max_message());
                    Fault::new(
                        Class::Limit,
                        format!("message {index} has more than MSGMAX ({most}) bytes and can only be taken"),
                    )
                    .hint("raise kernel.msgmax, or use ipcctl recv")
                }
                _ => self.0.back.queue.fault(&error),
            }),
        }
    }

    fn message(&self) -> &[u8] {
        self.0.message()
    }

    fn put_back(
        &mut self,
        _message: &[u8],
        _mark: Mark,
        _wait: Wait,
    ) -> Result<Attempt<()>, Fault> {
        Ok(Attempt::Done(()))
    }

    fn queued(&self) -> Option<u64> {
        None
    }

    fn room(&self) -> (usize, usize) {
        self.0.room()
    }
}
