//! How messages stand on a stream: one writer for all frames; the reader is `frame_reader`. Knows bytes alone, neither where
//! they come from nor where they go.

use memchr::{memchr, memchr2};

use super::json;
use crate::model::{Class, Fault, Mark, Named};

/// How messages are kept apart on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The message and a newline.
    Line,
    /// The message and a NUL byte.
    Nul,
    /// The bytes alone.
    Raw,
    /// The length as 4 bytes, the highest first, and the message.
    Len32,
    /// A JSON object a line.
    Json,
    /// The message up to its first NUL byte, and a newline: an array of characters of a C program.
    Cstring,
}

impl Named for Frame {
    const ALL: &'static [Self] =
        &[Self::Line, Self::Nul, Self::Raw, Self::Len32, Self::Json, Self::Cstring];

    fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Nul => "nul",
            Self::Raw => "raw",
            Self::Len32 => "len32",
            Self::Json => "json",
            Self::Cstring => "cstring",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Line => "Each message is followed by a newline",
            Self::Nul => "Each message is followed by a NUL byte",
            Self::Raw => {
                "No separator: send reads all of standard input as one message, recv adds nothing"
            }
            Self::Len32 => "Each message is preceded by its length as 4 bytes, big-endian",
            Self::Json => {
                "One JSON object per line: {\"priority\":5,\"data\":\"text\"} or {\"type\":2,\"data_base64\":\"…\"}"
            }
            Self::Cstring => {
                "Lines for a C program's char[N]: recv prints up to the first NUL byte, send adds one"
            }
        }
    }
}

/// What a C program takes the message for.
fn c_string(message: &[u8]) -> &[u8] {
    message.get(..memchr(0, message).unwrap_or(message.len())).unwrap_or_default()
}

/// Frames that can carry any message, for hints.
const ANY: &str = "--frame json and --frame len32 carry any message";

impl Frame {
    /// Why this frame cannot carry a message unchanged, if it cannot.
    pub fn refuse(self, message: &[u8]) -> Option<Fault> {
        let name = match self {
            Self::Line => match message.get(memchr2(b'\n', 0, message)?) {
                Some(0) => ("a NUL byte", "line"),
                _ => ("a newline", "line"),
            },
            Self::Cstring => memchr(b'\n', c_string(message)).map(|_| ("a newline", "cstring"))?,
            Self::Nul => memchr(0, message).map(|_| ("a NUL byte", "nul"))?,
            Self::Len32 => match u32::try_from(message.len()) {
                Ok(_) => return None,
                Err(_) => ("more than 32 bits of length", "len32"),
            },
            Self::Raw | Self::Json => return None,
        };
        let cause = format!("it contains {}, which --frame {} cannot carry", name.0, name.1);
        Some(Fault::new(Class::Failed, cause).hint(ANY))
    }

    /// Adds a message to a stream.
    pub fn write(self, message: &[u8], mark: Mark, out: &mut Vec<u8>) {
        match self {
            Self::Line => {
                out.extend_from_slice(message);
                out.push(b'\n');
            }
            Self::Cstring => {
                out.extend_from_slice(c_string(message));
                out.push(b'\n');
            }
            Self::Nul => {
                out.extend_from_slice(message);
                out.push(0);
            }
            Self::Raw => out.extend_from_slice(message),
            Self::Len32 => {
                // Longer ones are refused before.
                let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(message);
            }
            Self::Json => json::write(message, mark, out),
        }
    }

    /// The most bytes that a message of `most` bytes can take on a stream.
    pub(super) fn most_with(self, most: usize) -> usize {
        match self {
            Self::Json => most.saturating_mul(json::GROWTH).saturating_add(json::OVERHEAD),
            _ => most.saturating_add(4),
        }
    }
}
