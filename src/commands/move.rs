//! `move`: the messages of one queue into another.

use std::time::Duration;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::dead_letter::DeadLetter;
use crate::cli::params::{Moving, Params};
use crate::cli::{rescued, values};
use crate::endpoint::StreamEnd;
use crate::endpoint::deadline::Deadline;
use crate::endpoint::moving::{self, MoveOutcome, MovePlan};
use crate::kinds::capability::{Incoming, Outgoing, Receiver, Sender, Want};
use crate::kinds::{self, KindRecord};
use crate::listing::acting::ActReport;
use crate::model::{Address, Class, Fault, Settings, Value};
use crate::output::{Progress, ProgressUnit};
use crate::sys::signal;

/// Move the messages of one queue to another
///
/// Moves what is in the queue FROM now, in its order, unless --count or --follow is given. It waits for room in TO, takes a
/// message, and sends it without waiting: a message that TO no longer takes is put back into FROM, or saved to a file that is
/// named. SIGKILL costs at most one message, and none arrives twice.
///
/// Every message keeps its priority or type. Between queues of System V and POSIX this word has no meaning: it is dropped with
/// a note, unless --type or --priority gives all messages one.
///
/// A message that TO can never hold ends the move with exit status 7 and stays in FROM, unless --dead-letter takes it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Queue to take messages from
    #[arg(value_name = "FROM", value_parser = values::address())]
    from: Address,

    /// Queue to send them to
    #[arg(value_name = "TO", value_parser = values::address())]
    to: Address,

    /// Move N messages, and wait for them
    #[arg(long, value_name = "N", value_parser = values::count, conflicts_with = "follow")]
    count: Option<u64>,

    /// Move messages as they come, until terminated by a signal
    #[arg(long)]
    follow: bool,

    /// Give up after this long in total (exit status 5)
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,

    #[command(flatten)]
    dead_letter: DeadLetter,

    /// Show progress if standard error is a terminal
    #[arg(long, hide_short_help = true)]
    progress: bool,

    #[command(flatten)]
    params: Params<Moving>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl move mq:/a mq:/b             all that is in it now
  ipcctl move mq:0x5eed mq:/b --priority 5 --count 2
  ipcctl move mq:/a mq:0x5eed --dead-letter too-long.jsonl --json";

/// Moves messages.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let ends = [&args.from, &args.to].map(kinds::of_address);
    let [from, to] = ends;
    let (from, to) = (from?, to?);
    kinds::QUEUES.require("move messages from", &args.from, from)?;
    kinds::QUEUES.require("move messages to", &args.to, to)?;
    let settings = args.params.for_kind(to)?;
    let mut report = ActReport::new(DETAILS, cx)?;
    signal::catch()?;
    let opened = open((args, from, to), &settings, cx);
    let opened =
        opened.and_then(|ends| args.dead_letter.open(cx, &args.from).map(|dead| (ends, dead)));
    let ((mut receiver, mut sender), mut dead) = match opened {
        Ok(opened) => opened,
        Err(fault) if fault.class == Class::Usage => return Err(fault.into()),
        Err(fault) => {
            report.failed(&args.from, &fault, vec![Value::Address(args.to.clone())]);
            cx.complain(&fault);
            return report.finish(cx);
        }
    };
    let plan = MovePlan {
        count: args.count,
        follow: args.follow,
        marked: !args.params.is_empty(),
        patience: Deadline::new(false, args.timeout, None),
    };
    let progress = Progress::new(args.progress, plan.count, ProgressUnit::Messages);
    let passed = |messages, _| progress.add(messages);
    let outcome =
        moving::messages(receiver.as_mut(), sender.as_mut(), dead.as_mut(), &plan, &passed);
    tell(args, to, outcome, report, cx)
}

type Ends = (Box<dyn Receiver>, Box<dyn Sender>);

/// Opens both ends, if they are of two queues.
fn open(
    (args, from, to): (&Args, &KindRecord, &KindRecord),
    settings: &Settings,
    cx: &Context,
) -> Result<Ends, Fault> {
    let look = cx.look(Want::Only(&[]));
    let of = |verb: &str, record: &KindRecord, address: &Address, fault: Fault| {
        let fault = cx.explain(fault, record, address);
        Fault { cause: format!("cannot {verb} {address}: {}", fault.cause), ..fault }
    };
    let receiver = kinds::QUEUES.of_kind(from)?;
    let receiver = receiver
        .receiver(&look, &args.from.locator, &Settings::NONE)
        .map_err(|fault| of("move messages from", from, &args.from, fault))?;
    let sender = kinds::QUEUES.of_kind(to)?;
    let sender = sender
        .sender(&look, &args.to.locator, settings)
        .map_err(|fault| of("move messages to", to, &args.to, fault))?;
    let (Incoming::Messages(receiver), Outgoing::Messages(sender)) = (receiver, sender) else {
        return Err(Fault::usage("a queue is needed at both ends"));
    };
    let found = |record: &KindRecord, address: &Address| {
        record.inspect.find(&look, &address.locator).ok().map(|object| object.address)
    };
    let (one, other) = (found(from, &args.from), found(to, &args.to));
    if one.is_some() && one == other {
        return Err(Fault::usage(format!("{} and {} are the same queue", args.from, args.to)));
    }
    Ok((receiver, sender))
}

/// What is told of a move besides the queue.
const DETAILS: &[&str] = &["to", "moved", "bytes", "dropped", "dead-letters", "put-back", "saved"];

/// Says what was moved, if it is asked for, and why it ended if it was not done.
fn tell(
    args: &Args,
    to: &KindRecord,
    outcome: MoveOutcome,
    mut report: ActReport,
    cx: &mut Context,
) -> VerbResult {
    let MoveOutcome { moved, bytes, dead, dropped, end, rescued } = outcome;
    if let Some((word, count)) = dropped {
        let messages = if count == 1 { "message" } else { "messages" };
        let kind = to.kind.about;
        cx.note(&format!("{count} {messages} had a {word}, which a {kind} does not have: dropped"));
    }
    let saved = rescued.saved.as_ref().and_then(|saved| saved.place.as_ref().ok());
    let details = vec![
        Value::Address(args.to.clone()),
        Value::Count(moved),
        Value::Bytes(bytes),
        Value::Count(dropped.map_or(0, |(_, count)| count)),
        Value::Count(dead),
        Value::Count(rescued.back),
        saved.map_or(Value::None("none"), |path| Value::Name(path.as_os_str().into())),
    ];
    let (fault, stop) = match end {
        Ok(()) => (None, Ok(())),
        Err(StreamEnd::Signal(signal)) => {
            let cause = format!("ended by signal {signal}");
            (Some(Fault::new(Class::Failed, cause)), Err(Exit::Signal(signal)))
        }
        Err(StreamEnd::Late | StreamEnd::Unread) => {
            (Some(Fault::new(Class::WouldBlock, "timed out")), Ok(()))
        }
        Err(StreamEnd::Fault(fault)) => {
            // What was attempted is no usage error any more.
            let class = if fault.class == Class::Usage { Class::Failed } else { fault.class };
            (Some(Fault { class, ..fault }), Ok(()))
        }
    };
    match fault {
        None => report.done(&args.from, "moved", details),
        Some(fault) => {
            report.failed(&args.from, &fault, details);
            if stop.is_ok() {
                let cause = format!("{} ({moved} moved)", fault.cause);
                cx.cannot("move messages to", Some(&args.to), &Fault { cause, ..fault });
            }
        }
    }
    // It is where it was.
    if rescued.back > 0 {
        cx.note("the message that had been taken is put back");
    }
    if let Some(saved) = &rescued.saved {
        rescued::tell_place(saved, &args.from, cx);
    }
    report.finish(cx)?;
    stop
}
