//! `create`: make an object, and print its address.

use std::fmt::Display;
use std::io::Write;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::params::{Creating, Params};
use crate::cli::values;
use crate::kinds::capability::{Create, CreateRequest, Remove, Want};
use crate::kinds::{self, KindRecord, existing};
use crate::listing::acting::ActReport;
use crate::model::{Address, Class, Facility, Fault, Locator, Object, Selector, Value};
use crate::output::Format;
use crate::sys::signal;
use crate::sys::stream::StandardOutput;

/// Create an object and print its address
///
/// The form of the address determines the kind. A facility alone creates a System V object with the key IPC_PRIVATE, or
/// with the key that --key-from computes. Mode, owner and group are exact: the umask does not apply.
///
/// An object that exists is left unchanged (exit status 6). --if-missing accepts it if owner, group, mode, size and whatever
/// else was requested are the same, and says what differs if they are not; --ensure makes them the same.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[arg(value_name = "FACILITY|ADDRESS", value_parser = values::selector(), help = what())]
    what: Selector,

    /// Accept an existing object if it is as requested
    #[arg(long)]
    if_missing: bool,

    /// Change an existing object to what is requested
    #[arg(long, conflicts_with = "if_missing")]
    ensure: bool,

    /// Permission bits, octal, without umask
    #[arg(long, value_name = "OCTAL", default_value = "0600", value_parser = values::mode)]
    mode: u32,

    /// Owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::owner, hide_short_help = true)]
    owner: Option<u32>,

    /// Group (name or id)
    #[arg(long, value_name = "GROUP", value_parser = values::owner_group, hide_short_help = true)]
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
    let mut report = ActReport::new(&["differs"], cx)?;
    // What nobody will be told of is not made.
    StandardOutput.check()?;
    // Nor is anything left half-made by a signal. Where none can be caught, it ends the program at once.
    let _ = signal::catch();
    match make(args, (record, create), &making, cx) {
        Ok(Made { address, how, differs }) => {
            let told = match signal::ending() {
                Some(signal) => Err(Exit::Signal(signal)),
                None => {
                    if let Some(text) = create.caution(&making).filter(|_| how == CREATED) {
                        report.warn(format!("{address}: {text}"), cx);
                    }
                    report.done(&address, how, vec![differs]);
                    tell(&address, report, cx)
                }
            };
            if let (Err(_), CREATED, Some(remove)) = (&told, how, record.remove) {
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
            report.finish(cx)?;
            signal::ending().map_or(Ok(()), |signal| Err(Exit::Signal(signal)))
        }
    }
}

/// Prints the address, or the report that has it.
fn tell(address: &Address, report: ActReport, cx: &mut Context) -> VerbResult {
    if cx.format() == Format::Json {
        return report.finish(cx);
    }
    Ok(writeln!(cx.out, "{address}").and_then(|()| cx.flush())?)
}

const CREATED: &str = "created";

/// An object that is there as it was asked for.
struct Made {
    address: Address,
    /// How it came to be there.
    how: &'static str,
    /// The options by which it was changed.
    differs: Value,
}

/// So often an object may go between the call that finds it there and a look at it.
const TRIES: usize = 8;

/// Makes the object, or takes the one that exists.
fn make(
    args: &Args,
    kind: (&KindRecord, &dyn Create),
    making: &CreateRequest,
    cx: &Context,
) -> Result<Made, Fault> {
    let look = cx.look(Want::Only(&[]));
    let (_, create) = kind;
    for _ in 0..TRIES {
        let made = match create.check_lasting(&look) {
            Ok(()) => create.create(&look, making),
            Err(fault) => match existing::find(kind, &look, making) {
                Ok(_) => Err(Fault::new(Class::Exists, "it exists already")),
                Err(_) => Err(fault),
            },
        };
        match made {
            Ok(address) => return Ok(Made { address, how: CREATED, differs: NOTHING }),
            Err(fault) if fault.class != Class::Exists => return Err(fault),
            Err(fault) if !args.if_missing && !args.ensure => {
                return Err(fault
                    .hint("--if-missing accepts it if it is as requested, --ensure makes it so"));
            }
            Err(_) => {}
        }
        match existing::find(kind, &look, making) {
            Ok(object) => return accept(args, kind, (&object, making), cx),
            Err(fault) if fault.class == Class::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::new(Class::Failed, "it comes and goes: other processes create and remove it"))
}

const NOTHING: Value = Value::None("none");

/// Takes an object that exists, if it is what was asked for or can be made so.
fn accept(
    args: &Args,
    kind: (&KindRecord, &dyn Create),
    (object, making): (&Object, &CreateRequest),
    cx: &Context,
) -> Result<Made, Fault> {
    let look = cx.look(Want::Only(&[]));
    let (record, address) = (kind.0, &object.address);
    let mut differences = existing::differences(kind, &look, (object, making))?;
    if differences.is_empty() {
        return Ok(Made { address: address.clone(), how: "existed", differs: NOTHING });
    }
    let fixed = differences.iter().any(|one| !one.mends);
    if args.ensure && !fixed {
        existing::mend(record, &look, (object, making), &differences)
            .map_err(|fault| cx.explain(fault, record, address))?;
        let names = differences.iter().map(|one| Value::Word(one.name));
        let differs = Value::List(names.collect());
        return Ok(Made { address: address.clone(), how: "changed", differs });
    }
    if args.ensure {
        differences.retain(|one| !one.mends);
    }
    let text = |value: &Value| {
        let mut text = String::new();
        cx.view.human(value, &mut text);
        text
    };
    let told: Vec<_> = differences.iter().map(|one| one.told(text)).collect();
    let fault = Fault::new(Class::Exists, format!("it exists, and {}", told.join("; ")));
    Err(match fixed {
        true => fault.hint(format!("that cannot be changed: ipcctl rm {address} removes it")),
        false => fault.hint("--ensure makes it as requested"),
    })
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
