//! The kernel's limits on POSIX queues: what they are, how much is used, and which of them a refusal means.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use nix::sys::resource::{Resource, getrlimit};

use super::directory::QueueDirectory;
use crate::kinds::capability::Query;
use crate::kinds::posix::with_slash;
use crate::model::{Class, Fault, FileClass, Limit, Shortage, ShownAs, Sources, Use, Value, Who};
use crate::sys::{file, mqueue, pidfd};

pub(super) fn limits(look: &Query) -> Vec<Limit> {
    let sysctl = |name: &str| sysctl(look, name);
    let read =
        |name: &str| sysctl(name).map_or(Value::Unknown("it could not be read"), Value::Count);
    let read_bytes =
        |name: &str| sysctl(name).map_or(Value::Unknown("it could not be read"), Value::Bytes);
    let usage = Usage::now(look);
    let own = nix::unistd::geteuid().as_raw();
    let limit = match getrlimit(Resource::RLIMIT_MSGQUEUE) {
        Ok((nix::sys::resource::RLIM_INFINITY, _)) => Value::None("unlimited"),
        Ok((soft, _)) => Value::Bytes(soft),
        Err(_) => Value::Unknown("it could not be read"),
    };
    let nothing = || Value::None("none");
    let unlisted = || Value::Unknown("the queues cannot be listed");
    let mut limits = vec![
        Limit {
            name: "MQ_QUEUES_MAX",
            about: "POSIX queues",
            limit: read("queues_max"),
            used: usage.as_ref().map_or_else(unlisted, |usage| {
                let count = Value::Count(usage.queues);
                if usage.hidden { Value::AtLeast(Box::new(count)) } else { count }
            }),
            who: Who::OWNERS,
            knob: "fs.mqueue.queues_max",
        },
        Limit {
            name: "MQ_MSG_MAX",
            about: "messages in a queue",
            limit: read("msg_max"),
            used: nothing(),
            who: Who::Nobody,
            knob: "fs.mqueue.msg_max",
        },
        Limit {
            name: "MQ_MSGSIZE_MAX",
            about: "bytes in one message",
            limit: read_bytes("msgsize_max"),
            used: nothing(),
            who: Who::Nobody,
            knob: "fs.mqueue.msgsize_max",
        },
        Limit {
            name: "MQ_MSG_DEFAULT",
            about: "messages in a queue made without a number",
            limit: read("msg_default"),
            used: nothing(),
            who: Who::Nobody,
            knob: "fs.mqueue.msg_default",
        },
        Limit {
            name: "MQ_MSGSIZE_DEFAULT",
            about: "bytes in a message of a queue made without a size",
            limit: read_bytes("msgsize_default"),
            used: nothing(),
            who: Who::Nobody,
            knob: "fs.mqueue.msgsize_default",
        },
        Limit {
            name: "RLIMIT_MSGQUEUE",
            about: "bytes in all POSIX queues of this user",
            limit,
            used: usage.as_ref().map_or_else(unlisted, |usage| usage.charged(own)),
            who: Who::User(own),
            knob: MSGQUEUE_KNOB,
        },
    ];
    // Whose queues they are is seen by everybody; root is asked for them.
    let others = usage.iter().filter(|_| own == 0).flat_map(|usage| usage.bytes.keys());
    limits.extend(others.filter(|uid| **uid != own).map(|uid| Limit {
        name: "RLIMIT_MSGQUEUE",
        about: "bytes in all POSIX queues of this user",
        limit: limit_of(look, *uid),
        used: usage.as_ref().map_or_else(unlisted, |usage| usage.charged(*uid)),
        who: Who::User(*uid),
        knob: MSGQUEUE_KNOB,
    }));
    limits
}

const MSGQUEUE_KNOB: &str = "ulimit -q, LimitMSGQUEUE=";

/// RLIMIT_MSGQUEUE of a user: each process has its own, so it is the lowest.
fn limit_of(look: &Query, uid: u32) -> Value {
    let mut lowest: Option<Option<u64>> = None;
    for entry in std::fs::read_dir(look.proc).into_iter().flatten().flatten() {
        let is_process = entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if !is_process || !entry.metadata().is_ok_and(|facts| facts.uid() == uid) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path().join("limits")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Max msgqueue size"));
        let Some(word) = line.and_then(|line| line.split_whitespace().next()) else { continue };
        let soft = word.parse::<u64>().ok();
        lowest = Some(match (lowest, soft) {
            (Some(Some(one)), Some(other)) => Some(one.min(other)),
            (Some(one), other) => one.or(other),
            (None, other) => other,
        });
    }
    match lowest {
        Some(Some(bytes)) => Value::Bytes(bytes),
        Some(None) => Value::None("unlimited"),
        None => Value::Unknown("none of its processes could be read"),
    }
}

pub(super) fn sysctl(look: &Query, name: &str) -> Option<u64> {
    std::fs::read_to_string(look.proc.join("sys/fs/mqueue").join(name)).ok()?.trim().parse().ok()
}

/// Bytes that the kernel charges to RLIMIT_MSGQUEUE for a queue: room for all messages, and two records of 48
/// bytes a message. `getrlimit(2)`.
pub(super) fn charge(messages: u64, size: u64) -> u64 {
    messages.saturating_mul(size.saturating_add(96))
}

/// Queues that have lost their names. The kernel counts them until they are closed.
static UNLINKED: FileClass = FileClass {
    name: "unlinked-queue",
    sources: Sources { descriptors: true, ..Sources::NONE },
    is: |facts| facts.links == Some(0) && facts.mode.is_some_and(is_regular),
};

fn is_regular(mode: u32) -> bool {
    mode & libc::S_IFMT == libc::S_IFREG
}

/// The queues of this namespace that could be seen.
struct Usage {
    /// How many there are.
    queues: u64,
    /// Bytes that they are charged, by user.
    bytes: BTreeMap<u32, u64>,
    /// There may be queues without a name that no process shows.
    hidden: bool,
}

impl Usage {
    /// Counts them. `None`: they cannot be listed.
    fn now(look: &Query) -> Option<Self> {
        let mut directory = QueueDirectory::open_quietly().ok()?;
        let names = directory.names().ok()?;
        let mut usage = Self { queues: 0, bytes: BTreeMap::new(), hidden: false };
        for name in &names {
            let Ok(stat) = directory.stat(name) else { continue };
            let opened = with_slash(name).ok().and_then(|path| mqueue::open(&path).ok());
            usage.add(stat.uid, opened);
        }
        let found = look.processes.found(&UNLINKED);
        let nameless = found.files.iter().filter(|(file, _)| file.device == directory.device());
        for shown in nameless.map(|(_, shown)| shown) {
            let copies = shown.showings.iter().filter_map(|showing| match showing.place {
                ShownAs::Descriptor(number, _) => pidfd::duplicate(showing.pid, number).ok(),
                _ => None,
            });
            let opened = copies.take(ASKED).next();
            let uid = opened.as_ref().and_then(|opened| file::stat(opened).ok());
            match uid {
                Some(stat) => usage.add(stat.uid, opened),
                None => {
                    usage.queues += 1;
                    usage.hidden = true;
                }
            }
        }
        usage.hidden |= found.unread > 0 || !found.sees_all;
        Some(usage)
    }

    /// What is known of a count of queues.
    fn use_of(&self, count: u64) -> Use {
        if self.hidden { Use::AtLeast(count) } else { Use::Exactly(count) }
    }

    /// The same as a value. The kernel counts those of other namespaces, too.
    fn charged(&self, uid: u32) -> Value {
        Value::AtLeast(Box::new(Value::Bytes(self.bytes(uid))))
    }

    /// Bytes that the queues of a user are charged, as far as they could be seen.
    fn bytes(&self, uid: u32) -> u64 {
        self.bytes.get(&uid).copied().unwrap_or_default()
    }

    fn add(&mut self, uid: u32, opened: Option<OwnedFd>) {
        self.queues += 1;
        match opened.and_then(|opened| mqueue::attributes(opened.as_fd()).ok()) {
            Some(shape) => {
                let bytes = self.bytes.entry(uid).or_default();
                *bytes = bytes.saturating_add(charge(shape.max_messages, shape.message_size));
            }
            None => {
                self.bytes.entry(uid).or_default();
            }
        }
    }
}

/// So many descriptors of one queue are copied at most, until one may be.
const ASKED: usize = 8;

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
        Some(libc::ENOSPC) => Shortage {
            name: "queues_max",
            unit: "",
            used: Usage::now(look).map_or(Use::Unknown, |usage| usage.use_of(usage.queues)),
            limit: limit("queues_max").unwrap_or_default(),
            more: 1,
            hint: "remove leftovers (ipcctl clean mq), or raise fs.mqueue.queues_max".into(),
        }
        .fault(),
        // Without a descriptor left it is the same errno.
        Some(libc::EMFILE) if File::open("/dev/null").is_ok() => {
            let own = nix::unistd::geteuid().as_raw();
            let short = Shortage {
                name: "RLIMIT_MSGQUEUE",
                unit: " bytes",
                used: Usage::now(look).map_or(Use::Unknown, |usage| Use::AtLeast(usage.bytes(own))),
                limit: getrlimit(Resource::RLIMIT_MSGQUEUE).map_or(0, |(soft, _)| soft),
                more: charge(messages, size),
                hint: "ask for fewer or smaller messages, or raise it with ulimit -q".into(),
            };
            let fault = short.fault();
            Fault { cause: format!("{} ({messages} x ({size} + 96))", fault.cause), ..fault }
        }
        Some(libc::EOVERFLOW) => Fault::new(
            Class::Limit,
            format!("{messages} x ({size} + 96) bytes are more than the kernel can count"),
        ),
        _ => Fault::from_os(error),
    }
}
