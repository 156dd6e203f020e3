//! A limit of the kernel or the system on a facility.

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
    /// What raises it: a sysctl's name, or where to look.
    pub knob: &'static str,
}

impl Limit {
    /// Used over limit in percent, where both are numbers and the limit is not zero.
    pub fn percent(&self) -> Option<f64> {
        let number = |value: &Value| match value {
            Value::Count(number) | Value::Bytes(number) => Some(*number),
            _ => None,
        };
        let (used, limit) = (number(&self.used)?, number(&self.limit)?);
        (limit > 0).then(|| used as f64 * 100.0 / limit as f64)
    }
}
