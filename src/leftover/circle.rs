//! The processes that may open objects with the same rights, and that can reach them: drawn once for all of them. Knows no
//! rule.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use super::population::{Credentials, ProcessTable};
use super::portrait::{Portrait, ProgramSort};
use super::producers::Program;
use super::rights::OpenRights;
use crate::model::{Subject, Trace};
use crate::sys::processes::{Proc, is_gone};
use crate::sys::{mounts, namespace};

/// How an object is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// By its id, key or name in our IPC namespace.
    Namespace,
    /// Through any mount of the file system on this device.
    Device {
        /// Which.
        device: u64,
        /// It was made by a process of our pid namespace, so that no other can reach it.
        inside: bool,
    },
}

impl Reach {
    /// How holders with such a trace reach the object. `inside`: its file system was made by a process of our pid
    /// namespace.
    pub fn of(trace: Option<&Trace>, inside: bool) -> Self {
        match trace {
            Some(Trace { subject: Subject::File(file), holding, .. }) if !holding.namespaced => {
                Self::Device { device: file.device, inside }
            }
            _ => Self::Namespace,
        }
    }
}

/// Who may open an object.
pub struct Circle {
    /// Those who may open it and can reach it, the superuser's apart, where it is not his and he has no child of its owner.
    pub able: Vec<Rc<Portrait>>,
    /// The superuser's others.
    superusers: Vec<Rc<Portrait>>,
    /// There may be more.
    pub unseen: bool,
    /// The first who is accused, once somebody asked.
    pub accused: OnceCell<Option<usize>>,
    runners: RefCell<HashMap<*const Program, Option<(bool, usize)>>>,
}

/// The number that stands for all users and groups that have none in our user namespace.
const OVERFLOW: u32 = 65534;

impl Circle {
    /// Finds them among all processes.
    pub fn draw(
        around: &Surroundings,
        census: &ProcessTable,
        rights: &OpenRights,
        reach: Reach,
    ) -> Self {
        // Who has a child of the owner has given it something of his own.
        let parents: HashSet<i32> = match rights.is_superusers() {
            true => HashSet::new(),
            false => {
                let owners = census.processes.iter().filter(|process| rights.owns(process));
                owners.map(|process| process.parent).collect()
            }
        };
        let (mut able, mut superusers) = (Vec::new(), Vec::new());
        for process in &census.processes {
            let superuser = process.is_superuser()
                || census.foreign && process.users == [OVERFLOW; 4] && process.capabilities != 0;
            let admitted = rights.admit(process)
                || superuser && parents.contains(&process.pid)
                || !superuser && rights.is_in_reach_of(process) && around.counts(process, rights);
            if !admitted && !superuser {
                continue;
            }
            let portrait = around.portrait(process);
            if !around.reaches(process, reach) || portrait.sort() == ProgramSort::Kernel {
                continue;
            }
            if admitted { &mut able } else { &mut superusers }.push(portrait);
        }
        let strangers = || {
            let ids = [rights.users.0, rights.users.1, rights.groups.0, rights.groups.1];
            census.foreign && ids.contains(&OVERFLOW)
        };
        let unseen = census.unread || strangers() || census.narrow && !around.is_alone(reach);
        Self { able, superusers, unseen, accused: OnceCell::new(), runners: RefCell::default() }
    }

    /// One who runs a program, as its executable or what it has loaded shows.
    pub fn runner(&self, program: &'static Program) -> Option<&Rc<Portrait>> {
        let find = || {
            let runs = |one: &&Rc<Portrait>| match one.sort() {
                ProgramSort::Kernel | ProgramSort::Bystander | ProgramSort::Prompt => false,
                ProgramSort::Script | ProgramSort::Plain => one.runs(program),
            };
            // The superuser's many daemons are not meant, unless they have what they would open it with.
            let loaded = |one: &&Rc<Portrait>| {
                matches!(one.sort(), ProgramSort::Script | ProgramSort::Plain)
                    && one.has_loaded(program.modules)
            };
            let found = self.able.iter().position(|one| runs(&one));
            match found {
                Some(at) => Some((true, at)),
                None => Some((false, self.superusers.iter().position(|one| loaded(&one))?)),
            }
        };
        let mut runners = self.runners.borrow_mut();
        let found = *runners.entry(std::ptr::from_ref(program)).or_insert_with(find);
        found.and_then(|(able, at)| if able { self.able.get(at) } else { self.superusers.get(at) })
    }
}

/// Where processes are, and where we are.
pub struct Surroundings {
    alone: bool,
    proc: Option<Rc<Proc>>,
    portraits: RefCell<HashMap<i32, Rc<Portrait>>>,
    /// The devices of file systems that are mounted in mount namespaces; `None` where they could not be read.
    mounts: RefCell<HashMap<u64, Option<Rc<HashSet<u64>>>>>,
    /// Which processes reach what.
    reached: RefCell<HashMap<(i32, Reach), bool>>,
    ipc: OnceCell<Option<u64>>,
    /// The user namespaces that have a say over our IPC namespace; `None` where that is not told.
    owners: OnceCell<Option<Vec<u64>>>,
}

/// PROC_IPC_INIT_INO of the kernel.
const FIRST_IPC: u64 = 0xefff_ffff;
/// Of more mounts than have room in so many bytes any may be the one.
const MOUNTS: u64 = 1 << 20;
/// A list of users of a user namespace has at most 340 lines.
const MAP: u64 = 1 << 16;

impl Surroundings {
    /// Nothing has been looked at. `alone`: nothing outside of our pid namespace is expected to reach an object.
    pub fn new(proc: &Path, alone: bool) -> Self {
        Self {
            alone,
            proc: Proc::open(proc).ok().map(Rc::new),
            portraits: RefCell::default(),
            mounts: RefCell::default(),
            reached: RefCell::default(),
            ipc: OnceCell::new(),
            owners: OnceCell::new(),
        }
    }

    /// What one process is.
    pub fn portrait(&self, process: &Credentials) -> Rc<Portrait> {
        let mut portraits = self.portraits.borrow_mut();
        let new = || Rc::new(Portrait::new(self.proc.as_ref(), process));
        Rc::clone(portraits.entry(process.pid).or_insert_with(new))
    }

    fn ipc(&self) -> Option<u64> {
        let ask = || Some(self.proc.as_ref()?.stat(c"thread-self/ns/ipc").ok()?.inode);
        *self.ipc.get_or_init(ask)
    }

    /// Returns true if no process outside of what we see can reach such objects.
    fn is_alone(&self, reach: Reach) -> bool {
        if self.alone {
            return true;
        }
        // With all of the machine in sight but what is hidden, the hidden ones are there.
        if self.proc.as_ref().is_none_or(|proc| proc.is_of_machine()) {
            return false;
        }
        match reach {
            Reach::Namespace => self.ipc().is_some_and(|ours| ours != FIRST_IPC),
            Reach::Device { inside, .. } => inside,
        }
    }

    /// Returns true if this process can reach objects as `reach` says, or if that cannot be told.
    fn reaches(&self, process: &Credentials, reach: Reach) -> bool {
        let mut known = self.reached.borrow_mut();
        *known.entry((process.pid, reach)).or_insert_with(|| self.finds_a_way(process, reach))
    }

    fn finds_a_way(&self, process: &Credentials, reach: Reach) -> bool {
        let Some(proc) = &self.proc else { return true };
        let Ok(entry) = proc.process(process.pid) else { return false };
        match reach {
            Reach::Namespace => match (self.ipc(), entry.stat(c"ns/ipc")) {
                (Some(ours), Ok(theirs)) => ours == theirs.inode,
                _ => !(process.pid == 1 && proc.is_apart()),
            },
            Reach::Device { device, .. } => {
                // One that has ended has no mounts; one whose leader alone has ended runs on.
                let lives_on = || match entry.status() {
                    Ok(status) => !status.is_empty(),
                    Err(error) => !is_gone(&error),
                };
                let Ok(namespace) = entry.stat(c"ns/mnt") else { return lives_on() };
                let mut mounts = self.mounts.borrow_mut();
                if let Some(devices) = mounts.get(&namespace.inode) {
                    return devices.as_ref().is_none_or(|devices| devices.contains(&device));
                }
                let devices = match entry.read_whole(c"mountinfo", MOUNTS) {
                    Ok(text) => Some(mounts::lines(&text).map(|mount| mount.device).collect()),
                    // What it cannot tell any more another process of the namespace may.
                    Err(_) if !lives_on() => return false,
                    Err(_) => None,
                };
                let devices: Option<Rc<HashSet<u64>>> = devices.map(Rc::new);
                let is_reached = devices.as_ref().is_none_or(|devices| devices.contains(&device));
                mounts.insert(namespace.inode, devices);
                is_reached
            }
        }
    }

    /// Returns true if the capabilities of a process count for an object with these rights: for files it must have a number
    /// for its owner and group, for System V objects its user namespace must have a say over the IPC namespace.
    fn counts(&self, process: &Credentials, rights: &OpenRights) -> bool {
        let Some(proc) = &self.proc else { return true };
        let Ok(entry) = proc.process(process.pid) else { return false };
        let (Ok(theirs), Ok(ours)) = (entry.stat(c"ns/user"), proc.stat(c"thread-self/ns/user"))
        else {
            return true;
        };
        if theirs.inode == ours.inode {
            return true;
        }
        if rights.file {
            let knows = |name, number| {
                entry
                    .read_whole(name, MAP)
                    .map_or(true, |text| is_mapped(&String::from_utf8_lossy(&text), number))
            };
            return knows(c"uid_map", rights.users.0) && knows(c"gid_map", rights.groups.0);
        }
        let ask = || namespace::owners(proc.open_at(c"thread-self/ns/ipc").ok()?).ok();
        let owners = self.owners.get_or_init(ask);
        owners.as_ref().is_none_or(|owners| owners.contains(&theirs.inode))
    }
}

/// Returns true if a number is one of the outer numbers of a map: `0 100000 65536`.
fn is_mapped(map: &str, number: u32) -> bool {
    map.lines().any(|line| {
        let mut words = line.split_ascii_whitespace().skip(1).map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(count))) = (words.next(), words.next()) else { return false };
        (first..first.saturating_add(count)).contains(&number.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_is_reached_through_any_mount_of_its_file_system() {
        let text =
            b"22 1 254:0 / / rw - ext4 /dev/root rw\n36 35 0:47 / /dev/shm rw - tmpfs tmpfs rw\n";
        let found: HashSet<u64> = mounts::lines(text).map(|mount| mount.device).collect();
        assert!(found.contains(&libc::makedev(0, 47)) && found.contains(&libc::makedev(254, 0)));
        assert!(found.len() == 2);
    }

    #[test]
    fn a_user_has_a_number_inside_if_one_of_the_ranges_holds_him() {
        let map = "         0       1000          1\n         1     100000      65536\n";
        assert!(is_mapped(map, 1000) && is_mapped(map, 100_000) && is_mapped(map, 165_535));
        assert!(!is_mapped(map, 0) && !is_mapped(map, 1001) && !is_mapped(map, 165_536));
        assert!(is_mapped("0 0 4294967295", 0));
    }

    proptest! {
        #[test]
        fn any_text_is_a_map_or_none(text: String, number: u32) {
            let _ = is_mapped(&text, number);
        }
    }
}
