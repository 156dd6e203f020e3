//! What a descriptor of a process is: its sort, the object behind it, and what it watches. The file is never opened: type and
//! identity come from one `stat(2)`, the rest from the text of `fdinfo`, which is read of one process alone.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::kinds::file::id;
use crate::model::{Access, Address, Facility, FileId, FileLock, LockLine, SignalSet, Value};
use crate::sys::file::{self, Stat};
use crate::sys::processes::Process;
use crate::sys::{pipe, shm};

/// A descriptor of a process.
pub(super) struct OpenDescriptor {
    pub(super) number: i32,
    pub(super) stat: Stat,
    pub(super) access: Access,
    /// `O_…` flags of the open file description.
    pub(super) flags: u64,
    /// `pipe`, `socket`, `eventfd` and so on.
    pub(super) sort: &'static str,
    /// The object behind it, if it is one of a kind that has addresses.
    pub(super) object: Option<Address>,
    /// Its path, or what it watches.
    pub(super) what: Value,
    /// There is a lock by way of it.
    pub(super) locks: Vec<FileLock>,
}

impl OpenDescriptor {
    pub(super) fn file(&self) -> FileId {
        id(&self.stat)
    }

    /// Returns true if it is an end of a pipe or FIFO.
    pub(super) fn is_pipe(&self) -> bool {
        self.stat.is(libc::S_IFIFO)
    }
}

/// The facility of this word, if the program has it.
fn facility(word: &str) -> Option<Facility> {
    Facility::parse(word.as_bytes()).ok()
}

/// The address of an object by its facility and locator, if the program has a kind with such objects.
pub(super) fn address(word: &str, locator: &[u8]) -> Option<Address> {
    let facility = facility(word)?;
    let locator = facility.locator(locator).ok()?;
    Some(Address { facility, locator })
}

/// Sorts of descriptors without a file, by the texts of their links. A path begins with a slash, so no file is called so.
const ANONYMOUS: &[(&[u8], &str)] = &[
    (b"anon_inode:[eventfd]", "eventfd"),
    (b"anon_inode:[timerfd]", "timerfd"),
    (b"anon_inode:[eventpoll]", "epoll"),
    (b"anon_inode:inotify", "inotify"),
    (b"anon_inode:[fanotify]", "fanotify"),
    (b"anon_inode:[signalfd]", "signalfd"),
    (b"anon_inode:[pidfd]", "pidfd"),
    (b"anon_inode:[userfaultfd]", "userfaultfd"),
    (b"anon_inode:[io_uring]", "io_uring"),
    (b"anon_inode:[perf_event]", "perf_event"),
];

/// Most of `fdinfo` that is read: an epoll descriptor has a line for each descriptor that it watches.
const LONGEST: u64 = 64 * 1024;

/// One descriptor. `table` is `fd`, or that of a thread: `task/12/fd`.
///
/// # Errors
/// ENOENT for one that has been closed meanwhile, EACCES for the processes of others.
pub(super) fn describe(process: &Process, table: &str, number: i32) -> io::Result<OpenDescriptor> {
    let name = CString::new(format!("{table}/{number}"))?;
    let stat = process.stat(&name)?;
    let mut info = Vec::new();
    if let Ok(file) = process.open(&CString::new(format!("{table}info/{number}"))?) {
        // A text that is cut ends in a line that is none.
        File::from(file).take(LONGEST).read_to_end(&mut info)?;
    }
    let link = process.link(&name).unwrap_or_default();
    let info = Info(&info);
    let flags =
        info.get("flags").and_then(|digits| u64::from_str_radix(digits, 8).ok()).unwrap_or(0);
    let mut opened = OpenDescriptor {
        number,
        stat,
        access: access(flags),
        flags,
        sort: "file",
        object: None,
        what: Value::None("none"),
        locks: LockLine::of_descriptor(info.0).collect(),
    };
    opened.recognize(&name, process, &link, &info);
    Ok(opened)
}

fn access(flags: u64) -> Access {
    if flags & libc::O_PATH as u64 != 0 {
        return Access::Neither;
    }
    match (flags & libc::O_ACCMODE as u64) as i32 {
        libc::O_WRONLY => Access::Write,
        libc::O_RDWR => Access::ReadWrite,
        _ => Access::Read,
    }
}

/// The words for flags of an open file description, without its access.
pub(super) fn flag_words(flags: u64) -> Value {
    let words = [
        (libc::O_NONBLOCK, "nonblock"),
        (libc::O_APPEND, "append"),
        (libc::O_CLOEXEC, "cloexec"),
        (libc::O_DIRECT, "direct"),
        (libc::O_SYNC, "sync"),
        (libc::O_ASYNC, "async"),
        (libc::O_PATH, "path"),
    ];
    let set = words.iter().filter(|(flag, _)| {
        let flag = *flag as u64;
        flags & flag == flag
    });
    let set: Vec<Value> = set.map(|(_, word)| Value::Word(word)).collect();
    if set.is_empty() { Value::None("none") } else { Value::List(set.into()) }
}

impl OpenDescriptor {
    fn recognize(&mut self, name: &CStr, process: &Process, link: &OsStr, info: &Info) {
        let text = link.as_bytes();
        // Of a file without a name the kernel says so behind the name that it had.
        let path = || match text.strip_suffix(b" (deleted)") {
            Some(name) if self.stat.links == 0 => {
                let name = Value::Name(OsStr::from_bytes(name).into());
                Value::Phrase([name, Value::Word(" (deleted)")].into())
            }
            _ => Value::Name(link.into()),
        };
        match self.stat.mode & libc::S_IFMT {
            libc::S_IFIFO if Some(self.stat.device) == pipe::device() => {
                self.sort = "pipe";
                self.object = address("pipe", self.stat.inode.to_string().as_bytes());
            }
            libc::S_IFIFO => {
                (self.sort, self.what) = ("fifo", path());
                self.object = self.at_path("fifo", link);
            }
            libc::S_IFSOCK if text.starts_with(b"socket:[") => {
                self.sort = "socket";
                self.object = address("sock", self.stat.inode.to_string().as_bytes());
            }
            libc::S_IFDIR => (self.sort, self.what) = ("directory", path()),
            libc::S_IFCHR | libc::S_IFBLK => {
                self.what = path();
                let is_terminal = text.starts_with(b"/dev/pts/") || text.starts_with(b"/dev/ptmx");
                self.sort = if is_terminal { "pty" } else { "device" };
                if let Some(index) = info.get("tty-index") {
                    self.what = Value::Text(format!("master of /dev/pts/{index}").into());
                }
            }
            _ if ANONYMOUS.iter().any(|(known, _)| *known == text) => {
                let known = ANONYMOUS.iter().find(|(known, _)| *known == text);
                self.sort = known.map_or("file", |(_, sort)| *sort);
                self.what = info.watched(self.sort);
                if let Some(pid) = info.pid().filter(|_| self.sort == "pidfd") {
                    self.object = address("pid", pid.to_string().as_bytes());
                }
            }
            _ if text.starts_with(b"anon_inode:") => (self.sort, self.what) = ("other", path()),
            _ => {
                self.what = path();
                self.memory(name, process, link);
            }
        }
        if self.object.is_none() && !self.locks.is_empty() {
            self.object = self.at_path("lock", link);
        }
    }

    /// Shared memory, named semaphores and POSIX queues are files, too.
    fn memory(&mut self, name: &CStr, process: &Process, link: &OsStr) {
        let (path, text) = (Path::new(link), link.as_bytes());
        if let Ok(name) = path.strip_prefix("/dev/shm")
            && name.components().count() == 1
            && self.is_at(path)
        {
            let name = name.as_os_str();
            match name.as_bytes().strip_prefix(b"sem.") {
                Some(name) => {
                    self.sort = "semaphore";
                    self.object = named("sem", name);
                }
                None => {
                    self.sort = "memory";
                    self.object = named("shm", name.as_bytes());
                }
            }
        } else if self.stat.links == 0 && shm::device().is_ok_and(|own| own == self.stat.device) {
            self.sort = "memfd";
            self.object = nameless("shm", self.file());
        } else if self.stat.links == 0 && text.starts_with(b"/dev/shm/") {
            self.sort = "memory";
            self.object = nameless("shm", self.file());
        } else if self.could_be_queue(path) && process.is_queue(name) {
            self.sort = "queue";
            let name = text.strip_prefix(b"/").unwrap_or(text);
            self.object = match self.stat.links {
                0 => nameless("mq", self.file()),
                _ => named("mq", name),
            };
        }
    }

    /// Returns true if this path, seen from here, leads to the file.
    fn is_at(&self, path: &Path) -> bool {
        is_at(path, self.file())
    }

    /// Returns true if it looks like a POSIX queue from outside, so that no other file system is asked what it is.
    fn could_be_queue(&self, path: &Path) -> bool {
        /// FILENT_SIZE of the kernel: what every queue has for its size.
        const SIZE: u64 = 80;
        path.components().count() == 2
            && libc::major(self.stat.device) == 0
            && self.stat.size == SIZE
    }

    fn at_path(&self, word: &str, link: &OsStr) -> Option<Address> {
        let path = Path::new(link);
        if path.is_absolute() && self.is_at(path) { address(word, link.as_bytes()) } else { None }
    }
}

/// Returns true if this path, seen from here, leads to the file.
pub(super) fn is_at(path: &Path, file: FileId) -> bool {
    CString::new(path.as_os_str().as_bytes())
        .ok()
        .and_then(|path| file::stat_in_time(&path).ok())
        .is_some_and(|stat| id(&stat) == file)
}

/// An object with a POSIX name, which is given without its slash.
pub(super) fn named(word: &str, name: &[u8]) -> Option<Address> {
    address(word, &[b"/", name].concat())
}

/// An object without a name.
pub(super) fn nameless(word: &str, file: FileId) -> Option<Address> {
    let (major, minor) = (libc::major(file.device), libc::minor(file.device));
    address(word, format!("{major}:{minor}/{}", file.inode).as_bytes())
}

/// The text of `/proc/PID/fdinfo/N`: `proc_pid_fdinfo(5)`.
struct Info<'t>(&'t [u8]);

/// So many watched things are named; of more the number is told.
const NAMED: usize = 16;

impl Info<'_> {
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok())
    }

    /// The value of the first line that begins with this word and a colon.
    fn get(&self, name: &str) -> Option<&str> {
        self.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
    }

    fn pid(&self) -> Option<u32> {
        self.get("Pid")?.parse().ok().filter(|pid| *pid > 0)
    }

    /// What a descriptor of this sort watches, in words.
    fn watched(&self, sort: &str) -> Value {
        let text = match sort {
            "eventfd" => self.event(),
            "timerfd" => self.timer(),
            "epoll" => self.list("tfd:", "watches no descriptor", "watches fd ", |rest| {
                Some(rest.split_ascii_whitespace().next()?.to_owned())
            }),
            "inotify" => self.list("inotify wd:", "watches no file", "watches ", watched_inode),
            "fanotify" => self.list("fanotify ino:", "watches no file", "watches ", |rest| {
                watched_inode(&format!("0 ino:{rest}"))
            }),
            "signalfd" => self.get("sigmask").and_then(SignalSet::parse).map(|set| {
                let names: Vec<&str> = set.names().collect();
                format!("takes {}", names.join(" "))
            }),
            "pidfd" => match self.pid() {
                Some(pid) => Some(format!("process {pid}")),
                None => {
                    Some("a process that has ended, or is outside of this pid namespace".to_owned())
                }
            },
            _ => None,
        };
        text.map_or(Value::None("none"), |text| Value::Text(text.into()))
    }

    fn event(&self) -> Option<String> {
        let count = u64::from_str_radix(self.get("eventfd-count")?, 16).ok()?;
        let counts = if self.get("eventfd-semaphore") == Some("1") { "semaphore" } else { "count" };
        // It is the same in every process that has the same one.
        let id = self.get("eventfd-id").map(|id| format!(", id {id}")).unwrap_or_default();
        Some(format!("{counts} {count}{id}"))
    }

    fn timer(&self) -> Option<String> {
        let left = pair(self.get("it_value")?)?;
        let every = pair(self.get("it_interval")?)?;
        if left == (0, 0) {
            return Some("not armed".to_owned());
        }
        let seconds = |(secs, nanos): (u64, u64)| format!("{secs}.{:03} s", nanos / 1_000_000);
        let again = if every == (0, 0) {
            String::new()
        } else {
            format!(", then every {}", seconds(every))
        };
        Some(format!("fires in {}{again}", seconds(left)))
    }

    /// What follows `begin` in the lines that have it, in words.
    fn list(
        &self,
        begin: &str,
        none: &str,
        some: &str,
        word: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let words = self.lines().filter_map(|line| word(line.strip_prefix(begin)?));
        let words: Vec<String> = words.collect();
        let named = words.get(..words.len().min(NAMED))?.join(", ");
        Some(match words.len() {
            0 => none.to_owned(),
            all if all > NAMED => format!("{some}{named} and {} more", all - NAMED),
            _ => format!("{some}{named}"),
        })
    }
}

/// `(SECONDS, NANOSECONDS)`.
fn pair(text: &str) -> Option<(u64, u64)> {
    let (secs, nanos) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some((secs.trim().parse().ok()?, nanos.trim().parse().ok()?))
}

/// `1 ino:9e7e sdev:800013 mask:…` as device and inode. The device is in the kernel's own coding.
fn watched_inode(rest: &str) -> Option<String> {
    let number = |name: &str| {
        let word = rest.split_ascii_whitespace().find_map(|word| word.strip_prefix(name));
        u64::from_str_radix(word?, 16).ok()
    };
    let (inode, device) = (number("ino:")?, number("sdev:")?);
    Some(format!("{}:{}/{inode}", device >> 20, device & 0xf_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(sort: &str, text: &str) -> String {
        match Info(text.as_bytes()).watched(sort) {
            Value::Text(text) => text.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_descriptor_watches_is_told() {
        assert_eq!(
            told(
                "eventfd",
                "eventfd-count:                5\neventfd-id: 3\neventfd-semaphore: 0\n"
            ),
            "count 5, id 3"
        );
        assert_eq!(
            told(
                "timerfd",
                "clockid: 1\nticks: 0\nit_value: (1, 500000000)\nit_interval: (2, 0)\n"
            ),
            "fires in 1.500 s, then every 2.000 s"
        );
        assert_eq!(told("timerfd", "it_value: (0, 0)\nit_interval: (0, 0)\n"), "not armed");
        assert_eq!(
            told("epoll", "tfd:        5 events:       19 data: 5\ntfd:        7 events: 1\n"),
            "watches fd 5, 7"
        );
        assert_eq!(
            told("inotify", "inotify wd:1 ino:9e7e sdev:800013 mask:3 ignored_mask:0\n"),
            "watches 8:19/40574"
        );
        assert_eq!(told("signalfd", "sigmask:\t0000000000004001\n"), "takes HUP TERM");
        assert_eq!(told("pidfd", "Pid:\t12\nNSpid:\t12\n"), "process 12");
        assert!(told("pidfd", "Pid:\t-1\n").contains("ended"));
    }

    #[test]
    fn of_many_the_number_is_told() {
        let text: String = (0..1000).map(|fd| format!("tfd: {fd} events: 1\n")).collect();
        assert!(told("epoll", &text).ends_with("15 and 984 more"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_told_without_a_panic(bytes: Vec<u8>) {
            for (_, sort) in ANONYMOUS {
                Info(&bytes).watched(sort);
            }
        }
    }
}
