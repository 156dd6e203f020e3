//! The floors: the least a program has to ask the kernel for to know the same, and nothing else. No text is made.
//!
//! Written as C would be, with raw calls and one buffer, and run as a child process of its own, because that is what
//! `ipcctl` is: both sides pay the start of a process and the pipe. Each prints the number of objects it saw, so that
//! a floor that looked at the wrong place cannot pass for a fast one.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::io;
use std::mem::{MaybeUninit, zeroed};

use crate::{Result, ends, loops, processes};

// Missing in the libc crate; the values are the kernel's, from <linux/shm.h> and <linux/msg.h>.
const SHM_STAT_ANY: libc::c_int = 15;
const MSG_STAT_ANY: libc::c_int = 13;

/// Where `readdir` would fill its buffer, in one piece.
const DIRECTORY_BUFFER: usize = 64 * 1024;
/// Bytes before the name in a `struct linux_dirent64`: inode, offset, length of the record, type.
const NAME_OFFSET: usize = 19;

/// Runs one floor and prints how many objects it saw.
pub fn run(name: &str) -> Result<()> {
    if let Some(ran) = loops::run(name) {
        // What they move is their output.
        return Ok(ran.map(drop)?);
    }
    let seen = match name {
        "start" => 0,
        "segments" => segments()?,
        "segments-proc" => proc_text(c"/proc/sysvipc/shm")?,
        "queues" => queues()?,
        "sets" => sets()?,
        "memory" => each_name(statx)?,
        "semaphores" => {
            each_name(|dir, name| statx(dir, name).and_then(|()| read_value(dir, name)))?
        }
        "processes" => processes::floor()?,
        "sockets" => ends::sockets()?,
        "pipes" => ends::pipes()?,
        "leases" => each_name(|dir, name| statx(dir, name).and_then(|()| lease(dir, name)))?,
        "cleaner" => cleaner()?,
        _ => return Err(format!("no floor is called {name}").into()),
    };
    println!("{seen}");
    Ok(())
}

/// The highest index comes from IPC_INFO. Most tools take SHM_INFO, which adds up the pages of every segment and costs
/// half as much again as the loop.
fn segments() -> io::Result<usize> {
    // SAFETY: the structure is plain numbers, for which all zeroes is a value, and large enough for both calls
    // (IPC_INFO fills the smaller `struct shminfo`).
    unsafe {
        let mut record: libc::shmid_ds = zeroed();
        let highest = check(libc::shmctl(0, libc::IPC_INFO, &mut record))?;
        Ok((0..=highest)
            .filter(|&index| libc::shmctl(index, SHM_STAT_ANY, &mut record) != -1)
            .count())
    }
}

fn queues() -> io::Result<usize> {
    // SAFETY: as for segments; `struct msginfo` is smaller than `struct msqid_ds`.
    unsafe {
        let mut record: libc::msqid_ds = zeroed();
        let highest = check(libc::msgctl(0, libc::MSG_INFO, &mut record))?;
        Ok((0..=highest)
            .filter(|&index| libc::msgctl(index, MSG_STAT_ANY, &mut record) != -1)
            .count())
    }
}

fn sets() -> io::Result<usize> {
    // SAFETY: as for segments; the fourth argument is the union semctl asks for, passed as the pointer it holds, and
    // `struct seminfo` is smaller than `struct semid_ds`.
    unsafe {
        let mut record: libc::semid_ds = zeroed();
        let pointer = &raw mut record;
        let highest = check(libc::semctl(0, 0, libc::SEM_INFO, pointer))?;
        Ok((0..=highest)
            .filter(|&index| libc::semctl(index, 0, libc::SEM_STAT_ANY, pointer) != -1)
            .count())
    }
}

/// Reads a whole file of `/proc/sysvipc` and counts its lines but the heading.
fn proc_text(path: &CStr) -> io::Result<usize> {
    // SAFETY: the path is NUL-terminated.
    let descriptor = check(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) })?;
    let mut buffer = vec![0_u8; DIRECTORY_BUFFER];
    let mut lines = 0_usize;
    loop {
        // SAFETY: the buffer is writable for the length given.
        let got = unsafe { libc::read(descriptor, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(got).map_err(|_| io::Error::last_os_error())? {
            0 => return Ok(lines.saturating_sub(1)),
            got => lines += buffer[..got].iter().filter(|byte| **byte == b'\n').count(),
        }
    }
}

/// Walks `/dev/shm` with `getdents64` and hands each name to `visit`.
fn each_name(
    visit: impl Fn(libc::c_int, *const libc::c_char) -> io::Result<()>,
) -> io::Result<usize> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: the path is NUL-terminated.
    let dir = check(unsafe { libc::open(c"/dev/shm".as_ptr(), flags) })?;
    let mut buffer = vec![0_u64; DIRECTORY_BUFFER / 8];
    let mut seen = 0;
    loop {
        // SAFETY: the buffer is aligned as the records ask for and writable for the length given.
        let got = unsafe {
            libc::syscall(libc::SYS_getdents64, dir, buffer.as_mut_ptr(), DIRECTORY_BUFFER)
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        if got == 0 {
            return Ok(seen);
        }
        let mut at = 0;
        while at < got {
            // SAFETY: the kernel put whole records into the first `got` bytes, each with its length at 16 and a
            // NUL-terminated name at NAME_OFFSET.
            unsafe {
                let record = buffer.as_ptr().cast::<u8>().add(at);
                let name = record.add(NAME_OFFSET);
                if *name != b'.' {
                    visit(dir, name.cast())?;
                    seen += 1;
                }
                at += usize::from(record.add(16).cast::<u16>().read());
            }
        }
    }
}

fn statx(dir: libc::c_int, name: *const libc::c_char) -> io::Result<()> {
    let mut facts = MaybeUninit::<libc::statx>::uninit();
    let wanted = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
    // SAFETY: the name is NUL-terminated and the kernel fills the structure, which nobody reads.
    check(unsafe {
        libc::statx(dir, name, libc::AT_SYMLINK_NOFOLLOW, wanted, facts.as_mut_ptr())
    })?;
    Ok(())
}

/// The first 32 bytes of a named semaphore, which is all there is to glibc's.
fn read_value(dir: libc::c_int, name: *const libc::c_char) -> io::Result<()> {
    let mut value = [0_u8; 32];
    // SAFETY: the name is NUL-terminated, the buffer is writable for its length, and the descriptor is ours.
    unsafe {
        let file =
            check(libc::openat(dir, name, libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC))?;
        let got = libc::pread(file, value.as_mut_ptr().cast(), value.len(), 0);
        check(libc::close(file))?;
        if got == 32 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Takes a write lease on a file and gives it back with it.
fn lease(dir: libc::c_int, name: *const libc::c_char) -> io::Result<()> {
    // SAFETY: the descriptor is ours.
    leased(dir, name).and_then(|file| check(unsafe { libc::close(file) })).map(drop)
}

fn leased(dir: libc::c_int, name: *const libc::c_char) -> io::Result<libc::c_int> {
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: the name is NUL-terminated.
    unsafe {
        let file = check(libc::openat(dir, name, flags))?;
        check(libc::fcntl(file, libc::F_SETLEASE, libc::F_WRLCK))?;
        Ok(file)
    }
}

/// Looks at every file as [`lease`] does, and then removes them as `clean` has to: under a lease, by way of another directory,
/// and 128 at a time after a pause of a millisecond.
fn cleaner() -> io::Result<usize> {
    let names = RefCell::new(Vec::new());
    let directory = Cell::new(-1);
    let seen = each_name(|dir, name| {
        statx(dir, name)?;
        lease(dir, name)?;
        // SAFETY: the name is NUL-terminated, and the copy outlives the record.
        names.borrow_mut().push(unsafe { CStr::from_ptr(name) }.to_owned());
        directory.set(dir);
        Ok(())
    })?;
    let (names, directory) = (names.into_inner(), directory.get());
    // SAFETY: NUL-terminated names, and descriptors of our own that are open to the end.
    unsafe {
        check(libc::mkdirat(directory, c".cleaner".as_ptr(), 0o700))?;
        let aside = check(libc::openat(directory, c".cleaner".as_ptr(), libc::O_DIRECTORY))?;
        for batch in names.chunks(128) {
            let mut files = Vec::new();
            for name in batch {
                statx(directory, name.as_ptr())?;
                files.push(leased(directory, name.as_ptr())?);
                check(libc::renameat(directory, name.as_ptr(), aside, name.as_ptr()))?;
            }
            libc::usleep(1000);
            for (name, file) in batch.iter().zip(files) {
                statx(aside, name.as_ptr())?;
                check(libc::fcntl(file, libc::F_GETLEASE))?;
                check(libc::unlinkat(aside, name.as_ptr(), 0))?;
                check(libc::close(file))?;
            }
        }
        check(libc::unlinkat(directory, c".cleaner".as_ptr(), libc::AT_REMOVEDIR))?;
    }
    Ok(seen)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
