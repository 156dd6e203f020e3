//! The option `--frame`, the same word on both ends.

use clap::Args;

use super::values;
use crate::endpoint::frame::Frame;
use crate::model::Fault;

/// How messages stand on standard input and output.
#[derive(Args, Clone, Debug)]
pub struct Framing {
    /// Message framing
    ///
    /// The default is line, and raw for a FIFO.
    ///
    /// Every frame but raw and cstring transfers messages unchanged if both ends use the same one. A message that a frame cannot
    /// carry is an error; it is never truncated or changed. A FIFO carries bytes: there the frame also separates the
    /// messages in the FIFO.
    #[arg(long, value_parser = values::named::<Frame>(), value_name = "FRAME")]
    frame: Option<Frame>,
}

impl Framing {
    /// The frame that was asked for, also by `--json`.
    ///
    /// # Errors
    /// A usage error when both are given and differ.
    pub fn chosen(&self, json: bool) -> Result<Option<Frame>, Fault> {
        match self.frame {
            Some(frame) if json && frame != Frame::Json => {
                Err(Fault::usage("--json is short for --frame json: give one frame"))
            }
            None if json => Ok(Some(Frame::Json)),
            frame => Ok(frame),
        }
    }
}

/// The frame of messages in an object that carries bytes: raw if none was asked for.
///
/// # Errors
/// A usage error for one that says what a message in a queue is like.
pub fn on_bytes(frame: Option<Frame>) -> Result<Frame, Fault> {
    match frame {
        Some(Frame::Cstring) => {
            Err(Fault::usage("--frame cstring is for messages of a queue, and this carries bytes")
                .hint("--frame nul ends each message with a NUL byte"))
        }
        frame => Ok(frame.unwrap_or(Frame::Raw)),
    }
}
