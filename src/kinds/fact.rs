//! A fact of a kind's own: its name beside the code that reads it.

use super::capability::Query;
use crate::model::{Facts, Fault, Field, Kind, Value};

/// How one fact is read from what the kernel said of an object, or by asking again.
pub(super) struct Fact<T: 'static> {
    pub(super) field: Field,
    pub(super) read: fn(&T, &Query) -> Value,
}

impl<T> Fact<T> {
    /// A fact that comes with the call that lists the object.
    pub(super) const fn free(
        name: &'static str,
        help: &'static str,
        read: fn(&T, &Query) -> Value,
    ) -> Self {
        Self { field: Field::free(name, help), read }
    }

    /// A fact that costs a call of its own.
    pub(super) const fn costly(
        name: &'static str,
        help: &'static str,
        read: fn(&T, &Query) -> Value,
    ) -> Self {
        Self { field: Field::costly(name, help), read }
    }
}

/// A fact about all objects of a kind together.
pub(super) type Total<T> = (Field, fn(&T) -> Value);

/// Such facts, each from the same answer of the kernel's.
pub(super) fn totals<T>(facts: &'static [Total<T>], answer: &std::io::Result<T>) -> Facts {
    let value = |read: fn(&T) -> Value| match answer {
        Ok(answer) => read(answer),
        Err(error) => Value::Unknown(Fault::reason(error)),
    };
    facts.iter().map(|(field, read)| (field, value(*read))).collect()
}

/// The names of facts, for [`Kind::fields`].
pub(super) fn fields<T>(facts: &'static [Fact<T>]) -> Vec<&'static Field> {
    facts.iter().map(|fact| &fact.field).collect()
}

/// Those facts that are wanted, chosen once for a whole listing.
pub(super) struct FactPlan<'a, T: 'static> {
    facts: Vec<&'static Fact<T>>,
    look: &'a Query<'a>,
}

impl<'a, T> FactPlan<'a, T> {
    pub(super) fn new(kind: &Kind, facts: &'static [Fact<T>], look: &'a Query<'a>) -> Self {
        let wanted = |fact: &&Fact<T>| look.want.has(kind, &fact.field);
        Self { facts: facts.iter().filter(wanted).collect(), look }
    }

    /// Returns true if the fact called `name` is one of them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.facts.iter().any(|fact| fact.field.name == name)
    }

    /// The names of the facts.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.facts.iter().map(|fact| fact.field.name)
    }

    /// Returns true if the history of objects is needed, from which their state is concluded.
    pub(super) fn wants_past(&self) -> bool {
        self.look.needs.history
    }

    /// Returns true if holders of the objects will be looked for, so that their traces have to be exact.
    pub(super) fn wants_holders(&self) -> bool {
        self.look.needs.holders
    }

    /// The facts of one object.
    pub(super) fn read(&self, record: &T) -> Facts {
        self.facts.iter().map(|fact| (&fact.field, (fact.read)(record, self.look))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::capability::Want;
    use crate::model::{Facility, Family};
    use std::path::Path;

    static FACTS: &[Fact<u64>] = &[
        Fact::free("cheap", "Comes with the listing.", |number, _| Value::Count(*number)),
        Fact::costly("dear", "Costs a call.", |_, _| Value::Unknown("it must not be read")),
    ];
    static KIND: Kind = Kind {
        name: "test",
        facility: Facility::Shm,
        family: Family::Sysv,
        forms: &[],
        file_type: None,
        listed: crate::model::Breadth::Usual,
        about: "a test",
        fields: || fields(FACTS),
        content: &[crate::model::Part::Fact("cheap")],
    };

    fn read(want: Want) -> Vec<&'static str> {
        let look = Query::new(want, Path::new("/proc"));
        FactPlan::new(&KIND, FACTS, &look).read(&1).iter().map(|(field, _)| field.name).collect()
    }

    #[test]
    fn a_fact_is_read_only_when_it_is_wanted() {
        assert_eq!(read(Want::Everything), ["cheap", "dear"]);
        assert_eq!(read(Want::FreeAnd(&["address"])), ["cheap"]);
        assert_eq!(read(Want::FreeAnd(&["dear"])), ["cheap", "dear"]);
        assert_eq!(read(Want::Only(&["dear"])), ["dear"]);
        assert_eq!(read(Want::Only(&["content"])), ["cheap"]);
        assert!(read(Want::Only(&["address"])).is_empty());
    }
}
