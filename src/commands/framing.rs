//! The option `--frame`, the same word on both ends.

use clap::{Args, ValueEnum};

use crate::endpoint::frame::Frame;

/// How messages stand on standard input and output.
#[derive(Args, Clone, Debug)]
pub(super) struct Framing {
    /// How messages are kept apart
    ///
    /// Without it line, and raw for a FIFO.
    ///
    /// The same frame on both ends carries every message over unchanged, in every frame but raw. A message that a
    /// frame cannot carry is an error, never cut or changed. On a FIFO, which carries bytes, the frame is also how
    /// messages stand in the FIFO.
    #[arg(long, value_enum, value_name = "FRAME")]
    frame: Option<FrameName>,
}

/// Names of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrameName {
    /// The message and a newline
    Line,
    /// The message and a NUL byte
    Nul,
    /// The bytes alone: send takes all of standard input as one message, recv adds nothing
    Raw,
    /// The length as 4 bytes, the highest first, and the message
    Len32,
    /// A JSON object a line: {"priority":5,"data":"text"} or {"type":2,"data_base64":"…"}
    Json,
}

impl Framing {
    /// Was a frame asked for?
    pub(super) fn is_given(&self) -> bool {
        self.frame.is_some()
    }

    /// The frame that was asked for, or what suits the shape of the object.
    pub(super) fn or(&self, otherwise: Frame) -> Frame {
        match self.frame {
            Some(FrameName::Line) => Frame::Line,
            Some(FrameName::Nul) => Frame::Nul,
            Some(FrameName::Raw) => Frame::Raw,
            Some(FrameName::Len32) => Frame::Len32,
            Some(FrameName::Json) => Frame::Json,
            None => otherwise,
        }
    }
}
