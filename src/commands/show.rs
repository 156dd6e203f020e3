//! `show`: all that is known of an object.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cli::context::{Context, VerbResult};
use crate::cli::judging::Judging;
use crate::cli::values;
use crate::kinds::capability::{Query, StageNeeds, Want};
use crate::kinds::{self, KINDS};
use crate::listing::access::AccessLists;
use crate::listing::judged::{Judged, Stages};
use crate::listing::{columns, selection, states, troubles};
use crate::model::{Address, Fault, Field, Holders, Rows, Value};
use crate::output::{Cell, Format, Times, detail};

/// Show everything about objects
///
/// Prints all facts that the kernel gives, every semaphore of a set, and the processes that hold the object and how.
/// A fact that could not be read is shown with the reason; in JSON it is null and listed under "unread". Reading changes
/// nothing, with one exception: reading the status of a POSIX message queue sets the access time of its file.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Objects
    #[arg(value_name = "ADDRESS", required = true, value_parser = values::address())]
    addresses: Vec<Address>,

    #[command(flatten)]
    judging: Judging,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl show shm:0                     one segment
  ipcctl show sem:0x5eed sem:/gate      a set by its key, and a named semaphore
  ipcctl show mq:/jobs --json           for programs
  ipcctl show shm:0 -o attached,creator-pid";

static UNREAD: &[&Field] = &[&FACT, &REASON];
static FACT: Field = Field::free("fact", "Which fact.");
static REASON: Field = Field::free("reason", "Why it could not be read.");

/// What the address, the facts and the table of holders say already.
const SAID: &[&str] = &[
    "facility", "family", "id", "name", "content", "since", "holders", "unseen", "pids", "fds",
    "against",
];

/// What is not told where there is nothing to tell.
const ONLY_IF_KNOWN: &[&str] = &["producer", "trouble", "trouble-evidence", "waits"];

/// Shows objects.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    cx.view.times = cx.options.times(Times::Both);
    let chosen = match cx.options.columns.as_deref() {
        // What is added to everything is everything.
        Some(list) if !list.starts_with('+') => {
            Some(columns::choose(Some(list), &[], &columns::of_objects())?)
        }
        Some(list) => columns::choose(Some(list), &[], &columns::of_objects()).map(|_| None)?,
        None => None,
    };
    let mut names: Vec<&str> = chosen.iter().flatten().map(String::as_str).collect();
    let all =
        Stages { holders: true, verdict: true, evidence: true, producer: true, trouble: true };
    let stages = if chosen.is_some() { Stages::of(names.iter().copied()) } else { all };
    let judged = stages.verdict || stages.producer;
    if judged {
        names.extend(states::NEEDS);
    }
    if stages.trouble {
        names.extend(troubles::NEEDS);
    }
    let want = if chosen.is_some() { Want::Only(&names) } else { Want::Everything };
    if stages.holders {
        cx.scanner.expect_questions();
    }
    let proc = cx.proc.clone();
    let scanner = cx.scanner.clone();
    let look = Query {
        needs: StageNeeds { holders: stages.holders, history: stages.verdict },
        processes: &*scanner,
        ..Query::new(want, &proc)
    };
    let found = selection::each(&args.addresses, &look, |address| {
        let found = kinds::of_address(address)
            .and_then(|record| record.inspect.find_all(&look, &address.locator));
        let traces = found.iter().flatten().filter_map(|one| one.trace);
        traces.filter(|_| stages.holders).for_each(|trace| scanner.ask(&trace));
        found
    });
    let mut objects: Vec<Judged> = Vec::new();
    for (address, found) in args.addresses.iter().zip(found) {
        match found {
            Ok(found) => objects.extend(found.into_iter().map(|one| Box::new(one).into())),
            Err(fault) => cx.cannot("show", Some(address), &fault),
        }
    }
    for one in objects.iter_mut().filter(|_| stages.holders) {
        one.holders = one.object.trace.map(|trace| scanner.of(&trace));
    }
    if judged && let Err(fault) = judge(&mut objects, (&args.judging, stages), &look, cx) {
        cx.complain(&fault);
    }
    if stages.trouble {
        troubles::fill(objects.iter_mut(), &look);
    }
    if cx.format() == Format::Table && (chosen.is_none() || names.contains(&"mode")) {
        let mut lists = AccessLists::anywhere();
        objects.iter_mut().for_each(|one| lists.mark(&mut one.object, &look));
    }
    match cx.format() {
        Format::Table => tables(&objects, chosen.as_deref(), cx),
        _ => records(&objects, chosen.as_deref(), cx),
    }
}

/// Concludes the states, and says why.
fn judge(
    objects: &mut [Judged],
    (judging, stages): (&Judging, Stages),
    look: &Query,
    cx: &Context,
) -> Result<(), Fault> {
    let judge = states::judge(judging, (&[], true), cx, &cx.scanner)?;
    let nobody = Arc::new(Holders::NOBODY);
    for one in objects {
        if stages.verdict {
            let verdict = judge.judge(&one.object, one.holders.as_ref(), look);
            one.settle(verdict, &nobody);
        }
        one.name_producer();
    }
    judge.notes().iter().for_each(|note| cx.note(note));
    Ok(())
}

/// The columns that say something of this object: an address has an id or a name, never both.
fn names(one: &Judged) -> Vec<&'static str> {
    let shared = columns::shared().map(|field| field.name);
    shared.chain(one.object.facts.iter().map(|(field, _)| field.name)).collect()
}

fn tables(objects: &[Judged], chosen: Option<&[String]>, cx: &mut Context) -> VerbResult {
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            std::io::Write::write_all(&mut cx.out, b"\n")?;
        }
        let names: Vec<&str> = match chosen {
            Some(chosen) => chosen.iter().map(String::as_str).collect(),
            // What the address says already is not said again.
            None => names(object)
                .into_iter()
                .filter(|name| !SAID.contains(name))
                .filter(|name| *name != "size" || object.object.size.is_known())
                .filter(|name| !ONLY_IF_KNOWN.contains(name) || object.tells(name))
                .filter(|name| !is_said_often(object, name))
                .collect(),
        };
        let cells: Vec<(&str, Cell)> =
            names.iter().filter_map(|name| Some((*name, object.column(name)?))).collect();
        let sheet = cx.sheet();
        detail(&mut cx.out, &cx.view, &cells, &sheet)?;
    }
    Ok(())
}

/// Returns true for one of many facts that all lack for the same reason: of a socket file without a socket nobody has to be told
/// fifteen times that no socket is bound to it. One word, such as *none*, is an answer.
fn is_said_often(one: &Judged, name: &str) -> bool {
    const OFTEN: usize = 4;
    let reason = |value: &Value| match value {
        Value::None(reason) if reason.contains(' ') => Some(*reason),
        _ => None,
    };
    let Some(own) = one.object.facts.get(name).and_then(reason) else { return false };
    one.object.facts.iter().filter(|(_, value)| reason(value) == Some(own)).count() >= OFTEN
}

fn records(objects: &[Judged], chosen: Option<&[String]>, cx: &mut Context) -> VerbResult {
    let mut columns: Vec<&str> = match chosen {
        Some(chosen) => chosen.iter().map(String::as_str).collect(),
        None => columns::shared().map(|field| field.name).collect(),
    };
    if chosen.is_none() && !cx.format().names_values() {
        // Formats with fixed columns have those of every kind that is shown.
        for record in KINDS
            .iter()
            .filter(|record| objects.iter().any(|one| one.object.kind.name == record.kind.name))
        {
            let fields = (record.kind.fields)();
            let more: Vec<_> = fields
                .iter()
                .map(|field| field.name)
                .filter(|name| !columns.contains(name))
                .collect();
            columns.extend(more);
        }
    }
    let mut renderer = cx.renderer("objects", &columns);
    for object in objects {
        let value = |name| object.column(name).unwrap_or(Cow::Owned(Value::None("none")));
        let mut names = columns.clone();
        let mut cells: Vec<Cell> = columns.iter().map(|name| value(name)).collect();
        if chosen.is_none() {
            for (field, value) in object.object.facts.iter() {
                if !columns.contains(&field.name) {
                    names.push(field.name);
                    cells.push(Cow::Borrowed(value));
                }
            }
            names.push("unread");
            cells.push(Cow::Owned(unread(object)));
        }
        renderer.names(&names);
        renderer.record(&mut cx.out, &cx.view, &cells)?;
    }
    cx.finish(renderer, &[])
}

/// The facts that could not be read, with their reasons.
fn unread(object: &Judged) -> Value {
    let rows = names(object).into_iter().filter_map(|name| match object.column(name)?.as_ref() {
        Value::Unknown(reason) => {
            Some(vec![Value::Text(name.replace('-', "_").into()), Value::Word(reason)])
        }
        _ => None,
    });
    Value::Rows(Box::new(Rows { fields: UNREAD, rows: rows.collect() }))
}
