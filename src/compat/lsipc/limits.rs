//! `lsipc -g`: limits and their use, under the names that this tool has for them.

use super::request::LsipcRequest;
use super::table::LsipcTable;
use crate::compat::objects;
use crate::compat::text;
use crate::compat::tool::Tool;
use crate::kinds;
use crate::model::{Facility, Family, Limit, Value};

/// One line, and where its numbers come from.
struct LimitLine {
    resource: &'static str,
    about: &'static str,
    facility: Facility,
    family: Family,
    /// What the kind calls it; empty for one that no knob changes.
    name: &'static str,
    is_size: bool,
}

const fn line(
    resource: &'static str,
    about: &'static str,
    (facility, family): (Facility, Family),
    name: &'static str,
) -> LimitLine {
    LimitLine { resource, about, facility, family, name, is_size: false }
}

const fn size(
    resource: &'static str,
    about: &'static str,
    (facility, family): (Facility, Family),
    name: &'static str,
) -> LimitLine {
    LimitLine { resource, about, facility, family, name, is_size: true }
}

const MQ: (Facility, Family) = (Facility::Mq, Family::Sysv);
const POSIX: (Facility, Family) = (Facility::Mq, Family::Posix);
const SHM: (Facility, Family) = (Facility::Shm, Family::Sysv);
const SEM: (Facility, Family) = (Facility::Sem, Family::Sysv);

static LINES: [LimitLine; 15] = [
    line("MSGMNI", "Number of System V message queues", MQ, "MSGMNI"),
    size("MSGMAX", "Max size of System V message (bytes)", MQ, "MSGMAX"),
    size("MSGMNB", "Default max size of System V queue (bytes)", MQ, "MSGMNB"),
    line("MQUMNI", "Number of POSIX message queues", POSIX, "MQ_QUEUES_MAX"),
    size("MQUMAX", "Max size of POSIX message (bytes)", POSIX, "MQ_MSGSIZE_MAX"),
    line("MQUMNB", "Number of messages in POSIX message queue", POSIX, "MQ_MSG_MAX"),
    line("SHMMNI", "Shared memory segments", SHM, "SHMMNI"),
    line("SHMALL", "Shared memory pages", SHM, "SHMALL"),
    size("SHMMAX", "Max size of shared memory segment (bytes)", SHM, "SHMMAX"),
    size("SHMMIN", "Min size of shared memory segment (bytes)", SHM, ""),
    line("SEMMNI", "Number of semaphore identifiers", SEM, "SEMMNI"),
    line("SEMMNS", "Total number of semaphores", SEM, "SEMMNS"),
    line("SEMMSL", "Max semaphores per semaphore set.", SEM, "SEMMSL"),
    line("SEMOPM", "Max number of operations per semop(2)", SEM, "SEMOPM"),
    line("SEMVMX", "Semaphore max value", SEM, "SEMVMX"),
];

/// Fewest bytes of a segment: SHMMIN of `shmget(2)`, which no knob changes.
const SHMMIN: u64 = 1;

/// Adds a row for every limit of the subject, or of all. POSIX memory and semaphores have none.
pub(super) fn fill(tool: &mut Tool, request: &LsipcRequest, table: &mut LsipcTable) {
    let mut known: Vec<((Facility, Family), Vec<Limit>)> = Vec::new();
    for line in &LINES {
        let sort = (line.facility, line.family);
        if request.subject.is_some_and(|subject| (subject.facility, subject.family) != sort) {
            continue;
        }
        if known.last().is_none_or(|(last, _)| *last != sort) {
            let record = kinds::of_family(line.facility, line.family);
            let limits = record.map(|record| objects::limits(tool, record)).unwrap_or_default();
            if let Some(unknown) = limits.iter().find_map(uncounted) {
                tool.warn(&unknown);
            }
            known.push((sort, limits));
        }
        let limits = known.last().map_or(&[][..], |(_, limits)| limits);
        row(line, limits.iter().find(|limit| limit.name == line.name), request, table);
    }
}

/// What there is to say where the objects could not be counted.
fn uncounted(limit: &Limit) -> Option<String> {
    match limit.used {
        Value::Unknown(why) if limit.name == "MQ_QUEUES_MAX" => {
            Some(format!("the use of {} is unknown: {why}", limit.knob))
        }
        _ => None,
    }
}

fn row(line: &LimitLine, limit: Option<&Limit>, request: &LsipcRequest, table: &mut LsipcTable) {
    let most = match limit {
        Some(limit) => objects::number(Some(&limit.limit)),
        None if line.name.is_empty() => Some(SHMMIN),
        None => None,
    };
    let used = limit.and_then(|limit| objects::number(Some(&limit.used)));
    for column in table.columns() {
        match column.name {
            "RESOURCE" => table.own(line.resource.as_bytes()),
            "DESCRIPTION" => table.foreign(line.about.as_bytes()),
            "LIMIT" => match most {
                Some(most) if line.is_size && !request.bytes => {
                    table.own(text::human(most).bytes());
                }
                Some(most) => table.own(text::decimal(most).bytes()),
                None => table.own(b"-"),
            },
            "USED" => match used {
                Some(used) => table.own(text::decimal(used).bytes()),
                None => table.own(b"-"),
            },
            _ => match limit.and_then(Limit::percent) {
                Some(share) => table.own(format!("{share:.2}%").as_bytes()),
                None => table.own(b"-"),
            },
        }
    }
}
