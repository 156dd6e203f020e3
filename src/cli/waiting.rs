//! How long a verb waits: `--timeout` and `--nonblock`.

use std::time::Duration;

use crate::cli::values;
use crate::model::Wait;

/// How long to wait.
#[derive(clap::Args, Clone, Debug)]
pub struct Waiting {
    /// Give up after this long: seconds, or with a unit, 500ms, 10m (exit status 5)
    ///
    /// Measured with the monotonic clock, which setting the time of day does not change.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,

    /// Do not wait (exit status 5)
    #[arg(long, conflicts_with = "timeout")]
    nonblock: bool,
}

impl Waiting {
    /// From now on.
    pub fn from_now(&self) -> Wait {
        Wait::new(self.timeout, self.nonblock)
    }
}
