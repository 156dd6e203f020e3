//! Sockets of TCP and UDP: where they listen or are bound, and each connection by its inode.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::{LISTENING, NOT_LISTENING, NOT_TOLD, address, procnet, queue};
use crate::kinds::KindRecord;
use crate::kinds::capability::{Each, Inspect, Query};
use crate::kinds::fact::{Fact, FactPlan, fields};
use crate::model::{
    Breadth, Class, Facility, Family, Fault, Found, Host, InetAddress, Kind, Locator, Object,
    ObjectName, Part, TCP, Timestamp, Transport, UDP, Value,
};
use crate::sys::diag::Diag;
use crate::sys::diag::inet::{self, InetSocket, Wanted, state};

static KIND: Kind = Kind {
    name: "inet-sock",
    facility: Facility::Sock,
    family: Family::Inet,
    forms: &[&TCP, &UDP],
    file_type: None,
    listed: Breadth::Facility,
    about: "TCP or UDP socket",
    fields: || fields(FACTS),
    content: &[Part::Fact("status"), Part::Word(" "), Part::Fact("queue")],
};

/// The record of this kind.
pub(in crate::kinds) static RECORD: KindRecord = KindRecord::read_only(&KIND, &super::HELD, &Inet);

struct Inet;

/// The sockets of the network namespace.
#[derive(Default)]
struct InetTable {
    sockets: Vec<(Transport, InetSocket)>,
    /// The sockets by their two ends, for who looks for the other one.
    ends: OnceCell<HashMap<(Transport, End, End), u32>>,
    is_poor: bool,
}

type End = (IpAddr, u16);

/// A socket among the others.
struct InetRow {
    table: Rc<InetTable>,
    at: usize,
}

impl InetTable {
    /// Asks for those that are wanted; from `/proc/net` where the kernel has nothing better.
    ///
    /// # Errors
    /// Neither can be read.
    fn read(look: &Query, plan: &FactPlan<InetRow>, breadth: Breadth) -> io::Result<Self> {
        let mut table = Self::default();
        let mut diag = Diag::open();
        // Who is at the other end, only all can tell.
        let all = breadth == Breadth::All || plan.has("peer");
        for (transport, protocol, bound) in [
            (Transport::Tcp, libc::IPPROTO_TCP, state::LISTEN),
            (Transport::Udp, libc::IPPROTO_UDP, state::CLOSE),
        ] {
            for six in [false, true] {
                let wanted = Wanted {
                    protocol: u8::try_from(protocol).unwrap_or_default(),
                    six,
                    states: if all { u32::MAX } else { 1 << bound },
                    memory: ["drops", "room", "queued-memory"].iter().any(|name| plan.has(name)),
                    info: plan.has("heard"),
                };
                let sockets = &mut table.sockets;
                let before = sockets.len();
                let asked = match &mut diag {
                    Ok(diag) => {
                        inet::each(diag, wanted, &mut |socket| sockets.push((transport, socket)))
                    }
                    Err(_) => Err(io::ErrorKind::Unsupported.into()),
                };
                if asked.is_err() {
                    table.sockets.truncate(before);
                    match procnet::inet(look.proc, transport, six) {
                        Ok(sockets) => {
                            table.is_poor = true;
                            table.sockets.extend(sockets.into_iter().map(|one| (transport, one)));
                        }
                        // A machine can be without IPv6.
                        Err(_) if six => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        // What has no inode belongs to no process: connections that nobody has accepted yet, and those that are over.
        table.sockets.sort_by_key(|(transport, socket)| {
            (
                !is_bound(*transport, socket),
                *transport,
                socket.local.1,
                socket.local.0,
                socket.inode,
            )
        });
        Ok(table)
    }

    /// The socket at the other end of a connection of this machine.
    fn peer(&self, transport: Transport, socket: &InetSocket) -> Option<u32> {
        let ends = self.ends.get_or_init(|| {
            let ends = self.sockets.iter().filter(|(_, one)| one.remote.1 != 0);
            ends.map(|(transport, one)| {
                ((*transport, plain(one.local), plain(one.remote)), one.inode)
            })
            .collect()
        });
        ends.get(&(transport, plain(socket.remote), plain(socket.local))).copied()
    }

    /// How many sockets are bound to the same place.
    fn at_same(&self, at: usize) -> usize {
        let Some((transport, socket)) = self.sockets.get(at) else { return 0 };
        let is_same = |(other, one): &&(Transport, InetSocket)| {
            other == transport && one.local == socket.local && is_bound(*other, one)
        };
        // They stand side by side.
        let before = self.sockets[..at].iter().rev().take_while(is_same).count();
        before + self.sockets[at..].iter().take_while(is_same).count()
    }
}

/// An address of IPv4 that is written as one of IPv6 is the same place.
fn plain((address, port): End) -> End {
    (address.to_canonical(), port)
}

/// Returns true if others can reach it at its address.
fn is_bound(transport: Transport, socket: &InetSocket) -> bool {
    match transport {
        Transport::Tcp => socket.state == state::LISTEN,
        Transport::Udp => socket.state == state::CLOSE && socket.local.1 != 0,
    }
}

static FACTS: &[Fact<InetRow>] = &[
    Fact::free("type", "Type of the socket: stream, dgram or seqpacket.", |one, _| {
        one.told(|transport, _| match transport {
            Transport::Tcp => Value::Word("stream"),
            Transport::Udp => Value::Word("dgram"),
        })
    }),
    Fact::free(
        "status",
        "What the socket does: listening, connected, waiting (to be accepted), disconnected, bound, unbound.",
        |one, _| one.told(|transport, socket| Value::Word(status(transport, socket))),
    ),
    Fact::free("queue", "What waits: connections, of how many that may, or bytes.", |one, _| {
        one.told(|_, socket| queue(socket.state == state::LISTEN, Some(socket.queues)))
    }),
    Fact::free("waiting", "Connections that wait to be accepted.", |one, _| {
        one.told(|_, socket| of_listener(socket, socket.queues.0))
    }),
    Fact::free("backlog", "Connections that may wait before others have to.", |one, _| {
        one.told(|_, socket| match one.table.is_poor {
            true => NOT_TOLD,
            false => of_listener(socket, socket.queues.1),
        })
    }),
    Fact::free("queued", "Bytes queued; of UDP the memory that they take.", |one, _| {
        one.told(|_, socket| of_others(socket, socket.queues.0))
    }),
    Fact::free("sent", "Bytes sent that the peer has not acknowledged.", |one, _| {
        one.told(|_, socket| of_others(socket, socket.queues.1))
    }),
    Fact::free("transport", "Protocol: tcp or udp.", |one, _| {
        one.told(|transport, _| Value::Word(transport.name()))
    }),
    Fact::free("local", "Address and port of this end.", |one, _| {
        one.told(|_, socket| end(socket.local))
    }),
    Fact::free("remote", "Address and port of the other end.", |one, _| {
        one.told(|_, socket| match socket.remote.1 {
            0 => Value::None("none"),
            _ => end(socket.remote),
        })
    }),
    Fact::costly("peer", "Address of the socket at the other end.", |one, _| {
        one.told(|transport, socket| match one.table.peer(transport, socket) {
            Some(0) => Value::None("not accepted"),
            Some(inode) => address(&KIND, inode),
            None if socket.remote.1 == 0 => Value::None("none"),
            None => Value::None("elsewhere"),
        })
    }),
    Fact::costly("drops", "Datagrams that were lost since the socket was made.", |one, _| {
        one.told(|transport, socket| match (transport, socket.memory) {
            (Transport::Tcp, _) => Value::None("no datagrams"),
            (Transport::Udp, Some((.., drops))) => Value::Count(drops.into()),
            (Transport::Udp, None) => NOT_TOLD,
        })
    }),
    Fact::costly("queued-memory", "Memory that what is queued takes.", |one, _| {
        one.told(|_, socket| {
            socket.memory.map_or(NOT_TOLD, |(taken, ..)| Value::Bytes(taken.into()))
        })
    }),
    Fact::costly("room", "Memory that what is queued may take: SO_RCVBUF.", |one, _| {
        one.told(|_, socket| {
            socket.memory.map_or(NOT_TOLD, |(_, room, _)| Value::Bytes(room.into()))
        })
    }),
    Fact::costly("heard", "When the peer last sent anything.", |one, _| {
        one.told(|transport, socket| match (transport, socket.heard) {
            (Transport::Udp, _) => Value::None("no connection"),
            (Transport::Tcp, _) if socket.remote.1 == 0 => Value::None("no connection"),
            (Transport::Tcp, None) => NOT_TOLD,
            (Transport::Tcp, Some(past)) => ago(past),
        })
    }),
    Fact::free("socket", "Inode number of the socket.", |one, _| {
        one.told(|_, socket| Value::Id(socket.inode.into()))
    }),
];

/// A point in time so many milliseconds ago.
fn ago(past: u32) -> Value {
    match crate::sys::time::clocks() {
        Ok((now, _)) => Value::Age(Timestamp::seconds(now - i64::from(past / 1000))),
        Err(error) => Value::Unknown(Fault::reason(&error)),
    }
}

impl InetRow {
    fn told(&self, fact: impl Fn(Transport, &InetSocket) -> Value) -> Value {
        let socket = self.table.sockets.get(self.at);
        socket.map_or(NOT_TOLD, |(transport, socket)| fact(*transport, socket))
    }
}

fn of_listener(socket: &InetSocket, number: u32) -> Value {
    if socket.state == state::LISTEN { Value::Count(number.into()) } else { NOT_LISTENING }
}

fn of_others(socket: &InetSocket, number: u32) -> Value {
    if socket.state == state::LISTEN { LISTENING } else { Value::Bytes(number.into()) }
}

/// `127.0.0.1:80`, `::1:80`: the port follows the last colon.
fn end((address, port): End) -> Value {
    Value::Text(format!("{address}:{port}").into())
}

fn status(transport: Transport, socket: &InetSocket) -> &'static str {
    match (transport, socket.state) {
        (_, state::ESTABLISHED) => "connected",
        (Transport::Udp, _) => "bound",
        (_, state::LISTEN) => "listening",
        (_, state::SYN_SENT | state::SYN_RECV | state::NEW_SYN_RECV) => "connecting",
        (_, state::CLOSE_WAIT) => "close-wait",
        (_, state::FIN_WAIT1) => "fin-wait-1",
        (_, state::FIN_WAIT2) => "fin-wait-2",
        (_, state::TIME_WAIT) => "time-wait",
        (_, state::LAST_ACK) => "last-ack",
        (_, state::CLOSING) => "closing",
        _ => "unconnected",
    }
}

/// A socket as an object.
fn seen(plan: &FactPlan<InetRow>, table: &Rc<InetTable>, at: usize) -> Option<Object> {
    let (transport, socket) = table.sockets.get(at)?;
    let place = InetAddress {
        transport: *transport,
        host: Host::Number(socket.local.0),
        port: socket.local.1,
    };
    let is_place = is_bound(*transport, socket) && table.at_same(at) == 1;
    let locator = if is_place { Locator::Inet(place) } else { super::of_inode(socket.inode) };
    Some(Object {
        name: if is_place { ObjectName::Locator } else { ObjectName::None },
        owner: Value::User(socket.uid),
        facts: plan.read(&InetRow { table: Rc::clone(table), at }),
        trace: super::trace(socket.inode),
        ..Object::new(&KIND, locator)
    })
}

impl Inspect for Inet {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let table = match InetTable::read(look, &plan, look.breadth) {
            Ok(table) => Rc::new(table),
            Err(error) => {
                let cause = Fault::from_os(&error).cause;
                return each(Found::Missing(format!("Internet sockets cannot be listed: {cause}")));
            }
        };
        for (at, (transport, socket)) in table.sockets.iter().enumerate() {
            let is_listed = look.breadth == Breadth::All || is_bound(*transport, socket);
            if socket.inode != 0
                && is_listed
                && let Some(object) = seen(&plan, &table, at)
            {
                each(Found::Object(Box::new(object)))?;
            }
        }
        match table.is_poor {
            true => each(Found::Note(
                "the kernel has no sock_diag for Internet sockets: backlogs are not known".into(),
            )),
            false => ControlFlow::Continue(()),
        }
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let found = self.find_all(look, locator)?;
        super::one_of(found)
    }

    fn find_all(&self, look: &Query, locator: &Locator) -> Result<Vec<Object>, Fault> {
        let Locator::Inet(wanted) = locator else {
            return Err(Fault::usage("a TCP or UDP socket has a host and a port"));
        };
        let plan = FactPlan::new(&KIND, FACTS, look);
        let table = Rc::new(InetTable::read(look, &plan, Breadth::Facility)?);
        let bound = |is: &dyn Fn(&InetSocket) -> bool| {
            let sockets = table.sockets.iter().enumerate();
            let found = sockets.filter(|(_, (transport, socket))| {
                *transport == wanted.transport
                    && is_bound(*transport, socket)
                    && socket.local.1 == wanted.port
                    && is(socket)
            });
            found.map(|(at, _)| at).collect::<Vec<usize>>()
        };
        // A socket that is bound to all addresses is reached where none is bound to this one.
        let mut found = bound(&|socket| wanted.host.is(socket.local.0));
        if found.is_empty() {
            found = bound(&|socket| wanted.host.is_reached_through(socket.local.0));
        }
        if found.is_empty() {
            let does = match wanted.transport {
                Transport::Tcp => "listens",
                Transport::Udp => "is bound",
            };
            let cause = format!("no socket of this network namespace {does} there");
            return Err(Fault::new(Class::NotFound, cause));
        }
        Ok(found.into_iter().filter_map(|at| seen(&plan, &table, at)).collect())
    }
}

/// The Internet socket with this inode, if there is one in this network namespace.
pub(super) fn of_inode(look: &Query, inode: u32) -> Option<Object> {
    let plan = FactPlan::new(&KIND, FACTS, look);
    let table = Rc::new(InetTable::read(look, &plan, Breadth::All).ok()?);
    let at = table.sockets.iter().position(|(_, socket)| socket.inode == inode)?;
    seen(&plan, &table, at)
}
