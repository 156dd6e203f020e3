//! Semaphores and locks in shared memory as objects of their own: `shm:/frames+0x40`. They are found by the threads that wait
//! for them; one that is named by its address is looked at in any case.
//!
//! `futex(2)`, `sem_init(3)`, `pthread_mutexattr_setpshared(3)`.

mod memory;
mod post;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::capability::{Each, Inspect, Query, RegionAccess, Want};
use super::fact::{Fact, FactPlan, fields};
use super::words::{self, WAITED, Word};
use super::{KindRecord, held, of_address, search};
use crate::model::{
    self, Address, Breadth, Class, Facility, Family, Fault, FileId, Findings, Found, Holding, Kind,
    Locator, Object, Part, ShownAs, Subject, Trace, Vacancy, Value, WordWait,
};
use crate::sys::processes::Proc;

static KIND: Kind = Kind {
    name: "word",
    facility: Facility::Sem,
    family: Family::Word,
    forms: &[&model::WORD],
    file_type: None,
    listed: Breadth::All,
    about: "word in shared memory",
    fields: || fields(FACTS),
    content: &[Part::Fact("sort")],
};

static HOLDING: Holding = Holding {
    vacancy: Vacancy::Counted,
    idle_is_normal: true,
    found_in: std::slice::from_ref(&WAITED),
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord =
    KindRecord { counters: Some(&Words), ..KindRecord::read_only(&KIND, &HOLDING, &Words) };

/// One word: sort, value, owner, robust, counted, trouble.
struct WordRecord {
    told: [Value; 6],
    offset: u64,
    waiting: u64,
}

static FACTS: &[Fact<WordRecord>] = &[
    Fact::free("sort", "semaphore, mutex, or unknown.", |one, _| one.told[0].clone()),
    Fact::free(
        "value",
        "Value of a semaphore; of a word that no thread waits for, its 32 bits.",
        |one, _| one.told[1].clone(),
    ),
    Fact::free("owned-by", "Thread that owns a mutex.", |one, _| one.told[2].clone()),
    Fact::free("robust", "A mutex that passes on when its owner dies.", |one, _| {
        one.told[3].clone()
    }),
    Fact::free("counted", "Waiters that it counts itself.", |one, _| one.told[4].clone()),
    Fact::free("waiters", "Threads that were seen to wait for it.", |one, _| {
        Value::Count(one.waiting)
    }),
    Fact::free(
        "damage",
        "owner-dead: its owner has ended, and it is not robust; or a waiter that it counts is gone.",
        |one, _| one.told[5].clone(),
    ),
    Fact::free("offset", "Where in the memory it is, in bytes.", |one, _| {
        Value::Text(format!("{:#x}", one.offset).into())
    }),
];

struct Words;

/// The threads that wait, by the offsets of their words.
type Waits = BTreeMap<u64, Vec<(i32, WordWait)>>;

/// Returns true if an object exists that this locator names: its name ends as the address of a word does.
pub fn is_named(locator: &Locator) -> bool {
    let path = match locator {
        Locator::Name(name) => Path::new(SHM).join(&**name),
        Locator::Path(path) => path.to_path_buf(),
        _ => return false,
    };
    search::stat(&path).is_some()
}

const SHM: &str = "/dev/shm";

/// The threads that wait for words of this file.
fn waits(found: &Findings, file: FileId) -> Waits {
    let mut waits = Waits::new();
    for showing in found.showings(&file) {
        if let ShownAs::WordWait(wait) = showing.place {
            waits.entry(wait.offset).or_default().push((showing.pid, wait));
        }
    }
    waits
}

/// What a word is, by one of the threads that wait for it.
fn told(proc: Option<&Proc>, waits: &[(i32, WordWait)], complete: bool) -> [Value; 6] {
    let word =
        proc.and_then(|proc| waits.iter().find_map(|(pid, wait)| Word::read(proc, *pid, wait)));
    let word = word.unwrap_or(Word::Unknown("its memory could not be read"));
    word.values(waits.len() as u64, complete)
}

fn object(
    plan: &FactPlan<WordRecord>,
    memory: &Object,
    (file, offset): (FileId, u64),
    (told, waiting, complete): ([Value; 6], u64, bool),
) -> Object {
    let counted = (waiting > 0 || complete).then_some(waiting);
    let one = WordRecord { told, offset, waiting };
    let Address { facility, locator } = memory.address.clone();
    let locator = Locator::Word(Box::new(locator), offset);
    let trace = Trace { counted, ..Trace::new(Subject::Word(file, offset), &HOLDING) };
    Object {
        address: Address { facility, locator },
        owner: memory.owner.clone(),
        group: memory.group.clone(),
        mode: memory.mode.clone(),
        since: memory.since,
        facts: plan.read(&one),
        trace: Some(trace),
        ..Object::new(&KIND, held::locator(file))
    }
}

/// The memory that a locator names, whatever facility it is of, with the file by which mappings show it.
fn memory(look: &Query, locator: &Locator) -> Result<(Object, FileId), Fault> {
    let bare = Query { want: Want::Only(&[]), ..*look };
    let mut refused = Fault::not_found();
    for facility in [Facility::Shm, Facility::Map] {
        let address = Address { facility, locator: locator.clone() };
        let Ok(record) = of_address(&address) else { continue };
        match record.inspect.find(&bare, locator) {
            Ok(object) => {
                let trace = object.trace.and_then(|trace| trace.memory(words::segments()));
                let unseen = || Fault::new(Class::Failed, "its memory could not be looked at");
                return trace.map(|file| (object, file)).ok_or_else(unseen);
            }
            Err(fault) if refused.class == Class::NotFound => refused = fault,
            Err(_) => {}
        }
    }
    Err(refused)
}

fn parts(locator: &Locator) -> Result<(&Locator, u64), Fault> {
    match locator {
        Locator::Word(memory, offset) if offset % 4 == 0 => Ok((memory, *offset)),
        Locator::Word(..) => Err(Fault::usage("a word is at a multiple of 4 bytes")),
        _ => Err(Fault::usage("a word has the address of its memory, and an offset")),
    }
}

/// The 32 bits of a word that no thread waits for.
fn alone(look: &Query, memory: &Object, offset: u64) -> Result<[Value; 6], Fault> {
    let region = of_address(&memory.address)?.memory;
    let region = region.map(|kind| kind.open(look, &memory.address.locator, RegionAccess::Read));
    let value = match region {
        Some(Ok(mut region)) => {
            let mut bytes = [0; 4];
            if region.read(offset, &mut bytes)? < bytes.len() {
                let cause = format!("the memory has {} bytes", region.size()?);
                return Err(Fault::new(Class::NotFound, cause));
            }
            Value::Count(u32::from_ne_bytes(bytes).into())
        }
        Some(Err(fault)) if fault.class == Class::Denied => Value::Unknown("permission denied"),
        Some(Err(fault)) => return Err(fault),
        None => Value::Unknown("its memory cannot be read"),
    };
    let unknown = || Value::Unknown("no thread waits for it");
    Ok([unknown(), value, unknown(), unknown(), unknown(), Value::None("none")])
}

impl Inspect for Words {
    fn announce(&self, look: &Query, locator: &Locator) {
        look.processes.announce(&WAITED);
        let Ok((memory, _)) = parts(locator) else { return };
        for facility in [Facility::Shm, Facility::Map] {
            let address = Address { facility, locator: memory.clone() };
            if let Ok(record) = of_address(&address) {
                let bare = Query { want: Want::Only(&[]), ..*look };
                record.inspect.announce(&bare, memory);
            }
        }
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let found = look.processes.found(&WAITED);
        let proc = Proc::open(look.proc).ok();
        let complete = found.unread == 0 && found.sees_all;
        let mut files: Vec<FileId> = found.files.keys().copied().collect();
        files.sort_unstable();
        for file in files {
            for (offset, waits) in waits(&found, file) {
                let named =
                    waits.iter().find_map(|one| memory::shown(proc.as_ref()?, &KIND, one, file));
                let Some(memory) = named else { continue };
                let told = told(proc.as_ref(), &waits, complete);
                let seen = (told, waits.len() as u64, complete);
                let object = object(&plan, &memory, (file, offset), seen);
                each(Found::Object(Box::new(object)))?;
            }
        }
        held::note(&found, each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let (inner, offset) = parts(locator)?;
        self.announce(look, locator);
        let plan = FactPlan::new(&KIND, FACTS, look);
        let (memory, file) = memory(look, inner)?;
        let found = look.processes.found(&WAITED);
        let complete = found.unread == 0 && found.sees_all;
        let waits = waits(&found, file).remove(&offset).unwrap_or_default();
        let told = match &*waits {
            [] => alone(look, &memory, offset)?,
            waits => told(Proc::open(look.proc).ok().as_ref(), waits, complete),
        };
        let seen = (told, waits.len() as u64, complete);
        Ok(object(&plan, &memory, (file, offset), seen))
    }
}
