//! What was moved out of the way and cannot be removed goes back, and nothing piles up.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use super::attacks::runs;
use super::failing;
use crate::env::TestEnv;

crate::cases![
    a_link_in_a_quarantine_whose_name_is_taken_is_told_with_its_reason;
    Strace: what_cannot_be_removed_is_back_under_its_name,
    a_quarantine_that_cannot_be_locked_is_removed_again,
    a_kernel_without_renameat2_is_named_as_the_cause
];

const REMOVE: [&str; 3] = ["rm", "--unused", "shm:/left"];

fn make() {
    fs::write("/dev/shm/left", b"content").unwrap();
}

/// Each of these errors once, or as many times as `IPCCTL_ATTACKS` says.
fn each(errors: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    errors.iter().copied().cycle().take(runs(errors.len()))
}

/// Names in `/dev/shm`.
fn names() -> Vec<String> {
    let names = fs::read_dir("/dev/shm").unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Marks a directory as a run does that is interrupted.
pub fn mark(quarantine: &Path) {
    let inode = fs::metadata(quarantine).unwrap().ino();
    let link = quarantine.join(quarantine.file_name().unwrap());
    symlink(format!("ipcctl quarantine {inode}"), link).unwrap();
}

fn what_cannot_be_removed_is_back_under_its_name() {
    let env = TestEnv::new();
    for errno in each(&["EBUSY", "EPERM", "EIO"]) {
        make();
        let run = failing(&env, &format!("unlinkat:error={errno}:when=1"), &REMOVE).run();
        run.code(1 + 3 * i32::from(errno == "EPERM"));
        assert_eq!(names(), ["left"], "{errno}");
        assert_eq!(fs::read("/dev/shm/left").unwrap(), b"content");
    }
}

fn a_quarantine_that_cannot_be_locked_is_removed_again() {
    let env = TestEnv::new();
    for errno in each(&["ENOLCK", "ENOSYS", "EWOULDBLOCK"]) {
        make();
        let run = failing(&env, &format!("flock:error={errno}"), &REMOVE).run();
        assert_ne!(run.any_code(&[1, 5]).0, 0);
        assert_eq!(names(), ["left"], "{errno}");
    }
}

fn a_kernel_without_renameat2_is_named_as_the_cause() {
    let env = TestEnv::new();
    for errno in ["ENOSYS", "EINVAL"] {
        make();
        let run = failing(&env, &format!("renameat2:error={errno}"), &REMOVE).run();
        run.code(1).says("renameat2");
        assert_eq!(names(), ["left"], "{errno}");
    }
}

fn a_link_in_a_quarantine_whose_name_is_taken_is_told_with_its_reason() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::new();
    make();
    let quarantine = Path::new("/dev/shm/.ipcctl-0123456789abcdef");
    fs::create_dir(quarantine).unwrap();
    fs::set_permissions(quarantine, fs::Permissions::from_mode(0o700)).unwrap();
    symlink("/etc/passwd", quarantine.join("left")).unwrap();
    mark(quarantine);
    let run = env.run(["clean", "--yes", "--grace", "0"]);
    let (_, output) = run.any_code(&[0, 1]);
    output.says("it is a symbolic link").says_not("a process holds it");
    assert!(quarantine.join("left").is_symlink());
}
