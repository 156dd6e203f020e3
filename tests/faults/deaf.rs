//! A file system that never answers: FUSE whose server reads no request.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::env::TestEnv;
use crate::makers::fifo;

crate::cases![; SeveralUsers: a_file_system_below_tmp_that_never_answers_holds_nobody_up];

/// Mounts it. It ends with the file that is returned.
fn mount_deaf(target: &str) -> File {
    let device = Path::new("/dev/fuse");
    if !device.exists() {
        // SAFETY: the path ends in NUL.
        let made = unsafe {
            libc::mknod(c"/dev/fuse".as_ptr(), libc::S_IFCHR | 0o600, libc::makedev(10, 229))
        };
        assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    }
    let server = OpenOptions::new().read(true).write(true).open(device).unwrap();
    fs::create_dir(target).unwrap();
    let fd = server.as_raw_fd();
    let options = format!("fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other");
    let [target, options] = [target, &options].map(|text| CString::new(text).unwrap());
    let (deaf, kind, data) = (c"deaf".as_ptr(), c"fuse".as_ptr(), options.as_ptr().cast());
    // SAFETY: every pointer is a string that ends in NUL and outlives the call.
    let mounted = unsafe { libc::mount(deaf, target.as_ptr(), kind, 0, data) };
    assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
    server
}

// A run that waits for it is killed after a while, and the test fails.
fn a_file_system_below_tmp_that_never_answers_holds_nobody_up() {
    let env = TestEnv::new();
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o600);
    let server = mount_deaf(&env.path("deaf"));
    for words in [&["list"][..], &["list", "fifo"], &["clean", "--dry-run"], &["limits"]] {
        env.run(words).any_code(&[0]);
    }
    env.run(["list", "fifo"]).any_code(&[0]).1.shows(&pipe);
    env.run(["__complete", "--", "rm", "fifo:"]).any_code(&[0]).1.shows(&pipe);
    drop(server);
}
