//! The rows of the table: what is run where, against which floor and which peer, and what it has to reach.
//!
//! A row is a line of [`ROWS`]; this file is the only one that knows tools and goals.

use std::env;
use std::path::Path;

use crate::Result;
use crate::measure::{Contestant, Expect, Medians, side_by_side};
use crate::objects::{
    self,
    Population::{
        self, Crowded, Ends, Leftovers, Memory, Processes, Queues, Segments, Semaphores, Sets,
        SparseSegments,
    },
};
use crate::peers::{self, Peer, Shape};
use crate::report::{Goal, Line};
use crate::world::Worlds;
use Shape::{Any, Lines};

/// "No slower" and "as fast as" leave this much to chance.
pub const NOISE: f64 = 1.1;

/// One line of the table before it is measured.
pub struct Row {
    /// What the table calls it, and what FILTER looks at.
    pub name: &'static str,
    population: Population,
    arguments: &'static [&'static str],
    shape: Shape,
    floor: Option<&'static str>,
    peer: Option<&'static Peer>,
    goals: &'static [Goal],
}

const EMPTY: Population = Segments(0);
const FEW: Population = Segments(1_000);
const MANY: Population = Segments(32_000);
const JSON: Shape = Shape::Words("\"address\"");

const fn row(
    name: &'static str,
    population: Population,
    arguments: &'static [&'static str],
    shape: Shape,
) -> Row {
    Row { name, population, arguments, shape, floor: None, peer: None, goals: &[] }
}

impl Row {
    const fn floor(self, name: &'static str) -> Row {
        Row { floor: Some(name), ..self }
    }

    const fn peer(self, peer: &'static Peer) -> Row {
        Row { peer: Some(peer), ..self }
    }

    const fn goals(self, goals: &'static [Goal]) -> Row {
        Row { goals, ..self }
    }
}

/// As many as a busy machine runs.
const BUSY: Population = Processes(objects::CROWD);
const ENDS: Population = Ends(objects::CROWD);

/// What the peers tell of objects, too. States and holders, which none of them knows, are rows of their own.
const FACTS: &str = "address,key,owner,mode,size,content,age";
const JSON_FACTS: &str = "address,key,owner,mode,size,attached,creator-pid,last-pid,changed";

const SYSV: &[&str] = &["list", "shm", "mq", "sem", "--family", "sysv"];
const LIST: &[&str] = &["list", "shm", "-o", FACTS];
const LIST_ALL: &[&str] = &["list", "shm"];
const LIST_JSON: &[&str] = &["list", "shm", "--json", "-o", JSON_FACTS];
const JSON_ALL: &[&str] = &["list", "shm", "--json"];
const LIST_PLAIN: &[&str] = &["list", "shm", "--format", "plain", "-o", FACTS];
const BY_ID: &[&str] = &["show", "shm:{id}"];
const BY_KEY: &[&str] = &["show", "shm:{key}"];
const LIST_MQ: &[&str] = &["list", "mq", "--family", "sysv", "-o", FACTS];
const LIST_SEM: &[&str] = &["list", "sem", "--family", "sysv", "-o", FACTS];
const LIST_POSIX_SHM: &[&str] = &["list", "shm", "--family", "posix", "-o", FACTS];
const LIST_POSIX_SEM: &[&str] = &["list", "sem", "--family", "posix", "-o", FACTS];

/// What `ss` tells of a socket.
const SOCKETS: &[&str] = &["list", "sock", "--all", "-o", "address,type,status,queue,peer"];
const SOCKETS_HOLDERS: &[&str] =
    &["list", "sock", "--all", "-o", "address,type,status,queue,peer,used-by"];
const PIPES: &[&str] = &["list", "pipe", "-o", "address,queued,readers,writers"];

const STATES: &[&str] =
    &["list", "shm", "--family", "posix", "--grace", "0", "-o", "address,state"];
const CLEAN: &[&str] = &["clean", "shm", "--family", "posix", "--grace", "0", "--suspect", "--yes"];
const USERS: &[&str] = &["show", "shm:/bench-00001", "-o", "used-by"];

/// Every row, in the order of the table.
pub const ROWS: &[Row] = &[
    row("whole program, no objects", EMPTY, &["list", "shm", "mq", "sem"], Any)
        .floor("start")
        .peer(&peers::IPCS)
        .goals(&[Goal::TimesPeer(1.3)]),
    row("System V alone, no objects", EMPTY, SYSV, Any)
        .floor("start")
        .peer(&peers::IPCS)
        .goals(&[Goal::TimesPeer(1.05)]),
    row("list, no segments", EMPTY, LIST, Lines).floor("segments").peer(&peers::IPCS_M),
    row("list, 1,000 segments", FEW, LIST, Lines).floor("segments").peer(&peers::IPCS_M),
    row("list, 32,000 segments", MANY, LIST, Lines)
        .floor("segments")
        .peer(&peers::IPCS_M)
        .goals(&[Goal::TimesFaster(8.0), Goal::TimesFloor(1.4), Goal::PeakMib(12.0)]),
    row("list, 32,000 segments (lsipc)", MANY, LIST, Lines)
        .floor("segments")
        .peer(&peers::LSIPC_M)
        .goals(&[Goal::TimesFaster(8.0)]),
    row("list with states and holders, 32,000 segments", MANY, LIST_ALL, Lines)
        .floor("segments")
        .peer(&peers::IPCS_M)
        .goals(&[Goal::PeakMib(12.0)]),
    row("json, no segments", EMPTY, LIST_JSON, JSON).floor("segments").peer(&peers::LSIPC_JSON),
    row("json, 1,000 segments", FEW, LIST_JSON, JSON).floor("segments").peer(&peers::LSIPC_JSON),
    row("json, 32,000 segments", MANY, LIST_JSON, JSON)
        .floor("segments")
        .peer(&peers::LSIPC_JSON)
        .goals(&[Goal::TimesFaster(8.0), Goal::TimesFloor(1.25)]),
    row("json with states and holders, 32,000 segments", MANY, JSON_ALL, JSON)
        .floor("segments")
        .peer(&peers::LSIPC_JSON),
    row("plain, no segments", EMPTY, LIST_PLAIN, Lines).floor("segments").peer(&peers::LSIPC_RAW),
    row("plain, 1,000 segments", FEW, LIST_PLAIN, Lines).floor("segments").peer(&peers::LSIPC_RAW),
    row("plain, 32,000 segments", MANY, LIST_PLAIN, Lines)
        .floor("segments")
        .peer(&peers::LSIPC_RAW)
        .goals(&[Goal::TimesFloor(1.25)]),
    row("list, 999 segments left of 32,000", SparseSegments(32_000), LIST, Lines)
        .floor("segments-proc")
        .peer(&peers::CAT)
        .goals(&[Goal::TimesFloor(1.4)]),
    row("ipcctl ipcs -m, 32,000 segments", MANY, &["ipcs", "-m"], Lines)
        .floor("segments")
        .peer(&peers::IPCS_M)
        .goals(&[Goal::TimesFaster(8.0)]),
    row("ipcctl ipcs -m -c, 32,000 segments", MANY, &["ipcs", "-m", "-c"], Lines)
        .floor("segments")
        .peer(&peers::IPCS_M_C)
        .goals(&[Goal::TimesFaster(8.0)]),
    row("ipcctl lsipc -m, 32,000 segments", MANY, &["lsipc", "-m"], Lines)
        .floor("segments")
        .peer(&peers::LSIPC_M)
        .goals(&[Goal::TimesFaster(8.0), Goal::TimesFloor(1.6)]),
    row(
        "ipcctl lsipc -m -J, 32,000 segments",
        MANY,
        &["lsipc", "-m", "-J"],
        Shape::Words("\"key\""),
    )
    .floor("segments")
    .peer(&peers::LSIPC_JSON)
    .goals(&[Goal::TimesFaster(8.0), Goal::TimesFloor(1.6)]),
    row("show by id, among 32,000", MANY, BY_ID, Any)
        .floor("start")
        .peer(&peers::AMONG_10)
        .goals(&[Goal::TimesPeer(NOISE)]),
    row("show by key, among 32,000", MANY, BY_KEY, Any)
        .floor("start")
        .peer(&peers::AMONG_10)
        .goals(&[Goal::TimesPeer(NOISE)]),
    row("show by id, among 32,000 (ipcs)", MANY, BY_ID, Any).floor("start").peer(&peers::IPCS_ID),
    row("list, 1,000 queues", Queues(1_000), LIST_MQ, Lines).floor("queues").peer(&peers::IPCS_Q),
    row("list, 32,000 queues", Queues(32_000), LIST_MQ, Lines).floor("queues").peer(&peers::IPCS_Q),
    row("list, 1,000 sets", Sets(1_000), LIST_SEM, Lines).floor("sets").peer(&peers::IPCS_S),
    row("list, 32,000 sets", Sets(32_000), LIST_SEM, Lines).floor("sets").peer(&peers::IPCS_S),
    row("list, 10,000 POSIX shm", Memory(10_000), LIST_POSIX_SHM, Lines)
        .floor("memory")
        .peer(&peers::LSIPC_POSIX_SHM)
        .goals(&[Goal::TimesFloor(2.0)]),
    row("list, 10,000 named semaphores", Semaphores(10_000), LIST_POSIX_SEM, Lines)
        .floor("semaphores")
        .peer(&peers::LSIPC_POSIX_SEM)
        .goals(&[Goal::TimesFloor(2.0), Goal::TimesFaster(3.5)]),
    // The last ones, for their processes are there for whatever is measured afterwards.
    row("who holds a file, 3,000 processes", BUSY, USERS, Any)
        .floor("processes")
        .peer(&peers::FUSER)
        .goals(&[Goal::TimesFloor(1.3), Goal::TimesFaster(4.0)]),
    row("who holds a file, 3,000 processes (lsof)", BUSY, USERS, Any)
        .floor("processes")
        .peer(&peers::LSOF)
        .goals(&[Goal::TimesFaster(4.0)]),
    row("state of 10,000 free memory objects, 3,000 processes", Crowded(10_000), STATES, Lines)
        .floor("leases")
        .goals(&[Goal::TimesFloor(1.45)]),
    row("clean of 10,000 memory objects", Leftovers(10_000), CLEAN, Lines)
        .floor("cleaner")
        .goals(&[Goal::TimesFloor(1.2), Goal::PeakMib(12.0)]),
    row("list sock --all, 22,000 sockets", ENDS, SOCKETS, Any)
        .floor("sockets")
        .peer(&peers::SS)
        .goals(&[Goal::TimesFloor(1.5), Goal::TimesFaster(1.0)]),
    row("both ends of 22,000 sockets", ENDS, SOCKETS_HOLDERS, Any)
        .peer(&peers::SS_HOLDERS)
        .goals(&[Goal::TimesFaster(4.0), Goal::PeakMib(64.0)]),
    row("both ends of 22,000 sockets (lsof)", ENDS, SOCKETS_HOLDERS, Any)
        .peer(&peers::LSOF_UNIX)
        .goals(&[Goal::TimesFaster(8.0)]),
    row("both ends of 12,000 pipes", ENDS, PIPES, Any)
        .floor("pipes")
        .goals(&[Goal::TimesFloor(1.3)]),
];

impl Row {
    /// Runs the row's three sides in turn.
    pub fn measure(&self, worlds: &mut Worlds) -> Result<Line> {
        let (ipcctl, other) = (worlds.programs.ipcctl.clone(), worlds.programs.other.clone());
        let mut sides =
            vec![contestant(worlds, self.population, &ipcctl, self.arguments, self.shape)?];
        if let Some(other) = &other {
            sides.push(contestant(worlds, self.population, other, self.arguments, self.shape)?);
        }
        if let Some(name) = self.floor {
            sides.push(contestant(
                worlds,
                self.population,
                &env::current_exe()?,
                &["floor", name],
                Any,
            )?);
        }
        let mut peer_runs = false;
        if let Some(peer) = self.peer {
            let (program, arguments) = match peer.program {
                "ipcctl" => (Some(ipcctl.clone()), self.arguments),
                _ => (peer.installed(), peer.arguments),
            };
            if let Some(program) = program {
                let population = peer.population.unwrap_or(self.population);
                sides.push(contestant(worlds, population, &program, arguments, peer.shape)?);
                peer_runs = true;
            }
        }
        let mut medians = side_by_side(&sides)?.into_iter();
        let ours = medians.next().ok_or("nothing was measured")?;
        Ok(Line {
            name: self.name,
            ours,
            before: other.and_then(|_| medians.next()),
            floor: self.floor.and_then(|_| medians.next()),
            peer: self.peer.map(|peer| {
                (peer.label, medians.next().filter(|_| peer_runs).map(|m| scaled(m, peer.factor)))
            }),
            goals: self.goals,
        })
    }
}

fn scaled(medians: Medians, factor: f64) -> Medians {
    Medians { ms: medians.ms * factor, ..medians }
}

fn contestant(
    worlds: &mut Worlds,
    population: Population,
    program: &Path,
    arguments: &[&str],
    shape: Shape,
) -> Result<Contestant> {
    let world = worlds.get(population)?;
    let (id, key) = (world.last_id.to_string(), format!("{:#x}", population.last_key()));
    let arguments =
        arguments.iter().map(|text| text.replace("{id}", &id).replace("{key}", &key)).collect();
    let expect = match shape {
        Any => Expect::Anything,
        Lines => Expect::Lines(population.count()),
        Shape::Words(word) => Expect::Words(word, population.count()),
    };
    let before = match population.is_used_up() {
        true => Some((env::current_exe()?, ["make".into(), population.to_string()])),
        false => None,
    };
    Ok(Contestant { before, world, program: program.to_path_buf(), arguments, expect })
}
