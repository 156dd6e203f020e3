//! What a thread waits in, from the call that it is in: `proc_pid_syscall(5)`. Nothing is traced or stopped to find out, and its memory
//! is read only where an argument points to it.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::behind;
use crate::model::{Address, Encoded, SignalSet, Value};
use crate::sys::calls::{RawCall, WaitsOn};
use crate::sys::file;
use crate::sys::memory::Memory;
use crate::sys::processes::Process;

/// What a thread waits in.
#[derive(Clone, Debug)]
pub(super) struct ThreadWait {
    /// The call: `read`, `semop`, `futex`.
    pub(super) call: &'static str,
    /// The object that is waited for, or a few words about it.
    pub(super) on: Value,
    /// It waits for an object of IPC, a lock or a child; not for time, the network or anything of many.
    pub(super) is_ipc: bool,
}

impl ThreadWait {
    /// `read of pipe:123`.
    pub(super) fn phrase(&self) -> Vec<Value> {
        let mut words = vec![Value::Word(self.call)];
        if self.on.is_known() {
            words.extend([Value::Word(" of "), self.on.clone()]);
        }
        words
    }
}

/// FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI and FUTEX_LOCK_PI2, without flags.
const FUTEX_WAITS: [u64; 5] = [0, 6, 9, 11, 13];
/// The word is of one process alone.
const FUTEX_PRIVATE: u64 = 0x80;
/// Besides it, the clock.
const FUTEX_FLAGS: u64 = 0x180;

/// What the thread whose directory this is waits in: empty for the main thread, or `task/12/`. `None` when it runs or is in a call
/// of no interest.
///
/// # Errors
/// EACCES and EPERM for the processes of others, ENOENT and ESRCH for a thread that has ended.
pub(super) fn of_thread(process: &Process, directory: &str) -> io::Result<Option<ThreadWait>> {
    let mut buffer = [0; 256];
    let text = process.read(&CString::new(format!("{directory}syscall"))?, &mut buffer)?;
    let Some(call) = RawCall::parse(text) else { return Ok(None) };
    if call.foreign && !process.has_64_bits()? {
        let on = Value::Unknown("it is a program of 32 bits");
        return Ok(Some(ThreadWait { call: "call", on, is_ipc: false }));
    }
    let Some(known) = call.wait() else { return Ok(None) };
    let thread = WaitingThread { process, directory, call: &call };
    let (on, is_ipc) = match known.on {
        WaitsOn::Descriptor => thread.descriptor(call.int(0)),
        WaitsOn::Poll => thread.polled(),
        WaitsOn::Epoll => (thread.watched(call.int(0)), false),
        WaitsOn::Select => (words("several descriptors"), false),
        WaitsOn::Word => match thread.word() {
            Some(word) => word,
            None => return Ok(None),
        },
        WaitsOn::Queue => (thread.of_namespace("mq"), true),
        WaitsOn::Set => (thread.of_namespace("sem"), true),
        WaitsOn::Flock => (thread.lock(), true),
        WaitsOn::Fcntl if matches!(call.int(1), libc::F_SETLKW | libc::F_OFD_SETLKW) => {
            (thread.lock(), true)
        }
        WaitsOn::Fcntl => return Ok(None),
        WaitsOn::OpenAt => (thread.path(1), thread.sleeps_in(b"wait_for_partner")),
        WaitsOn::Open => (thread.path(0), thread.sleeps_in(b"wait_for_partner")),
        WaitsOn::Child => (child(call.int(0)), false),
        WaitsOn::ChildId => {
            (if call.int(0) == P_PID { child(call.int(1)) } else { words("a child") }, false)
        }
        WaitsOn::Signal => (thread.signals(), false),
        WaitsOn::AnySignal => (words("a signal"), false),
        WaitsOn::Time => (Value::None("none"), false),
    };
    Ok(Some(ThreadWait { call: known.name, on, is_ipc }))
}

/// P_PID of `waitid(2)`.
const P_PID: i32 = 1;

/// P_ALL of `waitid(2)`.
const P_ALL: i32 = 0;

/// Returns true if the thread whose directory this is waits for a child, this one or any, to end: it did not ask for children
/// that stop.
///
/// # Errors
/// As [`of_thread`].
pub(super) fn waits_for_end(process: &Process, directory: &str, child: i32) -> io::Result<bool> {
    let mut buffer = [0; 256];
    let text = process.read(&CString::new(format!("{directory}syscall"))?, &mut buffer)?;
    let Some(call) = RawCall::parse(text).filter(|call| !call.foreign) else { return Ok(false) };
    let (is_meant, options) = match call.wait().map(|known| known.on) {
        Some(WaitsOn::Child) => (call.int(0) == -1 || call.int(0) == child, call.int(2)),
        Some(WaitsOn::ChildId) => {
            let is_meant = call.int(0) == P_ALL || (call.int(0), call.int(1)) == (P_PID, child);
            (is_meant, call.int(3))
        }
        _ => return Ok(false),
    };
    Ok(is_meant && options & libc::WUNTRACED == 0)
}

fn words(text: &'static str) -> Value {
    Value::Word(text)
}

fn child(pid: i32) -> Value {
    match u32::try_from(pid) {
        Ok(pid @ 1..) => process(pid).map_or(words("a child"), Value::Address),
        _ => words("any child"),
    }
}

fn process(pid: u32) -> Option<Address> {
    behind::address("pid", pid.to_string().as_bytes())
}

struct WaitingThread<'a> {
    process: &'a Process,
    directory: &'a str,
    call: &'a RawCall,
}

const UNREAD: Value = Value::Unknown("its memory could not be read");

impl WaitingThread<'_> {
    /// The object behind a descriptor, or what sort it is of; and whether it is one of IPC.
    fn descriptor(&self, number: i32) -> (Value, bool) {
        let table = format!("{}fd", self.directory);
        match behind::describe(self.process, &table, number) {
            Ok(opened) => match opened.object {
                Some(address) => (Value::Address(address), true),
                None if opened.sort == "file" || opened.sort == "pty" => (opened.what, false),
                None => (Value::Word(opened.sort), opened.sort == "eventfd"),
            },
            Err(_) => (Value::Unknown("its descriptor could not be read"), false),
        }
    }

    /// The file that it waits to lock.
    fn lock(&self) -> Value {
        let number = self.call.int(0);
        let Ok(name) = CString::new(format!("{}fd/{number}", self.directory)) else {
            return UNREAD;
        };
        let (Ok(stat), Ok(link)) = (self.process.stat(&name), self.process.link(&name)) else {
            return Value::Unknown("its descriptor could not be read");
        };
        let path = std::path::Path::new(&link);
        let file = crate::kinds::file::id(&stat);
        let address = match path.is_absolute() && behind::is_at(path, file) {
            true => behind::address("lock", link.as_bytes()),
            false => None,
        };
        address.map_or_else(|| Value::Name(link.as_os_str().into()), Value::Address)
    }

    /// What `poll(2)` waits for: the one descriptor, or how many there are.
    fn polled(&self) -> (Value, bool) {
        const POLLFD: usize = 8;
        const MOST: u64 = 16;
        let [array, count, ..] = self.call.arguments;
        let count = count & u64::from(u32::MAX);
        if count == 0 {
            return (Value::None("none"), false);
        }
        let mut bytes = vec![0; POLLFD * usize::try_from(count.min(MOST)).unwrap_or(1)];
        let read = self.memory(array, &mut bytes);
        let numbers: Vec<i32> = bytes
            .chunks_exact(POLLFD)
            .filter_map(|one| Some(i32::from_ne_bytes(one.get(..4)?.try_into().ok()?)))
            .filter(|number| *number >= 0)
            .collect();
        match (read, &*numbers) {
            (Err(_), _) => (UNREAD, false),
            (Ok(()), [one]) if count == 1 => (self.descriptor(*one).0, false),
            (Ok(()), _) => {
                let named: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                let more = if count > MOST {
                    format!(" and {} more", count - MOST)
                } else {
                    String::new()
                };
                (Value::Text(format!("fd {}{more}", named.join(", ")).into()), false)
            }
        }
    }

    /// What an epoll descriptor watches.
    fn watched(&self, number: i32) -> Value {
        let table = format!("{}fd", self.directory);
        let watched = behind::describe(self.process, &table, number).map(|opened| opened.what);
        match watched {
            Ok(Value::Text(text)) => {
                Value::Text(text.strip_prefix("watches ").unwrap_or(&text).into())
            }
            _ => Value::Unknown("its descriptor could not be read"),
        }
    }

    /// The word that it waits for; `None` when it does not wait.
    fn word(&self) -> Option<(Value, bool)> {
        let [address, operation, ..] = self.call.arguments;
        if !FUTEX_WAITS.contains(&(operation & !FUTEX_FLAGS)) {
            return None;
        }
        if operation & FUTEX_PRIVATE != 0 {
            return Some((words("its own memory"), false));
        }
        Some(match super::mappings::word(self.process, address) {
            Ok(Some(word)) => (word, true),
            Ok(None) => (words("its own memory"), false),
            Err(_) => (UNREAD, false),
        })
    }

    /// A System V object by its id, which is one of the thread's IPC namespace.
    fn of_namespace(&self, word: &str) -> Value {
        let id = u32::try_from(self.call.int(0));
        let ours = file::stat_path_target(c"/proc/thread-self/ns/ipc");
        let name = CString::new(format!("{}ns/ipc", self.directory)).unwrap_or_default();
        let theirs = self.process.stat(&name);
        let (Ok(id), Ok(ours), Ok(theirs)) = (id, ours, theirs) else {
            return Value::Unknown("its IPC namespace could not be read");
        };
        match behind::address(word, id.to_string().as_bytes()) {
            Some(address) if ours.inode == theirs.inode => Value::Address(address),
            _ => Value::Text(format!("id {id} of another IPC namespace").into()),
        }
    }

    /// Returns true if the kernel tells that it sleeps in this function, or tells no functions.
    fn sleeps_in(&self, function: &[u8]) -> bool {
        let name = CString::new(format!("{}wchan", self.directory)).unwrap_or_default();
        let mut buffer = [0; 64];
        self.process.read(&name, &mut buffer).is_ok_and(|text| text == function)
    }

    /// The path that an argument points to.
    fn path(&self, at: usize) -> Value {
        let mut bytes = [0; 256];
        let address = self.call.arguments.get(at).copied().unwrap_or(0);
        // The rest of the page may be all there is.
        let room = usize::try_from(4096 - address % 4096).unwrap_or(bytes.len()).min(bytes.len());
        let piece = bytes.get_mut(..room).unwrap_or_default();
        if self.memory(address, piece).is_err() {
            return UNREAD;
        }
        let length = piece.iter().position(|&byte| byte == 0).unwrap_or(piece.len());
        let path = piece.get(..length).unwrap_or_default();
        if path.first() == Some(&b'/')
            && let Some(address) = behind::address("fifo", path)
        {
            return Value::Address(address);
        }
        Value::Text(Encoded(path).to_string().into())
    }

    /// The set of `rt_sigtimedwait(2)`.
    fn signals(&self) -> Value {
        let mut bytes = [0; 8];
        match self.memory(self.call.arguments[0], &mut bytes) {
            Ok(()) => {
                let names: Vec<Value> =
                    SignalSet(u64::from_ne_bytes(bytes)).names().map(Value::Word).collect();
                Value::List(names.into())
            }
            Err(_) => UNREAD,
        }
    }

    /// Reads memory of the process, all that was asked for.
    fn memory(&self, address: u64, bytes: &mut [u8]) -> io::Result<()> {
        let read = Memory::open(self.process, self.directory)?.read(address, bytes)?;
        if read == bytes.len() { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EIO)) }
    }
}
