//! A terminal to run the program on: `pty(7)`.

#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

pub struct Terminal {
    master: File,
}

impl Terminal {
    /// A terminal with so many columns, and the end that a program writes to.
    pub fn new(columns: u16) -> (Self, Stdio) {
        let (terminal, slave) = Self::raw(columns);
        (terminal, Stdio::from(slave))
    }

    /// The same, for more than one stream of a program.
    pub fn raw(columns: u16) -> (Self, File) {
        let (terminal, slave) = Self::open(columns);
        // SAFETY: all zero bytes are a valid termios, which the first call fills; an open terminal.
        unsafe {
            let mut modes: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(slave.as_raw_fd(), &mut modes), 0);
            // Newlines come out as they were written.
            libc::cfmakeraw(&mut modes);
            assert_eq!(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &modes), 0);
        }
        (terminal, slave)
    }

    /// A terminal with so many columns, and the end that programs read from and write to.
    pub fn open(columns: u16) -> (Self, File) {
        let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
        // SAFETY: numbers only; the result is checked.
        let master = unsafe { libc::posix_openpt(flags) };
        assert!(master >= 0, "posix_openpt: {}", io::Error::last_os_error());
        // SAFETY: a fresh descriptor that nothing else owns.
        let master = unsafe { File::from_raw_fd(master) };
        let size = libc::winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let mut name = [0; 64];
        // SAFETY: an open terminal, a structure that outlives the call, and a buffer with its true length.
        unsafe {
            assert_eq!(libc::unlockpt(master.as_raw_fd()), 0);
            assert_eq!(libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &size), 0);
            assert_eq!(libc::ptsname_r(master.as_raw_fd(), name.as_mut_ptr(), name.len()), 0);
        }
        let name: Vec<u8> =
            name.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|byte| *byte != 0).collect();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(String::from_utf8(name).unwrap())
            .unwrap();
        (Self { master }, slave)
    }

    /// The end at which the user sits.
    pub fn master(&mut self) -> &mut File {
        &mut self.master
    }

    /// Everything that is written until the last process has closed the other end.
    pub fn read_to_end(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.master.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            // What a terminal says at the end.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => bytes,
            Err(error) => panic!("reading from the terminal: {error}"),
        }
    }
}
