//! The peers: what a user would run instead of `ipcctl`, one constant a command.

use std::env;
use std::path::PathBuf;

use crate::objects::Population::{self, Segments};

/// What the output of a listing counts in.
#[derive(Clone, Copy)]
pub enum Shape {
    /// Whatever it prints.
    Any,
    /// One line an object.
    Lines,
    /// One such word an object.
    Words(&'static str),
}

/// Something a user would run instead.
pub struct Peer {
    /// What the table calls it.
    pub label: &'static str,
    /// Its name in PATH.
    pub program: &'static str,
    /// Its arguments; `{id}` and `{key}` stand for the object made last.
    pub arguments: &'static [&'static str],
    /// What it prints.
    pub shape: Shape,
    /// Another world than the row's.
    pub population: Option<Population>,
    /// What the measured time is multiplied by, for a peer that is known by its ratio to another.
    pub factor: f64,
}

const fn peer(
    label: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
) -> Peer {
    Peer { label, program, arguments, shape: Shape::Lines, population: None, factor: 1.0 }
}

pub const IPCS: Peer = Peer { shape: Shape::Any, ..peer("ipcs", "ipcs", &[]) };
pub const IPCS_M: Peer = peer("ipcs -m", "ipcs", &["-m"]);
pub const IPCS_Q: Peer = peer("ipcs -q", "ipcs", &["-q"]);
pub const IPCS_S: Peer = peer("ipcs -s", "ipcs", &["-s"]);
pub const IPCS_ID: Peer =
    Peer { shape: Shape::Any, ..peer("ipcs -m -i", "ipcs", &["-m", "-i", "{id}"]) };
pub const IPCS_M_C: Peer = peer("ipcs -m -c", "ipcs", &["-m", "-c"]);
pub const LSIPC_M: Peer = peer("lsipc -m", "lsipc", &["-m"]);
pub const LSIPC_RAW: Peer = peer("lsipc -m -r", "lsipc", &["-m", "-r"]);
pub const LSIPC_JSON: Peer =
    Peer { shape: Shape::Any, ..peer("lsipc -m -J", "lsipc", &["-m", "--json"]) };
pub const CAT: Peer = peer("cat", "cat", &["/proc/sysvipc/shm"]);
/// `lsipc` before 2.41 has no POSIX objects. 2.41 took 149 ms for 10,000 semaphores where `ls -l` took 48 ms, and its
/// master before 2.43 took 90 ms for as many memory objects where `ls -l` took 81, so `ls -l` in the same run stands for it.
pub const LSIPC_POSIX_SEM: Peer =
    Peer { factor: 149.0 / 48.0, ..peer("lsipc -S, as ls -l × 3.1", "ls", &["-l", "/dev/shm"]) };
pub const LSIPC_POSIX_SHM: Peer =
    Peer { factor: 90.0 / 81.0, ..peer("lsipc -M, as ls -l × 1.1", "ls", &["-l", "/dev/shm"]) };
pub const FUSER: Peer =
    Peer { shape: Shape::Any, ..peer("fuser", "fuser", &["/dev/shm/bench-00001"]) };
pub const LSOF: Peer =
    Peer { shape: Shape::Any, ..peer("lsof", "lsof", &["/dev/shm/bench-00001"]) };
/// Not a peer at all: the same question where there is little to look through.
pub const AMONG_10: Peer = Peer {
    label: "among 10",
    program: "ipcctl",
    shape: Shape::Any,
    population: Some(Segments(10)),
    ..IPCS
};

impl Peer {
    /// Where the tool is, if it is installed at all.
    pub fn installed(&self) -> Option<PathBuf> {
        env::split_paths(&env::var_os("PATH")?)
            .map(|directory| directory.join(self.program))
            .find(|path| path.is_file())
    }
}
pub const SS: Peer = Peer { shape: Shape::Any, ..peer("ss -xa", "ss", &["-xa"]) };
pub const SS_HOLDERS: Peer = Peer { shape: Shape::Any, ..peer("ss -xap", "ss", &["-xap"]) };
pub const LSOF_UNIX: Peer = Peer { shape: Shape::Any, ..peer("lsof -U", "lsof", &["-U"]) };
