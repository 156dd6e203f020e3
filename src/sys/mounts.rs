//! Which file system a device is, and whether a look into it can wait for somebody: `proc_pid_mountinfo(5)`.

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
/// `36 35 0:47 / /dev/shm rw,nosuid shared:3 - tmpfs tmpfs rw`.
pub fn is_local(mountinfo: &[u8], device: u64) -> bool {
    let wanted = format!("{}:{}", libc::major(device), libc::minor(device));
    mountinfo.split(|&byte| byte == b'\n').any(|line| {
        let mut words = line.split(|&byte| byte == b' ');
        if words.nth(2) != Some(wanted.as_bytes()) {
            return false;
        }
        let mut words = words.skip_while(|word| *word != b"-");
        words.nth(1).is_some_and(|kind| LOCAL.contains(&kind))
    })
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

    proptest! {
        #[test]
        fn any_text_ends(text: Vec<u8>, device: u64) {
            is_local(&text, device);
        }
    }
}
