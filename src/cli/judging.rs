//! States on the command line: their names, and how they are judged.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values;
use crate::model::State;

/// Names of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    /// A process uses it now
    InUse,
    /// Unused, and its creators are alive, or it is meant to persist, or is too young to judge
    Idle,
    /// Unused, its creators have ended, and no process can be expected to need it again
    Leftover,
    /// Unused and its creators have ended, but it could be opened again
    Suspect,
    /// Not enough could be read to tell
    Unknown,
}

impl StateName {
    /// The state.
    pub fn state(self) -> State {
        match self {
            Self::InUse => State::InUse,
            Self::Idle => State::Idle,
            Self::Leftover => State::Leftover,
            Self::Suspect => State::Suspect,
            Self::Unknown => State::Unknown,
        }
    }
}

/// How states are judged.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct Judging {
    /// Leave alone objects created, changed or used within this time [default: 60s, 1h for queues and sets]
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide_short_help = true)]
    pub grace: Option<Duration>,
}

impl Judging {
    /// The time in seconds.
    pub fn seconds(&self) -> Option<i64> {
        self.grace.map(|grace| i64::try_from(grace.as_secs()).unwrap_or(i64::MAX))
    }
}

/// Which states are meant. `ASIDE`: that is not for the short help.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct InStates<const ASIDE: bool> {
    /// Only objects in these states
    #[arg(long, value_name = "STATE[,STATE]", value_enum, value_delimiter = ',', hide_short_help = ASIDE)]
    state: Vec<StateName>,
}

impl<const ASIDE: bool> InStates<ASIDE> {
    /// Returns true if not all of them are meant.
    pub fn is_given(&self) -> bool {
        !self.state.is_empty()
    }

    /// Returns true if this one is meant.
    pub fn contain(&self, state: State) -> bool {
        self.state.is_empty() || self.state.iter().any(|name| name.state() == state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_called_the_same_on_the_command_line_and_in_output() {
        for name in StateName::value_variants() {
            assert_eq!(name.to_possible_value().unwrap().get_name(), name.state().name());
        }
        assert_eq!(StateName::value_variants().len(), State::ALL.len());
    }
}
