//! The end of a FIFO where packets come out: `O_DIRECT` of `pipe(2)`.

use super::reader::Reader;
use crate::kinds::capability::{Attempt, ByteSource, Flow, Received, Receiver};
use crate::model::{Class, Fault, Mark, Wait};
use crate::sys::buffer::PageBuffer;
use crate::sys::pipe::PIPE_BUF;

/// A reading end on which each read is a packet.
pub(super) struct Packets {
    reader: Reader,
    buffer: PageBuffer,
    length: usize,
}

impl Packets {
    /// The packets that this end reads.
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, buffer: PageBuffer::new(PIPE_BUF), length: 0 }
    }
}

impl Receiver for Packets {
    fn receive(&mut self, wait: Wait) -> Result<Attempt<Received>, Fault> {
        loop {
            match self.reader.wait(wait)? {
                Attempt::Done(Flow::End) => return Ok(Attempt::Done(Received::End)),
                Attempt::Done(Flow::Bytes) => {}
                Attempt::Late => return Ok(Attempt::Late),
                Attempt::Signal => return Ok(Attempt::Signal),
            }
            // Another reader may have been faster.
            self.length = self.reader.read(&mut self.buffer)?;
            if self.length > 0 {
                return Ok(Attempt::Done(Received::Message(Mark::None)));
            }
        }
    }

    fn message(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    fn takes_back(&self) -> bool {
        false
    }

    fn put_back(
        &mut self,
        _message: &[u8],
        _mark: Mark,
        _wait: Wait,
    ) -> Result<Attempt<()>, Fault> {
        Err(Fault::new(Class::Failed, "a FIFO takes nothing back"))
    }

    fn wait_for_sender(&mut self, wait: Wait) -> Result<Attempt<()>, Fault> {
        self.reader.wait_for_writer(wait)
    }

    fn queued(&self) -> Option<u64> {
        None
    }

    fn room(&self) -> (usize, usize) {
        (1, PIPE_BUF)
    }
}
