//! States on the command line: their names, and how they are judged.

use std::time::Duration;

use clap::Args;

use super::values;
use crate::model::State;

/// How states are judged.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct Judging {
    /// Leave alone objects created, changed or used within this time [default: 60s, 1h for queues and sets]
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide_short_help = true)]
    pub grace: Option<Duration>,

    /// Judge as if no process outside of this pid namespace used these objects
    ///
    /// For containers, from which other processes cannot be seen. It is for you to know that the objects are shared with none.
    #[arg(long, hide_short_help = true)]
    pub assume_alone: bool,
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
    #[arg(long, value_name = "STATE[,STATE]", value_parser = values::named::<State>(), value_delimiter = ',', hide_short_help = ASIDE)]
    state: Vec<State>,
}

impl<const ASIDE: bool> InStates<ASIDE> {
    /// Returns true if not all of them are meant.
    pub fn is_given(&self) -> bool {
        !self.state.is_empty()
    }

    /// Returns true if this one is meant.
    pub fn contain(&self, state: State) -> bool {
        self.state.is_empty() || self.state.contains(&state)
    }
}
