//! POSIX message queues. `mq_overview(7)`.
//!
//! They are listed through a mount of our own where we may make one, so that `/dev/mqueue` need not be mounted
//! and cannot show the queues of another IPC namespace; else through `/dev/mqueue`.

mod directory;
mod endpoint;
mod limits;
mod status;
mod store;

use std::ffi::OsStr;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};

use super::{name, name_to_make, with_slash};
use crate::kinds::KindRecord;
use crate::kinds::backing::{Backing, Store};
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Remove, Want,
};
use crate::kinds::existing::by_facts;
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::kinds::file::{Backed, as_change, change_file, device, inode, object, timestamp};
use crate::kinds::process;
use crate::model::{
    self, Address, Breadth, Calls, Difference, Facility, Family, Fault, Form, Found, Holding, Kind,
    Limit, Locator, Object, Param, Part, Pending, Settings, Subject, Trace, UsePattern, Vacancy,
    Value,
};
use crate::sys::file::{self, Stat};
use crate::sys::mqueue::{self, Attributes};
use directory::QueueDirectory;
use limits::{create_fault, sysctl};
use status::QueueStatus;
use store::Queues;

static KIND: Kind = Kind {
    name: "posix-mq",
    facility: Facility::Mq,
    family: Family::Posix,
    forms: &[&model::NAME, &model::OWN],
    file_type: None,
    listed: Breadth::Usual,
    about: "POSIX message queue",
    fields: || fields(FACTS),
    content: &[
        Part::Fact("messages"),
        Part::Word("/"),
        Part::Fact("max-messages"),
        Part::Word(" msgs"),
    ],
};

static HOLDING: Holding = Holding {
    descriptors: true,
    calls: Calls::OnDescriptor,
    namespaced: true,
    vacancy: Vacancy::Leased { in_flight: false },
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&PosixMq),
    configure: Some(&PosixMq),
    remove: Some(&PosixMq),
    backing: Some(&PosixMq),
    messages: Some(&PosixMq),
    ..KindRecord::read_only(&KIND, &HOLDING, &PosixMq)
};

/// For `fuzz/`.
#[cfg(fuzzing)]
pub(crate) fn fuzz(bytes: &[u8]) {
    drop(QueueStatus::parse(bytes));
}

/// A queue: its file, where it could be seen, and its state, where it could be opened.
struct QueueFile {
    stat: Option<Stat>,
    shape: Result<Attributes, &'static str>,
    status: Result<QueueStatus, &'static str>,
}

impl Backed for QueueFile {
    fn stat(&self) -> Option<&Stat> {
        self.stat.as_ref()
    }
}

fn count(one: &QueueFile, pick: fn(&Attributes) -> u64) -> Value {
    one.shape
        .as_ref()
        .map_or_else(|reason| Value::Unknown(reason), |shape| Value::Count(pick(shape)))
}

fn status(one: &QueueFile, pick: fn(&QueueStatus) -> Value) -> Value {
    one.status.as_ref().map_or_else(|reason| Value::Unknown(reason), pick)
}

static FACTS: &[Fact<QueueFile>] = &[
    Fact::free("messages", "Number of queued messages: curmsgs.", |one, _| {
        count(one, |shape| shape.messages)
    }),
    Fact::free("max-messages", "Maximum number of messages: maxmsg.", |one, _| {
        count(one, |shape| shape.max_messages)
    }),
    Fact::free("message-size", "Maximum size of a message in bytes: msgsize.", |one, _| {
        one.shape
            .as_ref()
            .map_or_else(|reason| Value::Unknown(reason), |shape| Value::Bytes(shape.message_size))
    }),
    Fact::costly(
        "bytes",
        "Bytes of the queued messages: QSIZE. Reading it changes the access time of the queue.",
        |one, _| status(one, |status| Value::Bytes(status.bytes)),
    ),
    Fact::costly("notify", "How mq_notify(3) notifies the registered process.", |one, _| {
        status(one, |status| status.notify.map_or(Value::None("none"), Value::Word))
    }),
    Fact::costly("notify-signal", "Signal sent to the registered process.", |one, _| {
        status(one, |status| {
            status.signal.map_or(Value::None("none"), |signal| Value::Id(signal.into()))
        })
    }),
    Fact::costly("notify-pid", "Process registered with mq_notify(3).", |one, _| {
        status(one, |status| process::pid(status.pid, status.notify.is_some()))
    }),
    Fact::costly("notify-command", "Command of that process.", |one, look| match &one.status {
        Ok(status) => process::command(look.proc, status.pid, 0),
        Err(reason) => Value::Unknown(reason),
    }),
    device(),
    inode(),
    Fact::free("last-used", "Time of the last send or receive, or of creation.", |one, _| {
        one.stat.as_ref().map_or(Value::Unknown("permission denied"), |stat| {
            Value::Time(timestamp(stat.modified))
        })
    }),
];

static MAX_MESSAGES: Param = Param {
    name: "max-messages",
    metavar: "N",
    help: "Maximum number of messages",
    form: Form::Count,
};
static MESSAGE_SIZE: Param = Param {
    name: "message-size",
    metavar: "SIZE",
    help: "Maximum size of a message in bytes",
    form: Form::Size,
};

struct PosixMq;

/// What a listing wants to know; each costs calls.
struct Needs {
    shape: bool,
    status: bool,
    /// Of queues that hold messages.
    pending: bool,
}

impl Needs {
    fn new(plan: &FactPlan<QueueFile>, want: Want) -> Self {
        let any = |names: &[&str]| names.iter().any(|name| plan.has(name));
        Self {
            shape: want.has_column("size")
                || plan.wants_past()
                || any(&["messages", "max-messages", "message-size"]),
            pending: plan.wants_past(),
            status: any(&["bytes", "notify", "notify-signal", "notify-pid", "notify-command"]),
        }
    }
}

/// What the queue's own descriptor tells. Nothing of it is a change that another process could notice, but for
/// the access time that reading the status sets.
fn queue(needs: &Needs, opened: io::Result<OwnedFd>, stat: Option<Stat>) -> QueueFile {
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let reason = Fault::reason(&error);
            return QueueFile { stat, shape: Err(reason), status: Err(reason) };
        }
    };
    let unread = Err("it was not read");
    let shape = if needs.shape {
        mqueue::attributes(opened.as_fd()).map_err(|error| Fault::reason(&error))
    } else {
        unread
    };
    let holds = needs.pending && shape.as_ref().is_ok_and(|shape| shape.messages > 0);
    let status = if needs.status || holds { read_status(opened) } else { Err("it was not read") };
    QueueFile { stat, shape, status }
}

fn read_status(opened: OwnedFd) -> Result<QueueStatus, &'static str> {
    let mut text = Vec::new();
    // Closing this descriptor would cancel a registration with mq_notify of this process, which makes none.
    std::fs::File::from(opened)
        .take(4096)
        .read_to_end(&mut text)
        .map_err(|_| "permission denied")?;
    QueueStatus::parse(&text).ok_or("the kernel's status of it is not understood")
}

fn seen(plan: &FactPlan<QueueFile>, name: &OsStr, one: &QueueFile) -> Object {
    let size = match &one.shape {
        Ok(shape) => Value::Bytes(shape.max_messages.saturating_mul(shape.message_size)),
        Err(reason) => Value::Unknown(reason),
    };
    let registered = one.status.as_ref().map_or(0, |status| status.pid);
    let trace = |file| Trace { registered, ..Trace::new(Subject::File(file), &HOLDING) };
    let mut object = object(plan, &KIND, Locator::Name(name.into()), (one, size), trace);
    // A look at a queue's status sets its ctime, its use sets its mtime.
    object.since = one.stat.as_ref().map(|stat| timestamp(stat.modified));
    if let (Some(past), Some(stat)) = (&mut object.past, &one.stat) {
        past.last = Some(stat.modified.0);
        past.changed = past.last;
        past.used = true;
        past.pace = UsePattern::Occasional;
        past.pending = one.shape.as_ref().ok().map(|shape| Pending {
            messages: shape.messages,
            bytes: one.status.as_ref().ok().map(|status| status.bytes),
            // Sending and receiving alone set its mtime.
            sent: Some(stat.modified.0),
            or_earlier: true,
        });
        past.serial = [stat.modified.0.unsigned_abs(), stat.modified.1.into(), 0];
        past.memory = 0;
    }
    object
}

impl Inspect for PosixMq {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let mut directory = match QueueDirectory::open(each)? {
            Some(directory) => directory,
            None => return ControlFlow::Continue(()),
        };
        let plan = FactPlan::new(&KIND, FACTS, look);
        let needs = Needs::new(&plan, look.want);
        let names = match directory.names() {
            Ok(names) => names,
            Err(error) => {
                return each(Found::Missing(directory::unlisted(&Fault::from_os(&error).cause)));
            }
        };
        for name in &names {
            let Ok(stat) = directory.stat(name) else { continue };
            let opened = if needs.shape || needs.status {
                with_slash(name)
                    .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
                    .and_then(|path| mqueue::open(&path))
            } else {
                Err(io::Error::other("it was not opened"))
            };
            if matches!(&opened, Err(error) if error.kind() == io::ErrorKind::NotFound) {
                continue;
            }
            let one = queue(&needs, opened, Some(stat));
            each(Found::Object(Box::new(seen(&plan, name, &one))))?;
        }
        ControlFlow::Continue(())
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let resolved = match locator {
            Locator::Own(fd) => Some(Locator::Name(endpoint::inherited_name(*fd)?.into())),
            _ => None,
        };
        let name = name(resolved.as_ref().unwrap_or(locator))?;
        let opened = mqueue::open(&with_slash(name)?);
        let stat = match &opened {
            Ok(opened) => file::stat(opened).ok(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                QueueDirectory::open_quietly().ok().and_then(|directory| directory.stat(name).ok())
            }
            Err(error) => return Err(Fault::from_os(error)),
        };
        let plan = FactPlan::new(&KIND, FACTS, look);
        let one = queue(&Needs::new(&plan, look.want), opened, stat);
        Ok(seen(&plan, name, &one))
    }

    fn limits(&self, look: &Query) -> Vec<Limit> {
        limits::limits(look)
    }
}

/// Messages and bytes of a queue that is to be made. The kernel's defaults stand in for what is not given, and
/// they count no more than its limits: `mq_overview(7)`.
fn shape(look: &Query, settings: &Settings) -> (u64, u64) {
    let default = |name, limit, otherwise| {
        let default = sysctl(look, name).unwrap_or(otherwise);
        sysctl(look, limit).map_or(default, |limit| default.min(limit))
    };
    (
        settings.number(&MAX_MESSAGES).unwrap_or_else(|| default("msg_default", "msg_max", 10)),
        settings
            .number(&MESSAGE_SIZE)
            .unwrap_or_else(|| default("msgsize_default", "msgsize_max", 8192)),
    )
}

impl Create for PosixMq {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&MAX_MESSAGES, &MESSAGE_SIZE];
        PARAMS
    }

    fn create(&self, look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let name = name_to_make(making, KIND.facility)?;
        let path = with_slash(name)?;
        let (messages, size) = shape(look, making.settings);
        let failed = |error: io::Error| create_fault(&error, look, (messages, size)).said(&error);
        let too_large = |_| failed(io::Error::from_raw_os_error(libc::EINVAL));
        let shape =
            (i64::try_from(messages).map_err(too_large)?, i64::try_from(size).map_err(too_large)?);
        let made = mqueue::create(&path, making.mode, shape).map_err(failed)?;
        if let Err(fault) = change_file(made.as_fd(), &as_change(making)) {
            let _ = mqueue::remove(&path);
            return Err(fault);
        }
        Ok(Address { facility: KIND.facility, locator: Locator::Name(name.into()) })
    }

    fn differences(
        &self,
        _look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        // A queue keeps its shape for life.
        Ok(by_facts(object, making.settings, &[]))
    }
}

/// A handle on a queue's file: the queue itself, or its place in the directory when it may not be opened.
fn existing(locator: &Locator) -> Result<OwnedFd, Fault> {
    let name = name(locator)?;
    mqueue::open(&with_slash(name)?).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => QueueDirectory::open_quietly()
            .and_then(|directory| directory.handle(name))
            .map_err(|_| Fault::from_os(&error)),
        _ => Err(Fault::from_os(&error)),
    })
}

impl Configure for PosixMq {
    fn params(&self) -> &'static [&'static Param] {
        &[]
    }

    fn set(
        &self,
        _look: &Query,
        locator: &Locator,
        change: &ConfigureRequest,
    ) -> Result<(), Fault> {
        change_file(existing(locator)?.as_fd(), change)
    }
}

impl Remove for PosixMq {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        mqueue::remove(&with_slash(name(locator)?)?)?;
        Ok(None)
    }

    /// The kernel takes memory for messages when they come.
    fn freed(&self, _look: &Query, objects: &[&Object]) -> Vec<Option<u64>> {
        let bytes = |object: &Object| match object.past.as_ref()?.pending? {
            Pending { messages: 0, .. } => Some(0),
            pending => pending.bytes,
        };
        objects.iter().map(|object| bytes(object)).collect()
    }
}

impl Backing for PosixMq {
    fn store(&self, _look: &Query) -> io::Result<Box<dyn Store>> {
        Ok(Box::new(Queues))
    }
}
