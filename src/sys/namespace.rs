//! Which user namespaces have a say over a namespace: `ioctl_nsfs(2)`, `user_namespaces(7)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use super::{check, file};

/// `NS_GET_USERNS` and `NS_GET_PARENT` of the kernel's <linux/nsfs.h>.
const OWNER: libc::c_ulong = 0xb701;
const PARENT: libc::c_ulong = 0xb702;

fn ask(namespace: impl AsFd, request: libc::c_ulong) -> io::Result<OwnedFd> {
    // SAFETY: the requests take no argument, and answer with a descriptor.
    let found = check(unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), request as _) })?;
    // SAFETY: a fresh descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(found) })
}

/// The inodes of the user namespace that owns this namespace, and of those above it, as far as they can be seen.
///
/// # Errors
/// Those of `ioctl(2)`: EPERM where the owner is outside of our own user namespace.
///
/// [`ioctl_nsfs(2)`](https://man7.org/linux/man-pages/man2/ioctl_nsfs.2.html)
#[doc(alias = "ioctl")]
pub fn owners(namespace: impl AsFd) -> io::Result<Vec<u64>> {
    let mut one = ask(namespace, OWNER)?;
    let mut found = vec![file::stat(&one)?.inode];
    while let Ok(parent) = ask(&one, PARENT) {
        found.push(file::stat(&parent)?.inode);
        one = parent;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn our_own_user_namespace_or_one_above_it_owns_our_ipc_namespace() {
        let Ok(found) = owners(File::open("/proc/self/ns/ipc").unwrap()) else { return };
        let own = std::fs::metadata("/proc/self/ns/user").unwrap().ino();
        assert!(found.contains(&own), "{found:?}");
    }
}
