//! One object: the facts that all kinds have as members, the others as pairs of field and value.

use std::borrow::Cow;

use super::address::Address;
use super::kind::{Field, Kind, Part};
use super::locator::Locator;
use super::named::Named;
use super::past::History;
use super::trace::Trace;
use super::value::{Timestamp, Value};

/// One object as the kernel showed it.
#[derive(Clone, Debug)]
pub struct Object {
    /// What kind it is.
    pub kind: &'static Kind,
    /// Its name for every verb.
    pub address: Address,
    /// What programs call it.
    pub name: ObjectName,
    /// [`Value::User`]; none for a kind without owners, unknown where it could not be read.
    pub owner: Value,
    /// [`Value::Group`], likewise.
    pub group: Value,
    /// [`Value::Mode`] of the permission bits, likewise.
    pub mode: Value,
    /// Bytes it can hold: the length of shared memory, the capacity of a queue or pipe.
    pub size: Value,
    /// When it was made, or last changed where the kernel keeps no time of birth.
    pub since: Option<Timestamp>,
    /// The facts of its kind that were asked for.
    pub facts: Facts,
    /// What a holder of it would show, where that is known.
    pub trace: Option<Trace>,
    /// What it remembers of its makers and users, where somebody wants its state.
    pub past: Option<History>,
}

/// What programs call an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectName {
    /// It has no name.
    None,
    /// The locator of its address is its name.
    Locator,
    /// This, which its address does not tell.
    Other(Box<str>),
}

impl Object {
    /// An object of which only the address is known: a kind adds what it has.
    pub fn new(kind: &'static Kind, locator: Locator) -> Self {
        Self {
            kind,
            address: Address { facility: kind.facility, locator },
            name: ObjectName::None,
            owner: Value::None("none"),
            group: Value::None("none"),
            mode: Value::None("none"),
            size: Value::None("none"),
            since: None,
            facts: Facts::default(),
            trace: None,
            past: None,
        }
    }

    /// User id of the owner, if it has one that could be read.
    pub fn uid(&self) -> Option<u32> {
        match self.owner {
            Value::User(uid) => Some(uid),
            _ => None,
        }
    }

    /// Group id of the owning group, if it has one that could be read.
    pub fn gid(&self) -> Option<u32> {
        match self.group {
            Value::Group(gid) => Some(gid),
            _ => None,
        }
    }

    /// The permission bits, if it has some that could be read.
    pub fn permissions(&self) -> Option<u32> {
        match self.mode {
            Value::Mode(mode) | Value::ModeWithList(mode) => Some(mode),
            _ => None,
        }
    }

    /// The text that `--name` is matched against: its name, or the part of its address after the colon.
    pub fn name_text(&self) -> Cow<'_, str> {
        match &self.name {
            ObjectName::Other(name) => Cow::Borrowed(name),
            ObjectName::None | ObjectName::Locator => Cow::Owned(self.address.locator.to_string()),
        }
    }
}

impl AsRef<Object> for Object {
    fn as_ref(&self) -> &Object {
        self
    }
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

/// The columns that every kind has, in the order in which `show` prints them. Those that later stages fill and a kind's own
/// follow.
pub static COMMON: &[Column] = &[
    Column {
        field: Field::free("address", "Address of the object, accepted by every verb."),
        get: |object| Value::Address(object.address.clone()),
    },
    Column {
        field: Field::free("kind", "Kind of object: see ipcctl kinds."),
        get: |object| Value::Word(object.kind.name),
    },
    Column {
        field: Field::free("facility", "The part of its address before the colon."),
        get: |object| Value::Word(object.address.facility.name()),
    },
    Column {
        field: Field::free("family", "Interface of the kernel that it belongs to."),
        get: |object| Value::Word(object.kind.family.name()),
    },
    Column { field: Field::free("id", "System V id."), get: id },
    Column { field: Field::free("name", "POSIX name or path."), get: name },
    Column {
        field: Field::free("owner", "Owner: user name, or uid if there is no name."),
        get: |object| object.owner.clone(),
    },
    Column {
        field: Field::free("uid", "Numeric user id of the owner."),
        get: |object| number(&object.owner),
    },
    Column {
        field: Field::free("group", "Owning group: name, or gid if there is no name."),
        get: |object| object.group.clone(),
    },
    Column {
        field: Field::free("gid", "Numeric id of the owning group."),
        get: |object| number(&object.group),
    },
    Column {
        field: Field::free("mode", "Permission bits, octal."),
        get: |object| object.mode.clone(),
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
            "since",
            "When it was created, or last changed if no creation time is kept.",
        ),
        get: |object| object.since.map_or(Value::Unknown("no time is kept"), Value::Time),
    },
    Column {
        field: Field::free(
            "age",
            "Seconds since creation, or since the last change if no creation time is kept.",
        ),
        get: |object| object.since.map_or(Value::Unknown("no time is kept"), Value::Age),
    },
];

fn id(object: &Object) -> Value {
    match object.address.locator {
        Locator::Id(id) => Value::Id(id.into()),
        _ => Value::None("none"),
    }
}

fn name(object: &Object) -> Value {
    match &object.name {
        ObjectName::None => Value::None("none"),
        ObjectName::Locator | ObjectName::Other(_) => Value::Text(object.name_text().into()),
    }
}

/// The number of a user or group, rather than its name.
fn number(owner: &Value) -> Value {
    match owner {
        Value::User(id) | Value::Group(id) => Value::Id((*id).into()),
        other => other.clone(),
    }
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

    /// Returns true if this is the same object, and it was neither used nor changed between two looks; only where its
    /// history was read both times.
    pub fn is_same(&self, other: &Self) -> bool {
        self.past.is_some()
            && self.address == other.address
            && (&self.past, &self.trace) == (&other.past, &other.trace)
            && (self.uid(), self.gid(), self.permissions())
                == (other.uid(), other.gid(), other.permissions())
    }

    /// The column CONTENT: none if the kind has no such thing, unknown if any of its parts is.
    fn content(&self) -> Value {
        if self.kind.content.is_empty() {
            return Value::None("none");
        }
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
