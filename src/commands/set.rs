//! `set`: change mode, owner, size, limits and values.

use crate::cli::context::{Context, VerbResult};
use crate::cli::params::{Params, Setting};
use crate::cli::values;
use crate::kinds;
use crate::kinds::capability::{ConfigureRequest, Want};
use crate::listing::acting::ActReport;
use crate::model::{Address, Fault, Settings, Value};

/// Change objects
///
/// Mode, owner and group can be set on any object; the other options depend on its kind. Shrinking POSIX shared memory
/// that a process uses is refused without --force, because its users would be killed by SIGBUS. The size of a pipe, or of a FIFO
/// that is open, belongs to the programs that hold it, and takes --force, too.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Objects
    #[arg(value_name = "ADDRESS", required = true, value_parser = values::address(), hide_short_help = true)]
    addresses: Vec<Address>,

    /// New permission bits, octal
    #[arg(long, value_name = "OCTAL", value_parser = values::mode)]
    mode: Option<u32>,

    /// New owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::owner)]
    owner: Option<u32>,

    /// New group (name or id)
    #[arg(long, value_name = "GROUP", value_parser = values::owner_group)]
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
  ipcctl set mq:0x5eed --max-bytes 8K
  ipcctl set fifo:/run/app.ctl --size 1M --force   more room while it is open";

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
    let mut report = ActReport::new(&["asked"], cx)?;
    for (address, record, configure, settings) in &changes {
        let change =
            ConfigureRequest { mode: args.mode, uid: args.owner, gid: args.group, settings };
        match configure.set(&cx.look(Want::Only(&[])), &address.locator, &change) {
            Ok(()) => report.done(address, "changed", vec![args.given(settings)]),
            Err(fault) => {
                let fault = cx.explain(fault, record, address);
                report.failed(address, &fault, vec![args.given(settings)]);
                cx.cannot("change", Some(address), &fault);
            }
        }
    }
    report.finish(cx)
}

impl Args {
    /// The options that say what is to be changed.
    fn given(&self, settings: &Settings) -> Value {
        let common = [
            ("mode", self.mode.is_some()),
            ("owner", self.owner.is_some()),
            ("group", self.group.is_some()),
        ];
        let common = common.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
        let own = settings.params().map(|param| param.name);
        Value::List(common.chain(own).map(Value::Word).collect())
    }
}
