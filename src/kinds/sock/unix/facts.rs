//! What is told of a Unix socket, or of a file to which none is bound.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::super::binding::Binding;
use super::super::table::UnixTable;
use super::super::{LISTENING, NOT_LISTENING, NOT_TOLD, address, queue, socket_type};
use super::{KIND, reach};
use crate::kinds::fact::{Fact, FactPlan};
use crate::kinds::file::timestamp;
use crate::model::Value;
use crate::sys::diag::unix::{UnixSocket, state};
use crate::sys::file::Stat;

/// A socket file, a socket, or both.
pub(super) struct UnixRow {
    pub(super) stat: Option<Stat>,
    pub(super) socket: Option<(Rc<UnixTable>, usize)>,
    /// What is known of the socket of a file.
    pub(super) binding: Option<Binding>,
}

/// The facts that only all sockets of the namespace tell.
const OF_FILE: &[&str] = &["device", "inode", "links", "created", "changed"];

/// Returns true if a fact is wanted that the file does not tell.
pub(super) fn needs_table(plan: &FactPlan<UnixRow>) -> bool {
    plan.names().any(|name| !OF_FILE.contains(&name))
}

pub(super) static FACTS: &[Fact<UnixRow>] = &[
    Fact::free("type", "Type of the socket: stream, dgram or seqpacket.", |one, _| {
        one.told(|_, socket| socket_type(socket.socket_type))
    }),
    Fact::free(
        "status",
        "What the socket does: listening, connected, waiting (to be accepted), disconnected, bound, unbound.",
        |one, _| match (&one.socket, one.binding) {
            (Some(_), _) => one.told(|_, socket| Value::Word(status(socket))),
            (None, Some(Binding::Unbound { .. })) => Value::Word("unbound"),
            (None, Some(Binding::Unsure(why))) => Value::Unknown(why),
            (None, _) => Value::Unknown("its socket is in another network namespace"),
        },
    ),
    Fact::free("queue", "What waits: connections, of how many that may, or bytes.", |one, _| {
        one.told(|_, socket| queue(is_listening(socket), socket.queues))
    }),
    Fact::free("waiting", "Connections that wait to be accepted.", |one, _| {
        one.told(|_, socket| of_listener(socket, |(waiting, _)| waiting))
    }),
    Fact::free("backlog", "Connections that may wait before others have to.", |one, _| {
        one.told(|_, socket| of_listener(socket, |(_, backlog)| backlog))
    }),
    Fact::free("queued", "Bytes queued; of datagrams those of the next one.", |one, _| {
        one.told(|_, socket| of_others(socket, |(queued, _)| queued))
    }),
    Fact::free("sent", "Bytes of memory taken by what was sent and not read.", |one, _| {
        one.told(|_, socket| of_others(socket, |(_, sent)| sent))
    }),
    Fact::free("peer", "Address of the socket at the other end.", |one, _| {
        one.told(|table, socket| match table.peer(socket) {
            Some(0) => Value::None("gone"),
            Some(inode) => address(&KIND, inode),
            None if table.is_poor => NOT_TOLD,
            None if socket.peer == Some(0) => Value::None("gone"),
            None => Value::None("none"),
        })
    }),
    Fact::free("clients", "Number of sockets that are connected to it.", |one, _| {
        one.told(|table, socket| match socket.state {
            _ if table.is_poor => NOT_TOLD,
            state::LISTEN => Value::Count(table.clients(socket.inode)),
            _ if i32::from(socket.socket_type) == libc::SOCK_DGRAM => {
                Value::Count(table.clients(socket.inode))
            }
            _ => NOT_LISTENING,
        })
    }),
    Fact::free(
        "pending",
        "Addresses of the sockets whose connections wait to be accepted.",
        |one, _| {
            one.told(|table, socket| match is_listening(socket) {
                _ if table.is_poor => NOT_TOLD,
                true => {
                    Value::List(socket.pending.iter().map(|inode| address(&KIND, *inode)).collect())
                }
                false => NOT_LISTENING,
            })
        },
    ),
    Fact::free("shutdown", "Directions that are closed: receive, send, both.", |one, _| {
        one.told(|_, socket| match socket.shutdown & 3 {
            1 => Value::Word("receive"),
            2 => Value::Word("send"),
            3 => Value::Word("both"),
            _ => Value::None("none"),
        })
    }),
    Fact::free("bound-to", "Name that the socket was bound to, as it was given.", |one, _| {
        one.told(|_, socket| match socket.name.strip_prefix(&[0]) {
            Some(name) => Value::Name(OsStr::from_bytes(&[b"@", name].concat()).into()),
            None => match super::path_name(socket) {
                Some(path) => Value::Name(path.as_os_str().into()),
                None => Value::None("no name"),
            },
        })
    }),
    Fact::free("left", "Bytes that were not read, where the other end is gone.", |one, _| {
        one.told(|_, socket| match (status(socket), socket.queues) {
            ("disconnected", Some((queued, _))) => Value::Bytes(queued.into()),
            ("disconnected", None) => NOT_TOLD,
            _ => Value::None("the other end is there"),
        })
    }),
    Fact::costly(
        "leads-to",
        "Where the path that it was bound to leads, as its holder sees it: itself, another file, nothing.",
        |one, look| reach::leads_to(one.socket.as_ref(), one.stat.is_some(), look),
    ),
    Fact::free("socket", "Inode number of the socket.", |one, _| {
        one.told(|_, socket| Value::Id(socket.inode.into()))
    }),
    Fact::free("bound-by", "User who made the socket.", |one, _| {
        one.told(|_, socket| socket.uid.map_or(NOT_TOLD, Value::User))
    }),
    Fact::free("device", "Device of the file system, major:minor.", |one, _| {
        one.of_file(|stat| {
            let (major, minor) = (libc::major(stat.device), libc::minor(stat.device));
            Value::Text(format!("{major}:{minor}").into())
        })
    }),
    Fact::free("inode", "Inode number.", |one, _| one.of_file(|stat| Value::Id(stat.inode))),
    Fact::free("links", "Hard links.", |one, _| {
        one.of_file(|stat| Value::Count(stat.links.into()))
    }),
    Fact::free("created", "When it was made.", |one, _| {
        one.of_file(|stat| match stat.born {
            Some(born) => Value::Time(timestamp(born)),
            None => Value::Unknown("its file system keeps no time of birth"),
        })
    }),
    Fact::free(
        "changed",
        "When its file's content, owner, mode or links last changed.",
        |one, _| one.of_file(|stat| Value::Time(timestamp(stat.changed))),
    ),
];

impl UnixRow {
    /// What the socket tells.
    fn told(&self, fact: impl Fn(&UnixTable, &UnixSocket) -> Value) -> Value {
        let socket = self.socket.as_ref().and_then(|(table, at)| Some((table, table.get(*at)?)));
        match (socket, self.binding) {
            (Some((table, socket)), _) => fact(table, socket),
            (None, Some(Binding::Unbound { .. })) => Value::None("no socket is bound to it"),
            (None, Some(Binding::Unsure(why))) => Value::Unknown(why),
            (None, _) => Value::Unknown("its socket is in another network namespace"),
        }
    }

    /// What the file tells.
    fn of_file(&self, fact: impl Fn(&Stat) -> Value) -> Value {
        self.stat.as_ref().map_or(Value::None("no file"), fact)
    }
}

fn is_listening(socket: &UnixSocket) -> bool {
    socket.state == state::LISTEN
}

fn of_listener(socket: &UnixSocket, pick: fn((u32, u32)) -> u32) -> Value {
    match socket.queues {
        _ if !is_listening(socket) => NOT_LISTENING,
        Some(queues) => Value::Count(pick(queues).into()),
        None => NOT_TOLD,
    }
}

fn of_others(socket: &UnixSocket, pick: fn((u32, u32)) -> u32) -> Value {
    match socket.queues {
        _ if is_listening(socket) => LISTENING,
        Some(queues) => Value::Bytes(pick(queues).into()),
        None => NOT_TOLD,
    }
}

/// What a socket does, in a word.
fn status(socket: &UnixSocket) -> &'static str {
    let is_datagram = i32::from(socket.socket_type) == libc::SOCK_DGRAM;
    match (socket.state, socket.peer) {
        (state::LISTEN, _) => "listening",
        (state::SYN_SENT, _) => "connecting",
        // Datagram sockets that others have connected to are in this state, too.
        (_, None) if is_datagram && !socket.name.is_empty() => "bound",
        (_, None) if is_datagram => "unconnected",
        (_, Some(0)) if socket.shutdown & 3 == 3 || is_datagram => "disconnected",
        (state::ESTABLISHED, Some(0)) => "waiting",
        (state::ESTABLISHED, _) | (_, Some(_)) => "connected",
        _ if !socket.name.is_empty() => "bound",
        _ => "unconnected",
    }
}
