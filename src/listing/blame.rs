//! Who has what could not be had: said after an attempt to take a semaphore that ran out of time, and only then looked for.

use crate::cli::context::Context;
use crate::kinds::KindRecord;
use crate::kinds::capability::{Query, StageNeeds, Want};
use crate::leftover::takers;
use crate::model::{Address, Class, Encoded, Fault, Holder, How};

/// So many processes are named.
const NAMED: usize = 3;

/// The fault with those who have the object, where it says that the time ran out.
pub fn named(fault: Fault, record: &KindRecord, address: &Address, cx: &Context) -> Fault {
    if fault.class != Class::WouldBlock {
        return fault;
    }
    match holders(record, address, cx) {
        Some(who) => Fault { cause: format!("{}: {who}", fault.cause), ..fault },
        None => fault,
    }
}

fn holders(record: &KindRecord, address: &Address, cx: &Context) -> Option<String> {
    let look =
        Query { needs: StageNeeds { holders: true, history: true }, ..cx.look(Want::Only(&[])) };
    let object = record.inspect.find(&look, &address.locator).ok()?;
    if let Some(past) = &object.past {
        let takers: Vec<_> = takers::of(&cx.proc, past).iter().map(ToString::to_string).collect();
        if !takers.is_empty() {
            return Some(some_of(takers));
        }
    }
    let trace = object.trace.filter(|trace| trace.file().is_some())?;
    let found = cx.scanner.of(&trace);
    // Who waits for it has not got it.
    let waits = |holder: &&Holder| holder.how.iter().any(|how| matches!(how, How::Waiting(_)));
    let open: Vec<String> =
        found.holders.iter().filter(|holder| !waits(holder)).map(shown).collect();
    (!open.is_empty())
        .then(|| format!("it is open in {}; the kernel does not note who took it", some_of(open)))
}

fn shown(holder: &Holder) -> String {
    match &holder.command {
        Some(command) => format!("{} ({})", holder.pid, Encoded(command.as_encoded_bytes())),
        None => holder.pid.to_string(),
    }
}

/// The first of them, and how many more there are.
fn some_of(mut all: Vec<String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    all.join(", ") + &more
}
