//! The mounts of a process, which file system a device is, and whether a look into it can wait for somebody:
//! `proc_pid_mountinfo(5)`.

/// A line of `mountinfo`: `36 35 0:47 / /dev/shm rw,nosuid shared:3 - tmpfs tmpfs rw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mount<'t> {
    /// The device of its file system.
    pub device: u64,
    /// The sort of file system: `tmpfs`.
    pub kind: &'t [u8],
    /// Options of the file system, with commas between them; white space and the like as a backslash and three octal digits.
    pub options: &'t [u8],
}

/// The mounts in the text of `mountinfo`. Lines that are none are left out.
pub fn lines(mountinfo: &[u8]) -> impl Iterator<Item = Mount<'_>> {
    mountinfo.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut words = line.split(|&byte| byte == b' ');
        let (major, minor) = std::str::from_utf8(words.nth(2)?).ok()?.split_once(':')?;
        let device = libc::makedev(major.parse().ok()?, minor.parse().ok()?);
        let mut words = words.skip_while(|word| *word != b"-").skip(1);
        let (kind, _source) = (words.next()?, words.next()?);
        Some(Mount { device, kind, options: words.next().unwrap_or_default() })
    })
}

/// File systems that answer by themselves: those in memory, and those on disks.
const LOCAL: [&[u8]; 24] = [
    b"tmpfs",
    b"devtmpfs",
    b"ramfs",
    b"rootfs",
    b"hugetlbfs",
    b"mqueue",
    b"proc",
    b"sysfs",
    b"ext2",
    b"ext3",
    b"ext4",
    b"xfs",
    b"btrfs",
    b"f2fs",
    b"zfs",
    b"bcachefs",
    b"jfs",
    b"vfat",
    b"exfat",
    b"ntfs3",
    b"overlay",
    b"squashfs",
    b"erofs",
    b"iso9660",
];

/// Returns true if the text of `mountinfo` has a file system on this device that answers by itself.
pub fn is_local(mountinfo: &[u8], device: u64) -> bool {
    lines(mountinfo).any(|mount| mount.device == device && LOCAL.contains(&mount.kind))
}

/// Returns true if the file system on this device is mounted here and answers by itself.
pub fn is_local_here(device: u64) -> bool {
    std::fs::read("/proc/self/mountinfo").is_ok_and(|text| is_local(&text, device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_system_is_told_by_the_word_after_the_dash() {
        let text = b"36 35 0:47 / /dev/shm rw,nosuid shared:3 - tmpfs tmpfs rw\n\
                     37 35 0:48 / /mnt rw - fuse.sshfs host: rw\n38 35 8:1 / /m rw - fuseblk /dev/sda1 rw\n";
        assert!(is_local(text, libc::makedev(0, 47)));
        for other in [libc::makedev(0, 48), libc::makedev(8, 1), libc::makedev(0, 4)] {
            assert!(!is_local(text, other));
        }
        let shm = std::fs::metadata("/dev/shm").unwrap();
        assert!(is_local_here(std::os::unix::fs::MetadataExt::dev(&shm)));
    }

    #[test]
    fn a_line_is_a_mount_and_anything_else_is_none() {
        let text = b"36 35 0:47 / /merged rw shared:3 - overlay none rw,upperdir=/a\\040b\n\n36 35 x / /m - tmpfs tmpfs rw\n";
        let found: Vec<_> = lines(text).collect();
        let device = libc::makedev(0, 47);
        assert_eq!(found, [Mount { device, kind: b"overlay", options: b"rw,upperdir=/a\\040b" }]);
    }

    proptest! {
        #[test]
        fn any_text_ends(text: Vec<u8>, device: u64) {
            is_local(&text, device);
        }
    }
}
