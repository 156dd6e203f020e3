//! The ends of what carries messages: framing, deadlines, and delivery that loses nothing. Knows senders and
//! receivers, never a kind; reads standard input and writes standard output, and has no talk of its own.

pub mod bytes;
pub mod deadline;
pub mod delivery;
pub mod frame;
pub mod jobs;
mod json;
pub mod receiving;
pub mod rescue;
pub mod sending;
pub mod stdout;

use crate::model::Fault;

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
