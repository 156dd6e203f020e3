//! What the three System V kinds share: permissions as facts, keys to ids, the choice between asking the
//! kernel slot by slot and reading its table, and what the errnos mean.

pub(super) mod mq;
pub(super) mod sem;
pub(super) mod shm;
mod slots;
mod source;
mod table;

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::capability::{ConfigureRequest, CreateRequest};
use super::fact::Fact;
use crate::model::{
    Address, Class, Facts, Fault, Form, History, Kind, Locator, Object, Param, Shortage, Timestamp,
    Trace, Value,
};
use crate::sys::{self, Permissions};

/// For `fuzz/`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    for columns in [10, 14] {
        if let Ok(rows) = table::rows(bytes, columns) {
            assert!(rows.into_iter().all(|row| row.len() >= columns));
        }
    }
}

/// What the kernel keeps about an object of each of the three kinds.
pub(super) trait Record: Send {
    fn id(&self) -> u32;
    fn perm(&self) -> &Permissions;
    fn changed(&self) -> i64;
    fn past(&self) -> History;

    /// The object with what all three kinds know; the size is the kind's own.
    fn object(&self, kind: &'static Kind, size: Value, facts: Facts, trace: Trace) -> Object {
        let perm = self.perm();
        Object {
            owner: Value::User(perm.uid),
            group: Value::Group(perm.gid),
            mode: Value::Mode(perm.mode & 0o777),
            size,
            since: Some(Timestamp::seconds(self.changed())),
            facts,
            trace: Some(trace),
            ..Object::new(kind, Locator::Id(self.id()))
        }
    }
}

/// What all three kinds remember of their owner and creator, for comparison.
fn creator_of(perm: &Permissions) -> Option<(u32, u32)> {
    Some((perm.cuid, perm.cgid))
}

/// A time of which the kernel says 0 when the thing never happened.
fn happened(time: i64) -> Option<i64> {
    (time != 0).then_some(time)
}

fn address(kind: &'static Kind, id: u32) -> Address {
    Address { facility: kind.facility, locator: Locator::Id(id) }
}

const fn key<T: Record>() -> Fact<T> {
    Fact::free("key", "System V key, hexadecimal; none for IPC_PRIVATE.", |record, _| match record
        .perm()
        .key
    {
        0 => Value::None("private"),
        key => Value::Key(key),
    })
}

const fn creator<T: Record>() -> Fact<T> {
    Fact::free("creator", "Creator: user name.", |record, _| Value::User(record.perm().cuid))
}

const fn creator_group<T: Record>() -> Fact<T> {
    Fact::free("creator-group", "Group of the creator.", |record, _| {
        Value::Group(record.perm().cgid)
    })
}

const fn cuid<T: Record>() -> Fact<T> {
    Fact::free("cuid", "Numeric user id of the creator.", |record, _| {
        Value::Id(record.perm().cuid.into())
    })
}

const fn cgid<T: Record>() -> Fact<T> {
    Fact::free("cgid", "Numeric group id of the creator.", |record, _| {
        Value::Id(record.perm().cgid.into())
    })
}

const fn changed<T: Record>() -> Fact<T> {
    Fact::free(
        "changed",
        "Time of creation or of the last change of owner, mode or size.",
        |record, _| Value::time_or_never(record.changed()),
    )
}

static KEY_FROM: Param = Param {
    name: "key-from",
    metavar: "PATH[,PROJECT]",
    help: "Compute the key with ftok(3) from a file and a project",
    form: Form::Key,
};

/// IPC_PRIVATE: always a new object.
const PRIVATE: u32 = 0;

/// The key that an object is to be made with.
fn key_to_make(making: &CreateRequest) -> Result<u32, Fault> {
    match (making.locator, making.settings.key(&KEY_FROM)) {
        (None, None) => Ok(PRIVATE),
        (Some(Locator::Key(key)), None) => Ok(*key),
        (None, Some((path, project))) => {
            let name = CString::new(path.as_os_str().as_bytes())
                .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))?;
            match sys::ftok(&name, project) {
                Ok(PRIVATE) => Err(Fault::new(
                    Class::Failed,
                    "ftok(3) gives key 0 for that file, which is IPC_PRIVATE",
                )
                .hint("use another file or project")),
                Ok(key) => Ok(key),
                Err(error) => Err(Fault::new(
                    Fault::from_os(&error).class,
                    format!(
                        "cannot compute a key from {}: {}",
                        path.display(),
                        Fault::from_os(&error).cause
                    ),
                )),
            }
        }
        (Some(_), Some(_)) => Err(Fault::usage("--key-from requires a facility, not an address")),
        (Some(_), None) => Err(Fault::usage("the kernel chooses System V ids")
            .hint("name a key (0x1 to 0xffffffff), or the facility alone for a private object")),
    }
}

/// The key of the object that is meant, if it exists. With IPC_PRIVATE none can.
fn key_of_existing(making: &CreateRequest) -> Result<Locator, Fault> {
    match key_to_make(making)? {
        PRIVATE => Err(Fault::not_found()),
        key => Ok(Locator::Key(key)),
    }
}

/// Flags of the get call that makes an object; owner and mode that the call cannot give come afterwards.
fn create_flags(making: &CreateRequest) -> libc::c_int {
    libc::IPC_CREAT | libc::IPC_EXCL | (making.mode & 0o777) as libc::c_int
}

/// `(uid, gid, mode)` after a change.
fn changed_permissions(perm: &Permissions, change: &ConfigureRequest) -> (u32, u32, u32) {
    (
        change.uid.unwrap_or(perm.uid),
        change.gid.unwrap_or(perm.gid),
        change.mode.unwrap_or(perm.mode & 0o777),
    )
}

/// Owner and group of an object that has just been made; it is removed again when they are refused.
fn give_away(
    id: u32,
    making: &CreateRequest,
    set: impl Fn(u32, u32, u32) -> io::Result<()>,
    remove: fn(u32) -> io::Result<()>,
) -> Result<(), Fault> {
    if making.uid.is_none() && making.gid.is_none() {
        return Ok(());
    }
    let uid = making.uid.unwrap_or_else(|| nix::unistd::geteuid().as_raw());
    let gid = making.gid.unwrap_or_else(|| nix::unistd::getegid().as_raw());
    set(uid, gid, making.mode).map_err(|error| {
        let _ = remove(id);
        fault(&error)
    })
}

/// What an errno means where the object is named by id or key.
fn fault(error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::EINVAL | libc::EIDRM | libc::ENOENT) => Fault::not_found().said(error),
        _ => Fault::from_os(error),
    }
}

/// ENOSPC of a get call: the first of these limits that is in the way, in the order in which the kernel looks at them.
fn limit_reached(limits: &[Shortage]) -> Fault {
    match limits.iter().find(|limit| limit.is_short()) {
        Some(short) => short.fault(),
        // Something has been removed since.
        None => {
            let names: Vec<_> = limits.iter().map(|limit| limit.name).collect();
            Fault::new(Class::Limit, format!("a limit was reached: {}", names.join(" or ")))
                .hint("see ipcctl limits")
        }
    }
}

/// What helps against a limit on all objects of a facility.
fn remove_or_raise(facility: &str, knob: &str) -> String {
    format!("remove leftovers (ipcctl clean {facility}), or raise {knob}")
}
