//! `peek`: messages without consuming them.

use super::context::{Context, Outcome};
use super::framing::Framing;
use crate::cli::params::{Params, Peeking};
use crate::cli::values;
use crate::endpoint::End;
use crate::endpoint::bytes::{Frames, Stream};
use crate::endpoint::deadline::Patience;
use crate::endpoint::delivery::Writing;
use crate::endpoint::frame::Frame;
use crate::endpoint::receiving::{self, Plan};
use crate::kinds;
use crate::kinds::capability::{Incoming, Want};
use crate::model::{Address, Class, Fault};
use crate::sys::signal;

/// Show what is in a queue or FIFO, and leave it there
///
/// A System V queue is read message by message, in order of arrival, so others that receive at the same time can
/// make it skip one. A FIFO is read through the descriptor of a process that has it open for reading, so no writer
/// is released. A POSIX queue cannot be peeked at: the kernel has no such call.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Of what
    #[arg(value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    framing: Framing,

    /// Show at most so many messages
    #[arg(long, value_name = "N", value_parser = values::count)]
    count: Option<u64>,

    #[command(flatten)]
    params: Params<Peeking>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl peek mq:5                              all messages, a line each
  ipcctl peek mq:0x5eed --index 2 --count 1 --frame raw | xxd
  ipcctl peek mq:5 --frame json | jq .type
  ipcctl peek fifo:/run/app.ctl";

/// Shows messages.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let record = kinds::of_address(&args.address)?;
    let messages =
        kinds::require(record, |record| record.messages).map_err(|fault| match record.memory {
            Some(_) => fault.hint(format!("ipcctl read {} --hex shows its bytes", args.address)),
            None => fault,
        })?;
    let settings = args.params.for_kind(record)?;
    signal::catch()?;
    let plan = Plan {
        count: args.count,
        drain: true,
        follow: false,
        copy: true,
        patience: Patience::new(true, None, None),
    };
    let copied = messages.copy(&cx.look(Want::Only(&[])), &args.address.locator, &settings);
    let passed = |_, _| ();
    let received = match copied {
        Ok(Incoming::Messages(mut receiver)) => {
            let mut writing = Writing::new(args.framing.or(Frame::Line), receiver.room());
            receiving::messages(receiver.as_mut(), &mut writing, &plan, &passed)
        }
        Ok(Incoming::Bytes(mut source)) => match args.framing.or(Frame::Raw) {
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
        Ok(()) | Err(End::Unread | End::Late) => Ok(()),
        Err(End::Signal(signal)) => Err(super::context::Stop::Signal(signal)),
        Err(End::Fault(fault)) => {
            let fault = cx.explain(fault, record, &args.address);
            cx.cannot("peek at", Some(&args.address), &fault);
            Ok(())
        }
    }
}
