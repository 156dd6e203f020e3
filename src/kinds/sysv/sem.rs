//! System V semaphore sets: `semget(2)`, `semctl(2)`, `sysvipc(7)`.

mod counters;
mod limits;
mod members;

use std::io;
use std::ops::ControlFlow;

use super::source::TableSource;
use super::{
    KEY_FROM, Record, address, cgid, changed, changed_permissions, create_flags, creator,
    creator_group, creator_of, cuid, fault, give_away, key, key_of_existing, key_to_make, table,
};
use crate::kinds::KindRecord;
use crate::kinds::capability::{
    Configure, ConfigureRequest, Create, CreateRequest, Each, Inspect, Query, Removal, Remove,
};
use crate::kinds::fact::{Fact, FactPlan, Total, fields, totals};
use crate::model::{
    self, Address, Breadth, Calls, Class, Difference, Facility, Facts, Family, Fault, Field, Form,
    History, Holding, IpcNamespace, Kind, Limit, Locator, Object, Param, Part, Settings, Subject,
    Trace, UsePattern, Vacancy, Value,
};
use crate::sys::Permissions;
use crate::sys::sem::{self, Set};
use limits::create_fault;
use members::{fingerprint, members, operators, waiting};

static KIND: Kind = Kind {
    name: "sysv-sem",
    facility: Facility::Sem,
    family: Family::Sysv,
    forms: &[&model::ID, &model::KEY],
    file_type: None,
    listed: Breadth::Usual,
    about: "System V semaphore set",
    fields: || fields(FACTS),
    content: &[Part::Fact("count"), Part::Word(" sems")],
};

static HOLDING: Holding = Holding {
    calls: Calls::OnId,
    namespaced: true,
    vacancy: Vacancy::Counted,
    undo: true,
    ..Holding::NONE
};

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord {
    create: Some(&SysvSem),
    configure: Some(&SysvSem),
    remove: Some(&SysvSem),
    counters: Some(&SysvSem),
    ..KindRecord::read_only(&KIND, &HOLDING, &SysvSem)
};

impl Record for Set {
    fn id(&self) -> u32 {
        self.id
    }

    fn perm(&self) -> &Permissions {
        &self.perm
    }

    fn changed(&self) -> i64 {
        self.change_time
    }

    fn past(&self) -> History {
        History {
            actors: operators(self).map_err(|error| Fault::reason(&error)),
            last: Some(self.change_time.max(self.operation_time)),
            used: self.operation_time >= self.change_time,
            changed: Some(self.change_time),
            creator: creator_of(&self.perm),
            pace: UsePattern::Occasional,
            pending: None,
            stranded: 0,
            shared: false,
            untouched: self.operation_time == 0,
            links: 1,
            memory: 0,
            serial: [self.perm.key.into(), self.count, fingerprint(self)],
        }
    }
}

static FACTS: &[Fact<Set>] = &[
    key(),
    Fact::free("count", "Semaphores in the set: nsems.", |one, _| Value::Count(one.count)),
    Fact::free(
        "last-operation",
        "Time of the last semop(2); never for a set that is still being initialized.",
        |one, _| Value::time_or_never(one.operation_time),
    ),
    changed(),
    creator(),
    creator_group(),
    cuid(),
    cgid(),
    Fact::costly("waiting", "Number of calls waiting on any of its semaphores.", |one, _| {
        waiting(one).map_or_else(|error| Value::Unknown(Fault::reason(&error)), Value::Count)
    }),
    Fact::costly("semaphores", "Every semaphore of the set.", members),
];

/// In a listing of holders, sets with more semaphores are not asked: to look at what threads do costs less.
const ASKED: u64 = 32;

static SOURCE: TableSource<Set> = TableSource {
    table: ("sem", 10),
    parse: |row| Set {
        id: table::low(row[1]),
        perm: Permissions {
            key: table::low(row[0]),
            mode: table::low(row[2]),
            uid: table::low(row[4]),
            gid: table::low(row[5]),
            cuid: table::low(row[6]),
            cgid: table::low(row[7]),
        },
        count: row[3],
        operation_time: table::time(row[8]),
        change_time: table::time(row[9]),
    },
    stat_any: sem::stat_any,
    stat: sem::stat,
    highest: || sem::usage().map(|(_, highest)| highest),
    used: || sem::usage().map(|(usage, _)| usage.sets),
    by_key: |key| sem::get(key, 0, 0),
};

/// What SEM_INFO adds up.
static TOTALS: &[Total<(sem::Usage, u32)>] = &[
    (Field::free("sets", "Sets."), |(all, _)| Value::Count(all.sets)),
    (Field::free("semaphores", "Semaphores in all sets."), |(all, _)| Value::Count(all.semaphores)),
];

static COUNT: Param = Param {
    name: "count",
    metavar: "N",
    help: "Semaphores in the set [default: 1]",
    form: Form::Count,
};
static INITIAL: Param =
    Param { name: "value", metavar: "N", help: "Value of each semaphore", form: Form::Count };
static VALUES: Param = Param {
    name: "values",
    metavar: "A,B,…",
    help: "Values of the semaphores in a set",
    form: Form::Counts,
};
static AT: Param = Param {
    name: "index",
    metavar: "I",
    help: "Semaphore that --value applies to",
    form: Form::Count,
};

struct SysvSem;

fn object(plan: &FactPlan<Set>, one: &Set) -> Object {
    let facts = plan.read(one);
    let waiting = match facts.get("waiting") {
        Some(Value::Count(number)) => Some(*number),
        None if plan.wants_past() || plan.wants_holders() && one.count <= ASKED => {
            waiting(one).ok()
        }
        _ => None,
    };
    Object {
        past: plan.wants_past().then(|| one.past()),
        ..one.object(
            &KIND,
            Value::None("none"),
            facts,
            Trace {
                counted: waiting,
                ..Trace::new(Subject::Set(IpcNamespace::OWN, one.id), &HOLDING)
            },
        )
    }
}

impl Inspect for SysvSem {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        SOURCE.list(look, false, &|one| object(&plan, one), each)
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        SOURCE.find(look, locator, false).map(|one| object(&plan, &one))
    }

    fn totals(&self) -> Facts {
        totals(TOTALS, &sem::usage())
    }

    fn limits(&self, _look: &Query) -> Vec<Limit> {
        limits::limits()
    }
}

/// The values that the options ask for: `--value` is for every semaphore unless `--index` names one.
fn wanted_values(settings: &Settings, count: u64) -> Result<Option<Vec<u16>>, Fault> {
    let values = match (settings.numbers(&VALUES), settings.number(&INITIAL)) {
        (Some(_), Some(_)) => return Err(Fault::usage("--value and --values exclude each other")),
        (Some(values), None) if values.len() as u64 != count => {
            return Err(Fault::usage(format!(
                "the set has {count} semaphores, --values has {}",
                values.len()
            )));
        }
        (Some(values), None) => values.to_vec(),
        (None, Some(value)) => vec![value; usize::try_from(count).unwrap_or(0)],
        (None, None) => return Ok(None),
    };
    values.into_iter().map(semaphore_value).collect::<Result<_, _>>().map(Some)
}

fn semaphore_value(value: u64) -> Result<u16, Fault> {
    u16::try_from(value).ok().filter(|value| *value <= 32767).ok_or_else(|| {
        Fault::new(Class::Limit, format!("a semaphore's value is 0 to 32767 (SEMVMX), not {value}"))
    })
}

/// The owner's permission to alter a set.
const ALTER: u32 = 0o200;

impl Create for SysvSem {
    fn chooses_locator(&self) -> bool {
        true
    }

    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&COUNT, &INITIAL, &VALUES, &KEY_FROM];
        PARAMS
    }

    fn create(&self, _look: &Query, making: &CreateRequest) -> Result<Address, Fault> {
        let count = requested_count(making);
        if count == 0 {
            return Err(Fault::usage("a set has at least one semaphore"));
        }
        let limits = sem::limits().map_or(u64::MAX, |limits| limits.max_per_set);
        let values = if count <= limits { wanted_values(making.settings, count)? } else { None };
        let key = key_to_make(making)?;
        // Giving values takes permission to alter, which the mode asked for may deny even to the maker.
        let widened = if values.is_some() { ALTER & !making.mode } else { 0 };
        let id = sem::get(key, count, create_flags(making) | widened as libc::c_int)
            .map_err(|error| create_fault(&error, count).said(&error))?;
        let undo = |error: io::Error| {
            let _ = sem::remove(id);
            fault(&error)
        };
        if let Some(values) = values {
            sem::set_values(id, &values).map_err(undo)?;
        }
        if widened != 0 {
            let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
            sem::set(id, uid.as_raw(), gid.as_raw(), making.mode).map_err(undo)?;
        }
        give_away(id, making, |uid, gid, mode| sem::set(id, uid, gid, mode), sem::remove)?;
        Ok(address(&KIND, id))
    }

    fn locator(&self, making: &CreateRequest) -> Result<Locator, Fault> {
        key_of_existing(making)
    }

    /// Once a process has operated on a set, its values no longer tell what they were at first: then they are no difference,
    /// and nothing changes them.
    fn differences(
        &self,
        look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault> {
        let one = SOURCE.find(look, &object.address.locator, false)?;
        let count = requested_count(making);
        let wanted = wanted_values(making.settings, count)?;
        if one.count != count {
            let (has, wants) = (Value::Count(one.count), Value::Count(count));
            let (name, what) = (COUNT.name, "number of semaphores");
            return Ok(vec![Difference { name, what, has, wants, mends: false }]);
        }
        let Some(wanted) = wanted.filter(|_| one.operation_time == 0) else {
            return Ok(Vec::new());
        };
        let list = |values: &[u16]| {
            Value::List(values.iter().map(|value| Value::Count((*value).into())).collect())
        };
        let has = match sem::values(one.id, one.count) {
            Ok(values) if values == wanted => return Ok(Vec::new()),
            Ok(values) => list(&values),
            Err(error) => Value::Unknown(Fault::reason(&error)),
        };
        let name = if making.settings.given(&VALUES) { VALUES.name } else { INITIAL.name };
        Ok(vec![Difference { name, what: name, has, wants: list(&wanted), mends: true }])
    }
}

/// As many as `--count` says, or as there are `--values`.
fn requested_count(making: &CreateRequest) -> u64 {
    let values = making.settings.numbers(&VALUES).map_or(1, |values| values.len() as u64);
    making.settings.number(&COUNT).unwrap_or(values)
}

impl Configure for SysvSem {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&INITIAL, &AT, &VALUES];
        PARAMS
    }

    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault> {
        let one = SOURCE.find(look, locator, false)?;
        let id = one.id;
        let at = change.settings.number(&AT);
        if let Some(index) = at.filter(|index| *index >= one.count) {
            let last = one.count.saturating_sub(1);
            return Err(Fault::usage(format!("the set has the indexes 0 to {last}, not {index}")));
        }
        let values = wanted_values(change.settings, one.count)?;
        if at.is_some() && change.settings.number(&INITIAL).is_none() {
            return Err(Fault::usage("--index goes with --value"));
        }
        if change.mode.is_some() || change.uid.is_some() || change.gid.is_some() {
            let (uid, gid, mode) = changed_permissions(&one.perm, change);
            sem::set(id, uid, gid, mode).map_err(|error| fault(&error))?;
        }
        match (values, at) {
            (Some(values), Some(index)) => {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let value = values.first().copied().unwrap_or_default();
                sem::set_value(id, index, value.into()).map_err(|error| fault(&error))
            }
            (Some(values), None) => sem::set_values(id, &values).map_err(|error| fault(&error)),
            (None, _) => Ok(()),
        }
    }
}

impl Remove for SysvSem {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let id = SOURCE.resolve(locator)?;
        sem::remove(id).map(|()| None).map_err(|error| fault(&error))
    }

    fn remove_same(&self, look: &Query, object: &Object) -> Result<Removal, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let make = |one: &_| self::object(&plan, one);
        // Its times are whole seconds: what an operation changes at once is its values.
        let values = |one: &Set| sem::values(one.id, one.count).ok();
        let before = values(&SOURCE.find(look, &object.address.locator, false)?);
        if !SOURCE.is_same(look, object, &make, &|one| values(one) == before)? {
            return Ok(Removal::Changed);
        }
        self.remove(look, &object.address.locator).map(Removal::Gone)
    }
}
