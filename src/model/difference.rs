//! What an existing object has otherwise than it was asked for. Plain data.

use super::value::Value;

/// Something that an existing object has otherwise than it was asked for.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The option that asks for it: `mode`, `size`.
    pub name: &'static str,
    /// What it is of the object, in a sentence.
    pub what: &'static str,
    /// What the object has; unknown where it could not be read, which is never as asked for.
    pub has: Value,
    /// What was asked for.
    pub wants: Value,
    /// `set` can change it.
    pub mends: bool,
}

impl Difference {
    /// The difference in a sentence. `text` says how a value looks.
    pub fn told(&self, text: impl Fn(&Value) -> String) -> String {
        let Self { what, has, wants, .. } = self;
        let unit = if matches!(has, Value::Bytes(_)) { " bytes" } else { "" };
        let has = match has {
            Value::Unknown(why) => format!("unknown ({why})"),
            Value::Bytes(bytes) => text(&Value::Count(*bytes)),
            has => text(has),
        };
        format!("its {what} is {has}{unit}, not {}", text(wants))
    }
}
