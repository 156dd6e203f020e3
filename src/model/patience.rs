//! How long an operation may wait. Relative, on the monotonic clock: a step of the wall clock changes nothing.

use std::time::{Duration, Instant};

use super::fault::{Class, Fault};

/// How long an operation may wait.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all: what cannot be done now is refused.
    Nonblock,
    /// Until then.
    Until {
        /// When it runs out.
        end: Instant,
        /// How long it was at the start, to say so.
        asked: Duration,
    },
    /// For as long as it takes.
    Forever,
}

impl Patience {
    /// What `--timeout` and `--nonblock` ask for, from now on.
    pub fn new(timeout: Option<Duration>, nonblock: bool) -> Self {
        match timeout {
            _ if nonblock => Self::Nonblock,
            // An end that the clock cannot name never comes.
            Some(asked) => Instant::now()
                .checked_add(asked)
                .map_or(Self::Forever, |end| Self::Until { end, asked }),
            None => Self::Forever,
        }
    }

    /// What is left of it; `None` when it never runs out.
    pub fn left(&self) -> Option<Duration> {
        match self {
            Self::Nonblock => Some(Duration::ZERO),
            Self::Until { end, .. } => Some(end.saturating_duration_since(Instant::now())),
            Self::Forever => None,
        }
    }

    /// Has it run out?
    pub fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// What is to be said when it has run out.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Until { asked, .. } => {
                Fault::new(Class::WouldBlock, format!("timed out after {asked:?}"))
            }
            Self::Nonblock | Self::Forever => Fault::new(Class::WouldBlock, "it would block"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_over_at_once_and_for_ever_never() {
        assert!(Patience::new(None, true).is_over());
        assert!(Patience::new(Some(Duration::ZERO), false).is_over());
        assert!(!Patience::new(Some(Duration::from_secs(60)), false).is_over());
        assert!(!Patience::new(None, false).is_over());
        assert!(Patience::new(Some(Duration::MAX), false).left().is_none());
    }

    #[test]
    fn a_timeout_is_told_apart_from_not_waiting() {
        let timeout = Patience::new(Some(Duration::from_millis(1500)), false).fault();
        assert_eq!(timeout.cause, "timed out after 1.5s");
        assert_eq!(Patience::new(None, true).fault().cause, "it would block");
    }
}
