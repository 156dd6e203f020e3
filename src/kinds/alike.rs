//! Verbs that do the like to objects of different kinds: who has one of them in mind is told of the other. Knows no kind.

use super::KindRecord;

/// One of several verbs that do the like.
struct Alike {
    verb: &'static str,
    /// What it does to an object, as messages say it: *cannot send to …*.
    act: &'static str,
    able: fn(&KindRecord) -> bool,
    /// The same as a sentence that begins with the verb and the object.
    does: &'static str,
}

/// What puts something into an object.
static INTO: &[Alike] = &[
    Alike {
        verb: "send",
        act: "send to",
        able: |record| record.messages.is_some(),
        does: "sends a message to it",
    },
    Alike {
        verb: "write",
        act: "write to",
        able: |record| record.memory.is_some(),
        does: "writes bytes to it",
    },
    Alike {
        verb: "post",
        act: "post to",
        able: |record| record.counters.is_some(),
        does: "increments it",
    },
];

/// What gets something out of an object.
static OUT_OF: &[Alike] = &[
    Alike {
        verb: "recv",
        act: "receive from",
        able: |record| record.messages.is_some(),
        does: "waits for what is sent to it",
    },
    Alike {
        verb: "read",
        act: "read",
        able: |record| record.memory.is_some(),
        does: "reads its bytes",
    },
    Alike {
        verb: "wait",
        act: "wait on",
        able: |record| record.counters.is_some(),
        does: "waits for it and decrements it",
    },
];

/// What changes several counters, or one.
static OPERATIONS: &[Alike] = &[
    Alike { verb: "semop", act: "operate on", able: |_| false, does: "" },
    Alike {
        verb: "wait",
        act: "",
        able: |record| record.counters.is_some(),
        does: "decrements its one counter, and post increments it",
    },
];

/// What only looks.
static LOOKS: &[Alike] = &[
    Alike { verb: "peek", act: "peek at", able: |_| false, does: "" },
    Alike { verb: "show", act: "", able: |_| true, does: "tells all that is known of it" },
];

/// The verb that does to objects of the kind what comes nearest to `act`, which it cannot have done, and what that is.
pub(super) fn instead(act: &str, record: &KindRecord) -> Option<(&'static str, &'static str)> {
    let groups = [INTO, OUT_OF, OPERATIONS, LOOKS];
    let group = groups.into_iter().find(|group| group.iter().any(|one| one.act == act))?;
    group.iter().find(|one| (one.able)(record)).map(|one| (one.verb, one.does))
}
