//! The rows of the endpoints: what is sent is received, so a side is a script that runs both ends at once.
//!
//! A script runs in `sh -e`, in `/dev/shm` of its world. `{ipcctl}` and `{bare}` stand for the program and for the
//! bench itself as one of the [`crate::loops`]. Whoever receives is told how much, or receives to the end, so that a side
//! that loses something fails or never ends.

use std::env;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::measure::{Contestant, Expect, side_by_side};
use crate::objects::Population;
use crate::report::{Goal, Line};
use crate::world::Worlds;

/// One line of the table before it is measured.
pub struct Transfer {
    /// What the table calls it, and what FILTER looks at.
    pub name: &'static str,
    ours: &'static str,
    floor: &'static str,
    /// Its label, the program that must be there, the script.
    peer: Option<(&'static str, &'static str, &'static str)>,
    goals: &'static [Goal],
}

/// Peak memory of whatever is sent: what is in `ipcctl` at any time is blocks of fixed size.
const CONSTANT: Goal = Goal::PeakMib(12.0);

/// Nobody is left behind by an end that fails; GNU sem keeps its files in the world, too.
const PROLOGUE: &str =
    "trap 'kill $! 2> /dev/null || :' EXIT; cd /dev/shm; export PARALLEL_HOME=/dev/shm/parallel;";

/// Every row, in the order of the table.
pub const TRANSFERS: &[Transfer] = &[
    Transfer {
        name: "1,000,000 messages, POSIX queue",
        ours: "{ipcctl} recv mq:/bench-queue --count 1000000 > /dev/null & {ipcctl} send mq:/bench-queue < lines; wait $!",
        floor: "{bare} mq-receive & {bare} mq-send; wait $!",
        peer: None,
        goals: &[Goal::PartOfFloor(0.8), CONSTANT],
    },
    Transfer {
        name: "1,000,000 messages, System V queue",
        ours: "{ipcctl} recv mq:0x1000001 --count 1000000 > /dev/null & {ipcctl} send mq:0x1000001 < lines; wait $!",
        floor: "{bare} msg-receive & {bare} msg-send; wait $!",
        peer: None,
        goals: &[Goal::PartOfFloor(0.8), CONSTANT],
    },
    Transfer {
        name: "8 GiB, FIFO, from a file",
        ours: "{ipcctl} recv fifo:./fifo > /dev/null & {ipcctl} send fifo:./fifo < stream; wait $!",
        floor: "{bare} splice < fifo > /dev/null & {bare} copy < stream > fifo; wait $!",
        peer: Some(("cat to cat", "cat", "cat fifo > /dev/null & cat stream > fifo; wait $!")),
        goals: &[Goal::PartOfFloor(0.9), Goal::TimesFaster(1.0), CONSTANT],
    },
    Transfer {
        name: "8 GiB, FIFO, from a pipe",
        ours: "{ipcctl} recv fifo:./fifo > /dev/null & cat stream | {ipcctl} send fifo:./fifo; wait $!",
        floor: "{bare} splice < fifo > /dev/null & cat stream | {bare} splice > fifo; wait $!",
        peer: Some((
            "cat to cat",
            "cat",
            "cat fifo > /dev/null & cat stream | cat > fifo; wait $!",
        )),
        goals: &[Goal::PartOfFloor(0.9), Goal::TimesFaster(1.0), CONSTANT],
    },
    Transfer {
        name: "write 4 GiB, POSIX memory",
        ours: "{ipcctl} write shm:/bench-memory --length 4G < /dev/zero",
        floor: "{bare} memory-write < /dev/zero",
        peer: Some((
            "dd",
            "dd",
            "dd if=/dev/zero of=bench-memory bs=128K count=32768 conv=notrunc status=none",
        )),
        goals: &[Goal::PartOfFloor(0.9), CONSTANT],
    },
    Transfer {
        name: "read 4 GiB, POSIX memory",
        ours: "{ipcctl} read shm:/bench-memory | cat > /dev/null",
        floor: "{bare} memory-read | cat > /dev/null",
        peer: Some(("cat", "cat", "cat bench-memory | cat > /dev/null")),
        goals: &[Goal::PartOfFloor(0.9), CONSTANT],
    },
    Transfer {
        name: "write 4 GiB, System V segment",
        ours: "{ipcctl} write shm:0x1000001 --length 4G < /dev/zero",
        floor: "{bare} segment-write < /dev/zero",
        peer: None,
        goals: &[Goal::PartOfFloor(0.9), CONSTANT],
    },
    Transfer {
        name: "read 4 GiB, System V segment",
        ours: "{ipcctl} read shm:0x1000001 | cat > /dev/null",
        floor: "{bare} segment-read | cat > /dev/null",
        peer: None,
        goals: &[Goal::PartOfFloor(0.9), CONSTANT],
    },
    Transfer {
        name: "lock and true",
        ours: "exec {ipcctl} lock sem:0x1000001 -- true",
        floor: "exec true",
        peer: Some(("flock lock true", "flock", "exec flock lock true")),
        goals: &[Goal::TimesFaster(1.0)],
    },
    Transfer {
        name: "lock and true (GNU sem)",
        ours: "exec {ipcctl} lock sem:0x1000001 -- true",
        floor: "exec true",
        peer: Some(("sem --fg true", "sem", "exec sem --fg true 2> /dev/null")),
        goals: &[Goal::TimesFaster(20.0)],
    },
];

impl Transfer {
    /// Runs the row's sides in turn.
    pub fn measure(&self, worlds: &mut Worlds) -> Result<Line> {
        let programs = (worlds.programs.ipcctl.clone(), worlds.programs.other.clone());
        let mut sides =
            vec![side(worlds, &programs.0, self.ours)?, side(worlds, &programs.0, self.floor)?];
        if let Some(other) = &programs.1 {
            sides.push(side(worlds, other, self.ours)?);
        }
        let peer = self.peer.filter(|(_, program, _)| installed(program).is_some());
        if let Some((_, _, script)) = peer {
            sides.push(side(worlds, &programs.0, script)?);
        }
        let mut medians = side_by_side(&sides)?.into_iter();
        let ours = medians.next().ok_or("nothing was measured")?;
        let floor = medians.next();
        let before = programs.1.and_then(|_| medians.next());
        Ok(Line {
            name: self.name,
            ours,
            before,
            floor,
            peer: self.peer.map(|(label, _, _)| (label, medians.next())),
            goals: self.goals,
        })
    }
}

fn side(worlds: &mut Worlds, ipcctl: &Path, script: &str) -> Result<Contestant> {
    let bench = env::current_exe()?;
    let bare = format!("{} floor", bench.to_str().ok_or("the bench has an odd path")?);
    let ipcctl = ipcctl.to_str().ok_or("the program has an odd path")?;
    let script = script.replace("{ipcctl}", ipcctl).replace("{bare}", &bare);
    Ok(Contestant {
        world: worlds.get(Population::Channels)?,
        program: "/bin/sh".into(),
        arguments: vec!["-ec".into(), format!("{PROLOGUE} {script}")],
        expect: Expect::Anything,
        before: None,
    })
}

fn installed(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
