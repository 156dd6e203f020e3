//! What becomes of a message that its command did not accept: it is tried again so many times, and then goes to the dead letters.
//! The attempts of this process are counted, by the content of a message and its priority or type: nothing else tells two apart.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::dead_letters::DeadLetters;
use crate::model::{Fault, Mark};

/// Messages of which it is known how often they failed. Beyond that the counts begin anew.
const MOST_KNOWN: usize = 1 << 16;

/// What comes next for a message that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another attempt.
    Again,
    /// Nothing: it is with the dead letters.
    Dead,
    /// Nothing: it goes back to where it was, and that is the end.
    Back,
}

/// How often a message may fail.
pub struct Attempts {
    most: u64,
    dead: Option<DeadLetters>,
    /// By two numbers of which nobody can know how they follow from a message.
    failed: HashMap<(u64, u64), u64>,
    hashers: [RandomState; 2],
}

impl Attempts {
    /// So many attempts a message, and where it goes then.
    pub fn new(most: u64, dead: Option<DeadLetters>) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Self { most, dead, failed: HashMap::new(), hashers }
    }

    fn key(&self, message: &[u8], mark: Mark) -> (u64, u64) {
        let [one, two] = &self.hashers;
        let what = (message, mark.parts());
        (one.hash_one(what), two.hash_one(what))
    }

    /// The number of the attempt that begins.
    pub(super) fn number(&self, message: &[u8], mark: Mark) -> u64 {
        if self.failed.is_empty() {
            return 1;
        }
        self.failed.get(&self.key(message, mark)).map_or(1, |failed| failed + 1)
    }

    /// Takes note of a message that was accepted.
    pub(super) fn succeeded(&mut self, message: &[u8], mark: Mark) {
        if !self.failed.is_empty() {
            let key = self.key(message, mark);
            self.failed.remove(&key);
        }
    }

    /// Takes note of a message that was not, and says what comes next.
    ///
    /// # Errors
    /// The dead letters do not take it.
    pub(super) fn failed(&mut self, message: &[u8], mark: Mark) -> Result<Next, Fault> {
        let key = self.key(message, mark);
        let failed = self.failed.get(&key).map_or(1, |failed| failed + 1);
        if failed < self.most {
            if self.failed.len() >= MOST_KNOWN {
                self.failed.clear();
            }
            self.failed.insert(key, failed);
            return Ok(Next::Again);
        }
        let Some(dead) = &mut self.dead else { return Ok(Next::Back) };
        dead.take(message, mark).map_err(|fault| Fault {
            cause: format!("the dead letter cannot be kept: {}", fault.cause),
            ..fault
        })?;
        self.failed.remove(&key);
        Ok(Next::Dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_content_and_mark() {
        let mut attempts = Attempts::new(3, None);
        let (one, other) = (Mark::Type(1), Mark::Type(2));
        for number in 1..=2 {
            assert_eq!(attempts.number(b"x", one), number);
            assert_eq!(attempts.failed(b"x", one).unwrap(), Next::Again);
        }
        assert_eq!((attempts.number(b"x", one), attempts.number(b"x", other)), (3, 1));
        assert_eq!(attempts.failed(b"y", one).unwrap(), Next::Again);
        assert_eq!(attempts.failed(b"x", one).unwrap(), Next::Back);
        attempts.succeeded(b"y", one);
        assert_eq!(attempts.number(b"y", one), 1);
    }
}
