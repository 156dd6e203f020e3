//! Walking the process file system: `proc(5)`. A process is opened once, and everything of it is read through
//! that directory, so that a later process under the same number is never taken for it.

mod status;

use std::ffi::{CStr, CString, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

pub use status::Status;

use super::check;
use super::file::{self, Stat};
use super::{silent, workers};

/// The process file system.
pub struct Proc(OwnedFd);

/// One process of it, and no later one under its number.
pub struct Process {
    /// Its number in the pid namespace of the process file system.
    pub pid: i32,
    directory: OwnedFd,
}

const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);
const HANDLE: OFlag = OFlag::O_PATH.union(OFlag::O_CLOEXEC);
const FILE: OFlag = OFlag::O_RDONLY.union(OFlag::O_CLOEXEC).union(OFlag::O_NOCTTY);

impl Proc {
    /// Opens the process file system at `path`.
    ///
    /// # Errors
    /// When it is not there, or no directory.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(nix::fcntl::open(path, DIRECTORY, Mode::empty())?))
    }

    /// Finds out whether these processes answer, many at a time: for who is about to read of them all.
    pub fn ask(&self, pids: &[i32]) {
        self.each(&silent::unknown(pids), |_| Ok(()));
    }

    /// Looks at each of these processes, in threads that are left behind where one does not answer, in the order of their numbers.
    /// Of those that answer it is known afterwards.
    ///
    /// # Errors
    /// Of each process what `look` says, and as [`Proc::process`]; ETIMEDOUT for one that does not answer.
    pub fn each<R: Send + 'static>(
        &self,
        pids: &[i32],
        look: impl Fn(&Process) -> io::Result<R> + Send + Sync + 'static,
    ) -> Vec<(i32, io::Result<R>)> {
        /// So many processes a thread takes at once.
        const SHARE: usize = 64;
        let proc = match self.0.try_clone() {
            Ok(directory) => Self(directory),
            Err(error) => {
                let refused = |pid: &i32| (*pid, Err(error.kind().into()));
                return pids.iter().map(refused).collect();
            }
        };
        let look = move |found: &mut Vec<(i32, io::Result<R>)>, pid| {
            let read = proc.process(pid).and_then(|process| {
                silent::look_once(pid, &process);
                look(&process)
            });
            found.push((pid, read));
        };
        let visited = workers::visit(pids, SHARE, Vec::new, look);
        let mut found: Vec<_> = visited.parts.into_iter().flatten().collect();
        silent::note(found.iter().map(|(pid, _)| pid), true);
        silent::note(visited.silent.iter(), false);
        let lost = visited.silent.iter().chain(&visited.missed);
        found.extend(lost.map(|pid| (*pid, Err(silent::error()))));
        found.sort_unstable_by_key(|(pid, _)| *pid);
        found
    }

    /// Opens a file below the root of the process file system: `thread-self/ns/ipc`.
    ///
    /// # Errors
    /// ENOENT, EACCES.
    pub fn open_at(&self, name: &CStr) -> io::Result<OwnedFd> {
        Ok(openat(&self.0, name, FILE, Mode::empty())?)
    }

    /// Every process, in the order of their numbers.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn pids(&self) -> io::Result<Vec<i32>> {
        numbers(self.0.as_fd())
    }

    /// Opens one process.
    ///
    /// # Errors
    /// ENOENT when it has ended, or is hidden (`hidepid`).
    ///
    /// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
    #[doc(alias = "openat")]
    pub fn process(&self, pid: i32) -> io::Result<Process> {
        let directory = openat(
            &self.0,
            decimal(pid, &mut [0; 12]),
            HANDLE | OFlag::O_DIRECTORY,
            Mode::empty(),
        )?;
        Ok(Process { pid, directory })
    }

    /// What `name` below the root of the process file system is; a link is what it leads to.
    ///
    /// # Errors
    /// ENOENT, EACCES.
    pub fn stat(&self, name: &CStr) -> io::Result<Stat> {
        file::stat_target(&self.0, name)
    }

    /// Returns true if it shows every process of the machine. It does not from inside a pid namespace, which has others outside; not if it
    /// belongs to another namespace than we; not if it hides the processes of others (`hidepid`), the first among
    /// them.
    pub fn shows_all(&self) -> bool {
        self.shows_namespace() && self.is_of_machine()
    }

    /// Returns true if we are in the first pid namespace of the machine, which has all others below it.
    pub fn is_of_machine(&self) -> bool {
        /// PROC_PID_INIT_INO of the kernel.
        const FIRST: u64 = 0xefff_fffc;
        self.stat(c"self/ns/pid").is_ok_and(|stat| stat.inode == FIRST)
    }

    /// Returns true if it shows every process of our pid namespace.
    pub fn shows_namespace(&self) -> bool {
        self.own_pid().is_some_and(|own| Some(own) == i32::try_from(std::process::id()).ok())
            && self.process(1).is_ok_and(|first| first.read(c"status", &mut [0]).is_ok())
    }

    /// Returns true if our IPC namespace is certainly another than that of process 1. The first process of the machine is in the first
    /// one, and is closed to the superuser, too, where a sandbox has its way.
    pub fn is_apart(&self) -> bool {
        /// PROC_IPC_INIT_INO of the kernel.
        const FIRST: u64 = 0xefff_ffff;
        self.stat(c"thread-self/ns/ipc").is_ok_and(|ours| ours.inode != FIRST) && self.shows_all()
    }

    /// The number that this process has here; `None` when it is not to be seen.
    pub fn own_pid(&self) -> Option<i32> {
        nix::fcntl::readlinkat(&self.0, c"self").ok()?.to_str()?.parse().ok()
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

impl Process {
    /// Makes sure that what is read of it comes: a process in `execve(2)` may hold for ever what the kernel takes for most of
    /// its entries, but for these.
    fn ensure_answer(&self, name: &CStr) -> io::Result<()> {
        const FREE: [&[u8]; 5] = [b"comm", b"status", b"mountinfo", b"cgroup", b"task"];
        let last = name.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if FREE.contains(&last) {
            return Ok(());
        }
        silent::ensure(self.pid, self.directory.as_fd())
    }

    /// Opens a file or link below its directory: `maps`, `task/12/syscall`, `ns/ipc`.
    ///
    /// # Errors
    /// EACCES and EPERM for the processes of others, ENOENT and ESRCH for one that has ended, ETIMEDOUT for one that does not
    /// answer.
    ///
    /// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
    #[doc(alias = "openat")]
    pub fn open(&self, name: &CStr) -> io::Result<OwnedFd> {
        self.ensure_answer(name)?;
        Ok(openat(&self.directory, name, FILE, Mode::empty())?)
    }

    /// A handle on what a link below its directory leads to: `root`, `cwd`, `fd/7`.
    ///
    /// # Errors
    /// As [`Process::open`].
    ///
    /// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
    #[doc(alias = "openat")]
    pub fn handle(&self, name: &CStr) -> io::Result<OwnedFd> {
        self.ensure_answer(name)?;
        Ok(openat(&self.directory, name, HANDLE, Mode::empty())?)
    }

    /// Reads as much of a short file below its directory as fits.
    ///
    /// # Errors
    /// As [`Process::open`].
    pub fn read<'a>(&self, name: &CStr, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let file = self.open(name)?;
        let length = nix::unistd::read(&file, buffer)?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    /// Reads a file below its directory, which the kernel hands over in pieces, up to `most` bytes.
    ///
    /// # Errors
    /// As [`Process::open`].
    pub fn read_all(&self, name: &CStr, most: u64) -> io::Result<Vec<u8>> {
        use std::io::Read;
        let mut text = Vec::new();
        std::fs::File::from(self.open(name)?).take(most).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The numbers of its descriptors or threads, with the directory to look at them: `fd`, `task`.
    ///
    /// # Errors
    /// As [`Process::open`].
    ///
    /// [`openat(2)`](https://man7.org/linux/man-pages/man2/openat.2.html)
    #[doc(alias = "openat")]
    pub fn numbers(&self, name: &CStr) -> io::Result<(OwnedFd, Vec<i32>)> {
        self.ensure_answer(name)?;
        let directory = openat(&self.directory, name, DIRECTORY, Mode::empty())?;
        let numbers = numbers(directory.as_fd())?;
        Ok((directory, numbers))
    }

    /// The text of a link below its directory: `exe`, `fd/0`.
    ///
    /// # Errors
    /// As [`Process::open`].
    ///
    /// [`readlinkat(2)`](https://man7.org/linux/man-pages/man2/readlink.2.html)
    #[doc(alias = "readlinkat")]
    pub fn link(&self, name: &CStr) -> io::Result<OsString> {
        self.ensure_answer(name)?;
        Ok(nix::fcntl::readlinkat(&self.directory, name)?)
    }

    /// Reads all of a file below its directory, up to `most` bytes.
    ///
    /// # Errors
    /// As [`Process::open`]; EFBIG for a longer one.
    pub fn read_whole(&self, name: &CStr, most: u64) -> io::Result<Vec<u8>> {
        /// The kernel hands it over in pieces that are no larger; a smaller buffer grows by many reads.
        const PIECE: usize = 4096;
        let mut bytes = Vec::with_capacity(PIECE);
        let length = File::from(self.open(name)?).take(most + 1).read_to_end(&mut bytes)?;
        if length as u64 > most {
            return Err(io::Error::from_raw_os_error(libc::EFBIG));
        }
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// What a link below its directory leads to: `ns/ipc`, `fd/7`.
    ///
    /// # Errors
    /// As [`Process::open`].
    pub fn stat(&self, name: &CStr) -> io::Result<Stat> {
        self.ensure_answer(name)?;
        file::stat_target(&self.directory, name)
    }

    /// Returns true if a link below its directory leads to a POSIX queue: a file on the kernel's file system of them.
    ///
    /// [`fstatfs(2)`](https://man7.org/linux/man-pages/man2/fstatfs.2.html)
    #[doc(alias = "fstatfs")]
    pub fn is_queue(&self, name: &CStr) -> bool {
        /// MQUEUE_MAGIC of the kernel.
        const QUEUES: u64 = 0x1980_0202;
        let handle = self.handle(name);
        let system = handle.and_then(|handle| Ok(rustix::fs::fstatfs(&handle)?));
        system.is_ok_and(|system| system.f_type as u64 == QUEUES)
    }

    /// Returns true if its program has 64 bits, by what the kernel told it at its start: `auxv`, pairs of words of a type
    /// below a hundred and a value, up to type 0. Read as words of 64 bits, two of 32 bits have the value in their upper half.
    ///
    /// # Errors
    /// EACCES and EPERM for the processes of others.
    pub fn has_64_bits(&self) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        let text = self.read(c"auxv", &mut buffer)?;
        let words =
            text.chunks_exact(8).filter_map(|word| Some(u64::from_ne_bytes(word.try_into().ok()?)));
        Ok(words.step_by(2).take_while(|kind| *kind != 0).all(|kind| kind < 0x1000))
    }

    /// Its group.
    ///
    /// # Errors
    /// ENOENT when it has ended.
    pub fn group(&self) -> io::Result<u32> {
        Ok(file::stat(&self.directory)?.gid)
    }

    /// Its effective user.
    ///
    /// # Errors
    /// ENOENT when it has ended.
    pub fn user(&self) -> io::Result<u32> {
        Ok(file::stat(&self.directory)?.uid)
    }

    /// How many threads it has.
    ///
    /// # Errors
    /// ENOENT when it has ended.
    pub fn threads(&self) -> io::Result<u32> {
        // The kernel counts threads as the directories below task, which has two more names.
        Ok(file::stat_at(&self.directory, c"task")?.links.saturating_sub(2))
    }

    /// What `/proc/PID/stat` says.
    ///
    /// # Errors
    /// ENOENT and ESRCH when it has ended.
    pub fn status(&self) -> io::Result<Status> {
        self.status_of("")
    }

    /// What `stat` says of a thread, whose directory this is: `task/12/`, or empty for the process.
    ///
    /// # Errors
    /// As [`Process::status`].
    pub fn status_of(&self, directory: &str) -> io::Result<Status> {
        let mut buffer = [0; 1024];
        Status::parse(self.read(&CString::new(format!("{directory}stat"))?, &mut buffer)?)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// The entries of a directory whose names are numbers. `getdents64(2)` into a buffer on the stack: opening a directory
/// through the C library costs three calls more, and there is one for each process.
fn numbers(directory: BorrowedFd<'_>) -> io::Result<Vec<i32>> {
    const NAME: usize = std::mem::offset_of!(libc::dirent64, d_name);
    const LENGTH: usize = std::mem::offset_of!(libc::dirent64, d_reclen);
    let mut numbers = Vec::new();
    let mut buffer = [0u8; 8192];
    loop {
        // SAFETY: the buffer has the length that is passed, and outlives the call.
        let filled = check(unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                directory.as_raw_fd(),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        })?;
        let Some(mut entries) = buffer.get(..usize::try_from(filled).unwrap_or(0)) else { break };
        if entries.is_empty() {
            break;
        }
        while let Some(&[low, high]) = entries.get(LENGTH..LENGTH + 2) {
            let length = usize::from(u16::from_ne_bytes([low, high]));
            let (Some(name), Some(rest)) = (entries.get(NAME..length), entries.get(length..))
            else {
                break;
            };
            numbers.extend(CStr::from_bytes_until_nul(name).ok().and_then(number));
            entries = rest;
        }
    }
    Ok(numbers)
}

fn number(name: &CStr) -> Option<i32> {
    let digits = name.to_bytes();
    if digits.first()?.is_ascii_digit() { name.to_str().ok()?.parse().ok() } else { None }
}

/// A number as a name, without asking for memory: there is one for each descriptor.
pub fn decimal(number: i32, buffer: &mut [u8; 12]) -> &CStr {
    let mut rest = number.unsigned_abs();
    let mut at = buffer.len() - 1;
    loop {
        at -= 1;
        if let (Some(byte), Ok(digit)) = (buffer.get_mut(at), u8::try_from(rest % 10)) {
            *byte = b'0' + digit;
        }
        rest /= 10;
        if rest == 0 || at == 0 {
            break;
        }
    }
    if let Some(last) = buffer.last_mut() {
        *last = 0;
    }
    CStr::from_bytes_until_nul(buffer.get(at..).unwrap_or_default()).unwrap_or_default()
}

/// Returns true if this error means that a process or a thread has ended while it was looked at.
pub fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH))
}

/// Returns true if there is a process or thread of this number in our own pid namespace: `kill(2)` with no signal.
///
/// # Errors
/// ESRCH when there is none. EPERM is an answer: there is one.
///
/// [`kill(2)`](https://man7.org/linux/man-pages/man2/kill.2.html)
#[doc(alias = "kill")]
pub fn exists(pid: i32) -> io::Result<()> {
    // SAFETY: no pointer is passed, and signal 0 is none.
    match check(unsafe { libc::kill(pid, 0) }) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
        other => other.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_is_its_own_name(number in 0..=i32::MAX) {
            let mut buffer = [0; 12];
            prop_assert_eq!(decimal(number, &mut buffer).to_str().unwrap(), number.to_string());
        }
    }

    #[test]
    fn a_process_that_is_known_not_to_answer_is_read_no_more() {
        let proc = Proc::open(Path::new("/proc")).unwrap();
        let own = proc.process(proc.own_pid().unwrap()).unwrap();
        assert!(own.status().is_ok());
        // No process has this number, and the one behind the directory is ours.
        let process = Process { pid: i32::MAX, ..own };
        silent::note([i32::MAX].iter(), false);
        assert_eq!(process.status().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(process.numbers(c"fd").is_err() && process.link(c"exe").is_err());
        assert!(process.read(c"comm", &mut [0; 16]).is_ok(), "this takes no lock");
        assert_eq!(silent::pids(), [i32::MAX]);
        assert!(silent::refuse(i32::MAX).is_err());
    }

    #[test]
    fn a_process_finds_itself_and_its_threads() {
        let proc = Proc::open(Path::new("/proc")).unwrap();
        let pid = proc.own_pid().unwrap();
        assert!(proc.pids().unwrap().contains(&pid));
        let process = proc.process(pid).unwrap();
        let status = process.status().unwrap();
        assert!(!status.is_empty());
        std::thread::scope(|scope| {
            let (say, hear) = std::sync::mpsc::channel();
            scope.spawn(move || hear.recv());
            assert!(process.threads().unwrap() >= 2);
            assert_eq!(
                process.threads().unwrap() as usize,
                process.numbers(c"task").unwrap().1.len()
            );
            say.send(()).unwrap();
        });
    }
}
