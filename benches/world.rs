//! The isolated places objects are measured in: namespaces (IPC, mount, network) for each population, made when a row
//! first asks for it and kept to the end, so that no teardown of one runs under the measurement of another.
//!
//! Several worlds at a time are what lets "among 10" and "among 32,000" run side by side. Nothing here knows what is
//! measured.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::rc::Rc;

use crate::Result;
use crate::objects::Population;
use crate::programs::Programs;

/// One IPC and one network namespace with their own `/dev/shm`, and what was made in it.
pub struct World {
    ipc: File,
    mount: File,
    network: File,
    /// The System V id of the object made last (0 where there is none).
    pub last_id: u32,
}

/// All worlds by what is in them. A population that could not be made keeps its reason.
pub struct Worlds {
    /// What is measured in them.
    pub programs: Programs,
    base: World,
    made: BTreeMap<Population, std::result::Result<Rc<World>, String>>,
}

impl World {
    /// The namespaces this process is in now.
    fn current() -> io::Result<World> {
        Ok(World {
            ipc: File::open("/proc/self/ns/ipc")?,
            mount: File::open("/proc/self/ns/mnt")?,
            network: File::open("/proc/self/ns/net")?,
            last_id: 0,
        })
    }

    /// Moves this process, and so every child it starts, into this world.
    pub fn enter(&self) -> io::Result<()> {
        for (file, kind) in [
            (&self.ipc, libc::CLONE_NEWIPC),
            (&self.mount, libc::CLONE_NEWNS),
            (&self.network, libc::CLONE_NEWNET),
        ] {
            // SAFETY: setns takes an open descriptor and a flag, and touches no memory of ours.
            check(unsafe { libc::setns(file.as_raw_fd(), kind) })?;
        }
        Ok(())
    }
}

impl Worlds {
    /// Leaves the machine's namespaces for good. Must run before any thread starts.
    pub fn enter(programs: Programs) -> Result<Worlds> {
        isolate().map_err(|error| format!("cannot move into namespaces of its own: {error} (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)"))?;
        own_file_systems()?;
        Ok(Worlds { programs, base: World::current()?, made: BTreeMap::new() })
    }

    /// The world that holds `population`, made on first use.
    pub fn get(&mut self, population: Population) -> Result<Rc<World>> {
        if !self.made.contains_key(&population) {
            let world = self.make(population).map(Rc::new).map_err(|error| error.to_string());
            self.made.insert(population, world);
        }
        match self.made.get(&population) {
            Some(Ok(world)) => Ok(Rc::clone(world)),
            Some(Err(error)) => Err(error.clone().into()),
            None => Err("no such world".into()),
        }
    }

    fn make(&self, population: Population) -> Result<World> {
        self.base.enter()?;
        unshare(NEW)?;
        own_file_systems()?;
        let mut world = World::current()?;
        // A child makes the objects and ends: their creator is gone, which is the cheaper case for tools that read
        // the creator's command line, and its memory does not count into what the children of this process report.
        let maker = Command::new(std::env::current_exe()?)
            .args(["make", &population.to_string()])
            .output()?;
        if !maker.status.success() {
            return Err(String::from_utf8_lossy(&maker.stderr)
                .trim()
                .trim_start_matches("bench: ")
                .into());
        }
        world.last_id = String::from_utf8_lossy(&maker.stdout).trim().parse()?;
        Ok(world)
    }
}

/// The namespaces that every world has of its own.
const NEW: libc::c_int = libc::CLONE_NEWIPC | libc::CLONE_NEWNS | libc::CLONE_NEWNET;

/// Moves into them, in a new user namespace where that is what it takes.
fn isolate() -> io::Result<()> {
    // SAFETY: both calls only read an id of this process.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if unshare(NEW).is_err() {
        unshare(NEW | libc::CLONE_NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    }
    // Nothing mounted from here on may travel back to the machine.
    mount(c"none", c"/", libc::MS_REC | libc::MS_PRIVATE)
}

/// An empty `/dev/shm`, and the queues of the current IPC namespace where there is a place to mount them.
fn own_file_systems() -> io::Result<()> {
    mount(c"tmpfs", c"/dev/shm", libc::MS_NOSUID | libc::MS_NODEV)?;
    if fs::exists("/dev/mqueue")? {
        mount(c"mqueue", c"/dev/mqueue", libc::MS_NOSUID | libc::MS_NODEV)?;
    }
    Ok(())
}

fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: unshare takes flags alone; no other thread exists whose state could split from ours.
    check(unsafe { libc::unshare(flags) })
}

fn mount(what: &CStr, target: &CStr, flags: libc::c_ulong) -> io::Result<()> {
    // SAFETY: all pointers are NUL-terminated strings that outlive the call, and null data means no options.
    check(unsafe {
        libc::mount(what.as_ptr(), target.as_ptr(), what.as_ptr(), flags, std::ptr::null())
    })
}

fn check(status: libc::c_int) -> io::Result<()> {
    if status == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
