//! Delivery to standard output: messages are written together when there is a pause. A pipe has delivered only what was read
//! from it, so what was written last is kept until then.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::StreamEnd;
use super::deadline::Deadline;
use super::delivery::{Deliver, Taken};
use super::frame::Frame;
use super::frame_reader::{FrameReader, Step};
use super::stdout::RawStdout;
use super::unread::{UnreadBytes, UnreadPipe};
use crate::model::Mark;
use crate::sys::pipe::PIPE_BUF;
use crate::sys::poll;

/// Bytes that are written together at most, but for a single message.
const BATCH: usize = 1 << 16;

/// Messages that are written together at most: SIGKILL costs no more than these.
const MOST: usize = 64;

/// So many messages go into a pipe one by one, each when the one before it was read: a reader that wants only the first of
/// them, as `head` does, gets no others.
const ONE_BY_ONE: u32 = 64;

/// So long a reader may take to go after the first one.
const LEAVING: Duration = Duration::from_millis(2);

/// A message in the buffer: places are counted from the first byte of all.
struct Written {
    /// The first byte of its frame.
    start: u64,
    /// Its own bytes.
    bytes: Range<u64>,
    /// The end of its frame.
    end: u64,
    mark: Mark,
    /// All of it, where the frame has only a part.
    whole: Option<Box<[u8]>>,
}

/// Delivery to standard output in a frame.
pub struct Writing {
    output: RawStdout,
    frame: Frame,
    /// Frames that may have to be given back.
    buffer: Vec<u8>,
    /// The place of its first byte.
    begin: u64,
    /// The place up to which it is written.
    written: u64,
    messages: VecDeque<Written>,
    /// So many of them are not written.
    waiting: usize,
    pipe: Option<UnreadPipe>,
    /// So many are to go one by one.
    careful: u32,
    patience: Deadline,
    /// Writing has failed: nothing more is written.
    broken: bool,
    /// Bytes of a message that were written then.
    torn: u64,
    /// It was written to since somebody asked whether it is read.
    fresh: bool,
    /// A message that the frame cannot carry.
    refused: Option<Taken>,
    /// Messages and bytes that may wait to be written: no more than can be put back.
    most: (usize, usize),
}

impl Writing {
    /// Writes in this frame; `room` is how many messages and bytes could be put back. `patience` ends the wait for readers of a
    /// pipe.
    pub fn new(frame: Frame, room: (usize, usize), patience: Deadline) -> Self {
        let pipe = UnreadPipe::of(&RawStdout::standard());
        let batch = if pipe.is_some() { PIPE_BUF } else { BATCH };
        Self {
            pipe,
            careful: ONE_BY_ONE,
            patience,
            most: (room.0.clamp(1, MOST), room.1.min(batch)),
            ..Self::of_copies(frame)
        }
    }

    /// Writes what is not lost with its reader.
    pub fn of_copies(frame: Frame) -> Self {
        Self {
            output: RawStdout::standard(),
            frame,
            buffer: Vec::with_capacity(BATCH),
            begin: 0,
            written: 0,
            messages: VecDeque::new(),
            waiting: 0,
            pipe: None,
            careful: 0,
            patience: Deadline::new(false, None, None),
            broken: false,
            torn: 0,
            fresh: false,
            refused: None,
            most: (MOST, BATCH),
        }
    }

    fn end(&self) -> u64 {
        self.begin + self.buffer.len() as u64
    }

    /// The bytes in the buffer from one place to another.
    fn part(&self, part: Range<u64>) -> &[u8] {
        let at =
            |place: u64| usize::try_from(place.saturating_sub(self.begin)).unwrap_or(usize::MAX);
        self.buffer.get(at(part.start)..at(part.end)).unwrap_or_default()
    }

    /// Writes the messages that wait, up to this place.
    fn flush(&mut self, to: u64) -> Result<(), StreamEnd> {
        if self.written >= to || self.broken {
            return Ok(());
        }
        let mut written = 0;
        let result = self.output.write(self.part(self.written..to), &mut written);
        self.written += written as u64;
        let waits = |message: &&Written| message.end > self.written;
        self.waiting = self.messages.iter().rev().take_while(waits).count();
        if result.is_ok() {
            self.fresh = true;
            self.forget();
        } else {
            self.broken = true;
            let torn = self.messages.iter().find(|message| message.end > self.written);
            self.torn = torn.map_or(0, |message| self.written.saturating_sub(message.start));
        }
        result
    }

    /// Forgets messages that are delivered: all that is written, or has left the pipe for sure.
    fn forget(&mut self) {
        let kept = match &mut self.pipe {
            Some(pipe) if !pipe.is_shared() => {
                // Not each time.
                if self.buffer.len() < 2 * BATCH {
                    return;
                }
                pipe.capacity(&self.output)
            }
            _ => 0,
        };
        if kept == 0 && self.written == self.end() {
            self.begin = self.written;
            self.buffer.clear();
            self.messages.clear();
            return;
        }
        if self.buffer.len() < kept.saturating_add(BATCH) {
            return;
        }
        let from = self.written.saturating_sub(kept as u64);
        let gone = self.messages.iter().take_while(|message| message.end <= from).count();
        let Some(last) = gone.checked_sub(1).and_then(|last| self.messages.get(last)) else {
            return;
        };
        let end = last.end;
        self.buffer.drain(..usize::try_from(end - self.begin).unwrap_or(self.buffer.len()));
        self.begin = end;
        self.messages.drain(..gone);
    }

    fn bytes(&self, message: &Written) -> Vec<u8> {
        if let Some(whole) = &message.whole {
            return whole.to_vec();
        }
        let framed = self.part(message.bytes.clone());
        if self.frame != Frame::Json {
            return framed.to_vec();
        }
        let mut reader = FrameReader::of(self.frame, usize::MAX, framed);
        match reader.step() {
            Ok(Step::Message) => reader.message().0.to_vec(),
            _ => framed.to_vec(),
        }
    }

    /// Waits until all that was written is read.
    fn wait_for_reader(&mut self) -> Result<(), StreamEnd> {
        match &mut self.pipe {
            Some(pipe) if !self.broken => pipe.wait(&self.output, &self.patience),
            _ => Ok(()),
        }
    }

    /// The place from which on nothing was delivered.
    fn delivered(&mut self) -> u64 {
        let written = self.written.max(self.begin);
        let Some(pipe) = &mut self.pipe else { return written };
        let capacity = pipe.capacity(&self.output);
        let at = |place: u64| usize::try_from(place.saturating_sub(self.begin)).unwrap_or(0);
        let ours = self.buffer.get(..at(written)).unwrap_or_default();
        if self.output.is_unread() {
            return match pipe.left(&self.output, ours) {
                UnreadBytes::Known(count) => written - count as u64,
                UnreadBytes::Unknown => written,
            };
        }
        // Readers are there, and it was their last chance.
        let UnreadBytes::Known(count) = pipe.take_back(&self.output, ours) else { return written };
        let from = written - count as u64;
        // Of the first message they may have a part: then they get the rest of it.
        let torn = self.messages.iter().find(|one| one.start < from && from < one.end);
        let Some(torn) = torn.map(|one| one.end).filter(|end| *end <= self.end()) else {
            return from;
        };
        let rest = self.part(from..torn);
        // By now the pipe is empty.
        let fits = rest.len() <= capacity;
        if fits && self.output.write(rest, &mut 0).is_ok() { torn } else { from }
    }
}

impl Deliver for Writing {
    fn ready(&mut self) -> Result<(), StreamEnd> {
        // Put back, a message would stand behind others: as long as it costs little, it is not even taken.
        if self.pipe.is_some() && self.careful > 0 && self.output.is_unread() {
            return Err(StreamEnd::Unread);
        }
        Ok(())
    }

    fn deliver(&mut self, message: &[u8], mark: Mark) -> Result<(), StreamEnd> {
        if let Some(fault) = self.frame.refuse(message) {
            self.refused = Some((message.to_vec(), mark));
            self.flush(self.end())?;
            return Err(fault.into());
        }
        let start = self.end();
        self.frame.write(message, mark, &mut self.buffer);
        let end = self.end();
        let bytes = match self.frame {
            Frame::Line | Frame::Nul | Frame::Cstring => start..end - 1,
            Frame::Raw | Frame::Json => start..end,
            Frame::Len32 => start + 4..end,
        };
        let whole = (self.frame == Frame::Cstring).then(|| message.into());
        self.messages.push_back(Written { start, bytes, end, mark, whole });
        self.waiting += 1;
        let bytes = |from: u64| usize::try_from(end - from).unwrap_or(usize::MAX);
        // Together they would not be whole.
        if self.pipe.is_some() && start > self.written && bytes(self.written) > PIPE_BUF {
            self.flush(start)?;
        }
        let careful = self.pipe.is_some() && self.careful > 0;
        if careful || self.waiting >= self.most.0 || bytes(self.written) >= self.most.1 {
            self.flush(end)?;
        }
        if careful {
            self.wait_for_reader()?;
            if self.careful == ONE_BY_ONE && poll::abandoned_within(self.output.file(), LEAVING)? {
                return Err(StreamEnd::Unread);
            }
            self.careful -= 1;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StreamEnd> {
        self.flush(self.end())
    }

    fn finish(&mut self) -> Result<(), StreamEnd> {
        self.flush(self.end())?;
        self.wait_for_reader()
    }

    fn is_unread(&mut self) -> bool {
        // What was written a moment ago had somebody to read it.
        !std::mem::take(&mut self.fresh) && self.output.is_unread()
    }

    fn torn(&self) -> u64 {
        if self.pipe.is_some() { 0 } else { self.torn }
    }

    fn undelivered(&mut self) -> Vec<Taken> {
        let from = self.delivered();
        let left = self.messages.iter().filter(|message| message.end > from);
        let mut taken: Vec<Taken> = left.map(|one| (self.bytes(one), one.mark)).collect();
        self.messages.clear();
        taken.extend(self.refused.take());
        taken
    }
}
