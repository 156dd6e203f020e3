//! The decision table: evidence in, state out. The first rule that fits decides. Knows no kind, makes no call, and
//! never says `leftover` without proof: what could not be read is `unknown`, what could not be excluded `suspect`.

use super::evidence::{Defunct, Evidence, Hold, Lives, Named, Proof, Undo, Users};
use crate::model::State;

/// A row of the table.
pub struct Rule {
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Returns true if it fits.
    pub fits: fn(&Evidence) -> bool,
    /// What follows.
    pub state: State,
}

/// A file that nobody was seen to hold, without proof, is left alone for so many seconds.
const LONG: i64 = 3600;

/// The table. Its last row always fits.
pub static RULES: &[Rule] = &[
    Rule {
        about: "a process holds it",
        fits: |it| matches!(it.hold, Hold::Held(_)),
        state: State::InUse,
    },
    Rule {
        about: "its creators are in a pid namespace that cannot be seen",
        fits: |it| it.lives == Lives::Foreign,
        state: State::Unknown,
    },
    Rule {
        about: "whether a process holds it could not be seen",
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
        about: "a socket of another machine could be bound to it",
        fits: |it| it.hold == Hold::Free(Proof::Unbound) && it.shared,
        state: State::Suspect,
    },
    Rule {
        about: "no socket is bound to it",
        fits: |it| it.hold == Hold::Free(Proof::Unbound),
        state: State::Leftover,
    },
    Rule {
        about: "its creators could not be read",
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
    Rule {
        about: "messages in it would be lost",
        fits: |it| it.pending > 0,
        state: State::Suspect,
    },
    Rule {
        about: "it was never finished",
        fits: |it| it.wreck == Some(Defunct::Unfinished),
        state: State::Leftover,
    },
    Rule {
        about: "it is there to be read after a crash",
        fits: |it| matches!(it.named, Named::ForLater(_)),
        state: State::Suspect,
    },
    Rule {
        about: "the process in its name is gone",
        fits: |it| matches!(it.named, Named::Over(_)),
        state: State::Leftover,
    },
    Rule { about: "its name or key was chosen", fits: |it| it.chosen, state: State::Suspect },
    Rule {
        about: "no process lives that may open it",
        fits: |it| it.users == Users::Nobody,
        state: State::Leftover,
    },
    Rule { about: "a process lives that may open it", fits: |_| true, state: State::Suspect },
];

/// The row that decides.
pub fn rule(evidence: &Evidence) -> &'static Rule {
    /// The table is never used up: its last row fits everything.
    static NONE: Rule = Rule { about: "no rule fits", fits: |_| true, state: State::Unknown };
    RULES.iter().find(|rule| (rule.fits)(evidence)).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leftover::evidence::{HeldBy, Kept, Unreadable};
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::sync::Arc;

    /// Nobody holds it, its makers are gone, it is old, and nobody is left who may open it.
    fn dead() -> Evidence {
        Evidence {
            hold: Hold::Free(Proof::Counted),
            lives: Lives::Over,
            stepped: false,
            kept: None,
            quiet: Some(7200),
            used: true,
            grace: 3600,
            standing: false,
            shared: false,
            wreck: None,
            named: Named::Nothing,
            undo: Undo::Clear,
            chosen: false,
            users: Users::Nobody,
            pending: 0,
        }
    }

    fn free(evidence: Evidence) -> Evidence {
        Evidence { hold: Hold::Free(Proof::Leased), lives: Lives::None, grace: 60, ..evidence }
    }

    /// Every row that is known, in the order of the kinds that it is about.
    fn rows() -> Vec<(&'static str, Evidence, State)> {
        use State::{Idle, InUse, Leftover, Suspect, Unknown};
        let held = |grip| Evidence { hold: Hold::Held(grip), ..dead() };
        let owners = |evidence| Evidence { users: Users::Owner(7), ..evidence };
        let in_flight = Hold::NoneSeenButInFlight;
        let file = || free(dead());
        let socket = || Evidence {
            hold: Hold::Free(Proof::Unbound),
            lives: Lives::None,
            grace: 2,
            ..dead()
        };
        let queue = || Evidence { hold: Hold::NoneSeen, ..dead() };
        vec![
            (
                "any: its makers are in a pid namespace that cannot be seen",
                Evidence { lives: Lives::Foreign, ..dead() },
                Unknown,
            ),
            (
                "any: its makers cannot be seen, but a process holds it",
                Evidence { lives: Lives::Foreign, ..held(HeldBy::Attached(1)) },
                InUse,
            ),
            ("any: the clock was stepped", Evidence { stepped: true, ..dead() }, Idle),
            (
                "any: kept by a list",
                Evidence { kept: Some(Kept::Listed("shm:/x".into())), ..dead() },
                Idle,
            ),
            (
                "any: meant to persist",
                Evidence { kept: Some(Kept::Persists("Oracle")), ..file() },
                Idle,
            ),
            ("any: younger than the grace", Evidence { quiet: Some(3599), ..dead() }, Idle),
            ("any: its age cannot be read", Evidence { quiet: None, ..dead() }, Unknown),
            ("segment: attached", held(HeldBy::Attached(2)), InUse),
            ("segment: free, creator and last user gone, nobody left", dead(), Leftover),
            (
                "segment: free, never attached, nobody left",
                Evidence { lives: Lives::Over, ..dead() },
                Leftover,
            ),
            (
                "any: its name or key was chosen, and no process is left",
                Evidence { chosen: true, ..dead() },
                Suspect,
            ),
            ("segment: free, both gone, its owner has processes", owners(dead()), Suspect),
            (
                "segment: free, both gone, its owner is the superuser",
                Evidence { users: Users::Superuser, ..dead() },
                Suspect,
            ),
            (
                "segment: free, both gone, everybody may open it",
                Evidence { users: Users::Everybody, ..dead() },
                Suspect,
            ),
            (
                "segment: free, both gone, a process of its group runs",
                Evidence { users: Users::Process(7), ..dead() },
                Suspect,
            ),
            (
                "segment: free, both gone, processes unread",
                Evidence { users: Users::Unread, ..dead() },
                Suspect,
            ),
            (
                "segment: creator or last user runs",
                Evidence { lives: Lives::Running, ..dead() },
                Idle,
            ),
            ("set: somebody waits", held(HeldBy::Waiting(1)), InUse),
            ("set: somebody blocked was seen", held(HeldBy::Seen(Arc::default())), InUse),
            ("set: a last operator runs", Evidence { lives: Lives::Running, ..dead() }, Idle),
            ("set: something may be undone", Evidence { undo: Undo::Possible(7), ..dead() }, Idle),
            (
                "set: what is to be undone cannot be read",
                Evidence { undo: Undo::Unread, ..dead() },
                Unknown,
            ),
            (
                "set: all gone or never used, nobody left",
                Evidence { lives: Lives::None, ..dead() },
                Leftover,
            ),
            ("set: all gone, its owner has processes", owners(dead()), Suspect),
            (
                "set: it may not be read",
                Evidence { hold: Hold::Unseen(Unreadable::Object("permission denied")), ..dead() },
                Unknown,
            ),
            (
                "set: its pids cannot be read",
                Evidence { lives: Lives::Unread("permission denied"), ..dead() },
                Unknown,
            ),
            ("pipe: it exists", held(HeldBy::Existing), InUse),
            ("queue: a receiver or sender waits", held(HeldBy::Seen(Arc::default())), InUse),
            (
                "queue: last sender or receiver runs",
                Evidence { lives: Lives::Running, ..queue() },
                Idle,
            ),
            ("queue: both gone or never, nobody left", queue(), Leftover),
            ("queue: the same with messages in it", Evidence { pending: 3, ..queue() }, Suspect),
            (
                "queue: messages in it, and the process of its name is gone",
                Evidence { pending: 1, named: Named::Over(9), ..queue() },
                Suspect,
            ),
            ("queue: both gone, its owner has processes", owners(queue()), Suspect),
            (
                "queue: what threads do cannot be read",
                Evidence { hold: Hold::Unseen(Unreadable::Processes(1)), ..queue() },
                Unknown,
            ),
            (
                "file: the lease is refused",
                Evidence { hold: Hold::Held(HeldBy::Leased), ..file() },
                InUse,
            ),
            ("file: a lock on it", Evidence { hold: Hold::Held(HeldBy::Locked), ..file() }, InUse),
            (
                "file: its companion is held",
                Evidence { hold: Hold::Held(HeldBy::Companion("shm:/x_el".into())), ..file() },
                InUse,
            ),
            (
                "file: free, the process of its name is gone",
                Evidence { named: Named::Over(9), ..owners(file()) },
                Leftover,
            ),
            (
                "file: free, the process of its name is gone, but handed the name on",
                Evidence { named: Named::HandedOn(9), ..owners(file()) },
                Suspect,
            ),
            (
                "file: free, the process of its name is gone, and it is there for later",
                Evidence { named: Named::ForLater(9), ..file() },
                Suspect,
            ),
            (
                "file: free, the process of its name runs",
                Evidence { named: Named::Running(9), ..file() },
                Idle,
            ),
            (
                "file: free, the process of its name may be in a pid namespace of its own",
                Evidence { named: Named::Unread(9), ..owners(file()) },
                Suspect,
            ),
            ("file: free, nobody left", file(), Leftover),
            ("file: free, its owner has processes", owners(file()), Suspect),
            (
                "file: no lease to be had, nobody seen, an hour old",
                Evidence { hold: in_flight.clone(), ..file() },
                Suspect,
            ),
            (
                "file: no lease to be had, nobody seen, younger",
                Evidence { hold: in_flight.clone(), quiet: Some(3599), ..file() },
                Idle,
            ),
            (
                "file: no lease to be had, not everybody seen",
                Evidence { hold: Hold::Unseen(Unreadable::Processes(9)), ..file() },
                Unknown,
            ),
            (
                "semaphore: free, and waiters counted",
                Evidence { wreck: Some(Defunct::Stranded(1)), chosen: true, ..file() },
                Suspect,
            ),
            (
                "semaphore: free, and never finished",
                Evidence { wreck: Some(Defunct::Unfinished), ..owners(file()) },
                Leftover,
            ),
            (
                "semaphore: never finished, but made just now",
                Evidence { wreck: Some(Defunct::Unfinished), quiet: Some(1), ..file() },
                Idle,
            ),
            ("socket file: a socket is bound to it", held(HeldBy::Bound), InUse),
            ("socket file: none is, whoever lives", owners(socket()), Leftover),
            (
                "socket file: none is, where another machine may look",
                Evidence { shared: true, ..socket() },
                Suspect,
            ),
            (
                "socket file: none is, but it is too young",
                Evidence { quiet: Some(1), ..socket() },
                Idle,
            ),
            (
                "socket file: it cannot be asked",
                Evidence { hold: Hold::Unseen(Unreadable::Object("no permission")), ..socket() },
                Unknown,
            ),
            (
                "socket file: none is, and it is kept",
                Evidence { kept: Some(Kept::Listed("sock:/x".into())), ..socket() },
                Idle,
            ),
            (
                "fifo: nobody seen",
                Evidence { standing: true, hold: Hold::NoneSeen, ..file() },
                Idle,
            ),
            (
                "fifo: open, or somebody waits to open it",
                Evidence { standing: true, ..held(HeldBy::Seen(Arc::default())) },
                InUse,
            ),
            (
                "fifo: a process cannot be read",
                Evidence { standing: true, hold: Hold::Unseen(Unreadable::Processes(1)), ..file() },
                Unknown,
            ),
        ]
    }

    fn state(evidence: &Evidence) -> State {
        rule(evidence).state
    }

    #[test]
    fn every_row_of_the_decision_table_holds() {
        for (row, evidence, expected) in rows() {
            assert_eq!(state(&evidence), expected, "{row}");
        }
    }

    #[test]
    fn every_rule_decides_one_of_the_rows() {
        let decided: HashSet<_> =
            rows().iter().map(|(_, evidence, _)| rule(evidence).about).collect();
        for rule in RULES {
            assert!(decided.contains(rule.about), "no row for: {}", rule.about);
        }
    }

    #[test]
    fn every_row_can_be_told() {
        for (row, evidence, _) in rows() {
            let lines: Vec<_> = evidence.lines().into_iter().chain(evidence.last_lines()).collect();
            assert!(lines.len() > 1 && lines.iter().all(|line| !line.is_empty()), "{row}");
        }
    }

    fn holds() -> impl Strategy<Value = Hold> {
        prop_oneof![
            Just(Hold::Held(HeldBy::Leased)),
            Just(Hold::Free(Proof::Counted)),
            Just(Hold::Free(Proof::Leased)),
            Just(Hold::NoneSeen),
            Just(Hold::NoneSeenButInFlight),
            Just(Hold::Unseen(Unreadable::Processes(1))),
        ]
    }

    proptest! {
        #[test]
        fn a_leftover_is_proved(
            hold in holds(),
            lives in prop_oneof![Just(Lives::None), Just(Lives::Over), Just(Lives::Running), Just(Lives::Foreign), Just(Lives::Unread(""))],
            named in prop_oneof![Just(Named::Nothing), Just(Named::Over(1)), Just(Named::HandedOn(1)), Just(Named::ForLater(1)), Just(Named::Running(1)), Just(Named::Unread(1))],
            undo in prop_oneof![Just(Undo::Clear), Just(Undo::Possible(1)), Just(Undo::Unread)],
            users in prop_oneof![Just(Users::Nobody), Just(Users::Owner(7)), Just(Users::Unread)],
            wreck in prop_oneof![Just(None), Just(Some(Defunct::Stranded(1))), Just(Some(Defunct::Unfinished))],
            quiet in proptest::option::of(-10i64..10_000),
            pending in 0u64..2,
            (stepped, standing, is_kept, chosen) in any::<(bool, bool, bool, bool)>(),
        ) {
            let kept = is_kept.then_some(Kept::Persists(""));
            let evidence = Evidence { hold, lives, stepped, kept, quiet, standing, wreck, named, undo, chosen, users, pending, ..dead() };
            if state(&evidence) == State::Leftover {
                prop_assert!(matches!(evidence.hold, Hold::Free(_) | Hold::NoneSeen));
                prop_assert!(matches!(evidence.lives, Lives::None | Lives::Over));
                prop_assert!(!evidence.stepped && evidence.kept.is_none() && !evidence.standing);
                prop_assert!(evidence.quiet.is_some_and(|quiet| quiet >= evidence.grace));
                prop_assert!(evidence.undo == Undo::Clear && evidence.pending == 0);
                let nobody = evidence.users == Users::Nobody && !evidence.chosen;
                let unfinished = evidence.wreck == Some(Defunct::Unfinished);
                prop_assert!(nobody || unfinished || matches!(evidence.named, Named::Over(_)));
            }
        }
    }
}
