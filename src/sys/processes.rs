//! Walking the process file system: which processes there are, and what their descriptors are. `proc(5)`.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::file::{self, Stat};

/// Every process id below `proc`.
///
/// # Errors
/// When `proc` cannot be read at all.
pub fn pids(proc: &Path) -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir(proc)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// Hands each descriptor of a process to `each`: its number and what it is. Those closed meanwhile are left out.
///
/// # Errors
/// EACCES for the processes of others, ENOENT and ESRCH for one that has ended.
pub fn descriptors(proc: &Path, pid: i32, each: &mut dyn FnMut(i32, &Stat)) -> io::Result<()> {
    let path = proc.join(pid.to_string()).join("fd");
    let mut folder =
        Dir::open(&path, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let numbers: Vec<i32> =
        folder.iter().filter_map(|entry| number(entry.ok()?.file_name())).collect();
    let mut name = String::new();
    for number in numbers {
        name.clear();
        name.push_str(&number.to_string());
        name.push('\0');
        let Ok(name) = CStr::from_bytes_with_nul(name.as_bytes()) else { continue };
        if let Ok(stat) = file::stat_target(folder.as_fd(), name) {
            each(number, &stat);
        }
    }
    Ok(())
}

fn number(name: &CStr) -> Option<i32> {
    name.to_str().ok()?.parse().ok()
}
