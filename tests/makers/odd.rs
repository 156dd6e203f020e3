//! Files in `/dev/shm` that are no IPC objects, or whose names try to do harm.

#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::{c_string, checked, fifo, posix};

pub const SHM: &str = "/dev/shm";

/// A file in `/dev/shm` and what stands for its name in an address.
pub struct HostileName {
    pub bytes: &'static [u8],
    pub printed: &'static str,
}

/// Names that move a cursor, split a line or a field, break UTF-8, or look encoded already.
pub const HOSTILE_NAMES: [HostileName; 8] = [
    HostileName { bytes: b"line\nbreak", printed: "/line%0Abreak" },
    HostileName { bytes: b"\x1b[2J\x1b]0;owned\x07", printed: "/%1B" },
    HostileName { bytes: b"tab\there", printed: "/tab%09here" },
    HostileName { bytes: b"not-utf8-\xff\xfe", printed: "/not-utf8-%FF%FE" },
    HostileName { bytes: b"per%41cent%", printed: "/per%2541cent%25" },
    HostileName { bytes: b"two words", printed: "/two%20words" },
    HostileName { bytes: b"c1-\xc2\x9b31m", printed: "/c1-%C2%9B31m" },
    HostileName { bytes: b"back\rspace\x08", printed: "/back%0Dspace%08" },
];

/// Makes a file with each of the hostile names, 4096 bytes long.
pub fn hostile_names() {
    for name in &HOSTILE_NAMES {
        fs::write(path_of(name.bytes), [0; 4096]).unwrap();
    }
}

pub fn path_of(name: &[u8]) -> PathBuf {
    Path::new(SHM).join(OsStr::from_bytes(name))
}

/// Entries that are no objects of ours at all.
pub fn strangers() {
    fs::create_dir(path_of(b"directory")).unwrap();
    symlink("/etc/shadow", path_of(b"link")).unwrap();
    symlink("/etc/shadow", path_of(b"sem.link")).unwrap();
    symlink("loop", path_of(b"loop")).unwrap();
    fifo::fifo(path_of(b"pipe"), 0o600);
    fifo::fifo(path_of(b"sem.pipe"), 0o600);
    fs::create_dir(path_of(b"sem.directory")).unwrap();
    drop(UnixListener::bind(path_of(b"socket")).unwrap());
}

pub const STRANGERS: [&str; 8] =
    ["directory", "link", "sem.link", "loop", "pipe", "sem.pipe", "sem.directory", "socket"];

/// Regular files whose names claim to be semaphores: empty, junk of another size, junk of the right size.
pub fn false_semaphores() {
    fs::write(path_of(b"sem.empty"), []).unwrap();
    fs::write(path_of(b"sem.junk"), b"this is no semaphore, and it is longer than one").unwrap();
    fs::write(path_of(b"sem.noise"), [0xff; 32]).unwrap();
}

/// Shared memory and a semaphore whose names are as long as the C library allows.
pub fn longest_names() -> (String, String) {
    let (memory, semaphore) = (format!("/{}", "m".repeat(251)), format!("/{}", "s".repeat(251)));
    posix::shared_memory(&memory, 1, 0o600);
    posix::semaphore(&semaphore, 1, 0o600);
    (memory, semaphore)
}

/// An overlay file system below `directory`: its upper directory, and where it is mounted.
pub fn overlay(directory: &Path) -> (String, String) {
    let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| {
        let path = directory.join(name);
        fs::create_dir(&path).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let options = c_string(format!("lowerdir={lower},upperdir={upper},workdir={work}"));
    let (target, kind) = (c_string(merged.as_str()), c"overlay".as_ptr());
    // SAFETY: strings that end in NUL.
    checked("mount", unsafe {
        libc::mount(kind, target.as_ptr(), kind, 0, options.as_ptr().cast())
    });
    (upper, merged)
}
