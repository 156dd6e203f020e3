//! A limit that is in the way: how much of it is in use, and how much more would be needed.

use super::fault::{Class, Fault};

/// A limit that is reached, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The limit, as the field calls it: `SHMALL`, or what is full: `/dev/shm`.
    pub name: &'static str,
    /// What it counts, with a blank before it: ` pages`; empty where that goes without saying.
    pub unit: &'static str,
    /// What is in use before the call, as far as it is known.
    pub used: Use,
    /// The limit.
    pub limit: u64,
    /// What the call needs.
    pub more: u64,
    /// What would help.
    pub hint: String,
}

/// What is in use of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// So much.
    Exactly(u64),
    /// So much that could be seen, and perhaps more that could not.
    AtLeast(u64),
    /// That could not be found out.
    Unknown,
}

impl Shortage {
    /// Returns true if there is too little left, as far as that is known.
    pub fn is_short(&self) -> bool {
        match self.used {
            Use::Exactly(used) | Use::AtLeast(used) => used.saturating_add(self.more) > self.limit,
            Use::Unknown => self.more > self.limit,
        }
    }

    /// `6 of 6 in use, 1 more is needed`.
    pub fn figures(&self) -> String {
        let Self { unit, limit, more, .. } = self;
        let needed = match more {
            1 => "1 more is needed".to_owned(),
            more => format!("{more} more are needed"),
        };
        match self.used {
            Use::Exactly(used) => format!("{used} of {limit}{unit} in use, {needed}"),
            Use::AtLeast(used) => format!("at least {used} of {limit}{unit} in use, {needed}"),
            Use::Unknown => format!("{limit}{unit} in all, {needed}"),
        }
    }

    /// The refusal that follows.
    pub fn fault(&self) -> Fault {
        let (name, figures) = (self.name, self.figures());
        Fault::new(Class::Limit, format!("{name} is reached: {figures}")).hint(self.hint.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortage(used: Use, limit: u64, more: u64) -> Shortage {
        Shortage { name: "SHMALL", unit: " pages", used, limit, more, hint: String::new() }
    }

    #[test]
    fn what_is_in_use_before_the_call_and_what_is_needed_are_told_apart() {
        let cause = |used, limit, more| shortage(used, limit, more).fault().cause;
        assert_eq!(
            cause(Use::Exactly(5), 6, 2),
            "SHMALL is reached: 5 of 6 pages in use, 2 more are needed"
        );
        assert_eq!(
            cause(Use::AtLeast(6), 6, 1),
            "SHMALL is reached: at least 6 of 6 pages in use, 1 more is needed"
        );
        assert_eq!(
            cause(Use::Unknown, 6, 7),
            "SHMALL is reached: 6 pages in all, 7 more are needed"
        );
    }

    #[test]
    fn there_is_enough_up_to_the_limit() {
        assert!(!shortage(Use::Exactly(5), 6, 1).is_short());
        assert!(shortage(Use::Exactly(6), 6, 1).is_short());
        assert!(shortage(Use::Exactly(u64::MAX), u64::MAX - 1, u64::MAX).is_short());
        assert!(!shortage(Use::Unknown, 6, 6).is_short());
    }
}
