//! System V shared memory segments: `shmget(2)`, `shmctl(2)`, `sysvipc(7)`.

mod limits;
mod memory;
mod pages;

use std::ops::ControlFlow;

use super::source::TableSource;
use super::{
    KEY_FROM, Record, address, cgid, changed, changed_permissions, create_flags, creator,
    creator_group, creator_of, cuid, fault, give_away, happened, key, key_of_existing, key_to_make,
    table,
};
use crate::kinds::KindRecord;
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Removal, Remove, Want,
};
use crate::kinds::existing::by_facts;
use crate::kinds::fact::{Fact, FactPlan, Total, fields, totals};
use crate::kinds::sizes::SIZE;
use crate::kinds::{process, words};
use crate::model::{
    self, Actor, Address, Breadth, Class, Difference, Facility, Facts, Family, Fault, Field, Form,
    History, Holding, IpcNamespace, Kind, Limit, Locator, Object, Param, Part, Settings, Subject,
    Trace, UsePattern, Vacancy, Value,
};
use crate::sys::{Permissions, shm};
use limits::{create_fault, is_rmid_forced, lock_fault};

static KIND: Kind = Kind {
    name: "sysv-shm",
    facility: Facility::Shm,
    family: Family::Sysv,
    forms: &[&model::ID, &model::KEY],
    file_type: None,
    listed: Breadth::Usual,
    about: "System V shared memory",
    fields: || fields(FACTS),
    content: &[Part::Fact("attached"), Part::Word(" attached")],
};

static HOLDING: Holding =
    Holding { mappings: true, namespaced: true, vacancy: Vacancy::Counted, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&SysvShm),
    configure: Some(&SysvShm),
    remove: Some(&SysvShm),
    memory: Some(&SysvShm),
    ..KindRecord::read_only(&KIND, &HOLDING, &SysvShm)
};

/// A segment, and what only `/proc/sysvipc/shm` tells of it.
#[derive(PartialEq)]
struct SegmentFacts {
    known: shm::Segment,
    resident: Option<u64>,
    swapped: Option<u64>,
    /// Why those two are not known.
    unread: &'static str,
}

impl Record for SegmentFacts {
    fn id(&self) -> u32 {
        self.known.id
    }

    fn perm(&self) -> &Permissions {
        &self.known.perm
    }

    fn changed(&self) -> i64 {
        self.known.change_time
    }

    fn past(&self) -> History {
        let known = &self.known;
        let last = self.last_time();
        History {
            actors: Ok(vec![
                Actor {
                    role: "creator",
                    pid: known.creator,
                    time: Some(known.change_time),
                    took: false,
                },
                Actor { role: "last user", pid: known.last, time: happened(last), took: false },
            ]),
            last: Some(last.max(known.change_time)),
            used: last >= known.change_time,
            changed: Some(known.change_time),
            creator: creator_of(&known.perm),
            pace: UsePattern::Steady,
            pending: None,
            stranded: 0,
            shared: false,
            untouched: last == 0,
            links: 1,
            memory: 0,
            serial: [known.perm.key.into(), known.size, known.attached],
        }
    }
}

const TABLE_UNREAD: &str = "/proc/sysvipc/shm could not be read";
const TABLE_LONG: &str =
    "there are too many segments to look for it unasked: name it with --columns";

/// Up to so many slots the table is read for whoever wants every fact of one segment. The kernel writes it out from
/// its start, so that one segment among thousands would cost as much as all of them.
const TABLE_SHORT: u32 = 100;

static FACTS: &[Fact<SegmentFacts>] = &[
    key(),
    Fact::free("attached", "Attachments (mappings, not processes): nattch.", |one, _| {
        Value::Count(one.known.attached)
    }),
    Fact::costly("resident", "Bytes resident in memory.", |one, _| {
        one.resident.map_or(Value::Unknown(one.unread), Value::Bytes)
    }),
    Fact::costly("swapped", "Bytes in swap.", |one, _| {
        one.swapped.map_or(Value::Unknown(one.unread), Value::Bytes)
    }),
    Fact::free("marked", "Marked for removal: destroyed with its last detach.", |one, _| {
        Value::Flag(one.known.perm.mode & shm::DEST != 0)
    }),
    Fact::free("locked", "Locked in memory.", |one, _| {
        Value::Flag(one.known.perm.mode & shm::LOCKED != 0)
    }),
    Fact::free("creator-pid", "Process that created it: cpid.", |one, _| {
        process::pid(one.known.creator, true)
    }),
    Fact::costly("creator-command", "Command of that process, if it still runs.", |one, look| {
        process::command(look.proc, one.known.creator, one.known.change_time)
    }),
    Fact::free("last-pid", "Process that attached or detached last: lpid.", |one, _| {
        process::pid(one.known.last, one.last_time() != 0)
    }),
    Fact::costly("last-command", "Command of that process, if it still runs.", |one, look| {
        process::command(look.proc, one.known.last, one.last_time())
    }),
    Fact::free("last-attach", "Time of the last attach.", |one, _| {
        Value::time_or_never(one.known.attach_time)
    }),
    Fact::free("last-detach", "Time of the last detach.", |one, _| {
        Value::time_or_never(one.known.detach_time)
    }),
    changed(),
    creator(),
    creator_group(),
    cuid(),
    cgid(),
    Fact::costly(words::NAME, words::HELP, |one, look| match one.known.attached {
        // Nobody has it mapped, so nobody can wait.
        0 => Value::None("none"),
        _ => words::rows(words::of_segment(one.known.id), look),
    }),
];

impl SegmentFacts {
    /// When the last process attached or detached.
    fn last_time(&self) -> i64 {
        self.known.attach_time.max(self.known.detach_time)
    }
}

fn plain(known: shm::Segment) -> SegmentFacts {
    SegmentFacts { known, resident: None, swapped: None, unread: TABLE_UNREAD }
}

static SOURCE: TableSource<SegmentFacts> = TableSource {
    table: ("shm", 14),
    parse: |row| SegmentFacts {
        known: shm::Segment {
            id: table::low(row[1]),
            perm: Permissions {
                key: table::low(row[0]),
                mode: table::low(row[2]),
                uid: table::low(row[7]),
                gid: table::low(row[8]),
                cuid: table::low(row[9]),
                cgid: table::low(row[10]),
            },
            size: row[3],
            creator: table::pid(row[4]),
            last: table::pid(row[5]),
            attached: row[6],
            attach_time: table::time(row[11]),
            detach_time: table::time(row[12]),
            change_time: table::time(row[13]),
        },
        resident: row.get(14).map(|told| pages::resident(*told, row[3])),
        swapped: row.get(15).copied(),
        unread: "/proc/sysvipc/shm of this kernel does not tell",
    },
    stat_any: |index| shm::stat_any(index).map(plain),
    stat: |id| shm::stat(id).map(plain),
    highest: shm::highest,
    used: || shm::usage().map(|usage| usage.used_ids.unsigned_abs().into()),
    by_key: |key| shm::get(key, 0, 0),
};

/// What SHM_INFO adds up. The kernel has not counted swapping since it learned to.
static TOTALS: &[Total<shm::Usage>] = &[
    (Field::free("segments", "Segments."), |all| Value::Count(all.used_ids.unsigned_abs().into())),
    (Field::free("pages", "Pages of all segments."), |all| Value::Count(all.pages)),
    (Field::free("resident-pages", "Pages in memory."), |all| Value::Count(all.resident)),
    (Field::free("swapped-pages", "Pages in swap."), |all| Value::Count(all.swapped)),
    (Field::free("swap-attempts", "Always 0."), |all| Value::Count(all.swap_attempts)),
    (Field::free("swap-successes", "Always 0."), |all| Value::Count(all.swap_successes)),
];

static HUGE: Param = Param {
    name: "huge",
    metavar: "SIZE",
    help: "Use huge pages of this size: 2M, 1G",
    form: Form::Size,
};
static LOCK: Param =
    Param { name: "lock-memory", metavar: "", help: "Lock its pages in memory", form: Form::Flag };
static UNLOCK: Param = Param {
    name: "unlock-memory",
    metavar: "",
    help: "Allow its pages to be swapped again",
    form: Form::Flag,
};

struct SysvShm;

fn object(plan: &FactPlan<SegmentFacts>, one: &SegmentFacts) -> Object {
    let trace = Trace {
        counted: Some(one.known.attached),
        ..Trace::new(Subject::Segment(IpcNamespace::OWN, one.known.id), &HOLDING)
    };
    Object {
        past: plan.wants_past().then(|| one.past()),
        ..one.object(&KIND, Value::Bytes(one.known.size), plan.read(one), trace)
    }
}

/// Only the table tells what is in memory and what in swap.
fn needs_table(plan: &FactPlan<SegmentFacts>) -> bool {
    plan.has("resident") || plan.has("swapped")
}

impl Inspect for SysvShm {
    fn announce(&self, look: &Query, locator: &Locator) {
        words::announce(&KIND, self, look, locator);
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        SOURCE.list(look, needs_table(&plan), &|one| object(&plan, one), each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let asked = !matches!(look.want, Want::Everything);
        let short = || shm::highest().is_ok_and(|highest| highest < TABLE_SHORT);
        let table = needs_table(&plan) && (asked || short());
        let mut one = SOURCE.find(look, locator, table)?;
        if !table {
            one.unread = TABLE_LONG;
        }
        Ok(object(&plan, &one))
    }

    fn totals(&self) -> Facts {
        totals(TOTALS, &shm::usage())
    }

    fn limits(&self, look: &Query) -> Vec<Limit> {
        limits::limits(look)
    }
}

/// The bits of the get call that choose a size of huge page: its logarithm above SHM_HUGE_SHIFT.
fn huge_flags(settings: &Settings) -> Result<libc::c_int, Fault> {
    let Some(page) = settings.number(&HUGE) else { return Ok(0) };
    if !page.is_power_of_two() {
        return Err(Fault::usage("the size of a huge page is a power of two"));
    }
    let exponent = libc::c_int::try_from(page.trailing_zeros()).unwrap_or(0);
    Ok(libc::SHM_HUGETLB | exponent << 26)
}

fn requested_size(making: &CreateRequest) -> Result<u64, Fault> {
    making.settings.number(&SIZE).ok_or_else(|| Fault::usage("shared memory needs --size"))
}

impl Create for SysvShm {
    fn chooses_locator(&self) -> bool {
        true
    }

    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&SIZE, &HUGE, &KEY_FROM];
        PARAMS
    }

    fn create(&self, look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let size = requested_size(making)?;
        let huge = huge_flags(making.settings)?;
        let key = key_to_make(making)?;
        let id = shm::get(key, size, create_flags(making) | huge).map_err(|error| {
            create_fault(&error, look, (size, making.settings.number(&HUGE))).said(&error)
        })?;
        give_away(id, making, |uid, gid, mode| shm::set(id, uid, gid, mode), shm::remove)?;
        Ok(address(&KIND, id))
    }

    fn locator(&self, making: &CreateRequest) -> Result<Locator, Fault> {
        key_of_existing(making)
    }

    fn differences(
        &self,
        _look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        // Of what pages it is the kernel does not tell.
        Ok(by_facts(object, &making.settings.only(|param| param.name != HUGE.name), &[]))
    }

    fn check_lasting(&self, look: &Query) -> Result<(), Fault> {
        if !is_rmid_forced(look).is_ok_and(|forced| forced) {
            return Ok(());
        }
        let cause = "kernel.shm_rmid_forced is 1: the kernel would remove it when ipcctl ends";
        Err(Fault::new(Class::Failed, cause)
            .hint("POSIX shared memory (shm:/NAME) stays; or sysctl -w kernel.shm_rmid_forced=0"))
    }
}

impl Configure for SysvShm {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&LOCK, &UNLOCK];
        PARAMS
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let one = SOURCE.find(look, locator, false)?;
        let id = one.id();
        if change.mode.is_some() || change.uid.is_some() || change.gid.is_some() {
            let (uid, gid, mode) = changed_permissions(one.perm(), change);
            shm::set(id, uid, gid, mode).map_err(|error| fault(&error))?;
        }
        for (param, locked) in [(&LOCK, true), (&UNLOCK, false)] {
            if change.settings.given(param) {
                shm::lock(id, locked).map_err(|error| lock_fault(&error))?;
            }
        }
        Ok(())
    }
}

impl Remove for SysvShm {
    fn remove(&self, look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let id = SOURCE.resolve(locator)?;
        shm::remove(id).map_err(|error| fault(&error))?;
        // It is still there if somebody has it attached.
        Ok(SOURCE
            .find(look, &Locator::Id(id), false)
            .ok()
            .filter(|one| one.known.attached > 0)
            .map(|one| format!("marked for removal, {} attached", one.known.attached)))
    }

    fn freed(&self, look: &Query, objects: &[&Object]) -> Vec<Option<u64>> {
        pages::freed(look, objects)
    }

    fn remove_same(&self, look: &Query, object: &Object) -> Result<Removal, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let make = |one: &_| self::object(&plan, one);
        if !SOURCE.is_same(look, object, &make, &|_| true)? {
            return Ok(Removal::Changed);
        }
        self.remove(look, &object.address.locator).map(Removal::Gone)
    }
}
