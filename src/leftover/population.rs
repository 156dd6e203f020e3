//! Who lives: what `/proc/PID/status` says of every process, read once, for the question whether any is left that may
//! open an object again. Knows no object and no rule.

use std::cell::OnceCell;
use std::io;
use std::path::Path;

use crate::sys::processes::{Proc, Process, is_gone};

/// A process, and what it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Its number.
    pub pid: i32,
    /// That of its parent.
    pub parent: i32,
    /// That of the leader of its process group.
    pub group: i32,
    /// That of the leader of its session.
    pub session: i32,
    /// Real, effective, saved and file system user.
    pub users: [u32; 4],
    /// Real, effective, saved and file system group.
    pub groups: [u32; 4],
    /// Its further groups.
    pub more_groups: Vec<u32>,
    /// What it can do, or can allow itself to do, in its user namespace: bits of `capabilities(7)`.
    pub capabilities: u64,
    /// Its numbers in pid namespaces below, the innermost last.
    pub inner: Vec<i32>,
}

impl Credentials {
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
        // The outermost number is that of the process file system; 0 stands for one that it does not show.
        let outer =
            |name| field(name).and_then(|text| text.split_ascii_whitespace().next()?.parse().ok());
        let read = || {
            Some(Self {
                pid,
                parent: outer("PPid")?,
                group: outer("NSpgid").unwrap_or(0),
                session: outer("NSsid").unwrap_or(0),
                users: four("Uid")?,
                groups: four("Gid")?,
                more_groups: numbers(field("Groups")?)?,
                capabilities: u64::from_str_radix(field("CapPrm")?, 16).ok()?,
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
    /// In this user namespace, users of the machine without a number of their own all look the same.
    pub foreign: bool,
}

/// More than `/proc/PID/status` has, but for users of a thousand groups.
const LENGTH: usize = 16_384;

impl ProcessTable {
    /// The process of this number.
    pub fn find(&self, pid: i32) -> Option<&Credentials> {
        let at = self.processes.binary_search_by_key(&pid, |process| process.pid).ok()?;
        self.processes.get(at)
    }

    /// Reads all processes below `proc`, on all cores.
    pub fn read(proc: &Path) -> Self {
        let unseen = Self { unread: true, narrow: true, ..Self::default() };
        let Ok(proc) = Proc::open(proc) else { return unseen };
        let Ok(mut pids) = proc.pids() else { return unseen };
        let own = proc.own_pid();
        pids.retain(|pid| Some(*pid) != own);
        let narrow = !proc.shows_all();
        let mut all = Self { narrow, foreign: !knows_all_users(&proc), ..Self::default() };
        for (pid, read) in proc.each(&pids, credentials) {
            let read = match read {
                // What is read here everybody tells, also who does not answer otherwise.
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    proc.process(pid).and_then(|process| credentials(&process))
                }
                read => read,
            };
            match read {
                Ok(Some(Some(Ok(process)))) => all.processes.push(process),
                Ok(Some(None)) => {}
                Ok(None | Some(Some(Err(())))) => all.unread = true,
                Err(error) => all.unread |= !is_gone(&error),
            }
        }
        all.processes.sort_unstable_by_key(|process| process.pid);
        all
    }
}

/// What `status` says of a process. `None`: it is too long. `Some(None)`: the process has ended.
fn credentials(process: &Process) -> io::Result<Option<Option<Result<Credentials, ()>>>> {
    let mut buffer = [0; LENGTH];
    let text = process.read(c"status", &mut buffer)?;
    let parse = || Credentials::parse(process.pid, &String::from_utf8_lossy(text));
    Ok((text.len() < LENGTH).then(parse))
}

/// Returns true if users here are the users of the machine. In a user namespace those without a number of their own all look the same.
fn knows_all_users(proc: &Proc) -> bool {
    /// PROC_USER_INIT_INO of the kernel.
    const FIRST: u64 = 0xefff_fffd;
    proc.stat(c"self/ns/user").is_ok_and(|stat| stat.inode == FIRST)
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

/// For `fuzz/`: the text of `/proc/PID/status`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(Ok(process)) = Credentials::parse(1, &text) {
        let _ = process.is_superuser();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Name:\tx y\nState:\tS (sleeping)\nPPid:\t70\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nNSpid:\t77\t3\nNSpgid:\t76\t2\nNSsid:\t75\t1\nThreads:\t1\nCapPrm:\t0000000000008002\n";

    #[test]
    fn a_status_is_read_with_its_family_and_its_capabilities() {
        let process = Credentials::parse(77, TEXT).unwrap().unwrap();
        assert_eq!((process.parent, process.group, process.session), (70, 76, 75));
        assert_eq!((process.users, process.groups), ([1, 2, 3, 4], [5, 6, 7, 8]));
        assert_eq!((process.more_groups, process.inner), (vec![9, 10], vec![3]));
        assert_eq!(process.capabilities, 1 << 15 | 1 << 1);
    }

    #[test]
    fn a_zombie_lives_no_longer_unless_it_has_threads() {
        let zombie = TEXT.replace("S (sleeping)", "Z (zombie)");
        assert!(Credentials::parse(77, &zombie).is_none());
        assert!(Credentials::parse(77, &zombie.replace("Threads:\t1", "Threads:\t2")).is_some());
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
