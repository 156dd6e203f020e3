//! Who lives: the users and groups of every process, read once, for the question whether anybody is left who may open
//! an object again. Knows no object and no rule.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Subject, Trace};
use crate::sys::processes::{Proc, is_gone};
use crate::sys::threads;

/// A process, and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Its number.
    pub pid: i32,
    /// Real, effective, saved and file system user.
    pub users: [u32; 4],
    /// Real, effective, saved and file system group.
    pub groups: [u32; 4],
    /// Its further groups.
    pub more_groups: Vec<u32>,
    /// Its numbers in pid namespaces below, the innermost last.
    pub inner: Vec<i32>,
}

/// Who may open an object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenRights {
    /// Owner and creator.
    pub users: (u32, u32),
    /// Their groups.
    pub groups: (u32, u32),
    /// Permission bits.
    pub mode: u32,
}

impl Credentials {
    /// Returns true if it may open an object with these rights. The superuser always may, and is not meant.
    pub fn may_open(&self, access: &OpenRights) -> bool {
        let has_user = |user| self.users.contains(&user);
        let in_group = |group| self.groups.contains(&group) || self.more_groups.contains(&group);
        has_user(access.users.0)
            || has_user(access.users.1)
            || access.mode & 0o070 != 0 && (in_group(access.groups.0) || in_group(access.groups.1))
            || access.mode & 0o007 != 0
    }

    /// Returns true if any of its user ids is 0.
    pub fn is_superuser(&self) -> bool {
        self.users.contains(&0)
    }

    /// Reads `/proc/PID/status`. `None` for a process that has ended, a zombie among them.
    fn parse(pid: i32, text: &str) -> Option<Result<Self, ()>> {
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        if field("State")?.starts_with('Z')
            && field("Threads").is_none_or(|count| count == "1" || count == "0")
        {
            return None;
        }
        let four = |name| {
            let numbers: Vec<u32> = numbers(field(name)?)?;
            numbers.try_into().ok()
        };
        let read = || {
            Some(Self {
                pid,
                users: four("Uid")?,
                groups: four("Gid")?,
                more_groups: numbers(field("Groups")?)?,
                inner: numbers(field("NSpid").unwrap_or_default())?.into_iter().skip(1).collect(),
            })
        };
        Some(read().ok_or(()))
    }
}

fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
}

/// Every process but our own.
#[derive(Debug, Default)]
pub struct ProcessTable {
    /// Those that could be read.
    pub processes: Vec<Credentials>,
    /// Some could not be read.
    pub unread: bool,
    /// There may be others that cannot be seen at all.
    pub narrow: bool,
}

/// More than `/proc/PID/status` has, but for users of a thousand groups.
const LENGTH: usize = 16_384;
/// So many processes a thread takes at once.
const SHARE: usize = 64;

impl ProcessTable {
    /// Reads all processes below `proc`, on all cores.
    pub fn read(proc: &Path) -> Self {
        let unseen = Self { processes: Vec::new(), unread: true, narrow: true };
        let Ok(proc) = Proc::open(proc) else { return unseen };
        let Ok(mut pids) = proc.pids() else { return unseen };
        let own = proc.own_pid();
        pids.retain(|pid| Some(*pid) != own);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut part = Self::default();
            while let Some(rest) = pids.get(next.fetch_add(SHARE, Ordering::Relaxed)..)
                && !rest.is_empty()
            {
                part.add(&proc, &rest[..rest.len().min(SHARE)]);
            }
            part
        };
        let lost = || Self { unread: true, ..Self::default() };
        let more = threads::others().min(pids.len() / SHARE);
        let parts = threads::share(more, work).into_iter().map(|part| part.unwrap_or_else(lost));
        let narrow = !proc.shows_all() || !knows_all_users(&proc);
        let all = Self { narrow, ..Self::default() };
        parts.fold(all, |mut all, part| {
            all.processes.extend(part.processes);
            all.unread |= part.unread;
            all
        })
    }

    fn add(&mut self, proc: &Proc, pids: &[i32]) {
        let mut buffer = [0; LENGTH];
        for &pid in pids {
            let read = proc.process(pid).and_then(|process| {
                let text = process.read(c"status", &mut buffer)?;
                Ok((text.len() < LENGTH)
                    .then(|| Credentials::parse(pid, &String::from_utf8_lossy(text))))
            });
            match read {
                Ok(Some(Some(Ok(process)))) => self.processes.push(process),
                Ok(Some(None)) => {}
                Ok(None | Some(Some(Err(())))) => self.unread = true,
                Err(error) => self.unread |= !is_gone(&error),
            }
        }
    }
}

/// Returns true if users here are the users of the machine. In a user namespace those without a number of their own all look the same.
fn knows_all_users(proc: &Proc) -> bool {
    /// PROC_USER_INIT_INO of the kernel.
    const FIRST: u64 = 0xefff_fffd;
    proc.stat(c"self/ns/user").is_ok_and(|stat| stat.inode == FIRST)
}

/// How an object is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// By its id, key or name in our IPC namespace.
    Namespace,
    /// Through any mount of the file system on this device.
    Device(u64),
}

impl Reach {
    /// How holders with such a trace reach the object.
    pub fn of(trace: Option<&Trace>) -> Self {
        match trace {
            Some(Trace { subject: Subject::File(file), holding, .. }) if !holding.namespaced => {
                Self::Device(file.device)
            }
            _ => Self::Namespace,
        }
    }
}

/// Where our own process is.
pub struct Locality {
    proc: Proc,
    ipc: Option<u64>,
}

impl ProcessTable {
    /// Where our own process is, to compare others with; `None` when that cannot be told.
    pub fn ground(&self, proc: &Path) -> Option<Locality> {
        let proc = Proc::open(proc).ok()?;
        let ipc = proc.stat(c"thread-self/ns/ipc").ok().map(|stat| stat.inode);
        Some(Locality { proc, ipc })
    }
}

impl Locality {
    /// Returns true if this process can reach objects as `reach` says, or if that cannot be told.
    pub fn reaches(&self, pid: i32, reach: Reach) -> bool {
        let Ok(process) = self.proc.process(pid) else { return false };
        match reach {
            Reach::Namespace => match (self.ipc, process.stat(c"ns/ipc")) {
                (Some(ours), Ok(theirs)) => ours == theirs.inode,
                _ => !(pid == 1 && self.proc.is_apart()),
            },
            Reach::Device(device) => {
                let mut text = Vec::new();
                // The kernel hands it over in pieces.
                let read = process
                    .open(c"mountinfo")
                    .and_then(|file| File::from(file).take(MOUNTS).read_to_end(&mut text));
                match read {
                    Ok(length) if (length as u64) < MOUNTS => {
                        mounts(&String::from_utf8_lossy(&text), device)
                    }
                    _ => true,
                }
            }
        }
    }
}

/// Of more mounts than have room in so many bytes any may be the one.
const MOUNTS: u64 = 1 << 20;

/// Returns true if the file system on this device is mounted. `36 35 0:47 / /dev/shm rw,nosuid - tmpfs tmpfs rw`.
fn mounts(mountinfo: &str, device: u64) -> bool {
    let wanted = format!("{}:{}", libc::major(device), libc::minor(device));
    mountinfo.lines().any(|line| line.split(' ').nth(2) == Some(wanted.as_str()))
}

/// The population, read when somebody first asks.
#[derive(Default)]
pub struct LazyProcessTable(OnceCell<ProcessTable>);

impl LazyProcessTable {
    /// All processes, as they were when first asked.
    pub fn get(&self, proc: &Path) -> &ProcessTable {
        self.0.get_or_init(|| ProcessTable::read(proc))
    }
}

/// For `fuzz/`: the text of `/proc/PID/status`, and of `/proc/PID/mountinfo`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(Ok(process)) = Credentials::parse(1, &text) {
        let _ = process.is_superuser();
    }
    for device in [0, libc::makedev(0, 47), u64::MAX] {
        mounts(&text, device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Name:\tx y\nState:\tS (sleeping)\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nNSpid:\t77\t3\nThreads:\t1\n";

    fn process() -> Credentials {
        Credentials::parse(77, TEXT).unwrap().unwrap()
    }

    fn access(user: u32, group: u32, mode: u32) -> OpenRights {
        OpenRights { users: (user, user), groups: (group, group), mode }
    }

    #[test]
    fn any_of_its_users_and_groups_may_open_an_object() {
        for user in 1..=4 {
            assert!(process().may_open(&access(user, 99, 0o600)), "{user}");
        }
        for group in 5..=10 {
            assert!(process().may_open(&access(99, group, 0o660)), "{group}");
            assert!(!process().may_open(&access(99, group, 0o600)), "{group}");
        }
        assert!(process().may_open(&access(99, 99, 0o604)));
        assert!(!process().may_open(&access(99, 99, 0o670)));
        let made_by_another = OpenRights { users: (99, 2), groups: (99, 99), mode: 0o600 };
        assert!(process().may_open(&made_by_another), "its creator may");
    }

    #[test]
    fn a_zombie_lives_no_longer_unless_it_has_threads() {
        let zombie = TEXT.replace("S (sleeping)", "Z (zombie)");
        assert!(Credentials::parse(77, &zombie).is_none());
        assert!(Credentials::parse(77, &zombie.replace("Threads:\t1", "Threads:\t2")).is_some());
        assert_eq!(process().inner, [3]);
    }

    #[test]
    fn a_file_is_reached_through_any_mount_of_its_file_system() {
        let text =
            "22 1 254:0 / / rw - ext4 /dev/root rw\n36 35 0:47 / /dev/shm rw - tmpfs tmpfs rw\n";
        assert!(mounts(text, libc::makedev(0, 47)) && mounts(text, libc::makedev(254, 0)));
        assert!(!mounts(text, libc::makedev(0, 4)) && !mounts("", 0));
    }

    #[test]
    fn what_cannot_be_understood_is_counted_as_unread() {
        assert_eq!(Credentials::parse(1, "State:\tS\nUid:\t1\n"), Some(Err(())));
    }

    proptest! {
        #[test]
        fn any_status_is_a_process_or_none(text: String) {
            let _ = Credentials::parse(1, &text);
        }
    }
}
