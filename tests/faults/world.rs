//! The objects that a form of a verb works on: made anew before each run, and told as text, so that two worlds can be
//! compared.

#![allow(unsafe_code)]

use std::fmt::Write;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::env::TestEnv;
use crate::makers::{fifo, posix, sysv};

/// Files of the test itself in its directory.
const OWN: [&str; 2] = ["calls", "a"];

/// The objects of a test.
pub struct World {
    /// The FIFO, open at both ends.
    pipe: File,
}

/// Takes everything away that a run can have left, and makes one object of each kind, each queue and the FIFO with a message
/// in it.
pub fn renew(env: &TestEnv) -> World {
    for (kind, remove) in [("msg", sysv::remove_queue as fn(i32)), ("sem", sysv::remove_set)] {
        rows(kind).into_iter().for_each(|(_, id)| remove(id));
    }
    rows("shm").into_iter().for_each(|(_, id)| sysv::mark_for_removal(id));
    for directory in [Path::new("/dev/shm"), Path::new("/dev/mqueue"), env.directory()] {
        for name in names(directory) {
            if !OWN.contains(&&*name) {
                let path = directory.join(name);
                fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).unwrap();
            }
        }
    }
    fs::write("/dev/shm/one", [7; 4096]).unwrap();
    fs::write(env.path("rest"), "mq:0x72\n").unwrap();
    posix::semaphore("/gate", 1, 0o600);
    posix::message_queue("/q", 4, 64, 0o600);
    posix::send("/q", 0, b"message");
    fifo::fifo(env.path("pipe"), 0o600);
    sysv::set_with(0x71, &[1, 0, 0], 0o600);
    sysv::send(sysv::queue(0x72, 0o600), 1, b"message");
    sysv::segment(0x73, 4096, 0o600);
    World { pipe: fifo::fill(env.path("pipe"), b"message\n") }
}

impl World {
    /// What there is, one object a line.
    pub fn state(&self, env: &TestEnv) -> String {
        let mut text = String::new();
        let mut queued: libc::c_int = 0;
        // SAFETY: FIONREAD fills the number, which outlives the call.
        unsafe { libc::ioctl(self.pipe.as_raw_fd(), libc::FIONREAD, &raw mut queued) };
        writeln!(text, "fifo {queued}").unwrap();
        for (key, id) in rows("sem") {
            writeln!(text, "sem {key} {:?}", sysv::values(id)).unwrap();
        }
        for (key, id) in rows("msg") {
            writeln!(text, "msg {key} {}", sysv::queue_status(id).unwrap().msg_qnum).unwrap();
        }
        for (key, id) in rows("shm") {
            writeln!(text, "shm {key} {}", sysv::segment_status(id).unwrap().shm_segsz).unwrap();
        }
        for name in names(Path::new("/dev/mqueue")) {
            let messages = posix::queue_attributes(&format!("/{name}")).mq_curmsgs;
            writeln!(text, "mq /{name} {messages}").unwrap();
        }
        files(Path::new("/dev/shm"), &mut text);
        files(env.directory(), &mut text);
        text
    }
}

/// Key and id of each object of a kind.
fn rows(kind: &str) -> Vec<(String, i32)> {
    let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap();
    let row = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    };
    let mut rows: Vec<_> = table.lines().skip(1).filter_map(row).collect();
    rows.sort();
    rows
}

fn names(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn files(directory: &Path, text: &mut String) {
    for name in names(directory) {
        let path = directory.join(&name);
        if OWN.contains(&&*name) {
            continue;
        }
        let file_type = fs::symlink_metadata(&path).unwrap().file_type();
        if file_type.is_dir() {
            writeln!(text, "{}/", path.display()).unwrap();
            files(&path, text);
        } else if file_type.is_symlink() {
            writeln!(text, "{}@", path.display()).unwrap();
        } else if file_type.is_fifo() {
            writeln!(text, "{}|", path.display()).unwrap();
        } else {
            let content = fs::read(&path).or_else(|error| match error.kind() {
                ErrorKind::PermissionDenied => Ok(Vec::new()),
                _ => Err(error),
            });
            let sum: u64 = content.unwrap().iter().map(|byte| u64::from(*byte)).sum();
            writeln!(text, "{} {sum}", path.display()).unwrap();
        }
    }
}
