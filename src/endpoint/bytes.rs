//! Streams of bytes without frames: from standard input into a sink, from a source to standard output. What is
//! moved inside the kernel is never in our hands, so it cannot be lost there.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::deadline::{Deadline, patiently};
use super::frame::Frame;
use super::frame_reader::{FrameReader, LONGEST, Step, VIEW};
use super::input::{is_regular_file, read_input, take_abandoned_input};
use super::receiving::{ReceiveOutcome, ReceivePlan};
use super::rescue::{Rescued, rescue_bytes};
use super::sending::{Sent, write_all};
use super::stdout::{RawStdout, failure};
use super::{OnProgress, StreamEnd};
use crate::kinds::capability::{Attempt, ByteSink, ByteSource, Flow};
use crate::model::{Fault, Mark, Wait};
use crate::sys::buffer::PageBuffer;
use crate::sys::poll::{self, Woken};
use crate::sys::{file, signal};

/// Bytes that are read and written at a time where they must be copied: more would leave the processor's cache.
const BLOCK: usize = 1 << 17;

fn ending() -> StreamEnd {
    StreamEnd::Signal(signal::ending().unwrap_or_default())
}

/// Sends standard input as it is.
///
/// # Errors
/// Why not all of it went.
pub fn send(
    sink: &mut dyn ByteSink,
    patience: &Deadline,
    sent: &mut Sent,
    passed: OnProgress<'_>,
) -> Result<(), StreamEnd> {
    let input = io::stdin();
    // The pages of a file would still be the file's while they are in the pipe: only a pipe's own are moved.
    let mut is_pipe = file::stat(&input).is_ok_and(|stat| stat.is(libc::S_IFIFO));
    let mut room = PageBuffer::default();
    loop {
        let mut moved = 0;
        if is_pipe {
            // Only what there is no room for is a wait for the peer.
            let waits = patience.next() != Wait::Until(None);
            while waits && poll::readable(input.as_fd(), None)? != Woken::Ready {
                if signal::ending().is_some() {
                    return Err(ending());
                }
            }
            // Without room splice(2) does not tell the end of what it reads.
            if waits && poll::has_ended(&input) {
                return Ok(());
            }
            let splice = |wait| {
                Ok(match sink.splice(input.as_fd(), wait)? {
                    Some(Attempt::Done(moved)) => Attempt::Done(Some(moved)),
                    Some(Attempt::Late) => Attempt::Late,
                    Some(Attempt::Signal) => Attempt::Signal,
                    None => Attempt::Done(None),
                })
            };
            match patiently(patience.next(), splice, || Ok(())) {
                Ok(Some(0)) => return Ok(()),
                Ok(Some(length)) => moved = length,
                Ok(None) => is_pipe = false,
                Err(end) => {
                    take_abandoned_input(&mut sent.rest);
                    return Err(end);
                }
            }
        } else {
            room.grow(BLOCK);
            let length = read_input(&mut room)?;
            if length == 0 {
                return Ok(());
            }
            let result = write_all(sink, &room[..length], patience, &mut moved);
            if let Err(end) = result {
                sent.bytes += moved as u64;
                if !is_regular_file() {
                    sent.rest.extend_from_slice(&room[moved..length]);
                    take_abandoned_input(&mut sent.rest);
                }
                return Err(end);
            }
        }
        sent.bytes += moved as u64;
        passed(0, moved as u64);
    }
}

/// Saves what was taken from a source and is not delivered, with what its writers have written by now if all of it was to be
/// received: it would go with the last process that has it open.
pub fn save_rest(
    source: &mut dyn ByteSource,
    plan: ReceivePlan,
    taken: Vec<u8>,
    end: &Result<(), StreamEnd>,
) -> Rescued {
    let mut stream = Stream::new(source, plan);
    stream.left = taken;
    if matches!(end, Err(StreamEnd::Unread | StreamEnd::Fault(_))) && stream.is_for_all() {
        stream.take_rest();
    }
    if stream.left.is_empty() { Rescued::default() } else { rescue_bytes(stream.left) }
}

/// What is received from a source, until its last writer has gone.
pub struct Stream<'a> {
    source: &'a mut dyn ByteSource,
    output: RawStdout,
    plan: ReceivePlan,
    delivered: u64,
    /// Taken, and not delivered.
    left: Vec<u8>,
}

impl<'a> Stream<'a> {
    /// From this source to standard output.
    pub fn new(source: &'a mut dyn ByteSource, plan: ReceivePlan) -> Self {
        Self { source, output: RawStdout::standard(), plan, delivered: 0, left: Vec::new() }
    }

    /// Receives bytes as they are.
    pub fn raw(mut self, passed: OnProgress<'_>) -> ReceiveOutcome {
        let end = self.copy(passed);
        self.outcome(end)
    }

    fn outcome(mut self, end: Result<(), StreamEnd>) -> ReceiveOutcome {
        if matches!(end, Err(StreamEnd::Unread | StreamEnd::Fault(_))) && self.is_for_all() {
            self.take_rest();
        }
        let lost = !self.left.is_empty() && !self.plan.copy;
        let rescued = if lost { rescue_bytes(self.left) } else { Rescued::default() };
        ReceiveOutcome { delivered: self.delivered, end, rescued, torn: 0 }
    }

    /// Everything that comes is to be received.
    fn is_for_all(&self) -> bool {
        self.plan.count.is_none() && !self.plan.copy
    }

    /// Takes what its writers have written by now, however late it is, or write as soon as there is room: the kernel throws
    /// it away when the last one who has it open goes.
    fn take_rest(&mut self) {
        let mut room = PageBuffer::new(VIEW);
        let mut taken = 0;
        let end = Instant::now() + LAST_WORDS;
        let pause = || Wait::Until(Some(end.min(Instant::now() + LAST_PAUSE)));
        while taken < REST
            && let Ok(Attempt::Done(Flow::Bytes)) = self.source.wait(pause())
            && let Ok(length @ 1..) = self.source.read(&mut room)
        {
            self.left.extend_from_slice(&room[..length]);
            taken += length;
        }
    }

    /// Waits for bytes; `false`: there will be none.
    fn wait(&mut self) -> Result<bool, StreamEnd> {
        loop {
            let wait = if self.plan.drain { Wait::Not } else { self.plan.patience.next() };
            match self.patiently(wait, |source, wait| source.wait(wait)) {
                Ok(Flow::Bytes) => return Ok(true),
                Ok(Flow::End) if self.plan.follow => {
                    self.patiently(wait, |source, wait| source.wait_for_writer(wait))?;
                }
                Ok(Flow::End) => return Ok(false),
                Err(StreamEnd::Late) if self.plan.drain => return Ok(false),
                Err(end) => return Err(end),
            }
        }
    }

    fn patiently<T>(
        &mut self,
        wait: Wait,
        mut attempt: impl FnMut(&mut dyn ByteSource, Wait) -> Result<Attempt<T>, Fault>,
    ) -> Result<T, StreamEnd> {
        let (source, output) = (&mut *self.source, &self.output);
        let look = || if output.is_unread() { Err(StreamEnd::Unread) } else { Ok(()) };
        look()?;
        patiently(wait, |wait| attempt(source, wait), look)
    }

    fn copy(&mut self, passed: OnProgress<'_>) -> Result<(), StreamEnd> {
        let (mut moves, mut room) = (true, PageBuffer::default());
        while self.wait()? {
            // What is there at once takes no time.
            if self.delivered > 0 && self.plan.patience.is_over() {
                return Err(StreamEnd::Late);
            }
            if moves {
                moves = self.splice(passed)?;
            } else {
                room.grow(BLOCK);
                let length = self.source.read(&mut room)?;
                self.write(&room[..length])?;
                passed(0, length as u64);
            }
        }
        Ok(())
    }

    /// Moves what is there, and what comes before there is a pause; `false`: that cannot be done with this output.
    fn splice(&mut self, passed: OnProgress<'_>) -> Result<bool, StreamEnd> {
        // Where there is no deadline the call itself may wait.
        let waits = !self.plan.drain && self.plan.patience.next() == Wait::Until(None);
        loop {
            match self.source.splice(self.output.file(), waits) {
                Ok(0) => break,
                Ok(length) => {
                    self.delivered += length as u64;
                    passed(0, length as u64);
                }
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => return Ok(false),
                Err(error) => return Err(failure(&error)),
            }
            if signal::ending().is_some() {
                return Err(ending());
            }
        }
        // There was nothing to move, or no room for it: the first is found by who called.
        match poll::writable(self.output.file(), None)? {
            Woken::Signal => Err(ending()),
            Woken::Ready | Woken::Time => Ok(true),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamEnd> {
        let mut written = 0;
        let result = self.output.write(bytes, &mut written);
        self.delivered += written as u64;
        if result.is_err() {
            self.left.extend_from_slice(&bytes[written..]);
        }
        result
    }
}

/// Bytes that are taken at most after the end: what a FIFO can have in it. A writer may go on for ever.
const REST: usize = 1 << 20;

/// So long a writer that has been waiting for room may take to write on, and all of them to write what they have.
const LAST_PAUSE: Duration = Duration::from_millis(250);
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Receives messages that frames keep apart on a stream of bytes.
pub struct Frames<'a> {
    stream: Stream<'a>,
    reader: FrameReader,
    frame: Frame,
    /// Messages that were found, and those of them that were written.
    count: u64,
    shown: u64,
}

impl<'a> Frames<'a> {
    /// From this source to standard output, in the same frame.
    pub fn new(source: &'a mut dyn ByteSource, frame: Frame, plan: ReceivePlan) -> Self {
        let reader = FrameReader::new(frame, LONGEST);
        Self { stream: Stream::new(source, plan), reader, frame, count: 0, shown: 0 }
    }

    /// Receives them. What is taken and is no whole message is written out as it is.
    pub fn receive(mut self, passed: OnProgress<'_>) -> ReceiveOutcome {
        let mut out = Vec::new();
        let mut end = self.take(passed, &mut out);
        let rest = self.reader.rest().to_vec();
        out.extend_from_slice(&rest);
        if self.stream.left.is_empty() {
            let written = self.stream.write(&out);
            end = end.and(written);
        } else {
            self.stream.left.extend_from_slice(&out);
        }
        let shown = self.shown;
        ReceiveOutcome { delivered: shown, ..self.stream.outcome(end) }
    }

    fn take(&mut self, passed: OnProgress<'_>, out: &mut Vec<u8>) -> Result<(), StreamEnd> {
        let most = self.stream.plan.count.unwrap_or(u64::MAX);
        while self.count < most {
            match self.reader.step()? {
                Step::Message => {
                    let (message, mark): (&[u8], Mark) = self.reader.message();
                    self.frame.write(message, mark, out);
                    self.count += 1;
                    passed(1, message.len() as u64);
                    if out.len() >= VIEW {
                        self.flush(out)?;
                    }
                }
                Step::More => {
                    self.flush(out)?;
                    self.fill(most - self.count)?;
                }
                Step::End => break,
                Step::TooLong(_) => {
                    let cause = format!("message {} has more than {LONGEST} bytes", self.count + 1);
                    return Err(Fault::new(crate::model::Class::Limit, cause)
                        .hint("--frame raw carries any number of bytes")
                        .into());
                }
            }
        }
        self.flush(out)
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), StreamEnd> {
        let result = self.stream.write(out);
        out.clear();
        if result.is_ok() {
            self.shown = self.count;
        }
        result
    }

    /// Takes bytes for at most `wanted` messages more: what belongs to later ones stays where it is.
    fn fill(&mut self, wanted: u64) -> Result<(), StreamEnd> {
        let begun = self.count > 0 || !self.reader.rest().is_empty();
        if begun && self.stream.plan.patience.is_over() {
            return Err(StreamEnd::Late);
        }
        if !self.stream.wait()? {
            self.reader.filled(0);
            return Ok(());
        }
        let mut length = VIEW;
        if self.stream.plan.count.is_some() {
            let mut view = self.reader.rest().to_vec();
            let has = view.len();
            view.resize(has + VIEW, 0);
            let seen = self.stream.source.look(&mut view[has..]);
            let ends = FrameReader::measure(self.frame, LONGEST, &view[..has + seen], wanted);
            // No end in sight: all of it belongs to the message that is not whole yet.
            length = if ends > has { ends - has } else { seen.max(1) };
        }
        let room = self.reader.room();
        let length = length.min(room.len());
        let taken = self.stream.source.read(&mut room[..length])?;
        if taken > 0 {
            self.reader.filled(taken);
        }
        Ok(())
    }
}
