//! `post`: give to a semaphore.

use crate::cli::context::{Context, VerbResult};
use crate::cli::params::{Giving, Params};
use crate::cli::values;
use crate::kinds;
use crate::kinds::capability::Want;
use crate::listing::acting::ActReport;
use crate::model::Address;

/// Increment a semaphore (V) and wake a waiter
///
/// Increments the value by 1 (V, up, sem_post). It never waits; incrementing past the maximum value fails with exit
/// status 7.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Semaphore
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    params: Params<Giving>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl post sem:/gate
  ipcctl post sem:/gate --by 3                         let three pass
  ipcctl post sem:0x5eed --index 2";

/// Posts to a semaphore.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let record = kinds::of_address(&args.address)?;
    let counters = kinds::COUNTERS.require("post to", &args.address, record)?;
    let settings = args.params.for_kind(record)?;
    let mut report = ActReport::new(&["by", "index"], cx)?;
    let details = vec![settings.told("by", 1), settings.told("index", 0)];
    match counters.post(&cx.look(Want::Only(&[])), &args.address.locator, &settings) {
        Ok(()) => report.done(&args.address, "posted", details),
        Err(fault) => {
            let fault = cx.explain(fault, record, &args.address);
            report.failed(&args.address, &fault, details);
            cx.cannot("post to", Some(&args.address), &fault);
        }
    }
    report.finish(cx)
}
