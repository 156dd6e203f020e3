//! The option `--frame`, the same word on both ends.

use clap::{Args, ValueEnum};

use crate::endpoint::frame::Frame;
use crate::model::Fault;

/// How messages stand on standard input and output.
#[derive(Args, Clone, Debug)]
pub struct Framing {
    /// Message framing
    ///
    /// The default is line, and raw for a FIFO.
    ///
    /// Every frame but raw transfers messages unchanged if both ends use the same one. A message that a frame cannot
    /// carry is an error; it is never truncated or changed. A FIFO carries bytes: there the frame also separates the
    /// messages in the FIFO.
    #[arg(long, value_enum, value_name = "FRAME")]
    frame: Option<FrameName>,
}

/// Names of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrameName {
    /// Each message is followed by a newline
    Line,
    /// Each message is followed by a NUL byte
    Nul,
    /// No separator: send reads all of standard input as one message, recv adds nothing
    Raw,
    /// Each message is preceded by its length as 4 bytes, big-endian
    Len32,
    /// One JSON object per line: {"priority":5,"data":"text"} or {"type":2,"data_base64":"…"}
    Json,
}

impl Framing {
    /// The frame that was asked for, also by `--json`.
    ///
    /// # Errors
    /// A usage error when both are given and differ.
    pub fn chosen(&self, json: bool) -> Result<Option<Frame>, Fault> {
        match self.frame.map(FrameName::frame) {
            Some(frame) if json && frame != Frame::Json => {
                Err(Fault::usage("--json is short for --frame json: give one frame"))
            }
            None if json => Ok(Some(Frame::Json)),
            frame => Ok(frame),
        }
    }
}

impl FrameName {
    fn frame(self) -> Frame {
        match self {
            Self::Line => Frame::Line,
            Self::Nul => Frame::Nul,
            Self::Raw => Frame::Raw,
            Self::Len32 => Frame::Len32,
            Self::Json => Frame::Json,
        }
    }
}
