//! `recv`: the receiver endpoint of what carries messages.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::creation::Creation;
use crate::cli::dead_letter::DeadLetter;
use crate::cli::framing::{self, Framing};
use crate::cli::listening::ListenFd;
use crate::cli::params::{Params, Receiving};
use crate::cli::{rescued, values};
use crate::endpoint::StreamEnd;
use crate::endpoint::attempts::Attempts;
use crate::endpoint::bytes::{Frames, Stream, save_rest};
use crate::endpoint::deadline::Deadline;
use crate::endpoint::frame::Frame;
use crate::endpoint::framed_source::FramedSource;
use crate::endpoint::jobs::{Jobs, Tally};
use crate::endpoint::receiving::{self, ReceiveOutcome as Received, ReceivePlan};
use crate::endpoint::writing::Writing;
use crate::kinds;
use crate::kinds::capability::{ByteSource, Incoming, Receiver, Want};
use crate::model::{Address, Class, Fault};
use crate::output::{Progress, ProgressUnit};
use crate::sys::signal;

/// Receive messages from a queue or FIFO
///
/// Receives one message unless --count, --drain or --follow is given. From a FIFO, reads until the last writer closes it.
///
/// A received message is never lost: if it cannot be written out, or its command fails, it is put back with its priority or
/// type, behind the messages that have arrived since; if that fails too, it is saved to a file in the json frame and the
/// path is printed. In both cases the exit status is 1 and nothing more is received. A pipe has delivered only what was read
/// from it: the rest is put back. A FIFO takes nothing back and loses its
/// content when the last process closes it: what its writers have written by then is saved with the rest, unless --count
/// asked for less or --packet for whole packets. Messages are written out before each wait, so SIGKILL loses at most what
/// was received since: 64 messages of a queue, up to 128 KiB of a FIFO.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Queue or FIFO to read from
    #[arg(value_parser = values::address(), required_unless_present = "listen_fd", conflicts_with = "listen_fd")]
    address: Option<Address>,

    #[command(flatten)]
    listen_fd: ListenFd,

    #[command(flatten)]
    framing: Framing,

    /// Stop after N messages
    #[arg(long, value_name = "N", value_parser = values::count, conflicts_with_all = ["follow"])]
    count: Option<u64>,

    /// Receive what is there now without waiting
    #[arg(long, conflicts_with = "follow")]
    drain: bool,

    /// Receive until terminated by a signal
    ///
    /// At the end of a FIFO, wait for the next writer.
    #[arg(long)]
    follow: bool,

    /// Give up after this long in total (exit status 5)
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,

    /// Give up after this long without a message (exit status 5)
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide_short_help = true)]
    idle_timeout: Option<Duration>,

    /// Do not wait for a message (exit status 5)
    #[arg(long, conflicts_with_all = ["timeout", "idle_timeout", "follow"], hide_short_help = true)]
    nonblock: bool,

    /// Run COMMAND once per message, as standard input
    ///
    /// A FIFO needs a --frame for it, line for one command per line, or --packet. What its command did not accept is saved.
    ///
    /// The priority or type of the message is in IPCCTL_PRIORITY or IPCCTL_TYPE. If a command fails, its message is put
    /// back, no further message is taken, and running commands are waited for; --attempts and --dead-letter go on instead. A signal that asks for the end
    /// does the same; a second one is forwarded to the running commands.
    #[arg(
        long,
        value_name = "COMMAND",
        num_args = 1..,
        allow_hyphen_values = true,
        help_heading = None
    )]
    exec: Vec<OsString>,

    /// Run up to N commands at once; only 1 keeps the order
    #[arg(long, value_name = "N", default_value = "1", requires = "exec", hide_short_help = true)]
    jobs: NonZeroUsize,

    /// Run the command up to N times for a message that it does not accept
    ///
    /// Between the attempts the message is in the queue, behind those of its priority that have arrived since; a FIFO takes
    /// nothing back, so the command is run again at once. Attempts are counted by this process alone, by the content of the
    /// message and its priority or type; IPCCTL_ATTEMPT has the number. After the last one the message goes to --dead-letter;
    /// without it, it is put back, and no further message is taken.
    #[arg(long, value_name = "N", requires = "exec", hide_short_help = true)]
    attempts: Option<NonZeroU64>,

    #[command(flatten)]
    dead_letter: DeadLetter,

    /// Show progress if standard error is a terminal
    #[arg(long, hide_short_help = true)]
    progress: bool,

    #[command(flatten)]
    creation: Creation,

    #[command(flatten)]
    params: Params<Receiving>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl recv mq:/jobs --timeout 10s  one message
  ipcctl recv mq:/jobs --drain --frame json   with priorities
  ipcctl recv mq:0x5eed --type -3 --nonblock  lowest type up to 3
  ipcctl recv fifo:/run/app.ctl --frame line --count 1 --timeout 10s
  ipcctl recv fifo:/run/app.ctl --frame line --count 1 --exec cat
  ipcctl recv mq:/jobs --drain -q --attempts 3 --dead-letter failed.jsonl --exec cat
  ipcctl recv mq:/jobs --drain -q --jobs 4 --exec sh -c 'tr a-z A-Z'";

/// Receives messages.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let frame = args.framing.chosen(cx.options.json)?;
    let address = match (args.listen_fd.address()?, &args.address) {
        (Some(address), _) => address,
        (None, Some(address)) => address.clone(),
        (None, None) => return Err(Fault::usage("an ADDRESS is missing").into()),
    };
    let address = &address;
    let record = kinds::of_address(address)?;
    let messages = kinds::MESSAGES.require("receive from", address, record)?;
    let settings = args.params.for_kind(record)?;
    if args.exec.is_empty() && args.dead_letter.is_given() {
        let cause = "--dead-letter takes what a command does not accept: it needs --exec";
        return Err(Fault::usage(cause).into());
    }
    signal::catch()?;
    let opened = {
        let look = cx.look(Want::Only(&[]));
        let locator = &address.locator;
        args.creation
            .apply(&look, record, locator)
            .and_then(|()| messages.receiver(&look, locator, &settings))
    };
    let opened = opened.and_then(|incoming| {
        let attempts = args.attempts.map_or(1, NonZeroU64::get);
        let dead = args.dead_letter.open(cx, address)?;
        Ok((incoming, Attempts::new(attempts, dead)))
    });
    let mut tally = None;
    let received = match opened {
        Ok((Incoming::Messages(mut receiver), attempts)) => {
            from_messages(args, frame, receiver.as_mut(), (attempts, &mut tally))?
        }
        Ok((Incoming::Bytes(mut source), attempts)) => {
            let plan = plan(args, args.count);
            match framing::on_bytes(frame)? {
                Frame::Raw if !args.exec.is_empty() => {
                    let fault = Fault::usage("--exec needs messages, and this carries bytes");
                    let hint =
                        "--frame line makes each line a message; --packet keeps packets apart";
                    return Err(fault.hint(hint).into());
                }
                frame if !args.exec.is_empty() => {
                    let source = source.as_mut();
                    execute_frames(args, frame, source, &plan, (attempts, &mut tally))?
                }
                Frame::Raw if args.count.is_some() => {
                    let fault =
                        Fault::usage("--count counts messages, and there are none in raw bytes");
                    return Err(fault.hint("name a --frame that keeps them apart").into());
                }
                Frame::Raw => {
                    let progress = Progress::new(args.progress, None, ProgressUnit::Bytes);
                    Stream::new(source.as_mut(), plan).raw(&|_, bytes| progress.add(bytes))
                }
                frame => {
                    let progress = Progress::new(args.progress, plan.count, ProgressUnit::Messages);
                    let passed = |messages, _| progress.add(messages);
                    Frames::new(source.as_mut(), frame, plan).receive(&passed)
                }
            }
        }
        Err(fault) if fault.class == Class::Usage => return Err(fault.into()),
        Err(fault) => {
            let fault = cx.explain(fault, record, address);
            cx.cannot("receive from", Some(address), &fault);
            return Ok(());
        }
    };
    report((args, address), cx, received, tally)
}

fn plan(args: &Args, count: Option<u64>) -> ReceivePlan {
    ReceivePlan {
        count,
        drain: args.drain,
        follow: args.follow,
        copy: false,
        patience: Deadline::new(args.nonblock, args.timeout, args.idle_timeout),
    }
}

/// Runs a command for each message that a frame keeps apart in a stream of bytes.
fn execute_frames(
    args: &Args,
    frame: Frame,
    source: &mut dyn ByteSource,
    plan: &ReceivePlan,
    (attempts, tally): (Attempts, &mut Option<Tally>),
) -> Result<Received, Exit> {
    let mut jobs = Jobs::new(args.exec.clone(), args.jobs.get(), attempts)?;
    let mut messages = FramedSource::new(source, frame);
    let received = receiving::messages(&mut messages, &mut jobs, plan, &|_, _| ());
    *tally = Some(jobs.tally());
    let left = messages.left();
    let rescued = save_rest(source, *plan, left, &received.end);
    Ok(Received { rescued, ..received })
}

fn from_messages(
    args: &Args,
    frame: Option<Frame>,
    receiver: &mut dyn Receiver,
    (attempts, tally): (Attempts, &mut Option<Tally>),
) -> Result<Received, Exit> {
    if !args.exec.is_empty() && frame.is_some() {
        let cause = "a command gets each message of a queue as it is: --frame and --json are not for --exec";
        return Err(Fault::usage(cause).into());
    }
    let all = args.drain || args.follow;
    let plan = plan(args, args.count.or(if all { None } else { Some(1) }));
    let progress = Progress::new(args.progress, plan.count, ProgressUnit::Messages);
    let passed = |messages, _| progress.add(messages);
    if args.exec.is_empty() {
        let mut writing =
            Writing::new(frame.unwrap_or(Frame::Line), receiver.room(), plan.patience);
        return Ok(receiving::messages(receiver, &mut writing, &plan, &passed));
    }
    let mut jobs = Jobs::new(args.exec.clone(), args.jobs.get(), attempts)?;
    let received = receiving::messages(receiver, &mut jobs, &plan, &passed);
    *tally = Some(jobs.tally());
    Ok(received)
}

/// Says why it ended, what became of what was not delivered, and how commands ended.
fn report(
    (args, address): (&Args, &Address),
    cx: &mut Context,
    received: Received,
    tally: Option<Tally>,
) -> VerbResult {
    let Received { delivered, end, rescued, torn } = received;
    let lossless = rescued.back == 0 && rescued.saved.is_none();
    let mut stop = Ok(());
    let fault = match end {
        Ok(()) => None,
        // Nobody wants to know any more, and nothing was taken that nobody got.
        Err(StreamEnd::Unread) if lossless => None,
        Err(StreamEnd::Unread) => {
            Some(Fault::new(Class::Failed, "the reader of the answer has gone"))
        }
        Err(StreamEnd::Late) => Some(late(args, delivered)),
        Err(StreamEnd::Signal(signal)) => {
            stop = Err(Exit::Signal(signal));
            None
        }
        Err(StreamEnd::Fault(fault)) => Some(fault),
    };
    if let Some(fault) = fault {
        cx.cannot("receive from", Some(address), &fault);
    }
    if torn > 0 {
        cx.warn(&format!("the output ends with {torn} bytes of a message that is not delivered"));
    }
    rescued::tell(&rescued, address, cx);
    if let Some(Tally { succeeded, failed, dead }) = tally {
        let dead = match dead {
            0 => String::new(),
            1 => "; 1 message went to the dead letters".into(),
            dead => format!("; {dead} messages went to the dead letters"),
        };
        cx.note(&format!("commands: {succeeded} succeeded, {failed} failed{dead}"));
    }
    stop
}

fn late(args: &Args, delivered: u64) -> Fault {
    let cause = match (args.nonblock, delivered) {
        (true, 0) => "there is nothing to receive".into(),
        (true, _) => format!("there is nothing more to receive ({delivered} received)"),
        (false, 0) => "timed out".into(),
        (false, _) => format!("timed out ({delivered} received)"),
    };
    Fault::new(Class::WouldBlock, cause)
}
