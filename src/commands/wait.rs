//! `wait`: take from a semaphore.

use crate::cli::context::{Context, VerbResult};
use crate::cli::params::{Params, Taking};
use crate::cli::values;
use crate::cli::waiting::Waiting;
use crate::kinds;
use crate::kinds::capability::Want;
use crate::listing::acting::ActReport;
use crate::listing::blame;
use crate::model::Address;

/// Wait for a semaphore and decrement it (P)
///
/// Decrements the value by 1 (P, down, sem_wait) as soon as it is above 0. The decrement is not undone when ipcctl exits:
/// to hold a semaphore while a command runs, use ipcctl lock. Exit status 5 means that it could not be acquired in time,
/// 3 that it was removed while waiting. A wait that is interrupted by a signal has not decremented it.
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
}

const EXAMPLES: &str = "\
Examples:
  ipcctl wait sem:/gate
  ipcctl wait sem:/gate --timeout 5s || echo 'nobody posted'
  ipcctl wait sem:0x5eed --index 2 --by 3              three at once, or none
  ipcctl wait sem:/gate --nonblock && echo 'it was free'";

/// Waits for a semaphore.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let record = kinds::of_address(&args.address)?;
    let counters = kinds::COUNTERS.require("wait on", &args.address, record)?;
    let settings = args.params.for_kind(record)?;
    let look = cx.look(Want::Only(&[]));
    let mut report = ActReport::new(&["by", "index"], cx)?;
    let details = vec![settings.told("by", 1), settings.told("index", 0)];
    match counters.wait(&look, &args.address.locator, &settings, args.waiting.from_now()) {
        Ok(()) => report.done(&args.address, "taken", details),
        Err(fault) => {
            let fault = cx.explain(fault, record, &args.address);
            let fault = blame::named(fault, record, &args.address, cx);
            report.failed(&args.address, &fault, details);
            cx.cannot("wait on", Some(&args.address), &fault);
        }
    }
    report.finish(cx)
}
