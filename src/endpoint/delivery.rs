//! Messages that were taken and not yet delivered: written out together when there is a pause, and given back
//! when they cannot be.

use std::ops::Range;

use super::StreamEnd;
use super::frame::{Frame, FrameReader, Step};
use super::stdout::RawStdout;
use crate::model::Mark;

/// A message that was taken from where it was.
pub type Taken = (Vec<u8>, Mark);

/// Where messages go that are received.
pub trait Deliver {
    /// Waits until one more message can be delivered.
    ///
    /// # Errors
    /// Why none can be.
    fn ready(&mut self) -> Result<(), StreamEnd>;

    /// Takes charge of a message.
    ///
    /// # Errors
    /// Why it, or one before it, could not be delivered: see [`Deliver::undelivered`].
    fn deliver(&mut self, message: &[u8], mark: Mark) -> Result<(), StreamEnd>;

    /// Before a pause of unknown length: what was taken is shown.
    ///
    /// # Errors
    /// As [`Deliver::deliver`].
    fn settle(&mut self) -> Result<(), StreamEnd>;

    /// At the end, whatever it was.
    ///
    /// # Errors
    /// As [`Deliver::deliver`].
    fn finish(&mut self) -> Result<(), StreamEnd>;

    /// Returns true if there is no reader to deliver to.
    fn is_unread(&mut self) -> bool;

    /// Messages that could not be delivered, in the order in which they came.
    fn undelivered(&mut self) -> Vec<Taken>;
}

/// Bytes that are written together at most, but for a single message.
const BATCH: usize = 1 << 16;

/// Messages that are written together at most: SIGKILL costs no more than these, and a call for 64 of them is not seen in
/// the throughput.
const MOST: usize = 64;

/// A message in the buffer.
struct Pending {
    /// Its bytes in the buffer.
    range: Range<usize>,
    /// The end of its frame there.
    end: usize,
    mark: Mark,
}

/// Delivery to standard output in a frame.
pub struct Writing {
    output: RawStdout,
    frame: Frame,
    buffer: Vec<u8>,
    pending: Vec<Pending>,
    /// Writing has failed: nothing more is written.
    broken: bool,
    /// It was written to since somebody asked whether it is read.
    fresh: bool,
    /// A message that the frame cannot carry.
    refused: Option<Taken>,
    /// Messages and bytes that may wait to be written: no more than can be put back.
    most: (usize, usize),
}

impl Writing {
    /// Writes in this frame; `room` is how many messages and bytes could be put back.
    pub fn new(frame: Frame, room: (usize, usize)) -> Self {
        Self {
            output: RawStdout::standard(),
            frame,
            buffer: Vec::with_capacity(BATCH),
            pending: Vec::new(),
            broken: false,
            fresh: false,
            refused: None,
            most: (room.0.clamp(1, MOST), room.1.min(BATCH)),
        }
    }

    fn flush(&mut self) -> Result<(), StreamEnd> {
        if self.pending.is_empty() || self.broken {
            return Ok(());
        }
        let mut written = 0;
        let result = self.output.write(&self.buffer, &mut written);
        match result {
            Ok(()) => {
                self.fresh = true;
                self.pending.clear();
                self.buffer.clear();
            }
            // Of a message that was written in part the reader has no use.
            Err(_) => {
                self.broken = true;
                self.pending.retain(|message| message.end > written);
            }
        }
        result
    }

    fn bytes(&self, message: &Pending) -> Vec<u8> {
        let framed = self.buffer.get(message.range.clone()).unwrap_or_default();
        if self.frame != Frame::Json {
            return framed.to_vec();
        }
        let mut reader = FrameReader::new(self.frame, usize::MAX);
        let mut rest = framed;
        while !rest.is_empty() {
            let room = reader.room();
            let length = room.len().min(rest.len());
            room[..length].copy_from_slice(&rest[..length]);
            reader.filled(length);
            rest = &rest[length..];
        }
        match reader.step() {
            Ok(Step::Message) => reader.message().0.to_vec(),
            _ => framed.to_vec(),
        }
    }
}

impl Deliver for Writing {
    fn ready(&mut self) -> Result<(), StreamEnd> {
        Ok(())
    }

    fn deliver(&mut self, message: &[u8], mark: Mark) -> Result<(), StreamEnd> {
        if let Some(fault) = self.frame.refuse(message) {
            self.refused = Some((message.to_vec(), mark));
            self.flush()?;
            return Err(fault.into());
        }
        let start = self.buffer.len();
        self.frame.write(message, mark, &mut self.buffer);
        let end = self.buffer.len();
        let range = match self.frame {
            Frame::Line | Frame::Nul => start..end - 1,
            Frame::Raw | Frame::Json => start..end,
            Frame::Len32 => start + 4..end,
        };
        self.pending.push(Pending { range, end, mark });
        if self.pending.len() >= self.most.0 || end >= self.most.1 {
            self.flush()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StreamEnd> {
        self.flush()
    }

    fn finish(&mut self) -> Result<(), StreamEnd> {
        self.flush()
    }

    fn is_unread(&mut self) -> bool {
        // What was written a moment ago had somebody to read it.
        !std::mem::take(&mut self.fresh) && self.output.is_unread()
    }

    fn undelivered(&mut self) -> Vec<Taken> {
        let mut taken: Vec<Taken> =
            self.pending.iter().map(|one| (self.bytes(one), one.mark)).collect();
        self.pending.clear();
        self.buffer.clear();
        taken.extend(self.refused.take());
        taken
    }
}
