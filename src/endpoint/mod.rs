//! The ends of what carries messages: framing, deadlines, and delivery that loses nothing. Knows senders and
//! receivers, never a kind; reads standard input and writes standard output, and has no talk of its own.

pub mod attempts;
pub mod bytes;
pub mod dead_letters;
pub mod deadline;
pub mod delivery;
pub mod frame;
pub mod frame_reader;
pub mod framed_source;
mod input;
pub mod jobs;
mod json;
pub mod moving;
pub mod receiving;
pub mod rescue;
pub mod sending;
pub mod stdout;
mod unread;
pub mod writing;

use crate::kinds::capability::Sender;
use crate::model::{Fault, Mark};

/// How an endpoint ends before its work is done.
#[derive(Debug)]
pub enum StreamEnd {
    /// It failed.
    Fault(Fault),
    /// The time is over, or it would have to wait and must not.
    Late,
    /// A signal asked it to end.
    Signal(i32),
    /// Nobody reads the answer any more.
    Unread,
}

impl From<Fault> for StreamEnd {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<std::io::Error> for StreamEnd {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// Is told of what has passed: messages and bytes.
pub type OnProgress<'a> = &'a dyn Fn(u64, u64);

/// What a message keeps of its priority or type where it goes: a word that is not known there is dropped, and counted unless it
/// is the usual one.
fn kept_mark(to: &dyn Sender, mark: Mark, dropped: &mut Option<(&'static str, u64)>) -> Mark {
    match mark.parts() {
        Some((word, _)) if !to.has_word(mark) => {
            if !mark.is_usual() {
                let (_, count) = dropped.unwrap_or_default();
                *dropped = Some((word, count + 1));
            }
            Mark::None
        }
        _ => mark,
    }
}
