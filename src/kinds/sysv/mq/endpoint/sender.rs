//! Sending to a System V queue: `msgsnd(2)`. The kernel has no call that waits for room.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{FIRST_TYPE, QueueById, attempt, max_message, removed};
use crate::kinds::capability::{Attempt, Sender, has};
use crate::kinds::sysv::mq::KIND;
use crate::model::{Class, Fault, Mark, Shortage, Use, Wait};
use crate::sys::msg::{self, Buffer};
use crate::sys::signal;

/// So long a look at the room in a queue waits for the next one, at first and at most: there is no call that waits for it.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct SysvSender {
    pub(super) queue: QueueById,
    pub(super) kind: i64,
    pub(super) buffer: Buffer,
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
