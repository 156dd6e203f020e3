//! Memory that bytes are read into and written from: `read(2)`, `write(2)`. It begins with a page, for some processors copy
//! between the kernel and a process at half their speed where the two sides lie differently in their pages.

use std::io::{self, Write};
use std::ops::{Deref, DerefMut};

/// Bytes of a page; where pages are larger this is still a multiple of what a processor asks for.
const PAGE: usize = 4096;

/// Bytes that begin with a page. It has the least memory that this takes, and fresh memory is not touched.
#[derive(Default)]
pub struct PageBuffer {
    memory: Vec<u8>,
    begin: usize,
    length: usize,
}

impl PageBuffer {
    /// So many bytes, all zero.
    pub fn new(length: usize) -> Self {
        let memory = vec![0; length.saturating_add(PAGE)];
        // The offset is below a page; if it could not be told, the bytes would only be slower.
        let begin = memory.as_ptr().align_offset(PAGE).min(PAGE);
        Self { memory, begin, length }
    }

    /// Makes it longer: what is in it stays, and zeros follow.
    pub fn grow(&mut self, length: usize) {
        if length > self.length {
            let mut longer = Self::new(length);
            longer[..self.length].copy_from_slice(self);
            *self = longer;
        }
    }
}

impl From<&[u8]> for PageBuffer {
    fn from(bytes: &[u8]) -> Self {
        let mut buffer = Self::new(bytes.len());
        buffer.copy_from_slice(bytes);
        buffer
    }
}

impl Deref for PageBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.begin..][..self.length]
    }
}

impl DerefMut for PageBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.begin..][..self.length]
    }
}

/// Bytes that a [`PageWriter`] keeps.
const KEPT: usize = 1 << 16;

/// A writer that keeps what it is given until there is enough of it, as [`io::BufWriter`] does. What it keeps is lost unless
/// it is flushed.
pub struct PageWriter<W> {
    to: W,
    /// Up to the first page there is nothing, and memory that nothing was put into is not touched.
    kept: Vec<u8>,
    begin: usize,
}

impl<W: Write> PageWriter<W> {
    /// Keeps bytes for this writer.
    pub fn new(to: W) -> Self {
        let mut kept: Vec<u8> = Vec::with_capacity(KEPT + PAGE);
        let begin = kept.as_ptr().align_offset(PAGE).min(PAGE);
        kept.resize(begin, 0);
        Self { to, kept, begin }
    }

    /// Writes what is kept. What has been written is not kept any longer, whatever happens to the rest.
    fn pass_on(&mut self) -> io::Result<()> {
        let mut written = self.begin;
        let mut result = Ok(());
        while written < self.kept.len() && result.is_ok() {
            match self.to.write(&self.kept[written..]) {
                Ok(0) => result = Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => result = Err(error),
            }
        }
        self.kept.drain(self.begin..written);
        result
    }
}

impl<W: Write> Write for PageWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Never longer than it was made for, so that it stays where it is.
        if bytes.len() > KEPT - (self.kept.len() - self.begin) {
            self.pass_on()?;
        }
        if bytes.len() >= KEPT {
            return self.to.write(bytes);
        }
        self.kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most so many bytes a call, and fails once.
    struct Narrow(Vec<u8>, usize, Option<io::ErrorKind>);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(kind) = self.2.take_if(|_| !self.0.is_empty()) {
                return Err(kind.into());
            }
            let length = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_buffer_begins_with_a_page_and_keeps_its_bytes_when_it_grows() {
        for length in [0, 1, PAGE, 1 << 16, 1 << 17] {
            let mut buffer = PageBuffer::new(length);
            assert_eq!((buffer.len(), buffer.as_ptr().align_offset(PAGE)), (length, 0));
            buffer.fill(7);
            buffer.grow(length + 3);
            assert_eq!(buffer.as_ptr().align_offset(PAGE), 0);
            assert!(buffer[..length].iter().all(|byte| *byte == 7) && buffer[length..] == [0; 3]);
        }
    }

    #[test]
    fn what_is_written_comes_out_once_and_in_order() {
        let all: Vec<u8> = (0..3 * KEPT).map(|number| (number % 251) as u8).collect();
        for piece in [1, 1000, KEPT - 1, KEPT, KEPT + 1] {
            for failing in [None, Some(io::ErrorKind::Interrupted), Some(io::ErrorKind::WouldBlock)]
            {
                let mut out = PageWriter::new(Narrow(Vec::new(), 40_000, failing));
                for bytes in all.chunks(piece) {
                    let mut rest = bytes;
                    while !rest.is_empty() {
                        // A failure loses nothing: the same bytes are offered again.
                        rest = &rest[out.write(rest).unwrap_or(0)..];
                    }
                }
                assert_eq!(out.kept[out.begin..].as_ptr().align_offset(PAGE), 0);
                while out.flush().is_err() {}
                assert_eq!(out.to.0, all, "{piece} {failing:?}");
            }
        }
    }
}
