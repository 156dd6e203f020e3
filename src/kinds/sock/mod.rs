//! Sockets: `unix(7)`, `tcp(7)`, `udp(7)`.
//!
//! Everything is asked of the kernel's own table of sockets, `sock_diag(7)`, which tells anybody all of the network namespace;
//! no socket is opened, connected to or read from, and no process is looked at but for its holders.

mod binding;
mod inet;
mod procnet;
mod table;
mod unix;

use std::ffi::CString;

pub(super) use inet::RECORD as INET;
pub(super) use unix::RECORD as UNIX;

use super::capability::Query;
use crate::model::{Fault, FileId, Holding, Kind, Locator, Object, Subject, Trace, Vacancy, Value};
use crate::sys::connect;
use crate::sys::processes::Proc;

/// A socket is held by who has a descriptor of it, and exists no longer than that.
static HELD: Holding = Holding { descriptors: true, vacancy: Vacancy::Existence, ..Holding::NONE };

/// The trace of the socket with this inode; none where it has no inode, and so no holder.
fn trace(inode: u32) -> Option<Trace> {
    let device = connect::device().filter(|_| inode != 0)?;
    Some(Trace::new(Subject::File(FileId { device, inode: inode.into() }), &HELD))
}

/// A socket of which only the address is known.
fn of_inode(inode: u32) -> Locator {
    Locator::Inode(inode.into())
}

/// An address of the socket with this inode, as a fact.
fn address(kind: &Kind, inode: u32) -> Value {
    Value::Address(crate::model::Address { facility: kind.facility, locator: of_inode(inode) })
}

/// The word for the type of a socket.
fn socket_type(number: u8) -> Value {
    match i32::from(number) {
        libc::SOCK_STREAM => Value::Word("stream"),
        libc::SOCK_DGRAM => Value::Word("dgram"),
        libc::SOCK_SEQPACKET => Value::Word("seqpacket"),
        _ => Value::Unknown("the kernel has a type that is not known here"),
    }
}

/// What waits in a socket: of a listener connections, of how many that may; of others bytes.
fn queue(is_listening: bool, queues: Option<(u32, u32)>) -> Value {
    let Some((first, second)) = queues else { return NOT_TOLD };
    let (first, second) = (u64::from(first), u64::from(second));
    Value::Phrase(if is_listening {
        [Value::Count(first), Value::Word("/"), Value::Count(second), Value::Word(" waiting")]
            .into()
    } else {
        [Value::Bytes(first), Value::Word(" queued")].into()
    })
}

const NOT_TOLD: Value = Value::Unknown("the kernel does not tell");
const NOT_LISTENING: Value = Value::None("not listening");
const LISTENING: Value = Value::None("listening");

/// The inode of a socket that a descriptor of a process is.
///
/// # Errors
/// The process or the descriptor is gone, may not be looked at, or is no socket.
fn of_descriptor(look: &Query, pid: u32, fd: u32) -> Result<u32, Fault> {
    let pid = pid.cast_signed();
    let name = CString::new(format!("fd/{fd}")).unwrap_or_default();
    let process = Proc::open(look.proc).and_then(|proc| proc.process(pid)).map_err(|_| {
        Fault::new(crate::model::Class::NotFound, format!("there is no process {pid}"))
    })?;
    let stat = process.stat(&name).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::new(
            crate::model::Class::NotFound,
            format!("process {pid} has no descriptor {fd}"),
        ),
        _ => Fault::from_os(&error),
    })?;
    match u32::try_from(stat.inode) {
        Ok(inode) if Some(stat.device) == connect::device() => Ok(inode),
        _ => Err(Fault::new(
            crate::model::Class::NotFound,
            format!("descriptor {fd} of process {pid} is {}, not a socket", stat.file_type()),
        )),
    }
}

/// Any socket of the network namespace, by its inode or a descriptor.
///
/// # Errors
/// [`crate::model::Class::NotFound`] when it has none.
fn by_number(look: &Query, locator: &Locator) -> Result<Object, Fault> {
    match locator {
        Locator::Inode(inode) => by_inode(look, *inode),
        Locator::Descriptor(pid, fd) => by_inode(look, of_descriptor(look, *pid, *fd)?.into()),
        _ => Err(Fault::usage("a Unix socket has a path, an abstract name or an inode")),
    }
}

/// Any socket of the network namespace, by its inode.
///
/// # Errors
/// [`crate::model::Class::NotFound`] when it has none.
fn by_inode(look: &Query, inode: u64) -> Result<Object, Fault> {
    let missing = || {
        Fault::new(
            crate::model::Class::NotFound,
            "this network namespace has no such Unix, TCP or UDP socket",
        )
    };
    let inode = u32::try_from(inode).ok().filter(|inode| *inode != 0).ok_or_else(missing)?;
    match unix::of_inode(look, inode) {
        Some(object) => Ok(object),
        None => inet::of_inode(look, inode).ok_or_else(missing),
    }
}

/// The only one of the sockets that have an address.
///
/// # Errors
/// A usage error for several, with the address of each.
fn one_of(mut sockets: Vec<Object>) -> Result<Object, Fault> {
    match sockets.pop() {
        Some(one) if sockets.is_empty() => Ok(one),
        Some(last) => {
            sockets.push(last);
            let addresses: Vec<String> =
                sockets.iter().map(|socket| socket.address.to_string()).collect();
            Err(Fault::usage(format!("{} sockets have this address", addresses.len()))
                .hint(format!("name one of them: {}", addresses.join(", "))))
        }
        None => Err(Fault::not_found()),
    }
}

/// Gives any bytes to the parsers: for `fuzz/`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    procnet::fuzz(bytes);
    crate::sys::diag::fuzz(bytes);
}
