//! The closed set of what a fact can be. Formats render these and nothing else.

use std::ffi::OsStr;
use std::sync::Arc;

use super::address::Address;
use super::holder::Holders;
use super::kind::Field;
use super::witness::Witness;

/// A point in time: seconds since the epoch, and nanoseconds where the kernel keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub secs: i64,
    /// Nanoseconds after them, below 1,000,000,000.
    pub nanos: u32,
}

impl Timestamp {
    /// A whole second, which is all that System V IPC keeps.
    pub fn seconds(secs: i64) -> Self {
        Self { secs, nanos: 0 }
    }
}

/// One fact, typed, so that every format can render it in its own way.
#[derive(Clone, Debug)]
pub enum Value {
    /// It could not be read, and why. Never the same as zero or empty.
    Unknown(&'static str),
    /// There is nothing to tell, and how a person would say so: `never`, `none`.
    None(&'static str),
    /// Yes or no.
    Flag(bool),
    /// So many of something.
    Count(u64),
    /// So many bytes.
    Bytes(u64),
    /// A count or bytes of what could be seen, where there may be more that could not.
    AtLeast(Box<Value>),
    /// A share of a limit, in percent.
    Percent(f64),
    /// An identifier: never grouped, never scaled.
    Id(u64),
    /// A System V key.
    Key(u32),
    /// Permission bits.
    Mode(u32),
    /// The same of a file that has an access control list besides, of which people are told.
    ModeWithList(u32),
    /// A user id, rendered as a name.
    User(u32),
    /// A group id, rendered as a name.
    Group(u32),
    /// A process id.
    Pid(i32),
    /// A point in time.
    Time(Timestamp),
    /// A point in time that is rendered as what has passed since.
    Age(Timestamp),
    /// A word of our own.
    Word(&'static str),
    /// Text of our own.
    Text(Box<str>),
    /// Bytes that somebody else chose: always escaped.
    Name(Box<OsStr>),
    /// The address of an object.
    Address(Address),
    /// Values and words in a row, as one cell: `3/10 msgs`.
    Phrase(Box<[Value]>),
    /// Several values of one sort.
    List(Box<[Value]>),
    /// Several values of one sort that a program takes as its words: process ids for `kill`.
    Words(Box<[Value]>),
    /// A table of its own: the members of a set.
    Rows(Box<Rows>),
    /// Processes that hold an object.
    Holders(Arc<Holders>),
    /// A process that may come back for an object.
    Witness(Arc<Witness>),
    /// A word of our own, and the process that is the reason for it, of which people are told.
    WordFor(&'static str, Arc<Witness>),
}

/// A table inside an object.
#[derive(Clone, Debug)]
pub struct Rows {
    /// What the columns are.
    pub fields: &'static [&'static Field],
    /// The rows, each with one value a field.
    pub rows: Vec<Vec<Value>>,
}

static HOLDER: &[&Field] = &[&PID, &USER, &COMMAND, &HOW, &FDS];
static PID: Field = Field::free("pid", "Process id.");
static USER: Field = Field::free("user", "Effective user of the process.");
static COMMAND: Field = Field::free("command", "Command of the process.");
static HOW: Field = Field::free("how", "In which ways it holds the object.");
static FDS: Field = Field::free("fds", "The numbers of its descriptors of the object.");

const GONE: Value = Value::Unknown("it is gone");

impl Holders {
    /// The holders as a table of their own.
    pub fn rows(&self) -> Rows {
        let rows = self.holders.iter().map(|holder| {
            let command = holder.command.clone().map_or(GONE, Value::Name);
            let how = holder.how.iter().map(|how| Value::Text(how.to_string().into()));
            let user = holder.uid.map_or(GONE, Value::User);
            let fds = holder.fds.iter().map(|fd| Value::Id(fd.unsigned_abs().into())).collect();
            let how = Value::List(how.collect());
            vec![Value::Pid(holder.pid), user, command, how, Value::List(fds)]
        });
        Rows { fields: HOLDER, rows: rows.collect() }
    }
}

impl Value {
    /// Returns true if there is something to show.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_) | Self::None(_))
    }

    /// A time of which the kernel says 0 when the thing never happened.
    pub fn time_or_never(secs: i64) -> Self {
        if secs == 0 { Self::None("never") } else { Self::Time(Timestamp::seconds(secs)) }
    }

    /// Where it stands in an order: `None` (unknown) sorts last whatever the direction.
    fn rank(&self) -> Option<Rank<'_>> {
        Some(match self {
            Self::Unknown(_) | Self::None(_) | Self::Rows(_) => return None,
            Self::Holders(found) => Rank::Number(found.holders.len() as i128),
            Self::Flag(flag) => Rank::Number(i128::from(*flag)),
            Self::Count(number) | Self::Bytes(number) | Self::Id(number) => {
                Rank::Number(i128::from(*number))
            }
            Self::AtLeast(number) => return number.rank(),
            Self::Percent(share) => Rank::Number((share * 1000.0) as i128),
            Self::Key(number)
            | Self::Mode(number)
            | Self::ModeWithList(number)
            | Self::User(number)
            | Self::Group(number) => Rank::Number(i128::from(*number)),
            Self::Pid(pid) => Rank::Number(i128::from(*pid)),
            Self::Time(time) => Rank::Number(nanoseconds(*time)),
            // The older thing has the greater age.
            Self::Age(since) => Rank::Number(-nanoseconds(*since)),
            Self::Word(text) | Self::WordFor(text, _) => Rank::Text(text.as_bytes()),
            Self::Witness(process) => Rank::Number(i128::from(process.pid)),
            Self::Text(text) => Rank::Text(text.as_bytes()),
            Self::Name(name) => Rank::Text(name.as_encoded_bytes()),
            Self::Address(address) => Rank::Address(address),
            Self::List(values) | Self::Words(values) => return values.first()?.rank(),
            Self::Phrase(parts) => {
                return parts.iter().find(|part| !matches!(part, Self::Word(_)))?.rank();
            }
        })
    }

    /// The order of two values in a sorted listing; what is unknown comes last in both directions.
    pub fn order(&self, other: &Self, descending: bool) -> std::cmp::Ordering {
        match (self.rank(), other.rank()) {
            (Some(one), Some(two)) if descending => two.cmp(&one),
            (Some(one), Some(two)) => one.cmp(&two),
            (one, two) => one.is_none().cmp(&two.is_none()),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank<'a> {
    Number(i128),
    Text(&'a [u8]),
    Address(&'a Address),
}

fn nanoseconds(time: Timestamp) -> i128 {
    i128::from(time.secs) * 1_000_000_000 + i128::from(time.nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn what_is_unknown_sorts_last_in_both_directions() {
        let (known, unknown) = (Value::Count(1), Value::Unknown("permission denied"));
        assert_eq!(unknown.order(&known, false), Ordering::Greater);
        assert_eq!(unknown.order(&known, true), Ordering::Greater);
    }

    #[test]
    fn the_older_thing_has_the_greater_age() {
        let (old, young) = (Value::Age(Timestamp::seconds(10)), Value::Age(Timestamp::seconds(20)));
        assert_eq!(old.order(&young, false), Ordering::Greater);
    }
}
