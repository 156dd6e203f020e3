//! System V message queues: `msgget(2)`, `msgctl(2)`, `sysvipc(7)`.

mod endpoint;

use std::io;
use std::ops::ControlFlow;

use super::source::TableSource;
use super::{
    KEY_FROM, Record, address, cgid, changed, changed_permissions, create_flags, creator,
    creator_group, creator_of, cuid, fault, give_away, happened, key, key_of_existing, key_to_make,
    limit_reached, remove_or_raise, table,
};
use crate::kinds::KindRecord;
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Removal, Remove,
};
use crate::kinds::existing::by_facts;
use crate::kinds::fact::{Fact, FactPlan, Total, fields, totals};
use crate::kinds::process;
use crate::model::{
    self, Actor, Address, Breadth, Calls, Class, Difference, Facility, Facts, Family, Fault, Field,
    Form, History, Holding, IpcNamespace, Kind, Limit, Locator, Object, Param, Part, Pending,
    Shortage, Subject, Trace, Use, UsePattern, Value, Who,
};
use crate::sys::Permissions;
use crate::sys::msg::{self, Queue};

static KIND: Kind = Kind {
    name: "sysv-mq",
    facility: Facility::Mq,
    family: Family::Sysv,
    forms: &[&model::ID, &model::KEY],
    file_type: None,
    listed: Breadth::Usual,
    about: "System V message queue",
    fields: || fields(FACTS),
    content: &[Part::Fact("messages"), Part::Word(" msgs")],
};

static HOLDING: Holding = Holding { calls: Calls::OnId, namespaced: true, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&SysvMq),
    configure: Some(&SysvMq),
    remove: Some(&SysvMq),
    messages: Some(&SysvMq),
    ..KindRecord::read_only(&KIND, &HOLDING, &SysvMq)
};

impl Record for Queue {
    fn id(&self) -> u32 {
        self.id
    }

    fn perm(&self) -> &Permissions {
        &self.perm
    }

    fn changed(&self) -> i64 {
        self.change_time
    }

    fn past(&self) -> History {
        History {
            actors: Ok(vec![
                Actor {
                    role: "last sender",
                    pid: self.last_sender,
                    time: happened(self.send_time),
                    took: false,
                },
                Actor {
                    role: "last receiver",
                    pid: self.last_receiver,
                    time: happened(self.receive_time),
                    took: false,
                },
            ]),
            last: Some(self.change_time.max(self.send_time).max(self.receive_time)),
            used: self.send_time.max(self.receive_time) >= self.change_time,
            changed: Some(self.change_time),
            creator: creator_of(&self.perm),
            pace: UsePattern::Occasional,
            pending: Some(Pending {
                messages: self.messages,
                bytes: Some(self.bytes),
                sent: happened(self.send_time),
                or_earlier: false,
            }),
            stranded: 0,
            shared: false,
            untouched: self.send_time == 0 && self.receive_time == 0,
            links: 1,
            memory: self.bytes,
            serial: [self.perm.key.into(), self.max_bytes.unwrap_or_default(), self.bytes],
        }
    }
}

static FACTS: &[Fact<Queue>] = &[
    key(),
    Fact::free("messages", "Number of queued messages.", |one, _| Value::Count(one.messages)),
    Fact::free("bytes", "Bytes of the queued messages.", |one, _| Value::Bytes(one.bytes)),
    Fact::free("max-bytes", "Capacity in bytes: qbytes.", |one, _| capacity(one)),
    Fact::free("sender-pid", "Process that sent last: lspid.", |one, _| {
        process::pid(one.last_sender, one.send_time != 0)
    }),
    Fact::costly("sender-command", "Command of that process, if it still runs.", |one, look| {
        process::command(look.proc, one.last_sender, one.send_time)
    }),
    Fact::free("receiver-pid", "Process that received last: lrpid.", |one, _| {
        process::pid(one.last_receiver, one.receive_time != 0)
    }),
    Fact::costly("receiver-command", "Command of that process, if it still runs.", |one, look| {
        process::command(look.proc, one.last_receiver, one.receive_time)
    }),
    Fact::free("last-send", "Time of the last send.", |one, _| Value::time_or_never(one.send_time)),
    Fact::free("last-receive", "Time of the last receive.", |one, _| {
        Value::time_or_never(one.receive_time)
    }),
    changed(),
    creator(),
    creator_group(),
    cuid(),
    cgid(),
];

/// The table does not have it, MSG_STAT_ANY does.
fn capacity(one: &Queue) -> Value {
    let asked = || msg::stat_any(one.id).ok().filter(|again| again.id == one.id)?.max_bytes;
    one.max_bytes
        .or_else(asked)
        .map_or(Value::Unknown("/proc/sysvipc/msg does not tell"), Value::Bytes)
}

static SOURCE: TableSource<Queue> = TableSource {
    table: ("msg", 14),
    parse: |row| Queue {
        id: table::low(row[1]),
        perm: Permissions {
            key: table::low(row[0]),
            mode: table::low(row[2]),
            uid: table::low(row[7]),
            gid: table::low(row[8]),
            cuid: table::low(row[9]),
            cgid: table::low(row[10]),
        },
        bytes: row[3],
        messages: row[4],
        max_bytes: None,
        last_sender: table::pid(row[5]),
        last_receiver: table::pid(row[6]),
        send_time: table::time(row[11]),
        receive_time: table::time(row[12]),
        change_time: table::time(row[13]),
    },
    stat_any: msg::stat_any,
    stat: msg::stat,
    highest: || msg::usage().map(|(_, highest)| highest),
    used: || msg::usage().map(|(usage, _)| usage.queues),
    by_key: |key| msg::get(key, 0),
};

/// What MSG_INFO adds up.
static TOTALS: &[Total<(msg::Usage, u32)>] = &[
    (Field::free("queues", "Queues."), |(all, _)| Value::Count(all.queues)),
    (Field::free("messages", "Messages in all queues."), |(all, _)| Value::Count(all.messages)),
    (Field::free("bytes", "Bytes of these messages."), |(all, _)| Value::Bytes(all.bytes)),
];

static MAX_BYTES: Param =
    Param { name: "max-bytes", metavar: "SIZE", help: "Capacity in bytes", form: Form::Size };

struct SysvMq;

fn object(plan: &FactPlan<Queue>, one: &Queue) -> Object {
    let trace = Trace::new(Subject::Queue(IpcNamespace::OWN, one.id), &HOLDING);
    Object {
        past: plan.wants_past().then(|| one.past()),
        ..one.object(&KIND, capacity(one), plan.read(one), trace)
    }
}

impl Inspect for SysvMq {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        SOURCE.list(look, false, &|one| object(&plan, one), each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        SOURCE.find(look, locator, false).map(|one| object(&plan, &one))
    }

    fn totals(&self) -> Facts {
        totals(TOTALS, &msg::usage())
    }

    fn limits(&self, _look: &Query) -> Vec<Limit> {
        let limits = msg::limits();
        let limit = |value: fn(&msg::Limits) -> Value| match &limits {
            Ok(limits) => value(limits),
            Err(error) => Value::Unknown(Fault::reason(error)),
        };
        let used = match msg::usage() {
            Ok((usage, _)) => Value::Count(usage.queues),
            Err(error) => Value::Unknown(Fault::reason(&error)),
        };
        vec![
            Limit {
                name: "MSGMNI",
                about: "queues",
                limit: limit(|limits| Value::Count(limits.max_queues)),
                used,
                who: Who::OWNERS,
                knob: "kernel.msgmni",
            },
            Limit {
                name: "MSGMAX",
                about: "bytes in one message",
                limit: limit(|limits| Value::Bytes(limits.max_message)),
                used: Value::None("none"),
                who: Who::Nobody,
                knob: "kernel.msgmax",
            },
            Limit {
                name: "MSGMNB",
                about: "bytes in a new queue",
                limit: limit(|limits| Value::Bytes(limits.max_bytes)),
                used: Value::None("none"),
                who: Who::Nobody,
                knob: "kernel.msgmnb",
            },
        ]
    }
}

fn create_fault(error: &io::Error) -> Fault {
    match (error.raw_os_error(), msg::limits(), msg::usage()) {
        (Some(libc::ENOSPC), Ok(limits), Ok((usage, _))) => limit_reached(&[Shortage {
            name: "MSGMNI",
            unit: "",
            used: Use::Exactly(usage.queues),
            limit: limits.max_queues,
            more: 1,
            hint: remove_or_raise("mq", "kernel.msgmni"),
        }]),
        _ => Fault::from_os(error),
    }
}

/// EPERM of IPC_SET is either the object's owner or the number of bytes; which one, the numbers tell.
fn set_fault(error: &io::Error, max_bytes: Option<u64>) -> Fault {
    match (error.raw_os_error(), max_bytes, msg::limits()) {
        (Some(libc::EPERM), Some(wanted), Ok(limits)) if wanted > limits.max_bytes => {
            let limit = limits.max_bytes;
            Fault::new(
                Class::Denied,
                format!(
                    "{wanted} bytes are more than MSGMNB ({limit}), which needs CAP_SYS_RESOURCE"
                ),
            )
            .hint("raise kernel.msgmnb, or run with CAP_SYS_RESOURCE")
        }
        _ => fault(error),
    }
}

impl Create for SysvMq {
    fn chooses_locator(&self) -> bool {
        true
    }

    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&MAX_BYTES, &KEY_FROM];
        PARAMS
    }

    fn create(&self, _look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let key = key_to_make(making)?;
        let id = msg::get(key, create_flags(making))
            .map_err(|error| create_fault(&error).said(&error))?;
        let undo = |error: io::Error, max_bytes| {
            let _ = msg::remove(id);
            set_fault(&error, max_bytes)
        };
        let one =
            msg::stat_any(id).or_else(|_| msg::stat(id)).map_err(|error| undo(error, None))?;
        let default = one.max_bytes.unwrap_or_default();
        let max_bytes = making.settings.number(&MAX_BYTES);
        if let Some(wanted) = max_bytes {
            msg::set(id, one.perm.uid, one.perm.gid, making.mode, wanted)
                .map_err(|error| undo(error, max_bytes))?;
        }
        let bytes = max_bytes.unwrap_or(default);
        give_away(id, making, |uid, gid, mode| msg::set(id, uid, gid, mode, bytes), msg::remove)?;
        Ok(address(&KIND, id))
    }

    fn locator(&self, making: &CreateRequest) -> Result<Locator, Fault> {
        key_of_existing(making)
    }

    fn differences(
        &self,
        _look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        Ok(by_facts(object, making.settings, Configure::params(self)))
    }
}

impl Configure for SysvMq {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&MAX_BYTES];
        PARAMS
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let one = SOURCE.find(look, locator, false)?;
        let wanted = change.settings.number(&MAX_BYTES);
        let Some(bytes) = wanted.or(one.max_bytes) else {
            return Err(Fault::new(
                Class::Denied,
                "permission denied to read the limit that would have to stay",
            ));
        };
        let (uid, gid, mode) = changed_permissions(&one.perm, change);
        msg::set(one.id, uid, gid, mode, bytes).map_err(|error| set_fault(&error, wanted))
    }
}

impl Remove for SysvMq {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let id = SOURCE.resolve(locator)?;
        msg::remove(id).map(|()| None).map_err(|error| fault(&error))
    }

    fn remove_same(&self, look: &Query, object: &Object) -> Result<Removal, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let make = |one: &_| self::object(&plan, one);
        if !SOURCE.is_same(look, object, &make, &|_| true)? {
            return Ok(Removal::Changed);
        }
        self.remove(look, &object.address.locator).map(Removal::Gone)
    }
}
