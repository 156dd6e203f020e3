//! Files that processes have mapped shared: what one writes, the others see, and the file has it in the end. `mmap(2)`.
//!
//! Only the mappings of processes show them. A file has its path as its address if that path leads to it from here;
//! otherwise its device and inode.

mod dirty;
mod memory;

use std::collections::{BTreeSet, HashMap};
use std::ffi::{CString, OsString};
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::capability::{Each, Inspect, Query, Want};
use super::fact::{Fact, FactPlan, fields};
use super::file::{self as facts, Backed, created, id, links, modified, timestamp};
use super::{KindRecord, held, search, words};
use crate::model::{
    self, Breadth, Facility, Family, Fault, FileClass, FileFacts, FileId, Findings, Found, Holding,
    Kind, Locator, Object, ObjectName, Part, Showing, ShownAs, ShownFile, Sources, Subject, Trace,
    Vacancy, Value,
};
use crate::sys::file::Stat;
use crate::sys::processes::{Proc, Process};
use crate::sys::procmap;

static KIND: Kind = Kind {
    name: "map",
    facility: Facility::Map,
    family: Family::File,
    forms: &[&model::PATH, &model::FILE],
    file_type: None,
    listed: Breadth::Facility,
    about: "mapped file",
    fields: || fields(FACTS),
    content: &[Part::Fact("mappings"), Part::Word(" mapped")],
};

/// Files that are mapped shared and writable, and those that are mapped shared at all. Which of them are regular files, a
/// mapping does not tell.
static MAPPED: [FileClass; 2] = [
    FileClass {
        name: "mapped file",
        sources: Sources { shared: true, ..Sources::NONE },
        is: |facts: &FileFacts| is_shared(facts) && facts.writable,
    },
    FileClass {
        name: "mapped file",
        sources: Sources { shared: true, ..Sources::NONE },
        is: is_shared,
    },
];

fn is_shared(facts: &FileFacts) -> bool {
    facts.shared && Some(facts.file.device) != held::kernels_device()
}

static HOLDING: Holding =
    Holding { mappings: true, vacancy: Vacancy::Existence, found_in: &MAPPED, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord =
    KindRecord { memory: Some(&Maps), ..KindRecord::read_only(&KIND, &HOLDING, &Maps) };

/// One mapped file.
struct MapRecord {
    file: FileId,
    stat: Option<Stat>,
    mappings: u64,
    dirty: Value,
}

impl Backed for MapRecord {
    fn stat(&self) -> Option<&Stat> {
        self.stat.as_ref()
    }
}

static FACTS: &[Fact<MapRecord>] = &[
    Fact::free("mappings", "Shared mappings of it, of all processes.", |one, _| {
        Value::Count(one.mappings)
    }),
    Fact::costly(
        "dirty",
        "Bytes that were written through mappings and are not in the file yet: reads smaps of each process.",
        |one, _| one.dirty.clone(),
    ),
    Fact::free("device", "Device of the file system, major:minor.", |one, _| {
        let (major, minor) = (libc::major(one.file.device), libc::minor(one.file.device));
        Value::Text(format!("{major}:{minor}").into())
    }),
    Fact::free("inode", "Inode number.", |one, _| Value::Id(one.file.inode)),
    links(),
    created(),
    modified(),
    Fact::costly(words::NAME, words::HELP, |one, look| words::rows(one.file, look)),
];

struct Maps;

/// So many processes are asked for dirty bytes where nobody has named that fact.
const FEW: usize = 8;

/// What is read of every file of a listing.
struct MapReading<'p, 'q> {
    plan: &'p FactPlan<'q, MapRecord>,
    proc: Option<Proc>,
    /// Everything is read, so that what is dear is read of few processes alone.
    everything: bool,
    /// The shared mappings of processes with their paths, each read once, where links cannot be read.
    texts: HashMap<i32, HashMap<u64, OsString>>,
    dirty: dirty::DirtyBytes,
}

/// A mapped file, as far as it could be reached.
struct Reached {
    stat: Option<Stat>,
    /// Its path, if that leads to it from here.
    path: Option<PathBuf>,
}

impl<'p, 'q> MapReading<'p, 'q> {
    fn new(plan: &'p FactPlan<'q, MapRecord>, look: &Query) -> Self {
        Self {
            plan,
            proc: Proc::open(look.proc).ok(),
            everything: matches!(look.want, Want::Everything),
            texts: HashMap::new(),
            dirty: dirty::DirtyBytes::default(),
        }
    }

    /// What is behind a mapping; `None` for what is no regular file, or is shared memory of another kind.
    fn reach(&mut self, shown: &ShownFile) -> Option<Reached> {
        let wanted = shown.facts.file;
        let linked = self.linked(shown);
        let path = self.path(shown).filter(|path| path.is_absolute());
        let seen = path.as_deref().and_then(search::stat);
        // A file system may have one device for mappings, and another one for files.
        let is_this = |stat: &Stat| id(stat) == linked.as_ref().map_or(wanted, id);
        let seen = seen.filter(is_this);
        let stat = linked.or(seen);
        if stat.is_some_and(|stat| !stat.is(libc::S_IFREG)) || stat.is_none() && path.is_none() {
            return None;
        }
        let path = path.filter(|_| seen.is_some());
        // What lies in the directory itself is POSIX shared memory, and what has no name there nameless memory.
        let is_in_it = path.as_deref().and_then(Path::parent) == Some(Path::new(SHM));
        if is_in_it || path.is_none() && Some(wanted.device) == held::directorys_device() {
            return None;
        }
        Some(Reached { stat, path })
    }

    fn object(&mut self, shown: &ShownFile, reached: Reached) -> Object {
        let (file, Reached { stat, path }) = (shown.facts.file, reached);
        let dirty = self.dirty(shown);
        let locator = match &path {
            Some(path) => Locator::Path(path.as_path().into()),
            None => held::locator(file),
        };
        let one = MapRecord { file, stat, mappings: shown.showings.len() as u64, dirty };
        let told = |value: fn(&Stat) -> Value| stat.as_ref().map_or(UNSEEN, value);
        Object {
            name: if path.is_some() { ObjectName::Locator } else { ObjectName::None },
            owner: told(|stat| Value::User(stat.uid)),
            group: told(|stat| Value::Group(stat.gid)),
            mode: told(|stat| Value::Mode(stat.mode & 0o7777)),
            size: told(|stat| Value::Bytes(stat.size)),
            since: stat.map(|stat| timestamp(stat.born.unwrap_or(stat.changed))),
            facts: self.plan.read(&one),
            trace: Some(Trace::new(Subject::File(file), &HOLDING)),
            ..Object::new(&KIND, locator)
        }
    }

    fn dirty(&mut self, shown: &ShownFile) -> Value {
        let Some(proc) = self.proc.as_ref().filter(|_| self.plan.has("dirty")) else {
            return Value::None("none");
        };
        let pids: BTreeSet<i32> = shown.showings.iter().map(|showing| showing.pid).collect();
        match self.everything && pids.len() > FEW {
            true => Value::Unknown("many processes have it mapped: -o dirty reads them all"),
            false => self.dirty.of(proc, &shown.showings),
        }
    }

    /// What is behind a mapping, where its link may be followed.
    fn linked(&self, shown: &ShownFile) -> Option<Stat> {
        let proc = self.proc.as_ref()?;
        let stat =
            |showing: &Showing| proc.process(showing.pid).ok()?.stat(&held::link(showing)?).ok();
        let mut stats = shown.showings.iter().take(held::ASKED).filter_map(stat);
        stats.find(|stat| stat.inode == shown.facts.file.inode)
    }

    /// The path that a process shows for it; anybody may have chosen it.
    fn path(&mut self, shown: &ShownFile) -> Option<PathBuf> {
        let proc = self.proc.as_ref()?;
        if let Some(text) = held::text(proc, &shown.showings) {
            return Some(text.into());
        }
        for showing in shown.showings.iter().take(held::ASKED) {
            let ShownAs::Mapping(start, _) = showing.place else { continue };
            let Ok(process) = proc.process(showing.pid) else { continue };
            let texts = self.texts.entry(showing.pid).or_insert_with(|| paths(&process));
            if let Some(path) = texts.get(&start) {
                return Some(path.into());
            }
        }
        None
    }
}

const SHM: &str = "/dev/shm";
const UNSEEN: Value =
    Value::Unknown("only root can look behind a mapping whose path leads nowhere");
/// Bytes of the text of mappings that are read of one process.
const MOST: u64 = 64 << 20;

/// Where the shared mappings of a process begin, with their paths: the text of `/proc/PID/maps`.
fn paths(process: &Process) -> HashMap<u64, OsString> {
    let text = process.read_all(c"maps", MOST).unwrap_or_default();
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter_map(procmap::parse_line);
    let shared = lines.filter(|(mapping, _)| mapping.shared);
    shared.map(|(mapping, path)| (mapping.start, OsString::from_vec(path.to_vec()))).collect()
}

/// What processes show of the file that a locator names, and what could be reached of it.
fn named<'f>(
    found: &'f Findings,
    reading: &mut MapReading,
    locator: &Locator,
) -> Result<(&'f ShownFile, Reached), Fault> {
    let wanted = match locator {
        Locator::Path(path) => {
            let name = CString::new(path.as_os_str().as_bytes())
                .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))?;
            id(&facts::stat_in_time(&name)?)
        }
        _ => held::identity(locator).ok_or_else(|| {
            Fault::usage("a mapped file has a path, or a device and an inode number")
        })?,
    };
    let direct = found.files.get(&wanted);
    // A file system may have one device for mappings, and another one for files.
    let alike = found.files.values().filter(|shown| shown.facts.file.inode == wanted.inode);
    let is_it = |shown: &ShownFile, reached: &Reached| {
        shown.facts.file == wanted || reached.stat.is_some_and(|stat| id(&stat) == wanted)
    };
    let mut reached = direct.into_iter().chain(alike).filter_map(|shown| {
        let reached = reading.reach(shown)?;
        is_it(shown, &reached).then_some((shown, reached))
    });
    reached.next().ok_or_else(|| held::missing(found))
}

impl Inspect for Maps {
    fn announce(&self, look: &Query, locator: &Locator) {
        let [_, shared] = &MAPPED;
        look.processes.announce(shared);
        let stat = match locator {
            Locator::Path(path) => search::stat(path).as_ref().map(id),
            locator => held::identity(locator),
        };
        if let Some(file) = stat {
            words::announce_in(&KIND, look, file);
        }
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let [writable, shared] = &MAPPED;
        let class = if look.breadth == Breadth::All { shared } else { writable };
        let found = look.processes.found(class);
        let mut reading = MapReading::new(&plan, look);
        let mut files: Vec<&ShownFile> = found.files.values().collect();
        files.sort_unstable_by_key(|shown| shown.facts.file);
        for shown in files {
            if let Some(reached) = reading.reach(shown) {
                each(Found::Object(Box::new(reading.object(shown, reached))))?;
            }
        }
        held::note(&found, each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let [_, shared] = &MAPPED;
        let found = look.processes.found(shared);
        let mut reading = MapReading::new(&plan, look);
        let (shown, reached) = named(&found, &mut reading, locator)?;
        Ok(reading.object(shown, reached))
    }
}

/// Gives any bytes to the parsers: for `fuzz/`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    dirty::fuzz(bytes);
}
