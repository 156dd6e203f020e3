//! Semaphores and locks in shared memory that threads wait for: `sem_init(3)`, `pthread_mutexattr_setpshared(3)`.
//!
//! Nothing lists them: only a thread that waits shows where one is, by the address that it waits at. What it is follows
//! from its memory, where the layout of the C library of the waiting program is known.

use std::collections::BTreeMap;

use super::capability::{Inspect, Query, StageNeeds, Want};
use crate::model::{
    Field, FileClass, FileId, Kind, Locator, Rows, ShownAs, Sources, Value, WordWait,
};
use crate::sys::file;
use crate::sys::memory::Memory;
use crate::sys::processes::{self, Proc, Process};

/// Memory in which threads wait for words to change.
pub(super) static WAITED: FileClass =
    FileClass { name: "word", sources: Sources { words: true, ..Sources::NONE }, is: |_| true };

/// The fact that kinds of memory have.
pub(super) const NAME: &str = "words";
pub(super) const HELP: &str =
    "Semaphores and locks in it that threads wait for: where, what, its owner, who waits.";

static ROWS: &[&Field] = &[&OFFSET, &SORT, &VALUE, &OWNER, &ROBUST, &COUNTED, &WAITERS, &TROUBLE];
static OFFSET: Field = Field::free("offset", "Where in the memory it is, hexadecimal.");
static SORT: Field = Field::free("sort", "semaphore, mutex, or unknown.");
static VALUE: Field = Field::free("value", "Value of a semaphore.");
static OWNER: Field = Field::free("owner", "Thread that owns a mutex.");
static ROBUST: Field = Field::free("robust", "A mutex that passes on when its owner dies.");
static COUNTED: Field = Field::free("counted", "Waiters that it counts itself.");
static WAITERS: Field = Field::free("waiters", "Processes that were seen to wait.");
static TROUBLE: Field = Field::free(
    "trouble",
    "owner-dead: its owner has ended, and it is not robust; or a waiter that it counts is gone.",
);

/// Announces that the fact will be asked for: the object's holders are looked for in the same scan.
pub(super) fn announce(
    kind: &'static Kind,
    inspect: &dyn Inspect,
    look: &Query,
    locator: &Locator,
) {
    if !is_wanted(kind, look) {
        return;
    }
    let needs = StageNeeds { holders: look.needs.holders, history: false };
    let bare = Query { want: Want::Only(&[]), needs, ..*look };
    let Ok(object) = inspect.find(&bare, locator) else { return };
    let Some(trace) = object.trace else { return };
    if look.needs.holders {
        look.processes.expect(&trace);
    }
    if let Some(file) = trace.memory(segments())
        && !trace.is_nobody()
    {
        look.processes.announce_file(&WAITED, file);
    }
}

fn is_wanted(kind: &'static Kind, look: &Query) -> bool {
    let field = (kind.fields)().into_iter().find(|field| field.name == NAME);
    field.is_some_and(|field| look.want.has(kind, field))
}

/// The same for memory whose file is known without a look.
pub(super) fn announce_in(kind: &'static Kind, look: &Query, file: FileId) {
    if is_wanted(kind, look) {
        look.processes.announce_file(&WAITED, file);
    }
}

/// The device on which mappings show System V segments.
pub(super) fn segments() -> u64 {
    crate::sys::shm::device().unwrap_or(libc::makedev(0, 1))
}

/// The file by which mappings show a System V segment.
pub(super) fn of_segment(id: u32) -> FileId {
    FileId { device: segments(), inode: id.into() }
}

/// The words of this memory that threads wait for.
pub(super) fn rows(file: FileId, look: &Query) -> Value {
    let found = look.processes.found_file(&WAITED, file);
    let mut words: BTreeMap<u64, Vec<(i32, WordWait)>> = BTreeMap::new();
    for showing in found.showings(&file) {
        if let ShownAs::WordWait(wait) = showing.place {
            words.entry(wait.offset).or_default().push((showing.pid, wait));
        }
    }
    let complete = found.unread == 0 && found.sees_all;
    let proc = Proc::open(look.proc).ok();
    let rows = words.into_iter().map(|(offset, waits)| {
        let word = waits.iter().find_map(|(pid, wait)| Word::read(proc.as_ref()?, *pid, wait));
        let word = word.unwrap_or(Word::Unknown("its memory could not be read"));
        let mut pids: Vec<i32> = waits.iter().map(|(pid, _)| *pid).collect();
        let waiting = pids.len() as u64;
        pids.dedup();
        let mut row = vec![Value::Text(format!("{offset:#x}").into())];
        row.extend(word.values(waiting, complete));
        let waiters = Value::List(pids.into_iter().map(Value::Pid).collect());
        row.insert(row.len() - 1, waiters);
        row
    });
    Value::Rows(Box::new(Rows { fields: ROWS, rows: rows.collect() }))
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A semaphore of the GNU C library.
    Semaphore { value: u32, waiters: u32 },
    /// A mutex of the GNU C library.
    Mutex { owner: i32, robust: bool, owner_died: bool, here: bool },
    /// It cannot be told, and why.
    Unknown(&'static str),
}

/// FUTEX_WAIT and FUTEX_WAIT_BITSET, FUTEX_LOCK_PI and FUTEX_LOCK_PI2: what mutexes and semaphores wait with.
const WAIT: u64 = 0;
const WAIT_BITSET: u64 = 9;
const LOCKS: [u64; 3] = [WAIT, 6, 13];
/// The C library's mark of what several processes share, in semaphores and in kinds of mutex.
const SHARED: u32 = 0x80;
const ROBUST_KIND: u32 = 0x10;
/// FUTEX_OWNER_DIED.
const OWNER_DIED: u32 = 0x4000_0000;

impl Word {
    /// Reads the word that a thread waits for; `None` when its memory cannot be read.
    pub(super) fn read(proc: &Proc, pid: i32, wait: &WordWait) -> Option<Self> {
        let process = proc.process(pid).ok()?;
        if !process.has_64_bits().ok()? {
            return Some(Self::Unknown("it is a program of 32 bits"));
        }
        match library(&process)? {
            Library::Gnu => {}
            Library::Musl => return Some(Self::Unknown("musl, whose layout is not read")),
            Library::Other => {
                return Some(Self::Unknown("the C library of the program is not known"));
            }
        }
        let mut bytes = [0; 24];
        let count = Memory::open(&process, "").ok()?.read(wait.address, &mut bytes).ok()?;
        let mut words = [0u32; 6];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_ne_bytes(bytes.try_into().ok()?);
        }
        if count < bytes.len() {
            return Some(Self::Unknown("it lies at the end of its memory"));
        }
        Some(Self::recognize(words, wait.operation, same_pids(&process)))
    }

    /// What the first 24 bytes say. glibc's `struct new_sem` of 64 bits: value, waiters, sharing. Its mutex: lock, count,
    /// owner, users, kind.
    fn recognize(words: [u32; 6], operation: u64, here: bool) -> Self {
        let [first, second, third, _, fifth, _] = words;
        if operation == WAIT_BITSET && third == SHARED && (1..1 << 22).contains(&second) {
            return Self::Semaphore { value: first, waiters: second };
        }
        // Type, robustness, protocol, sharing and elision are all the bits that there are.
        let is_kind = fifth & SHARED != 0 && fifth & !0x3ff == 0;
        if LOCKS.contains(&operation) && is_kind && first != 0 {
            return Self::Mutex {
                owner: i32::try_from(third).unwrap_or(0),
                robust: fifth & ROBUST_KIND != 0,
                owner_died: first & OWNER_DIED != 0,
                here,
            };
        }
        Self::Unknown("neither a semaphore nor a mutex")
    }

    /// Sort, value, owner, robust, counted and trouble; `waiting` threads were seen.
    pub(super) fn values(self, waiting: u64, complete: bool) -> [Value; 6] {
        const NONE: Value = Value::None("none");
        match self {
            Self::Semaphore { value, waiters } => {
                let lost = complete && u64::from(waiters) > waiting;
                [
                    Value::Word("semaphore"),
                    Value::Count(value.into()),
                    NONE,
                    NONE,
                    Value::Count(waiters.into()),
                    if lost { Value::Word("a waiter that is counted is gone") } else { NONE },
                ]
            }
            Self::Mutex { owner, robust, owner_died, here } => {
                let gone = here && owner > 0 && is_gone(owner);
                [
                    Value::Word("mutex"),
                    NONE,
                    match owner {
                        ..=0 => Value::Unknown("it names none"),
                        owner => Value::Pid(owner),
                    },
                    Value::Flag(robust),
                    NONE,
                    match robust {
                        false if gone => Value::Word("owner-dead"),
                        false if !here && owner > 0 => {
                            Value::Unknown("its owner is in another pid namespace")
                        }
                        true if owner_died => {
                            Value::Word("its owner died, the next one recovers it")
                        }
                        _ => NONE,
                    },
                ]
            }
            Self::Unknown(reason) => {
                let unknown = || Value::Unknown(reason);
                [unknown(), unknown(), unknown(), unknown(), unknown(), NONE]
            }
        }
    }
}

/// Returns true if no thread has this number.
fn is_gone(thread: i32) -> bool {
    let exists = processes::exists(thread);
    exists.is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH))
}

/// Returns true if the process is in our pid namespace, so that its numbers are ours.
fn same_pids(process: &Process) -> bool {
    let ours = file::stat_path_target(c"/proc/thread-self/ns/pid");
    let theirs = process.stat(c"ns/pid");
    matches!((ours, theirs), (Ok(ours), Ok(theirs)) if ours.inode == theirs.inode)
}

/// Whose layout a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    Gnu,
    Musl,
    Other,
}

/// The C library that a program has mapped, by the name of its file: a hint, which the layout has to bear out.
fn library(process: &Process) -> Option<Library> {
    use std::io::BufRead;
    let maps = std::fs::File::from(process.open(c"maps").ok()?);
    let mut lines = std::io::BufReader::with_capacity(1 << 16, maps);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).ok()? > 0 {
        let name = line.strip_suffix(b"\n").unwrap_or(&line);
        let name = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        if name.starts_with(b"libc.so.6") || name.starts_with(b"libc-2.") {
            return Some(Library::Gnu);
        }
        if name.starts_with(b"ld-musl-") || name.starts_with(b"libc.musl-") {
            return Some(Library::Musl);
        }
        line.clear();
    }
    Some(Library::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semaphore_and_a_mutex_are_told_by_their_layout() {
        let semaphore = [0, 2, 0x80, 0, 0, 0];
        assert_eq!(
            Word::recognize(semaphore, WAIT_BITSET, true),
            Word::Semaphore { value: 0, waiters: 2 }
        );
        let mutex = |owner_died, robust, kind, lock| {
            let expected = Word::Mutex { owner: 4, robust, owner_died, here: true };
            assert_eq!(Word::recognize([lock, 0, 4, 1, kind, 0], WAIT, true), expected);
        };
        mutex(false, false, 0x80, 2);
        mutex(false, true, 0x90, 0x8000_0004);
        mutex(true, true, 0x90, 0xc000_0004);
    }

    #[test]
    fn what_is_neither_is_unknown() {
        for (words, operation) in [
            ([0, 0, 0x80, 0, 0, 0], WAIT_BITSET),
            ([2, 0, 4, 1, 0, 0], WAIT),
            ([2, 0, 4, 1, 0x8000, 0], WAIT),
            ([u32::MAX; 6], WAIT_BITSET),
            ([0; 6], WAIT),
        ] {
            assert!(
                matches!(Word::recognize(words, operation, true), Word::Unknown(_)),
                "{words:?}"
            );
        }
    }
}
