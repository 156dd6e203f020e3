//! What the members of a set say: values, waiters, and who operated on each of them last.

use std::collections::BTreeMap;
use std::io;

use crate::kinds::capability::Query;
use crate::kinds::process;
use crate::kinds::sysv::happened;
use crate::model::{Actor, Fault, Field, Rows, Value};
use crate::sys::sem::{self, Set};

/// How many calls wait on the set. The kernel has no count for a set as a whole: each semaphore is asked twice.
pub(super) fn waiting(one: &Set) -> io::Result<u64> {
    let number = |index| -> io::Result<u64> {
        let (rise, zero) =
            (sem::waiting_to_rise(one.id, index)?, sem::waiting_for_zero(one.id, index)?);
        Ok(u64::from(rise) + u64::from(zero))
    };
    (0..u32::try_from(one.count).unwrap_or(0)).map(number).sum()
}

/// Every process that last operated on one of the semaphores, each once. When it did is not told: not later than the
/// last change of the set. 0 is none, or one that this pid namespace cannot see. Who did so on one whose value is 0 took the
/// last of it, unless it is new.
pub(super) fn operators(one: &Set) -> io::Result<Vec<Actor>> {
    let mut pids: BTreeMap<i32, bool> = BTreeMap::new();
    let values = sem::values(one.id, one.count)?;
    for (value, index) in values.iter().zip(0u32..) {
        *pids.entry(sem::last_pid(one.id, index)?).or_default() |= *value == 0;
    }
    let time = |pid| match pid {
        0 => happened(one.operation_time),
        _ => Some(one.operation_time.max(one.change_time)),
    };
    let is_used = one.operation_time != 0;
    let actor = |(pid, empty)| Actor {
        role: "last operator",
        pid,
        time: time(pid),
        took: empty && is_used && pid != 0,
    };
    Ok(pids.into_iter().map(actor).collect())
}

/// A number that changes with the values of the set: its times are whole seconds.
pub(super) fn fingerprint(one: &Set) -> u64 {
    let values = sem::values(one.id, one.count).unwrap_or_default();
    values
        .iter()
        .fold(0, |sum: u64, value| sum.wrapping_mul(31).wrapping_add(u64::from(*value) + 1))
}

static INDEX: Field = Field::free("index", "Which semaphore of the set.");
static VALUE: Field = Field::free("value", "Its value: semval.");
static RISE: Field =
    Field::free("waiting-to-rise", "Callers that wait for its value to rise: semncnt.");
static ZERO: Field =
    Field::free("waiting-for-zero", "Callers that wait for its value to be zero: semzcnt.");
static PID: Field = Field::free("pid", "Process that last operated on it or set it: sempid.");
static COMMAND: Field = Field::free("command", "Command of that process, if it still runs.");

static MEMBER: &[&Field] = &[&INDEX, &VALUE, &RISE, &ZERO, &PID, &COMMAND];

/// Values of the whole set come from one call; counts and pids cost a call each, there is no other way.
pub(super) fn members(one: &Set, look: &Query) -> Value {
    let values = match sem::values(one.id, one.count) {
        Ok(values) => values,
        Err(error) => return Value::Unknown(Fault::reason(&error)),
    };
    let last = one.operation_time.max(one.change_time);
    let count = |answer: io::Result<u32>| match answer {
        Ok(count) => Value::Count(count.into()),
        Err(error) => Value::Unknown(Fault::reason(&error)),
    };
    // Sets are mostly used by few processes: their commands are looked up once.
    let mut commands: BTreeMap<i32, Value> = BTreeMap::new();
    let rows = values.iter().zip(0u32..).map(|(value, index)| {
        let pid = sem::last_pid(one.id, index);
        let command = match &pid {
            Ok(pid) => {
                let known = commands.entry(*pid);
                known.or_insert_with(|| process::command(look.proc, *pid, last)).clone()
            }
            Err(error) => Value::Unknown(Fault::reason(error)),
        };
        vec![
            Value::Id(index.into()),
            Value::Count((*value).into()),
            count(sem::waiting_to_rise(one.id, index)),
            count(sem::waiting_for_zero(one.id, index)),
            pid.map_or_else(
                |error| Value::Unknown(Fault::reason(&error)),
                |pid| process::pid(pid, *value != 0),
            ),
            command,
        ]
    });
    let rows = rows.collect();
    Value::Rows(Box::new(Rows { fields: MEMBER, rows }))
}
