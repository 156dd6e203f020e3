//! The loop of a sender: messages from arguments or from standard input, and exactly how many went.

use std::os::unix::ffi::OsStrExt;

use super::deadline::{Deadline, patiently};
use super::frame::Frame;
use super::frame_reader::{FrameReader, LONGEST, Step};
use super::input::{Input, is_regular_file, take_abandoned_input};
use super::{OnProgress, StreamEnd, kept_mark};
use crate::kinds::capability::{ByteSink, Sender};
use crate::model::{Class, Fault, Mark};
use crate::sys::pipe::PIPE_BUF;
use crate::sys::signal;

/// What went, and what did not.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Whole messages.
    pub messages: u64,
    /// Their bytes, with what is between them on a stream of bytes.
    pub bytes: u64,
    /// Bytes of a message that went in part.
    pub part: u64,
    /// What was read from standard input and did not go, in the frame in which it was read.
    pub rest: Vec<u8>,
    /// The word that messages had and the destination has not, *priority* or *type*, and how many had it.
    pub dropped: Option<(&'static str, u64)>,
    /// Why the next message had no room, where sending ended for want of it and the kind tells.
    pub full: Option<String>,
}

/// Where messages go in, in either shape, and how long to wait for room.
pub trait Destination {
    /// Bytes that one message may have.
    fn most(&self) -> usize;

    /// Why a message of at least so many bytes cannot be sent, if it cannot.
    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault>;

    /// Sends one message.
    ///
    /// # Errors
    /// Why it did not go.
    fn send(&mut self, message: &[u8], mark: Mark, sent: &mut Sent) -> Result<(), StreamEnd>;

    /// Before a pause of unknown length, and at the end: all that was handed over goes now.
    ///
    /// # Errors
    /// As [`Destination::send`].
    fn settle(&mut self, sent: &mut Sent) -> Result<(), StreamEnd>;

    /// After a failure: the messages that were handed over and did not go whole, in this frame. `failed` is the one that
    /// was handed over last.
    fn unsent(&mut self, frame: Frame, failed: Option<(&[u8], Mark)>) -> Vec<u8>;
}

fn framed(frame: Frame, message: Option<(&[u8], Mark)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some((message, mark)) = message {
        frame.write(message, mark, &mut bytes);
    }
    bytes
}

/// The entry of a kind that keeps messages apart.
pub struct DirectSender<'a> {
    /// The end where messages go in.
    pub sender: &'a mut dyn Sender,
    /// How long each may wait for room.
    pub patience: Deadline,
}

impl Destination for DirectSender<'_> {
    fn most(&self) -> usize {
        self.sender.most()
    }

    fn refuse(&self, length: u64, or_more: bool) -> Option<Fault> {
        self.sender.refuse(length, or_more)
    }

    fn send(&mut self, message: &[u8], mark: Mark, sent: &mut Sent) -> Result<(), StreamEnd> {
        let wait = self.patience.next();
        let mark = kept_mark(self.sender, mark, &mut sent.dropped);
        let attempt = patiently(wait, |wait| self.sender.send(message, mark, wait), || Ok(()));
        if matches!(attempt, Err(StreamEnd::Late)) {
            let short = self.sender.full(message.len() as u64);
            sent.full = short.map(|short| format!("it is full: {}", short.figures()));
        }
        attempt?;
        sent.messages += 1;
        sent.bytes += message.len() as u64;
        Ok(())
    }

    fn settle(&mut self, _sent: &mut Sent) -> Result<(), StreamEnd> {
        Ok(self.sender.check()?)
    }

    fn unsent(&mut self, frame: Frame, failed: Option<(&[u8], Mark)>) -> Vec<u8> {
        framed(frame, failed)
    }
}

/// Bytes of long messages that are handed over together: each of them has to wait until the pipe is empty.
const BATCH: usize = 1 << 17;

/// The entry of a kind that carries bytes: frames keep messages apart. Frames go together as long as others
/// cannot come in between: up to PIPE_BUF bytes of short ones, or more when a long one keeps others out.
pub struct Framed<'a> {
    sink: &'a mut dyn ByteSink,
    frame: Frame,
    patience: Deadline,
    buffer: Vec<u8>,
    /// Where the frames in the buffer end.
    ends: Vec<usize>,
    /// One of them has more than PIPE_BUF bytes.
    long: bool,
}

impl<'a> Framed<'a> {
    /// Writes in this frame to a sink that is connected.
    pub fn new(sink: &'a mut dyn ByteSink, frame: Frame, patience: Deadline) -> Self {
        Self { sink, frame, patience, buffer: Vec::new(), ends: Vec::new(), long: false }
    }

    /// Writes what waits.
    fn flush(&mut self, sent: &mut Sent) -> Result<(), StreamEnd> {
        while let (Some(&first), Some(&last)) = (self.ends.first(), self.ends.last()) {
            let mut written = 0;
            let short = self.ends.iter().take_while(|end| **end <= PIPE_BUF).last().copied();
            let result = match short {
                Some(end) => {
                    write_all(self.sink, &self.buffer[..end], &self.patience, &mut written)
                }
                None => {
                    let ends = (first, last, &self.ends[..]);
                    write_long(self.sink, &self.buffer, ends, &self.patience, &mut written)
                }
            };
            sent.bytes += written as u64;
            if matches!(result, Err(StreamEnd::Late)) && written == 0 {
                sent.full = self.sink.full(short.unwrap_or(first) as u64);
            }
            let whole = self.ends.iter().take_while(|end| **end <= written).count();
            sent.messages += whole as u64;
            let gone = if whole > 0 { self.ends[whole - 1] } else { 0 };
            self.buffer.drain(..gone);
            self.ends.drain(..whole);
            self.ends.iter_mut().for_each(|end| *end -= gone);
            if result.is_err() {
                sent.part = (written - gone) as u64;
                return result;
            }
        }
        self.long = false;
        Ok(())
    }
}

/// Writes all of `bytes`; `written` says how many went.
pub(super) fn write_all(
    sink: &mut dyn ByteSink,
    bytes: &[u8],
    patience: &Deadline,
    written: &mut usize,
) -> Result<(), StreamEnd> {
    *written = 0;
    while *written < bytes.len() {
        let rest = &bytes[*written..];
        *written += patiently(patience.next(), |wait| sink.write(rest, wait), || Ok(()))?;
    }
    Ok(())
}

/// Writes messages of which one is longer than what is written together for sure: from the first one on as many as have room
/// at once. Once a message has begun it is finished: a signal waits for its end, and only a second one tears it.
fn write_long(
    sink: &mut dyn ByteSink,
    messages: &[u8],
    (first, last, ends): (usize, usize, &[usize]),
    patience: &Deadline,
    written: &mut usize,
) -> Result<(), StreamEnd> {
    *written = 0;
    let room = patiently(patience.next(), |wait| sink.reserve(first, last, wait), || Ok(()))?;
    let end = ends.iter().rev().find(|end| **end <= room).copied().unwrap_or(first);
    let result = loop {
        match sink.write_on(&messages[*written..end]) {
            Ok(length) => *written += length,
            Err(fault) => break Err(fault.into()),
        }
        if *written == end {
            break Ok(());
        }
        if signal::endings() > 1
            && let Some(signal) = signal::ending()
        {
            break Err(StreamEnd::Signal(signal));
        }
    };
    sink.release(false);
    result
}

impl Destination for Framed<'_> {
    fn most(&self) -> usize {
        LONGEST
    }

    fn refuse(&self, length: u64, _or_more: bool) -> Option<Fault> {
        (length > LONGEST as u64).then(|| {
            let cause = format!("it has more than {LONGEST} bytes, the most that a frame holds");
            Fault::new(Class::Limit, cause).hint("--frame raw carries any number of bytes")
        })
    }

    fn send(&mut self, message: &[u8], mark: Mark, sent: &mut Sent) -> Result<(), StreamEnd> {
        if let Some(fault) = self.frame.refuse(message) {
            return Err(fault.into());
        }
        let before = self.buffer.len();
        self.frame.write(message, mark, &mut self.buffer);
        let length = self.buffer.len() - before;
        let long = self.long || length > PIPE_BUF;
        let most = if long { BATCH } else { PIPE_BUF };
        // Short ones before a long one need not wait until the pipe is empty.
        if before > 0 && (self.buffer.len() > most || long != self.long) {
            let last = self.buffer.split_off(before);
            let flushed = self.flush(sent);
            self.buffer.extend_from_slice(&last);
            flushed?;
        }
        self.long |= length > PIPE_BUF;
        self.ends.push(self.buffer.len());
        if self.buffer.len() >= BATCH { self.flush(sent) } else { Ok(()) }
    }

    fn settle(&mut self, sent: &mut Sent) -> Result<(), StreamEnd> {
        let result = self.flush(sent);
        self.sink.release(true);
        result
    }

    fn unsent(&mut self, frame: Frame, failed: Option<(&[u8], Mark)>) -> Vec<u8> {
        // What the frame refuses is in no buffer.
        let failed = failed.filter(|(message, _)| frame.refuse(message).is_some());
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.extend_from_slice(&framed(frame, failed));
        bytes
    }
}

/// Sends messages that are all at hand: none goes when one of them cannot.
///
/// # Errors
/// Why they did not go.
pub fn arguments<M: AsRef<std::ffi::OsStr>>(
    entry: &mut dyn Destination,
    messages: &[M],
    sent: &mut Sent,
    passed: OnProgress<'_>,
) -> Result<(), StreamEnd> {
    for (at, message) in messages.iter().enumerate() {
        if let Some(fault) = entry.refuse(message.as_ref().len() as u64, false) {
            return Err(numbered(at as u64 + 1, fault).into());
        }
    }
    for message in messages {
        let message = message.as_ref().as_bytes();
        entry.send(message, Mark::None, sent)?;
        passed(1, message.len() as u64);
    }
    entry.settle(sent)
}

fn numbered(number: u64, fault: Fault) -> Fault {
    Fault { cause: format!("message {number}: {}", fault.cause), ..fault }
}

/// Sends the messages of standard input.
///
/// # Errors
/// Why one of them did not go; those before it did. What was read and did not go is in `sent`, unless standard input is a
/// regular file, which has it still.
pub fn stream(
    entry: &mut dyn Destination,
    frame: Frame,
    sent: &mut Sent,
    passed: OnProgress<'_>,
) -> Result<(), StreamEnd> {
    let mut reader = FrameReader::new(frame, entry.most());
    let mut in_hand = false;
    let end = send_all(entry, frame, &mut reader, sent, (passed, &mut in_hand));
    if end.is_err() && !is_regular_file() {
        sent.rest = entry.unsent(frame, in_hand.then(|| reader.message()));
        sent.rest.extend_from_slice(reader.rest());
        take_abandoned_input(&mut sent.rest);
    }
    end
}

/// As [`stream`]; `in_hand` says at the end whether the last message was found and did not go.
fn send_all(
    entry: &mut dyn Destination,
    frame: Frame,
    reader: &mut FrameReader,
    sent: &mut Sent,
    (passed, in_hand): (OnProgress<'_>, &mut bool),
) -> Result<(), StreamEnd> {
    let mut input = Input::new(frame);
    loop {
        match reader.step()? {
            Step::Message => {
                let (message, mark) = reader.message();
                *in_hand = true;
                entry.send(message, mark, sent).map_err(|end| match end {
                    // What is wrong with the message is said of it; what is wrong with the peer is not.
                    StreamEnd::Fault(fault)
                        if matches!(fault.class, Class::Limit | Class::Usage) =>
                    {
                        numbered(reader.count(), fault).into()
                    }
                    end => end,
                })?;
                *in_hand = false;
                passed(1, message.len() as u64);
            }
            Step::More => {
                entry.settle(sent)?;
                input.read(reader)?;
            }
            Step::End => return entry.settle(sent),
            Step::TooLong(length) => {
                entry.settle(sent)?;
                let number = reader.count() + 1;
                // The frame may not have shown all of it.
                let shown = matches!(frame, Frame::Len32);
                let length = if shown { length } else { entry.most() as u64 + 1 };
                let fault = entry.refuse(length, !shown).unwrap_or_else(|| {
                    Fault::new(Class::Limit, format!("it has more than {length} bytes"))
                });
                return Err(numbered(number, fault).into());
            }
        }
    }
}
