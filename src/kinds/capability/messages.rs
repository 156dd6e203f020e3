//! To carry messages: what a kind that does so hands out. Two shapes: kinds that keep messages apart, and kinds
//! that carry bytes. Knows nothing of frames, files or commands.

use std::io;
use std::os::fd::BorrowedFd;

use super::Query;
use crate::model::{Fault, Locator, Mark, Param, Settings, Shortage, Wait};

/// The ends of an object that carries messages, for their options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointSide {
    /// Messages go in.
    Send,
    /// Messages come out.
    Receive,
    /// Messages are looked at and stay.
    Peek,
}

/// What came of a call that may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<T> {
    /// It is done.
    Done(T),
    /// It would have to wait longer than it may; or it has waited a while, and who waits may want to look around.
    Late,
    /// A signal came that somebody should look at: `sys::signal`.
    Signal,
}

/// What a receiver may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message: its bytes are what `Receiver::message` gives.
    Message(Mark),
    /// There is no more and there will be none: the last writer has gone.
    End,
}

/// What a receiver may find that takes no message of more than some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// A message that has no more.
    Taken(Mark),
    /// A message that has more, and stays; and how many, where that can be known.
    Longer(Option<usize>),
    /// A message that stays: how long it is only taking it would tell.
    Unmeasured,
}

/// To carry messages.
pub trait Messages: Sync {
    /// The options of this kind.
    fn params(&self, end: EndpointSide) -> &'static [&'static Param];

    /// Returns true if a message that was taken can be put back.
    fn takes_back(&self) -> bool {
        true
    }

    /// Opens the end where messages go in. Nothing is waited for yet.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`], [`crate::model::Class::Denied`], a usage error in the options.
    fn sender(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Outgoing, Fault>;

    /// Opens the end where messages come out. Nothing is waited for or taken yet.
    ///
    /// # Errors
    /// As [`Messages::sender`].
    fn receiver(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Incoming, Fault>;

    /// As [`Messages::receiver`], over a copy of what is in the object, which stays as it is.
    ///
    /// # Errors
    /// As [`Messages::sender`]; a usage error when the kernel has no such call.
    fn copy(&self, look: &Query, locator: &Locator, settings: &Settings)
    -> Result<Incoming, Fault>;
}

/// To be looked at without taking anything, where nothing can be sent or received.
pub trait Copies: Sync {
    /// A copy of what is in the object, which stays as it is.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`], [`crate::model::Class::Denied`].
    fn copy(&self, look: &Query, locator: &Locator) -> Result<Incoming, Fault>;
}

/// The end where messages go in.
pub enum Outgoing {
    /// Of a kind that keeps messages apart.
    Messages(Box<dyn Sender>),
    /// Of a kind that carries bytes: what keeps messages apart must be among the bytes.
    Bytes(Box<dyn ByteSink>),
}

/// The end where messages come out.
pub enum Incoming {
    /// Of a kind that keeps messages apart.
    Messages(Box<dyn Receiver>),
    /// Of a kind that carries bytes.
    Bytes(Box<dyn ByteSource>),
}

/// Sends messages.
pub trait Sender {
    /// Bytes that one message may have.
    fn most(&self) -> usize;

    /// Why a message of so many bytes cannot be sent: which limit it is, and who sets it. `None`: it can.
    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault>;

    /// Returns true if its messages have a word like this one: a priority or a type.
    fn has_word(&self, mark: Mark) -> bool;

    /// Waits until a message of `length` bytes has room, and says how many bytes have room. Others may be faster.
    ///
    /// # Errors
    /// The object is gone.
    fn wait_for_room(&mut self, length: usize, wait: Wait) -> Result<Attempt<usize>, Fault>;

    /// Sends one message, wholly or not at all.
    ///
    /// # Errors
    /// The object is gone, the message is too long, its mark is not of this kind.
    fn send(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault>;

    /// What a message of so many bytes has too little room of now, where that is known.
    fn full(&self, _length: u64) -> Option<Shortage> {
        None
    }

    /// Looks whether the object still has its name, so that somebody can find what was sent.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`] when it was removed.
    fn check(&mut self) -> Result<(), Fault>;
}

/// Receives messages.
pub trait Receiver {
    /// Takes the next message.
    ///
    /// # Errors
    /// The object is gone.
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault>;

    /// Takes the next message if it has at most `most` bytes, as far as that can be known before.
    ///
    /// # Errors
    /// The object is gone.
    fn receive_up_to(&mut self, _most: usize, _wait: Wait) -> Result<Attempt<Bounded>, Fault> {
        Ok(Attempt::Done(Bounded::Unmeasured))
    }

    /// The message that was taken last.
    fn message(&self) -> &[u8];

    /// Returns true if a message that is put back can be received again.
    fn takes_back(&self) -> bool {
        true
    }

    /// Puts a message back that could not be delivered.
    ///
    /// # Errors
    /// Why it cannot be put back.
    fn put_back(&mut self, message: &[u8], mark: Mark, wait: Wait) -> Result<Attempt<()>, Fault>;

    /// After the last writer has gone: waits for the next one.
    ///
    /// # Errors
    /// The object is gone.
    fn wait_for_sender(&mut self, _wait: Wait) -> Result<Attempt<()>, Fault> {
        Ok(Attempt::Done(()))
    }

    /// Messages that are there now, where that is known.
    fn queued(&self) -> Option<u64>;

    /// Messages, and bytes of messages, that can be put back into it when nobody else fills it.
    fn room(&self) -> (usize, usize);
}

/// Writes bytes.
pub trait ByteSink {
    /// Waits until there is somebody who reads.
    ///
    /// # Errors
    /// The object is gone.
    fn connect(&mut self, wait: Wait) -> Result<Attempt<()>, Fault>;

    /// Before messages of more bytes than are written together for sure: keeps other senders of such messages out, and waits
    /// until the first one, of `least` bytes, has room as a whole, if that can ever be. Without a deadline one for which there
    /// can never be room may begin. Tells how many bytes may be written then, of `most` that are at hand.
    ///
    /// # Errors
    /// Another sender does not end; there can never be room.
    fn reserve(&mut self, least: usize, most: usize, wait: Wait) -> Result<Attempt<usize>, Fault>;

    /// Writes on with a message that has begun, for a while and whatever signal has come.
    ///
    /// # Errors
    /// Nobody reads any more.
    fn write_on(&mut self, bytes: &[u8]) -> Result<usize, Fault>;

    /// After such a message: others may send theirs, now and then, or at once when `all` of them are written.
    fn release(&mut self, all: bool);

    /// Writes some of these bytes; so few that others cannot come in between, all of them or none.
    ///
    /// # Errors
    /// Nobody reads any more.
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<Attempt<usize>, Fault>;

    /// Why so many bytes have no room now as a whole, where that is known.
    fn full(&self, _length: u64) -> Option<String> {
        None
    }

    /// Moves bytes that are in a pipe without copying them: how many, 0 at its end. `None`: that cannot be done.
    ///
    /// # Errors
    /// Nobody reads any more.
    fn splice(&mut self, from: BorrowedFd<'_>, wait: Wait)
    -> Result<Option<Attempt<usize>>, Fault>;
}

/// What a source may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Bytes.
    Bytes,
    /// The last writer has gone.
    End,
}

/// Reads bytes.
pub trait ByteSource {
    /// Waits until there are bytes, or there is nobody who writes any more.
    ///
    /// # Errors
    /// The object is gone.
    fn wait(&mut self, wait: Wait) -> Result<Attempt<Flow>, Fault>;

    /// After the last writer has gone: waits for the next one.
    ///
    /// # Errors
    /// The object is gone.
    fn wait_for_writer(&mut self, wait: Wait) -> Result<Attempt<()>, Fault>;

    /// Takes bytes that are there: 0 when there are none.
    ///
    /// # Errors
    /// Those of `read(2)`.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Fault>;

    /// Bytes from the first that are there, which stay: how many, 0 when there are none or it cannot be done.
    fn look(&mut self, room: &mut [u8]) -> usize;

    /// Moves bytes without copying them: `Ok(0)` when there are none, or `to` has no room, now or, if it may wait,
    /// after a while.
    ///
    /// # Errors
    /// EINVAL: that cannot be done; and what writing says.
    fn splice(&mut self, to: BorrowedFd<'_>, waits: bool) -> io::Result<usize>;
}

/// The beginning of a refusal, up to the limit: `it has 9000 bytes, more` than it. Of a stream only so much may be
/// known: `it has more bytes`.
pub(crate) fn has(length: u64, or_more: bool) -> String {
    if or_more { "it has more bytes".into() } else { format!("it has {length} bytes, more") }
}
