//! A FUSE server in a thread: a file system with one file and one FIFO, which stops answering when it is told to.
//! The protocol is that of the kernel's <linux/fuse.h>; only what a look at a file takes is spoken.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const READ: u32 = 15;
const WRITE: u32 = 16;
const FLUSH: u32 = 25;
const INIT: u32 = 26;
const OPENDIR: u32 = 27;
const READDIR: u32 = 28;
const BATCH_FORGET: u32 = 42;
const INTERRUPT: u32 = 36;

/// Inodes.
const ROOT: u64 = 1;
const FILE: u64 = 2;
const PIPE: u64 = 3;

/// A mounted file system. It is taken down with this: whoever waits for it gets an error then.
pub struct Fuse {
    _device: File,
    target: CString,
    silent: Arc<AtomicBool>,
    flushed: Arc<AtomicBool>,
}

/// What a server says of a file that is closed, or written to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// That there is nothing to do.
    Said,
    /// Nothing, ever: whoever closes one sleeps, and no signal ends that.
    Unanswered,
}

impl Fuse {
    /// Mounts it at `target`, which is made. Its file `text` has a page that begins with `content`, its FIFO is `pipe`.
    pub fn mount(target: &str, content: &str) -> Self {
        let server = Self::serve(target, content, Closing::Said);
        // Closing a file asks the server until it has said once that it has nothing to do then. Without it every process that has
        // a file of it open, as after fork, would wait in exec or exit.
        drop(File::open(format!("{target}/text")).unwrap());
        server
    }

    /// The same, but whoever closes a file of it or writes to one never returns.
    pub fn mount_that_lets_nobody_close(target: &str) -> Self {
        Self::serve(target, "", Closing::Unanswered)
    }

    fn serve(target: &str, content: &str, closing: Closing) -> Self {
        let device = open_device();
        fs::create_dir(target).unwrap();
        let options =
            format!("fd={},rootmode=40000,user_id=0,group_id=0,allow_other", device.as_raw_fd());
        let [target, options] = [target, &options].map(|text| CString::new(text).unwrap());
        // SAFETY: every pointer is a string that ends in NUL and outlives the call.
        let mounted = unsafe {
            libc::mount(
                c"deaf".as_ptr(),
                target.as_ptr(),
                c"fuse".as_ptr(),
                libc::MS_NOSUID | libc::MS_NODEV,
                options.as_ptr().cast(),
            )
        };
        assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
        let silent = Arc::new(AtomicBool::new(false));
        let flushed = Arc::new(AtomicBool::new(false));
        let (mut reader, is_silent) = (device.try_clone().unwrap(), Arc::clone(&silent));
        let has_flushed = Arc::clone(&flushed);
        let mut page = content.as_bytes().to_vec();
        page.resize(4096, 0);
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 17];
            // It ends with the mount.
            while let Ok(length) = reader.read(&mut buffer) {
                while is_silent.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                if closing == Closing::Unanswered && [WRITE, FLUSH].contains(&number(&buffer, 4)) {
                    has_flushed.store(true, Ordering::SeqCst);
                    continue;
                }
                answer(&mut reader, &buffer[..length], &page);
            }
        });
        Self { _device: device, target, silent, flushed }
    }

    /// Returns true once somebody closes a file or writes to one.
    pub fn is_closing(&self) -> bool {
        self.flushed.load(Ordering::SeqCst)
    }

    /// From now on it answers nothing.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        self.silent.store(false, Ordering::SeqCst);
        // Ends every wait, whoever has the device open.
        // SAFETY: the path ends in NUL.
        unsafe { libc::umount2(self.target.as_ptr(), libc::MNT_FORCE | libc::MNT_DETACH) };
    }
}

fn open_device() -> File {
    let device = Path::new("/dev/fuse");
    if !device.exists() {
        // SAFETY: the path ends in NUL.
        let made = unsafe {
            libc::mknod(c"/dev/fuse".as_ptr(), libc::S_IFCHR | 0o600, libc::makedev(10, 229))
        };
        assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    }
    OpenOptions::new().read(true).write(true).open(device).unwrap()
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// `struct fuse_in_header` is 40 bytes: length, opcode, unique, node.
fn answer(device: &mut File, request: &[u8], page: &[u8]) {
    let (opcode, unique) = (number(request, 4), &request[8..16]);
    let node = u64::from_ne_bytes(request[16..24].try_into().unwrap());
    let body = &request[40..];
    let (error, reply) = match opcode {
        FORGET | BATCH_FORGET | INTERRUPT => return,
        INIT => (0, init()),
        GETATTR => (0, [&[0; 16][..], &attributes(node)].concat()),
        LOOKUP => match body {
            b"text\0" => (0, entry(FILE)),
            b"pipe\0" => (0, entry(PIPE)),
            _ => (-libc::ENOENT, Vec::new()),
        },
        OPEN | OPENDIR => (0, vec![0; 16]),
        READ => (0, page.to_vec()),
        READDIR => (0, Vec::new()),
        _ => (-libc::ENOSYS, Vec::new()),
    };
    let length = u32::try_from(16 + reply.len()).unwrap();
    let head = [&length.to_ne_bytes()[..], &i32::to_ne_bytes(error), unique].concat();
    // A request may have been given up meanwhile.
    let _ = device.write_all(&[head, reply].concat());
}

/// `struct fuse_init_out` of version 7.31: 64 bytes.
fn init() -> Vec<u8> {
    let mut reply = vec![0; 64];
    reply[..4].copy_from_slice(&7u32.to_ne_bytes());
    reply[4..8].copy_from_slice(&31u32.to_ne_bytes());
    reply[20..24].copy_from_slice(&(1u32 << 16).to_ne_bytes());
    reply
}

/// `struct fuse_attr`: 88 bytes.
fn attributes(node: u64) -> Vec<u8> {
    let (mode, links) = match node {
        ROOT => (libc::S_IFDIR | 0o755, 2u32),
        FILE => (libc::S_IFREG | 0o644, 1),
        _ => (libc::S_IFIFO | 0o644, 1),
    };
    let mut reply = vec![0; 88];
    reply[..8].copy_from_slice(&node.to_ne_bytes());
    reply[8..16].copy_from_slice(&if node == FILE { 4096u64 } else { 0 }.to_ne_bytes());
    reply[60..64].copy_from_slice(&mode.to_ne_bytes());
    reply[64..68].copy_from_slice(&links.to_ne_bytes());
    reply[80..84].copy_from_slice(&4096u32.to_ne_bytes());
    reply
}

/// `struct fuse_entry_out`: the node, and times for which nothing is remembered, before the attributes.
fn entry(node: u64) -> Vec<u8> {
    [&node.to_ne_bytes()[..], &[0; 32], &attributes(node)].concat()
}
