//! `create`: make an object, and print its address.

use std::fmt::Display;
use std::io::Write;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::params::{Creating, Params};
use crate::cli::values;
use crate::kinds::capability::{CreateRequest, Remove, Want};
use crate::kinds::{self, KindRecord};
use crate::listing::acting::ActReport;
use crate::model::{Address, Class, Facility, Fault, Locator, Selector};
use crate::sys::stream::StandardOutput;

/// Create an object and print its address
///
/// The form of the address determines the kind. A facility alone creates a System V object with the key IPC_PRIVATE, or
/// with the key that --key-from computes. An object that exists is left unchanged (exit status 6); --if-missing accepts
/// it if it is at least as large as requested. Mode, owner and group are exact: the umask does not apply.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[arg(value_name = "FACILITY|ADDRESS", value_parser = values::selector(), help = what())]
    what: Selector,

    /// Accept an existing object if it fits
    #[arg(long)]
    if_missing: bool,

    /// Permission bits, octal, without umask
    #[arg(long, value_name = "OCTAL", default_value = "0600", value_parser = values::mode)]
    mode: u32,

    /// Owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::user)]
    owner: Option<u32>,

    /// Group (name or id)
    #[arg(long, value_name = "GROUP", value_parser = values::group, hide_short_help = true)]
    group: Option<u32>,

    #[command(flatten)]
    params: Params<Creating>,
}

/// The help of the argument.
fn what() -> String {
    let chooses = |facility: &Facility| {
        kinds::of_facility(*facility)
            .any(|record| record.create.is_some_and(|create| create.chooses_locator()))
    };
    let names: Vec<_> = Facility::all().filter(chooses).map(Facility::name).collect();
    format!("Address, or {} for an object without a key", names.join(", "))
}

const EXAMPLES: &str = "\
Examples:
  ipcctl create shm --size 64M                        a private System V segment
  ipcctl create shm:/frames --size 64M --mode 0660    POSIX shared memory
  ipcctl create sem:0x5eed --count 3 --values 1,0,5   a set with a key
  ipcctl create sem --key-from /etc/passwd,A          a set with the key of ftok(3)
  ipcctl create mq:/jobs --max-messages 10 --message-size 4K
  ipcctl create fifo:/run/app.ctl --if-missing";

/// Makes an object.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let (record, locator) = kind(&args.what)?;
    let settings = args.params.for_kind(record)?;
    let create = match &args.what {
        Selector::Address(address) => kinds::CREATE.require("create", address, record)?,
        Selector::Facility(_) => kinds::CREATE.of_kind(record)?,
    };
    let making = CreateRequest {
        locator,
        mode: args.mode,
        uid: args.owner,
        gid: args.group,
        settings: &settings,
    };
    let look = cx.look(Want::Only(&[]));
    // What nobody will be told of is not made.
    StandardOutput.check()?;
    let mut is_new = true;
    let made = match create.create(&look, &making) {
        Err(fault) if fault.class == Class::Exists && args.if_missing => {
            is_new = false;
            create.fits(&look, &making)
        }
        made => made,
    };
    let mut report = ActReport::new(&[], cx)?;
    match made {
        Ok(address) => {
            report.done(&address, if is_new { "created" } else { "existed" }, Vec::new());
            let told = if cx.options.json {
                report.finish(cx)
            } else {
                writeln!(cx.out, "{address}").and_then(|()| cx.flush()).map_err(Exit::Output)
            };
            if told.is_err()
                && is_new
                && let Some(remove) = record.remove
            {
                take_back(remove, &address, cx);
            }
            told
        }
        Err(fault) => {
            let (shown, address): (&dyn Display, _) = match &args.what {
                Selector::Facility(facility) => (&facility.name(), None),
                Selector::Address(address) => (address, Some(address)),
            };
            cx.cannot("create", Some(shown), &fault);
            report.not_made(record, address, &fault);
            report.finish(cx)
        }
    }
}

/// Removes an object whose address nobody has been told.
fn take_back(remove: &dyn Remove, address: &Address, cx: &mut Context) {
    match remove.remove(&cx.look(Want::Only(&[])), &address.locator) {
        Ok(_) => cx.note(&format!("{address} was removed again")),
        Err(fault) => cx.cannot("remove again", Some(address), &fault),
    }
}

/// The kind to create: a facility alone means the kind of which the kernel chooses the locator.
fn kind(what: &Selector) -> Result<(&'static KindRecord, Option<&Locator>), Exit> {
    match what {
        Selector::Address(address) => Ok((kinds::of_address(address)?, Some(&address.locator))),
        Selector::Facility(facility) => {
            let chooses =
                |record: &&KindRecord| record.create.is_some_and(|create| create.chooses_locator());
            match kinds::of_facility(*facility).find(chooses) {
                Some(record) => Ok((record, None)),
                None => {
                    // Where no kind can be created, an address would not help.
                    if let Some(record) = kinds::of_facility(*facility).next()
                        && kinds::of_facility(*facility).all(|one| one.create.is_none())
                    {
                        let name = facility.name();
                        kinds::CREATE.of_kind(record).map_err(|fault| Fault {
                            cause: format!("cannot create {name}: {}", fault.cause),
                            ..fault
                        })?;
                    }
                    let (name, patterns) = (facility.name(), facility.patterns());
                    Err(Fault::usage(format!("a {name} needs an address: {patterns}")).into())
                }
            }
        }
    }
}
