//! A limit of the kernel or the system on a facility.

use super::object::Object;
use super::value::Value;

/// One limit, what is used of it, and what raises it.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The field's name for it: `SHMMNI`.
    pub name: &'static str,
    /// What it counts, in a few words with the unit.
    pub about: &'static str,
    /// The limit.
    pub limit: Value,
    /// What is used now; `None` where nothing is used up by it.
    pub used: Value,
    /// Who uses it up.
    pub who: Who,
    /// What raises it: a sysctl's name, or where to look.
    pub knob: &'static str,
}

/// Who uses a limit up.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// It is on each object or call by itself, or that cannot be told.
    Nobody,
    /// This user: it is on each user by himself.
    User(u32),
    /// The owners of the objects of the kind that has the limit, each with so much for an object.
    Owners(fn(&Object) -> u64),
}

impl Who {
    /// The owners, each with one for an object.
    pub const OWNERS: Self = Self::Owners(|_| 1);
}

impl Limit {
    /// Used over limit in percent, where both are numbers and the limit is not zero.
    pub fn percent(&self) -> Option<f64> {
        let (used, limit) = (number(&self.used)?, number(&self.limit)?);
        (limit > 0).then(|| used as f64 * 100.0 / limit as f64)
    }

    /// What is left of it, where both are numbers.
    pub fn free(&self) -> Option<u64> {
        Some(number(&self.limit)?.saturating_sub(number(&self.used)?))
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Count(number) | Value::Bytes(number) => Some(*number),
        Value::AtLeast(seen) => number(seen),
        _ => None,
    }
}
