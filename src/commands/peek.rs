//! `peek`: messages without consuming them, and the bytes of shared memory.

use crate::cli::context::{Context, VerbResult};
use crate::cli::framing::{self, Framing};
use crate::cli::params::{Params, Peeking};
use crate::cli::part::ByteRange;
use crate::cli::values;
use crate::endpoint::StreamEnd;
use crate::endpoint::bytes::{Frames, Stream};
use crate::endpoint::deadline::Deadline;
use crate::endpoint::frame::Frame;
use crate::endpoint::receiving::{self, ReceivePlan};
use crate::endpoint::writing::Writing;
use crate::kinds::capability::{Copies, Incoming, Memory, Messages, Want};
use crate::kinds::{self, Capability, KindRecord};
use crate::listing::reading;
use crate::model::{Address, Class, Fault};
use crate::sys::signal;

/// Show the content of an object without consuming it
///
/// A System V queue is read message by message in order of arrival; a process that receives at the same time can cause a
/// message to be skipped. A FIFO or pipe is read through the descriptor of a process that has it open for reading, so no waiting
/// writer is released. A POSIX queue cannot be peeked: the kernel has no such call. Shared memory is dumped as by
/// read --hex.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Object to peek at
    #[arg(value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    framing: Framing,

    /// Show at most N messages
    #[arg(long, value_name = "N", value_parser = values::count)]
    count: Option<u64>,

    #[command(flatten)]
    part: ByteRange,

    #[command(flatten)]
    params: Params<Peeking>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl peek mq:0x5eed   all messages, a line each
  ipcctl peek mq:0x5eed --frame json   with their types
  ipcctl peek mq:0x5eed --index 2 --count 1 --frame raw | od -c
  ipcctl peek fifo:/run/app.ctl
  ipcctl peek shm:/frames --length 64   a dump of the first bytes";

/// What an object has to be looked at.
enum Content {
    Messages(&'static dyn Messages),
    Copies(&'static dyn Copies),
    Memory(&'static dyn Memory),
}

impl Content {
    fn of(record: &KindRecord) -> Option<Self> {
        let messages = record.messages.map(Self::Messages);
        let messages = messages.or_else(|| record.copies.map(Self::Copies));
        messages.or_else(|| record.memory.map(Self::Memory))
    }
}

/// There is something to look at.
static CONTENT: Capability<Content> =
    Capability::new(Content::of, "has no content that can be looked at");

/// Returns true if the content of objects of this kind can be peeked at.
pub(super) fn takes(record: &KindRecord) -> bool {
    Content::of(record).is_some()
}

/// Shows messages or bytes.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let frame = args.framing.chosen(cx.options.json)?;
    let record = kinds::of_address(&args.address)?;
    let content = CONTENT.require("peek at", &args.address, record)?;
    let settings = args.params.for_kind(record)?;
    let copied = match content {
        Content::Messages(messages) if !args.part.is_given() => {
            messages.copy(&cx.look(Want::Only(&[])), &args.address.locator, &settings)
        }
        Content::Copies(copies) if !args.part.is_given() => {
            copies.copy(&cx.look(Want::Only(&[])), &args.address.locator)
        }
        Content::Memory(memory) if frame.is_none() && args.count.is_none() => {
            return reading::show(memory, (record, &args.address), &args.part, (true, false), cx);
        }
        Content::Messages(_) | Content::Copies(_) => {
            return Err(Fault::usage("--offset and --length are for shared memory").into());
        }
        Content::Memory(_) => {
            return Err(Fault::usage("--frame, --json and --count are for messages").into());
        }
    };
    signal::catch()?;
    let plan = ReceivePlan {
        count: args.count,
        drain: true,
        follow: false,
        copy: true,
        patience: Deadline::new(true, None, None),
    };
    let passed = |_, _| ();
    let received = match copied {
        Ok(Incoming::Messages(mut receiver)) => {
            let mut writing = Writing::of_copies(frame.unwrap_or(Frame::Line));
            receiving::messages(receiver.as_mut(), &mut writing, &plan, &passed)
        }
        Ok(Incoming::Bytes(mut source)) => match framing::on_bytes(frame)? {
            Frame::Raw if args.count.is_some() => {
                let fault =
                    Fault::usage("--count counts messages, and there are none in raw bytes");
                return Err(fault.hint("name a --frame that keeps them apart").into());
            }
            Frame::Raw => Stream::new(source.as_mut(), plan).raw(&passed),
            frame => Frames::new(source.as_mut(), frame, plan).receive(&passed),
        },
        Err(fault) if fault.class == Class::Usage => {
            return Err(Fault {
                cause: format!("cannot peek at {}: {}", args.address, fault.cause),
                ..fault
            }
            .into());
        }
        Err(fault) => {
            let fault = cx.explain(fault, record, &args.address);
            cx.cannot("peek at", Some(&args.address), &fault);
            return Ok(());
        }
    };
    match received.end {
        // What is shown is a copy: nothing is lost with a reader that has gone.
        Ok(()) | Err(StreamEnd::Unread | StreamEnd::Late) => Ok(()),
        Err(StreamEnd::Signal(signal)) => Err(crate::cli::context::Exit::Signal(signal)),
        Err(StreamEnd::Fault(fault)) => {
            let fault = cx.explain(fault, record, &args.address);
            cx.cannot("peek at", Some(&args.address), &fault);
            Ok(())
        }
    }
}
