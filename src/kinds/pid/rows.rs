//! The tables of a process: its threads, and the memory that it shares.

use super::mappings::shared;
use super::record::{ProcessRecord, names};
use super::threads::{SchedulerClock, command, state_word};
use crate::model::{Fault, Field, Rows, SignalSet, Value};
use crate::sys::procstatus::StatusLines;

static THREAD: &[&Field] = &[&TID, &NAME, &RUN_STATE, &CALL, &ON, &SINCE, &PENDING, &BLOCKED];
static TID: Field = Field::free("tid", "Number of the thread.");
static NAME: Field = Field::free("name", "Its command.");
static RUN_STATE: Field = Field::free("run-state", "running, sleeping and so on.");
static CALL: Field = Field::free("waits-in", "The call that it waits in.");
static ON: Field = Field::free("on", "The object that it waits for, or what else.");
static SINCE: Field = Field::free("since", "Time since it ran last, by the scheduler's clock.");
static PENDING: Field = Field::free("pending", "Signals that are pending for this thread alone.");
static BLOCKED: Field = Field::free("blocked", "Signals that it blocks.");

/// So many rows are told of a table; the count beside it tells of all.
pub(super) const MOST_ROWS: usize = 10_000;

/// Each thread: what it waits in, since when, its signals.
pub(super) fn threads(one: &ProcessRecord) -> Value {
    let threads = match one.threads() {
        Ok(threads) => threads,
        Err(reason) => return Value::Unknown(reason),
    };
    let since = SchedulerClock::new(one.clock.now);
    let rows = threads.iter().take(MOST_ROWS).map(|thread| {
        let (call, on) = match &thread.waiting {
            Ok(Some(waiting)) => (Value::Word(waiting.call), waiting.on.clone()),
            Ok(None) => (Value::None("none"), Value::None("none")),
            Err(error) => {
                let reason = Value::Unknown(Fault::reason(error));
                (reason.clone(), reason)
            }
        };
        let set = |pick: fn(&StatusLines) -> u64| {
            let lines = thread.lines.as_ref();
            lines.map_or(Value::Unknown("it could not be read"), |lines| {
                names(SignalSet(pick(lines)))
            })
        };
        vec![
            Value::Pid(thread.tid),
            command(&thread.status),
            Value::Word(state_word(thread.status.state)),
            call,
            on,
            since.of(thread, &one.process),
            set(|lines| lines.pending),
            set(|lines| lines.blocked),
        ]
    });
    Value::Rows(Box::new(Rows { fields: THREAD, rows: rows.collect() }))
}

static MAPPING: &[&Field] = &[&START, &SIZE, &MAP_ACCESS, &OFFSET, &OBJECT, &CALLED];
static START: Field = Field::free("start", "First address, hexadecimal.");
static SIZE: Field = Field::free("size", "Bytes.");
static MAP_ACCESS: Field = Field::free("access", "r, w, x as it is mapped.");
static OFFSET: Field = Field::free("offset", "Where in the object it begins, in bytes.");
static OBJECT: Field = Field::free("object", "Address of the object.");
static CALLED: Field = Field::free("called", "What the kernel calls it.");

/// Each mapping that others can have, too.
pub(super) fn mappings(one: &ProcessRecord) -> Value {
    let found = match shared(&one.process) {
        Ok(found) => found,
        Err(error) => return Value::Unknown(Fault::reason(&error)),
    };
    let rows = found.into_iter().take(MOST_ROWS).map(|shared| {
        let mapping = shared.mapping;
        vec![
            Value::Text(format!("{:x}", mapping.start).into()),
            Value::Bytes(mapping.end.saturating_sub(mapping.start)),
            Value::Word(match (mapping.read, mapping.write) {
                (true, true) => "rw",
                (true, false) => "r",
                (false, true) => "w",
                (false, false) => "-",
            }),
            Value::Id(mapping.offset),
            shared.object.map_or(Value::None("none"), Value::Address),
            shared.name,
        ]
    });
    Value::Rows(Box::new(Rows { fields: MAPPING, rows: rows.collect() }))
}
