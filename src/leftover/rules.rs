//! The decision table: evidence in, state out. The first rule that fits decides. Knows no kind, makes no call, and
//! never says `leftover` without proof: what could not be read is `unknown`, what could not be excluded `suspect`.

use super::evidence::{Evidence, Hold, Lives, Named, Undo, Users};
use crate::model::State;

/// A row of the table.
pub struct Rule {
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Does it fit?
    pub fits: fn(&Evidence) -> bool,
    /// What follows.
    pub state: State,
}

/// A file that nobody was seen to hold, without proof, is left alone for so many seconds.
const LONG: i64 = 3600;

/// The table. Its last row always fits.
pub static RULES: &[Rule] = &[
    Rule {
        about: "somebody holds it",
        fits: |it| matches!(it.hold, Hold::Held(_)),
        state: State::InUse,
    },
    Rule {
        about: "its makers are in a pid namespace that cannot be seen",
        fits: |it| it.lives == Lives::Foreign,
        state: State::Unknown,
    },
    Rule {
        about: "whether somebody holds it could not be seen",
        fits: |it| matches!(it.hold, Hold::Unseen(_)),
        state: State::Unknown,
    },
    Rule { about: "the clock was stepped", fits: |it| it.stepped, state: State::Idle },
    Rule { about: "it is kept", fits: |it| it.kept.is_some(), state: State::Idle },
    Rule {
        about: "its age could not be read",
        fits: |it| it.quiet.is_none(),
        state: State::Unknown,
    },
    Rule { about: "it is too young", fits: Evidence::is_young, state: State::Idle },
    Rule {
        about: "its makers could not be read",
        fits: |it| matches!(it.lives, Lives::Unread(_)),
        state: State::Unknown,
    },
    Rule { about: "a maker runs", fits: |it| it.lives == Lives::Running, state: State::Idle },
    Rule {
        about: "the process in its name runs",
        fits: |it| matches!(it.named, Named::Running(_)),
        state: State::Idle,
    },
    Rule {
        about: "operations on it may be pending",
        fits: |it| matches!(it.undo, Undo::Possible(_)),
        state: State::Idle,
    },
    Rule {
        about: "whether operations are pending could not be read",
        fits: |it| it.undo == Undo::Unread,
        state: State::Unknown,
    },
    Rule { about: "to be without users is normal", fits: |it| it.standing, state: State::Idle },
    Rule {
        about: "a descriptor in flight cannot be excluded yet",
        fits: |it| it.hold == Hold::NoneSeenButInFlight && it.quiet.is_some_and(|q| q < LONG),
        state: State::Idle,
    },
    Rule {
        about: "a descriptor in flight cannot be excluded",
        fits: |it| it.hold == Hold::NoneSeenButInFlight,
        state: State::Suspect,
    },
    Rule { about: "it is of no use", fits: |it| it.wreck.is_some(), state: State::Leftover },
    Rule {
        about: "the process in its name is gone",
        fits: |it| matches!(it.named, Named::Over(_)),
        state: State::Leftover,
    },
    Rule {
        about: "nobody lives who may open it",
        fits: |it| it.users == Users::Nobody,
        state: State::Leftover,
    },
    Rule { about: "somebody lives who may open it", fits: |_| true, state: State::Suspect },
];

/// The state that follows from the evidence.
pub fn state(evidence: &Evidence) -> State {
    rule(evidence).map_or(State::Unknown, |rule| rule.state)
}

/// The row that decides.
fn rule(evidence: &Evidence) -> Option<&'static Rule> {
    RULES.iter().find(|rule| (rule.fits)(evidence))
}
