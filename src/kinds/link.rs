//! What a path names that is not the file that is meant. A symbolic link is not followed, for anybody may have put it there in a
//! directory that others write to: where it leads is said, and how to address that.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, ResolveFlag};

use crate::model::{Address, Class, Encoded, Facility, Fault, Locator};
use crate::sys::file::{self, Stat};

/// What is meant.
pub(super) struct Meant {
    /// Where its addresses belong.
    pub facility: Facility,
    /// What stands in a sentence: *a FIFO*.
    pub word: &'static str,
    /// The type that such files have.
    pub is: fn(&Stat) -> bool,
}

/// Why what a path names is not what is meant.
pub(super) fn refusal(path: &Path, stat: &Stat, meant: &Meant) -> Fault {
    let word = meant.word;
    let fault = Fault::new(Class::NotFound, format!("it is {}, not {word}", what(path, stat)));
    match target(path).filter(|_| stat.is(libc::S_IFLNK)) {
        Some((end, stat)) if (meant.is)(&stat) => {
            let locator = Locator::Path(Path::new(&end).into());
            let address = Address { facility: meant.facility, locator };
            fault.hint(format!(
                "links are not followed; the address of {word} behind it is {address}"
            ))
        }
        Some((end, stat)) => {
            let end = shown(end);
            fault.hint(format!("it leads to {end}, which is {}", stat.file_type()))
        }
        None if stat.is(libc::S_IFLNK) => fault.hint("nothing can be found where it leads"),
        None => fault,
    }
}

/// What a file is, in a sentence; of a link, where it leads.
pub(super) fn what(path: &Path, stat: &Stat) -> String {
    match std::fs::read_link(path) {
        Ok(text) if stat.is(libc::S_IFLNK) => format!("a symbolic link to {}", shown(text)),
        _ => stat.file_type().to_owned(),
    }
}

fn shown(path: impl Into<OsString>) -> String {
    Encoded(path.into().as_bytes()).to_string()
}

/// The path of the file at the end of a link, without a link in it, and what it is; if it can be seen in time.
fn target(path: &Path) -> Option<(OsString, Stat)> {
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let handle = file::handle_in_time(AT_FDCWD, &name, true, ResolveFlag::empty()).ok()?;
    let stat = file::stat_remembered_of(&handle).ok()?;
    let link = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
    let end = std::fs::read_link(link).ok()?.into_os_string().into_vec();
    // Another mount namespace's has none, and a removed file is shown with a remark.
    (end.first() == Some(&b'/') && stat.links > 0).then(|| (OsString::from_vec(end), stat))
}
