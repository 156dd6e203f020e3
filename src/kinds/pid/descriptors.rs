//! The table of descriptors of a process, with the processes at the other ends of its pipes.

use std::ffi::CString;
use std::io;
use std::sync::Arc;

use super::ENDS;
use super::behind::{self, OpenDescriptor};
use super::rows::MOST_ROWS;
use crate::kinds::capability::Query;
use crate::kinds::file::id;
use crate::model::{Access, Fault, Field, FileId, Holder, Holders, Rows, ShownAs, Value};
use crate::sys::kcmp;
use crate::sys::processes::{Proc, Process};

static FIELDS: &[&Field] = &[&FD, &SORT, &ACCESS, &FLAGS, &OBJECT, &WHAT, &OTHER_END, &SHARED];
static FD: Field = Field::free("fd", "Number of the descriptor.");
static SORT: Field = Field::free("sort", "pipe, fifo, socket, file, eventfd and so on.");
static ACCESS: Field = Field::free("access", "r, w, rw, or path for O_PATH.");
static FLAGS: Field =
    Field::free("flags", "Flags of open(2): nonblock, append, cloexec and so on.");
static OBJECT: Field = Field::free("object", "Address of the object.");
static WHAT: Field = Field::free("what", "Its path, or what it watches.");
static OTHER_END: Field = Field::free("other-end", "Processes that have the other end.");
static SHARED: Field = Field::free(
    "shared-with",
    "Other processes that are shown and have the same open file description.",
);

/// The numbers of the descriptors.
fn numbers(process: &Process, directory: &str) -> io::Result<Vec<i32>> {
    let (_, mut numbers) = process.numbers(&CString::new(format!("{directory}fd"))?)?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// How many descriptors it has.
pub(super) fn count(process: &Process, directory: &str) -> Value {
    numbers(process, directory).map_or_else(
        |error| Value::Unknown(Fault::reason(&error)),
        |numbers| Value::Count(numbers.len() as u64),
    )
}

/// The descriptors, each described, so many as are told.
fn all(process: &Process, directory: &str) -> io::Result<Vec<OpenDescriptor>> {
    let table = format!("{directory}fd");
    let mut opened = Vec::new();
    for number in numbers(process, directory)?.into_iter().take(MOST_ROWS) {
        match behind::describe(process, &table, number) {
            Ok(one) => opened.push(one),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
            // It was closed meanwhile.
            Err(_) => {}
        }
    }
    Ok(opened)
}

/// The pipes and FIFOs that it has open.
pub(super) fn ends(process: &Process, directory: &str) -> Vec<FileId> {
    let mut files = Vec::new();
    for number in numbers(process, directory).unwrap_or_default().into_iter().take(MOST_ROWS) {
        let name = CString::new(format!("{directory}fd/{number}")).unwrap_or_default();
        if let Ok(stat) = process.stat(&name)
            && stat.is(libc::S_IFIFO)
            && !files.contains(&id(&stat))
        {
            files.push(id(&stat));
        }
    }
    files
}

/// The table.
pub(super) fn rows(process: &Process, directory: &str, look: &Query) -> Value {
    let opened = match all(process, directory) {
        Ok(opened) => opened,
        Err(error) => return Value::Unknown(Fault::reason(&error)),
    };
    // All are announced before the first is asked for, so that there is one scan.
    for one in opened.iter().filter(|one| one.is_pipe()) {
        look.processes.announce_file(&ENDS, one.file());
    }
    let others = OtherDescriptors::new(process.pid, look);
    let rows = opened.iter().map(|one| {
        vec![
            Value::Id(u64::from(one.number.unsigned_abs())),
            Value::Word(one.sort),
            access(one.access),
            behind::flag_words(one.flags),
            one.object.clone().map_or(Value::None("none"), Value::Address),
            one.what.clone(),
            other_end(process.pid, one, look),
            others.with(process.pid, one),
        ]
    });
    Value::Rows(Box::new(Rows { fields: FIELDS, rows: rows.collect() }))
}

fn access(access: Access) -> Value {
    Value::Word(match access {
        Access::Read => "r",
        Access::Write => "w",
        Access::ReadWrite => "rw",
        Access::Neither => "path",
    })
}

/// So many processes at the other end are named.
const NAMED: usize = 8;

/// Who has the other end of a pipe or FIFO.
fn other_end(own: i32, one: &OpenDescriptor, look: &Query) -> Value {
    if !one.is_pipe() || one.access == Access::Neither {
        return Value::None("none");
    }
    let found = look.processes.found_file(&ENDS, one.file());
    let shown = found.showings(&one.file());
    let mut ends: Vec<(i32, i32)> = shown
        .iter()
        .filter_map(|showing| match showing.place {
            ShownAs::Descriptor(number, access) if is_other(one.access, access) => {
                Some((showing.pid, number))
            }
            _ => None,
        })
        .collect();
    ends.sort_unstable();
    let by_process: Vec<_> = ends.chunk_by(|(one, _), (two, _)| one == two).collect();
    let holders: Vec<Holder> = by_process
        .iter()
        .take(NAMED)
        .filter_map(|ends| {
            let (pid, _) = *ends.first()?;
            let process = Proc::open(look.proc).ok()?.process(pid).ok();
            let command = process.and_then(|process| process.status().ok()).map(|status| {
                use std::os::unix::ffi::OsStringExt;
                std::ffi::OsString::from_vec(status.command).into()
            });
            let fds = ends.iter().map(|(_, number)| *number).collect();
            Some(Holder { pid, command, uid: None, how: Box::default(), fds })
        })
        .collect();
    let more = (by_process.len().saturating_sub(NAMED)) as u64;
    match (&*holders, found.unread == 0 && found.sees_all) {
        ([], false) => Value::Unknown("not every process could be seen"),
        ([], true) => Value::None("nobody"),
        (one, _) if one.len() == 1 && one.iter().all(|one| one.pid == own) => Value::Word("itself"),
        _ => Value::Holders(Arc::new(Holders { holders, unseen: Some(more) })),
    }
}

/// Returns true if a descriptor of this access is the other end of one's own.
fn is_other(own: Access, other: Access) -> bool {
    match own {
        Access::Read => matches!(other, Access::Write | Access::ReadWrite),
        Access::Write => matches!(other, Access::Read | Access::ReadWrite),
        Access::ReadWrite => other != Access::Neither,
        Access::Neither => false,
    }
}

/// The descriptors of the other processes that are shown in the same run.
struct OtherDescriptors(Vec<(i32, i32, FileId)>);

impl OtherDescriptors {
    fn new(own: i32, look: &Query) -> Self {
        let Ok(proc) = Proc::open(look.proc) else { return Self(Vec::new()) };
        let mut found = Vec::new();
        for pid in look.processes.shown_processes().into_iter().filter(|pid| *pid != own) {
            let Ok(process) = proc.process(pid) else { continue };
            for number in numbers(&process, "").unwrap_or_default().into_iter().take(MOST_ROWS) {
                let name = CString::new(format!("fd/{number}")).unwrap_or_default();
                if let Ok(stat) = process.stat(&name) {
                    found.push((pid, number, id(&stat)));
                }
            }
        }
        found.sort_unstable_by_key(|(.., file)| *file);
        Self(found)
    }

    /// Which of them has the same open file description, whose position, flags and locks are one.
    fn with(&self, own: i32, one: &OpenDescriptor) -> Value {
        let from = self.0.partition_point(|(.., file)| *file < one.file());
        let same_file = self.0.get(from..).unwrap_or_default().iter();
        let same =
            same_file.take_while(|(.., file)| *file == one.file()).filter(|(pid, number, _)| {
                kcmp::share_description((own, one.number), (*pid, *number)).unwrap_or(false)
            });
        let words: Vec<Value> = same
            .take(NAMED)
            .map(|(pid, number, _)| {
                let number = u64::from(number.unsigned_abs());
                Value::Phrase([Value::Pid(*pid), Value::Word(" fd "), Value::Id(number)].into())
            })
            .collect();
        if words.is_empty() { Value::None("none") } else { Value::List(words.into()) }
    }
}

static LOCKS: &[&Field] = &[&FD, &LOCK, &LOCK_ACCESS, &FIRST, &LAST, &FILE];
static LOCK: Field = Field::free("lock", "flock, fcntl or ofd.");
static LOCK_ACCESS: Field = Field::free("access", "read (shared) or write (exclusive).");
static FIRST: Field = Field::free("first", "First byte of the range.");
static LAST: Field = Field::free("last", "Last byte of the range; none: to the end of the file.");
static FILE: Field = Field::free("file", "The file.");

/// The locks that it holds by way of its descriptors.
pub(super) fn lock_rows(process: &Process, directory: &str) -> Value {
    let opened = match all(process, directory) {
        Ok(opened) => opened,
        Err(error) => return Value::Unknown(Fault::reason(&error)),
    };
    let rows = opened.iter().flat_map(|one| {
        one.locks.iter().map(|lock| {
            vec![
                Value::Id(u64::from(one.number.unsigned_abs())),
                Value::Word(lock.sort.name()),
                Value::Word(if lock.access == Access::Read { "read" } else { "write" }),
                Value::Id(lock.first),
                lock.last.map_or(Value::None("end"), Value::Id),
                match &one.object {
                    Some(address) => Value::Address(address.clone()),
                    None => one.what.clone(),
                },
            ]
        })
    });
    Value::Rows(Box::new(Rows { fields: LOCKS, rows: rows.collect() }))
}
