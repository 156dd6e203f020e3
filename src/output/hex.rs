//! Bytes as hexadecimal numbers with their offsets and as text, in the form of `hexdump -C`.

use std::io::{self, Write};

/// Bytes of one line.
const WIDTH: usize = 16;

/// Writes a dump, block after block. Lines that repeat the one before are a single `*`.
#[derive(Default)]
pub struct Dump {
    offset: u64,
    line: Vec<u8>,
    previous: Option<[u8; WIDTH]>,
    repeating: bool,
    text: Vec<u8>,
}

impl Dump {
    /// Begins a dump whose first byte has this offset.
    pub fn new(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Writes the lines that the bytes complete, and keeps the rest.
    ///
    /// # Errors
    /// What the output says.
    pub fn bytes(&mut self, out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while self.line.len() + rest.len() >= WIDTH {
            let (head, tail) = rest.split_at((WIDTH - self.line.len()).min(rest.len()));
            self.line.extend_from_slice(head);
            rest = tail;
            self.full_line(out)?;
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// Writes what is left, and the offset of the end.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = self.line.len() as u64;
        if rest > 0 {
            self.write_line(out)?;
        }
        writeln!(out, "{:08x}", self.offset + rest)
    }

    fn full_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let this = self.line.first_chunk::<WIDTH>().copied();
        if this.is_some() && this == self.previous {
            if !self.repeating {
                out.write_all(b"*\n")?;
            }
            self.repeating = true;
        } else {
            self.repeating = false;
            self.previous = this;
            self.write_line(out)?;
        }
        self.offset += WIDTH as u64;
        self.line.clear();
        Ok(())
    }

    fn write_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'?');
        self.text.clear();
        write!(self.text, "{:08x} ", self.offset)?;
        for at in 0..WIDTH {
            if at == WIDTH / 2 {
                self.text.push(b' ');
            }
            match self.line.get(at) {
                Some(byte) => self.text.extend([b' ', digit(byte >> 4), digit(byte & 15)]),
                None => self.text.extend(b"   "),
            }
        }
        self.text.extend(b"  |");
        let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { *byte } else { b'.' };
        self.text.extend(self.line.iter().map(shown));
        self.text.extend(b"|\n");
        out.write_all(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dump(offset: u64, blocks: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut dump = Dump::new(offset);
        blocks.iter().for_each(|block| dump.bytes(&mut out, block).unwrap());
        dump.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_offset_numbers_and_text() {
        assert_eq!(
            dump(0x20, &[b"hello, world\n\0\xffabc"]),
            "00000020  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 00 ff 61  |hello, world...a|\n\
             00000030  62 63                                             |bc|\n\
             00000032\n"
        );
    }

    #[test]
    fn lines_that_repeat_are_a_star_and_a_different_last_line_is_shown() {
        let zeros = "00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00";
        assert_eq!(
            dump(0, &[&[0; 70]]),
            format!(
                "00000000  {zeros}  |................|\n*\n\
                 00000040  00 00 00 00 00 00                                 |......|\n00000046\n"
            )
        );
        assert_eq!(dump(0, &[]), "00000000\n");
        assert!(dump(1 << 40, &[b"x"]).starts_with("10000000000  78"));
    }

    proptest! {
        #[test]
        fn where_the_blocks_end_does_not_matter(bytes in prop::collection::vec(0..3u8, 0..200), cut: prop::sample::Index) {
            let at = cut.index(bytes.len() + 1);
            let (one, two) = bytes.split_at(at);
            prop_assert_eq!(dump(0, &[one, two]), dump(0, &[&bytes]));
        }
    }
}
