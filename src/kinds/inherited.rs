//! Objects by a descriptor that this program has inherited, as those that systemd passes to a service. What a descriptor refers
//! to is asked of the kernel, and what it is open for.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::model::{Address, Class, Facility, Fault, Locator};
use crate::sys::{file, inherited, mqueue};

/// An inherited descriptor, copied.
pub(super) struct Inherited {
    pub(super) file: OwnedFd,
    flags: OFlag,
    fd: u32,
}

impl Inherited {
    /// # Errors
    /// It is not open.
    pub(super) fn open(fd: u32) -> Result<Self, Fault> {
        let file = inherited::copy(fd).map_err(|error| match error.raw_os_error() {
            Some(libc::EBADF) => {
                let cause = format!("descriptor {fd} is not open, or was not inherited");
                Fault::new(Class::NotFound, cause)
            }
            _ => error.into(),
        })?;
        let flags = fcntl(&file, FcntlArg::F_GETFL).map_err(std::io::Error::from)?;
        Ok(Self { file, flags: OFlag::from_bits_retain(flags), fd })
    }

    /// Returns true if calls on it block. That belongs to the open file, which others share.
    pub(super) fn blocks(&self) -> bool {
        !self.flags.contains(OFlag::O_NONBLOCK)
    }

    pub(super) fn can_write(&self) -> bool {
        self.flags & OFlag::O_ACCMODE != OFlag::O_RDONLY
    }

    /// # Errors
    /// A usage error if it is open for the other direction alone.
    pub(super) fn check(&self, to_write: bool) -> Result<(), Fault> {
        let other =
            if to_write { (OFlag::O_RDONLY, "reading") } else { (OFlag::O_WRONLY, "writing") };
        if self.flags & OFlag::O_ACCMODE == other.0 {
            let cause = format!("descriptor {} is open for {} alone", self.fd, other.1);
            return Err(Fault::usage(cause));
        }
        Ok(())
    }

    /// Why it is not what is meant.
    pub(super) fn refusal(&self, meant: &str) -> Fault {
        let is = file::stat(&self.file).map_or("an unknown file", |stat| stat.file_type());
        let fd = self.fd;
        Fault::new(Class::NotFound, format!("descriptor {fd} is {is}, not {meant}"))
    }
}

/// Where the descriptors of this process are files: links, of which the last one is not followed.
const DESCRIPTORS: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// The path that stands for a descriptor of this process.
fn path_of(fd: u32) -> PathBuf {
    Path::new(DESCRIPTORS[0]).join(fd.to_string())
}

/// The descriptor of this process for which a path stands.
pub(super) fn in_path(path: &Path) -> Option<u32> {
    let parent = path.parent()?;
    let number = path.file_name()?.to_str()?;
    let is_one = DESCRIPTORS.iter().any(|one| parent == Path::new(one));
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_one && is_plain)
}

/// Keeps these descriptors from the commands that are started, as far as they are open.
pub fn keep(fds: std::ops::Range<u32>) {
    for fd in fds {
        let _ = inherited::copy(fd);
    }
}

/// The address of what an inherited descriptor refers to.
///
/// # Errors
/// It is not open, or neither a queue nor a pipe.
pub fn address(fd: u32) -> Result<Address, Fault> {
    let inherited = Inherited::open(fd)?;
    let is_pipe = file::stat(&inherited.file)?.is(libc::S_IFIFO);
    let (facility, locator) = if mqueue::attributes(inherited.file.as_fd()).is_ok() {
        (Facility::Mq, Locator::Own(fd))
    } else if is_pipe {
        (Facility::Fifo, Locator::Path(path_of(fd).into()))
    } else {
        return Err(inherited.refusal("a message queue or FIFO"));
    };
    Ok(Address { facility, locator })
}
