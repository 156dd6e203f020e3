//! `semop`: several operations on a set of semaphores, atomically.

use crate::cli::context::{Context, VerbResult};
use crate::cli::values;
use crate::cli::waiting::Waiting;
use crate::kinds;
use crate::kinds::capability::Want;
use crate::listing::acting::ActReport;
use crate::listing::blame;
use crate::model::{Address, Term, Value};

/// Perform several operations on a semaphore set atomically
///
/// A term is INDEX=DELTA, or FIRST:LAST=DELTA for a range of semaphores. A negative DELTA waits until the value is high
/// enough, =0 waits until it is 0, a positive one increments. All operations are performed at once, or none is.
///
/// Letters after DELTA: n (IPC_NOWAIT) fails with exit status 5 instead of waiting, u (SEM_UNDO) reverts the change when
/// the process exits. That process is ipcctl, which exits at once, so u is only useful for testing. To hold semaphores
/// while a command runs, use ipcctl lock.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// System V semaphore set
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    // No doc comment: its brackets would be links.
    #[arg(help = "Operation: INDEX[:LAST]=DELTA[n][u]", value_name = "TERM", required = true, value_parser = Term::parse)]
    terms: Vec<Term>,

    #[command(flatten)]
    waiting: Waiting,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl semop sem:0x5eed 0=-1 1=-1            take both, or neither
  ipcctl semop sem:0x5eed 0=-1 1=+1            move one from 0 to 1
  ipcctl semop sem:0xfee 0=0 0=+1              take a mutex that counts who is inside
  ipcctl semop sem:0xfee 0:4=0 --timeout 30    wait until all five are 0
  ipcctl semop sem:0x5eed 3=-1n                take it now or not at all";

/// Operates on a set.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let record = kinds::of_address(&args.address)?;
    let atomic = kinds::ATOMIC.require("operate on", &args.address, record)?;
    let look = cx.look(Want::Only(&[]));
    let mut report = ActReport::new(&["operations"], cx)?;
    let terms = args.terms.iter().map(|term| Value::Text(term.to_string().into()));
    let details = vec![Value::List(terms.collect())];
    match atomic.operate(&look, &args.address.locator, &args.terms, args.waiting.from_now()) {
        Ok(()) => report.done(&args.address, "changed", details),
        Err(fault) => {
            let fault = cx.explain(fault, record, &args.address);
            let fault = blame::named(fault, record, &args.address, cx);
            report.failed(&args.address, &fault, details);
            cx.cannot("operate on", Some(&args.address), &fault);
        }
    }
    report.finish(cx)
}
