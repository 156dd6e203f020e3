//! Pipes without a name.
//!
//! `pipe(2)`, `pipe(7)`.

#![allow(unsafe_code)]

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

use super::{checked, forking};

/// Both ends of a pipe.
pub struct Pipe {
    pub reader: File,
    pub writer: File,
}

impl Pipe {
    pub fn inode(&self) -> u64 {
        self.reader.metadata().unwrap().ino()
    }
}

/// A new pipe with these flags: `O_DIRECT`, `O_NONBLOCK`.
pub fn pipe(flags: libc::c_int) -> Pipe {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    checked("pipe2", unsafe { libc::pipe2(ends.as_mut_ptr(), flags | libc::O_CLOEXEC) });
    // SAFETY: made above, and owned by nothing else.
    let [reader, writer] = ends.map(|end| unsafe { File::from_raw_fd(end) });
    Pipe { reader, writer }
}

/// A pipe that the test itself has open until it ends.
pub fn kept() -> Pipe {
    let pipe = forking::undisturbed(|| pipe(0));
    let copy =
        Pipe { reader: pipe.reader.try_clone().unwrap(), writer: pipe.writer.try_clone().unwrap() };
    std::mem::forget(pipe);
    copy
}

/// What the kernel says of a pipe that this process has open.
pub fn facts(inode: u64) -> io::Result<Metadata> {
    of_ours(inode)?.metadata()
}

/// Sets the permission bits of a pipe that this process has open, exactly.
pub fn set_mode(inode: u64, mode: u32) {
    let file = of_ours(inode).unwrap();
    // SAFETY: an open descriptor and a number.
    checked("fchmod", unsafe { libc::fchmod(file.as_raw_fd(), mode) });
}

/// A copy of one of our descriptors of a pipe.
fn of_ours(inode: u64) -> io::Result<File> {
    let link = format!("pipe:[{inode}]");
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        if fs::read_link(&path).is_ok_and(|target| target.as_os_str() == link.as_str()) {
            let number =
                path.file_name().and_then(|name| name.to_str()?.parse::<i32>().ok()).unwrap();
            // SAFETY: numbers only; the copy is owned by what is returned.
            let copy = checked("dup", unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) });
            // SAFETY: made above.
            return Ok(unsafe { File::from_raw_fd(copy) });
        }
    }
    Err(io::Error::from_raw_os_error(libc::ENOENT))
}

/// The numbers under which [`numbered`] leaves its ends.
pub const READER: i32 = 100;
pub const WRITER: i32 = 101;

/// A new pipe of the calling process, whose ends stay open under [`READER`] and [`WRITER`].
pub fn numbered(flags: libc::c_int) {
    let pipe = pipe(flags);
    for (end, number) in [(&pipe.reader, READER), (&pipe.writer, WRITER)] {
        // SAFETY: numbers only.
        checked("dup2", unsafe { libc::dup2(end.as_raw_fd(), number) });
    }
}

/// One of these ends, as a file that stays open.
pub fn end(number: i32) -> std::mem::ManuallyDrop<File> {
    // SAFETY: the descriptor is open, and is never closed through this value.
    std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

/// Closes one of these ends.
pub fn close(number: i32) {
    // SAFETY: nothing else owns it.
    checked("close", unsafe { libc::close(number) });
}

/// The inode of the pipe that a process has under this number.
pub fn inode_of(pid: i64, number: i32) -> u64 {
    fs::metadata(format!("/proc/{pid}/fd/{number}")).unwrap().ino()
}
