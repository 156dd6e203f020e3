//! Receiving from a System V queue, and copying out of it: `msgrcv(2)`.

use std::io;

use super::sender::SysvSender;
use super::{FIRST_ROOM, attempt, max_message};
use crate::kinds::capability::{Attempt, Bounded, Received, Receiver, Sender};
use crate::model::{Class, Fault, Mark, Wait};
use crate::sys::msg::{self, Buffer};

pub(super) struct SysvReceiver {
    /// The way back into the same queue.
    pub(super) back: SysvSender,
    pub(super) selection: i64,
    pub(super) flags: libc::c_int,
    pub(super) buffer: Buffer,
    pub(super) length: usize,
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
pub(super) struct Copy(pub(super) SysvReceiver);

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
