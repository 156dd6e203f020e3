//! How long a call may wait. On the monotonic clock: a step of the wall clock changes nothing.

use std::time::{Duration, Instant};

use super::fault::{Class, Fault};

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: what cannot be done now is refused.
    Not,
    /// Until this point in time; without one, for ever.
    Until(Option<Instant>),
}

impl Wait {
    /// What `--timeout` and `--nonblock` ask for, from now on.
    pub fn new(timeout: Option<Duration>, nonblock: bool) -> Self {
        // An end that the clock cannot name never comes.
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if nonblock { Self::Not } else { Self::Until(end) }
    }

    /// What is left of it; `None` when it never runs out.
    pub fn left(self) -> Option<Duration> {
        match self {
            Self::Not => Some(Duration::ZERO),
            Self::Until(end) => end.map(|end| end.saturating_duration_since(Instant::now())),
        }
    }

    /// Returns true if it has run out.
    pub fn is_over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// What is to be said when it has run out.
    pub fn fault(self) -> Fault {
        let cause = if self == Self::Not { "it would block" } else { "timed out" };
        Fault::new(Class::WouldBlock, cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_over_at_once_and_for_ever_never() {
        assert!(Wait::new(None, true).is_over());
        assert!(Wait::new(Some(Duration::ZERO), false).is_over());
        assert!(!Wait::new(Some(Duration::from_secs(60)), false).is_over());
        assert!(!Wait::new(None, false).is_over());
        assert_eq!(Wait::new(Some(Duration::MAX), false), Wait::Until(None));
    }

    #[test]
    fn a_timeout_is_told_apart_from_not_waiting() {
        assert_eq!(Wait::new(Some(Duration::from_millis(1500)), false).fault().cause, "timed out");
        assert_eq!(Wait::new(None, true).fault().cause, "it would block");
    }
}
