//! Objects without a name.
//!
//! `memfd_create(2)`, `mmap(2)`, `mq_unlink(3)`, `sem_unlink(3)`.

#![allow(unsafe_code)]

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

use super::{c_string, checked, forking, posix};

/// New memory of so many bytes that can be sealed.
pub fn memfd(name: &str, bytes: u64) -> File {
    let text = c_string(name);
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: a NUL-terminated string and flags.
    let fd = checked("memfd_create", unsafe { libc::memfd_create(text.as_ptr(), flags) });
    // SAFETY: made above, and owned by nothing else.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(bytes).unwrap();
    file
}

/// The address of open memory.
pub fn address(file: &File) -> String {
    format!("shm:{}", locator(&file.metadata().unwrap()))
}

fn locator(facts: &Metadata) -> String {
    let device = facts.dev();
    format!("{}:{}/{}", libc::major(device), libc::minor(device), facts.ino())
}

/// A queue of this name, removed, that the test itself has open until it ends: its address.
pub fn kept_queue(name: &str, mode: u32) -> String {
    let descriptor = forking::undisturbed(|| {
        posix::message_queue(name, 4, 64, mode);
        let descriptor = posix::open_queue(name, libc::O_RDWR);
        posix::remove_queue(name);
        descriptor
    });
    // SAFETY: opened above, and never closed.
    let file = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
    format!("mq:{}", locator(&file.metadata().unwrap()))
}

/// A semaphore of this name, removed, that the test itself has open until it ends: its address.
pub fn kept_semaphore(name: &str, mode: u32) -> String {
    let path = format!("/dev/shm/sem.{}", name.trim_start_matches('/'));
    let file = forking::undisturbed(|| {
        posix::semaphore(name, 3, mode);
        let file = File::options().read(true).write(true).open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        file
    });
    let address = format!("sem:{}", locator(&file.metadata().unwrap()));
    std::mem::forget(file);
    address
}

/// Memory that the test itself has open until it ends: its address.
pub fn kept(name: &str) -> String {
    let file = forking::undisturbed(|| memfd(name, 4096));
    let address = address(&file);
    std::mem::forget(file);
    address
}

/// What the kernel says of memory that this process has open.
pub fn facts(address: &str) -> io::Result<Metadata> {
    of_ours(address)?.metadata()
}

/// Sets the permission bits of memory that this process has open, exactly.
pub fn set_mode(address: &str, mode: u32) {
    let file = of_ours(address).unwrap();
    // SAFETY: an open descriptor and a number.
    checked("fchmod", unsafe { libc::fchmod(file.as_raw_fd(), mode) });
}

/// Maps new memory without a file, which a child would share, and writes one byte into it.
pub fn map_anonymous(bytes: usize) {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place, so no memory of ours is covered.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert!(place != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    // SAFETY: mapped above for writing.
    unsafe { place.cast::<u8>().write(1) };
}

/// A copy of one of our descriptors.
fn of_ours(wanted: &str) -> io::Result<File> {
    let (_, wanted) = wanted.split_once(':').unwrap();
    for entry in fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let number: i32 = name.to_str().and_then(|name| name.parse().ok()).unwrap();
        // SAFETY: numbers only; the copy is owned by what is made of it.
        let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
        // The descriptor of the directory itself is closed by now, or another thread has closed one.
        if copy == -1 {
            continue;
        }
        // SAFETY: made above.
        let file = unsafe { File::from_raw_fd(copy) };
        if file.metadata().is_ok_and(|facts| locator(&facts) == wanted) {
            return Ok(file);
        }
    }
    Err(io::Error::from_raw_os_error(libc::ENOENT))
}
