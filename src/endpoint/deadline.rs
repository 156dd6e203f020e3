//! How long an endpoint waits in all, and for each message. Monotonic: a step of the clock changes nothing.

use std::time::{Duration, Instant};

use super::StreamEnd;
use crate::kinds::capability::Attempt;
use crate::model::{Fault, Wait};
use crate::sys::signal;

/// The limits that were set.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    nonblock: bool,
    end: Option<Instant>,
    each: Option<Duration>,
}

impl Deadline {
    /// From now: not at all, for so long in all, for so long each time.
    pub fn new(nonblock: bool, total: Option<Duration>, each: Option<Duration>) -> Self {
        // A time that no clock can show is for ever.
        let end = total.and_then(|total| Instant::now().checked_add(total));
        Self { nonblock, end, each }
    }

    /// How long the next wait may last, which begins now.
    pub fn next(&self) -> Wait {
        if self.nonblock {
            return Wait::Not;
        }
        let idle = self.each.and_then(|each| Instant::now().checked_add(each));
        Wait::Until(match (self.end, idle) {
            (Some(end), Some(idle)) => Some(end.min(idle)),
            (end, idle) => end.or(idle),
        })
    }

    /// Returns true if the time in all is over.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }
}

/// Makes attempts until one is done or the time is over, with a look around between them: a wait of unknown length
/// comes back now and then.
///
/// # Errors
/// What an attempt or a look around says; [`StreamEnd::Late`] and [`StreamEnd::Signal`].
pub fn patiently<T>(
    wait: Wait,
    mut attempt: impl FnMut(Wait) -> Result<Attempt<T>, Fault>,
    mut look: impl FnMut() -> Result<(), StreamEnd>,
) -> Result<T, StreamEnd> {
    loop {
        match attempt(wait)? {
            Attempt::Done(done) => return Ok(done),
            // A wait may end before its time.
            Attempt::Late if wait.is_over() => return Err(StreamEnd::Late),
            Attempt::Late => look()?,
            Attempt::Signal => match signal::ending() {
                Some(signal) => return Err(StreamEnd::Signal(signal)),
                None => look()?,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_limit_counts_and_no_duration_overflows() {
        let Wait::Until(Some(end)) =
            Deadline::new(false, Some(Duration::from_secs(100)), Some(Duration::from_secs(1)))
                .next()
        else {
            panic!("a wait with two limits has an end");
        };
        assert!(end <= Instant::now() + Duration::from_secs(1));
        let patience = Deadline::new(false, Some(Duration::MAX), Some(Duration::MAX));
        assert!(!patience.is_over() && patience.next() == Wait::Until(None));
        assert_eq!(Deadline::new(true, None, None).next(), Wait::Not);
    }
}
