//! What is not taken: how many objects of each state, and why they are in it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Field, Named, Rows, State, Value, Verdict};

/// So many objects of each state and reason.
#[derive(Default)]
pub(super) struct Left(BTreeMap<(State, &'static str), u64>);

static FIELDS: &[&Field] = &[&STATE, &BECAUSE, &OBJECTS];
static STATE: Field = Field::free("state", "Their state.");
static BECAUSE: Field = Field::free("because", "What decided on it.");
static OBJECTS: Field = Field::free("objects", "How many there are.");

impl Left {
    /// Counts an object that stays.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        *self.0.entry((verdict.state, verdict.because)).or_default() += 1;
    }

    /// For programs.
    pub(super) fn rows(&self) -> Value {
        let row = |((state, because), count): (&(State, &'static str), &u64)| {
            vec![Value::Word(state.name()), Value::Word(because), Value::Count(*count)]
        };
        let rows = Rows { fields: FIELDS, rows: self.0.iter().map(row).collect() };
        Value::Rows(Box::new(rows))
    }

    /// For people: `2 in use, 3 idle (it is too young: 2, it is kept: 1)`. Empty when nothing stays.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for state in State::ALL {
            let of_state = || self.0.iter().filter(|((one, _), _)| one == state);
            let count: u64 = of_state().map(|(_, count)| count).sum();
            if count == 0 {
                continue;
            }
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing to a String does not fail.
            let _ = write!(text, "{comma}{count} {}", state.name());
            let mut reasons: Vec<_> = of_state().collect();
            reasons.sort_by_key(|((_, because), count)| (std::cmp::Reverse(**count), *because));
            let told = match &*reasons {
                _ if *state == State::InUse => continue,
                [((_, because), _)] => (*because).to_owned(),
                several => {
                    let several = several.iter();
                    let each = several.map(|((_, because), count)| format!("{because}: {count}"));
                    each.collect::<Vec<_>>().join(", ")
                }
            };
            let _ = write!(text, " ({told})");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(state: State, because: &'static str) -> Verdict {
        Verdict { state, because, free: false, outside: false, against: None, evidence: [].into() }
    }

    #[test]
    fn what_is_left_is_counted_by_state_and_reason() {
        let mut left = Left::default();
        assert_eq!(left.text(), "");
        for (state, because) in [
            (State::Idle, "it is kept"),
            (State::InUse, "a process holds it"),
            (State::Idle, "it is too young"),
            (State::Idle, "it is too young"),
            (State::Unknown, "its age could not be read"),
        ] {
            left.add(&verdict(state, because));
        }
        assert_eq!(
            left.text(),
            "1 in-use, 3 idle (it is too young: 2, it is kept: 1), 1 unknown (its age could not be read)"
        );
    }
}
