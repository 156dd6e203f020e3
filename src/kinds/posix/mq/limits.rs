//! The kernel's limits on POSIX queues: what they are, how much is used, and which of them a refusal means.

use std::io;
use std::os::fd::AsFd;

use nix::sys::resource::{Resource, getrlimit};

use super::directory::QueueDirectory;
use crate::kinds::capability::Query;
use crate::kinds::posix::with_slash;
use crate::model::{Class, Fault, Limit, Value};
use crate::sys::mqueue;

pub(super) fn limits(look: &Query) -> Vec<Limit> {
    let sysctl = |name: &str| sysctl(look, name);
    let read =
        |name: &str| sysctl(name).map_or(Value::Unknown("it could not be read"), Value::Count);
    let read_bytes =
        |name: &str| sysctl(name).map_or(Value::Unknown("it could not be read"), Value::Bytes);
    let (queues, mine) = usage();
    let limit = match getrlimit(Resource::RLIMIT_MSGQUEUE) {
        Ok((nix::sys::resource::RLIM_INFINITY, _)) => Value::None("unlimited"),
        Ok((soft, _)) => Value::Bytes(soft),
        Err(_) => Value::Unknown("it could not be read"),
    };
    let nothing = || Value::None("none");
    vec![
        Limit {
            name: "MQ_QUEUES_MAX",
            about: "POSIX queues",
            limit: read("queues_max"),
            used: queues,
            knob: "fs.mqueue.queues_max",
        },
        Limit {
            name: "MQ_MSG_MAX",
            about: "messages in a queue",
            limit: read("msg_max"),
            used: nothing(),
            knob: "fs.mqueue.msg_max",
        },
        Limit {
            name: "MQ_MSGSIZE_MAX",
            about: "bytes in one message",
            limit: read_bytes("msgsize_max"),
            used: nothing(),
            knob: "fs.mqueue.msgsize_max",
        },
        Limit {
            name: "MQ_MSG_DEFAULT",
            about: "messages in a queue made without a number",
            limit: read("msg_default"),
            used: nothing(),
            knob: "fs.mqueue.msg_default",
        },
        Limit {
            name: "MQ_MSGSIZE_DEFAULT",
            about: "bytes in a message of a queue made without a size",
            limit: read_bytes("msgsize_default"),
            used: nothing(),
            knob: "fs.mqueue.msgsize_default",
        },
        Limit {
            name: "RLIMIT_MSGQUEUE",
            about: "bytes in all POSIX queues of this user",
            limit,
            used: mine,
            knob: "ulimit -q, LimitMSGQUEUE=",
        },
    ]
}

pub(super) fn sysctl(look: &Query, name: &str) -> Option<u64> {
    std::fs::read_to_string(look.proc.join("sys/fs/mqueue").join(name)).ok()?.trim().parse().ok()
}

/// Bytes that the kernel charges to RLIMIT_MSGQUEUE for a queue: room for all messages, and two records of 48
/// bytes a message. `getrlimit(2)`.
pub(super) fn charge(messages: u64, size: u64) -> u64 {
    messages.saturating_mul(size.saturating_add(96))
}

/// Queues in this namespace, and what those of this user are charged.
fn usage() -> (Value, Value) {
    let unknown = || Value::Unknown("the queues cannot be listed");
    let Ok(mut directory) = QueueDirectory::open_quietly() else { return (unknown(), unknown()) };
    let Ok(names) = directory.names() else { return (unknown(), unknown()) };
    let uid = nix::unistd::geteuid().as_raw();
    let mut bytes = Some(0u64);
    for name in &names {
        if !directory.stat(name).is_ok_and(|stat| stat.uid == uid) {
            continue;
        }
        let shape = with_slash(name)
            .ok()
            .and_then(|path| mqueue::attributes(mqueue::open(&path).ok()?.as_fd()).ok());
        bytes = bytes
            .zip(shape)
            .map(|(sum, shape)| sum.saturating_add(charge(shape.max_messages, shape.message_size)));
    }
    (
        Value::Count(names.len() as u64),
        bytes.map_or(Value::Unknown("a queue could not be opened"), Value::Bytes),
    )
}

pub(super) fn create_fault(error: &io::Error, look: &Query, (messages, size): (u64, u64)) -> Fault {
    let limit = |name| sysctl(look, name);
    match error.raw_os_error() {
        Some(libc::EINVAL) if messages == 0 || size == 0 => {
            Fault::usage("a queue holds at least one message of at least one byte")
        }
        Some(libc::EINVAL) => match (limit("msg_max"), limit("msgsize_max")) {
            (Some(most), _) if messages > most => Fault::new(
                Class::Limit,
                format!("{messages} messages are more than msg_max ({most})"),
            )
            .hint("raise fs.mqueue.msg_max"),
            (_, Some(most)) if size > most => Fault::new(
                Class::Limit,
                format!("messages of {size} bytes are more than msgsize_max ({most})"),
            )
            .hint("raise fs.mqueue.msgsize_max"),
            _ => Fault::from_os(error),
        },
        Some(libc::ENOSPC) => {
            let most = limit("queues_max").map_or(String::new(), |most| format!(" ({most})"));
            Fault::new(Class::Limit, format!("queues_max{most} is reached"))
                .hint("remove what is left over, or raise fs.mqueue.queues_max")
        }
        Some(libc::EMFILE | libc::ENOMEM | libc::EOVERFLOW) => {
            let needs = charge(messages, size);
            let most = match getrlimit(Resource::RLIMIT_MSGQUEUE) {
                Ok((soft, _)) if soft != nix::sys::resource::RLIM_INFINITY => {
                    format!(" of {soft} bytes")
                }
                _ => String::new(),
            };
            let used = match usage().1 {
                Value::Bytes(used) => format!(", {used} are in use"),
                _ => String::new(),
            };
            Fault::new(
                Class::Limit,
                format!("RLIMIT_MSGQUEUE{most} is reached: {messages} x ({size} + 96) = {needs} bytes are needed{used}"),
            )
            .hint("ask for fewer or smaller messages, or raise it with ulimit -q")
        }
        _ => Fault::from_os(error),
    }
}
