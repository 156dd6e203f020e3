//! How the tools get at objects: through the kinds, with the facts they print and no others, and as the plain
//! numbers that they print, in which what is not known is 0.

use std::ffi::OsStr;
use std::fmt::Display;
use std::ops::ControlFlow;

use super::tool::{Tool, ToolExit};
use crate::kinds::capability::{Query, Want};
use crate::kinds::{self, KindRecord};
use crate::model::{Facility, Facts, Family, Fault, Found, Limit, Locator, Object, Value};

/// A kind, as its record.
pub(super) fn kind(
    tool: &mut Tool,
    facility: Facility,
    family: Family,
) -> Result<&'static KindRecord, ToolExit> {
    kinds::of_family(facility, family).map_err(|fault| tool.refuse(&fault.cause))
}

/// Hands every object of a kind to `show`, with the facts in `want`. Sources that could not be looked at are
/// said and remembered.
pub(super) fn each(
    tool: &mut Tool,
    record: &KindRecord,
    want: &[&str],
    show: &mut dyn FnMut(&mut Tool, &Object) -> Result<(), ToolExit>,
) -> Result<(), ToolExit> {
    each_there(tool, record, want, |tool, reason| tool.fail(reason), show)
}

/// The same, but `missing` says what to make of a source that could not be looked at.
pub(super) fn each_there(
    tool: &mut Tool,
    record: &KindRecord,
    want: &[&str],
    missing: fn(&mut Tool, &dyn Display),
    show: &mut dyn FnMut(&mut Tool, &Object) -> Result<(), ToolExit>,
) -> Result<(), ToolExit> {
    let proc = tool.proc.clone();
    let look = Query::new(Want::Only(want), &proc);
    let mut result = Ok(());
    let _ = record.inspect.list(&look, &mut |sighting| {
        match sighting {
            Found::Object(object) => result = show(tool, &object),
            Found::Missing(reason) => missing(tool, &reason),
            Found::Note(_) => {}
        }
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    result
}

/// One object with the facts in `want`.
pub(super) fn find(
    tool: &Tool,
    record: &KindRecord,
    locator: &Locator,
    want: &[&str],
) -> Result<Object, Fault> {
    let look = Query::new(Want::Only(want), &tool.proc);
    record.inspect.find(&look, locator)
}

/// The limits on a kind.
pub(super) fn limits(tool: &Tool, record: &KindRecord) -> Vec<Limit> {
    record.inspect.limits(&Query::new(Want::Only(&[]), &tool.proc))
}

/// The number in a value.
pub(super) fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Count(number) | Value::Bytes(number) | Value::Id(number) => Some(*number),
        Value::AtLeast(seen) => number(Some(seen)),
        _ => None,
    }
}

/// The facts of an object, or of a kind, as plain numbers.
pub(super) trait PlainNumbers {
    fn facts(&self) -> &Facts;

    /// A count, a size or an id.
    fn number(&self, name: &str) -> u64 {
        number(self.facts().get(name)).unwrap_or(0)
    }

    /// A process id; 0 for nobody.
    fn pid(&self, name: &str) -> i32 {
        pid(self.facts().get(name))
    }

    /// Seconds since the epoch; 0 for never.
    fn time(&self, name: &str) -> i64 {
        match self.facts().get(name) {
            Some(Value::Time(time)) => time.secs,
            _ => 0,
        }
    }

    /// A key; 0 for none.
    fn key(&self) -> u32 {
        match self.facts().get("key") {
            Some(Value::Key(key)) => *key,
            _ => 0,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.facts().get(name), Some(Value::Flag(true)))
    }
}

/// A process id; 0 for nobody.
pub(super) fn pid(value: Option<&Value>) -> i32 {
    match value {
        Some(Value::Pid(pid)) => *pid,
        _ => 0,
    }
}

impl PlainNumbers for Facts {
    fn facts(&self) -> &Facts {
        self
    }
}

impl PlainNumbers for Object {
    fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// The System V id of an object.
pub(super) fn id(object: &Object) -> u32 {
    match object.address.locator {
        Locator::Id(id) => id,
        _ => 0,
    }
}

/// The POSIX name of an object, without its slash.
pub(super) fn name(object: &Object) -> &OsStr {
    match &object.address.locator {
        Locator::Name(name) => name,
        _ => OsStr::new(""),
    }
}

/// The nine permission bits.
pub(super) fn mode(object: &Object) -> u32 {
    object.permissions().unwrap_or(0) & 0o777
}
