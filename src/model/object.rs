//! One object: the facts that all kinds have as members, the others as pairs of field and value.

use std::borrow::Cow;
use std::sync::Arc;

use super::address::{Address, Locator};
use super::kind::{Field, Kind, Part};
use super::past::History;
use super::state::Verdict;
use super::trace::{Holders, Trace};
use super::value::{Timestamp, Value};

/// One object as the kernel showed it.
#[derive(Clone, Debug)]
pub struct Object {
    /// What kind it is.
    pub kind: &'static Kind,
    /// Its name for every verb.
    pub address: Address,
    /// Owner's user id, where it could be read.
    pub uid: Option<u32>,
    /// Owner's group id, where it could be read.
    pub gid: Option<u32>,
    /// The nine permission bits, where they could be read.
    pub mode: Option<u32>,
    /// Bytes it can hold: the length of shared memory, the capacity of a queue or pipe.
    pub size: Value,
    /// When it was made, or last changed where the kernel keeps no time of birth.
    pub since: Option<Timestamp>,
    /// The facts of its kind that were asked for.
    pub facts: Facts,
    /// What a holder of it would show, where that is known.
    pub trace: Option<Trace>,
    /// Who holds it, once that has been looked for.
    pub found: Option<Arc<Holders>>,
    /// What it remembers of its makers and users, where somebody wants its state.
    pub past: Option<History>,
    /// Its state, once that has been judged.
    pub verdict: Option<Verdict>,
    /// The program that is known to give such names.
    pub producer: Option<&'static str>,
}

/// Facts of a kind's own.
#[derive(Clone, Debug, Default)]
pub struct Facts(Vec<(&'static Field, Value)>);

impl Facts {
    /// The value of the fact called `name`, if it was read.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }

    /// All of them, in the order of the kind's fields.
    pub fn iter(&self) -> impl Iterator<Item = &(&'static Field, Value)> {
        self.0.iter()
    }
}

impl FromIterator<(&'static Field, Value)> for Facts {
    fn from_iter<I: IntoIterator<Item = (&'static Field, Value)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

/// What a search for objects comes across.
#[derive(Debug)]
pub enum Found {
    /// An object.
    Object(Box<Object>),
    /// A source that could not be looked at, so that objects may be missing: the answer is incomplete.
    Missing(String),
    /// Something worth a line that takes nothing from the answer.
    Note(String),
}

/// A column that every kind has.
pub struct Column {
    /// What it is called.
    pub field: Field,
    /// Its value for an object.
    pub get: fn(&Object) -> Value,
}

/// The columns that only a scan of the processes fills.
pub const OF_HOLDERS: &[&str] = &["used-by", "holders", "unseen"];

/// The columns that every kind has, in the order in which `show` prints them. A kind's own follow.
pub static COMMON: &[Column] = &[
    Column {
        field: Field::free("address", "Address of the object, accepted by every verb."),
        get: |object| Value::Address(object.address.clone()),
    },
    Column {
        field: Field::free("kind", "The kind of object: sysv-shm, posix-mq, fifo and so on."),
        get: |object| Value::Word(object.kind.name),
    },
    Column {
        field: Field::free("facility", "shm, mq, sem or fifo."),
        get: |object| Value::Word(object.kind.facility.name()),
    },
    Column {
        field: Field::free("family", "sysv, posix or file."),
        get: |object| Value::Word(object.kind.family.name()),
    },
    Column { field: Field::free("id", "System V id."), get: id },
    Column { field: Field::free("name", "POSIX name or path."), get: name },
    Column {
        field: Field::free("owner", "Owner: user name, or uid if there is no name."),
        get: |object| known(object.uid, Value::User),
    },
    Column {
        field: Field::free("uid", "Numeric user id of the owner."),
        get: |object| known(object.uid, |uid| Value::Id(uid.into())),
    },
    Column {
        field: Field::free("group", "Owning group: name, or gid if there is no name."),
        get: |object| known(object.gid, Value::Group),
    },
    Column {
        field: Field::free("gid", "Numeric id of the owning group."),
        get: |object| known(object.gid, |gid| Value::Id(gid.into())),
    },
    Column {
        field: Field::free("mode", "Permission bits, octal."),
        get: |object| known(object.mode, Value::Mode),
    },
    Column {
        field: Field::free(
            "size",
            "Bytes: the length of shared memory, the capacity of a queue or pipe.",
        ),
        get: |object| object.size.clone(),
    },
    Column {
        field: Field::free(
            "content",
            "Content, in terms of the kind: attachments, messages, value.",
        ),
        get: Object::content,
    },
    Column {
        field: Field::free(
            "age",
            "Seconds since creation, or since the last change if no creation time is kept.",
        ),
        get: |object| object.since.map_or(Value::Unknown("no time is kept"), Value::Age),
    },
    Column {
        field: Field::costly("state", "in-use, idle, leftover, suspect or unknown."),
        get: |object| match &object.verdict {
            Some(verdict) => Value::Word(verdict.state.name()),
            None => NOT_JUDGED,
        },
    },
    Column {
        field: Field::costly("evidence", "Why the object has this state."),
        get: |object| match &object.verdict {
            Some(verdict) => Value::List(
                verdict.evidence.iter().map(|line| Value::Text(line.as_str().into())).collect(),
            ),
            None => NOT_JUDGED,
        },
    },
    Column {
        field: Field::costly("producer", "Program known to use this naming pattern."),
        get: |object| object.producer.map_or(Value::None("not known"), Value::Word),
    },
    Column {
        field: Field::costly(
            "used-by",
            "Processes that hold it: attached, open, mapped, registered, or waiting in a call.",
        ),
        get: Object::used_by,
    },
    Column {
        field: Field::costly("holders", "Number of processes seen to hold it."),
        get: |object| match object.used_by() {
            Value::Holders(found) => Value::Count(found.holders.len() as u64),
            unknown => unknown,
        },
    },
    Column {
        field: Field::costly(
            "unseen",
            "Number of holders that could not be seen: attachments of a segment, waiting calls of a set.",
        ),
        get: |object| match object.used_by() {
            Value::Holders(found) => found.unseen.map_or(NOT_ALL, Value::Count),
            unknown => unknown,
        },
    },
];

/// The columns that come from a verdict.
pub const OF_VERDICTS: &[&str] = &["state", "evidence"];

const NOT_JUDGED: Value = Value::Unknown("it was not judged");
const NOT_LOOKED: Value = Value::Unknown("it was not looked for");
const NOT_ALL: Value = Value::Unknown("not every process could be seen");
const NO_TRACE: Value = Value::Unknown("no process waits, and other users leave no trace");

fn id(object: &Object) -> Value {
    match object.address.locator {
        Locator::Id(id) => Value::Id(id.into()),
        _ => Value::None("none"),
    }
}

fn name(object: &Object) -> Value {
    match &object.address.locator {
        Locator::Name(_) | Locator::Path(_) => {
            Value::Text(object.address.locator.to_string().into())
        }
        _ => Value::None("none"),
    }
}

fn known(number: Option<u32>, value: fn(u32) -> Value) -> Value {
    number.map_or(Value::Unknown("permission denied"), value)
}

/// Where a column's value is found in the objects of one listing of one kind: names are looked up once.
#[derive(Clone, Copy)]
pub enum Place {
    /// A column that every kind has.
    Common(&'static Column),
    /// So many facts come before it.
    Fact(usize),
}

impl Object {
    /// The value of the column called `name`; `None` when the kind has no such column.
    pub fn column(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.place(name).map(|place| self.at(Some(place)))
    }

    /// Where the column called `name` is found; `None` when the kind has no such column, or it was not read.
    pub fn place(&self, name: &str) -> Option<Place> {
        match COMMON.iter().find(|column| column.field.name == name) {
            Some(column) => Some(Place::Common(column)),
            None => self.facts.iter().position(|(field, _)| field.name == name).map(Place::Fact),
        }
    }

    /// The value in a place; nothing when it has none.
    pub fn at(&self, place: Option<Place>) -> Cow<'_, Value> {
        static ABSENT: Value = Value::None("none");
        match place {
            Some(Place::Common(column)) => Cow::Owned((column.get)(self)),
            Some(Place::Fact(at)) => {
                Cow::Borrowed(self.facts.0.get(at).map_or(&ABSENT, |(_, value)| value))
            }
            None => Cow::Borrowed(&ABSENT),
        }
    }

    /// The column USED-BY: nobody only where that is certain.
    fn used_by(&self) -> Value {
        match &self.found {
            None => NOT_LOOKED,
            Some(found) if found.is_held() => Value::Holders(found.clone()),
            Some(found) if !found.complete() => NOT_ALL,
            Some(_) if self.trace.is_some_and(|trace| trace.is_of_calls()) => NO_TRACE,
            Some(found) => Value::Holders(found.clone()),
        }
    }

    /// Is this the same object, which nobody has used or changed between two looks? Only where what it remembers was
    /// read both times.
    pub fn is_same(&self, other: &Self) -> bool {
        self.past.is_some()
            && self.address == other.address
            && (&self.past, &self.trace) == (&other.past, &other.trace)
            && (self.uid, self.gid, self.mode) == (other.uid, other.gid, other.mode)
    }

    /// The column CONTENT: unknown if any of its parts is.
    fn content(&self) -> Value {
        let mut parts = Vec::with_capacity(self.kind.content.len());
        for part in self.kind.content {
            match part {
                Part::Word(word) => parts.push(Value::Word(word)),
                Part::Fact(name) => match self.facts.get(name) {
                    Some(value) if value.is_known() => parts.push(value.clone()),
                    Some(value) => return value.clone(),
                    None => return Value::Unknown("it was not read"),
                },
            }
        }
        Value::Phrase(parts.into())
    }
}
