//! Words of the command line as messages repeat them.

use std::ffi::OsStr;
use std::fmt::{self, Display};

use super::text;

/// Words of the command line in a message, without anything that moves a cursor.
pub(super) struct Shown<'a>(pub(super) &'a OsStr);

impl Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            for letter in chunk.valid().chars() {
                if letter.is_control() {
                    let mut bytes = [0; 4];
                    escape(out, letter.encode_utf8(&mut bytes).as_bytes())?;
                } else {
                    write!(out, "{letter}")?;
                }
            }
            escape(out, chunk.invalid())?;
        }
        Ok(())
    }
}

fn escape(out: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| out.write_str(&text::escaped(*byte)))
}
