//! The objects that are measured, made with raw calls of the C library and never with the program under test.
//!
//! Runs in a child of the bench, inside the world the objects belong to: `make 32000-segments` prints the System V id
//! of the last one. Every object has a key or a name that its number gives, so a row can ask for it.

use std::ffi::CString;
use std::fmt;
use std::fs;
use std::io;
use std::str::FromStr;

use crate::{Result, channels, ends, processes};

/// The most System V objects of a kind that a kernel takes without `ipcmni_extend` on its command line.
const MOST_IDS: usize = 32_768;
/// Processes on a busy machine.
pub const CROWD: usize = 3_000;
/// How many of the 32,000 are left in the sparse world.
pub const SPARSE_LEFT: usize = 999;
/// Bytes of a segment or a POSIX memory object. They are never touched: only their records are measured.
const SIZE: usize = 4096;

/// What is in a world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Population {
    /// System V segments; `Segments(0)` is the world with nothing in it.
    Segments(usize),
    /// So many segments, of which only the last [`SPARSE_LEFT`] still exist.
    SparseSegments(usize),
    /// System V message queues.
    Queues(usize),
    /// System V sets of one semaphore each.
    Sets(usize),
    /// Files in `/dev/shm`.
    Memory(usize),
    /// The same, made anew before each run: it removes them.
    Leftovers(usize),
    /// The same among 3,000 processes that have nothing to do with them.
    Crowded(usize),
    /// Named semaphores.
    Semaphores(usize),
    /// One object of each kind that carries something: see [`crate::channels`].
    Channels,
    /// Processes, of which every hundredth holds the one memory object there is.
    Processes(usize),
    /// Processes with pipes and sockets.
    Ends(usize),
}

use Population::{
    Channels, Crowded, Ends, Leftovers, Memory, Processes, Queues, Segments, Semaphores, Sets,
    SparseSegments,
};

impl Population {
    /// How many objects a listing of this world shows.
    pub const fn count(self) -> usize {
        match self {
            SparseSegments(_) => SPARSE_LEFT,
            Channels | Ends(_) => 0,
            Processes(_) => 1,
            Segments(n) | Queues(n) | Sets(n) | Memory(n) | Semaphores(n) => n,
            Leftovers(n) | Crowded(n) => n,
        }
    }

    /// Is it to be made again before each run?
    pub const fn is_used_up(self) -> bool {
        matches!(self, Leftovers(_))
    }

    /// The key of the object made last.
    pub const fn last_key(self) -> u32 {
        key(self.count())
    }
}

impl fmt::Display for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segments(n) => write!(f, "{n}-segments"),
            SparseSegments(n) => write!(f, "{n}-sparse"),
            Queues(n) => write!(f, "{n}-queues"),
            Sets(n) => write!(f, "{n}-sets"),
            Memory(n) => write!(f, "{n}-memory"),
            Leftovers(n) => write!(f, "{n}-leftovers"),
            Crowded(n) => write!(f, "{n}-crowded"),
            Semaphores(n) => write!(f, "{n}-semaphores"),
            Channels => write!(f, "1-channels"),
            Processes(n) => write!(f, "{n}-processes"),
            Ends(n) => write!(f, "{n}-ends"),
        }
    }
}

impl FromStr for Population {
    type Err = Box<dyn std::error::Error>;

    fn from_str(text: &str) -> Result<Population> {
        let (count, kind) = text.split_once('-').ok_or("a population is COUNT-KIND")?;
        let count = count.parse()?;
        Ok(match kind {
            "segments" => Segments(count),
            "sparse" => SparseSegments(count),
            "queues" => Queues(count),
            "sets" => Sets(count),
            "memory" => Memory(count),
            "leftovers" => Leftovers(count),
            "crowded" => Crowded(count),
            "semaphores" => Semaphores(count),
            "channels" => Channels,
            "processes" => Processes(count),
            "ends" => Ends(count),
            _ => return Err(format!("no population of {kind}").into()),
        })
    }
}

/// Fills the world this process is in and prints the id of the last object.
pub fn make(population: &str) -> Result<()> {
    let population: Population = population.parse()?;
    let last = match population {
        Segments(count) => *segments(count)?.last().unwrap_or(&0),
        SparseSegments(count) => {
            let ids = segments(count)?;
            for id in &ids[..count - SPARSE_LEFT] {
                // SAFETY: IPC_RMID takes no buffer.
                check(unsafe { libc::shmctl(*id, libc::IPC_RMID, std::ptr::null_mut()) })?;
            }
            *ids.last().unwrap_or(&0)
        }
        // SAFETY: msgget takes numbers alone.
        Queues(count) => sysv(count, |key| unsafe { libc::msgget(key, NEW) })?,
        // SAFETY: semget takes numbers alone.
        Sets(count) => sysv(count, |key| unsafe { libc::semget(key, 1, NEW) })?,
        Memory(count) | Leftovers(count) => named(count, memory)?,
        Crowded(count) => {
            processes::start(CROWD)?;
            named(count, memory)?
        }
        Semaphores(count) => named(count, semaphore)?,
        Channels => channels::make()?,
        Ends(count) => {
            ends::start(count)?;
            0
        }
        Processes(count) => {
            let last = named(1, memory)?;
            processes::start(count)?;
            last
        }
    };
    println!("{last}");
    Ok(())
}

/// Make it, fail if the key is taken, for its owner alone.
const NEW: libc::c_int = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;

/// The key of the `number`th object, counted from 1. Never 0, which would be IPC_PRIVATE.
const fn key(number: usize) -> u32 {
    0x0100_0000 + number as u32
}

fn segments(count: usize) -> Result<Vec<libc::c_int>> {
    const LIMIT: &str = "/proc/sys/kernel/shmmni";
    let limit: usize = fs::read_to_string(LIMIT)?.trim().parse()?;
    if count > limit {
        // This knob belongs to the IPC namespace, so the machine's own stays as it is.
        fs::write(LIMIT, MOST_IDS.to_string()).map_err(|error| {
            format!("kernel.shmmni is {limit} and cannot be raised in the namespace: {error}")
        })?;
    }
    let mut ids = Vec::with_capacity(count);
    for number in 1..=count {
        // SAFETY: shmget takes numbers alone.
        ids.push(check(unsafe { libc::shmget(key(number) as libc::key_t, SIZE, NEW) })?);
    }
    Ok(ids)
}

fn sysv(count: usize, get: impl Fn(libc::key_t) -> libc::c_int) -> Result<libc::c_int> {
    let mut last = 0;
    for number in 1..=count {
        last = check(get(key(number) as libc::key_t))?;
    }
    Ok(last)
}

/// POSIX objects have names instead of ids, so the answer is always 0.
fn named(count: usize, make: impl Fn(&CString) -> io::Result<()>) -> Result<libc::c_int> {
    for number in 1..=count {
        make(&CString::new(format!("/bench-{number:05}"))?)?;
    }
    Ok(0)
}

fn memory(name: &CString) -> io::Result<()> {
    let flags = libc::O_CREAT | libc::O_RDWR;
    // SAFETY: the name is NUL-terminated and outlives the call.
    let descriptor = check(unsafe { libc::shm_open(name.as_ptr(), flags, 0o600) })?;
    // SAFETY: the descriptor is open and ours, and is used no more after it is closed here.
    unsafe {
        check(libc::ftruncate(descriptor, SIZE as libc::off_t))?;
        check(libc::close(descriptor))?;
    }
    Ok(())
}

fn semaphore(name: &CString) -> io::Result<()> {
    let flags = libc::O_CREAT | libc::O_EXCL;
    // SAFETY: the name is NUL-terminated and outlives the call; mode and value are the integers O_CREAT asks for.
    let semaphore =
        unsafe { libc::sem_open(name.as_ptr(), flags, 0o600 as libc::c_uint, 1 as libc::c_uint) };
    if semaphore == libc::SEM_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened and is not used afterwards.
    check(unsafe { libc::sem_close(semaphore) })?;
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
