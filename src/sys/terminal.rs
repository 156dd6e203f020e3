//! How large a terminal is: `ioctl(2)` TIOCGWINSZ.

use std::os::fd::{AsFd, AsRawFd};

use super::{check, zeroed};

/// Columns and lines of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Lines.
    pub height: usize,
}

/// The size of the terminal behind `output`; `None` when it is no terminal or does not know.
///
/// [`ioctl(2)`](https://man7.org/linux/man-pages/man2/ioctl.2.html)
#[doc(alias = "ioctl")]
pub fn size(output: impl AsFd) -> Option<Size> {
    // SAFETY: struct winsize is a C structure of integers.
    let mut size: libc::winsize = unsafe { zeroed() };
    // SAFETY: TIOCGWINSZ fills a struct winsize, and `size` outlives the call.
    check(unsafe { libc::ioctl(output.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) })
        .ok()?;
    let size = Size { width: size.ws_col.into(), height: size.ws_row.into() };
    (size.width > 0).then_some(size)
}
