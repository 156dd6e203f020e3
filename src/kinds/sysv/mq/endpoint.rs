//! The ends of a System V queue: `msgop(2)`. These calls have no timeout: a timer interrupts them, see
//! `sys::signal`.

mod receiver;
mod sender;

use std::io;

use super::{SOURCE, SysvMq, fault};
use crate::kinds::capability::{Attempt, EndpointSide, Incoming, Messages, Outgoing, Query};
use crate::model::{Class, Fault, Form, Locator, Param, Settings, Wait};
use crate::sys::msg::{self, Buffer};
use crate::sys::signal;
use receiver::{Copy, SysvReceiver};
use sender::SysvSender;

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
