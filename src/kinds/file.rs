//! What kinds that are files share: the facts that any file has, and changes of owner and mode. Knows neither
//! where the files are nor what is in them.

use std::os::fd::BorrowedFd;

use super::capability::{Change, Making};
use super::fact::Fact;
use crate::model::{Address, Facts, Fault, FileId, Kind, Locator, Object, Timestamp, Trace, Value};
use crate::sys::file::{self, Stat};

/// An object that is a file of the file system behind its kind.
pub(super) trait Backed {
    fn stat(&self) -> Option<&Stat>;
}

fn time<T: Backed>(record: &T, pick: fn(&Stat) -> (i64, u32)) -> Value {
    record.stat().map_or(UNSEEN, |stat| Value::Time(timestamp(pick(stat))))
}

const UNSEEN: Value = Value::Unknown("permission denied");

pub(super) fn timestamp((secs, nanos): (i64, u32)) -> Timestamp {
    Timestamp { secs, nanos }
}

pub(super) const fn device<T: Backed>() -> Fact<T> {
    Fact::free("device", "Device of its file system, major:minor.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| {
            Value::Text(format!("{}:{}", libc::major(stat.device), libc::minor(stat.device)).into())
        })
    })
}

pub(super) const fn inode<T: Backed>() -> Fact<T> {
    Fact::free("inode", "Inode number.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Id(stat.inode))
    })
}

pub(super) const fn links<T: Backed>() -> Fact<T> {
    Fact::free("links", "Names it has in its file system.", |record, _| {
        record.stat().map_or(UNSEEN, |stat| Value::Count(stat.links.into()))
    })
}

pub(super) const fn accessed<T: Backed>() -> Fact<T> {
    Fact::free("accessed", "When its file was last read.", |record, _| {
        time(record, |stat| stat.accessed)
    })
}

pub(super) const fn modified<T: Backed>() -> Fact<T> {
    Fact::free(
        "modified",
        "When its file was last written to, other than through a mapping.",
        |record, _| time(record, |stat| stat.modified),
    )
}

pub(super) const fn changed<T: Backed>() -> Fact<T> {
    Fact::free(
        "changed",
        "When its file's content, owner, mode or links last changed.",
        |record, _| time(record, |stat| stat.changed),
    )
}

pub(super) const fn created<T: Backed>() -> Fact<T> {
    Fact::free("created", "When it was made.", |record, _| {
        match record.stat().map(|stat| stat.born) {
            Some(Some(born)) => Value::Time(timestamp(born)),
            Some(None) => Value::Unknown("its file system keeps no time of birth"),
            None => UNSEEN,
        }
    })
}

/// What identifies a file, whatever its names.
pub(super) fn id(stat: &Stat) -> FileId {
    FileId { device: stat.device, inode: stat.inode }
}

/// An object with what its file tells, and the trace that its holders leave.
pub(super) fn object(
    kind: &'static Kind,
    locator: Locator,
    stat: Option<&Stat>,
    size: Value,
    facts: Facts,
    trace: impl FnOnce(FileId) -> Trace,
) -> Object {
    Object {
        kind,
        address: Address { facility: kind.facility, locator },
        uid: stat.map(|stat| stat.uid),
        gid: stat.map(|stat| stat.gid),
        mode: stat.map(|stat| stat.mode & 0o7777),
        size,
        since: stat.map(|stat| timestamp(stat.born.unwrap_or(stat.changed))),
        facts,
        trace: stat.map(|stat| trace(id(stat))),
        found: None,
    }
}

/// Changes owner and mode. The owner comes first: a new owner clears set-user-ID bits of the mode.
pub(super) fn change_file(handle: BorrowedFd<'_>, change: &Change) -> Result<(), Fault> {
    if change.uid.is_some() || change.gid.is_some() {
        file::set_owner(handle, change.uid, change.gid)?;
    }
    if let Some(mode) = change.mode {
        file::set_mode(handle, mode)?;
    }
    Ok(())
}

/// What `create` asks for, as a change of the object that has just been made: the umask has had its way with
/// the mode.
pub(super) fn as_change<'a>(making: &Making<'a>) -> Change<'a> {
    Change { mode: Some(making.mode), uid: making.uid, gid: making.gid, settings: making.settings }
}
