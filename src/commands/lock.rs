//! `lock`: run a command while holding a semaphore.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::params::{Params, Taking};
use crate::cli::values;
use crate::cli::waiting::Waiting;
use crate::kinds;
use crate::kinds::KindRecord;
use crate::kinds::capability::{ReleaseMode, Want};
use crate::listing::blame;
use crate::model::{Address, Class, Encoded, Fault};
use crate::sys::deferral::{self, Deferral, Watch};

/// Run a command while holding a semaphore
///
/// Waits for the semaphore, decrements it by 1, runs the command and increments it again. A semaphore with the value 1 is a
/// mutex; with the value N it lets N commands run at once.
///
/// On a System V set, ipcctl becomes the command, and the kernel reverts the decrement (SEM_UNDO) when that process ends,
/// even by SIGKILL. Background processes of the command do not hold the semaphore, nor does a command that moves to another
/// IPC namespace (unshare --ipc).
///
/// On a POSIX semaphore, ipcctl stays as a supervisor that releases the semaphore when the command has ended. Signals are
/// forwarded to the command. The kernel does not know who holds a POSIX semaphore: if the supervisor is killed by SIGKILL,
/// the command continues and the semaphore remains taken until it is posted (ipcctl post). Prefer a System V set where that
/// matters.
///
/// The exit status is that of the command, or 128+N if signal N terminated it. Failures of ipcctl: 124 the semaphore could
/// not be acquired in time, 125 any other failure, 126 the command cannot be executed, 127 it was not found.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Semaphore
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    waiting: Waiting,

    #[command(flatten)]
    params: Params<Taking>,

    /// Command to run, after --
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl create sem:0xb0b --value 1 --if-missing
  ipcctl lock sem:0xb0b -- ./backup                    one at a time
  ipcctl lock sem:0xb0b --timeout 10 -- ./backup       give up after 10 seconds, with status 124
  ipcctl create sem:/three --value 3
  for f in *.log; do ipcctl lock sem:/three -- gzip \"$f\" & done; wait";

/// It could not be had in time.
const TIMED_OUT: u8 = 124;
/// ipcctl failed.
pub(super) const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs a command while holding a semaphore.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    // Whatever goes wrong from here on must not be taken for a status of the command.
    cx.exit_with(FAILED);
    let record = kinds::of_address(&args.address)?;
    match hold(args, record, cx)? {
        Ok(ReleaseMode::UntilExit) => become_command(args, cx),
        Ok(ReleaseMode::Supervised { release, signals }) => {
            let status = supervise(args, signals, cx);
            cx.exit_with(status);
            if let Err(fault) = release() {
                cx.cannot("give back", Some(&args.address), &fault);
            }
        }
        Err(fault) => {
            if fault.class == Class::WouldBlock {
                cx.exit_with(TIMED_OUT);
            }
            let fault =
                blame::named(cx.explain(fault, record, &args.address), record, &args.address, cx);
            cx.cannot("lock", Some(&args.address), &fault);
        }
    }
    Ok(())
}

fn hold(
    args: &Args,
    record: &KindRecord,
    cx: &Context,
) -> Result<Result<ReleaseMode, Fault>, Exit> {
    let counters = kinds::COUNTERS.require("lock", &args.address, record)?;
    let settings = args.params.for_kind(record)?;
    let look = cx.look(Want::Only(&[]));
    Ok(counters.hold(&look, &args.address.locator, &settings, args.waiting.from_now()))
}

/// The command and its arguments; clap sees to it that there is one.
fn command(args: &Args) -> Command {
    let mut words = args.command.iter();
    let mut command = Command::new(words.next().map_or("".as_ref(), OsString::as_os_str));
    command.args(words);
    command
}

/// Returns only when that is not possible.
fn become_command(args: &Args, cx: &mut Context) {
    let error = command(args).exec();
    not_run(args, &error, cx);
}

fn not_run(args: &Args, error: &io::Error, cx: &mut Context) {
    let (status, fault) = match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, Fault::new(Class::Failed, "command not found")),
        _ => (NOT_EXECUTABLE, Fault::from_os(error)),
    };
    cx.exit_with(status);
    let name = args.command.first().map_or(&[][..], |name| name.as_encoded_bytes());
    cx.cannot("run", Some(&Encoded(name)), &fault);
}

/// Runs the command to its end, and says with which status.
fn supervise(args: &Args, signals: Deferral, cx: &mut Context) -> u8 {
    let started = deferral::expect_children().and_then(|()| command(args).spawn());
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            not_run(args, &error, cx);
            return cx.status();
        }
    };
    match Watch::new(signals).and_then(|watch| pass_signals_on(&watch, &mut child)) {
        Ok(status) => status_of(status),
        Err(error) => {
            cx.cannot("wait for the command", None, &error.into());
            FAILED
        }
    }
}

fn pass_signals_on(watch: &Watch, child: &mut Child) -> io::Result<ExitStatus> {
    loop {
        // It may have ended before the watch began; and a SIGCHLD may be of a child that this process had
        // before.
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let arrival = watch.next()?;
        if arrival.signal != libc::SIGCHLD && !arrival.to_all {
            // Who has ended meanwhile needs no signal, and who runs as another user by now cannot get one.
            let _ = deferral::send(child.id(), arrival.signal);
        }
    }
}

fn status_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED)
}
