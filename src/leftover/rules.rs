//! The decision table: evidence in, state out. The first rule that fits decides. Knows no kind, makes no call, and
//! never says `leftover` without proof: what could not be read is `unknown`, what could not be excluded `suspect`.

use super::evidence::{Evidence, Hold, Lives, Named, Proof, Undo, Way};
use crate::model::{Returner, State};

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
        about: "the process group or session of its maker lives",
        fits: |it| it.kin.is_some(),
        state: State::Idle,
    },
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
        fits: |it| it.pending.messages > 0,
        state: State::Suspect,
    },
    Rule {
        about: "it is there to be read after a crash",
        fits: |it| matches!(it.named, Named::ForLater(_)),
        state: State::Suspect,
    },
    Rule {
        about: "whether the process in its name runs cannot be told",
        fits: |it| matches!(it.named, Named::Unread(_)),
        state: State::Suspect,
    },
    Rule {
        about: "its name or key was chosen, and a process runs that may open it",
        fits: |it| it.way == Way::Chosen && matches!(it.returner, Returner::Process(_)),
        state: State::Suspect,
    },
    Rule {
        about: "its name or key was chosen: a later run can come back to it",
        fits: |it| it.way == Way::Chosen,
        state: State::Suspect,
    },
    Rule {
        about: "not every process could be seen that may know of it",
        fits: |it| it.returner == Returner::Unseen,
        state: State::Suspect,
    },
    Rule {
        about: "the process in its name is gone, and none runs that could have been told the name",
        fits: |it| matches!(it.way, Way::Numbered(_)) && it.is_forgotten(),
        state: State::Leftover,
    },
    Rule {
        about: "its name was drawn at random, and no process runs that could have been told it",
        fits: |it| matches!(it.way, Way::Drawn(_)) && it.is_forgotten(),
        state: State::Leftover,
    },
    Rule {
        about: "a process runs that may have been told its name",
        fits: |it| matches!(it.way, Way::Drawn(_) | Way::Numbered(_)),
        state: State::Suspect,
    },
    Rule {
        about: "it has no key, and no process runs that could have been told its number",
        fits: |it| it.way == Way::Keyless && it.is_forgotten(),
        state: State::Leftover,
    },
    Rule {
        about: "it has no key, and a process runs that may know its number",
        fits: |it| it.way == Way::Keyless,
        state: State::Suspect,
    },
    Rule {
        about: "its maker ended before it was finished",
        fits: |it| it.way == Way::Unfinished && it.is_forgotten(),
        state: State::Leftover,
    },
    Rule {
        about: "it seems unfinished, and a process of its owner runs",
        fits: |_| true,
        state: State::Suspect,
    },
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
    use crate::model::{Pending, Why, Witness};
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::ffi::OsStr;
    use std::sync::Arc;

    /// It has no key, nobody holds it, its makers are gone, it is old, and nobody is left who may know of it.
    fn dead() -> Evidence {
        Evidence {
            hold: Hold::Free(Proof::Counted),
            lives: Lives::Over,
            kin: None,
            stepped: false,
            kept: None,
            quiet: Some(7200),
            used: true,
            grace: 3600,
            standing: false,
            shared: false,
            stranded: 0,
            named: Named::Nothing,
            undo: Undo::Clear,
            way: Way::Keyless,
            returner: Returner::Nobody,
            pending: Pending::default(),
            sent: None,
        }
    }

    fn free(evidence: Evidence) -> Evidence {
        let way = Way::Drawn("Python");
        Evidence { hold: Hold::Free(Proof::Leased), lives: Lives::None, grace: 60, way, ..evidence }
    }

    fn messages(messages: u64) -> Pending {
        Pending { messages, ..Pending::default() }
    }

    fn witness(why: Why) -> Arc<Witness> {
        let command = Some(OsStr::new("worker").into());
        Arc::new(Witness { pid: 7, command, user: 1, why })
    }

    fn returner(why: Why) -> Returner {
        Returner::Process(witness(why))
    }

    /// Every row that is known, in the order of the kinds that it is about.
    fn rows() -> Vec<(&'static str, Evidence, State)> {
        use State::{Idle, InUse, Leftover, Suspect, Unknown};
        let held = |grip| Evidence { hold: Hold::Held(grip), ..dead() };
        let known = |evidence| Evidence { returner: returner(Why::Runs), ..evidence };
        let chosen = |evidence| Evidence { way: Way::Chosen, ..evidence };
        let numbered =
            |evidence| Evidence { named: Named::Over(9), way: Way::Numbered(".NET"), ..evidence };
        let unfinished = |evidence| Evidence { way: Way::Unfinished, ..evidence };
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
            ("any: its name or key was chosen, and no process is left", chosen(dead()), Suspect),
            ("segment: free, both gone, a process may know its number", known(dead()), Suspect),
            (
                "segment: free, both gone, and a process may open its key",
                known(chosen(dead())),
                Suspect,
            ),
            (
                "segment: free, both gone, processes unread",
                Evidence { returner: Returner::Unseen, ..dead() },
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
            ("set: all gone, a process may know its number", known(dead()), Suspect),
            (
                "set: all gone, but the group of its last operator lives",
                Evidence { kin: Some(witness(Why::Kin)), ..dead() },
                Idle,
            ),
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
            (
                "queue: the same with messages in it",
                Evidence { pending: messages(3), ..queue() },
                Suspect,
            ),
            (
                "queue: messages in it, and the process of its name is gone",
                Evidence { pending: messages(1), ..numbered(queue()) },
                Suspect,
            ),
            ("queue: both gone, a process may know its number", known(queue()), Suspect),
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
            ("file: free, the process of its name is gone", numbered(file()), Leftover),
            (
                "file: free, the process of its name is gone, but another runs the program",
                known(numbered(file())),
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
                Evidence { named: Named::Unread(9), ..file() },
                Suspect,
            ),
            ("file: a random name, and nobody runs the program", file(), Leftover),
            ("file: a random name, and a process runs the program", known(file()), Suspect),
            ("file: a chosen name, and nobody left", chosen(file()), Suspect),
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
                Evidence { stranded: 1, ..chosen(file()) },
                Suspect,
            ),
            ("semaphore: free, and never finished", unfinished(file()), Leftover),
            (
                "semaphore: free, never finished, and its owner has a process",
                known(unfinished(file())),
                Suspect,
            ),
            (
                "semaphore: never finished, but made just now",
                Evidence { quiet: Some(1), ..unfinished(file()) },
                Idle,
            ),
            ("socket file: a socket is bound to it", held(HeldBy::Bound), InUse),
            ("socket file: none is, whoever lives", known(socket()), Leftover),
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
            named in prop_oneof![Just(Named::Nothing), Just(Named::Over(1)), Just(Named::ForLater(1)), Just(Named::Running(1)), Just(Named::Unread(1))],
            undo in prop_oneof![Just(Undo::Clear), Just(Undo::Possible(1)), Just(Undo::Unread)],
            way in prop_oneof![Just(Way::Chosen), Just(Way::Drawn("")), Just(Way::Numbered("")), Just(Way::Keyless), Just(Way::Unfinished)],
            returner in prop_oneof![Just(Returner::Nobody), Just(Returner::Unseen), Just(returner(Why::MayOpen))],
            quiet in proptest::option::of(-10i64..10_000),
            pending in (0u64..2).prop_map(messages),
            (stepped, standing, is_kept, has_kin) in any::<(bool, bool, bool, bool)>(),
        ) {
            let kept = is_kept.then_some(Kept::Persists(""));
            let kin = has_kin.then(|| witness(Why::Kin));
            let evidence = Evidence { hold, lives, kin, stepped, kept, quiet, standing, named, undo, way, returner, pending, ..dead() };
            if state(&evidence) == State::Leftover {
                prop_assert!(matches!(evidence.hold, Hold::Free(_) | Hold::NoneSeen));
                prop_assert!(matches!(evidence.lives, Lives::None | Lives::Over));
                prop_assert!(!evidence.stepped && evidence.kept.is_none() && !evidence.standing);
                prop_assert!(evidence.quiet.is_some_and(|quiet| quiet >= evidence.grace));
                prop_assert!(evidence.undo == Undo::Clear && evidence.pending.messages == 0);
                prop_assert!(evidence.way != Way::Chosen && evidence.is_forgotten());
                prop_assert!(evidence.kin.is_none());
                prop_assert!(matches!(evidence.named, Named::Nothing | Named::Over(_)));
            }
        }
    }
}
