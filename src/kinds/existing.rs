//! An existing object against what `create` was asked for: what differs, and what of that can be changed. Names no kind.

use super::KindRecord;
use super::capability::{ConfigureRequest, Create, CreateRequest, Query, Want};
use crate::model::{Class, Difference, Fault, Object, Settings, Value};

/// The object that was to be made and exists.
///
/// # Errors
/// [`Class::NotFound`] when it has gone, and why it could not be looked at.
pub fn find(
    (record, create): (&KindRecord, &dyn Create),
    look: &Query,
    making: &CreateRequest,
) -> Result<Object, Fault> {
    let names: Vec<&str> = making.settings.params().map(|param| param.name).collect();
    let locator = create.locator(making)?;
    record.inspect.find(&Query { want: Want::Only(&names), ..*look }, &locator)
}

/// What the object has otherwise than it would have been made: owner, group and mode first, then what the kind has.
///
/// # Errors
/// A usage error in the options.
pub fn differences(
    (record, create): (&KindRecord, &dyn Create),
    look: &Query,
    (object, making): (&Object, &CreateRequest),
) -> Result<Vec<Difference>, Fault> {
    let uid = making.uid.unwrap_or_else(|| nix::unistd::geteuid().as_raw());
    let gid = create.group(making);
    let mut found = Vec::new();
    if object.uid() != Some(uid) {
        found.push(("owner", object.owner.clone(), Value::User(uid)));
    }
    if object.gid() != Some(gid) {
        found.push(("group", object.group.clone(), Value::Group(gid)));
    }
    if object.permissions() != Some(making.mode) {
        found.push(("mode", object.mode.clone(), Value::Mode(making.mode)));
    }
    let mends = record.configure.is_some();
    let common = found.into_iter().map(|(name, has, wants)| Difference {
        name,
        what: name,
        has,
        wants,
        mends,
    });
    let mut all: Vec<_> = common.collect();
    all.extend(create.differences(look, object, making)?);
    Ok(all)
}

/// What the facts of an object tell of the numbers that were asked for: an option and the fact that it sets have one name.
/// `changes` are the options of `set`.
pub(super) fn by_facts(
    object: &Object,
    settings: &Settings,
    changes: &[&'static crate::model::Param],
) -> Vec<Difference> {
    let mut found = Vec::new();
    for param in settings.params() {
        let Some(wanted) = settings.number(param) else { continue };
        let has = match (param.name, object.facts.get(param.name)) {
            ("size", _) => &object.size,
            (_, Some(has)) => has,
            (_, None) => continue,
        };
        if !matches!(has, Value::Count(has) | Value::Bytes(has) if *has == wanted) {
            let mends = changes.iter().any(|change| change.name == param.name);
            let wants = Value::Count(wanted);
            let (name, has) = (param.name, has.clone());
            found.push(Difference { name, what: name, has, wants, mends });
        }
    }
    found
}

/// Makes the object what was asked for, where it differs. All of the differences can be changed.
///
/// # Errors
/// As [`super::capability::Configure::set`].
pub fn mend(
    record: &KindRecord,
    look: &Query,
    (object, making): (&Object, &CreateRequest),
    differences: &[Difference],
) -> Result<(), Fault> {
    let wanted = |name: &str| differences.iter().find(|one| one.name == name).map(|one| &one.wants);
    let id = |name: &str| match wanted(name) {
        Some(Value::User(id) | Value::Group(id)) => Some(*id),
        _ => None,
    };
    let settings = making.settings.only(|param| wanted(param.name).is_some());
    let change = ConfigureRequest {
        mode: wanted("mode").map(|_| making.mode),
        uid: id("owner"),
        gid: id("group"),
        settings: &settings,
    };
    match record.configure {
        Some(configure) => configure.set(look, &object.address.locator, &change),
        None => Err(Fault::new(Class::Failed, "it cannot be changed")),
    }
}
