//! `set`: change mode, owner, size, limits and values.

use crate::cli::context::{Context, VerbResult};
use crate::cli::params::{Params, Setting};
use crate::cli::values;
use crate::kinds;
use crate::kinds::capability::{ConfigureRequest, Want};
use crate::model::{Address, Fault};

/// Change objects
///
/// Mode, owner and group can be set on any object; the other options depend on its kind. Shrinking POSIX shared memory
/// that a process uses is refused without --force, because its users would be killed by SIGBUS.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Objects
    #[arg(value_name = "ADDRESS", required = true, value_parser = values::address())]
    addresses: Vec<Address>,

    /// New permission bits, octal
    #[arg(long, value_name = "OCTAL", value_parser = values::mode)]
    mode: Option<u32>,

    /// New owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::user)]
    owner: Option<u32>,

    /// New group (name or id)
    #[arg(long, value_name = "GROUP", value_parser = values::group)]
    group: Option<u32>,

    #[command(flatten)]
    params: Params<Setting>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl set shm:0 --mode 0640 --group adm
  ipcctl set shm:/frames --size 128M
  ipcctl set sem:5 --value 1 --index 2      one semaphore of a set
  ipcctl set sem:/gate --value 3
  ipcctl set mq:0x5eed --max-bytes 8K";

/// Changes objects.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    if args.mode.is_none() && args.owner.is_none() && args.group.is_none() && args.params.is_empty()
    {
        return Err(Fault::usage("nothing to change was named")
            .hint("see ipcctl set --help")
            .into());
    }
    // Options that a kind lacks are found before anything is changed.
    let mut changes = Vec::new();
    for address in &args.addresses {
        let record = kinds::of_address(address)?;
        changes.push((
            address,
            record,
            kinds::CONFIGURE.require("change", address, record)?,
            args.params.for_kind(record)?,
        ));
    }
    for (address, record, configure, settings) in &changes {
        let change =
            ConfigureRequest { mode: args.mode, uid: args.owner, gid: args.group, settings };
        let done = configure.set(&cx.look(Want::Only(&[])), &address.locator, &change);
        if let Err(fault) = done {
            let fault = cx.explain(fault, record, address);
            cx.cannot("change", Some(address), &fault);
        }
    }
    Ok(())
}
