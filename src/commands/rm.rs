//! `rm`: remove by address.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStrExt;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::usage::no_address;
use crate::cli::values;
use crate::holders::Scanner;
use crate::kinds::capability::{Query, StageNeeds, Want};
use crate::kinds::search::FileSearch;
use crate::kinds::{self, KindRecord};
use crate::leftover::removal::Remover;
use crate::leftover::{Classifier, Terms};
use crate::listing::acting::ActReport;
use crate::listing::{removing, states};
use crate::model::{Address, Class, Fault, Locator, Object, State, Value, Verdict};

/// Remove objects by address
///
/// A failure on one object does not stop the others. A System V segment that is still attached is marked for removal and
/// destroyed with its last detach. A message queue is removed with its messages.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Objects; - reads addresses from standard input, one per line
    #[arg(value_name = "ADDRESS|-", required = true)]
    addresses: Vec<OsString>,

    /// Ignore objects that do not exist
    #[arg(long)]
    if_exists: bool,

    /// Remove only if provably unused (re-checked at removal)
    #[arg(long)]
    unused: bool,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl rm shm:0 mq:/jobs
  ipcctl rm --if-exists fifo:/run/app.ctl
  ipcctl list sem --mine --format plain -o address | ipcctl rm -";

/// Removes objects.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    // All of them are read and understood before the first is removed.
    let addresses = addresses(&args.addresses)?;
    let mut report = ActReport::new(&[], cx)?;
    if args.unused {
        remove_unused(args, cx, &addresses, &mut report);
        return report.finish(cx);
    }
    for address in addresses {
        match remove(cx, &address) {
            Ok(None) => report.done(&address, "removed", Vec::new()),
            Ok(Some(note)) => {
                cx.note(&format!("{address}: {note}"));
                report.done_with(&address, "marked", &note);
            }
            Err(fault) => fail(args, &address, &fault, cx, &mut report),
        }
    }
    report.finish(cx)
}

/// Says why an object is not removed, unless it is enough that it is not there.
fn fail(args: &Args, address: &Address, fault: &Fault, cx: &mut Context, report: &mut ActReport) {
    if fault.class == Class::NotFound && args.if_exists {
        return report.done(address, "missing", Vec::new());
    }
    report.failed(address, fault, Vec::new());
    cx.cannot("remove", Some(address), fault);
}

fn remove(cx: &Context, address: &Address) -> Result<Option<String>, Fault> {
    let record = kinds::of_address(address)?;
    let remove = kinds::REMOVE.of_kind(record)?;
    let look = cx.look(Want::Only(&[]));
    // The key of a segment that goes on living is gone, its id is not.
    let locator = match address.locator {
        Locator::Key(_) => record.inspect.find(&look, &address.locator)?.address.locator,
        _ => address.locator.clone(),
    };
    let note =
        remove.remove(&look, &locator).map_err(|fault| cx.explain(fault, record, address))?;
    Ok(note.map(|note| with_holders(note, cx, record, &locator)))
}

/// What is to be said of an object that is still there, with the processes that keep it.
fn with_holders(note: String, cx: &Context, record: &KindRecord, locator: &Locator) -> String {
    let needs = StageNeeds { holders: true, history: false };
    let look = Query { needs, ..cx.look(Want::Only(&[])) };
    let found = record.inspect.find(&look, locator).ok();
    match found.and_then(|object| object.trace).map(|trace| cx.scanner.of(&trace)) {
        Some(found) if found.is_held() => {
            let mut text = note + ": ";
            cx.view.human(&Value::Holders(found), &mut text);
            text
        }
        _ => note,
    }
}

/// Removes what nothing holds, in the order that harms nobody.
fn remove_unused(args: &Args, cx: &mut Context, addresses: &[Address], report: &mut ActReport) {
    let proc = cx.proc.clone();
    let scanner = Scanner::new(&proc);
    let files = FileSearch::default();
    let look = Query {
        needs: StageNeeds::HISTORY,
        processes: &scanner,
        files: Some(&files),
        ..Query::new(Want::Only(states::NEEDS), &proc)
    };
    removing::recover(addresses, &look, cx);
    let mut units = Vec::new();
    for address in addresses {
        let found = kinds::of_address(address).and_then(|record| {
            kinds::REMOVE.of_kind(record)?;
            record.inspect.find(&look, &address.locator)
        });
        match found {
            Ok(object) => units.push(vec![object]),
            Err(fault) => fail(args, address, &fault, cx, report),
        }
    }
    // Whoever is named by its address may be young, and is not protected by a list.
    let terms = Terms { grace: Some(0), telling: true, ..Terms::default() };
    let judge = match Classifier::new(&proc, &scanner, terms) {
        Ok(judge) => judge,
        Err(fault) => return cx.complain(&fault),
    };
    let allows = &|object: &Object, verdict: &Verdict| match verdict.state {
        State::Leftover => true,
        // Of those who use it only waiting ones leave a trace: while somebody lives who might, nothing is proved.
        State::Idle | State::Suspect => !object.trace.is_some_and(|trace| trace.is_of_calls()),
        State::InUse | State::Unknown => false,
    };
    Remover { look: &look, judge: &judge, allows }.remove(&units, &mut |unit, at, outcome| {
        let Some(object) = units.get(unit).and_then(|unit| unit.get(at)) else { return };
        removing::tell(cx, object, outcome, report);
    });
}

/// The addresses of the command line, with those of standard input in the place of `-`.
fn addresses(words: &[OsString]) -> Result<Vec<Address>, Exit> {
    let mut addresses = Vec::new();
    for word in words {
        if word == "-" {
            read_lines(&mut std::io::stdin().lock(), &mut addresses)?;
        } else {
            addresses.push(parse(word)?);
        }
    }
    Ok(addresses)
}

/// The longest line that can be an address: every byte of the longest path encoded, and the facility.
const LONGEST_LINE: u64 = 3 * 4096 + 16;

fn read_lines(input: &mut dyn BufRead, addresses: &mut Vec<Address>) -> Result<(), Exit> {
    let unreadable = |error| Exit::Usage(Fault { class: Class::Usage, ..Fault::from_os(&error) });
    for number in 1u64.. {
        let mut line = Vec::new();
        if input.take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        // Taken in pieces, its tail could pass for an address that nobody wrote.
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            let rule = format!("an address has at most {LONGEST_LINE} bytes");
            return Err(in_line(number, Exit::Usage(Fault::usage(rule))));
        }
        let line = line.trim_ascii();
        if !line.is_empty() {
            addresses.push(parse(OsStr::from_bytes(line)).map_err(|stop| in_line(number, stop))?);
        }
    }
    Ok(())
}

fn in_line(number: u64, stop: Exit) -> Exit {
    match stop {
        Exit::Usage(fault) => {
            Exit::Usage(Fault { cause: format!("line {number}: {}", fault.cause), ..fault })
        }
        other => other,
    }
}

fn parse(word: &OsStr) -> Result<Address, Exit> {
    values::read_address(word).map_err(|rule| Exit::Usage(no_address(word, rule)))
}

/// For `fuzz/`: the lines of standard input.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let mut addresses = Vec::new();
    let _ = read_lines(&mut &*bytes, &mut addresses);
    for address in addresses {
        assert_eq!(Address::parse(OsStr::new(&address.to_string())), Ok(address));
    }
}
