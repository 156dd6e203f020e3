//! `send`: the sender endpoint of what carries messages.

use std::ffi::OsString;
use std::time::Duration;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::creation::Creation;
use crate::cli::framing::{self, Framing};
use crate::cli::params::{Params, Sending};
use crate::cli::values;
use crate::endpoint::deadline::{Deadline, patiently};
use crate::endpoint::frame::Frame;
use crate::endpoint::rescue::save;
use crate::endpoint::sending::{self, Destination, DirectSender, Framed, Sent};
use crate::endpoint::{StreamEnd, bytes};
use crate::kinds;
use crate::kinds::capability::{ByteSink, Outgoing, Want};
use crate::model::{Address, Class, Encoded, Fault, Named};
use crate::output::{Progress, ProgressUnit};
use crate::sys::signal;

/// Send messages to a queue or FIFO
///
/// Each MESSAGE is one message. Without MESSAGE, standard input is read and split as --frame says. send waits while a queue
/// is full, and until a FIFO has a reader. A message that is too long fails with exit status 7 and is never split or
/// truncated; messages that preceded it on standard input have been sent, and their number is reported. If one of several
/// MESSAGE arguments is too long, none is sent. What was read and not sent is saved to a file in the same frame, with the
/// command that sends it again; a regular file as standard input keeps it anyway.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Queue or FIFO to write to
    #[arg(value_parser = values::address())]
    address: Address,

    /// Messages [default: read from standard input]
    #[arg(value_name = "MESSAGE")]
    messages: Vec<OsString>,

    #[command(flatten)]
    framing: Framing,

    /// Give up waiting after this long (exit status 5)
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,

    /// Do not wait for room or a reader (exit status 5)
    #[arg(long, conflicts_with = "timeout")]
    nonblock: bool,

    /// Show progress if standard error is a terminal
    #[arg(long, hide_short_help = true)]
    progress: bool,

    #[command(flatten)]
    creation: Creation,

    #[command(flatten)]
    params: Params<Sending>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl send mq:/jobs 'resize a.png' --priority 5
  ipcctl send mq:0x5eed --type 2 --frame raw < a.log    all of it as one message
  find . -print0 | ipcctl send mq:0xf11e5 --create --frame nul
  ipcctl send fifo:/run/app.ctl reload --frame line --timeout 2
  ipcctl recv mq:0x5eed --drain --frame nul | tr a-z A-Z | ipcctl send mq:0xa --create --frame nul";

/// Sends messages.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let frame = args.framing.chosen(cx.options.json)?;
    let record = kinds::of_address(&args.address)?;
    let messages = kinds::MESSAGES.require("send to", &args.address, record)?;
    let settings = args.params.for_kind(record)?;
    signal::catch()?;
    let opened = {
        let look = cx.look(Want::Only(&[]));
        let locator = &args.address.locator;
        args.creation
            .apply(&look, record, locator)
            .and_then(|()| messages.sender(&look, locator, &settings))
    };
    let outgoing = match opened {
        Ok(outgoing) => outgoing,
        Err(fault) if fault.class == Class::Usage => return Err(fault.into()),
        Err(fault) => {
            let fault = cx.explain(fault, record, &args.address);
            cx.cannot("send to", Some(&args.address), &fault);
            return Ok(());
        }
    };
    if frame.is_some() && !args.messages.is_empty() && matches!(outgoing, Outgoing::Messages(_)) {
        let cause = "a frame is for standard input: a MESSAGE goes into a queue as it is";
        return Err(Fault::usage(cause).hint("leave out --frame, or the MESSAGE").into());
    }
    let mut sent = Sent::default();
    let end = send(args, frame, outgoing, &mut sent);
    report(args, cx, end, sent, record)
}

fn send(
    args: &Args,
    frame: Option<Frame>,
    outgoing: Outgoing,
    sent: &mut Sent,
) -> Result<(), StreamEnd> {
    let patience = Deadline::new(args.nonblock, None, args.timeout);
    match outgoing {
        Outgoing::Messages(mut sender) => {
            let frame = frame.unwrap_or(Frame::Line);
            let mut entry = DirectSender { sender: sender.as_mut(), patience };
            framed(args, &mut entry, frame, sent)
        }
        Outgoing::Bytes(mut sink) => {
            let frame = framing::on_bytes(frame)?;
            connect(sink.as_mut(), &patience)?;
            match frame {
                Frame::Raw if args.messages.is_empty() => {
                    let progress = Progress::new(args.progress, None, ProgressUnit::Bytes);
                    let passed = |_, bytes| progress.add(bytes);
                    bytes::send(sink.as_mut(), &patience, sent, &passed)
                }
                frame => {
                    framed(args, &mut Framed::new(sink.as_mut(), frame, patience), frame, sent)
                }
            }
        }
    }
}

fn framed(
    args: &Args,
    entry: &mut dyn Destination,
    frame: Frame,
    sent: &mut Sent,
) -> Result<(), StreamEnd> {
    let progress = Progress::new(args.progress, None, ProgressUnit::Messages);
    let passed = |messages, _| progress.add(messages);
    if args.messages.is_empty() {
        sending::stream(entry, frame, sent, &passed)
    } else {
        sending::arguments(entry, &args.messages, sent, &passed)
    }
}

/// Waits for somebody who reads.
fn connect(sink: &mut dyn ByteSink, patience: &Deadline) -> Result<(), StreamEnd> {
    patiently(patience.next(), |wait| sink.connect(wait), || Ok(())).map_err(|end| match end {
        StreamEnd::Late => {
            Fault::new(Class::WouldBlock, "no process has it open for reading").into()
        }
        end => end,
    })
}

/// Says what went if not all of it did.
fn report(
    args: &Args,
    cx: &mut Context,
    end: Result<(), StreamEnd>,
    sent: Sent,
    record: &kinds::KindRecord,
) -> VerbResult {
    let went = went(&sent);
    if let Some((word, count)) = sent.dropped.filter(|_| args.params.is_empty()) {
        let messages = if count == 1 { "message" } else { "messages" };
        let kind = record.kind.about;
        cx.note(&format!("{count} {messages} had a {word}, which a {kind} does not have: dropped"));
    }
    let nothing = sent.messages == 0 && sent.bytes == 0;
    let fault = match end {
        Ok(()) => return Ok(()),
        Err(StreamEnd::Signal(signal)) => {
            cx.note(&format!("{went} before the signal"));
            save_rest(args, cx, sent.rest, Class::Failed);
            return Err(Exit::Signal(signal));
        }
        Err(StreamEnd::Unread) => Fault::new(Class::Failed, "there is no reader any more"),
        Err(StreamEnd::Late) => {
            let late = if args.nonblock { "" } else { "timed out: " };
            let cause = format!("{late}{}", sent.full.as_deref().unwrap_or("it is full"));
            Fault::new(Class::WouldBlock, cause)
        }
        Err(StreamEnd::Fault(fault)) => cx.explain(fault, record, &args.address),
    };
    if nothing && sent.rest.is_empty() && fault.class == Class::Usage {
        return Err(fault.into());
    }
    let cause = format!("{} ({went})", fault.cause);
    // What was attempted is no usage error any more.
    let class = if fault.class == Class::Usage { Class::Failed } else { fault.class };
    cx.cannot("send to", Some(&args.address), &Fault { cause, class, ..fault });
    save_rest(args, cx, sent.rest, class);
    Ok(())
}

/// Says where that is which was read and did not go. This is no talk that --quiet could silence.
fn save_rest(args: &Args, cx: &mut Context, rest: Vec<u8>, class: Class) {
    if rest.is_empty() {
        return;
    }
    let bytes = rest.len();
    let fault = match save(rest) {
        Ok(path) => {
            let frame = args.framing.chosen(cx.options.json).ok().flatten();
            let frame = frame.map(|frame| format!(" --frame {}", frame.name()));
            let frame = frame.unwrap_or_default();
            let path = Encoded(path.as_os_str().as_encoded_bytes()).to_string();
            let cause = format!("{bytes} bytes were read and not sent; saved in {path}");
            let marks = args.params.words();
            let again =
                format!("send it again: ipcctl send {}{frame}{marks} < {path}", args.address);
            Fault::new(class, cause).hint(again)
        }
        Err(_) => {
            let cause = format!("{bytes} bytes that were read are lost: no file takes them");
            Fault::new(Class::Failed, cause)
        }
    };
    cx.complain(&fault);
}

fn went(sent: &Sent) -> String {
    let part = match sent.part {
        0 => String::new(),
        bytes => format!(", and {bytes} bytes of the next"),
    };
    match (sent.messages, sent.bytes) {
        (0, 0) => "nothing was sent".into(),
        (0, bytes) if part.is_empty() => format!("{bytes} bytes were sent"),
        (1, _) => format!("1 message was sent{part}"),
        (messages, _) => format!("{messages} messages were sent{part}"),
    }
}
