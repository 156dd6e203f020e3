//! Takes a stream apart into messages, whatever their frame. Its memory is bounded by the longest message that there may be.

use memchr::memchr;

use super::frame::Frame;
use super::json;
use crate::model::{Class, Fault, Mark, Named};
use crate::sys::buffer::PageBuffer;

/// What a reader has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A message: see [`FrameReader::message`].
    Message,
    /// There is no whole message in what was read so far.
    More,
    /// The stream is at its end, and so are the messages.
    End,
    /// A message of at least so many bytes, more than there may be.
    TooLong(u64),
}

/// A message on a stream of bytes has at most so many: it is held in memory.
pub const LONGEST: usize = 16 << 20;

/// Bytes that are looked at to find where a message ends.
pub const VIEW: usize = 1 << 16;

/// Bytes to read at a time.
const BLOCK: usize = 1 << 16;

/// Takes a stream apart into messages. Its memory is bounded by the longest message that there may be.
pub struct FrameReader {
    frame: Frame,
    /// Bytes that a message may have.
    most: usize,
    buffer: PageBuffer,
    /// What is read and not taken apart yet.
    start: usize,
    end: usize,
    /// So much of it has no end of a message.
    searched: usize,
    ended: bool,
    /// Messages so far.
    count: u64,
    found: std::ops::Range<usize>,
    mark: Mark,
    /// The bytes of a message that had to be decoded.
    decoded: Option<Vec<u8>>,
}

impl FrameReader {
    /// A reader of messages of at most `most` bytes.
    pub fn new(frame: Frame, most: usize) -> Self {
        Self {
            frame,
            most,
            buffer: PageBuffer::new(BLOCK),
            start: 0,
            end: 0,
            searched: 0,
            ended: false,
            count: 0,
            found: 0..0,
            mark: Mark::None,
            decoded: None,
        }
    }

    /// Room for more bytes of the stream, after [`Step::More`].
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let most = self.frame.most_with(self.most).saturating_add(BLOCK);
            let length = self.buffer.len().saturating_mul(2).clamp(BLOCK, most.max(BLOCK));
            self.buffer.grow(length.max(self.end + 1));
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes came into the room; 0: the stream is at its end.
    pub fn filled(&mut self, length: usize) {
        self.end = (self.end + length).min(self.buffer.len());
        self.ended |= length == 0;
    }

    /// The message that was found.
    pub fn message(&self) -> (&[u8], Mark) {
        let bytes = match &self.decoded {
            Some(bytes) => bytes.as_slice(),
            None => self.buffer.get(self.found.clone()).unwrap_or_default(),
        };
        (bytes, self.mark)
    }

    /// Messages that were found so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What was read and is no whole message yet.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// A reader of all that there is of a stream.
    pub fn of(frame: Frame, most: usize, stream: &[u8]) -> Self {
        Self { buffer: stream.into(), end: stream.len(), ..Self::new(frame, most) }
    }

    /// How many bytes of `stream`, in the frame of this reader, the first `messages` messages take, and how many there are, as
    /// far as it has them whole.
    pub fn measured(&self, stream: &[u8], messages: u64) -> (usize, u64) {
        let mut reader = Self::of(self.frame, self.most, stream);
        while reader.count < messages && matches!(reader.step(), Ok(Step::Message)) {}
        (reader.start, reader.count)
    }

    /// How many bytes of `stream` the first `messages` messages take, as far as it has them whole.
    pub fn measure(frame: Frame, most: usize, stream: &[u8], messages: u64) -> usize {
        Self::new(frame, most).measured(stream, messages).0
    }

    /// Finds the next message.
    ///
    /// # Errors
    /// The stream is not of this frame.
    pub fn step(&mut self) -> Result<Step, Fault> {
        let step = match self.frame {
            Frame::Line | Frame::Cstring => self.delimited(b'\n')?,
            Frame::Nul => self.delimited(0)?,
            Frame::Raw => self.whole(),
            Frame::Len32 => self.counted()?,
            Frame::Json => self.object()?,
        };
        self.count += u64::from(step == Step::Message);
        Ok(step)
    }

    /// The stream up to the next `end`, in bytes from the start; the last message may lack it.
    fn until(&mut self, end: u8) -> Option<(usize, usize)> {
        let rest = &self.buffer[self.start..self.end];
        match memchr(end, rest.get(self.searched..).unwrap_or_default()) {
            Some(at) => Some((self.searched + at, self.searched + at + 1)),
            None => {
                self.searched = rest.len();
                (self.ended && !rest.is_empty()).then_some((rest.len(), rest.len()))
            }
        }
    }

    fn accept(&mut self, skip: usize, length: usize, whole: usize, mark: Mark) -> Step {
        self.found = self.start + skip..self.start + skip + length;
        self.start += whole;
        self.searched = 0;
        self.mark = mark;
        Step::Message
    }

    fn more(&self) -> Step {
        if self.ended { Step::End } else { Step::More }
    }

    fn delimited(&mut self, end: u8) -> Result<Step, Fault> {
        let Some((length, whole)) = self.until(end) else {
            let has = self.end - self.start;
            return Ok(if has > self.most { Step::TooLong(has as u64) } else { self.more() });
        };
        // The NUL byte after it counts.
        let length_there = length + usize::from(self.frame == Frame::Cstring);
        if length_there > self.most {
            return Ok(Step::TooLong(length_there as u64));
        }
        let bytes = &self.buffer[self.start..self.start + length];
        if self.frame != Frame::Nul && memchr(0, bytes).is_some() {
            let number = self.count + 1;
            let frame = self.frame.name();
            let cause =
                format!("line {number} contains a NUL byte, which --frame {frame} cannot carry");
            return Err(Fault::new(Class::Failed, cause)
                .hint("for binary messages use --frame nul, len32 or json"));
        }
        if self.frame == Frame::Cstring {
            let mut string = self.decoded.take().unwrap_or_default();
            string.clear();
            string.extend_from_slice(bytes);
            string.push(0);
            self.decoded = Some(string);
        }
        Ok(self.accept(0, length, whole, Mark::None))
    }

    /// All of the stream is one message, also when it is empty.
    fn whole(&mut self) -> Step {
        let has = self.end - self.start;
        if has > self.most {
            return Step::TooLong(has as u64);
        }
        match (self.ended, self.count) {
            (false, _) => Step::More,
            (true, 0) => self.accept(0, has, has, Mark::None),
            (true, _) => Step::End,
        }
    }

    fn counted(&mut self) -> Result<Step, Fault> {
        let rest = &self.buffer[self.start..self.end];
        let torn = || {
            let cause = format!("the stream ends in the middle of message {}", self.count + 1);
            Err(Fault::new(Class::Failed, cause))
        };
        let Some((head, body)) = rest.split_first_chunk::<4>() else {
            return if self.ended && !rest.is_empty() { torn() } else { Ok(self.more()) };
        };
        let length = u32::from_be_bytes(*head);
        match usize::try_from(length) {
            Ok(length) if length <= self.most => {
                if body.len() >= length {
                    Ok(self.accept(4, length, 4 + length, Mark::None))
                } else if self.ended {
                    torn()
                } else {
                    Ok(Step::More)
                }
            }
            _ => Ok(Step::TooLong(length.into())),
        }
    }

    fn object(&mut self) -> Result<Step, Fault> {
        loop {
            let most = Frame::Json.most_with(self.most);
            let Some((length, whole)) = self.until(b'\n') else {
                let has = self.end - self.start;
                return Ok(if has > most {
                    Step::TooLong(self.most as u64 + 1)
                } else {
                    self.more()
                });
            };
            let line = &self.buffer[self.start..self.start + length];
            if line.trim_ascii().is_empty() {
                self.start += whole;
                self.searched = 0;
                continue;
            }
            let mut bytes = self.decoded.take().unwrap_or_default();
            bytes.clear();
            let mark = json::read(line, &mut bytes).map_err(|reason| {
                let number = self.count + 1;
                Fault::new(Class::Failed, format!("object {number} is no message: {reason}"))
                    .hint(r#"a message is {"data":"text"} or {"data_base64":"…"}, with "priority" or "type" where it has one"#)
            })?;
            let length = bytes.len();
            self.decoded = Some(bytes);
            if length > self.most {
                return Ok(Step::TooLong(length as u64));
            }
            return Ok(self.accept(0, 0, whole, mark));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Those that carry a message unchanged, or not at all.
    const FRAMES: [Frame; 5] = [Frame::Line, Frame::Nul, Frame::Raw, Frame::Len32, Frame::Json];

    /// All messages of a stream that comes in pieces of `piece` bytes.
    fn read(
        frame: Frame,
        most: usize,
        stream: &[u8],
        piece: usize,
    ) -> Result<Vec<(Vec<u8>, Mark)>, String> {
        let (mut reader, mut rest, mut messages) =
            (FrameReader::new(frame, most), stream, Vec::new());
        loop {
            match reader.step().map_err(|fault| fault.cause)? {
                Step::Message => {
                    let (bytes, mark) = reader.message();
                    messages.push((bytes.to_vec(), mark));
                }
                Step::More => {
                    let length = rest.len().min(piece);
                    reader.room()[..length].copy_from_slice(&rest[..length]);
                    reader.filled(length);
                    rest = &rest[length..];
                }
                Step::End => return Ok(messages),
                Step::TooLong(length) => return Err(format!("too long: {length}")),
            }
        }
    }

    fn mark() -> impl Strategy<Value = Mark> {
        prop_oneof![
            Just(Mark::None),
            (0..32768u32).prop_map(Mark::Priority),
            (1..i64::MAX).prop_map(Mark::Type),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            messages in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), mark()), 0..20),
            piece in 1..50usize,
        ) {
            for frame in FRAMES.into_iter().filter(|frame| *frame != Frame::Raw) {
                let (mut stream, mut carried) = (Vec::new(), Vec::new());
                for (bytes, mark) in &messages {
                    if frame.refuse(bytes).is_none() {
                        frame.write(bytes, *mark, &mut stream);
                        let mark = if frame == Frame::Json { *mark } else { Mark::None };
                        carried.push((bytes.clone(), mark));
                    }
                }
                prop_assert_eq!(read(frame, 40, &stream, piece), Ok(carried));
            }
        }

        #[test]
        fn any_stream_is_messages_or_a_sentence(stream: Vec<u8>, piece in 1..50usize) {
            for frame in Frame::ALL.iter().copied() {
                if let Ok(messages) = read(frame, 30, &stream, piece) {
                    prop_assert!(messages.iter().all(|(bytes, _)| bytes.len() <= 30));
                }
            }
        }
    }

    #[test]
    fn binary_frames_carry_every_byte_and_text_frames_say_what_they_cannot() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(Frame::Len32.refuse(&all).is_none() && Frame::Json.refuse(&all).is_none());
        assert!(Frame::Line.refuse(b"a\nb").is_some() && Frame::Line.refuse(b"a\0b").is_some());
        assert!(Frame::Nul.refuse(b"a\nb").is_none() && Frame::Nul.refuse(b"a\0b").is_some());
        assert!(read(Frame::Line, 9, b"a\0b\n", 9).unwrap_err().contains("NUL"));
    }

    #[test]
    fn the_longest_message_passes_and_one_byte_more_does_not() {
        for (frame, one) in [(Frame::Line, 1), (Frame::Nul, 1), (Frame::Len32, 4), (Frame::Raw, 0)]
        {
            for length in [9, 10, 11] {
                let mut stream = Vec::new();
                frame.write(&vec![b'x'; length], Mark::None, &mut stream);
                assert_eq!(stream.len(), length + one);
                assert_eq!(read(frame, 10, &stream, 3).is_ok(), length <= 10, "{frame:?} {length}");
            }
        }
    }

    #[test]
    fn an_array_of_characters_is_a_line_up_to_its_first_nul() {
        let mut stream = Vec::new();
        for message in [&b"one\0\0\0rubbish\n"[..], b"two\0", b"", b"full"] {
            assert!(Frame::Cstring.refuse(message).is_none());
            Frame::Cstring.write(message, Mark::None, &mut stream);
        }
        assert_eq!(stream, b"one\ntwo\n\nfull\n");
        let read_again = read(Frame::Cstring, 5, &stream, 3).unwrap();
        let texts: Vec<_> = read_again.iter().map(|(bytes, _)| bytes.as_slice()).collect();
        assert_eq!(texts, [&b"one\0"[..], b"two\0", b"\0", b"full\0"]);
        assert!(Frame::Cstring.refuse(b"a\nb\0").is_some());
        assert!(read(Frame::Cstring, 4, b"full\n", 9).is_err());
    }

    #[test]
    fn a_length_is_not_believed_before_it_is_checked() {
        let mut reader = FrameReader::new(Frame::Len32, 8192);
        reader.room()[..4].copy_from_slice(&[0xff; 4]);
        reader.filled(4);
        assert_eq!(reader.step(), Ok(Step::TooLong(0xffff_ffff)));
    }

    #[test]
    fn a_stream_that_breaks_off_is_said() {
        assert!(read(Frame::Len32, 9, b"\0\0\0\x05abc", 9).unwrap_err().contains("middle"));
        assert!(read(Frame::Len32, 9, b"\0\0", 9).unwrap_err().contains("middle"));
        assert_eq!(read(Frame::Line, 9, b"a\nb", 1).unwrap().len(), 2);
    }

    #[test]
    fn the_messages_of_a_stream_are_measured() {
        assert_eq!(FrameReader::measure(Frame::Line, 9, b"ab\nc\nd", 2), 5);
        assert_eq!(FrameReader::measure(Frame::Line, 9, b"ab\nc\nd", 9), 5);
        assert_eq!(FrameReader::measure(Frame::Len32, 9, b"\0\0\0\x01ab", 9), 5);
    }
}
