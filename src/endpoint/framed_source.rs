//! Messages that frames keep apart in an object that carries bytes, one by one: nothing is taken that belongs to a later one.

use super::frame::Frame;
use super::frame_reader::{FrameReader, LONGEST, Step, VIEW};
use crate::kinds::capability::{Attempt, ByteSource, Flow, Received, Receiver};
use crate::model::{Class, Fault, Mark, Wait};

/// Takes messages out of a stream of bytes.
pub struct FramedSource<'a> {
    source: &'a mut dyn ByteSource,
    frame: Frame,
    reader: FrameReader,
    /// Messages that were put back, in the frame: the source takes none.
    back: Vec<u8>,
}

impl<'a> FramedSource<'a> {
    /// The messages of this source.
    pub fn new(source: &'a mut dyn ByteSource, frame: Frame) -> Self {
        Self { source, frame, reader: FrameReader::new(frame, LONGEST), back: Vec::new() }
    }

    /// What was taken and is not delivered: what was put back, and the beginning of a message.
    pub fn left(mut self) -> Vec<u8> {
        self.back.extend_from_slice(self.reader.rest());
        self.back
    }

    /// Reads as much as belongs to the next message.
    fn fill(&mut self) -> Result<(), Fault> {
        let mut view = self.reader.rest().to_vec();
        let has = view.len();
        view.resize(has + VIEW, 0);
        let seen = self.source.look(&mut view[has..]);
        let (ends, _) = self.reader.measured(&view[..has + seen], 1);
        let room = self.reader.room();
        // With no end in sight all of it is of one message.
        let length = if ends > has { ends - has } else { seen.max(1) }.min(room.len());
        let taken = self.source.read(&mut room[..length])?;
        if taken > 0 {
            self.reader.filled(taken);
        }
        Ok(())
    }
}

impl Receiver for FramedSource<'_> {
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault> {
        loop {
            match self.reader.step()? {
                Step::Message => {
                    return Ok(Attempt::Done(Received::Message(self.reader.message().1)));
                }
                Step::End => return Ok(Attempt::Done(Received::End)),
                Step::More => match self.source.wait(wait)? {
                    Attempt::Done(Flow::Bytes) => self.fill()?,
                    Attempt::Done(Flow::End) => self.reader.filled(0),
                    Attempt::Late => return Ok(Attempt::Late),
                    Attempt::Signal => return Ok(Attempt::Signal),
                },
                Step::TooLong(_) => {
                    let number = self.reader.count() + 1;
                    let cause = format!("message {number} has more than {LONGEST} bytes");
                    return Err(Fault::new(Class::Limit, cause));
                }
            }
        }
    }

    fn message(&self) -> &[u8] {
        self.reader.message().0
    }

    fn takes_back(&self) -> bool {
        false
    }

    fn put_back(&mut self, message: &[u8], mark: Mark, _wait: Wait) -> Result<Attempt<()>, Fault> {
        self.frame.write(message, mark, &mut self.back);
        Ok(Attempt::Done(()))
    }

    fn wait_for_sender(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.reader = FrameReader::new(self.frame, LONGEST);
        self.source.wait_for_writer(wait)
    }

    fn queued(&self) -> Option<u64> {
        None
    }

    fn room(&self) -> (usize, usize) {
        (1, LONGEST)
    }
}
